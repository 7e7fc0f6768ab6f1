package gatewaytailsamplingprocessor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// sender sends requests until they are taken, each with items that no other has. Numbers of items and traces begin at
// first.
type sender struct {
	r       *rig
	rng     *rand.Rand
	first   int
	items   int
	refused int
}

// id is one that most often is new, sometimes that of a trace which was decided long ago, and sometimes none.
func (s *sender) id() pcommon.TraceID {
	switch s.rng.IntN(20) {
	case 0:
		return pcommon.TraceID{}
	case 1:
		return traceID(s.first + s.rng.IntN(s.items+1)/2)
	}
	return traceID(s.first + s.items - s.rng.IntN(3))
}

// next makes the number of an item.
func (s *sender) next() pcommon.SpanID {
	s.items++
	var id pcommon.SpanID
	binary.BigEndian.PutUint64(id[:], uint64(s.first+s.items))
	return id
}

// spans sends n spans with texts of up to a size.
func (s *sender) spans(n, size int) {
	td := ptrace.NewTraces()
	for range n {
		one := span(s.id(), server, attr("note", noise(s.rng, s.rng.IntN(size)+1)))
		at(one).SetSpanID(s.next())
		if td.SpanCount()%7 == 0 {
			one.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
			continue
		}
		spans := td.ResourceSpans().At(td.ResourceSpans().Len() - 1).ScopeSpans().At(0).Spans()
		at(one).MoveTo(spans.AppendEmpty())
	}
	s.send(func() error { return s.r.traces.ConsumeTraces(context.Background(), td) })
}

// logs is spans for log records.
func (s *sender) logs(n, size int) {
	ld := plog.NewLogs()
	for range n {
		one := record(s.id(), "note", noise(s.rng, s.rng.IntN(size)+1))
		one.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetSpanID(s.next())
		one.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	s.send(func() error { return s.r.logs.ConsumeLogs(context.Background(), ld) })
}

func (s *sender) send(try func() error) {
	for tries := 0; ; tries++ {
		err := try()
		if err == nil {
			return
		}
		s.refused++
		if consumererror.IsPermanent(err) || tries > 5000 {
			assert.NoError(s.r.t, err, "a request that can be taken has to be")
			return
		}
		time.Sleep(time.Duration(1+s.rng.IntN(100)) * time.Millisecond)
	}
}

// TestEveryItemArrivesOnce: senders repeat the requests that are refused while the store is full, and everything arrives
// once, however large the requests are: also what goes past the store as it has no trace id or is too large.
func TestEveryItemArrivesOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		requests, items, size int
	}{
		{3000, 1, 4000},
		{1500, 5, 2000},
		{200, 50, 1500},
		{40, 500, 1000},
		{9, 3000, 300},
		{40, 20, 100_000}, // with items of the size of a segment
		{6, 3, 4 << 20},   // with items that are too large
		{6, 3000, 3000},   // that are too large together
	} {
		t.Run(fmt.Sprintf("%d items of %d", c.items, c.size), func(t *testing.T) {
			t.Parallel()
			full := func(cfg *Config) {
				keepAll(cfg)
				cfg.MaxBytes, cfg.Shards = 4<<20, 4
			}
			bubble(t, full, func(r *rig) {
				t, begun := r.t, time.Now()
				rng := rand.New(rand.NewPCG(11, uint64(c.items)))
				r.out.setFail(func(signal) error { // away for a while, and not reliable then
					if time.Since(begun) < 20*time.Second || rng.IntN(4) == 0 {
						return errors.New("away")
					}
					return nil
				})
				var senders sync.WaitGroup
				all := make([]*sender, 3)
				for i := range all {
					all[i] = &sender{r: r, rng: rand.New(rand.NewPCG(uint64(i), 12)), first: i << 20}
					senders.Go(func() {
						for range c.requests / len(all) {
							if all[i].rng.IntN(3) == 0 {
								all[i].logs(c.items, c.size)
							} else {
								all[i].spans(c.items, c.size)
							}
						}
					})
				}
				senders.Wait()
				sleep(2 * time.Minute)
				a := r.balanced()
				assert.Zero(t, a.pending)
				assert.Zero(t, a.lost)
				sent, refused := 0, 0
				for _, s := range all {
					sent += s.items
					refused += s.refused
				}
				assert.Positive(t, refused)
				assert.EqualValues(t, sent, a.kept[signalTraces]+a.kept[signalLogs])
				got := make(map[pcommon.SpanID]int)
				for _, span := range r.out.allSpans() {
					got[span.SpanID()]++
				}
				for _, lr := range r.out.allRecords() {
					got[lr.SpanID()]++
				}
				more := 0
				for _, n := range got {
					if n > 1 {
						more++
					}
				}
				assert.Zero(t, more, "items that came more than once")
				assert.Len(t, got, sent, "items that came")
			})
		})
	}
}

