//go:build e2e

package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// envoyVersions are the ones every case runs with.
var envoyVersions = []string{"1.40.0", "1.36.2"}

// secrets are the values in secretQuery, of the query keys that the conventions 1.45.0 want redacted (their
// docs/registry/attributes/url.md).
var secrets = []string{"secret-aws-id", "secret-amz-sig", "secret-signature", "secret-sig", "secret-goog"}

const (
	secretQuery = "AWSAccessKeyId=secret-aws-id&X-Amz-Signature=secret-amz-sig&Signature=secret-signature" +
		"&sig=secret-sig&X-Goog-Signature=secret-goog&page=2"
	redactedQuery = "AWSAccessKeyId=REDACTED&X-Amz-Signature=REDACTED&Signature=REDACTED" +
		"&sig=REDACTED&X-Goog-Signature=REDACTED&page=2"
)

// envoyRequests are one request for each kind of end, with what Envoy makes of it.
var envoyRequests = []request{
	{name: "ok", path: "/ok", query: "user=1&page=2", end: end{code: 200, out: 2}},
	{name: "post", method: http.MethodPost, path: "/status/201", body: "eleven byte", end: end{code: 201}},
	{name: "tenant", path: "/ok", header: map[string]string{"x-tenant": "acme"}, end: end{code: 200, out: 2}},
	{name: "tracestate", path: "/ok", header: map[string]string{"tracestate": "vendor=1"}, end: end{code: 200, out: 2}},
	{name: "noparent", path: "/ok", parent: noParent, end: end{code: 200, out: 2}},
	{name: "unsampled", path: "/ok", parent: unsampledParent, end: end{code: 200, out: 2}},
	{name: "secret", path: "/ok", query: secretQuery, end: end{code: 200, out: 2}},
	{name: "http2", path: "/ok", h2: true, end: end{code: 200, out: 2}},
	// Envoy's HTTP/1 parser refuses methods that are in no RFC.
	{name: "method", method: "BREW", path: "/ok", h2: true, end: end{code: 200, out: 2}},
	{name: "rewritten", path: "/api/cart", end: end{rule: "api", code: 200, out: 2}},
	{name: "decorated", path: "/decorated", end: end{rule: "decorated", code: 200, out: 2}},
	{name: "notfound", path: "/status/404", end: end{code: 404}},
	{name: "error", path: "/status/503", end: end{code: 503}},
	{name: "flaky", path: "/flaky/1", end: end{rule: "flaky", code: 200, out: 2, attempts: []attempt{{code: 503}, {code: 200}}}},
	{name: "timeout", path: "/slow/hang", end: end{
		rule: "slow", code: 504, flags: "UT", details: "response_timeout", local: true, attempts: []attempt{{timedOut: true}},
	}},
	{name: "pertry", path: "/tries/hang", end: end{
		rule: "tries", code: 504, flags: "URX,UT", details: "upstream_per_try_timeout", local: true,
		attempts: []attempt{perTry, perTry},
	}},
	{name: "tries", path: "/tries/reset", end: end{
		rule: "tries", code: 503, flags: "URX,UC", details: "upstream_reset_before_response_started{connection_termination}",
		local: true, attempts: []attempt{terminated, terminated},
	}},
	{name: "reset", path: "/reset", end: end{
		code: 503, flags: "UC", details: "upstream_reset_before_response_started{connection_termination}",
		local: true, attempts: []attempt{terminated},
	}},
	{name: "dead", path: "/dead", end: end{
		rule: "dead", service: "dead", code: 503, flags: "URX,UF",
		details: "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}",
		local:   true, attempts: []attempt{refused, refused},
	}},
	{name: "redirect", path: "/redirect", end: end{
		rule: "redirect", service: none, code: 301, details: "direct_response", local: true,
	}},
	{name: "noroute", host: "unknown.example.org", path: "/nothing", end: end{
		rule: none, service: none, code: 404, flags: "NR", details: "route_not_found", local: true,
	}},
	{name: "hangup", path: "/hangup/hang", send: hangUp, end: end{
		flags: "DC", details: "downstream_remote_disconnect", local: true, attempts: []attempt{{canceled: true}},
	}},
	{name: "nohost", path: "/ok", send: withoutHost, end: end{
		rule: none, service: none, code: 400, details: "missing_host_header", local: true, untraced: true,
	}},
	{name: "grpc", grpc: "0", end: grpcEnd(7, "")},
	{name: "grpc-unavailable", grpc: "14", end: grpcEnd(0, "UNAVAILABLE")},
	{name: "grpc-notfound", grpc: "5", end: grpcEnd(0, "NOT_FOUND")},
}

