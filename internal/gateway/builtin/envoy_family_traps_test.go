package builtin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// kgatewayResource is what kgateway 2.4.2 gives its access log records (2.2.0: the four labels and service.name).
var kgatewayResource = attrMap{
	"log_name": "kgw_otlp", "zone_name": "region-1a", "cluster_name": "http.kgateway-system",
	"node_name": "http-c7f65bbb-8dh28.kgateway-system", "service.name": "http.kgateway-system", "k8s.container.name": "kgateway-proxy",
}

// TestKgatewayTraps: what kgateway does with Envoy (kgateway 2.4.2 and 2.2.0, recorded).
func TestKgatewayTraps(t *testing.T) {
	t.Parallel()

	t.Run("clusters_name_services_and_backends", func(t *testing.T) {
		t.Parallel()
		for cluster, want := range map[string]attrMap{
			"kube_shop_cart_8080": {
				"gateway.upstream.service.namespace": "shop", "gateway.upstream.service.name": "cart", "gateway.upstream.service.port": 8080,
			},
			"backend_shop_cart-static_0": {
				"gateway.upstream.backend.namespace": "shop", "gateway.upstream.backend.name": "cart-static",
			},
			"kube_shop_cart_http":      {"gateway.upstream.service.name": nil}, // no port: not a cluster of this form
			"kube-svc:shop-cart-8080_": {"gateway.upstream.service.name": nil}, // '-' is ambiguous
		} {
			got := rewriteSpan(t, ingress(attrMap{"upstream_cluster": cluster, "upstream_cluster.name": cluster})).Attributes()
			requireAttrs(t, want, got)
			requireAttrs(t, attrMap{"upstream_cluster": cluster}, got)
		}
	})

	t.Run("node_name_ends_with_the_namespace", func(t *testing.T) {
		t.Parallel()
		for node, want := range map[string][2]any{
			"http-c7f65bbb-8dh28.kgateway-system": {"http-c7f65bbb-8dh28", "kgateway-system"},
			"edge.v2-0.kgateway-system":           {"edge.v2-0", "kgateway-system"}, // pod names may hold dots
			"nodots":                              {nil, nil},
		} {
			_, resource, _ := rewriteRecordBy(t, engine(t), recordSpec{
				Resource: with(kgatewayResource, attrMap{"node_name": node}), Attrs: attrMap{"http.response.status_code": "200"},
			})
			requireAttrs(t, attrMap{"k8s.pod.name": want[0], "k8s.namespace.name": want[1], "node_name": node}, resource)
		}
		_, resource, _ := rewriteSpanBy(t, engine(t), ingress(attrMap{"node_id": "edge.v2-0.kgateway-system"}))
		requireAttrs(t, attrMap{"k8s.pod.name": "edge.v2-0", "k8s.namespace.name": "kgateway-system"}, resource)
	})

	t.Run("node_name_never_beats_the_sender", func(t *testing.T) {
		t.Parallel()
		_, resource, _ := rewriteRecordBy(t, engine(t), recordSpec{
			Resource: with(kgatewayResource, attrMap{"k8s.pod.name": "mine", "service.name": "unknown_service:envoy"}),
			Attrs:    attrMap{"http.response.status_code": "200"},
		})
		requireAttrs(t, attrMap{"k8s.pod.name": "mine", "service.name": "http.kgateway-system"}, resource)
	})

	t.Run("unexpanded_resource_attribute", func(t *testing.T) {
		t.Parallel()
		_, resource, _ := rewriteRecordBy(t, engine(t), recordSpec{
			Resource: with(kgatewayResource, attrMap{"k8s.pod.uid": "%ENVIRONMENT(POD_UID)%"}),
			Attrs:    attrMap{"http.response.status_code": "200", "k8s.pod.uid": "0e2a9907-fb0e-469d-81f1-50fa0bf4c890"},
		})
		uid, ok := resource.Get("k8s.pod.uid")
		assert.True(t, !ok || uid.Str() == "0e2a9907-fb0e-469d-81f1-50fa0bf4c890", "a placeholder is no pod: %v", resource.AsRaw())
	})

	t.Run("route_name_is_opaque", func(t *testing.T) {
		t.Parallel()
		const name = "listener~8080~shop_example_com-route-2-httproute-shop-shop-2-0-matcher-0"
		record := rewriteRecord(t, recordSpec{
			Resource: kgatewayResource, Attrs: attrMap{"route_name": name, "http.response.status_code": "200"},
		})
		requireAttrs(t, attrMap{"gateway.route.id": name, "gateway.route.name": nil, "http.route": nil, "route_name": nil}, record.Attributes())
	})

	t.Run("record_with_nothing_but_ids", func(t *testing.T) {
		t.Parallel()
		record, _, stats := rewriteRecordBy(t, engine(t), recordSpec{
			Resource: kgatewayResource, Time: gatewaytest.Start, TraceID: gatewaytest.TraceID, SpanID: pcommon.SpanID{1},
		})
		assert.Zero(t, record.Attributes().Len())
		assert.Equal(t, plog.SeverityNumberUnspecified, record.SeverityNumber(), "nothing says how it ended")
		assert.Equal(t, 1, total(stats).Unchanged)
	})

	t.Run("route_timeout", func(t *testing.T) {
		t.Parallel()
		timeout := attrMap{"http.status_code": "0", "canceled": "true", "error": "true"}
		spans := rewriteSpans(t,
			ingress(attrMap{"http.status_code": "504", "response_flags": "UT", "error": "true"}), router(timeout))
		assert.Equal(t, ptrace.StatusCodeError, spans[0].Status().Code())
		requireAttrs(t, attrMap{"error.type": "504"}, spans[0].Attributes())
		assert.Equal(t, ptrace.StatusCodeError, spans[1].Status().Code(), "the parent proves a timeout")
		requireAttrs(t, attrMap{"error.type": "UT"}, spans[1].Attributes())
	})

	t.Run("caller_left", func(t *testing.T) {
		t.Parallel()
		spans := rewriteSpans(t,
			ingress(attrMap{"http.status_code": "0", "response_flags": "DC", "error": "true", "user_agent": "-"}),
			router(attrMap{"http.status_code": "0", "canceled": "true", "error": "true"}))
		assert.Equal(t, ptrace.StatusCodeError, spans[0].Status().Code())
		assert.Equal(t, ptrace.StatusCodeUnset, spans[1].Status().Code(), "an attempt given up on purpose is no error (1.41)")
		requireAttrs(t, attrMap{"error.type": nil}, spans[1].Attributes())
	})

	t.Run("policy_refusals_are_no_server_error", func(t *testing.T) {
		t.Parallel()
		for code, flag := range map[string]string{"403": "UAEX", "429": "RL"} {
			span := rewriteSpan(t, ingress(attrMap{"http.status_code": code, "response_flags": flag}))
			assert.Equal(t, ptrace.StatusCodeUnset, span.Status().Code())
			requireAttrs(t, attrMap{"error.type": nil, "response_flags": flag}, span.Attributes())
		}
	})

	t.Run("failing_policy_call", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, spanSpec{
			Scope: "envoy", Name: "async envoy.service.auth.v3.Authorization.Check egress", Kind: client, Status: ptrace.StatusCodeError,
			Attrs: attrMap{
				"component": "proxy", "upstream_cluster": "kube_shop_authz_9000", "upstream_address": "kube_shop_authz_9000",
				"grpc.status_code": "14", "error": "true",
			},
		})
		assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
		requireAttrs(t, attrMap{"rpc.status_code": "UNAVAILABLE", "error.type": "UNAVAILABLE", "error": nil}, span.Attributes())
	})

	t.Run("mirror_is_an_upstream_span", func(t *testing.T) {
		t.Parallel()
		mirror := router()
		mirror.Name = "mirror"
		spans := rewriteSpans(t, ingress(), mirror)
		requireAttrs(t, attrMap{"http.request.method": "GET", "http.response.status_code": 200, "network.peer.port": 18080}, spans[1].Attributes())
	})

	t.Run("no_zone_in_2.2.0", func(t *testing.T) {
		t.Parallel()
		requireAttrs(t, attrMap{"zone": nil}, rewriteSpan(t, ingress(attrMap{"zone": ""})).Attributes())
	})
}

