package traffic

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

const captures = "../../../captures"

func TestTraceIDsTellWhatTheyBelongTo(t *testing.T) {
	t.Parallel()
	for _, want := range []Trace{
		{},
		{Seq: 1},
		{Seq: 1<<60 - 1, Failed: true, Slow: true, Remote: true, Late: true},
		{Seq: 600_000, Failed: true},
		{Seq: 600_000, Slow: true},
		{Seq: 600_000, Remote: true},
	} {
		id := want.ID(0x0123456789abcdef)
		assert.Equal(t, want, TraceOf(id))
		assert.Equal(t, "0123456789abcdef", id.String()[16:], "the lower half is the random one")
	}
}

// The spans are a gateway's: whole traces, each with one server span that comes last, cut into requests of equal size.
func TestTrafficHasTheShapeAskedFor(t *testing.T) {
	t.Parallel()
	for _, shape := range []Shape{
		{SpansPerTrace: 1, SpansPerRequest: 5},
		{SpansPerTrace: 2, SpansPerRequest: 5, Failed: 0.2, Slow: 0.1, Remote: 0.3, Seed: 7},
		{SpansPerTrace: 3, SpansPerRequest: 50, Failed: 1, Remote: 1},
	} {
		traffic, err := New(captures, shape)
		require.NoError(t, err)
		now := time.Now()
		traces := make(map[pcommon.TraceID][]ptrace.Span)
		spanIDs := make(map[pcommon.SpanID]bool)
		split := 0
		take := func(td ptrace.Traces) {
			seen := make(map[pcommon.TraceID]int)
			for _, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
				id := span.TraceID()
				seen[id]++
				traces[id] = append(traces[id], span)
				assert.False(t, spanIDs[span.SpanID()], "span id twice")
				spanIDs[span.SpanID()] = true
			}
			for _, n := range seen {
				if n < shape.SpansPerTrace {
					split++
				}
			}
		}
		for range 401 {
			td := traffic.Next(now)
			require.Equal(t, shape.SpansPerRequest, td.SpanCount())
			take(td)
		}
		if td, ok := traffic.Rest(now); ok {
			take(td)
		}
		_, more := traffic.Rest(now)
		assert.False(t, more)
		require.Len(t, traces, int(traffic.Traces()))
		assert.Equal(t, shape.SpansPerTrace > 1, split > 0, "traces split over requests")
		notable := 0
		for id := range traces {
			trace := TraceOf(id)
			count(&notable, trace.Failed || trace.Slow)
		}
		assert.EqualValues(t, notable, traffic.Notable())
		checkTraces(t, shape, traces, now)
	}
}

func checkTraces(t *testing.T, shape Shape, traces map[pcommon.TraceID][]ptrace.Span, now time.Time) {
	t.Helper()
	var failed, slow, remote int
	requests := make(map[string]bool)
	for id, spans := range traces {
		trace := TraceOf(id)
		require.Less(t, trace.Seq, uint64(len(traces)))
		require.Len(t, spans, shape.SpansPerTrace)
		server := spans[len(spans)-1]
		require.Equal(t, ptrace.SpanKindServer, server.Kind())
		assert.Equal(t, trace.Remote, !server.ParentSpanID().IsEmpty())
		assert.Equal(t, trace.Failed, text(server, "http.status_code") >= "500")
		took := server.EndTimestamp().AsTime().Sub(server.StartTimestamp().AsTime())
		assert.Equal(t, trace.Slow, took > SlowAfter)
		assert.Equal(t, now.UnixNano(), int64(server.EndTimestamp()))
		for _, span := range spans {
			assert.Empty(t, span.TraceState().AsRaw(), "nothing but the trace id decides")
		}
		for _, client := range spans[:len(spans)-1] {
			assert.Equal(t, ptrace.SpanKindClient, client.Kind())
			assert.Equal(t, server.SpanID(), client.ParentSpanID())
			assert.GreaterOrEqual(t, client.StartTimestamp(), server.StartTimestamp())
			assert.LessOrEqual(t, client.EndTimestamp(), server.EndTimestamp())
		}
		requests[text(server, "guid:x-request-id")] = true
		count(&failed, trace.Failed)
		count(&slow, trace.Slow)
		count(&remote, trace.Remote)
	}
	assert.Len(t, requests, len(traces), "request ids")
	n := float64(len(traces))
	assert.InDelta(t, shape.Failed, float64(failed)/n, 0.05)
	assert.InDelta(t, shape.Slow, float64(slow)/n, 0.05)
	assert.InDelta(t, shape.Remote, float64(remote)/n, 0.05)
}

func count(n *int, yes bool) {
	if yes {
		*n++
	}
}

func TestBadShapesAreNamedAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New(captures, Shape{Failed: 2, Slow: -1, Late: 3, Window: -1})
	require.Error(t, err)
	for _, want := range []string{"spans per trace: 0", "spans per request: 0", "failed: 2", "slow: -1", "late: 3", "window: -1"} {
		require.ErrorContains(t, err, want)
	}
	_, err = New(t.TempDir(), Shape{SpansPerTrace: 1, SpansPerRequest: 1})
	require.ErrorContains(t, err, "folder of captures")
}
