package builtin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Spans as the smaller gateways send them, by their sources (each profile names them).
func krakendServer(changes ...attrMap) spanSpec {
	return spanSpec{
		Scope: "io.krakend.krakend-otel", Resource: attrMap{"service.name": "KrakenD", "deployment.environment": "prod"}, Name: "/cart/42",
		Kind: server, Status: ptrace.StatusCodeOk, Attrs: with(attrMap{
			"url.full": "/cart/42?sig=abcd", "server.address": "shop.example.com:8080", "http.request.method": "GET",
			"http.request.body.size": 0, "user_agent.original": "curl/8.7.1", "client.address": "10.0.0.9:41904",
			"krakend.stage": "global", "http.route": "/cart/:id", "http.response.status_code": 200, "http.response.body.size": 12,
		}, changes...),
	}
}

func nginxServer(changes ...attrMap) spanSpec {
	return spanSpec{Scope: "nginx", Name: "/", Kind: server, Attrs: with(attrMap{
		"http.method": "GET", "http.target": "/ok?sig=abcd", "http.route": "/", "http.scheme": "http", "http.flavor": "2.0",
		"http.user_agent": "curl/8.7.1", "http.request_content_length": 0, "http.response_content_length": 6, "http.status_code": 200,
		"net.host.name": "shop.example.com", "net.sock.peer.addr": "10.0.0.9", "net.sock.peer.port": 41904,
	}, changes...)}
}

func traefikServer() spanSpec {
	return spanSpec{Scope: "github.com/traefik/traefik", Name: "GET", Kind: server, Attrs: attrMap{
		"http.request.method": "GET", "network.protocol.version": "HTTP/2.0", "http.request.body.size": -1, "url.path": "/ok",
		"url.query": "", "url.scheme": "https", "user_agent.original": "", "server.address": "shop.example.com:8443",
		"client.address": "10.0.0.9", "client.port": 41904, "network.peer.address": "10.0.0.9", "network.peer.port": 41904,
		"entry_point": "web", "http.response.status_code": 200,
	}}
}

func apisixServer(changes ...attrMap) spanSpec {
	return spanSpec{Scope: "opentelemetry-lua", Name: "GET /api/*", Kind: server, Attrs: with(attrMap{
		"http.method": "GET", "http.scheme": "http", "http.target": "/api/x?sig=abcd", "http.user_agent": "curl/8.7.1",
		"net.host.name": "shop.example.com", "http.request.method": "GET", "url.scheme": "http", "url.path": "/api/x",
		"user_agent.original": "curl/8.7.1", "http.status_code": 200, "http.response.status_code": 200, "http.route": "/api/*",
		"apisix.route_id": "1", "apisix.route_name": "api", "apisix.service_id": "s1", "apisix.service_name": "orders",
		"apisix.response_source": "upstream",
	}, changes...)}
}