var (
	perTry     = attempt{flags: "UT"}
	terminated = attempt{flags: "UC", reason: "connection termination"}
	refused    = attempt{flags: "UF", reason: "remote connection failure", unconnected: true}
)

func grpcEnd(out int, status string) end {
	if status == "" {
		status = "OK"
	}
	return end{rule: "grpc", service: "grpc", code: 200, out: out, rpc: status}
}

func TestEnvoyAsKgateway(t *testing.T) {
	for _, version := range envoyVersions {
		t.Run(version, func(t *testing.T) {
			k := startKgateway(t, version, neverSplit)
			spans, records := 0, 0
			for _, g := range []*target{k.spawn, k.single, k.zipkin} {
				for _, r := range envoyRequests {
					g.do(t, r)
					spans += g.spans(r)
					records += k.records(g, r)
				}
			}
			connections, answered := k.connect(t)
			records += connections
			k.collector.Wait(t, spans, records)
			x := k.collector.Exchange(t)
			x.Judge(t, testbed.Subject{
				Program: "envoy", Version: version, Case: "as kgateway: OTLP gRPC, OTLP HTTP, Zipkin, ALS, file logs", Secrets: secrets,
			})
			assert.Len(t, x.Spans, spans)
			assert.Len(t, x.Records, records)
			for _, g := range []*target{k.spawn, k.single, k.zipkin} {
				for _, r := range envoyRequests {
					t.Run(g.name+"/"+r.name, func(t *testing.T) { k.checkSpans(t, x, g, r) })
				}
			}
			for _, r := range envoyRequests {
				t.Run("logs/"+r.name, func(t *testing.T) { k.checkRecords(t, x, k.spawn, r) })
			}
			for _, r := range envoyRequests {
				t.Run("als/"+r.name, func(t *testing.T) { k.checkALS(t, x, r) })
				t.Run("als b3/"+r.name, func(t *testing.T) { k.checkB3(t, x, r) })
			}
			t.Run("als count", func(t *testing.T) { k.checkCount(t, x) })
			t.Run("als tcp", func(t *testing.T) { k.checkTCP(t, x, answered) })
			t.Run("als finished", func(t *testing.T) { checkFinished(t, x, isALS) })
			t.Run("raw", func(t *testing.T) { k.checkRaw(t, x) })
		})
	}
}

// Child spans end first. When Envoy sends every span by itself, nothing on a client span can come from its parent, and
// everything else is as it should be. (With the default of five, one trace in four to seven is split so.)
func TestEnvoySplitTraces(t *testing.T) {
	for _, version := range envoyVersions {
		t.Run(version, func(t *testing.T) {
			k := startKgateway(t, version, 1)
			spans, records := 0, 0
			var sent []request
			for _, r := range envoyRequests {
				if k.spawn.spans(r) > 1 {
					k.spawn.do(t, r)
					spans += k.spawn.spans(r)
					records += k.records(k.spawn, r)
					sent = append(sent, r)
				}
			}
			k.collector.Wait(t, spans, records)
			x := k.collector.Exchange(t)
			x.Judge(t, testbed.Subject{
				Program: "envoy", Version: version, Case: "as kgateway: every span in its own request", Secrets: secrets,
			})
			for _, r := range sent {
				t.Run(r.name, func(t *testing.T) {
					server := k.spawn.serverSpan(t, x, r)
					for _, client := range clientSpans(x, server.After) {
						require.NotEqual(t, server.After.Batch, client.After.Batch, "the spans came together")
					}
					k.checkSpans(t, x, k.spawn, r)
				})
			}
		})
	}
}

// spans is how many a request makes on its way through the listener.
func (g *target) spans(r request) int {
	if r.parent == unsampledParent || r.end.untraced {
		return 0
	}
	if !g.spawns {
		return 1
	}
	return 1 + len(r.end.tries())
}

// serverSpan finds the downstream span by the user agent that only this request had.
func (g *target) serverSpan(t *testing.T, x testbed.Exchange, r request) testbed.Pair[testbed.SpanItem] {
	t.Helper()
	at := slices.IndexFunc(x.Spans, func(p testbed.Pair[testbed.SpanItem]) bool {
		return p.Before != nil && p.Before.Mentions(g.userAgent(r))
	})
	require.GreaterOrEqual(t, at, 0, "no span of user agent %q came in", g.userAgent(r))
	require.NotNil(t, x.Spans[at].After, "the span of user agent %q did not come out", g.userAgent(r))
	return x.Spans[at]
}

// textOf is an attribute's value, "" if there is none.
func textOf(attrs pcommon.Map, key string) string {
	value, ok := attrs.Get(key)
	if !ok {
		return ""
	}
	return value.AsString()
}

