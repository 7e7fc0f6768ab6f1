package builtin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// oddValues is one of every type, and numbers at their ends.
var oddValues = []any{
	nil, "", "-", "x", "0", "-1", "99999999999999999999", "1e400", "NaN", "$(VAR)", "a,b", "/", "//", "://", "[::1", ":0", "\x00", " ", "true",
	int64(0), int64(-1), int64(1 << 62), int64(-1 << 63), 0.5, -0.5, 1e300, true, false,
	[]byte{0xff},
	[]byte{},
	attrMap{},
	attrMap{"a": attrMap{}},
	[]any{},
	[]any{nil, "a", int64(1)},
	[]any{nil},
	[]any{""},
	[]any{"-"},
	[]any{"[::1]:80"},
}

// TestWrongTypesForEveryKnownKey sends every key that any rule knows with every type of value, alone on an otherwise
// whole item: nothing panics, everything else on the item is what it would be, and a second pass changes nothing.
func TestWrongTypesForEveryKnownKey(t *testing.T) {
	t.Parallel()
	kinds := []ptrace.SpanKind{server, client, internal}
	for _, p := range Profiles() {
		t.Run(string(p.ID), func(t *testing.T) {
			t.Parallel()
			e := engine(t)
			for _, key := range knownKeys(p) {
				for i, odd := range oddValues {
					where := fmt.Sprintf("%s = %v (%T)", key, odd, odd)
					td := gatewaytest.Span(t, spanSpec{
						Scope: scopes[p.ID], Resource: attrMap{"service.name": "s"}, Name: "n", Kind: kinds[i%len(kinds)],
						Attrs: attrMap{"untouched": "by all", key: odd},
					})
					stats := total(e.Traces(td))
					span := gatewaytest.Spans(td)[0]
					requireAttrs(t, attrMap{"untouched": "by all"}, span.Attributes())
					assert.Equal(t, 1, stats.Rewritten+stats.Unchanged, where)
					assertWellTyped(t, where, span.Attributes(), key)
					assertStable(t, e, gatewaytest.Batch{Traces: td}, where)

					ld := gatewaytest.Record(t, recordSpec{Scope: scopes[p.ID], Attrs: attrMap{"untouched": "by all", key: odd}})
					e.Logs(ld)
					requireAttrs(t, attrMap{"untouched": "by all"}, gatewaytest.Records(ld)[0].Attributes())
					assertWellTyped(t, where, gatewaytest.Records(ld)[0].Attributes(), key)
					assertStable(t, e, gatewaytest.Batch{IsLogs: true, Logs: ld}, where)
				}
			}
		})
	}
}