// TestIstioTraps: empty log resource, decorators, sidecars (Istio 1.28).
func TestIstioTraps(t *testing.T) {
	t.Parallel()
	const node = "router~10.244.0.9~istio-ingressgateway-7c9d8f-abcde.istio-system~istio-system.svc.cluster.local"

	t.Run("node_id_names_the_pod", func(t *testing.T) {
		t.Parallel()
		_, resource, _ := rewriteSpanBy(t, engine(t), ingress(attrMap{
			"node_id": node, "istio.mesh_id": "cluster.local", "upstream_cluster": "outbound|8080||cart.shop.svc.cluster.local",
		}))
		requireAttrs(t, attrMap{"k8s.pod.name": "istio-ingressgateway-7c9d8f-abcde", "k8s.namespace.name": "istio-system"}, resource)
	})

	t.Run("cluster_names_service_port_and_subset", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, router(attrMap{"upstream_cluster": "outbound|8080|v2|cart.shop.svc.cluster.local"}))
		requireAttrs(t, attrMap{
			"gateway.upstream.service.host": "cart.shop.svc.cluster.local", "gateway.upstream.service.port": 8080,
			"gateway.upstream.service.subset": "v2", "server.address": "cart.shop.svc.cluster.local", "server.port": 8080,
			"network.peer.address": "10.244.0.5", "network.peer.port": 18080,
		}, span.Attributes())
		in := rewriteSpan(t, router(attrMap{"upstream_cluster": "inbound|8080||"}))
		requireAttrs(t, attrMap{"gateway.upstream.service.port": 8080, "gateway.upstream.service.host": nil, "server.address": "10.244.0.5"}, in.Attributes())
	})

	t.Run("decorator_of_every_route", func(t *testing.T) {
		t.Parallel()
		for name, want := range map[string]string{
			"cart.shop.svc.cluster.local:8080/*": "GET", "checkout-route": "checkout-route", "cart.shop.svc.cluster.local:8080/api": "cart.shop.svc.cluster.local:8080/api",
		} {
			spec := ingress(attrMap{"upstream_cluster": "outbound|8080||cart.shop.svc.cluster.local"})
			spec.Name = name
			assert.Equal(t, want, rewriteSpan(t, spec).Name(), "only Istio's own is replaced")
		}
	})

	t.Run("text_line_with_trailing_newline_and_empty_resource", func(t *testing.T) {
		t.Parallel()
		record, resource, stats := rewriteRecordBy(t, engine(t), recordSpec{Body: `[2026-11-21T13:32:26.326Z] "GET /dead/b?sig=x HTTP/1.1" 503 URX,UF ` +
			`upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused} - ` +
			`"delayed_connect_error:_Connection_refused" 0 121 10 - "10.244.0.1" "curl/8.7.1" "e8730715-9846-9b4c-a33a-54d921d4df13" ` +
			`"127.0.0.1:11021" "127.0.0.1:18099" outbound|8080|v2|dead.shop.svc.cluster.local - 127.0.0.1:11021 127.0.0.1:53078 - dead` + "\n"})
		assert.Equal(t, gateway.ID("istio"), stats[len(stats)-1].Gateway)
		requireAttrs(t, attrMap{
			"http.response.status_code": 503, "response_flags": "URX,UF", "error.type": "503", "http.response.body.size": 121,
			"gateway.upstream.failure_reason": "delayed_connect_error:_Connection_refused", "gateway.upstream.service.subset": "v2",
			"gateway.route.id": "dead", "client.address": "127.0.0.1", "client.port": 53078, "server.port": 11021,
			"url.query": "sig=REDACTED", "gateway.request.duration": 0.01, "gateway.upstream.duration": nil,
		}, record.Attributes())
		assert.Zero(t, resource.Len())
		assert.NotContains(t, record.Body().Str(), "sig=x")
		assert.Equal(t, plog.SeverityNumberError, record.SeverityNumber())
	})

	t.Run("sidecar_outbound_is_a_client_span_with_server_tags", func(t *testing.T) {
		t.Parallel()
		spec := ingress(attrMap{"istio.mesh_id": "cluster.local", "http.status_code": "404", "http.url": "http://cart.shop:8080/x"})
		spec.Name, spec.Kind = "cart.shop.svc.cluster.local:8080/*", client
		span := rewriteSpan(t, spec)
		assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
		requireAttrs(t, attrMap{"url.full": "http://cart.shop:8080/x", "url.path": nil, "error.type": "404"}, span.Attributes())
	})
}

