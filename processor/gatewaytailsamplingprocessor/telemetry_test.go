package gatewaytailsamplingprocessor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/gatehouse-otel/gatehouse/processor/gatewaytailsamplingprocessor/internal/metadata"
)

// values reads one of our own metrics as numbers by their attributes.
func (r *rig) values(name string) map[string]int64 {
	r.t.Helper()
	m, err := r.set.GetMetric("otelcol_processor_gateway_tail_sampling_" + name)
	require.NoError(r.t, err)
	var points []metricdata.DataPoint[int64]
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		// What is held goes up and down, but is a sum too: several samplers of one Collector add up.
		require.Equal(r.t, name != "pending" && name != "bytes", data.IsMonotonic)
		points = data.DataPoints
	default:
		require.Fail(r.t, "kind of metric", "%T", m.Data)
	}
	list := make(map[string]int64)
	for _, p := range points {
		list[p.Attributes.Encoded(attribute.DefaultEncoder())] = p.Value
	}
	return list
}

// TestMetrics: the accounts are there for everybody to add up.
func TestMetrics(t *testing.T) {
	t.Parallel()
	bubble(t, errorsOnly, func(r *rig) {
		t := r.t
		r.consumeSpans(span(traceID(1), server, failed))
		r.consumeSpans(span(traceID(2), server))
		r.consumeLogs(record(traceID(2)))
		r.consumeSpans(span(pcommon.TraceID{}, server))
		sleep(7 * time.Second)
		r.consumeLogs(record(traceID(1)))
		sleep(2 * time.Second)
		r.out.setFail(func(signal) error { return consumererror.NewPermanent(errors.New("no")) })
		r.consumeSpans(span(traceID(3), server, failed))
		sleep(7 * time.Second)
		r.out.setFail(func(signal) error { return errors.New("later") })
		require.Error(t, r.traces.ConsumeTraces(context.Background(), span(pcommon.TraceID{}, server)))
		r.consumeSpans(span(traceID(4), server, failed))
		sleep(7 * time.Second)
		assert.Equal(t, map[string]int64{"signal=traces": 6, "signal=logs": 2}, r.values("received"))
		assert.Equal(t, map[string]int64{"signal=traces": 1, "signal=logs": 0}, r.values("pending"))
		assert.Equal(t, map[string]int64{
			"outcome=kept,signal=traces": 2, "outcome=kept,signal=logs": 1,
			"outcome=dropped,signal=traces": 1, "outcome=dropped,signal=logs": 1,
			"outcome=refused,signal=traces": 1, "outcome=refused,signal=logs": 0,
			"outcome=lost,signal=traces": 1, "outcome=lost,signal=logs": 0,
		}, r.values("items"))
		assert.Equal(t, map[string]int64{
			"decision=drop,signal=traces": 0, "decision=drop,signal=logs": 0,
			"decision=keep,signal=traces": 0, "decision=keep,signal=logs": 1,
		}, r.values("late_items"))
		assert.Equal(t, map[string]int64{
			"decision=keep,rule=errors,trigger=entry": 3, "decision=drop,rule=none,trigger=entry": 1,
		}, r.values("traces"))
		assert.EqualValues(t, 2, r.values("irregular")["reason=no_trace_id"])
		assert.Positive(t, r.values("retries")[""])
		assert.Positive(t, r.values("bytes")[""])
		r.out.setFail(nil)
	})
}

// TestMetricsOfTwo: those of several samplers in one Collector add up, also what they hold.
func TestMetricsOfTwo(t *testing.T) {
	t.Parallel()
	bubble(t, keepAll, func(r *rig) {
		set := processortest.NewNopSettings(metadata.Type)
		set.TelemetrySettings = r.set.NewTelemetrySettings()
		set.ID = component.NewIDWithName(metadata.Type, "two")
		two, err := NewFactory().CreateTraces(r.t.Context(), set, createDefaultConfig(), &sink{})
		require.NoError(r.t, err)
		require.NoError(r.t, two.Start(r.t.Context(), componenttest.NewNopHost()))
		r.consumeSpans(span(traceID(1), server))
		require.NoError(r.t, two.ConsumeTraces(r.t.Context(), span(traceID(1), server)))
		assert.EqualValues(r.t, 2, r.values("received")["signal=traces"])
		assert.EqualValues(r.t, 2, r.values("pending")["signal=traces"])
		both := r.values("bytes")[""]
		require.NoError(r.t, two.Shutdown(r.t.Context()))
		assert.EqualValues(r.t, 1, r.values("pending")["signal=traces"])
		assert.Less(r.t, r.values("bytes")[""], both)
	})
}
