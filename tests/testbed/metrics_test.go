package testbed

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSumSeries(t *testing.T) {
	const text = `# HELP otelcol_x Something.
# TYPE otelcol_x counter
otelcol_x{kind="http",outcome="record"} 12
otelcol_x{kind="tcp",outcome="record"} 1e1
otelcol_x{kind="http",outcome="skipped"} 3
otelcol_x_total{kind="http"} 100
otelcol_y 4
`
	for _, c := range []struct {
		want   int
		labels []string
	}{
		{25, nil},
		{22, []string{`outcome="record"`}},
		{12, []string{`kind="http"`, `outcome="record"`}},
		{0, []string{`kind="udp"`}},
	} {
		got, err := sumSeries(text, "otelcol_x", c.labels...)
		require.NoError(t, err)
		assert.Equal(t, c.want, got, c.labels)
	}
	got, err := sumSeries(text, "otelcol_y")
	require.NoError(t, err)
	assert.Equal(t, 4, got)
	_, err = sumSeries("otelcol_x{} many\n", "otelcol_x")
	require.ErrorContains(t, err, "otelcol_x")
}
