package builtin

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// vendorExample is what the span and the line printed in agentgateway's documentation become, names and types.
var vendorExample = attrMap{
	"http.request.method": "POST", "url.path": "/gemini", "http.response.status_code": 200,
	"network.peer.address": "127.0.0.1", "network.peer.port": 49576, "client.address": "127.0.0.1", "network.protocol.version": "1.1",
	"server.address": "localhost", "gen_ai.provider.name": "gcp.gemini", "gen_ai.usage.input_tokens": 8, "gen_ai.usage.output_tokens": 313,
	"gen_ai.response.model": "gemini-1.5-flash-latest", "gateway.name": "agentgateway", "gateway.namespace": "kgateway-system",
	"gateway.route.name": "google", "gateway.route.namespace": "kgateway-system", "gateway.listener.name": "http",
	"gateway.upstream.address": "generativelanguage.googleapis.com", "gateway.upstream.port": 443, "gateway.request.duration": 3.165,
}

// vendorExampleOld are its names before.
var vendorExampleOld = []string{
	"gateway", "listener", "route", "endpoint", "src.addr", "http.method", "http.host", "http.path", "http.version", "http.status",
	"trace.id", "span.id", "llm.provider", "llm.request.model", "llm.request.tokens", "llm.response.model", "llm.response.tokens", "duration",
}

func TestTheAgentgatewaySpanOfItsDocumentationComesOutCurrent(t *testing.T) {
	t.Parallel()
	b := gatewaytest.Find(t, "constructed/agentgateway/0.9-traces.json").Clone()[0]
	stats := engine(t).Traces(b.Traces)
	assert.Equal(t, gateway.Stats{{Gateway: "agentgateway", Rewritten: 1}}, stats)
	span := gatewaytest.Spans(b.Traces)[0]
	requireAttrs(t, vendorExample, span.Attributes())
	for _, old := range vendorExampleOld {
		assert.NotContains(t, span.Attributes().AsRaw(), old)
	}
	assert.Equal(t, "POST", span.Name(), "the raw path is gone from the name")
	assert.Equal(t, ptrace.StatusCodeUnset, span.Status().Code())
	assert.Equal(t, 1, span.Links().Len())
}

func TestTheAgentgatewayLogLineOfItsDocumentationComesOutCurrent(t *testing.T) {
	t.Parallel()
	b := gatewaytest.Find(t, "constructed/agentgateway/0.9-stdout.txt").Clone()[0]
	line := gatewaytest.Records(b.Logs)[0].Body().Str()
	engine(t).Logs(b.Logs)
	record := gatewaytest.Records(b.Logs)[0]
	requireAttrs(t, vendorExample, record.Attributes())
	for _, old := range vendorExampleOld {
		assert.NotContains(t, record.Attributes().AsRaw(), old)
	}
	assert.Equal(t, "d65e4eeb983e2d964e71e8dc8c405f97", record.TraceID().String())
	assert.Equal(t, "b836e1b1d51b3e74", record.SpanID().String())
	assert.Equal(t, time.Date(2026, time.August, 21, 10, 15, 33, 165_912_000, time.UTC), record.Timestamp().AsTime())
	assert.Equal(t, plog.SeverityNumberInfo, record.SeverityNumber())
	assert.Equal(t, line, record.Body().Str(), "the line itself stays")
}

func TestAKgatewaySpanComesOutCurrent(t *testing.T) {
	t.Parallel()
	span, resource, stats := rewriteSpanBy(t, engine(t), ingress())
	assert.Equal(t, gateway.Stats{{Gateway: "kgateway", Rewritten: 1}}, stats)
	assert.Equal(t, "GET", span.Name())
	requireExactly(t, attrMap{
		"http.request.method": "GET", "url.scheme": "http", "url.path": "/ok", "url.query": "user=1&token=s3cret&sig=REDACTED",
		"server.address": "shop.example.com", "http.response.status_code": 200, "network.protocol.version": "1.1",
		"user_agent.original": "curl/8.7.1", "http.request.body.size": 0, "http.response.body.size": 6, "network.peer.address": "127.0.0.1",
		"client.address": "127.0.0.1", "http.request.header.x-request-id": strs("5a3dd5c7-dcfe-9718-acee-05d00e0f3cb2"),
		"upstream_cluster": "kube_shop_cart_8080", "gateway.upstream.service.namespace": "shop", "gateway.upstream.service.name": "cart",
		"gateway.upstream.service.port": 8080, "node_id": "http-c7f65bbb-8dh28.kgateway-system", "zone": "region-1a", "component": "proxy",
	}, span.Attributes())
	requireAttrs(t, attrMap{"k8s.pod.name": "http-c7f65bbb-8dh28", "k8s.namespace.name": "kgateway-system"}, resource)
}

