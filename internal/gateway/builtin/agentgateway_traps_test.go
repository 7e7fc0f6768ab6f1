package builtin

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// agentTags is the key list of an HTTP request behind agentgateway 1.4.1 (crates/agentgateway/src/telemetry/log.rs), as
// recorded: spans, OTLP records and stdout lines share it.
var agentTags = attrMap{
	"gateway": "default/default", "listener": "main", "route": "shop/exact-route", "endpoint": "127.0.0.1:16080",
	"src.addr": "127.0.0.1:51078", "http.method": "GET", "http.host": "shop.example.com", "http.path": "/ok?user=1&sig=abcd",
	"http.version": "HTTP/1.1", "http.status": 200, "trace.id": "4bf92f3577b34da6a3ce929d0e0e4736", "span.id": "0000000000000001",
	"protocol": "http", "duration": "3165ms",
}

func agentSpan(changes ...attrMap) spanSpec {
	return spanSpec{
		Scope: "agentgateway", Resource: attrMap{"service.name": "agentgateway", "service.version": "1.4.1"}, Name: "GET /ok", Kind: server,
		Attrs: with(agentTags, append([]attrMap{{"url.scheme": "http", "network.protocol.version": "1.1", "http.version": nil}}, changes...)...),
	}
}

func agentRecord(changes ...attrMap) recordSpec {
	return recordSpec{
		Scope: "request", Resource: attrMap{"service.name": "agentgateway"}, Attrs: with(agentTags, changes...),
		Observed: 1_795_276_648_123_456_000, Severity: plog.SeverityNumberInfo,
	}
}

// agentLine is the same as a line of stdout; the three values are timestamp, model and what follows.
func agentLine(timestamp, model, rest string) string {
	return timestamp + "\tinfo\trequest gateway=default/default listener=main route=shop/exact-route endpoint=127.0.0.1:16080 " +
		"src.addr=127.0.0.1:51078 http.method=GET http.host=shop.example.com http.path=/ok http.version=HTTP/1.1 http.status=200 " +
		"trace.id=4bf92f3577b34da6a3ce929d0e0e4736 span.id=00f067aa0ba902b7 protocol=llm gen_ai.request.model=" + model +
		" gen_ai.usage.input_tokens=8" + rest + " duration=3165ms"
}

