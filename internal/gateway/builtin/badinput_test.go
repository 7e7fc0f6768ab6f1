package builtin

import (
	"fmt"
	"maps"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// scopes are what makes a scope's items belong to a gateway.
var scopes = map[gateway.ID]string{
	"envoy": "envoy", "kong": "kong-internal", "agentgateway": "agentgateway", "traefik": "github.com/traefik/traefik", "nginx": "nginx",
	"krakend": "io.krakend.krakend-otel", "apisix": "opentelemetry-lua", "envoy-ai-gateway": "envoyproxy/ai-gateway", "unknown": "",
}

// TestHugeStrings: nothing looks at a value more often than a fixed number of times, whatever it holds. 64 MB stand for
// the gigabyte that no decoder lets through.
func TestHugeStrings(t *testing.T) {
	const size = 64 << 20
	for name, piece := range map[string]string{
		"query": "sig=a&", "path": "/a", "percent": "%", "list": "a, ", "userinfo": "http://a:b@", "json": `{"a":[`, "quotes": `"`,
		"invalid": "\xff", "cluster": "_a", "pipes": "||", "dots": "a.",
	} {
		t.Run(name, func(t *testing.T) {
			huge := strings.Repeat(piece, size/len(piece))
			start := time.Now()
			spans := rewriteSpans(t, ingress(attrMap{"http.url": "http://x/ok?" + huge}))
			require.Len(t, spans, 1)
			requireAttrs(t, attrMap{"http.response.status_code": 200}, spans[0].Attributes())
			rewriteRecord(t, recordSpec{Body: huge})
			// A few passes over 64 MB take a second or two; anything quadratic takes days, here as below.
			part := huge[:size/8]
			for _, key := range []string{"http.status_code", "peer.address", "grpc.message", "http.method", "upstream_cluster"} {
				rewriteSpans(t, ingress(attrMap{key: part}))
			}
			for _, prefix := range []string{"kube_", "outbound|", "httproute/", "backend_"} {
				rewriteSpans(t, ingress(attrMap{"upstream_cluster": prefix + part}))
			}
			rewriteSpans(t, agentSpan(attrMap{"http.path": part, "route": part, "endpoint": part, "duration": part}))
			require.Less(t, time.Since(start), time.Minute)
			runtime.GC()
		})
	}
}

// TestManyAttributes: time grows with the number of attributes, not with its square, and no attribute is lost.
func TestManyAttributes(t *testing.T) {
	t.Parallel()
	e := engine(t)
	build := func(n int) ptrace.Traces {
		td := gatewaytest.Span(t, ingress())
		m := gatewaytest.Spans(td)[0].Attributes()
		raw := make(attrMap, n)
		for i := range n {
			switch i % 4 {
			case 0:
				raw[fmt.Sprintf("http.request.header.x_%d", i)] = "v"
			case 1:
				raw[fmt.Sprintf("gen_ai.prompt.%d.content", i)] = "v"
			default:
				raw[fmt.Sprintf("custom.%d", i)] = i
			}
		}
		maps.Copy(raw, ingressTags)
		require.NoError(t, m.FromRaw(raw))
		return td
	}
	measure := func(n int) time.Duration {
		best := time.Hour
		for range 3 {
			td := build(n)
			start := time.Now()
			stats := total(e.Traces(td))
			best = min(best, time.Since(start))
			require.Equal(t, 1, stats.Rewritten+stats.Unchanged)
			if n > 1024 {
				require.Equal(t, 1, stats.Unparseable[gateway.ReasonTooMany])
			}
			require.GreaterOrEqual(t, gatewaytest.Spans(td)[0].Attributes().Len(), n, "attributes are lost")
		}
		return best
	}
	var small, large time.Duration
	for range 5 { // other work on the machine may fall on one attempt
		small, large = measure(1000), measure(100_000)
		if large < 20*small*100/10+50*time.Millisecond {
			return
		}
	}
	assert.Fail(t, "not linear", "100 times the attributes took %s instead of %s", large, small)
}

func TestManyEventsLinksAndSpans(t *testing.T) {
	t.Parallel()
	td := gatewaytest.Span(t, ingress())
	ss := td.ResourceSpans().At(0).ScopeSpans().At(0)
	for range 5_000 {
		ss.Spans().At(0).CopyTo(ss.Spans().AppendEmpty())
	}
	span := ss.Spans().At(0)
	for i := range 20_000 {
		event := span.Events().AppendEmpty()
		event.SetName("exception")
		event.Attributes().PutStr("exception.message", "m")
		event.Attributes().PutInt("exception.escaped", int64(i))
		span.Links().AppendEmpty().Attributes().PutStr("k\xff", "v")
	}
	start := time.Now()
	stats := total(engine(t).Traces(td))
	assert.Equal(t, 5001, stats.Rewritten)
	assert.Less(t, time.Since(start), 10*time.Second)
	assert.Equal(t, 20_000, gatewaytest.Spans(td)[0].Events().Len())
}

func TestEmptyThings(t *testing.T) {
	t.Parallel()
	e := engine(t)
	assert.Empty(t, e.Traces(ptrace.NewTraces()))
	assert.Empty(t, e.Logs(plog.NewLogs()))

	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	before, err := gatewaytest.Batch{Traces: td}.Bytes()
	require.NoError(t, err)
	e.Traces(td)
	after, err := gatewaytest.Batch{Traces: td}.Bytes()
	require.NoError(t, err)
	assert.Equal(t, before, after)

	// Without items a request can still be refused for its bytes.
	bare, bareLogs := ptrace.NewTraces(), plog.NewLogs()
	bare.ResourceSpans().AppendEmpty().Resource().Attributes().PutStr("k\xff", "\xff")
	bareLogs.ResourceLogs().AppendEmpty().Resource().Attributes().PutStr("k\xff", "\xff")
	e.Traces(bare)
	e.Logs(bareLogs)
	assertValid(t, "no spans", gatewaytest.Batch{Traces: bare})
	assertValid(t, "no records", gatewaytest.Batch{IsLogs: true, Logs: bareLogs})

	// Zero ids: a parent of no one is nobody's parent.
	family := gatewaytest.Span(t, ingress(), router())
	for _, s := range gatewaytest.Spans(family) {
		s.SetTraceID(pcommon.TraceID{})
		s.SetSpanID(pcommon.SpanID{})
		s.SetParentSpanID(pcommon.SpanID{})
	}
	e.Traces(family)
	requireAttrs(t, attrMap{"http.request.method": nil}, gatewaytest.Spans(family)[1].Attributes())

	empty := make(attrMap)
	for key := range ingressTags {
		empty[key] = ""
	}
	for id, scope := range scopes {
		span := rewriteSpan(t, spanSpec{Scope: scope, Name: "", Kind: server, Attrs: empty})
		for key, v := range span.Attributes().All() {
			if _, known := typeOf(key); known {
				assert.NotEmpty(t, v.AsString(), "%s: %s", id, key)
			}
		}
	}
}

// TestKeysThatOccurTwice: OTLP forbids it and decoders let it through. Nothing is written twice by us.
func TestKeysThatOccurTwice(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"http.method", "http.status_code", "http.request.method", "guid:x-request-id", "http.url", "custom"} {
		td := gatewaytest.Span(t, ingress())
		raw, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		twin := gatewaytest.Span(t, spanSpec{Scope: "envoy", Name: "ingress", Kind: server, Attrs: attrMap{key: "POST"}})
		m := gatewaytest.Spans(twin)[0].Attributes()
		m.EnsureCapacity(3)
		// A second key of the same name can only come from the wire: rename one of the same length there.
		m.PutStr(strings.Repeat("\x01", len(key)), "GET")
		wire, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(twin)
		require.NoError(t, err)
		wire = []byte(strings.ReplaceAll(string(wire), strings.Repeat("\x01", len(key)), key))
		double, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(wire)
		require.NoError(t, err)
		require.Equal(t, 2, gatewaytest.Spans(double)[0].Attributes().Len())
		engine(t).Traces(double)
		count := make(map[string]int)
		for k := range gatewaytest.Spans(double)[0].Attributes().All() {
			count[k]++
		}
		for k, n := range count {
			assert.LessOrEqual(t, n, 2, "%s: %s", key, k)
			if k != key {
				assert.Equal(t, 1, n, "%s: %s", key, k)
			}
		}
		require.NotEmpty(t, raw)
	}
}