func TestAKongFamilyComesOutCurrent(t *testing.T) {
	t.Parallel()
	spans := rewriteSpans(t, kongRoot(attrMap{"http.status_code": 502}), kongTry(attrMap{"http.status_code": 502, "try_count": 2.0}))
	assert.Equal(t, "GET /ok", spans[0].Name())
	assert.Equal(t, "GET", spans[1].Name())
	for _, span := range spans {
		assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
		requireAttrs(t, attrMap{"error.type": "502", "http.response.status_code": 502, "http.request.method": "GET"}, span.Attributes())
	}
	requireAttrs(t, attrMap{"http.request.resend_count": 1, "server.port": 18080, "try_count": nil}, spans[1].Attributes())
}

func TestKgatewayLogsWithNamesOfTheConventionsAreMended(t *testing.T) {
	t.Parallel()
	record := rewriteRecord(t, recordSpec{Resource: kgatewayResource, Time: gatewaytest.Start, Attrs: attrMap{
		"http.request.method": "get", "url.path": "/ok?user=1&sig=abcd", "http.response.status_code": "200", "server.address": "shop.example.com:8443",
		"network.protocol.version": "HTTP/1.1", "client.address": "127.0.0.1:52318", "http.request.body.size": "0", "server.port": "8443",
		"user_agent.original": "-", "http.request.header.x-request-id": "58a10f7e", "upstream_cluster": "kube_shop_cart_8080",
		"nested": attrMap{"sni": "-"},
	}})
	requireAttrs(t, attrMap{
		"http.request.method": "GET", "http.request.method_original": "get", "url.path": "/ok", "url.query": "user=1&sig=REDACTED",
		"http.response.status_code": 200, "server.address": "shop.example.com", "server.port": 8443, "network.protocol.version": "1.1",
		"client.address": "127.0.0.1", "client.port": 52318, "http.request.body.size": 0,
		"http.request.header.x-request-id": strs("58a10f7e"), "nested": map[string]any{"sni": "-"},
	}, record.Attributes())
}

func TestARecordWithoutBodyAndAttributesPasses(t *testing.T) {
	t.Parallel()
	record, resource, stats := rewriteRecordBy(t, engine(t), recordSpec{Time: gatewaytest.Start, TraceID: gatewaytest.TraceID})
	assert.Equal(t, gateway.Stats{{Gateway: gateway.Unknown, Unchanged: 1}}, stats)
	assert.Equal(t, gatewaytest.Start, record.Timestamp())
	assert.Equal(t, pcommon.ValueTypeEmpty, record.Body().Type())
	assert.Zero(t, record.Attributes().Len()+resource.Len())
}

func TestTimestampsAreExact(t *testing.T) {
	t.Parallel()
	at := func(ns int) time.Time { return time.Date(2026, time.November, 21, 14, 24, 39, ns, time.UTC) }
	for name, c := range map[string]struct {
		spec recordSpec
		want time.Time
	}{
		"Envoy text, milliseconds": {recordSpec{Body: `[2026-11-21T14:24:39.283Z] "GET / HTTP/1.1" 200 - 0 6 0 0 "-" "-" "-" "x" "-"`}, at(283_000_000)},
		"Envoy JSON": {
			recordSpec{Body: `{"start_time":"2026-11-21T14:24:39.283456789Z","response_flags":"-","method":"GET","response_code":200}`},
			at(283_456_789),
		},
		"OTLP record's own time wins": {startingAt(envoyGatewayRecord(attrMap{"start_time": "2026-11-21T14:24:39.283Z"}),
			pcommon.NewTimestampFromTime(at(283_516_000))), at(283_516_000)},
		"agentgateway text, 5 µs":      {recordSpec{Body: agentLine("2026-11-21T14:24:39.5Z", "m", "")}, at(5_000)},
		"agentgateway text, 123456 µs": {recordSpec{Body: agentLine("2026-11-21T14:24:39.123456Z", "m", "")}, at(123_456_000)},
		"nginx, seconds and offset": {recordSpec{Body: `10.0.0.9 - - [21/Nov/2026:15:24:39 +0100] "GET /ok HTTP/1.1" 200 6 "-" "curl/8.7.1"` +
			` kong_request_id: "cf9e194e897b1f64826669669c052b57"`}, at(0)},
		"Caddy, float seconds": {
			recordSpec{Body: `{"ts":1795271079.283456,"logger":"http.log.access","request":{"method":"GET","uri":"/"},"status":200}`},
			at(283_456_000),
		},
	} {
		record := rewriteRecord(t, c.spec)
		assert.Equal(t, c.want, record.Timestamp().AsTime(), name)
	}
}

