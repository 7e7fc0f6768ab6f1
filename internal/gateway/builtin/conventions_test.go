package builtin

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// types are the types of attributes in semantic conventions 1.45.0, and of this project's own (package attrs). A key
// that ends in '.' stands for all keys that begin with it.
var types = map[pcommon.ValueType][]string{
	pcommon.ValueTypeInt: {
		"http.response.status_code", "http.request.resend_count", "http.request.body.size", "http.response.body.size",
		"http.request.size", "http.response.size", "server.port", "client.port", "network.peer.port", "network.local.port",
		"gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.cache_read.input_tokens",
		"gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.reasoning.output_tokens", "gen_ai.request.max_tokens",
		"gen_ai.request.seed", "gen_ai.request.choice.count", "gen_ai.embeddings.dimension.count", "db.response.returned_rows",
		"gateway.listener.port", "gateway.upstream.port", "gateway.upstream.local.port", "gateway.upstream.service.port",
		"gateway.upstream.status_code", "gateway.upstream.attempts",
	},
	pcommon.ValueTypeDouble: {
		"gen_ai.request.temperature", "gen_ai.request.top_p", "gen_ai.request.top_k", "gen_ai.request.frequency_penalty",
		"gen_ai.request.presence_penalty", "gen_ai.response.time_to_first_chunk",
		"gateway.request.duration", "gateway.upstream.duration", "gateway.upstream.receive_duration",
		"gateway.processing.duration", "gateway.client.duration", "gateway.third_party.",
	},
	pcommon.ValueTypeBool: {"gen_ai.request.stream"},
	pcommon.ValueTypeSlice: {
		"http.request.header.", "http.response.header.", "rpc.request.header.", "rpc.response.header.",
		"rpc.response.trailer.", "gen_ai.response.finish_reasons", "gen_ai.request.stop_sequences",
		"gen_ai.request.encoding_formats",
	},
	pcommon.ValueTypeStr: {
		"http.request.method", "http.request.method_original", "http.route", "url.scheme", "url.path", "url.query", "url.full",
		"server.address", "client.address", "network.peer.address", "network.local.address", "network.protocol.name",
		"network.protocol.version", "network.transport", "network.type", "user_agent.original", "error.type",
		"rpc.system.name", "rpc.method", "rpc.method_original", "rpc.status_code", "db.system.name", "db.namespace",
		"db.query.text", "server.service.name", "client.service.name",
		"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model", "gen_ai.response.id",
		"gen_ai.output.type", "gen_ai.tool.name", "gen_ai.prompt.name", "gen_ai.agent.name", "gen_ai.conversation.id",
		"mcp.method.name", "mcp.session.id", "mcp.resource.uri", "jsonrpc.request.id", "jsonrpc.protocol.version",
		"service.name", "service.namespace", "service.version", "service.instance.id",
		"k8s.pod.name", "k8s.pod.uid", "k8s.pod.ip", "k8s.namespace.name", "k8s.node.name", "k8s.deployment.name",
		"gateway.name", "gateway.namespace", "gateway.listener.name", "gateway.virtual_host",
		"gateway.route.", "gateway.upstream.address", "gateway.upstream.local.address", "gateway.upstream.service.name",
		"gateway.upstream.service.namespace", "gateway.upstream.service.host", "gateway.upstream.service.subset",
		"gateway.upstream.backend.", "gateway.upstream.protocol", "gateway.upstream.stat_name", "gateway.upstream.uri",
		"gateway.upstream.failure_reason", "gateway.response.reason", "gateway.response.details", "gateway.response.source",
		"gateway.connection.termination_details", "gateway.error.message",
	},
}

// typeOf looks a key up in types.
func typeOf(key string) (pcommon.ValueType, bool) {
	for want, keys := range types {
		for _, k := range keys {
			if k == key || k[len(k)-1] == '.' && strings.HasPrefix(key, k) {
				return want, true
			}
		}
	}
	return pcommon.ValueTypeEmpty, false
}