// knownKeys are the keys of a profile's rules; a template gets a rest.
func knownKeys(p gateway.Profile) []string {
	seen := make(map[string]bool)
	var keys []string
	for _, rules := range [][]gateway.Rule{p.Attributes, p.Resource, p.Events} {
		for _, r := range rules {
			key := strings.ReplaceAll(r.From, "<key>", "0.content")
			if !seen[key] {
				seen[key] = true
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// assertWellTyped checks that an unreadable value was not made an attribute of the conventions with the wrong type. The
// key itself may keep what was sent.
func assertWellTyped(t *testing.T, where string, m pcommon.Map, sent string) {
	t.Helper()
	for key, v := range m.All() {
		if want, known := typeOf(key); known && key != sent && want != v.Type() && want != pcommon.ValueTypeStr {
			t.Errorf("%s: made %s = %s (%s)", where, key, v.AsString(), v.Type())
		}
	}
}

// TestMalformedValuesKeepTheOriginal: what a parser refuses stays as it was, and counts once per item and reason.
func TestMalformedValuesKeepTheOriginal(t *testing.T) {
	t.Parallel()
	for reason, cases := range map[gateway.Reason][]struct {
		key   string
		value any
	}{
		gateway.ReasonNumber:   {{"request_size", "many"}, {"retry.count", "1.5"}, {"try_count", "x"}, {"gen_ai.usage.prompt_tokens", "8 tokens"}, {"request_size", "99999999999999999999"}},
		gateway.ReasonStatus:   {{"http.status_code", "OK"}, {"http.status_code", "99"}, {"http.status_code", 600}, {"http.status_code", "-1"}, {"http.status", 1.5}},
		gateway.ReasonURL:      {{"http.url", "not a url"}, {"http.url", "://x"}},
		gateway.ReasonAddress:  {{"peer.address", "10.0.0.1:99999"}, {"src.addr", "[::1"}, {"net.peer.port", 70000}, {"src.addr", "a:b:c:d"}},
		gateway.ReasonProtocol: {{"http.protocol", "HTTP/9.9"}, {"http.flavor", "x"}},
		gateway.ReasonType:     {{"http.method", 5}, {"http.url", true}, {"peer.address", 1.5}},
	} {
		for _, c := range cases {
			base := ingress(attrMap{"http.status_code": nil, "http.url": nil, "http.method": nil, "peer.address": nil, "request_size": nil, "http.protocol": nil})
			switch c.key {
			case "src.addr", "http.status":
				base = spanSpec{Scope: "agentgateway", Name: "n", Kind: server, Attrs: attrMap{}}
			case "try_count", "net.peer.port", "http.flavor":
				base = spanSpec{Scope: "kong-internal", Name: "n", Kind: client, Attrs: attrMap{}}
			}
			base.Attrs[c.key] = c.value
			span, _, stats := rewriteSpanBy(t, engine(t), base)
			where := fmt.Sprintf("%s = %v", c.key, c.value)
			got, ok := span.Attributes().Get(c.key)
			if assert.True(t, ok, "%s is gone", where) {
				assert.Equal(t, fmt.Sprint(c.value), got.AsString(), where)
			}
			assert.Equal(t, 1, total(stats).Unparseable[reason], "%s: %s", where, reason)
			sum := 0
			for _, n := range total(stats).Unparseable {
				sum += n
			}
			assert.Equal(t, 1, sum, where)
		}
	}
	// Two values, one reason, one item: counted once.
	_, _, stats := rewriteSpanBy(t, engine(t), ingress(attrMap{"request_size": "x", "response_size": "y", "http.status_code": "z"}))
	assert.Equal(t, 1, total(stats).Unparseable[gateway.ReasonNumber])
	assert.Equal(t, 1, total(stats).Unparseable[gateway.ReasonStatus])
	// An item with an unreadable value is not at the target version.
	td := gatewaytest.Span(t, ingress(attrMap{"request_size": "x"}))
	engine(t).Traces(td)
	assert.Empty(t, td.ResourceSpans().At(0).ScopeSpans().At(0).SchemaUrl())
}

func TestMalformedRecordsAndLines(t *testing.T) {
	t.Parallel()
	for reason, specs := range map[gateway.Reason][]recordSpec{
		gateway.ReasonTime:    {envoyGatewayRecord(attrMap{"start_time": "yesterday"}), agentRecord(attrMap{"duration": "soon"})},
		gateway.ReasonTraceID: {agentRecord(attrMap{"trace.id": "xyz"}), agentRecord(attrMap{"span.id": "0"}), kongAccess(attrMap{"http.request.header.traceparent": "00-x-y-01"})},
		gateway.ReasonLine: {
			{Resource: kgatewayResource, Body: `[2026-11-21T14:24:39.283Z] "GET /ok HTTP/1.1" 200 -`},
			{Scope: "agentgateway", Body: "2026-11-21T14:24:39.5Z\tinfo\trequest =="},
		},
	} {
		for i, spec := range specs {
			before := gatewaytest.Record(t, spec)
			record, _, stats := rewriteRecordBy(t, engine(t), spec)
			assert.Equal(t, 1, total(stats).Unparseable[reason], "%s %d: %v", reason, i, record.Attributes().AsRaw())
			if reason == gateway.ReasonLine {
				assert.True(t, gatewaytest.Records(before)[0].Body().Equal(record.Body()), "an unreadable line passes unchanged")
			}
		}
	}
}

// TestUnknownGateway: of an emitter no profile knows, only official names are migrated; name, status and everything that
// interprets a gateway are left alone.
func TestUnknownGateway(t *testing.T) {
	t.Parallel()
	span, _, stats := rewriteSpanBy(t, engine(t), spanSpec{
		Scope: "my-lib", Name: "/raw/path?x=1", Kind: server, Attrs: attrMap{
			"http.method": "GET", "http.status_code": 503, "http.url": "http://x:8080/a?sig=b", "net.sock.peer.addr": "10.0.0.9", "net.sock.peer.port": 4,
			// The words of gateways mean nothing here.
			"duration": "5ms", "gateway": "a/b", "route": "r", "user_agent": "curl", "request_size": "5", "zone": "",
			"try_count": 2.0, "endpoint": "x:1", "node_id": "a.b", "reason": "because",
		},
	})
	require.Equal(t, gateway.Stats{{Gateway: gateway.Unknown, Rewritten: 1}}, stats)
	assert.Equal(t, "/raw/path?x=1", span.Name())
	assert.Equal(t, ptrace.StatusCodeUnset, span.Status().Code())
	requireExactly(t, attrMap{
		"http.request.method": "GET", "http.response.status_code": 503, "url.scheme": "http", "url.path": "/a", "url.query": "sig=REDACTED",
		"server.address": "x", "server.port": 8080, "network.peer.address": "10.0.0.9", "network.peer.port": 4,
		"duration": "5ms", "gateway": "a/b", "route": "r", "user_agent": "curl", "request_size": "5", "zone": "",
		"try_count": 2.0, "endpoint": "x:1", "node_id": "a.b", "reason": "because",
	}, span.Attributes())

	td := gatewaytest.Span(t, spanSpec{Scope: "my-lib", Name: "x", Attrs: attrMap{"http.method": "GET"}})
	engine(t).Traces(td)
	assert.Empty(t, td.ResourceSpans().At(0).ScopeSpans().At(0).SchemaUrl(), "what an unknown emitter means by its names is unknown")

	record, _, stats := rewriteRecordBy(t, engine(t), recordSpec{Scope: "my-lib", Body: "user logged in", Attrs: attrMap{"http.status_code": 503, "status": "x", "method": "m"}})
	require.Equal(t, gateway.Stats{{Gateway: gateway.Unknown, Rewritten: 1}}, stats)
	requireExactly(t, attrMap{"http.response.status_code": 503, "status": "x", "method": "m"}, record.Attributes())
	assert.Zero(t, record.SeverityNumber())
	assert.Equal(t, "user logged in", record.Body().Str())
}

// TestServiceNameIsNoEvidence: a service may be called anything.
func TestServiceNameIsNoEvidence(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"kong", "agentgateway", "envoy", "traefik", "APISIX", "KrakenD", "nginx", "tyk", "http.kgateway-system", "caddy"} {
		_, _, stats := rewriteSpanBy(t, engine(t), spanSpec{Scope: "my-lib", Resource: attrMap{"service.name": name}, Name: "x", Attrs: attrMap{"http.method": "GET"}})
		assert.Equal(t, gateway.Unknown, stats[0].Gateway, name)
	}
}