// TestOtherGatewaysTraps has one test per trap that runs across gateways. Not tested here, because nothing can be done
// about one item at a time:
//
//	7 several SERVER spans per request (APISIX phases, HAProxy, agentgateway's MCP calls): who counts them
//	8 gateways without a CLIENT span
func TestOtherGatewaysTraps(t *testing.T) {
	t.Parallel()

	t.Run("01_status_is_not_comparable", func(t *testing.T) {
		t.Parallel()
		for name, c := range map[string]struct {
			spec spanSpec
			want ptrace.StatusCode
		}{
			"KrakenD says OK to all":            {krakendServer(), ptrace.StatusCodeUnset},
			"KrakenD says OK to 5xx":            {krakendServer(attrMap{"http.response.status_code": 502}), ptrace.StatusCodeError},
			"nginx module of C++ says OK":       {okNginx(200), ptrace.StatusCodeUnset},
			"nginx module of C++ says OK, 404":  {okNginx(404), ptrace.StatusCodeUnset},
			"Tyk fails a rejected request, 401": {tykServer(401, ptrace.StatusCodeError), ptrace.StatusCodeError},
		} {
			span := rewriteSpan(t, c.spec)
			assert.Equal(t, c.want, span.Status().Code(), name)
		}
		requireAttrs(t, attrMap{"error.type": "502"}, rewriteSpan(t, krakendServer(attrMap{"http.response.status_code": 502})).Attributes())
	})

	t.Run("02_protocol_version", func(t *testing.T) {
		t.Parallel()
		requireAttrs(t, attrMap{"network.protocol.version": "2"}, rewriteSpan(t, traefikServer()).Attributes())
		requireAttrs(t, attrMap{"network.protocol.version": "2", "http.flavor": nil}, rewriteSpan(t, nginxServer()).Attributes())
		requireAttrs(t, attrMap{"network.protocol.version": nil, "http.flavor": nil}, rewriteSpan(t, nginxServer(attrMap{"http.flavor": ""})).Attributes())
		requireAttrs(t, attrMap{"network.protocol.version": "3"}, rewriteSpan(t, nginxServer(attrMap{"http.flavor": "3.0"})).Attributes())
	})

	t.Run("03_addresses_with_a_port", func(t *testing.T) {
		t.Parallel()
		requireAttrs(t, attrMap{"server.address": "shop.example.com", "server.port": 8443}, rewriteSpan(t, traefikServer()).Attributes())
		requireAttrs(t, attrMap{
			"server.address": "shop.example.com", "server.port": 8080, "client.address": "10.0.0.9", "client.port": 41904,
		}, rewriteSpan(t, krakendServer()).Attributes())
	})

	t.Run("04_route_means_many_things", func(t *testing.T) {
		t.Parallel()
		const rule = "Host(`a.example`) && PathPrefix(`/api`)"
		span := rewriteSpan(t, spanSpec{Scope: "github.com/traefik/traefik", Name: "Router", Kind: internal, Attrs: attrMap{
			"traefik.router.name": "api@docker", "traefik.service.name": "api", "http.route": rule,
		}})
		assert.Equal(t, "Router", span.Name())
		requireAttrs(t, attrMap{"http.route": rule, "gateway.route.id": "api@docker"}, span.Attributes())
		assert.Equal(t, "GET /cart/:id", rewriteSpan(t, krakendServer()).Name())
		assert.Equal(t, "GET /", rewriteSpan(t, nginxServer()).Name())
		assert.Equal(t, "GET /api/*", rewriteSpan(t, apisixServer()).Name())
	})

	t.Run("05_error_is_a_flag_or_a_message", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, spanSpec{Scope: "io.krakend.krakend-otel", Name: "/cart/:id", Kind: internal, Attrs: attrMap{
			"http.request.method": "GET", "http.route": "/cart/:id", "krakend.stage": "proxy", "complete": false, "canceled": false,
			"error": "invalid status code", "http.response.status_code": 500,
		}})
		requireAttrs(t, attrMap{"error": nil}, span.Attributes())
		message := str(span.Attributes(), "gateway.error.message") + span.Status().Message()
		assert.Equal(t, "invalid status code", message)
		assert.False(t, has(rewriteSpan(t, ingress(attrMap{"error": "true"})).Attributes(), "gateway.error.message"))
	})

	t.Run("06_sizes_of_minus_one", func(t *testing.T) {
		t.Parallel()
		requireAttrs(t, attrMap{"http.request.body.size": nil}, rewriteSpan(t, traefikServer()).Attributes())
		backend := rewriteSpan(t, spanSpec{Scope: "io.krakend.krakend-otel", Name: "/x", Kind: client, Status: ptrace.StatusCodeOk, Attrs: attrMap{
			"url.full": "http://orders:8080/x?sig=a", "server.address": "orders:8080", "http.request.method": "GET",
			"krakend.stage": "backend-request", "http.response.status_code": 404, "http.response.body.size": -1, "response-duration": 0.012,
		}})
		requireAttrs(t, attrMap{
			"http.response.body.size": nil, "url.full": "http://orders:8080/x?sig=REDACTED", "server.address": "orders", "server.port": 8080,
			"gateway.upstream.duration": 0.012, "error.type": "404",
		}, backend.Attributes())
		assert.Equal(t, ptrace.StatusCodeError, backend.Status().Code())
	})

	t.Run("09_durations_in_every_unit", func(t *testing.T) {
		t.Parallel()
		for name, c := range map[string]struct {
			spec recordSpec
			want float64
		}{
			"Traefik, ns": {recordSpec{Scope: "traefik", Attrs: attrMap{"DownstreamStatus": 200, "Duration": 12_000_000}}, 0.012},
			"Traefik common line": {recordSpec{Body: `10.0.0.9 - - [21/Nov/2026:15:22:30 +0000] "GET /ok HTTP/1.1" 200 6 "-" "curl/8.7.1" 1 "api@docker" ` +
				`"http://10.244.0.5:8080" 12ms`}, 0.012},
			"Envoy, ms":          {envoyGatewayRecord(), 0.012},
			"Kong, ms":           {kongAccess(attrMap{"kong.latency.total": 12.0}), 0.012},
			"nginx, s":           {recordSpec{Attrs: attrMap{"remote_addr": "10.0.0.9", "status": 200, "request_time": "0.012"}}, 0.012},
			"Caddy, s":           {recordSpec{Body: caddyLine}, 0.012},
			"agentgateway, text": {agentRecord(attrMap{"duration": "12ms"}), 0.012},
		} {
			record := rewriteRecord(t, c.spec)
			v, ok := record.Attributes().Get("gateway.request.duration")
			if assert.True(t, ok, "%s: %v", name, record.Attributes().AsRaw()) {
				assert.InDelta(t, c.want, v.Double(), 1e-9, name)
			}
		}
	})

	t.Run("10_caddy_reports_200_for_upstream_failures", func(t *testing.T) {
		t.Parallel()
		// The span is wrong and nothing in it says so; the access log has the real code.
		record := rewriteRecord(t, recordSpec{Body: caddyLine})
		requireAttrs(t, attrMap{
			"http.response.status_code": 502, "error.type": "502", "http.request.method": "GET", "url.path": "/dead", "url.query": "sig=REDACTED",
			"client.address": "10.0.0.9", "network.peer.address": "10.0.0.9", "network.peer.port": 41904, "server.address": "shop.example.com",
			"server.port": 8443, "network.protocol.version": "2", "http.request.header.user-agent": strs("curl/8.7.1"),
			"http.request.header.cookie": strs("REDACTED"), "request.method": nil, "status": nil,
		}, record.Attributes())
		assert.Equal(t, plog.SeverityNumberError, record.SeverityNumber())
		assert.Equal(t, "0af7651916cd43dd8448eb211c80319c", record.TraceID().String())
		assert.Equal(t, "6cabef88a289c678", record.SpanID().String())
		assert.Equal(t, int64(1_795_276_648_123_456_000), int64(record.Timestamp()))
	})

	t.Run("11_old_and_new_keys_together", func(t *testing.T) {
		t.Parallel()
		span, _, stats := rewriteSpanBy(t, engine(t), apisixServer())
		assert.Zero(t, total(stats).Conflicts)
		requireExactly(t, attrMap{
			"http.request.method": "GET", "url.scheme": "http", "url.path": "/api/x", "url.query": "sig=REDACTED",
			"user_agent.original": "curl/8.7.1", "server.address": "shop.example.com", "http.response.status_code": 200,
			"http.route": "/api/*", "gateway.route.id": "1", "gateway.route.name": "api", "apisix.service_id": "s1",
			"gateway.upstream.service.name": "orders", "gateway.response.source": "upstream",
		}, span.Attributes())
		// Different values: the new name wins, and that is counted.
		other, _, stats := rewriteSpanBy(t, engine(t), apisixServer(attrMap{"http.status_code": 500}))
		requireAttrs(t, attrMap{"http.response.status_code": 200, "http.status_code": nil}, other.Attributes())
		assert.Equal(t, 1, total(stats).Conflicts)
	})
}