// TestEnvoyAIGatewayTraps has one test per trap of Envoy AI Gateway 1.2.0.
func TestEnvoyAIGatewayTraps(t *testing.T) {
	t.Parallel()
	logs := func(changes ...attrMap) recordSpec {
		return envoyGatewayRecord(append([]attrMap{{
			"request.path": "/v1/chat/completions", "session.id": "-", "upstream_cluster": "httproute/default/aigw-run/rule/0",
			"gen_ai.provider.name": "default/openai/route/aigw-run/rule/0/ref/0", "gen_ai.request.model": "gpt-5-nano",
			"gen_ai.response.model": "gpt-5-nano-2026", "gen_ai.usage.input_tokens": "11", "gen_ai.usage.output_tokens": "3",
			"gen_ai.usage.reasoning_tokens": "1", "x-envoy-origin-path": nil, "route_name": nil,
		}}, changes...)...)
	}

	t.Run("01_new_names_with_wrong_values_and_types", func(t *testing.T) {
		t.Parallel()
		got := rewriteRecord(t, logs()).Attributes()
		requireAttrs(t, attrMap{
			"gen_ai.provider.name": nil, "gen_ai.usage.input_tokens": 11, "gen_ai.usage.output_tokens": 3,
			"gen_ai.usage.reasoning.output_tokens": 1, "gen_ai.usage.reasoning_tokens": nil, "gen_ai.request.model": "gpt-5-nano",
			"gateway.upstream.backend.namespace": "default", "gateway.upstream.backend.name": "openai", "gateway.route.name": "aigw-run",
			"gateway.route.rule": "0", "gateway.upstream.backend.ref": "0", "session.id": nil,
		}, got)
		absent := rewriteRecord(t, logs(attrMap{
			"gen_ai.usage.input_tokens": "-", "gen_ai.response.model": "-", "gen_ai.usage.output_tokens": "-",
		})).Attributes()
		requireAttrs(t, attrMap{"gen_ai.usage.input_tokens": nil, "gen_ai.response.model": nil, "gen_ai.usage.output_tokens": nil}, absent)
	})

	t.Run("02_three_identities_stay_three", func(t *testing.T) {
		t.Parallel()
		// Which of them is right is gateway_identity's; here none may be overwritten.
		spec := spanSpec{
			Scope: "envoyproxy/ai-gateway", Name: "ChatCompletion", Kind: internal, Resource: attrMap{"service.name": "my-ai-gateway"},
			Attrs: attrMap{"openinference.span.kind": "LLM", "llm.model_name": "m"},
		}
		_, resource, _ := rewriteSpanBy(t, engine(t), spec)
		requireExactly(t, attrMap{"service.name": "my-ai-gateway"}, resource)
	})

	t.Run("03_canceled_is_the_normal_end_of_ext_proc", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, spanSpec{
			Scope: "envoy", Name: "async envoy.service.ext_proc.v3.ExternalProcessor.Process egress", Kind: client,
			Attrs: attrMap{
				"component": "proxy", "upstream_cluster": "ai-gateway-extproc-uds", "upstream_address": "ai-gateway-extproc-uds",
				"status": "canceled",
			},
		})
		assert.Equal(t, ptrace.StatusCodeUnset, span.Status().Code())
		requireAttrs(t, attrMap{"error.type": nil, "server.address": nil}, span.Attributes())
	})

	t.Run("04_prompts_are_the_secrets", func(t *testing.T) {
		t.Parallel()
		e := compile(t, func(o *gateway.Options) { o.Content = gateway.ContentDrop })
		for _, b := range gatewaytest.Find(t, "envoy-ai-gateway/1.2.0-traces.jsonl").Clone() {
			e.Traces(b.Traces)
			for s := range allStrings(b) {
				assert.NotContains(t, s, "Hello world")
				assert.NotContains(t, s, "be kind")
				assert.NotContains(t, s, "slow down") // the response body inside exception and status message
				assert.NotEqual(t, "hello", s)        // embedding.embeddings.0.embedding.text
			}
		}
	})

	t.Run("failed_call_says_why", func(t *testing.T) {
		t.Parallel()
		td := gatewaytest.Span(t, spanSpec{
			Scope: "envoyproxy/ai-gateway", Name: "ChatCompletion", Kind: internal, Status: ptrace.StatusCodeError, Message: "Error code: 429 - {}",
			Attrs: attrMap{"openinference.span.kind": "LLM", "llm.invocation_parameters": `{"model":"limit"}`},
		})
		span := gatewaytest.Spans(td)[0]
		event := span.Events().AppendEmpty()
		event.SetName("exception")
		event.Attributes().PutStr("exception.type", "RateLimitError")
		engine(t).Traces(td)
		assert.Equal(t, "chat limit", span.Name())
		requireAttrs(t, attrMap{"error.type": "RateLimitError"}, span.Attributes())
	})

	t.Run("requested_model_is_only_in_the_parameters", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, spanSpec{
			Scope: "envoyproxy/ai-gateway", Name: "ChatCompletion", Kind: internal, Status: ptrace.StatusCodeOk,
			Attrs: attrMap{
				"openinference.span.kind": "LLM", "llm.system": "openai", "llm.model_name": "gpt-5-nano-2026",
				"llm.invocation_parameters": `{"model":"gpt-5-nano","temperature":0.3,"max_tokens":100}`, "llm.token_count.prompt": 11,
				"llm.token_count.completion": 3, "llm.token_count.total": 14,
			},
		})
		assert.Equal(t, "chat gpt-5-nano", span.Name())
		assert.Equal(t, ptrace.StatusCodeOk, span.Status().Code(), "an explicit status stays")
		requireExactly(t, attrMap{
			"openinference.span.kind": "LLM", "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
			"gen_ai.request.model": "gpt-5-nano", "gen_ai.response.model": "gpt-5-nano-2026", "gen_ai.request.temperature": 0.3,
			"gen_ai.request.max_tokens": 100, "gen_ai.usage.input_tokens": 11, "gen_ai.usage.output_tokens": 3,
		}, span.Attributes())
	})
}
