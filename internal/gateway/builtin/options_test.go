package builtin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// spanWith runs a span through an engine with changed options.
func spanWith(t *testing.T, spec spanSpec, change func(*gateway.Options)) ptrace.Span {
	t.Helper()
	span, _, _ := rewriteSpanBy(t, compile(t, change), spec)
	return span
}

func TestDuplicateMode(t *testing.T) {
	t.Parallel()
	duplicate := func(o *gateway.Options) { o.Mode = gateway.ModeDuplicate }

	t.Run("old and new names side by side", func(t *testing.T) {
		t.Parallel()
		span := spanWith(t, ingress(), duplicate)
		requireAttrs(t, attrMap{
			"http.method": "GET", "http.request.method": "GET", "http.status_code": "200", "http.response.status_code": 200,
			"peer.address": "127.0.0.1", "network.peer.address": "127.0.0.1", "request_size": "0", "http.request.body.size": 0,
			"guid:x-request-id": "5a3dd5c7-dcfe-9718-acee-05d00e0f3cb2", "http.protocol": "HTTP/1.1",
			"http.request.header.x-request-id": strs("5a3dd5c7-dcfe-9718-acee-05d00e0f3cb2"),
		}, span.Attributes())
		assert.Equal(t, "GET", span.Name())
	})

	t.Run("secrets are hidden in both", func(t *testing.T) {
		t.Parallel()
		span := spanWith(t, ingress(attrMap{"http.url": "http://al:pw@shop.example.com/ok?sig=abcd&user=1"}), duplicate)
		requireAttrs(t, attrMap{
			"http.url": "http://REDACTED:REDACTED@shop.example.com/ok?sig=REDACTED&user=1", "url.query": "sig=REDACTED&user=1",
		}, span.Attributes())
		agent := spanWith(t, agentSpan(), duplicate)
		requireAttrs(t, attrMap{"http.path": "/ok?user=1&sig=REDACTED", "url.query": "user=1&sig=REDACTED"}, agent.Attributes())
		kong := spanWith(t, kongRoot(), duplicate)
		requireAttrs(t, attrMap{"http.url": "http://shop.example.com/ok?user=1&sig=REDACTED"}, kong.Attributes())
		db := spanWith(t, spanSpec{Name: "q", Kind: client, Attrs: attrMap{"db.system": "mysql", "db.connection_string": "mysql://u:p@db:3306/x"}}, duplicate)
		requireAttrs(t, attrMap{"db.connection_string": nil, "server.address": "db", "server.port": 3306}, db.Attributes())
	})

	t.Run("absences go even so", func(t *testing.T) {
		t.Parallel()
		span := spanWith(t, ingress(), duplicate)
		requireAttrs(t, attrMap{"downstream_cluster": nil, "response_flags": nil}, span.Attributes())
	})

	t.Run("resource", func(t *testing.T) {
		t.Parallel()
		spec := krakendServer()
		_, resource, _ := rewriteSpanBy(t, compile(t, duplicate), spec)
		requireAttrs(t, attrMap{"deployment.environment": "prod", "deployment.environment.name": "prod"}, resource)
	})

	t.Run("no schema url is claimed", func(t *testing.T) {
		t.Parallel()
		td := gatewaytest.Span(t, ingress())
		compile(t, duplicate).Traces(td)
		assert.Empty(t, td.ResourceSpans().At(0).ScopeSpans().At(0).SchemaUrl())
	})
}

func TestSpanNamesKeep(t *testing.T) {
	t.Parallel()
	keep := func(o *gateway.Options) { o.SpanNames = gateway.SpanNamesKeep }
	e := compile(t, keep)
	td := gatewaytest.Span(t, ingress(), router())
	e.Traces(td)
	spans := gatewaytest.Spans(td)
	assert.Equal(t, "ingress", spans[0].Name())
	assert.Equal(t, "router kube_shop_cart_8080 egress", spans[1].Name())
	requireAttrs(t, attrMap{"http.request.method": "GET"}, spans[1].Attributes()) // filled all the same
	assert.Equal(t, "kong", spanWith(t, kongRoot(), keep).Name())
	assert.Equal(t, "ChatCompletion", spanWith(t, spanSpec{
		Scope: "envoyproxy/ai-gateway", Name: "ChatCompletion", Kind: internal,
		Attrs: attrMap{"openinference.span.kind": "LLM", "llm.model_name": "m"},
	}, keep).Name())
	// A name that is the raw request target stays, the secret in it does not.
	raw := agentSpan()
	raw.Name = "GET /ok?user=1&sig=abcd"
	assert.Equal(t, "GET /ok?user=1&sig=REDACTED", spanWith(t, raw, keep).Name())
}