// TestSmallerGatewaysInWhole shows a whole span or line each.
func TestSmallerGatewaysInWhole(t *testing.T) {
	t.Parallel()

	t.Run("traefik", func(t *testing.T) {
		t.Parallel()
		requireExactly(t, attrMap{
			"http.request.method": "GET", "network.protocol.version": "2", "url.path": "/ok", "url.scheme": "https",
			"server.address": "shop.example.com", "server.port": 8443, "client.address": "10.0.0.9", "client.port": 41904,
			"network.peer.address": "10.0.0.9", "network.peer.port": 41904, "gateway.listener.name": "web", "http.response.status_code": 200,
		}, rewriteSpan(t, traefikServer()).Attributes())
	})

	t.Run("krakend", func(t *testing.T) {
		t.Parallel()
		span, resource, _ := rewriteSpanBy(t, engine(t), krakendServer())
		requireExactly(t, attrMap{
			"url.path": "/cart/42", "url.query": "sig=REDACTED", "server.address": "shop.example.com", "server.port": 8080,
			"http.request.method": "GET", "http.request.body.size": 0, "user_agent.original": "curl/8.7.1", "client.address": "10.0.0.9",
			"client.port": 41904, "krakend.stage": "global", "http.route": "/cart/:id", "http.response.status_code": 200,
			"http.response.body.size": 12,
		}, span.Attributes())
		requireExactly(t, attrMap{"service.name": "KrakenD", "deployment.environment.name": "prod"}, resource)
	})

	t.Run("nginx", func(t *testing.T) {
		t.Parallel()
		requireExactly(t, attrMap{
			"http.request.method": "GET", "url.path": "/ok", "url.query": "sig=REDACTED", "http.route": "/", "url.scheme": "http",
			"network.protocol.version": "2", "user_agent.original": "curl/8.7.1", "http.response.body.size": 6,
			"http.response.status_code": 200, "server.address": "shop.example.com", "network.peer.address": "10.0.0.9",
			"network.peer.port": 41904, "client.address": "10.0.0.9",
		}, rewriteSpan(t, nginxServer()).Attributes())
	})

	t.Run("ingress_nginx_line_with_retries", func(t *testing.T) {
		t.Parallel()
		record := rewriteRecord(t, recordSpec{Body: `10.0.0.9 - - [21/Nov/2026:15:22:30 +0000] "GET /ok?sig=a HTTP/2.0" 200 6 "-" "curl/8.7.1" 131 0.112 ` +
			`[shop-cart-8080] [] 10.244.0.4:8080, 10.244.0.5:8080 0, 6 0.100, 0.012 502, 200 14e6a1412001352115db956c6d5e195f`})
		requireAttrs(t, attrMap{
			"http.response.status_code": 200, "gateway.upstream.address": "10.244.0.5", "gateway.upstream.port": 8080,
			"gateway.upstream.status_code": 200, "gateway.upstream.duration": 0.012, "gateway.request.duration": 0.112,
			"http.request.size": 131, "http.request.header.x-request-id": strs("14e6a1412001352115db956c6d5e195f"),
			"url.query": "sig=REDACTED", "proxy_upstream_name": "shop-cart-8080",
		}, record.Attributes())
		require.NotContains(t, record.Body().Str(), "sig=a")
	})

	// Traefik 3.6.12 names its server spans after the method, whatever a client calls it.
	t.Run("traefik_names_are_methods", func(t *testing.T) {
		t.Parallel()
		spec := traefikServer()
		spec.Name, spec.Attrs = "BREW", with(spec.Attrs, attrMap{"http.request.method": "BREW"})
		span := rewriteSpan(t, spec)
		assert.Equal(t, "HTTP", span.Name())
		requireAttrs(t, attrMap{"http.request.method": "_OTHER", "http.request.method_original": "BREW"}, span.Attributes())
	})

	t.Run("tyk_names_are_raw_paths", func(t *testing.T) {
		t.Parallel()
		span := rewriteSpan(t, tykServer(200, ptrace.StatusCodeUnset))
		assert.Equal(t, "GET /orders/", span.Name())
	})

	t.Run("an_operators_name_stays", func(t *testing.T) {
		t.Parallel()
		spec := spanSpec{
			Scope:    "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
			Resource: attrMap{"webengine.name": "Caddy"}, Name: "shop-route", Kind: server,
			Attrs: attrMap{"http.request.method": "GET", "url.path": "/x", "http.response.status_code": 200},
		}
		assert.Equal(t, "shop-route", rewriteSpan(t, spec).Name())
		spec.Name = "handler"
		assert.Equal(t, "GET", rewriteSpan(t, spec).Name())
	})

	t.Run("otelhttp_alone_is_no_gateway", func(t *testing.T) {
		t.Parallel()
		_, _, stats := rewriteSpanBy(t, engine(t), spanSpec{
			Scope: "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", Name: "handler", Kind: server,
			Attrs: attrMap{"http.method": "GET"},
		})
		assert.Equal(t, gateway.Unknown, stats[0].Gateway)
	})
}

