package builtin

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// kongRootTags and kongTryTags are the two HTTP spans of Kong 3.9.3's OpenTelemetry plugin as recorded. Every Lua number
// but http.status_code is a double (kong/observability/otlp/init.lua).
var (
	kongRootTags = attrMap{
		"http.method": "GET", "http.url": "http://shop.example.com/ok?user=1&sig=abcd", "http.host": "shop.example.com",
		"http.scheme": "http", "http.flavor": "1.1", "http.client_ip": "10.0.0.9", "net.peer.ip": "192.168.107.1",
		"kong.request.id": "319d1e4e7862095f704a7d6c60e63260", "http.status_code": 200, "http.route": "/ok",
	}
	kongTryTags = attrMap{"try_count": 1.0, "net.peer.ip": "10.244.0.5", "net.peer.port": 18080.0, "net.peer.name": "orders.shop.svc"}
)

func kongRoot(changes ...attrMap) spanSpec {
	return spanSpec{Scope: "kong-internal", Name: "kong", Kind: server, SpanID: 1, Attrs: with(kongRootTags, changes...)}
}

func kongTry(changes ...attrMap) spanSpec {
	return spanSpec{Scope: "kong-internal", Name: "kong.balancer", Kind: client, SpanID: 2, ParentID: 1, Attrs: with(kongTryTags, changes...)}
}

// kongLine is a line of Kong 3.9.3's access.log.
const kongLine = `127.0.0.1 - - [21/Nov/2026:15:22:30 +0000] "GET /ok?user=1&sig=abcd HTTP/1.1" 200 6 "-" "curl/8.7.1" ` +
	`kong_request_id: "cf9e194e897b1f64826669669c052b57"`

