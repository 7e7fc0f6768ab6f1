package gatewaytailsamplingprocessor

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// noise is a text that does not compress.
func noise(rng *rand.Rand, n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteByte(byte('a' + rng.IntN(26)))
	}
	return b.String()
}

func small(c *Config) {
	c.MaxBytes = 4 << 20
	c.Shards = 1
}

// TestPressure: in a minute of far more than fits, memory stays under the bound, every trace has a decision, all errors
// are kept and nothing is refused or lost.
func TestPressure(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) { errorsOnly(c); small(c) }, func(r *rig) {
		t := r.t
		rng := rand.New(rand.NewPCG(5, 6))
		n, bad := 0, 0
		for range 60 {
			for range 800 {
				options := []spanOption{server, attr("note", noise(rng, 1000))}
				if rng.IntN(20) == 0 {
					options = append(options, failed)
					bad++
				}
				r.consumeSpans(span(traceID(n), options...))
				n++
			}
			_, bytes := r.sampler.totals()
			assert.LessOrEqual(t, bytes, int64(4<<20))
			sleep(time.Second)
		}
		a := r.balanced()
		assert.Positive(t, a.traces[0].kept[triggerPressure])
		assert.Positive(t, a.traces[1].dropped[triggerPressure])
		sleep(10 * time.Second)
		a = r.balanced()
		assert.Equal(t, perSignal{int64(bad), 0}, a.kept, "every error")
		assert.EqualValues(t, n-bad, a.dropped[0])
		assert.Len(t, r.out.allSpans(), bad)
	})
}

// TestFull: when nothing can leave, requests are refused with an error that may be retried, and when it can again they
// are taken again. Nothing that was taken is lost.
func TestFull(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) { keepAll(c); small(c) }, func(r *rig) {
		t := r.t
		r.out.setFail(func(signal) error { return errors.New("away") })
		rng := rand.New(rand.NewPCG(7, 8))
		taken, refused := 0, 0
		for n := range 12_000 {
			err := r.traces.ConsumeTraces(context.Background(), span(traceID(n), server, attr("note", noise(rng, 1000))))
			if err == nil {
				taken++
				continue
			}
			require.ErrorIs(t, err, errFull)
			require.False(t, consumererror.IsPermanent(err))
			refused++
		}
		assert.Positive(t, refused)
		a := r.balanced()
		assert.EqualValues(t, refused, a.refused[0])
		assert.EqualValues(t, taken, a.pending[0])
		_, bytes := r.sampler.totals()
		assert.LessOrEqual(t, bytes, int64(4<<20))
		r.out.setFail(nil)
		sleep(40 * time.Second)
		assert.Len(t, r.out.allSpans(), taken)
		r.consumeSpans(span(traceID(20_000), server))
	})
}

// TestTooLarge: an item that no store can hold goes on at once, and takes nobody with it.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) { errorsOnly(c); small(c) }, func(r *rig) {
		t := r.t
		rng := rand.New(rand.NewPCG(9, 10))
		td := span(traceID(1), server, attr("body", noise(rng, 5<<20)))
		at(span(traceID(2), server, failed)).CopyTo(td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty())
		r.consumeSpans(td)
		assert.Len(t, r.out.allSpans(), 1)
		r.consumeLogs(record(traceID(3), "body", noise(rng, 5<<20)))
		assert.Len(t, r.out.allRecords(), 1)
		a := r.balanced()
		assert.EqualValues(t, 2, a.irregular[reasonTooLarge])
		r.consumeSpans(span(traceID(4), server, failed, attr("body", noise(rng, 1<<20)))) // large, but it fits
		sleep(7 * time.Second)
		for n, want := range map[int]int{1: 1, 2: 1, 4: 1} {
			spans, _ := r.out.got(n)
			assert.Equal(t, want, spans, "trace %d", n)
		}
		r.out.setFail(func(signal) error { return errors.New("away") })
		require.Error(t, r.traces.ConsumeTraces(context.Background(), td), "whose error it is")
		r.out.setFail(nil)
	})
}

