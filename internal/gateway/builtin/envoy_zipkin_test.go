package builtin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// Envoy's Zipkin tracer has the same tags as its OpenTelemetry tracer, but no scope, no status, and its own idea of a
// name (recorded from Envoy 1.40.0 and 1.36.2 behind the zipkin receiver, which makes the tag "error" a status).

func TestEnvoyZipkinNames(t *testing.T) {
	t.Parallel()
	f := func(url, name, want string) {
		t.Helper()
		spec := ingress(attrMap{"component": "proxy", "http.url": url})
		spec.Scope, spec.Name = "", name
		assert.Equal(t, want, rewriteSpan(t, spec).Name(), "%s of %s", name, url)
	}
	f("http://shop.example.com:8080/ok", "shop.example.com:8080", "GET")
	f("http://shop.example.com/ok", "shop.example.com", "GET")
	f("http://Shop.example.com/ok", "SHOP.example.com", "GET")
	f("http://[::1]:8080/ok", "[::1]:8080", "GET")
	// An operator's own names, also ones that look like a host.
	f("http://shop.example.com:8080/ok", "checkout", "checkout")
	f("http://shop.example.com:8080/ok", "shop.example.com:9090", "shop.example.com:9090")
	f("http://shop.example.com/ok", "cart.example.com", "cart.example.com")
}

func TestEnvoyZipkinGivenUpAttempt(t *testing.T) {
	t.Parallel()
	given := router(attrMap{"http.status_code": "0", "canceled": "true", "error": "true"})
	given.Status = ptrace.StatusCodeError
	span := rewriteSpan(t, given)
	assert.Equal(t, ptrace.StatusCodeUnset, span.Status().Code(), "as with OTLP")
	requireAttrs(t, attrMap{"error.type": nil}, span.Attributes())

	// Its parent says that it was a timeout: an error after all, and a second pass leaves it one.
	td := gatewaytest.Span(t, ingress(attrMap{"http.status_code": "504", "response_flags": "UT", "error": "true"}), given)
	for range 2 {
		engine(t).Traces(td)
		child := gatewaytest.Spans(td)[1]
		assert.Equal(t, ptrace.StatusCodeError, child.Status().Code())
		requireAttrs(t, attrMap{"error.type": "UT"}, child.Attributes())
	}

	// An attempt that got no answer by itself keeps its error.
	lost := router(attrMap{"http.status_code": "0", "response_flags": "UF", "error": "true"})
	lost.Status = ptrace.StatusCodeError
	assert.Equal(t, ptrace.StatusCodeError, rewriteSpan(t, lost).Status().Code())
}

// The peer of Istio's outbound listener is who sent the request, though its span is a client span.
func TestIstioOutboundPeer(t *testing.T) {
	t.Parallel()
	outbound := router(attrMap{"peer.address": "10.244.0.7", "upstream_cluster": "outbound|8080||cart.shop.svc.cluster.local"})
	requireAttrs(t, attrMap{"client.address": "10.244.0.7", "network.peer.address": nil}, rewriteSpan(t, outbound).Attributes())
	upstream := router(attrMap{"peer.address": "[fd00::7]:8080"})
	requireAttrs(t, attrMap{"network.peer.address": "fd00::7", "network.peer.port": 8080, "client.address": nil}, rewriteSpan(t, upstream).Attributes())
}