func okNginx(code int) spanSpec {
	spec := nginxServer(attrMap{"http.status_code": code})
	spec.Status = ptrace.StatusCodeOk
	return spec
}

func tykServer(code int, status ptrace.StatusCode) spanSpec {
	return spanSpec{
		Scope: "tyk", Resource: attrMap{"tyk.gw.id": "g1"}, Name: "GET /orders/42", Kind: server, Status: status,
		Attrs: attrMap{
			"http.request.method": "GET", "url.path": "/orders/42", "http.response.status_code": code, "tyk.api.name": "orders",
			"tyk.api.id": "a1", "tyk.api.path": "/orders/", "tyk.api.version": "Non Versioned",
		},
	}
}

// caddyLine is a line of Caddy's JSON access log (modules/caddyhttp/marshalers.go).
const caddyLine = `{"level":"error","ts":1795276648.123456,"logger":"http.log.access","msg":"handled request","request":` +
	`{"remote_ip":"10.0.0.9","remote_port":"41904","client_ip":"10.0.0.9","proto":"HTTP/2.0","method":"GET","host":"shop.example.com:8443",` +
	`"uri":"/dead?sig=abcd","headers":{"User-Agent":["curl/8.7.1"],"Cookie":["a=b"]}},"bytes_read":0,"user_id":"","duration":0.012,"size":0,` +
	`"status":502,"resp_headers":{"Server":["Caddy"]},"traceID":"0af7651916cd43dd8448eb211c80319c","spanID":"6cabef88a289c678"}`