// clientSpans are the spans below the downstream span, in the order they began.
func clientSpans(x testbed.Exchange, parent *testbed.SpanItem) []testbed.Pair[testbed.SpanItem] {
	var children []testbed.Pair[testbed.SpanItem]
	for _, p := range x.Spans {
		if p.After != nil && p.After.TraceID() == parent.TraceID() && p.After.ParentSpanID() == parent.SpanID() {
			children = append(children, p)
		}
	}
	slices.SortFunc(children, func(a, b testbed.Pair[testbed.SpanItem]) int {
		return int(a.After.StartTimestamp()) - int(b.After.StartTimestamp())
	})
	return children
}

func (k *kgateway) checkSpans(t *testing.T, x testbed.Exchange, g *target, r request) {
	t.Helper()
	if g.spans(r) == 0 {
		for _, p := range x.Spans {
			assert.NotEqual(t, g.traceID(r), p.Before.TraceID().String(), "a span of a request that is not sampled")
		}
		return
	}
	server := g.serverSpan(t, x, r)
	if r.parent == sampledParent {
		assert.Equal(t, g.traceID(r), server.After.TraceID().String())
		assert.Equal(t, g.parentID(r), server.After.ParentSpanID().String())
	}
	if !g.b3 {
		assert.Equal(t, r.header["tracestate"], server.After.TraceState().AsRaw())
	}
	k.wantServer(g, r, k.proven(x, server)).Check(t, server)

	clients := clientSpans(x, server.After)
	tries := r.end.tries()
	if !g.spawns {
		tries = nil
	}
	require.Len(t, clients, len(tries), "spans of attempts to reach the upstream")
	for i, try := range tries {
		k.wantClient(g, r, try, i, clients[i].After.Batch == server.After.Batch, k.proven(x, clients[i])).Check(t, clients[i])
	}
}

// proven says whether a batch shows which pod sent it: the node id, which only downstream spans carry, is the pod's where a
// cluster on one of the batch's spans is named as kgateway names them.
func (k *kgateway) proven(x testbed.Exchange, p testbed.Pair[testbed.SpanItem]) bool {
	var cluster, node bool
	for _, other := range x.Spans {
		if other.Before != nil && other.Before.Batch == p.Before.Batch {
			cluster = cluster || strings.HasPrefix(textOf(other.Before.Attributes(), "upstream_cluster"), "kube_")
			node = node || textOf(other.Before.Attributes(), "node_id") == kgatewayNode
		}
	}
	return cluster && node
}

func (k *kgateway) checkRecords(t *testing.T, x testbed.Exchange, g *target, r request) {
	t.Helper()
	found := map[string]bool{}
	for _, p := range x.Records {
		if p.Before == nil || p.After == nil || !p.Before.Mentions(g.userAgent(r)) || isALS(p.After) {
			continue
		}
		file := textOf(p.After.Attributes(), "log.file.name")
		found[file] = true
		k.wantRecord(g, r, file).Check(t, p)
		if file == "" && g.spans(r) > 0 {
			server := g.serverSpan(t, x, r)
			assert.Equal(t, server.After.TraceID(), p.After.TraceID(), "span and access log record belong together")
			assert.Equal(t, server.After.SpanID(), p.After.SpanID(), "span and access log record belong together")
		}
	}
	assert.Equal(t, map[string]bool{"": true, textFile: true, jsonFile: true}, found, "access logs with this request")
}

// checkRaw looks at what the tables of Envoy's profile take for granted about the spans as they come.
func (k *kgateway) checkRaw(t *testing.T, x testbed.Exchange) {
	t.Helper()
	for _, p := range x.Spans {
		span := p.Before
		for key, value := range span.Attributes().All() {
			assert.Equal(t, pcommon.ValueTypeStr, value.Type(), "%s of span %s", key, span.Name())
		}
		if span.Scope.Name() == "" {
			assert.Zero(t, span.Flags(), "Zipkin has no flags")
			continue
		}
		assert.Equal(t, "envoy", span.Scope.Name())
		assert.Contains(t, span.Scope.Version(), "/"+k.version+"/")
		switch {
		case k.version == "1.36.2": // flags came with 1.40
			assert.Zero(t, span.Flags())
		case span.Kind() == ptrace.SpanKindServer && !span.ParentSpanID().IsEmpty():
			assert.Equal(t, uint32(0x301), span.Flags(), "sampled, with a remote parent")
		default:
			assert.Equal(t, uint32(0x101), span.Flags(), "sampled, with a local parent or none")
		}
	}
}
