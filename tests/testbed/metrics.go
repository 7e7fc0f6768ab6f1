package testbed

import (
	"bufio"
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Metric sums the Collector's own metric of that name, as Prometheus would read it, over the series that have all of the
// labels, each written as name="value". A metric that nothing was counted in yet is 0.
func (c *Collector) Metric(tb testing.TB, name string, labels ...string) int {
	tb.Helper()
	sum, err := c.metric(tb.Context(), name, labels...)
	require.NoError(tb, err)
	return sum
}

func (c *Collector) metric(ctx context.Context, name string, labels ...string) (int, error) {
	text, err := getText(ctx, "http://"+c.config.Metrics+"/metrics")
	if err != nil {
		return 0, fmt.Errorf("read metric %s: %w", name, err)
	}
	return sumSeries(text, name, labels...)
}

// WaitMetric returns once enough holds for the metric, and fails the test when that takes longer than ItemTimeout. Why says
// what is awaited.
func (c *Collector) WaitMetric(tb testing.TB, why string, enough func(int) bool, name string, labels ...string) {
	tb.Helper()
	Eventually(tb, ItemTimeout, why, func(ctx context.Context) error {
		sum, err := c.metric(ctx, name, labels...)
		if err == nil && !enough(sum) {
			err = fmt.Errorf("%s%q is %d", name, labels, sum)
		}
		return err
	})
}

// sumSeries reads Prometheus' text format: name{label="value",…} number, without braces where there are no labels.
func sumSeries(text, name string, labels ...string) (int, error) {
	sum := 0.0
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for lines.Scan() {
		at := strings.LastIndexByte(lines.Text(), ' ')
		if at < 0 {
			continue
		}
		series, list, _ := strings.Cut(lines.Text()[:at], "{")
		if series != name || !hasAll(","+strings.TrimSuffix(list, "}")+",", labels) {
			continue
		}
		number, err := strconv.ParseFloat(lines.Text()[at+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("read metric %s: %w", name, err)
		}
		sum += number
	}
	return int(sum), lines.Err()
}

func hasAll(list string, labels []string) bool {
	for _, label := range labels {
		if !strings.Contains(list, ","+label+",") {
			return false
		}
	}
	return true
}