// forms are what values of attributes must look like.
var forms = map[string]*regexp.Regexp{
	"http.request.method":       regexp.MustCompile(`^(CONNECT|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|QUERY|TRACE|_OTHER)$`),
	"http.response.status_code": regexp.MustCompile(`^[1-5][0-9][0-9]$`),
	"http.request.resend_count": regexp.MustCompile(`^[1-9][0-9]*$`),
	"http.request.body.size":    regexp.MustCompile(`^[0-9]+$`),
	"http.response.body.size":   regexp.MustCompile(`^[0-9]+$`),
	"server.port":               regexp.MustCompile(`^[1-9][0-9]{0,4}$`),
	"client.port":               regexp.MustCompile(`^[1-9][0-9]{0,4}$`),
	"network.peer.port":         regexp.MustCompile(`^[1-9][0-9]{0,4}$`),
	"network.local.port":        regexp.MustCompile(`^[1-9][0-9]{0,4}$`),
	"server.address":            regexp.MustCompile(`^([^:\[\]/@]+|[0-9a-fA-F:.]+)$`), // no port, no brackets
	"client.address":            regexp.MustCompile(`^([^:\[\]/@,]+|[0-9a-fA-F:.]+)$`),
	"network.peer.address":      regexp.MustCompile(`^([^:\[\]/@]+|[0-9a-fA-F:.]+|/.*)$`), // a path of a pipe
	"network.protocol.version":  regexp.MustCompile(`^(1\.0|1\.1|2|3)$`),
	"network.protocol.name":     regexp.MustCompile(`^[a-z0-9]+$`),
	"url.scheme":                regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`),
	"url.path":                  regexp.MustCompile(`^(/[^?#]*|\*)$`),
	"url.query":                 regexp.MustCompile(`^[^?]`),
	"url.full":                  regexp.MustCompile(`^[a-z]+://`),
	"error.type":                regexp.MustCompile(`^[0-9A-Za-z_.*+:/-]+$`), // an identifier, not a sentence
	"rpc.status_code":           regexp.MustCompile(`^(OK|[A-Z_]+|-?[0-9]+)$`),
	"rpc.method":                regexp.MustCompile(`^[^/].*`),
	"gen_ai.provider.name":      regexp.MustCompile(`^[a-z0-9_.]+$`),
	"gen_ai.operation.name":     regexp.MustCompile(`^[a-z_]+$`),
	"gen_ai.request.model":      regexp.MustCompile(`(?s)^.+$`),
	"http.route":                regexp.MustCompile(`(?s)^.+$`),
	"user_agent.original":       regexp.MustCompile(`(?s)^.+$`),
}

// TestConventionTypes checks type and form of every attribute with a known name, on every item of every capture.
func TestConventionTypes(t *testing.T) {
	t.Parallel()
	e := engine(t)
	checked := make(map[string]int)
	for _, c := range gatewaytest.Captures(t) {
		for _, b := range c.Clone() {
			pass(e, b)
			for m := range b.Maps() {
				for key, v := range m.All() {
					want, known := typeOf(key)
					if !known {
						continue
					}
					checked[key]++
					assert.Equal(t, want, v.Type(), "%s: %s = %s", c, key, v.AsString())
					if form := forms[key]; form != nil {
						assert.Regexp(t, form, v.AsString(), "%s: %s", c, key)
					}
					if v.Type() == pcommon.ValueTypeSlice && !strings.HasPrefix(key, "gen_ai.") {
						for _, element := range v.Slice().All() {
							assert.Equal(t, pcommon.ValueTypeStr, element.Type(), "%s: %s", c, key)
						}
					}
				}
			}
		}
	}
	for key := range forms {
		if key == "network.protocol.name" {
			continue // only what is not HTTP has one, and everything recorded is HTTP
		}
		assert.NotZero(t, checked[key], "%s occurs in no capture: the check proves nothing", key)
	}
}

// TestNoAbsenceIsAValue: "-", "" and variables nobody expanded say that there is nothing.
func TestNoAbsenceIsAValue(t *testing.T) {
	t.Parallel()
	e := engine(t)
	// Values a user or a client chose may look like an absence.
	users := regexp.MustCompile(`^(x\.|cel\.|llm\.|gen_ai\.(prompt|completion)|http\.request\.header\.|input\.|output\.|introspection\.)`)
	for _, c := range gatewaytest.Captures(t) {
		for _, b := range c.Clone() {
			pass(e, b)
			for m := range b.Maps() {
				for key, v := range m.All() {
					s := v.AsString()
					if users.MatchString(key) {
						continue
					}
					if s == "-" || s == "" || strings.HasPrefix(s, "$(") || s == "0" && strings.Contains(key, "status") {
						t.Errorf("%s: %s = %q", c, key, s)
					}
				}
			}
		}
	}
}

// secretQuery finds the value of a query parameter that must be hidden (semantic conventions 1.45.0, url.query).
var (
	secretQuery = regexp.MustCompile(`[?&](X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|AWSAccessKeyId|Signature|sig|X-Goog-Signature)=([^&#\s"]+)`)
	userinfo    = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://([^/?#\s"@]*)@`)
)

// TestNoSecretLeaves looks for query values and passwords into every string of the output, bodies included.
func TestNoSecretLeaves(t *testing.T) {
	t.Parallel()
	for name, e := range variants(t) {
		if name == "replace_keep_names_and_status" {
			continue // lines nobody reads belong to no gateway, and a name that is to stay stays
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hidden := 0
			for _, c := range gatewaytest.Captures(t) {
				for _, b := range c.Clone() {
					pass(e, b)
					for s := range allStrings(b) {
						for _, m := range secretQuery.FindAllStringSubmatch("?"+s, -1) {
							if m[2] == "REDACTED" {
								hidden++
								continue
							}
							t.Errorf("%s: %s=%s in %.200q", c, m[1], m[2], s)
						}
						for _, m := range userinfo.FindAllStringSubmatch(s, -1) {
							if m[1] != "REDACTED:REDACTED" && m[1] != "REDACTED" {
								t.Errorf("%s: userinfo %q in %.200q", c, m[1], s)
							}
						}
					}
				}
			}
			require.NotZero(t, hidden, "no capture holds a secret: the check proves nothing")
		})
	}
}

// TestSchemaURLIsTrue: where the target version is claimed, nothing may be left of an earlier one.
func TestSchemaURLIsTrue(t *testing.T) {
	t.Parallel()
	e := engine(t)
	claimed := 0
	for _, c := range gatewaytest.Captures(t) {
		for i, b := range c.Clone() {
			pass(e, b)
			if b.IsLogs {
				for _, rl := range b.Logs.ResourceLogs().All() {
					for _, sl := range rl.ScopeLogs().All() {
						for _, r := range sl.LogRecords().All() {
							if sl.SchemaUrl() == schemaURL {
								claimed++
								assertNothingOld(t, fmt.Sprintf("%s: request %d", c, i+1), r.Attributes())
							}
						}
					}
				}
				continue
			}
			for _, rs := range b.Traces.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					for _, s := range ss.Spans().All() {
						if ss.SchemaUrl() == schemaURL {
							claimed++
							assertNothingOld(t, fmt.Sprintf("%s: request %d", c, i+1), s.Attributes())
						}
					}
				}
			}
		}
	}
	require.NotZero(t, claimed)
}

const schemaURL = "https://opentelemetry.io/schemas/1.45.0"
