package builtin

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// recognized calls each for every resource and scope of a batch, with the recognizer's answer.
func recognized(r *gateway.Recognizer, b gatewaytest.Batch, each func(resource pcommon.Map, own bool)) {
	if b.IsLogs {
		for _, rl := range b.Logs.ResourceLogs().All() {
			m := rl.Resource().Attributes()
			for _, sl := range rl.ScopeLogs().All() {
				each(m, r.Logs(m, sl.Scope().Name(), sl.LogRecords()))
			}
		}
		return
	}
	for _, rs := range b.Traces.ResourceSpans().All() {
		m := rs.Resource().Attributes()
		for _, ss := range rs.ScopeSpans().All() {
			each(m, r.Spans(m, ss.Scope().Name(), ss.Spans()))
		}
	}
}

// TestEveryRecordingIsAGatewaysOwn: whatever a gateway sent is recognized as its own, before the engine and behind it,
// if it says anything about its service. Lines of text that nobody read yet say nothing.
func TestEveryRecordingIsAGatewaysOwn(t *testing.T) {
	t.Parallel()
	r, err := gateway.NewRecognizer(Profiles())
	require.NoError(t, err)
	e, err := gateway.Compile(Profiles(), gateway.DefaultOptions())
	require.NoError(t, err)
	for _, c := range gatewaytest.Captures(t) {
		for i, b := range c.Clone() {
			check := func(where string) {
				recognized(r, b, func(resource pcommon.Map, own bool) {
					if _, says := resource.Get("service.name"); says && !bareZipkin(b) {
						assert.True(t, own, "%s, request %d, %s: %v", c, i, where, resource.AsRaw())
					}
				})
			}
			check("as it came")
			if b.IsLogs {
				e.Logs(b.Logs)
			} else {
				e.Traces(b.Traces)
			}
			check("rewritten")
		}
	}
}

// bareZipkin tells the one thing that shows no gateway: the "(proxy)" span of a request without a route, to which Kong's
// Zipkin plugin gives no tag but durations, when it comes in an export request of its own.
func bareZipkin(b gatewaytest.Batch) bool {
	return !b.IsLogs && b.Len() == 1 && strings.HasSuffix(gatewaytest.Spans(b.Traces)[0].Name(), " (proxy)")
}

// TestApplicationsAreNoGateways: what SDKs put on their resources, and the scopes they use.
func TestApplicationsAreNoGateways(t *testing.T) {
	t.Parallel()
	r, err := gateway.NewRecognizer(Profiles())
	require.NoError(t, err)
	for name, resource := range gatewaytest.Applications {
		m := pcommon.NewMap()
		require.NoError(t, m.FromRaw(resource))
		td := gatewaytest.Span(t, gatewaytest.SpanSpec{
			Resource: resource, Scope: "io.opentelemetry.tomcat-10.0", Name: "GET /orders",
			Attrs: gatewaytest.Attrs{"http.request.method": "GET", "http.route": "/orders", "url.path": "/orders", "server.address": "shop", "network.peer.address": "10.0.0.1"},
		})
		assert.False(t, r.Spans(m, "io.opentelemetry.tomcat-10.0", td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()), name)
		ld := gatewaytest.Record(t, gatewaytest.RecordSpec{Resource: resource, Scope: "com.example.Orders", Attrs: gatewaytest.Attrs{"thread.name": "main"}})
		assert.False(t, r.Logs(m, "com.example.Orders", ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()), name)
		assert.False(t, r.Scope(m, "go.opentelemetry.io/contrib/instrumentation/runtime"), name)
	}
}

func TestMetricsOfAGatewayByTheirScope(t *testing.T) {
	t.Parallel()
	r, err := gateway.NewRecognizer(Profiles())
	require.NoError(t, err)
	assert.True(t, r.Scope(pcommon.NewMap(), "github.com/traefik/traefik"))
}

// TestRewrittenByAnEngineThatKnowsMore: gateways that users describe are known to their gateway_semconv only; what it
// wrote shows them.
func TestRewrittenByAnEngineThatKnowsMore(t *testing.T) {
	t.Parallel()
	r, err := gateway.NewRecognizer(Profiles())
	require.NoError(t, err)
	for key, want := range map[string]bool{"gateway.request.duration": true, "request.duration": false} {
		attributes := gatewaytest.Attrs{key: 0.1}
		spans := gatewaytest.Span(t, gatewaytest.SpanSpec{Scope: "mine", Attrs: attributes}).ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		assert.Equal(t, want, r.Spans(pcommon.NewMap(), "mine", spans), key)
		records := gatewaytest.Record(t, gatewaytest.RecordSpec{Scope: "mine", Attrs: attributes}).ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
		assert.Equal(t, want, r.Logs(pcommon.NewMap(), "mine", records), key)
	}
}