// TestKongTraps has one test per trap of Kong's telemetry and per fact of the recordings that concerns OTLP or nginx
// lines ("rec"). Not tested here, because they are not in the telemetry this engine sees:
//
//	3 all tries send the same traceparent: the ids of upstream spans are the upstream's
//	7 (http-log), 8, 11, 13, 15, 16: bodies of http-log, tcp-log and udp-log; the konglog receiver's
//	17 spans that were never sampled never arrive
//	rec 1, 2, 5 (serializer), 6 to 14: the serializer and http-log's delivery; the receiver's
//	rec 18: Prometheus
func TestKongTraps(t *testing.T) {
	t.Parallel()

	t.Run("01_numbers_are_doubles", func(t *testing.T) {
		t.Parallel()
		spans := rewriteSpans(t, kongRoot(), kongTry(attrMap{"try_count": 3.0}))
		assert.Equal(t, "GET", spans[1].Name())
		requireExactly(t, attrMap{
			"http.request.method": "GET", "http.request.resend_count": 2, "network.peer.address": "10.244.0.5",
			"network.peer.port": 18080, "server.address": "orders.shop.svc", "server.port": 18080,
		}, spans[1].Attributes())
		dns := rewriteSpan(t, spanSpec{
			Scope: "kong-internal", Name: "kong.dns", Kind: client,
			Attrs: attrMap{"dns.record.domain": "echo.test", "dns.record.port": 18080.0, "dns.record.ip": "127.0.0.1"},
		})
		requireExactly(t, attrMap{"dns.record.domain": "echo.test", "dns.record.port": 18080, "dns.record.ip": "127.0.0.1"}, dns.Attributes())
	})

	t.Run("02_root_is_never_an_error", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, kongRoot(attrMap{"http.status_code": 502}))
		assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
		requireAttrs(t, attrMap{"error.type": "502", "http.response.status_code": 502}, span.Attributes())
		refused := rewriteSpan(t, kongRoot(attrMap{"http.status_code": 401}))
		assert.Equal(t, ptrace.StatusCodeUnset, refused.Status().Code())
	})

	t.Run("04_route_is_the_first_configured_path", func(t *testing.T) {
		t.Parallel()
		for route, name := range map[string]string{"/ok": "GET /ok", "": "GET", `~/items/(?<id>\d+)/detail$`: `GET ~/items/(?<id>\d+)/detail$`} {
			span := rewriteSpan(t, kongRoot(attrMap{"http.route": route}))
			assert.Equal(t, name, span.Name())
			var want any
			if route != "" {
				want = route
			}
			requireAttrs(t, attrMap{"http.route": want}, span.Attributes())
		}
	})

	t.Run("05_url_without_port", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, kongRoot())
		requireExactly(t, attrMap{
			"http.request.method": "GET", "url.scheme": "http", "url.path": "/ok", "url.query": "user=1&sig=REDACTED",
			"server.address": "shop.example.com", "network.protocol.version": "1.1", "client.address": "10.0.0.9",
			"network.peer.address": "192.168.107.1", "kong.request.id": "319d1e4e7862095f704a7d6c60e63260",
			"http.response.status_code": 200, "http.route": "/ok",
		}, span.Attributes())
	})

	t.Run("06_database_and_internal_requests", func(t *testing.T) {
		t.Parallel()
		query := rewriteSpan(t, spanSpec{
			Scope: "kong-internal", Name: "kong.database.query", Kind: internal,
			Attrs: attrMap{"db.system": "postgres", "db.statement": `SELECT 1 FROM keyauth_credentials WHERE "key" = 'x'`},
		})
		assert.Equal(t, "kong.database.query", query.Name())
		assert.Equal(t, internal, query.Kind())
		requireExactly(t, attrMap{
			"db.system.name": "postgresql", "db.query.text": `SELECT 1 FROM keyauth_credentials WHERE "key" = 'x'`,
		}, query.Attributes())
		request := rewriteSpan(t, spanSpec{
			Scope: "kong-internal", Name: "kong.internal.request", Kind: client,
			Attrs: attrMap{
				"http.url": "http://u:p@echo.test:18080/inner?sig=s3cret", "http.method": "GET", "http.flavor": "1.1",
				"http.user_agent": "lua-resty-http/0.17.2", "http.status_code": 200,
			},
		})
		assert.Equal(t, "GET", request.Name())
		requireExactly(t, attrMap{
			"url.full": "http://REDACTED:REDACTED@echo.test:18080/inner?sig=REDACTED", "http.request.method": "GET",
			"network.protocol.version": "1.1", "user_agent.original": "lua-resty-http/0.17.2", "http.response.status_code": 200,
			"server.address": "echo.test", "server.port": 18080,
		}, request.Attributes())
		td := gatewaytest.Span(t, spanSpec{
			Scope: "kong-internal", Name: "kong.internal.request", Kind: client,
			Attrs: attrMap{"http.url": "http://127.0.0.1:18999/refused", "http.method": "GET", "http.flavor": "1.1"},
		})
		failed := gatewaytest.Spans(td)[0] // UNSET, and an event
		event := failed.Events().AppendEmpty()
		event.SetName("exception")
		event.Attributes().PutStr("exception.message", "connection refused")
		engine(t).Traces(td)
		assert.Equal(t, ptrace.StatusCodeError, failed.Status().Code())
		assert.NotEmpty(t, str(failed.Attributes(), "error.type"))
		plugin := rewriteSpan(t, spanSpec{Scope: "kong-internal", Name: "kong.internal.request", Kind: client, Attrs: attrMap{"http.flavor": 1.1}})
		requireAttrs(t, attrMap{"network.protocol.version": "1.1"}, plugin.Attributes())
	})

	t.Run("07_upstream_status_is_a_list", func(t *testing.T) {
		t.Parallel()
		for in, want := range map[any]any{"502, 200": 200, "502 : 200": 200, "200": 200, 200: 200, "502, -": nil, "-": nil, "": nil} {
			record := rewriteRecord(t, kongAccess(attrMap{"kong.upstream.status_code": in}))
			requireAttrs(t, attrMap{"gateway.upstream.status_code": want}, record.Attributes())
		}
	})

	t.Run("09_invalid_utf8", func(t *testing.T) {
		t.Parallel()
		span, _, stats := rewriteSpanBy(t, engine(t), kongRoot(attrMap{"http.url": "http://x/any?bin=\xff\xfe&sig=abc"}))
		query, _ := span.Attributes().Get("url.query")
		assert.True(t, utf8.ValidString(query.Str()))
		assert.Equal(t, "bin=\uFFFD&sig=REDACTED", query.Str())
		assert.Equal(t, 1, total(stats).Repaired)
	})

	t.Run("10_access_log_latencies_are_milliseconds", func(t *testing.T) {
		t.Parallel()
		record := rewriteRecord(t, kongAccess(attrMap{
			"kong.latency.total": 119.0, "kong.latency.internal": 45.0, "kong.latency.upstream": 72.0, "kong.latency.receive": 1.0,
			"kong.latency.client": 1.5, "kong.latency.third_party.total": 35.0,
		}))
		requireAttrs(t, attrMap{
			"gateway.request.duration": 0.119, "gateway.processing.duration": 0.045, "gateway.upstream.duration": 0.072,
			"gateway.upstream.receive_duration": 0.001, "gateway.client.duration": 0.0015, "gateway.third_party.duration": 0.035,
			"kong.latency.total": nil, "kong.latency.upstream": nil,
		}, record.Attributes())
		cached := rewriteRecord(t, kongAccess(attrMap{"kong.latency.upstream": -1.0})) // not proxied
		requireAttrs(t, attrMap{"gateway.upstream.duration": nil, "kong.latency.upstream": nil}, cached.Attributes())
	})

	t.Run("12_children_may_start_before_their_root", func(t *testing.T) {
		t.Parallel()
		td := gatewaytest.Span(t, kongRoot(), kongTry())
		child := gatewaytest.Spans(td)[1]
		child.SetStartTimestamp(gatewaytest.Start - 1_000_000)
		engine(t).Traces(td)
		assert.Equal(t, gatewaytest.Start-1_000_000, gatewaytest.Spans(td)[1].StartTimestamp())
		assert.Equal(t, "GET", gatewaytest.Spans(td)[1].Name())
	})

	t.Run("14_headers_hold_credentials", func(t *testing.T) {
		t.Parallel()
		record := rewriteRecord(t, kongAccess(attrMap{
			"http.request.header.cookie": "session=abc123", "http.request.header.apikey": "my-key",
			"http.request.header.authorization": "Bearer x", "http.response.header.set-cookie": "a=b",
			"http.response.header.content-length": 623, "http.response.header.x-kong-proxy-latency": 45.0,
			"http.request.header.accept": "*/*",
		}))
		requireAttrs(t, attrMap{
			"http.request.header.cookie": strs("REDACTED"), "http.request.header.apikey": strs("REDACTED"),
			"http.request.header.authorization": strs("REDACTED"), "http.response.header.set-cookie": strs("REDACTED"),
			"http.response.header.content-length": strs("623"), "http.response.header.x-kong-proxy-latency": strs("45"),
			"http.request.header.accept": strs("*/*"),
		}, record.Attributes())
	})

	t.Run("18_refused_requests_join_on_the_request_id", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, kongRoot(attrMap{"http.status_code": 429}))
		record := rewriteRecord(t, recordSpec{Body: kongLine})
		requireAttrs(t, attrMap{"kong.request.id": "319d1e4e7862095f704a7d6c60e63260"}, span.Attributes())
		requireAttrs(t, attrMap{"kong.request.id": "cf9e194e897b1f64826669669c052b57"}, record.Attributes())
		runtime := rewriteRecord(t, recordSpec{
			Scope: "kong-internal", Attrs: attrMap{"request.id": "4738a6106d9aa03a38598e1ee749440b", "introspection.current.line": 5.0},
		})
		requireAttrs(t, attrMap{
			"kong.request.id": "4738a6106d9aa03a38598e1ee749440b", "request.id": nil, "introspection.current.line": 5,
		}, runtime.Attributes())
	})

	t.Run("rec03_client_abort", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, kongRoot(attrMap{"http.status_code": nil, "http.route": nil}))
		assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
		requireAttrs(t, attrMap{"error.type": "_OTHER", "http.response.status_code": nil}, span.Attributes())
		record := rewriteRecord(t, recordSpec{Body: `127.0.0.1 - - [21/Nov/2026:15:22:34 +0000] "GET /slow HTTP/1.1" 499 0 "-" "curl/7.88.1" kong_request_id: "d42b3f38fad4672de0d1285f060f0c41"`})
		requireAttrs(t, attrMap{"http.response.status_code": 499}, record.Attributes())
	})

	t.Run("rec04_request_that_is_no_http", func(t *testing.T) {
		t.Parallel()
		record := rewriteRecord(t, recordSpec{Body: `127.0.0.1 - - [21/Nov/2026:15:22:30 +0000] "\x16\x03\x01\x00\xA5garbage" 400 57 "-" "-" kong_request_id: "efbf8266134c2820c4cc132247c4bc44"`})
		requireAttrs(t, attrMap{
			"http.response.status_code": 400, "http.request.method": nil, "url.path": nil, "kong.request.id": "efbf8266134c2820c4cc132247c4bc44",
		}, record.Attributes())
		assert.Equal(t, plog.SeverityNumberWarn, record.SeverityNumber())
	})

	t.Run("rec05_stream_lines_share_the_file", func(t *testing.T) {
		t.Parallel()
		ld := gatewaytest.Record(t, recordSpec{Body: kongLine}, recordSpec{Body: "127.0.0.1 [21/Nov/2026:15:22:36 +0000] TCP 502 0 0 0.001"})
		stats := total(engine(t).Logs(ld))
		stream := gatewaytest.Records(ld)[1].Attributes()
		requireExactly(t, attrMap{
			"client.address": "127.0.0.1", "network.transport": "tcp", "gateway.connection.status": 502, "gateway.connection.bytes_received": 0,
			"gateway.connection.bytes_sent": 0, "gateway.connection.duration": 0.001,
		}, stream)
		assert.Zero(t, stats.Unparseable[gateway.ReasonProtocol], "TCP is no malformed HTTP version")
	})

	t.Run("rec15_statement_is_kept_as_sent", func(t *testing.T) {
		t.Parallel()
		// db.query.text is not sanitized by a rename: dropping it is the operator's decision, hiding parts of SQL is not ours.
		span := rewriteSpan(t, spanSpec{Scope: "kong-internal", Name: "kong.database.query", Kind: internal, Attrs: attrMap{"db.system": "postgres", "db.statement": "SELECT 1"}})
		requireAttrs(t, attrMap{"db.query.text": "SELECT 1", "db.statement": nil}, span.Attributes())
	})

	t.Run("rec16_zipkin_spans_come_one_by_one", func(t *testing.T) {
		t.Parallel()
		seen := make(map[string]int)
		for _, b := range gatewaytest.Find(t, "kong/3.9.3-zipkin.jsonl").Clone() {
			stats := engine(t).Traces(b.Traces)
			for _, s := range gatewaytest.Spans(b.Traces) {
				if !has(s.Attributes(), "kong.service_name") {
					continue
				}
				seen[s.Kind().String()]++
				assert.Equal(t, gateway.ID("kong"), stats[0].Gateway, s.Name())
				assert.Equal(t, str(s.Attributes(), "kong.service_name"), str(s.Attributes(), "gateway.upstream.service.name"), s.Name())
			}
		}
		assert.NotZero(t, seen["Client"])
	})

	t.Run("rec17_error_log_lines_pass", func(t *testing.T) {
		t.Parallel()
		for _, line := range []string{
			"2026/11/21 15:22:27 [info] 22585#0: [lua] node.lua:303: new(): kong node-id: 545a0dae",
			"stack traceback:\n\t[C]: in function 'error'\n\t[string \"error('boom')\"]:1: in main chunk",
		} {
			record, _, stats := rewriteRecordBy(t, engine(t), recordSpec{Body: line})
			require.Zero(t, record.Attributes().Len())
			require.Equal(t, line, record.Body().Str())
			require.Equal(t, gateway.Count{Unchanged: 1}, total(stats))
		}
	})
}

// kongAccess is an OTLP access log record of Kong Enterprise 3.14, types as in the printed example of its documentation.
func kongAccess(changes ...attrMap) recordSpec {
	return recordSpec{Scope: "api-access", Body: "GET /ok 200 119ms", Attrs: with(attrMap{
		"kong.request.id": "319d1e4e7862095f704a7d6c60e63260", "http.request.method": "GET", "url.path": "/ok", "url.query": "",
		"url.full": "http://localhost:8000/ok", "url.scheme": "http", "url.domain": "localhost", "url.port": 8000.0,
		"http.response.status_code": 200, "client.address": "192.168.107.1", "log.type": "access",
	}, changes...)}
}
