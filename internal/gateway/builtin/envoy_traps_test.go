package builtin

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// with returns attributes with some replaced; a nil value takes one away.
func with(base attrMap, changes ...attrMap) attrMap {
	out := maps.Clone(base)
	for _, c := range changes {
		for k, v := range c {
			if v == nil {
				delete(out, k)
			} else {
				out[k] = v
			}
		}
	}
	return out
}

// ingressTags and routerTags are what Envoy 1.40.0 writes on its two spans (source/common/tracing/http_tracer_impl.cc),
// as recorded behind kgateway 2.4.2: every value is a string.
var (
	ingressTags = attrMap{
		"node_id": "http-c7f65bbb-8dh28.kgateway-system", "zone": "region-1a",
		"guid:x-request-id": "5a3dd5c7-dcfe-9718-acee-05d00e0f3cb2", "http.url": "http://shop.example.com/ok?user=1&token=s3cret&sig=abcd",
		"http.method": "GET", "downstream_cluster": "-", "user_agent": "curl/8.7.1", "http.protocol": "HTTP/1.1",
		"peer.address": "127.0.0.1", "request_size": "0", "response_size": "6", "component": "proxy",
		"upstream_cluster": "kube_shop_cart_8080", "upstream_cluster.name": "kube_shop_cart_8080", "http.status_code": "200",
		"response_flags": "-",
	}
	routerTags = attrMap{
		"http.protocol": "HTTP/1.1", "upstream_address": "10.244.0.5:18080", "peer.address": "10.244.0.5:18080", "component": "proxy",
		"upstream_cluster": "kube_shop_cart_8080", "upstream_cluster.name": "kube_shop_cart_8080", "http.status_code": "200",
		"response_flags": "-",
	}
)

func ingress(changes ...attrMap) spanSpec {
	return spanSpec{Scope: "envoy", Name: "ingress", Kind: server, SpanID: 1, Attrs: with(ingressTags, changes...)}
}

func router(changes ...attrMap) spanSpec {
	return spanSpec{
		Scope: "envoy", Name: "router kube_shop_cart_8080 egress", Kind: client, SpanID: 2, ParentID: 1,
		Attrs: with(routerTags, changes...),
	}
}

