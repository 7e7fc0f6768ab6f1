package gatewaytailsamplingprocessor

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// gatewayTrace is what a gateway and an application behind it tell of one request, item by item.
type gatewayTrace struct {
	bad   bool
	spans []func(ptrace.Span)
	logs  int
}

func newGatewayTrace(rng *rand.Rand) gatewayTrace {
	tr := gatewayTrace{bad: rng.IntN(10) == 0, logs: rng.IntN(3)}
	entry := []spanOption{server}
	if rng.IntN(2) == 0 {
		entry = append(entry, parented) // a browser or a CDN in front
	}
	tr.spans = append(tr.spans, func(s ptrace.Span) {
		for _, o := range entry {
			o(s)
		}
	})
	for range rng.IntN(3) {
		tr.spans = append(tr.spans, client)
	}
	if tr.bad {
		at := rng.IntN(len(tr.spans))
		was := tr.spans[at]
		tr.spans[at] = func(s ptrace.Span) { was(s); failed(s) }
	}
	return tr
}

// TestWholeTraces: spans and log records of a kept trace all arrive, of a dropped one none, whatever the order in which
// they come, over how many requests, with other traces between them, and with some that run past wait.
func TestWholeTraces(t *testing.T) {
	t.Parallel()
	bubble(t, errorsOnly, func(r *rig) {
		t := r.t
		rng := rand.New(rand.NewPCG(11, 12))
		type event struct {
			at    time.Duration
			trace int
			span  func(ptrace.Span) // nil: a log record
		}
		var events []event
		traces := make([]gatewayTrace, 3000)
		past := make(map[int]bool)
		for n := range traces {
			tr := newGatewayTrace(rng)
			traces[n] = tr
			begin := time.Duration(rng.Int64N(int64(20 * time.Second)))
			within := 5 * time.Second
			for _, s := range tr.spans {
				events = append(events, event{begin + time.Duration(rng.Int64N(int64(within))), n, s})
			}
			for range tr.logs {
				events = append(events, event{begin + time.Duration(rng.Int64N(int64(within))), n, nil})
			}
			if rng.IntN(100) == 0 { // 1 %: something comes long after
				past[n] = true
				events = append(events, event{begin + 45*time.Second, n, client}, event{begin + 45*time.Second, n, nil})
				traces[n].spans = append(traces[n].spans, client)
				traces[n].logs++
			}
		}
		require.NotEmpty(t, past)
		for tick := range 75 { // a request of each signal a second
			from, to := time.Duration(tick)*time.Second, time.Duration(tick+1)*time.Second
			td, ld := ptrace.NewTraces(), plog.NewLogs()
			rng.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			for _, e := range events {
				if e.at < from || e.at >= to {
					continue
				}
				if e.span != nil {
					span(traceID(e.trace), e.span).ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
				} else {
					record(traceID(e.trace)).ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
				}
			}
			r.consumeLogs(ld)
			r.consumeSpans(td)
			sleep(time.Second)
		}
		sleep(31 * time.Second)
		for n, tr := range traces {
			spans, records := r.out.got(n)
			want := [2]int{}
			if tr.bad {
				want = [2]int{len(tr.spans), tr.logs}
			}
			require.Equal(t, want, [2]int{spans, records}, "trace %d, past wait: %v", n, past[n])
		}
		a := r.balanced()
		assert.Positive(t, a.late[0][0])
		assert.Positive(t, a.late[1][1])
	})
}

// TestAccountsUnderLoad: with many senders at once, a next consumer that fails every other time in every way, too
// little memory and all kinds of items, every item is one of kept, dropped, refused, lost and pending, at any time.
func TestAccountsUnderLoad(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) {
		errorsOnly(c)
		c.Rules = append(c.Rules, RuleConfig{Name: "rest", Action: ActionAdaptive, PerSecond: 10, Key: []KeyPart{"route"}}) // less than the slowest machine sends
		c.MaxBytes = 8 << 20
		c.Shards = 4
		c.Linger, c.Wait = 20*time.Millisecond, 60*time.Millisecond
		c.Retry = RetryConfig{InitialInterval: time.Millisecond, MaxInterval: 5 * time.Millisecond}
		c.ShutdownTimeout = 20 * time.Second
	})
	r.out.setFail(func(signal) error {
		switch rand.IntN(5) { // one of its own for each goroutine
		case 1, 2:
			return errors.New("for now")
		case 3:
			return consumererror.NewPermanent(errors.New("for good"))
		}
		return nil
	})
	var offered [signalCount]atomic.Int64
	long := noise(rand.New(rand.NewPCG(1, 1)), 300_000)
	text := func(rng *rand.Rand, n int) string { return long[rng.IntN(len(long)-n):][:n] }
	stop := make(chan struct{})
	var watching, sending sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			a, bytes := r.sampler.totals()
			for sig := range signalCount {
				assert.Equal(t, a.received[sig], a.kept[sig]+a.dropped[sig]+a.refused[sig]+a.lost[sig]+a.pending[sig])
			}
			assert.LessOrEqual(t, bytes, int64(8<<20))
		}
	})
	for g := range 4 {
		sending.Go(func() {
			rng := rand.New(rand.NewPCG(13, uint64(g)))
			ctx := context.Background()
			for range 200 {
				td, ld := ptrace.NewTraces(), plog.NewLogs()
				for range rng.IntN(30) {
					id := traceID(rng.IntN(3000))
					switch rng.IntN(50) {
					case 0:
						id = pcommon.TraceID{}
					case 1:
						span(id, server, attr("note", text(rng, 100_000))).ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
					}
					for _, s := range newGatewayTrace(rng).spans {
						span(id, s, attr("note", text(rng, 500)), attr("http.route", text(rng, 1)), traceState("ot=th:8")).
							ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
					}
					record(id).ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
				}
				offered[signalTraces].Add(int64(td.SpanCount()))
				offered[signalLogs].Add(int64(ld.LogRecordCount()))
				_ = r.traces.ConsumeTraces(ctx, td) // refusals are counted, which is the point
				_ = r.logs.ConsumeLogs(ctx, ld)
			}
		})
	}
	sending.Wait()
	close(stop)
	watching.Wait()
	r.end()
	a, _ := r.sampler.totals()
	for sig := range signalCount {
		assert.Equal(t, offered[sig].Load(), a.received[sig])
		assert.Positive(t, a.lost[sig])
		assert.Positive(t, a.kept[sig])
		assert.Positive(t, a.dropped[sig])
	}
	assert.Len(t, r.out.allSpans(), int(a.kept[signalTraces]), "kept is what the next consumer has")
	assert.Len(t, r.out.allRecords(), int(a.kept[signalLogs]))
	assert.Positive(t, a.retries)
}
