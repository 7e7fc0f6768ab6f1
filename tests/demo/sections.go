package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// section is one gateway of the report.
type section struct {
	title string
	// captures are patterns of path.Match for the names of the captures that belong to it.
	captures []string
	// receiver is the one of the gateway's own protocol, and only captures in its format belong here. Empty: otlp and zipkin.
	receiver string
	// overHTTP sends OTLP/HTTP protobuf instead of OTLP/gRPC, as this gateway does.
	overHTTP bool
	// span and record say what the shown items should have, most wanted first. Among equals the item with the most
	// changes is shown. Empty: no preference.
	span, record []hint
}

// hint wants an item whose fact of that name contains a text; an empty text only wants the fact, and one that begins
// with "=" wants just what follows.
type hint struct{ name, value string }

func (h hint) fits(it item) bool {
	value := it.get(h.name)
	if exact, ok := strings.CutPrefix(h.value, "="); ok {
		return value == exact
	}
	return value != "" && strings.Contains(value, h.value)
}

// sections are the gateways in the order of the report. Together they own every capture (TestSectionsOwnEveryCapture).
var sections = []section{
	{
		title: "kgateway 2.4.2", captures: []string{"kgateway/2.4.2-*"},
		span: []hint{{"http.url", "sig="}}, record: []hint{{"http.response.status_code", "503"}},
	},
	{
		title: "kgateway 2.2.0", captures: []string{"kgateway/2.2.0-*"},
		span: []hint{{"http.status_code", "503"}, {"response_flags", "U"}}, record: []hint{{"url.path", "sig="}},
	},
	{
		title: "Envoy 1.40.0", captures: []string{"envoy/*"},
		span: []hint{{"error.reason", ""}, {"retry.count", ""}}, record: []hint{{fieldBody, "] \""}, {fieldBody, "sig="}},
	},
	{
		title: "Envoy 1.40.0 as Istio configures it", captures: []string{"istio/*"},
		span: []hint{{fieldKind, "Client"}, {"http.url", ""}, {"http.status_code", "=503"}}, record: []hint{{fieldBody, "outbound|"}},
	},
	{
		title: "Envoy Gateway 1.9.1", captures: []string{"envoy-gateway/*"},
		span: []hint{{"upstream_cluster", "httproute/"}, {"http.status_code", "=0"}}, record: []hint{{"response_code", "503"}},
	},
	{
		title: "Envoy AI Gateway 1.2.0", captures: []string{"envoy-ai-gateway/*"},
		span: []hint{{"llm.token_count.prompt", ""}}, record: []hint{{"gen_ai.usage.input_tokens", ""}},
	},
	{
		title:    "agentgateway 0.9.0, and the example of its documentation (constructed)",
		captures: []string{"agentgateway/0.9.0-*", "constructed/agentgateway/0.9-*"},
		span:     []hint{{"llm.provider", ""}}, record: []hint{{fieldBody, "llm.provider="}},
	},
	{
		title: "agentgateway 1.4.1", captures: []string{"agentgateway/1.4.1-*"},
		span:   []hint{{"gen_ai.prompt.0.content", ""}, {"gen_ai.usage.prompt_tokens", ""}},
		record: []hint{{"reason", ""}, {"mcp.method.name", ""}},
	},
	{
		title: "agentgateway main", captures: []string{"agentgateway/main-*"},
		span: []hint{{"gen_ai.usage.reasoning_tokens", ""}}, record: []hint{{"gen_ai.usage.reasoning_tokens", ""}},
	},
	{
		title: "Kong 3.9.3, with 3.8.1 and 3.4.2", captures: []string{"kong/*"}, overHTTP: true,
		span: []hint{{"http.url", "sig="}, {resourceLabel + "service.version", "3.9.3"}}, record: []hint{{fieldBody, "sig="}},
	},
	{
		title: "Kong Enterprise (constructed from its documentation)", captures: []string{"constructed/kong/*"}, overHTTP: true,
		span: []hint{{"gen_ai.usage.input_tokens", ""}}, record: []hint{{"url.domain", ""}},
	},
	{
		title: "Envoy's access log service: kgateway 2.4.2, Envoy 1.40.0, Envoy Gateway 1.9.1", receiver: envoyALS,
		captures: []string{"*/*-als.jsonl"}, record: []hint{{fieldMessage, `"responseCode":503`}, {fieldMessage, "kube_shop_"}},
	},
	{
		title: "Kong's http-log plugin: 3.9.3, 3.8.1 and 3.4.2", receiver: kongLog,
		captures: []string{"kong/*-http-log*.jsonl"}, record: []hint{{fieldMessage, `"status":503`}, {fieldMessage, `"traceparent"`}},
	},
	{title: "Caddy 2.10 and 2.11", captures: []string{"caddy/*"}, overHTTP: true, span: []hint{{"http.method", ""}}},
	{title: "Traefik 3.6.12", captures: []string{"traefik/*"}, overHTTP: true},
}

// The receivers of gateways' own protocols.
const (
	envoyALS = "envoy_als"
	kongLog  = "kong_log"
)

// receiverOf is the receiver that a capture's format needs, empty for otlp and zipkin.
func receiverOf(c replay.Capture) string {
	switch c.Format {
	case replay.FormatALS:
		return envoyALS
	case replay.FormatKongLog:
		return kongLog
	}
	return ""
}

// isHTTPLog tells whether a capture holds bodies of Kong's http-log plugin.
func isHTTPLog(c replay.Capture) bool {
	return c.Format == replay.FormatKongLog && strings.Contains(c.Name, "http-log")
}

// owns tells whether a capture belongs to the section.
func (s section) owns(c replay.Capture) bool {
	if receiverOf(c) != s.receiver {
		return false
	}
	for _, pattern := range s.captures {
		if ok, err := path.Match(pattern, c.String()); ok && err == nil {
			return true
		}
	}
	return false
}

// assign returns the captures of each section, or an error that names a capture which no section or more than one owns.
func assign(sections []section, captures []replay.Capture) ([][]replay.Capture, error) {
	owned := make([][]replay.Capture, len(sections))
	for _, c := range captures {
		owners := 0
		for i, s := range sections {
			if s.owns(c) {
				owned[i] = append(owned[i], c)
				owners++
			}
		}
		if owners != 1 {
			return nil, fmt.Errorf("capture %s: belongs to %d sections of the demo, want 1", c, owners)
		}
	}
	return owned, nil
}

// exchange is one item before and after, with what happened to it.
type exchange struct {
	before     item
	comparison comparison
}

// choose returns the exchange to show: the one that meets the most wanted hints, then the one that shows most.
func choose(exchanges []exchange, hints []hint) (best exchange, ok bool) {
	bestScore := -1
	for _, e := range exchanges {
		if score := e.score(hints); score > bestScore {
			best, bestScore = e, score
		}
	}
	return best, bestScore >= 0
}

func (e exchange) score(hints []hint) int {
	var s stats
	s.count(e.comparison)
	score := 2*s.renamed + 3*s.types + 5*s.secrets + 3*s.names + 3*s.statuses + s.derived
	weight := 1 << 20
	for _, h := range hints {
		if h.fits(e.before) {
			score += weight
		}
		weight /= 2
	}
	return score
}