// TestEnvoyTraps has one test per trap that Envoy lays for a normalizer. Not tested here, because they are not this
// engine's:
//
//	10 records of unsampled requests point to spans that never arrive: nobody can know here; sampling's
//	11 (second half) late records: order is the sampler's and the back end's
//	13 what the environment detector drops or leaves encoded is decided before the wire
//	16 spans of one trace in two requests: see TestEnvoyTraps/16 for what is done with one half; the second pass
//	   behind the sampler is the pipeline's
func TestEnvoyTraps(t *testing.T) {
	t.Parallel()

	t.Run("01_status_is_text_and_0_is_none", func(t *testing.T) {
		t.Parallel()
		requireAttrs(t, attrMap{"http.response.status_code": 200, "http.status_code": nil}, rewriteSpan(t, ingress()).Attributes())
		hangUp := rewriteSpan(t, ingress(attrMap{"http.status_code": "0", "response_flags": "DC", "error": "true"}))
		requireAttrs(t, attrMap{"http.response.status_code": nil, "http.status_code": nil, "error.type": "DC"}, hangUp.Attributes())
		reset := rewriteSpan(t, router(attrMap{"http.status_code": "0", "error.reason": "connection timeout", "error": "true"}))
		requireAttrs(t, attrMap{"http.response.status_code": nil, "error.type": "connection timeout"}, reset.Attributes())
	})

	t.Run("02_dash_is_absent_only_where_it_is_used_so", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, ingress(attrMap{"user_agent": "-", "downstream_cluster": "-", "tenant": "-"}))
		requireAttrs(t, attrMap{"user_agent.original": nil, "user_agent": nil, "downstream_cluster": nil, "response_flags": nil, "tenant": "-"}, span.Attributes())
		record := rewriteRecord(t, envoyGatewayRecord(attrMap{"upstream_host": "-", "x-tenant": "-"}))
		requireAttrs(t, attrMap{"upstream_host": nil, "gateway.upstream.address": nil, "x-tenant": "-"}, record.Attributes())
	})

	t.Run("03_peer_address_has_two_shapes", func(t *testing.T) {
		t.Parallel()
		requireAttrs(t, attrMap{
			"network.peer.address": "127.0.0.1", "network.peer.port": nil, "client.address": "127.0.0.1", "peer.address": nil,
		}, rewriteSpan(t, ingress()).Attributes())
		requireAttrs(t, attrMap{
			"network.peer.address": "10.244.0.5", "network.peer.port": 18080, "client.address": nil,
		}, rewriteSpan(t, router()).Attributes())
		requireAttrs(t, attrMap{
			"network.peer.address": "2001:db8::5", "network.peer.port": 8080,
		}, rewriteSpan(t, router(attrMap{"peer.address": "[2001:db8::5]:8080"})).Attributes())
		requireAttrs(t, attrMap{
			"network.peer.address": "/tmp/ext-proc.sock", "network.peer.port": nil,
		}, rewriteSpan(t, router(attrMap{"peer.address": "/tmp/ext-proc.sock"})).Attributes())
	})

	t.Run("04_url_is_split_and_its_secrets_hidden", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, ingress(attrMap{"http.url": "https://al:pw@shop.example.com:8443/ok?sig=abcd&user=1"}))
		requireAttrs(t, attrMap{
			"url.scheme": "https", "url.path": "/ok", "url.query": "sig=REDACTED&user=1", "url.full": nil, "http.url": nil,
			"server.address": "shop.example.com", "server.port": 8443,
		}, span.Attributes())
		// CONNECT has no path.
		connect := rewriteSpan(t, ingress(attrMap{"http.url": "", "http.method": "CONNECT"}))
		requireAttrs(t, attrMap{"url.full": nil, "url.path": nil, "http.url": nil, "http.request.method": "CONNECT"}, connect.Attributes())
	})

	t.Run("05_protocol", func(t *testing.T) {
		t.Parallel()
		for in, want := range map[string]any{"HTTP/1.0": "1.0", "HTTP/1.1": "1.1", "HTTP/2": "2", "HTTP/3": "3", "-": nil} {
			span := rewriteSpan(t, ingress(attrMap{"http.protocol": in}))
			requireAttrs(t, attrMap{"network.protocol.version": want, "network.protocol.name": nil, "http.protocol": nil}, span.Attributes())
		}
	})

	t.Run("06_error_tag_is_not_status", func(t *testing.T) {
		t.Parallel()
		notFound := rewriteSpan(t, router(attrMap{"http.status_code": "404"})) // no error tag
		assert.Equal(t, ptrace.StatusCodeError, notFound.Status().Code())
		requireAttrs(t, attrMap{"error.type": "404"}, notFound.Attributes())
		disconnect := rewriteSpan(t, ingress(attrMap{"http.status_code": "0", "response_flags": "DC", "error": "true"})) // UNSET
		assert.Equal(t, ptrace.StatusCodeError, disconnect.Status().Code())
		requireAttrs(t, attrMap{"error": nil}, disconnect.Attributes())
		exhausted := rewriteSpan(t, ingress(attrMap{"grpc.path": "/p.S/M", "grpc.status_code": "8", "error": "true"}))
		assert.Equal(t, ptrace.StatusCodeUnset, exhausted.Status().Code(), "RESOURCE_EXHAUSTED is the caller's fault")
	})

	t.Run("07_failed_attempts", func(t *testing.T) {
		t.Parallel()
		family := []spanSpec{
			ingress(),
			router(attrMap{"http.status_code": "0", "response_flags": "UF", "error.reason": "remote connection failure", "error": "true", "http.protocol": "-"}),
			router(attrMap{"http.status_code": "0", "response_flags": "UT", "canceled": "true", "error": "true"}),
			router(attrMap{"retry.count": "2"}),
		}
		for i := range family {
			family[i].SpanID = byte(i + 1)
		}
		spans := rewriteSpans(t, family...)
		for i, want := range []struct {
			status    ptrace.StatusCode
			errorType any
			resends   any
		}{
			{ptrace.StatusCodeUnset, nil, nil},
			{ptrace.StatusCodeError, "UF", nil},
			{ptrace.StatusCodeError, "UT", nil}, // a per-try timeout, not a caller that left
			{ptrace.StatusCodeUnset, nil, 2},
		} {
			assert.Equal(t, want.status, spans[i].Status().Code(), i)
			requireAttrs(t, attrMap{"error.type": want.errorType, "http.request.resend_count": want.resends}, spans[i].Attributes())
		}
	})

	t.Run("08_no_route_in_a_span", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, ingress())
		assert.Equal(t, "GET", span.Name())
		requireAttrs(t, attrMap{"http.route": nil}, span.Attributes())
		named := ingress()
		named.Name = "checkout-route" // an operator's decorator
		assert.Equal(t, "checkout-route", rewriteSpan(t, named).Name())
	})

	t.Run("09_scalar_that_prefixes_another_key", func(t *testing.T) {
		t.Parallel()
		same := rewriteSpan(t, ingress())
		requireAttrs(t, attrMap{"upstream_cluster": "kube_shop_cart_8080", "upstream_cluster.name": nil, "gateway.upstream.stat_name": nil}, same.Attributes())
		alt := rewriteSpan(t, ingress(attrMap{"upstream_cluster.name": "cart-stats"}))
		requireAttrs(t, attrMap{"upstream_cluster.name": nil, "gateway.upstream.stat_name": "cart-stats"}, alt.Attributes())
	})

	t.Run("11_records_have_no_severity", func(t *testing.T) {
		t.Parallel()
		for code, want := range map[string]plog.SeverityNumber{
			"200": plog.SeverityNumberInfo, "404": plog.SeverityNumberWarn, "503": plog.SeverityNumberError, "0": plog.SeverityNumberError,
		} {
			spec := envoyGatewayRecord(attrMap{"response_code": code})
			spec.Time = gatewaytest.Start
			record := rewriteRecord(t, spec)
			assert.Equal(t, want, record.SeverityNumber(), code)
			assert.Equal(t, gatewaytest.Start, record.Timestamp(), "the request's start")
		}
	})

	t.Run("12_versions_are_build_strings", func(t *testing.T) {
		t.Parallel()
		const build = "0ebfcfe5b0484b89ca85b761da9e05ce75dbda8d/1.38.3/Modified/RELEASE/BoringSSL"
		spec := ingress()
		spec.Resource = attrMap{"service.name": "http.kgateway-system", "telemetry.sdk.name": "envoy", "telemetry.sdk.version": build}
		_, resource, _ := rewriteSpanBy(t, engine(t), spec)
		requireAttrs(t, attrMap{"telemetry.sdk.version": build, "service.version": nil}, resource)
	})

	t.Run("14_async_spans_look_like_upstream_spans", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, spanSpec{
			Scope: "envoy", Name: "async envoy.service.auth.v3.Authorization.Check egress", Kind: client,
			Attrs: attrMap{
				"component": "proxy", "upstream_cluster": "kube_shop_authz_9000", "upstream_address": "kube_shop_authz_9000",
				"grpc.status_code": "0", "ext_authz_status": "ext_authz_ok",
			},
		})
		assert.Equal(t, "envoy.service.auth.v3.Authorization/Check", span.Name())
		requireAttrs(t, attrMap{
			"rpc.method": "envoy.service.auth.v3.Authorization/Check", "rpc.system.name": "grpc", "rpc.status_code": "OK",
			"server.address": nil, "network.peer.address": nil, "upstream_address": "kube_shop_authz_9000",
			"http.request.method": nil, "ext_authz_status": "ext_authz_ok",
		}, span.Attributes())
	})

	t.Run("15_exponent_integers_in_json_lines", func(t *testing.T) {
		t.Parallel()
		record := rewriteRecord(t, recordSpec{Body: `{":authority":"x","bytes_received":0,"bytes_sent":1e+05,"duration":2.5e+06,` +
			`"method":"GET","protocol":"HTTP/1.1","response_code":200,"response_flags":"-","x-envoy-origin-path":"/"}`})
		requireAttrs(t, attrMap{"http.response.body.size": 100000, "gateway.request.duration": 2500.0}, record.Attributes())
	})

	t.Run("16_a_child_without_its_parent", func(t *testing.T) {
		t.Parallel()
		alone := rewriteSpan(t, router())
		assert.Equal(t, "router kube_shop_cart_8080 egress", alone.Name(), "what cannot be proved is not made up")
		requireAttrs(t, attrMap{"http.request.method": nil, "url.full": nil, "http.response.status_code": 200}, alone.Attributes())

		// The second pass gets the trace whole, one half already rewritten.
		td := gatewaytest.Span(t, router())
		engine(t).Traces(td)
		late := gatewaytest.Span(t, ingress())
		engine(t).Traces(late)
		gatewaytest.Spans(late)[0].CopyTo(td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty())
		engine(t).Traces(td)
		both := gatewaytest.Spans(td)
		assert.Equal(t, "GET", both[0].Name())
		requireAttrs(t, attrMap{"http.request.method": "GET"}, both[0].Attributes())
	})

	t.Run("17_forwarded_for_is_not_the_peer", func(t *testing.T) {
		t.Parallel()
		record := rewriteRecord(t, envoyGatewayRecord(attrMap{"x-forwarded-for": "10.244.0.1", "downstream_remote_address": "127.0.0.1:52318"}))
		requireAttrs(t, attrMap{
			"client.address": "127.0.0.1", "client.port": 52318, "http.request.header.x-forwarded-for": strs("10.244.0.1"),
		}, record.Attributes())
	})

	t.Run("18_variable_nobody_expanded", func(t *testing.T) {
		t.Parallel()
		spec := ingress(attrMap{"zone": "$(ENVOY_SERVICE_ZONE)"})
		requireAttrs(t, attrMap{"zone": nil}, rewriteSpan(t, spec).Attributes())
		log := envoyGatewayRecord()
		log.Resource["zone_name"] = "$(ENVOY_SERVICE_ZONE)"
		_, resource, _ := rewriteRecordBy(t, engine(t), log)
		requireAttrs(t, attrMap{"zone_name": nil, "log_name": "otel_envoy_accesslog"}, resource)
	})

	t.Run("19_outbound_listener_without_upstream_span", func(t *testing.T) {
		t.Parallel()
		spec := ingress(attrMap{"http.status_code": "404", "peer.address": "10.244.0.17:8080", "http.url": "http://cart.shop/x?sig=a"})
		spec.Name, spec.Kind = "egress cart.shop", client
		span := rewriteSpan(t, spec)
		assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
		assert.Equal(t, "GET", span.Name())
		requireAttrs(t, attrMap{
			"error.type": "404", "url.full": "http://cart.shop/x?sig=REDACTED", "url.path": nil, "url.query": nil,
			"server.address": "cart.shop", "client.address": nil, "network.peer.address": "10.244.0.17", "network.peer.port": 8080,
		}, span.Attributes())
	})

	t.Run("20_refused_before_routing", func(t *testing.T) {
		t.Parallel()
		record := rewriteRecord(t, recordSpec{Body: `[2026-11-21T13:31:38.605Z] "GET /ok HTTP/1.1" 400 - 0 0 0 - "-" "-" "-" "-" "-"`})
		requireExactly(t, attrMap{
			"http.request.method": "GET", "url.path": "/ok", "network.protocol.version": "1.1", "http.response.status_code": 400,
			"http.request.body.size": 0, "http.response.body.size": 0, "gateway.request.duration": 0.0,
		}, record.Attributes())
		assert.True(t, record.TraceID().IsEmpty())
		assert.Equal(t, plog.SeverityNumberWarn, record.SeverityNumber())
	})
}

