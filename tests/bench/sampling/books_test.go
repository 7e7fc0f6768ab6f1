//go:build soak && unix

package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// books are gateway_tail_sampling's own metrics: what has become of every span.
type books struct {
	received, kept, dropped, refused, lost, pending int64
	bytes                                           int64
	triggers                                        map[string]int64 // decided traces, by what made them due
}

// open is what is not accounted for.
func (b books) open() int64 {
	return b.received - b.kept - b.dropped - b.refused - b.lost - b.pending
}

func readBooks(t *testing.T, r *running) books {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, r.reader.Collect(context.Background(), &all))
	b := books{triggers: make(map[string]int64)}
	const prefix = "otelcol_processor_gateway_tail_sampling_"
	found := 0
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			for _, p := range points(m) {
				text := func(key string) string {
					v, _ := p.Attributes.Value(attribute.Key(key))
					return v.AsString()
				}
				found++
				switch m.Name {
				case prefix + "received":
					b.received += p.Value
				case prefix + "pending":
					b.pending += p.Value
				case prefix + "bytes":
					b.bytes += p.Value
				case prefix + "traces":
					b.triggers[text("trigger")] += p.Value
				case prefix + "items":
					switch outcome := text("outcome"); outcome {
					case "kept":
						b.kept += p.Value
					case "dropped":
						b.dropped += p.Value
					case "refused":
						b.refused += p.Value
					case "lost":
						b.lost += p.Value
					default:
						require.Fail(t, "unknown outcome "+outcome)
					}
				default:
					found--
				}
			}
		}
	}
	require.Positive(t, found, "none of the metrics is there")
	return b
}

func points(m metricdata.Metrics) []metricdata.DataPoint[int64] {
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		return data.DataPoints
	case metricdata.Gauge[int64]:
		return data.DataPoints
	default:
		return nil
	}
}