func TestSpanStatusKeep(t *testing.T) {
	t.Parallel()
	keep := func(o *gateway.Options) { o.SpanStatus = gateway.SpanStatusKeep }
	for name, spec := range map[string]spanSpec{
		"kong 502": kongRoot(attrMap{"http.status_code": 502}), "envoy hang-up": ingress(attrMap{"http.status_code": "0", "error": "true", "response_flags": "DC"}),
	} {
		span := spanWith(t, spec, keep)
		assert.Equal(t, ptrace.StatusCodeUnset, span.Status().Code(), name)
		requireAttrs(t, attrMap{"error.type": nil}, span.Attributes())
	}
	ok := spanWith(t, krakendServer(), keep)
	assert.Equal(t, ptrace.StatusCodeOk, ok.Status().Code())
	e := compile(t, keep)
	td := gatewaytest.Span(t, ingress(attrMap{"http.status_code": "504", "response_flags": "UT", "error": "true"}),
		router(attrMap{"http.status_code": "0", "canceled": "true", "error": "true"}))
	e.Traces(td)
	assert.Equal(t, ptrace.StatusCodeUnset, gatewaytest.Spans(td)[1].Status().Code(), "what a parent proves is no exception")
}

func TestBodySizeAsHeader(t *testing.T) {
	t.Parallel()
	span := spanWith(t, spanSpec{Name: "x", Kind: server, Attrs: attrMap{
		"http.method": "GET", "http.request_content_length": 12, "http.response_content_length": "34",
	}}, func(o *gateway.Options) { o.BodySizeAs = gateway.BodySizeHeader })
	requireExactly(t, attrMap{
		"http.request.method": "GET", "http.request.header.content-length": strs("12"), "http.response.header.content-length": strs("34"),
	}, span.Attributes())
	envoySpan := spanWith(t, ingress(), func(o *gateway.Options) { o.BodySizeAs = gateway.BodySizeHeader })
	requireAttrs(t, attrMap{"http.request.body.size": 0, "http.request.header.content-length": nil}, envoySpan.Attributes()) // what Envoy counts is no header
}

func TestKnownMethods(t *testing.T) {
	t.Parallel()
	purge := func(o *gateway.Options) { o.KnownMethods = []string{"GET", "PURGE"} }
	span := spanWith(t, kongRoot(attrMap{"http.method": "PURGE"}), purge)
	requireAttrs(t, attrMap{"http.request.method": "PURGE", "http.request.method_original": nil}, span.Attributes())
	post := spanWith(t, kongRoot(attrMap{"http.method": "POST"}), purge) // a full replacement, not an addition
	requireAttrs(t, attrMap{"http.request.method": "_OTHER", "http.request.method_original": "POST"}, post.Attributes())
	assert.Equal(t, "HTTP /ok", post.Name())
	folded := rewriteSpan(t, kongRoot(attrMap{"http.method": "gEt"}))
	requireAttrs(t, attrMap{"http.request.method": "GET", "http.request.method_original": "gEt"}, folded.Attributes())
}

func TestSensitiveQuery(t *testing.T) {
	t.Parallel()
	spec := kongRoot(attrMap{"http.url": "http://x/ok?sig=a&token=b&TOKEN=c"})
	requireAttrs(t, attrMap{"url.query": "sig=REDACTED&token=b&TOKEN=c"}, rewriteSpan(t, spec).Attributes())
	own := spanWith(t, spec, func(o *gateway.Options) { o.SensitiveQuery = []string{"token"} })
	requireAttrs(t, attrMap{"url.query": "sig=a&token=REDACTED&TOKEN=c"}, own.Attributes())
	folded := spanWith(t, spec, func(o *gateway.Options) { o.SensitiveQuery, o.SensitiveQueryFoldCase = []string{"Token"}, true })
	requireAttrs(t, attrMap{"url.query": "sig=a&token=REDACTED&TOKEN=REDACTED"}, folded.Attributes())
	none := spanWith(t, spec, func(o *gateway.Options) { o.SensitiveQuery = nil })
	requireAttrs(t, attrMap{"url.query": "sig=a&token=b&TOKEN=c"}, none.Attributes())
}

