//go:build soak && unix

package main

import (
	"context"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/processor/gatewaytailsamplingprocessor"
	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

const (
	soakLength   = 60 * time.Second
	soakMaxBytes = 8 << 20
	soakLinger   = 6 * time.Second
	soakShards   = 2
	// The backend refuses everything for this part of the run: what is kept fills the store, until spans are refused.
	downFrom, downTo = 20 * time.Second, 40 * time.Second
	// soakAllowance is what the process may hold besides max_bytes: for each shard a batch that is on its way, 1 MiB as
	// OTLP and four times that as pdata, and as much again in the consumer's hands.
	soakAllowance = soakShards * 2 * 5 << 20
	// retryAfter is when a refused request is sent again.
	retryAfter = 20 * time.Millisecond
)

var soakShape = traffic.Shape{SpansPerTrace: 2, SpansPerRequest: 5, Failed: 0.1, Seed: 3}

func soakConfig(linger time.Duration) map[string]any {
	return map[string]any{
		"linger": linger, "wait": 2 * linger, "max_bytes": soakMaxBytes, "shards": soakShards,
		"retry": map[string]any{"initial_interval": 100 * time.Millisecond, "max_interval": time.Second},
		"rules": []any{
			map[string]any{"name": "errors", "match": map[string]any{"error": true}, "action": "keep"},
			map[string]any{"name": "rest", "action": "ratio", "ratio": keep},
		},
	}
}

// Twice as many spans as max_bytes can hold for as long as they should wait, for a minute, with the backend down for a
// third of it: memory stays in its bound, every trace has a decision, failed requests are all kept and whole, and the accounts
// close to zero.
func TestSoakAtTwiceTheSustainableRate(t *testing.T) {
	r, err := newRing(t.Context(), testCaptures, soakShape, 40_000)
	require.NoError(t, err)
	rate := 2 * sustainable(t, r)

	var down atomic.Bool
	seen := newArrivals()
	next, err := consumer.NewTraces(func(_ context.Context, td ptrace.Traces) error {
		if down.Load() {
			return assert.AnError // not marked permanent, so it may be retried
		}
		seen.add(td)
		return nil
	})
	require.NoError(t, err)
	base := int64(live().HeapAlloc)
	s, err := start(t.Context(), gatewaytailsamplingprocessor.NewFactory(), soakConfig(soakLinger), next, zap.NewNop())
	require.NoError(t, err)
	started := int64(live().HeapAlloc)

	var sent load
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	begin, checked := time.Now(), time.Time{}
	var peakStore, peakHeap int64
	r.again()
	for begun := time.Duration(0); begun < soakLength; begun = time.Since(begin) {
		down.Store(begun >= downFrom && begun < downTo)
		if due := int(rate * begun.Seconds()); sent.spans+sent.behind < due {
			sent.one(t, s, r, &down, begin, rate)
		} else {
			<-ticker.C
		}
		if time.Since(checked) < 100*time.Millisecond {
			continue
		}
		checked = time.Now()
		b := readBooks(t, s)
		require.Zero(t, b.open(), "received = kept + dropped + refused + lost + pending, at every moment: %+v", b)
		peakStore, peakHeap = max(peakStore, b.bytes), max(peakHeap, liveHeap())
		require.LessOrEqual(t, b.bytes, int64(soakMaxBytes), "bytes in the store")
	}
	down.Store(false)
	for r.at < len(r.payloads) { // the last traces are complete too
		sent.one(t, s, r, &down, begin, rate)
	}
	require.Eventually(t, func() bool { return readBooks(t, s).pending == 0 }, 2*soakLinger+20*time.Second, 100*time.Millisecond,
		"after the last wait everything is decided and sent")
	last := readBooks(t, s)
	require.NoError(t, s.stop(context.Background()))

	t.Logf("offered %.0f spans/s, twice the sustainable rate, for %s; %d spans taken (%.0f/s), %d requests told to come later",
		rate, soakLength, sent.spans, float64(sent.spans)/time.Since(begin).Seconds(), sent.refusals)
	t.Logf("store at most %d of %d bytes; live heap at most %d MB above the start (%d MB are taken there), allowed %d MB",
		peakStore, soakMaxBytes, (peakHeap-started)>>20, (started-base)>>20, (soakMaxBytes+soakAllowance)>>20)
	t.Logf("accounts %+v", last)
	assert.Positive(t, sent.refusals, "the store was full at some time, or this was no overload")
	assert.Positive(t, last.triggers["pressure"], "traces were decided early")
	assert.Less(t, peakHeap-started, int64(soakMaxBytes+soakAllowance))
	assert.Zero(t, last.open())
	assert.Zero(t, last.lost)
	assert.EqualValues(t, seen.spans, last.kept)
	assert.EqualValues(t, sent.spans, last.received-last.refused, "a request is refused as a whole")
	decisions := int64(0)
	for _, n := range last.triggers {
		decisions += n
	}
	assert.GreaterOrEqual(t, decisions, int64(sent.spans/soakShape.SpansPerTrace), "every trace has a decision")
	seen.check(t, sent.failed)
}

// sustainable is the spans a second that max_bytes can hold for the time they should wait: what fits before the first
// trace has to be decided early.
func sustainable(t *testing.T, r *ring) float64 {
	t.Helper()
	sink, err := consumer.NewTraces(func(context.Context, ptrace.Traces) error { return nil })
	require.NoError(t, err)
	s, err := start(t.Context(), gatewaytailsamplingprocessor.NewFactory(), soakConfig(time.Hour), sink, zap.NewNop())
	require.NoError(t, err)
	spans := 0
	r.again()
	for readBooks(t, s).triggers["pressure"] == 0 {
		for range 100 {
			td, err := r.next()
			require.NoError(t, err)
			require.NoError(t, s.ConsumeTraces(t.Context(), td))
			spans += r.spans
		}
		require.Less(t, spans, soakMaxBytes, "a span takes more than a byte")
	}
	require.NoError(t, s.stop(context.Background()))
	t.Logf("%d spans fit into max_bytes, %d bytes each", spans, soakMaxBytes/spans)
	return float64(spans) / soakLinger.Seconds()
}

// load is what was sent.
type load struct {
	spans    int // of requests that were taken
	behind   int // spans whose moment passed while a request was refused; they were never made
	refusals int
	failed   []pcommon.TraceID
}

// one sends a request until it is taken. Its sender does nothing else meanwhile, as a gateway's exporter that waits.
func (l *load) one(t *testing.T, s *running, r *ring, down *atomic.Bool, begin time.Time, rate float64) {
	t.Helper()
	td, err := r.next()
	require.NoError(t, err)
	for span := range spansOf(td) {
		if span.Kind() == ptrace.SpanKindServer && traffic.TraceOf(span.TraceID()).Failed {
			l.failed = append(l.failed, span.TraceID())
		}
	}
	l.spans += r.spans
	for {
		begun := time.Since(begin)
		down.Store(begun >= downFrom && begun < downTo)
		err := s.ConsumeTraces(t.Context(), td)
		if err == nil {
			return
		}
		require.False(t, consumererror.IsPermanent(err), "a full store is no reason to give up: %v", err)
		l.refusals++
		select {
		case <-time.After(retryAfter):
		case <-t.Context().Done():
			require.NoError(t, t.Context().Err())
		}
		l.behind = max(l.behind, int(rate*time.Since(begin).Seconds())-l.spans)
	}
}

// arrivals are the traces that came out.
type arrivals struct {
	mu     sync.Mutex
	spans  int
	traces map[pcommon.TraceID]arrival
}

// arrival is how many server spans and client spans came of a trace: one of each, or the trace was torn or sent twice.
type arrival struct{ server, client uint8 }

func newArrivals() *arrivals {
	// Room for all of the run, so that the heap's growth is the sampler's.
	return &arrivals{traces: make(map[pcommon.TraceID]arrival, 400_000)}
}

func (a *arrivals) add(td ptrace.Traces) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for span := range spansOf(td) {
		a.spans++
		one := a.traces[span.TraceID()]
		if span.Kind() == ptrace.SpanKindServer {
			one.server++
		} else {
			one.client++
		}
		a.traces[span.TraceID()] = one
	}
}

// check says whether all failed traces arrived, and of the others whole ones in the share that was asked for.
func (a *arrivals) check(t *testing.T, failed []pcommon.TraceID) {
	t.Helper()
	missing := 0
	for _, id := range failed {
		if a.traces[id] != (arrival{server: 1, client: 1}) {
			missing++
		}
	}
	assert.Zero(t, missing, "of %d failed traces, not arrived, not whole or more than once", len(failed))
	whole, half := 0, 0
	for id, one := range a.traces {
		switch {
		case traffic.TraceOf(id).Failed:
		case one == arrival{server: 1, client: 1}:
			whole++
		default:
			half++
		}
	}
	t.Logf("%d failed traces, all there: %t; of the others %d arrived whole and once, %d did not", len(failed), missing == 0, whole, half)
	assert.Zero(t, half, "traces of which only some spans arrived, or some twice")
}

// liveHeap is what the last garbage collection found in use.
func liveHeap() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
