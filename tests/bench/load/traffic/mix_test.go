package traffic

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Mixed traffic is whole traces as well, each with its access log record: interleaved, out of order, split over requests,
// and in part late.
func TestMixedTrafficIsWhole(t *testing.T) {
	t.Parallel()
	shape := Shape{
		SpansPerTrace: 3, SpansPerRequest: 5, Failed: 0.2, Slow: 0.1, Remote: 0.3, Seed: 9,
		Logs: true, Window: 50, Late: 0.1, LateBy: 40 * time.Second,
	}
	from, err := New(captures, shape)
	require.NoError(t, err)
	type seen struct {
		spans, records, requests int
		first, last              time.Time
		order                    []int // places of its spans in the traffic
	}
	traces := make(map[pcommon.TraceID]*seen)
	place := 0
	take := func(r Request, at time.Time) {
		require.LessOrEqual(t, r.Items, 5)
		inThis := make(map[pcommon.TraceID]bool)
		note := func(id pcommon.TraceID) *seen {
			s := traces[id]
			if s == nil {
				s = &seen{first: at}
				traces[id] = s
			}
			if !inThis[id] {
				inThis[id] = true
				s.requests++
			}
			s.last = at
			place++
			return s
		}
		if !r.IsLogs {
			require.Equal(t, r.Items, r.Traces.SpanCount())
			for _, span := range r.Traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
				s := note(span.TraceID())
				s.spans++
				s.order = append(s.order, place)
			}
			return
		}
		require.Equal(t, r.Items, r.Logs.LogRecordCount())
		for _, lr := range r.Logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			note(lr.TraceID()).records++
			code, ok := lr.Attributes().Get("http.response.status_code")
			require.True(t, ok)
			assert.Equal(t, TraceOf(lr.TraceID()).Failed, code.Str() == "503")
		}
	}
	now := time.Now()
	for range 3000 {
		now = now.Add(20 * time.Millisecond)
		take(from.NextRequest(now), now)
	}
	for {
		r, at, ok := from.RestRequest(now)
		if !ok {
			break
		}
		require.False(t, at.Before(now))
		now = at
		take(r, at)
	}
	require.Len(t, traces, int(from.Traces()))
	late, split, between, notable := 0, 0, 0, 0
	for id, s := range traces {
		assert.Equal(t, 3, s.spans)
		assert.Equal(t, 1, s.records)
		trace := TraceOf(id)
		assert.Equal(t, trace.Late, s.last.Sub(s.first) > shape.LateBy/2, "but for what the window does")
		count(&late, trace.Late)
		count(&split, s.requests > 2)
		count(&between, slices.Max(s.order)-slices.Min(s.order) > 2)
		count(&notable, (trace.Failed || trace.Slow) && !trace.Late)
	}
	n := float64(len(traces))
	assert.InDelta(t, 0.1, float64(late)/n, 0.02)
	assert.EqualValues(t, late, from.Late())
	assert.EqualValues(t, notable, from.Notable())
	assert.Greater(t, float64(split)/n, 0.5)
	assert.Greater(t, float64(between)/n, 0.9)
}
