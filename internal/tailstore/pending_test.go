package tailstore

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// summary is about as large as what a sampler needs to know about a trace.
type summary [40]byte

// heap is what is reachable, after everything else was collected, and how long collecting takes.
type heap struct {
	bytes, objects uint64
	gc             time.Duration
}

func measureHeap() heap {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	var best time.Duration
	for range 5 {
		start := time.Now()
		runtime.GC()
		if d := time.Since(start); best == 0 || d < best {
			best = d
		}
	}
	runtime.ReadMemStats(&m)
	return heap{bytes: m.HeapAlloc, objects: m.HeapObjects, gc: best}
}

// pendingStore fills a store with n spans.
func pendingStore(tb testing.TB, n, perTrace int) *Store[summary] {
	tb.Helper()
	f := newTraffic(tb, perTrace)
	s, err := New[summary](Config{MaxBytes: 1 << 30, Delays: []time.Duration{30 * time.Second}})
	require.NoError(tb, err)
	now := time.Now()
	for added := 0; added < n; {
		td := f.request(50, perTrace)
		rs := td.ResourceSpans().At(0)
		from, err := s.SpanOrigin(rs, rs.ScopeSpans().At(0))
		require.NoError(tb, err)
		for _, span := range rs.ScopeSpans().At(0).Spans().All() {
			_, err := s.AddSpan(now, from, span)
			require.NoError(tb, err)
			added++
		}
		s.ReleaseOrigin(from)
	}
	return s
}

// pendingTrees holds n spans as a sampler does that keeps pdata: for each trace a ptrace.Traces of its own, with the
// decoded spans moved and the resource and scope copied.
func pendingTrees(tb testing.TB, n, perTrace int) map[TraceID]ptrace.Traces {
	tb.Helper()
	f := newTraffic(tb, perTrace)
	held := make(map[TraceID]ptrace.Traces)
	for added := 0; added < n; {
		b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(f.request(50, perTrace))
		require.NoError(tb, err)
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(b)
		require.NoError(tb, err)
		rs := td.ResourceSpans().At(0)
		ss := rs.ScopeSpans().At(0)
		for _, span := range ss.Spans().All() {
			id := TraceID(span.TraceID())
			one, ok := held[id]
			if !ok {
				one = ptrace.NewTraces()
				to := one.ResourceSpans().AppendEmpty()
				rs.Resource().CopyTo(to.Resource())
				ss.Scope().CopyTo(to.ScopeSpans().AppendEmpty().Scope())
				held[id] = one
			}
			span.MoveTo(one.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty())
			added++
		}
	}
	return held
}

// 600,000 pending spans: what the garbage collector sees of them, and how long a full collection takes.
func TestPending(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const spans = 600_000
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	before := measureHeap()
	s := pendingStore(t, spans, 2)
	after := measureHeap()
	st := s.Stats()
	n := float64(st.Items)
	bytes, objects := float64(after.bytes-before.bytes)/n, float64(after.objects-before.objects)/n
	t.Logf("heap %.1f B/span, %.4f objects/span, full GC %v; Stats: %.1f B/span, of it items %.1f B, tables %.1f B",
		bytes, objects, after.gc, float64(st.Bytes)/n, float64(st.LiveBytes)/n, float64(st.TableBytes)/n)
	require.Less(t, objects, 0.05)
	// A tenth of what the same spans take as trees of pdata (BenchmarkHeld).
	require.Less(t, bytes, 266.0)
	require.Less(t, after.gc, 50*time.Millisecond)
	require.InEpsilon(t, st.Bytes, after.bytes-before.bytes, 0.05, "what Stats says is what the heap holds")
	runtime.KeepAlive(s)
}

// BenchmarkHeld compares the store with the trees that pdata makes of the same spans.
func BenchmarkHeld(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	for _, perTrace := range []int{1, 2, 3} {
		for _, spans := range []int{100_000, 600_000} {
			b.Run(fmt.Sprintf("store/%d/spans=%d", spans, perTrace), func(b *testing.B) {
				holding(b, spans, func() any { return pendingStore(b, spans, perTrace) })
			})
		}
		b.Run(fmt.Sprintf("pdata/100000/spans=%d", perTrace), func(b *testing.B) {
			holding(b, 100_000, func() any { return pendingTrees(b, 100_000, perTrace) })
		})
	}
}

func holding(b *testing.B, spans int, fill func() any) {
	b.Helper()
	for b.Loop() {
		before := measureHeap()
		kept := fill()
		after := measureHeap()
		b.ReportMetric(float64(after.bytes-before.bytes)/float64(spans), "B/span")
		b.ReportMetric(float64(after.objects-before.objects)/float64(spans), "objects/span")
		b.ReportMetric(float64(after.gc)/1e6, "GC-ms")
		runtime.KeepAlive(kept)
	}
}