// envoyGatewayRecord is an OTLP record with Envoy Gateway's default fields (Envoy Gateway 1.9.1,
// internal/xds/translator/accesslog.go): every value a string.
func envoyGatewayRecord(changes ...attrMap) recordSpec {
	return recordSpec{
		Resource: attrMap{"log_name": "otel_envoy_accesslog", "zone_name": "", "cluster_name": "shop/edge", "node_name": "shop-edge-3788f37a"},
		Attrs: with(attrMap{
			"start_time": "2026-11-21T13:55:41.734Z", "method": "GET", "x-envoy-origin-path": "/ok?user=1&token=s3cret&sig=abcd",
			"protocol": "HTTP/1.1", "response_code": "200", "response_flags": "-", "response_code_details": "via_upstream",
			"connection_termination_details": "-", "upstream_transport_failure_reason": "-", "bytes_received": "0", "bytes_sent": "6",
			"duration": "12", "x-envoy-upstream-service-time": "11", "x-forwarded-for": "10.244.0.1", "user-agent": "curl/8.7.1",
			"x-request-id": "c7b4982e-1087-9061-8b5a-1fb30f773e25", ":authority": "shop.example.com", "upstream_host": "127.0.0.1:18080",
			"upstream_cluster": "httproute/shop/cart/rule/3", "upstream_local_address": "127.0.0.1:39344",
			"downstream_local_address": "127.0.0.1:11975", "downstream_remote_address": "127.0.0.1:52318", "requested_server_name": "-",
			"route_name": "httproute/shop/cart/rule/3/match/0/*",
		}, changes...),
	}
}