func startingAt(spec recordSpec, at pcommon.Timestamp) recordSpec {
	spec.Time = at
	return spec
}

func TestIdsAreFilledFromFields(t *testing.T) {
	t.Parallel()
	const trace, own, sent = "d451ea5018b8ecf570e5733ccbe83be6", "d426811aceadec91", "4cde4f7d2f7e56aa"
	traceparent := fmt.Sprintf("00-%s-%s-01", trace, sent)
	kgatewayLine := func(fields string) string {
		return `{"authority":"shop.example.com","backendCluster":"kube_shop_cart_8080","method":"GET","path":"/ok","protocol":"HTTP/1.1",` +
			`"response_code":200,"response_flags":"-","start_time":"2026-11-21T14:24:39.283Z"` + fields + `}`
	}
	for name, c := range map[string]struct {
		spec        recordSpec
		trace, span string
	}{
		"all three: the header names the router's span": {
			recordSpec{Body: kgatewayLine(`,"trace_id":"` + trace + `","span_id":"` + own + `","traceparent":"` + traceparent + `"`)}, trace, own,
		},
		"header alone":         {recordSpec{Body: kgatewayLine(`,"traceparent":"` + traceparent + `"`)}, trace, sent},
		"header and trace id":  {recordSpec{Body: kgatewayLine(`,"trace_id":"` + trace + `","traceparent":"` + traceparent + `"`)}, trace, sent},
		"header of another":    {recordSpec{Body: kgatewayLine(`,"trace_id":"0af7651916cd43dd8448eb211c80319c","traceparent":"` + traceparent + `"`)}, "0af7651916cd43dd8448eb211c80319c", ""},
		"absent":               {recordSpec{Body: kgatewayLine(`,"trace_id":"-","span_id":"-","traceparent":"-"`)}, "", ""},
		"64 bits":              {recordSpec{Body: kgatewayLine(`,"trace_id":"8448eb211c80319c"`)}, "00000000000000008448eb211c80319c", ""},
		"Kong EE, its header":  {kongAccess(attrMap{"http.request.header.traceparent": traceparent}), trace, sent},
		"agentgateway, fields": {agentRecord(attrMap{"trace.id": trace, "span.id": own}), trace, own},
	} {
		record := rewriteRecord(t, c.spec)
		assert.Equal(t, c.trace, record.TraceID().String(), name)
		assert.Equal(t, c.span, record.SpanID().String(), name)
		for _, key := range []string{"trace_id", "span_id", "traceparent", "trace.id", "span.id"} {
			assert.NotContains(t, record.Attributes().AsRaw(), key, name)
		}
	}
	own2 := kongAccess(attrMap{"http.request.header.traceparent": traceparent})
	own2.TraceID, own2.SpanID = pcommon.TraceID{9}, pcommon.SpanID{9}
	record := rewriteRecord(t, own2)
	assert.Equal(t, pcommon.TraceID{9}, record.TraceID(), "ids that are there are never replaced")
	assert.Equal(t, pcommon.SpanID{9}, record.SpanID())
	foreign := kongAccess(attrMap{"http.request.header.traceparent": traceparent})
	foreign.TraceID = pcommon.TraceID{9}
	assert.True(t, rewriteRecord(t, foreign).SpanID().IsEmpty(), "a span id of another trace would be a lie")
}

func TestSeverityComesFromTheStatus(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]plog.SeverityNumber{
		200: plog.SeverityNumberInfo, 302: plog.SeverityNumberInfo, 404: plog.SeverityNumberWarn, 499: plog.SeverityNumberWarn,
		500: plog.SeverityNumberError, 503: plog.SeverityNumberError,
	} {
		for name, spec := range map[string]recordSpec{
			"envoy": envoyGatewayRecord(attrMap{"response_code": strconv.Itoa(code)}), "kong": kongAccess(attrMap{"http.response.status_code": code}),
			"agentgateway": agentRecord(attrMap{"http.status": code}), "traefik": {Scope: "traefik", Attrs: attrMap{"DownstreamStatus": code}, Severity: 9},
		} {
			record := rewriteRecord(t, spec)
			assert.Equal(t, want, record.SeverityNumber(), "%s %d", name, code)
		}
	}
	spec := envoyGatewayRecord(attrMap{"response_code": "200"})
	spec.Severity = plog.SeverityNumberError3
	assert.Equal(t, plog.SeverityNumberError3, rewriteRecord(t, spec).SeverityNumber(), "what the sender said stays")
}