// TestAgentgatewayTraps has one test per trap of agentgateway and per fact of the recordings ("rec"). Not tested here:
//
//	14 of what the scope name "request" collides with: detection is tested by every record here
//	rec 2, 3, 4, 8: export intervals, user agents, endpoint paths and what the gateway drops itself
//	rec 9, 11: connections without spans, ids of spans that never arrive: nothing to read
//	rec 12 (the session id's content), 13, 14 (second half): what no attribute says
func TestAgentgatewayTraps(t *testing.T) {
	t.Parallel()

	t.Run("01_duration_is_text_with_a_unit", func(t *testing.T) {
		t.Parallel()
		requireAttrs(t, attrMap{"duration": nil, "gateway.request.duration": 3.165}, rewriteRecord(t, agentRecord()).Attributes())
		requireAttrs(t, attrMap{"duration": nil}, rewriteSpan(t, agentSpan()).Attributes())
		requireAttrs(t, attrMap{"gateway.request.duration": 0.0}, rewriteRecord(t, agentRecord(attrMap{"duration": "0ms"})).Attributes())
	})

	t.Run("02_ids_are_repeated_as_attributes", func(t *testing.T) {
		t.Parallel()
		requireAttrs(t, attrMap{"trace.id": nil, "span.id": nil}, rewriteSpan(t, agentSpan()).Attributes())
		record := rewriteRecord(t, agentRecord(attrMap{"span.id": "00f067aa0ba902b7"}))
		requireAttrs(t, attrMap{"trace.id": nil, "span.id": nil}, record.Attributes())
		assert.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", record.TraceID().String())
		assert.Equal(t, "00f067aa0ba902b7", record.SpanID().String())
		spec := agentRecord() // another trace than the record's own: the record keeps its, the attribute stays
		spec.TraceID = pcommon.TraceID{1}
		other := rewriteRecord(t, spec)
		assert.Equal(t, pcommon.TraceID{1}, other.TraceID())
		requireAttrs(t, attrMap{"trace.id": "4bf92f3577b34da6a3ce929d0e0e4736"}, other.Attributes())
	})

	t.Run("03_fraction_is_microseconds_without_padding", func(t *testing.T) {
		t.Parallel()
		second := time.Date(2026, time.August, 21, 10, 15, 1, 0, time.UTC)
		for fraction, want := range map[string]time.Duration{
			"123": 123 * time.Microsecond, "45": 45 * time.Microsecond, "5": 5 * time.Microsecond, "123456": 123456 * time.Microsecond,
			"000045": 45 * time.Microsecond,
		} {
			stamp := "2026-08-21T10:15:01." + fraction + "Z"
			text := rewriteRecord(t, recordSpec{Body: agentLine(stamp, "m", "")})
			assert.Equal(t, second.Add(want), text.Timestamp().AsTime(), "text %s", stamp)
			json := rewriteRecord(t, recordSpec{Body: fmt.Sprintf(`{"level":"info","time":%q,"scope":"request","gateway":"default/default",`+
				`"src.addr":"127.0.0.1:51078","http.method":"GET","http.host":"x","http.path":"/","http.version":"HTTP/1.1","http.status":200,"duration":"0ms"}`, stamp)})
			assert.Equal(t, second.Add(want), json.Timestamp().AsTime(), "JSON %s", stamp)
			requireAttrs(t, attrMap{"time": nil, "level": nil, "scope": nil}, json.Attributes())
		}
	})

	t.Run("04_raw_values_cannot_inject_fields", func(t *testing.T) {
		t.Parallel()
		record := rewriteRecord(t, recordSpec{Body: agentLine("2026-08-21T10:15:01.5Z", `weird model=x status=999 "quoted"`, "")})
		requireAttrs(t, attrMap{
			"gen_ai.request.model": `weird model=x status=999 "quoted"`, "http.response.status_code": 200, "gen_ai.usage.input_tokens": 8,
		}, record.Attributes())
	})

	t.Run("05_scheme_is_always_http", func(t *testing.T) {
		t.Parallel()
		requireAttrs(t, attrMap{"url.scheme": "http"}, rewriteSpan(t, agentSpan()).Attributes()) // nothing says better
	})

	t.Run("06_path_holds_the_query", func(t *testing.T) {
		t.Parallel()
		for _, attrs := range []pcommon.Map{rewriteSpan(t, agentSpan()).Attributes(), rewriteRecord(t, agentRecord()).Attributes()} {
			requireAttrs(t, attrMap{"url.path": "/ok", "url.query": "user=1&sig=REDACTED", "http.path": nil}, attrs)
		}
		e := compile(t, func(o *gateway.Options) { o.SensitiveQuery = []string{"key"} })
		span, _, _ := rewriteSpanBy(t, e, agentSpan(attrMap{"http.path": "/v1?key=AIzaSECRET"}))
		requireAttrs(t, attrMap{"url.query": "key=REDACTED"}, span.Attributes())
	})

	t.Run("07_upstream_5xx_is_unset", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, agentSpan(attrMap{"http.status": 503}))
		assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
		requireAttrs(t, attrMap{"error.type": "503"}, span.Attributes())
		clientSpan := rewriteSpan(t, spanSpec{Scope: "agentgateway", Name: "GET", Kind: client, Attrs: attrMap{
			"agentgateway.outbound.kind": "Primary", "agentgateway.outbound.subtype": "Http", "http.method": "GET", "http.host": "localhost",
			"http.path": "/status/503", "http.status": 503,
		}})
		assert.Equal(t, ptrace.StatusCodeError, clientSpan.Status().Code())
		requireAttrs(t, attrMap{"error.type": "503", "server.address": "localhost"}, clientSpan.Attributes())
	})

	t.Run("08_old_spans_start_with_the_connection", func(t *testing.T) {
		t.Parallel()
		spec := agentSpan(attrMap{"route": "exact-route", "gateway": "bind/15080"})
		spec.Resource, spec.Name = attrMap{"service.name": "agentgateway", "service.version": "0.9.0"}, "GET /ok?user=1&sig=abcd"
		span := rewriteSpan(t, spec)
		assert.Equal(t, "GET", span.Name(), "up to 0.10.2 the raw path")
		// The span's own length is the connection's: only the attribute tells the request's.
		requireAttrs(t, attrMap{"gateway.request.duration": 3.165, "gateway.listener.port": 15080, "gateway.route.name": "exact-route"}, span.Attributes())
		purge := agentSpan(attrMap{"http.method": "PURGE", "http.path": "/api/x"})
		purge.Resource, purge.Name = attrMap{"service.name": "agentgateway", "service.version": "0.9.0"}, "PURGE /api/x"
		assert.Equal(t, "HTTP", rewriteSpan(t, purge).Name())
		current := agentSpan()
		assert.Equal(t, "GET /ok", rewriteSpan(t, current).Name(), "since 0.10.3 the route's path match")
	})

	t.Run("09_outbound_mcp_spans_of_kind_server", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, spanSpec{Scope: "agentgateway", Name: "tools/call fakehttp", Kind: server, ParentID: 9})
		assert.Equal(t, server, span.Kind(), "a kind is never overwritten")
		assert.Equal(t, "tools/call fakehttp", span.Name())
		assert.Equal(t, ptrace.StatusCodeUnset, span.Status().Code(), "without a method nothing says that an answer is missing")
	})

	t.Run("10_costs_are_text_and_times_are_seconds", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, agentSpan(attrMap{"agw.ai.usage.cost.total": "0.000123", "agw.ai.time_per_output_token": 0.048}))
		requireAttrs(t, attrMap{"agw.ai.usage.cost.total": "0.000123", "agw.ai.time_per_output_token": 0.048}, span.Attributes())
	})

	t.Run("11_records_have_no_time_and_no_body", func(t *testing.T) {
		t.Parallel()
		record := rewriteRecord(t, agentRecord())
		assert.Equal(t, record.ObservedTimestamp(), record.Timestamp())
		assert.Equal(t, pcommon.ValueTypeEmpty, record.Body().Type())
		assert.Equal(t, plog.SeverityNumberError, rewriteRecord(t, agentRecord(attrMap{"http.status": 503})).SeverityNumber(), "INFO says nothing")
	})

	t.Run("12_log_resource_is_not_the_span_resource", func(t *testing.T) {
		t.Parallel()
		spec := agentSpan()
		spec.Resource = attrMap{"service.name": "edge-gw"} // by tracing policy; the scope is still agentgateway's
		_, resource, stats := rewriteSpanBy(t, engine(t), spec)
		assert.Equal(t, gateway.ID("agentgateway"), stats[0].Gateway)
		requireExactly(t, attrMap{"service.name": "edge-gw"}, resource)
	})

	t.Run("13_request_id_is_a_counter", func(t *testing.T) {
		t.Parallel()
		requireAttrs(t, attrMap{"request.id": 42, "connection.id": 17, "http.request.header.x-request-id": nil},
			rewriteSpan(t, agentSpan(attrMap{"request.id": 42, "connection.id": 17})).Attributes())
	})

	t.Run("instance_id_names_the_pod", func(t *testing.T) {
		t.Parallel()
		spec := agentSpan()
		spec.Resource = attrMap{"service.instance.id": "agentgateway~10.244.0.9~edge-7d9c-x2x9z.gw-system~gw-system.svc.cluster.local"}
		_, resource, _ := rewriteSpanBy(t, engine(t), spec)
		requireAttrs(t, attrMap{"k8s.pod.name": "edge-7d9c-x2x9z", "k8s.namespace.name": "gw-system", "k8s.pod.ip": "10.244.0.9"}, resource)
	})

	t.Run("rec01_old_scope_is_the_service_name", func(t *testing.T) {
		t.Parallel()
		spec := agentSpan() // 0.11.1 to 1.0.0
		spec.Scope = "edge-gw"
		_, _, stats := rewriteSpanBy(t, engine(t), spec)
		assert.Equal(t, gateway.ID("agentgateway"), stats[0].Gateway)
	})

	t.Run("rec05_literal_fields_do_not_prove_a_model_call", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, agentSpan(attrMap{"openinference.span.kind": "LLM", "gen_ai.operation.name": "chat"}))
		requireAttrs(t, attrMap{"http.request.method": "GET", "gen_ai.operation.name": "chat", "openinference.span.kind": "LLM"}, span.Attributes())
		assert.Equal(t, "GET /ok", span.Name(), "no model call's name for a plain request")
	})

	t.Run("rec06_example_field_sets", func(t *testing.T) {
		t.Parallel()
		e := compile(t, func(o *gateway.Options) { o.Content = gateway.ContentConvert })
		span, _, _ := rewriteSpanBy(t, e, agentSpan(attrMap{ // Phoenix: "message." on one side only
			"openinference.span.kind": "LLM", "llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "hi",
			"llm.output_messages.0.role": "assistant", "llm.output_messages.0.content": "hello", "llm.is_streaming": "true",
		}))
		requireAttrs(t, attrMap{
			"gen_ai.input.messages":  []any{map[string]any{"role": "user", "parts": []any{map[string]any{"type": "text", "content": "hi"}}}},
			"gen_ai.output.messages": []any{map[string]any{"role": "assistant", "parts": []any{map[string]any{"type": "text", "content": "hello"}}}},
			"gen_ai.request.stream":  true, "llm.is_streaming": nil, "llm.input_messages.0.message.role": nil, "llm.output_messages.0.role": nil,
		}, span.Attributes())
	})

	t.Run("rec07_a_field_replaces_a_built_in_and_its_type", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, agentSpan(attrMap{"http.status": "503"}))
		requireAttrs(t, attrMap{"http.response.status_code": 503, "error.type": "503"}, span.Attributes())
		gone := rewriteSpan(t, agentSpan(attrMap{"http.status": nil}))
		assert.Equal(t, ptrace.StatusCodeError, gone.Status().Code(), "as a client abort: the two look alike")
	})

	t.Run("rec14_mcp_error_inside_a_200", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, agentSpan(attrMap{
			"protocol": "mcp", "mcp.method.name": "tools/call", "mcp.resource.type": "tool", "gen_ai.tool.name": "nope",
			"mcp.error.code": -32602, "mcp.error.message": `Unknown tool: "nope"`,
		}))
		requireAttrs(t, attrMap{"rpc.status_code": "-32602", "mcp.error.code": nil, "gen_ai.tool.name": "nope", "mcp.method.name": "tools/call"}, span.Attributes())
		assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
		assert.Equal(t, `Unknown tool: "nope"`, span.Status().Message())
		requireAttrs(t, attrMap{"error.type": "-32602", "http.response.status_code": 200}, span.Attributes())
	})

	t.Run("rec15_types_of_added_fields_are_the_users", func(t *testing.T) {
		t.Parallel()
		added := attrMap{"x.bool": "true", "x.int": 42, "x.map": `{"a": 1, "b": "c"}`, "x.list": `["x", 1, true, ()]`}
		requireAttrs(t, added, rewriteSpan(t, agentSpan(added)).Attributes())
	})

	t.Run("rec16_model_with_a_newline_breaks_the_line", func(t *testing.T) {
		t.Parallel()
		whole := agentLine("2026-08-21T10:15:01.5Z", "weird\n\tinjected", "")
		first, _, _ := rewriteRecordBy(t, engine(t), recordSpec{Body: whole[:len(whole)-len("\tinjected gen_ai.usage.input_tokens=8 duration=3165ms")-1]})
		requireAttrs(t, attrMap{"http.response.status_code": 200, "gen_ai.request.model": "weird"}, first.Attributes())
		second, _, stats := rewriteRecordBy(t, engine(t), recordSpec{Body: "\tinjected gen_ai.usage.input_tokens=8 duration=3165ms"})
		require.Zero(t, second.Attributes().Len())
		require.Equal(t, 1, total(stats).Unchanged)
	})

	t.Run("rec17_client_abort", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, agentSpan(attrMap{"http.status": nil}))
		assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
		requireAttrs(t, attrMap{"error.type": "_OTHER", "http.response.status_code": nil}, span.Attributes())
	})

	t.Run("key_history", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct{ in, want attrMap }{
			{
				attrMap{"llm.provider": "gemini", "llm.request.model": "", "llm.request.tokens": 8, "llm.response.model": "g", "llm.response.tokens": 3},
				attrMap{
					"gen_ai.provider.name": "gcp.gemini", "gen_ai.request.model": nil, "gen_ai.usage.input_tokens": 8, "gen_ai.response.model": "g",
					"gen_ai.usage.output_tokens": 3, "llm.provider": nil, "llm.request.model": nil, "llm.request.tokens": nil,
				},
			},
			{attrMap{"llm.provider": "vertex"}, attrMap{"gen_ai.provider.name": "gcp.vertex_ai"}},
			{attrMap{"llm.provider": "bedrock"}, attrMap{"gen_ai.provider.name": "aws.bedrock"}},
			{attrMap{"gen_ai.system": "openai", "gen_ai.provider.name": "openai"}, attrMap{"gen_ai.provider.name": "openai", "gen_ai.system": nil}},
			{
				attrMap{"mcp.method": "tools/call", "mcp.tool": "echo", "mcp.target": "s"},
				attrMap{"mcp.method.name": "tools/call", "gen_ai.tool.name": "echo", "mcp.target": "s", "mcp.method": nil, "mcp.tool": nil},
			},
			{attrMap{"mcp.resource.name": "greet", "mcp.resource.type": "prompt"}, attrMap{"gen_ai.prompt.name": "greet", "mcp.resource.name": nil}},
			{attrMap{"mcp.resource": "memo://a", "mcp.resource.type": "resource"}, attrMap{"mcp.resource.uri": "memo://a", "mcp.resource": nil}},
			{attrMap{"gen_ai.usage.reasoning_tokens": 3}, attrMap{"gen_ai.usage.reasoning.output_tokens": 3}},
			{attrMap{"gen_ai.request.encoding_formats": "float"}, attrMap{"gen_ai.request.encoding_formats": strs("float")}},
			{attrMap{"retry.attempt": 2}, attrMap{"http.request.resend_count": 2, "retry.attempt": nil}},
			{attrMap{"grpc.status": 14, "http.path": "/p.S/M"}, attrMap{"rpc.status_code": "UNAVAILABLE", "rpc.method": "p.S/M", "rpc.system.name": "grpc"}},
		} {
			requireAttrs(t, c.want, rewriteSpan(t, agentSpan(c.in)).Attributes())
		}
	})
}

// TestRecordsWithoutAnswer: a record that tells of a request and of no answer tells of a failure, as the span does.
func TestRecordsWithoutAnswer(t *testing.T) {
	t.Parallel()
	record := rewriteRecord(t, agentRecord(attrMap{"http.status": nil}))
	assert.Equal(t, plog.SeverityNumberError, record.SeverityNumber())
	requireAttrs(t, attrMap{"error.type": "_OTHER"}, record.Attributes())
	envoy := rewriteRecord(t, envoyGatewayRecord(attrMap{"response_code": "0", "response_flags": "DC"}))
	assert.Equal(t, plog.SeverityNumberError, envoy.SeverityNumber())
	requireAttrs(t, attrMap{"error.type": "DC"}, envoy.Attributes())
}