// TestEnvoyGatewayRecord shows what becomes of each default field.
func TestEnvoyGatewayRecord(t *testing.T) {
	t.Parallel()
	record, resource, _ := rewriteRecordBy(t, engine(t), envoyGatewayRecord())
	requireExactly(t, attrMap{
		"http.request.method": "GET", "url.path": "/ok", "url.query": "user=1&token=s3cret&sig=REDACTED", "network.protocol.version": "1.1",
		"http.response.status_code": 200, "gateway.response.details": "via_upstream", "http.request.body.size": 0,
		"http.response.body.size": 6, "gateway.request.duration": 0.012, "gateway.upstream.duration": 0.011,
		"http.request.header.x-forwarded-for": strs("10.244.0.1"), "user_agent.original": "curl/8.7.1",
		"http.request.header.x-request-id": strs("c7b4982e-1087-9061-8b5a-1fb30f773e25"), "server.address": "shop.example.com",
		"gateway.upstream.address": "127.0.0.1", "gateway.upstream.port": 18080, "upstream_cluster": "httproute/shop/cart/rule/3",
		"gateway.upstream.local.address": "127.0.0.1", "gateway.upstream.local.port": 39344, "network.local.address": "127.0.0.1",
		"network.local.port": 11975, "client.address": "127.0.0.1", "client.port": 52318,
		"gateway.route.id": "httproute/shop/cart/rule/3/match/0/*", "gateway.route.kind": "httproute", "gateway.route.namespace": "shop",
		"gateway.route.name": "cart", "gateway.route.rule": "3", "gateway.route.match": "0",
	}, record.Attributes())
	requireExactly(t, attrMap{
		"log_name": "otel_envoy_accesslog", "cluster_name": "shop/edge", "node_name": "shop-edge-3788f37a",
		"gateway.namespace": "shop", "gateway.name": "edge",
	}, resource)
	require.Equal(t, plog.SeverityNumberInfo, record.SeverityNumber())
}