// TestRefusedWhole: a request of which one shard has no room leaves nothing in the others, neither of spans whose trace is
// pending nor of those whose trace was decided and kept.
func TestRefusedWhole(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) { keepAll(c); c.MaxBytes, c.Shards = 2<<20, 2 }, func(r *rig) {
		t := r.t
		r.consumeSpans(span(traceID(1), server))
		sleep(8 * time.Second) // decided and sent
		r.out.setFail(func(signal) error { return errors.New("away") })
		rng := rand.New(rand.NewPCG(13, 14))
		full := r.sampler.shardOf(traceID(1)) ^ 1
		for n := 2; ; n++ { // one shard is filled, the other one is not
			if r.sampler.shardOf(traceID(n)) != full {
				continue
			}
			if r.traces.ConsumeTraces(context.Background(), span(traceID(n), server, attr("note", noise(rng, 10_000)))) != nil {
				break
			}
		}
		before := r.balanced()
		td := span(traceID(1), client) // late
		for n := 1000; n < 1040; n++ {
			one := span(traceID(n), server, attr("note", noise(rng, 10_000)))
			at(one).CopyTo(td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty())
		}
		for range 3 {
			require.ErrorIs(t, r.traces.ConsumeTraces(context.Background(), td), errFull)
		}
		after := r.balanced()
		assert.Equal(t, before.pending, after.pending)
		assert.Equal(t, before.late, after.late)
		assert.Equal(t, before.refused[signalTraces]+3*41, after.refused[signalTraces])
		r.out.setFail(nil)
		sleep(40 * time.Second)
		r.consumeSpans(td)
		sleep(10 * time.Second)
		for _, n := range []int{1000, 1020, 1039} {
			spans, _ := r.out.got(n)
			assert.Equal(t, 1, spans, "trace %d", n)
		}
		spans, _ := r.out.got(1)
		assert.Equal(t, 2, spans)
	})
}

// TestDirectWayFails: what goes past the store and is not taken by the next consumer takes the rest of its request with it.
func TestDirectWayFails(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) { keepAll(c); small(c) }, func(r *rig) {
		t := r.t
		rng := rand.New(rand.NewPCG(15, 16))
		td := span(traceID(1), server)
		spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		at(span(pcommon.TraceID{}, server)).CopyTo(spans.AppendEmpty())
		at(span(traceID(2), server, attr("body", noise(rng, 5<<20)))).CopyTo(spans.AppendEmpty())
		r.out.setFail(func(signal) error { return errors.New("away") })
		for range 3 {
			require.Error(t, r.traces.ConsumeTraces(context.Background(), td))
		}
		a := r.balanced()
		assert.Zero(t, a.pending)
		assert.EqualValues(t, 9, a.refused[signalTraces])
		r.out.setFail(nil)
		r.consumeSpans(td)
		assert.Len(t, r.out.allSpans(), 2)
		sleep(10 * time.Second)
		assert.Len(t, r.out.allSpans(), 3)
	})
}

// TestTooLargeTogether: a request that takes more than half of a shard's memory, and finds it full, goes on at once and
// leaves nothing behind; what has its resource in common stays together.
func TestTooLargeTogether(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) { dropAll(c); small(c) }, func(r *rig) {
		t := r.t
		rng := rand.New(rand.NewPCG(17, 18))
		td := span(traceID(0), server)
		for n := range 5000 {
			one := span(traceID(n), server, attr("note", noise(rng, 1000)))
			at(one).CopyTo(td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty())
		}
		r.consumeSpans(td)
		a := r.balanced()
		assert.Zero(t, a.pending)
		assert.EqualValues(t, 5001, a.kept[signalTraces])
		assert.EqualValues(t, 5001, a.irregular[reasonTooLarge])
		require.Len(t, r.out.traces, 1)
		assert.Equal(t, 1, r.out.traces[0].ResourceSpans().Len())
		r.consumeSpans(span(traceID(6000), server)) // there is room
		assert.EqualValues(t, 1, r.balanced().pending[signalTraces])
	})
}

// TestResourceTooLarge: items whose resource alone would fill the store go on at once, and take nobody with them.
func TestResourceTooLarge(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) { dropAll(c); small(c) }, func(r *rig) {
		t := r.t
		td := span(traceID(1), server)
		span(traceID(2), server).ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
		td.ResourceSpans().At(0).Resource().Attributes().PutStr("note", noise(rand.New(rand.NewPCG(19, 20)), 5<<20))
		r.consumeSpans(td)
		a := r.balanced()
		assert.EqualValues(t, 1, a.kept[signalTraces])
		assert.EqualValues(t, 1, a.pending[signalTraces])
		assert.EqualValues(t, 1, a.irregular[reasonTooLarge])
	})
}