// TestTooLargeResource: items of a resource that no store can hold go on at once. Refused, they would come again and
// again, and have the traces of others decided early each time.
func TestTooLargeResource(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) { errorsOnly(c); small(c) }, func(r *rig) {
		t := r.t
		rng := rand.New(rand.NewPCG(15, 16))
		r.consumeSpans(span(traceID(1), client))
		td, ld := span(traceID(2), server), record(traceID(3))
		td.ResourceSpans().At(0).Resource().Attributes().PutStr("note", noise(rng, 3<<20))
		td.ResourceSpans().At(0).Resource().CopyTo(ld.ResourceLogs().At(0).Resource())
		at(span(traceID(4), server)).CopyTo(td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty())
		span(traceID(5), server, failed).ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
		r.consumeSpans(td)
		r.consumeLogs(ld)
		assert.Len(t, r.out.allSpans(), 2)
		assert.Len(t, r.out.allRecords(), 1)
		a := r.balanced()
		assert.EqualValues(t, 3, a.irregular[reasonTooLarge])
		assert.EqualValues(t, 2, a.pending[0], "others are where they were")
		sleep(7 * time.Second)
		spans, _ := r.out.got(5)
		assert.Equal(t, 1, spans)
	})
}

// TestNoTraceID: spans without a trace id are no trace; each goes on, with its resource and scope.
func TestNoTraceID(t *testing.T) {
	t.Parallel()
	bubble(t, dropAll, func(r *rig) {
		t := r.t
		r.consumeSpans(span(pcommon.TraceID{}, server))
		td := span(pcommon.TraceID{}, server, attr("n", 1))
		at(span(traceID(1), server)).CopyTo(td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty())
		r.consumeSpans(td)
		spans := r.out.allSpans()
		require.Len(t, spans, 2)
		for _, td := range r.out.traces {
			assert.Equal(t, "envoy", td.ResourceSpans().At(0).ScopeSpans().At(0).Scope().Name())
			assert.Equal(t, 1, td.ResourceSpans().At(0).Resource().Attributes().Len())
		}
		a := r.balanced()
		assert.EqualValues(t, 2, a.irregular[reasonNoTraceID])
		assert.Equal(t, perSignal{2, 0}, a.kept)
		r.out.setFail(func(signal) error { return errors.New("away") })
		require.Error(t, r.traces.ConsumeTraces(context.Background(), td))
		r.out.setFail(nil)
		assert.Equal(t, perSignal{2, 0}, r.balanced().refused, "the whole request, before anything of it was stored")
	})
}

// TestTimes: clocks that are hours off and spans that end before they start are decided like others.
func TestTimes(t *testing.T) {
	t.Parallel()
	slow := func(c *Config) {
		c.Rules = []RuleConfig{{Name: "slow", Match: MatchConfig{Duration: RangeConfig{Min: time.Second}}, Action: ActionKeep}}
	}
	bubble(t, slow, func(r *rig) {
		t := r.t
		r.consumeSpans(span(traceID(1), server, took(2*time.Second)))
		r.consumeSpans(span(traceID(2), server, took(-2*time.Hour)))
		r.consumeSpans(span(traceID(3), server, func(s ptrace.Span) {
			s.SetStartTimestamp(pcommon.NewTimestampFromTime(day.Add(-5 * time.Hour)))
			s.SetEndTimestamp(s.StartTimestamp() + pcommon.Timestamp(3*time.Second))
		}))
		r.consumeSpans(span(traceID(4), server, func(s ptrace.Span) { s.SetStartTimestamp(0); s.SetEndTimestamp(1<<64 - 1) }))
		r.consumeSpans(span(traceID(5), server, func(s ptrace.Span) { s.SetStartTimestamp(0); s.SetEndTimestamp(0) }))
		r.consumeLogs(record(traceID(6), "gateway.request.duration", 1.5))
		r.consumeLogs(record(traceID(7), "gateway.request.duration", -1.5))
		r.consumeLogs(record(traceID(8), "gateway.request.duration", 1e300))
		sleep(31 * time.Second)
		got := []int{}
		for n := range 9 {
			if spans, records := r.out.got(n); spans+records > 0 {
				got = append(got, n)
			}
		}
		assert.Equal(t, []int{1, 3, 4, 6}, got)
		assert.EqualValues(t, 1, r.balanced().irregular[reasonEndsBefore])
	})
}