// TestInvalidUTF8Everywhere puts broken bytes into every place a string can be in.
func TestInvalidUTF8Everywhere(t *testing.T) {
	t.Parallel()
	const bad, good = "a\xff\xfeb", "a\uFFFDb"
	for id, scope := range scopes {
		td := gatewaytest.Span(t, spanSpec{
			Scope: scope, Resource: attrMap{"r\xff": bad, "nested": attrMap{"k\xff": []any{bad, attrMap{"d\xff": bad}}}},
			Name: bad, Kind: server, Message: bad,
			Attrs: attrMap{
				"k\xff": bad, "plain": bad, "list": []any{bad, []any{bad}}, "map": attrMap{"x\xff": bad, "y": attrMap{"z\xff": bad}},
				"http.url": "http://x/" + bad + "?q=" + bad, "http.method": bad, "http.status_code": bad, "net.peer.ip": bad,
				"gen_ai.prompt": bad, "http.request.header.h\xff": bad, "http.request.header.x": []any{bad},
			},
		})
		span := gatewaytest.Spans(td)[0]
		scopeOf := td.ResourceSpans().At(0).ScopeSpans().At(0).Scope()
		scopeOf.SetVersion(bad)
		scopeOf.Attributes().PutStr("s\xff", bad)
		span.TraceState().FromRaw("a=" + bad)
		event := span.Events().AppendEmpty()
		event.SetName(bad)
		event.Attributes().PutStr("e\xff", bad)
		event.Attributes().PutEmptyMap("m").PutStr("n\xff", bad)
		link := span.Links().AppendEmpty()
		link.TraceState().FromRaw(bad)
		link.Attributes().PutStr("l\xff", bad)
		stats := total(engine(t).Traces(td))
		assertValid(t, string(id), gatewaytest.Batch{Traces: td})
		assert.True(t, utf8.ValidString(scopeOf.Version()) && utf8.ValidString(link.TraceState().AsRaw()), id)
		requireAttrs(t, attrMap{"plain": good, "k\uFFFD": good}, span.Attributes())
		assert.Positive(t, stats.Repaired)
		assertStable(t, engine(t), gatewaytest.Batch{Traces: td}, string(id))

		ld := gatewaytest.Record(t, recordSpec{
			Scope: scope, Resource: attrMap{"r\xff": bad}, Attrs: attrMap{"k\xff": bad, "http.target": "/" + bad, "deep": []any{attrMap{"x\xff": bad}}}, Body: bad,
		}, recordSpec{Body: attrMap{"b\xff": []any{bad}, "method": bad}}, recordSpec{Body: []any{bad, attrMap{"c\xff": bad}}})
		for _, r := range gatewaytest.Records(ld) {
			r.SetSeverityText(bad)
			r.SetEventName(bad)
		}
		engine(t).Logs(ld)
		assertValid(t, string(id), gatewaytest.Batch{IsLogs: true, Logs: ld})
		assertStable(t, engine(t), gatewaytest.Batch{IsLogs: true, Logs: ld}, string(id))
	}
}

func assertValid(t *testing.T, where string, b gatewaytest.Batch) {
	t.Helper()
	for s := range allStrings(b) {
		if !utf8.ValidString(s) {
			t.Errorf("%s: %q", where, s)
		}
	}
}

// TestDeepNesting: decoders stop at some depth, pdata's builders do not.
func TestDeepNesting(t *testing.T) {
	t.Parallel()
	span := spanSpec{Scope: "envoy", Name: "ingress", Kind: server}
	td := gatewaytest.Span(t, span)
	v := gatewaytest.Spans(td)[0].Attributes().PutEmpty("http.request.header.x")
	for range 10_000 {
		v = v.SetEmptyMap().PutEmpty("k")
	}
	v.SetStr("\xff")
	ld := gatewaytest.Record(t, recordSpec{Body: strings.Repeat(`{"a":`, 100_000)}, recordSpec{Body: strings.Repeat(`[`, 100_000)})
	assert.NotPanics(t, func() { engine(t).Traces(td) })
	assert.NotPanics(t, func() { engine(t).Logs(ld) })
}
