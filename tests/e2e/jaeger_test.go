//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// A request with a known traceparent goes through Envoy and the Collector to Jaeger, and is found there under that trace
// id, with the conventions' names and types, as a user finds it. Its access log record carries the same id.
func TestJaeger(t *testing.T) {
	const version = "1.40.0"
	jaeger := testbed.StartJaeger(t)
	k := startKgateway(t, version, neverSplit, jaeger.Endpoint())
	names := []string{"ok", "error", "flaky", "dead", "grpc", "grpc-unavailable"}
	var sent []request
	spans, records := 0, 0
	for _, r := range envoyRequests {
		if slices.Contains(names, r.name) {
			k.spawn.do(t, r)
			sent = append(sent, r)
			spans += k.spawn.spans(r)
			records += k.records(k.spawn, r)
		}
	}
	k.collector.Wait(t, spans, records)
	x := k.collector.Exchange(t)
	x.Judge(t, testbed.Subject{Program: "envoy", Version: version, Case: "as kgateway, to Jaeger 1.62.0 and back by its API"})
	for _, r := range sent {
		t.Run(r.name, func(t *testing.T) {
			k.checkSpans(t, x, k.spawn, r)
			k.checkRecords(t, x, k.spawn, r)
			checkInJaeger(t, jaeger, x, k.spawn.traceID(r), k.spawn.spans(r))
		})
	}
	t.Run("search", func(t *testing.T) {
		found, err := jaeger.Find(t.Context(), "http.kgateway-system", map[string]string{
			"http.response.status_code": "503", "gateway.upstream.service.name": "dead",
		})
		require.NoError(t, err)
		require.NotEmpty(t, found)
		at := slices.IndexFunc(sent, func(r request) bool { return r.name == "dead" })
		for _, span := range found {
			assert.Equal(t, k.spawn.traceID(sent[at]), span.TraceID)
		}
	})
}

// checkInJaeger compares what Jaeger shows with what left the Collector: every attribute under its name with its type, and
// no other than those that Jaeger makes from the span's fields.
func checkInJaeger(t *testing.T, jaeger *testbed.Jaeger, x testbed.Exchange, traceID string, count int) {
	t.Helper()
	var shown []testbed.JaegerSpan
	testbed.Eventually(t, testbed.ItemTimeout, "Jaeger to index the trace", func(ctx context.Context) (err error) {
		shown, err = jaeger.Trace(ctx, traceID)
		if err == nil && len(shown) != count {
			err = fmt.Errorf("jaeger shows %d spans, want %d", len(shown), count)
		}
		return err
	})
	for _, p := range x.Spans {
		if p.After == nil || p.After.TraceID().String() != traceID {
			continue
		}
		at := slices.IndexFunc(shown, func(s testbed.JaegerSpan) bool { return s.SpanID == p.After.SpanID().String() })
		require.GreaterOrEqual(t, at, 0, "span %s is not in Jaeger", p.After.SpanID())
		s := shown[at]
		assert.Equal(t, p.After.Name(), s.Operation)
		assert.Equal(t, "http.kgateway-system", s.Service)
		assert.Equal(t, p.After.ParentSpanID().String(), s.ParentID)
		for _, key := range testbed.LegacyKeys {
			_, left := s.Tags[key]
			assert.False(t, left, "Jaeger shows the legacy key %s", key)
		}
		for key, value := range p.After.Attributes().All() {
			want := value.AsRaw()
			if value.Type() == pcommon.ValueTypeSlice {
				want = value.AsString() // Jaeger has no arrays and shows JSON
			}
			assert.Equal(t, want, s.Tags[key], "tag %s", key)
			delete(s.Tags, key)
		}
		for _, key := range []string{
			"span.kind", "internal.span.format", "otel.scope.name", "otel.scope.version", "otel.status_code", "otel.status_description",
			"error", "w3c.tracestate",
		} {
			delete(s.Tags, key)
		}
		assert.Empty(t, s.Tags, "tags that are on no span that left the Collector")
	}
}
