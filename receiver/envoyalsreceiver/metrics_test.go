package envoyalsreceiver

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// sum adds up the data points of a counter whose attributes have these pairs.
func sum(t *testing.T, m metricdata.Metrics, pairs ...string) int64 {
	t.Helper()
	data, ok := m.Data.(metricdata.Sum[int64])
	require.True(t, ok, m.Name)
	var total int64
	for _, point := range data.DataPoints {
		matches := true
		for i := 0; i < len(pairs); i += 2 {
			value, found := point.Attributes.Value(attribute.Key(pairs[i]))
			matches = matches && found && value.AsString() == pairs[i+1]
		}
		if matches {
			total += point.Value
		}
	}
	return total
}