func TestSensitiveHeaders(t *testing.T) {
	t.Parallel()
	spec := spanSpec{Name: "x", Kind: server, Attrs: attrMap{
		"http.method": "GET", "http.request.header.authorization": []any{"Bearer x", "Basic y"}, "http.request.header.Cookie": "a=b",
		"http.request.header.x_forwarded_for": []any{"10.0.0.9"}, "http.request.header.x_my_own": []any{"v"},
		"http.response.header.location": []any{"https://al:pw@x/?sig=abcd"},
	}}
	requireExactly(t, attrMap{
		"http.request.method": "GET", "http.request.header.authorization": strs("REDACTED", "REDACTED"),
		"http.request.header.cookie": strs("REDACTED"), "http.request.header.x-forwarded-for": strs("10.0.0.9"),
		"http.request.header.x_my_own":  strs("v"), // '_' may be part of the name: only known headers are respelled
		"http.response.header.location": strs("https://REDACTED:REDACTED@x/?sig=REDACTED"),
	}, rewriteSpan(t, spec).Attributes())
	own := spanWith(t, spec, func(o *gateway.Options) {
		o.SensitiveHeaders, o.DashedHeaders = []string{"X-My-Own"}, []string{"x-my-own"}
	})
	requireAttrs(t, attrMap{
		"http.request.header.x-my-own": strs("REDACTED"), "http.request.header.authorization": strs("Bearer x", "Basic y"),
		"http.request.header.x_forwarded_for": strs("10.0.0.9"),
	}, own.Attributes())
}

func TestLogBodiesKeep(t *testing.T) {
	t.Parallel()
	keep := compile(t, func(o *gateway.Options) { o.LogBodies = gateway.LogBodiesKeep })
	record, _, stats := rewriteRecordBy(t, keep, recordSpec{Body: kongLine})
	assert.Equal(t, gateway.Stats{{Gateway: gateway.Unknown, Unchanged: 1}}, stats)
	assert.Zero(t, record.Attributes().Len())
	require.Equal(t, kongLine, record.Body().Str())
	// Attributes are rewritten all the same.
	record, _, _ = rewriteRecordBy(t, keep, envoyGatewayRecord())
	requireAttrs(t, attrMap{"http.response.status_code": 200}, record.Attributes())
}

func TestOptionalRules(t *testing.T) {
	t.Parallel()
	for option, c := range map[string]struct {
		spec    spanSpec
		off, on attrMap
	}{
		"genai_next": {
			agentSpan(attrMap{"gen_ai.usage.cache_creation.input_tokens": 5, "gen_ai.usage.input_audio_tokens": 2, "gen_ai.request.top_k": 3.0}),
			attrMap{"gen_ai.usage.cache_creation.input_tokens": 5, "gen_ai.usage.input_audio_tokens": 2, "gen_ai.request.top_k": 3.0},
			attrMap{
				"gen_ai.usage.cache_write.input_tokens": 5, "gen_ai.usage.audio.input_tokens": 2, "gen_ai.request.top_k": 3,
				"gen_ai.usage.cache_creation.input_tokens": nil, "gen_ai.usage.input_audio_tokens": nil,
			},
		},
		"pii": {agentSpan(attrMap{"jwt.sub": "alice"}), attrMap{"jwt.sub": "alice", "user.id": nil}, attrMap{"user.id": "alice", "jwt.sub": nil}},
		"session": {
			spanSpec{Name: "x", Attrs: attrMap{"openinference.span.kind": "LLM", "session.id": "s1"}},
			attrMap{"session.id": "s1", "gen_ai.conversation.id": nil},
			attrMap{"session.id": "s1", "gen_ai.conversation.id": "s1"},
		},
		"request_id": {
			ingress(attrMap{"request-id": "r1", "guid:x-request-id": nil}),
			attrMap{"request-id": "r1"},
			attrMap{"http.request.header.x-request-id": strs("r1"), "request-id": nil},
		},
		"downstream_cluster": {
			ingress(attrMap{"downstream_cluster": "web"}),
			attrMap{"downstream_cluster": "web", "client.service.name": nil},
			attrMap{"client.service.name": "web", "downstream_cluster": nil},
		},
		"time_to_first_chunk": {
			spanSpec{Name: "x", Attrs: attrMap{"langfuse.observation.completion_start_time": `"2026-11-21T15:57:28.623456789Z"`}},
			attrMap{"gen_ai.response.time_to_first_chunk": nil},
			attrMap{"gen_ai.response.time_to_first_chunk": 0.5, "langfuse.observation.completion_start_time": nil},
		},
	} {
		off := rewriteSpan(t, c.spec)
		requireAttrs(t, c.off, off.Attributes())
		on := spanWith(t, c.spec, func(o *gateway.Options) { o.Optional = []string{option} })
		requireAttrs(t, c.on, on.Attributes())
	}
}