// TestBodiesAsFileLogDeliversThem: body only, no resource, no scope.
func TestBodiesAsFileLogDeliversThem(t *testing.T) {
	t.Parallel()
	want := attrMap{"http.request.method": "GET", "url.path": "/ok", "http.response.status_code": 200}
	for name, c := range map[string]struct {
		body    any
		gateway gateway.ID
		more    attrMap
	}{
		"Envoy default text": {`[2026-11-21T14:24:39.283Z] "GET /ok?user=1&sig=abcd HTTP/1.1" 200 - 0 6 12 11 "10.244.0.5" "curl "quoted"/8.7.1" ` +
			`"58a10f7e-7369-9d2c-903a-10688131c99d" "shop.example.com:8443" "10.244.0.5:18080"`, "envoy", attrMap{
			"url.query": "user=1&sig=REDACTED", "user_agent.original": `curl "quoted"/8.7.1`, "server.port": 8443, "gateway.upstream.port": 18080,
			"gateway.request.duration": 0.012, "gateway.upstream.duration": 0.011, "http.response.body.size": 6,
		}},
		"Envoy JSON, text": {
			`{":authority":"shop.example.com","bytes_sent":6,"duration":12,"method":"GET","protocol":"HTTP/1.1","response_code":200,` +
				`"response_flags":"-","x-envoy-origin-path":"/ok?sig=abcd","route_name":null,"upstream_cluster":"httproute/shop/cart/rule/3"}`,
			"envoy-gateway",
			attrMap{"url.query": "sig=REDACTED", "gateway.route.name": "cart", "route_name": nil},
		},
		"Envoy JSON, object": {
			attrMap{"method": "GET", "response_code": 200, "response_flags": "-", "path": "/ok?sig=abcd", "backendCluster": "kube_shop_cart_8080"},
			"kgateway",
			attrMap{"url.query": "sig=REDACTED", "gateway.upstream.service.name": "cart", "upstream_cluster": "kube_shop_cart_8080"},
		},
		"Istio text": {
			`[2026-11-21T13:32:26.324Z] "GET /ok HTTP/1.1" 200 - via_upstream - "-" 0 6 12 0 "10.244.0.1" "curl/8.7.1" "0e2bf574" ` +
				`"shop.example.com" "127.0.0.1:18080" outbound|8080||cart.shop.svc.cluster.local 127.0.0.1:37390 127.0.0.1:11021 127.0.0.1:53078 - main` + "\n",
			"istio",
			attrMap{"gateway.upstream.service.host": "cart.shop.svc.cluster.local", "gateway.route.id": "main", "client.port": 53078},
		},
		"agentgateway text": {agentLine("2026-11-21T14:24:39.5Z", "m", ""), "agentgateway", attrMap{"gen_ai.request.model": "m", "gateway.request.duration": 3.165}},
		"agentgateway JSON": {
			`{"level":"info","time":"2026-11-21T14:24:39.5Z","scope":"request","gateway":"default/default","listener":"main",` +
				`"src.addr":"127.0.0.1:51078","http.method":"GET","http.host":"x","http.path":"/ok","http.status":200,"duration":"2ms"}`,
			"agentgateway",
			attrMap{"gateway.request.duration": 0.002, "network.peer.port": 51078},
		},
		"Kong nginx line": {kongLine, "kong", attrMap{"kong.request.id": "cf9e194e897b1f64826669669c052b57", "url.query": "user=1&sig=REDACTED"}},
		"nginx combined":  {`10.0.0.9 - alice [21/Nov/2026:15:22:30 +0000] "GET /ok HTTP/1.1" 200 6 "-" "curl/8.7.1"`, "nginx", attrMap{"user.name": "alice"}},
	} {
		record, _, stats := rewriteRecordBy(t, engine(t), recordSpec{Body: c.body})
		require.NotEmpty(t, stats, name)
		assert.Equal(t, c.gateway, stats[len(stats)-1].Gateway, name)
		requireAttrs(t, want, record.Attributes())
		requireAttrs(t, c.more, record.Attributes())
		assert.Equal(t, plog.SeverityNumberInfo, record.SeverityNumber(), name)
		assert.NotContains(t, record.Body().AsString(), "abcd", "%s: secrets in the body", name)
	}
}
