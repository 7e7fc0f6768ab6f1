package gatewaytailsamplingprocessor

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/gatehouse-otel/gatehouse/processor/gatewaytailsamplingprocessor/internal/metadata"
)

// TestGrouping: many traces leave together, each in its resource and scope, and bit by bit as they came.
func TestGrouping(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) { keepAll(c); c.Shards = 1 }, func(r *rig) {
		t := r.t
		want := ptrace.NewTraces()
		for gateway := range 3 {
			rs := want.ResourceSpans().AppendEmpty()
			rs.SetSchemaUrl("https://opentelemetry.io/schemas/1.45.0")
			rs.Resource().Attributes().PutStr("service.name", string(rune('a'+gateway)))
			for scope := range 2 {
				ss := rs.ScopeSpans().AppendEmpty()
				ss.Scope().SetName("envoy")
				ss.Scope().SetVersion(string(rune('1' + scope)))
				for n := range 50 {
					s := ss.Spans().AppendEmpty()
					at(span(traceID(n), server, attr("url.path", "/a"), attr("n", n), traceState("v=1"))).CopyTo(s)
					s.SetSpanID(pcommon.SpanID{byte(gateway), byte(scope), byte(n)})
					link := s.Links().AppendEmpty()
					link.SetTraceID(traceID(n + 1000))
					event := s.Events().AppendEmpty()
					event.SetName("exception")
					event.SetTimestamp(s.StartTimestamp() + 1)
				}
			}
		}
		sent := ptrace.NewTraces()
		want.CopyTo(sent)
		r.consumeSpans(sent)
		sleep(7 * time.Second)
		require.Len(t, r.out.traces, 1)
		got := r.out.traces[0]
		require.Equal(t, 3, got.ResourceSpans().Len())
		require.NoError(t, ptracetest.CompareTraces(want, got,
			ptracetest.IgnoreSpansOrder(), ptracetest.IgnoreScopeSpansOrder(), ptracetest.IgnoreResourceSpansOrder()))
		assert.Equal(t, 300, got.SpanCount())
		require.NoError(t, ptracetest.CompareTraces(want, sent), "what came in is only read")
	})
}

// at returns the first span of a request.
func at(td ptrace.Traces) ptrace.Span {
	return td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
}

// TestRetry: what the next consumer refuses for now is kept and sent again, while new items are still taken.
func TestRetry(t *testing.T) {
	t.Parallel()
	bubble(t, keepAll, func(r *rig) {
		t := r.t
		r.out.setFail(func(signal) error { return errors.New("queue is full") })
		for n := range 100 {
			r.consumeSpans(span(traceID(n), server))
			r.consumeLogs(record(traceID(n)))
		}
		sleep(time.Minute)
		assert.Empty(t, r.out.allSpans())
		a := r.balanced()
		assert.Equal(t, perSignal{100, 100}, a.pending)
		assert.Positive(t, a.retries)
		assert.LessOrEqual(t, a.retries, int64(2*12), "two shards in a minute, with pauses that grow")
		r.consumeSpans(span(traceID(100), server))
		r.out.setFail(nil)
		sleep(31 * time.Second)
		assert.Len(t, r.out.allSpans(), 101)
		assert.Len(t, r.out.allRecords(), 100)
		assert.Equal(t, perSignal{101, 100}, r.balanced().kept)
	})
}

// TestRetryOfOneSignal: what one of the next consumers has taken is not sent to it again.
func TestRetryOfOneSignal(t *testing.T) {
	t.Parallel()
	bubble(t, keepAll, func(r *rig) {
		t := r.t
		r.out.setFail(func(sig signal) error {
			if sig == signalLogs {
				return errors.New("queue is full")
			}
			return nil
		})
		r.consumeSpans(span(traceID(1), server))
		r.consumeLogs(record(traceID(1)))
		sleep(20 * time.Second)
		assert.Len(t, r.out.allSpans(), 1)
		assert.Equal(t, perSignal{1, 1}, r.balanced().pending, "a trace leaves as a whole")
		r.out.setFail(nil)
		sleep(31 * time.Second)
		assert.Len(t, r.out.allSpans(), 1)
		assert.Len(t, r.out.allRecords(), 1)
	})
}

// TestPermanentError: what is refused for good is lost and counted, and what follows is not held up.
func TestPermanentError(t *testing.T) {
	t.Parallel()
	bubble(t, keepAll, func(r *rig) {
		t := r.t
		r.out.setFail(func(sig signal) error {
			if sig == signalTraces {
				return consumererror.NewPermanent(errors.New("too large"))
			}
			return nil
		})
		r.consumeSpans(span(traceID(1), server))
		r.consumeLogs(record(traceID(1)))
		sleep(7 * time.Second)
		a := r.balanced()
		assert.Equal(t, perSignal{1, 0}, a.lost)
		assert.Equal(t, perSignal{0, 1}, a.kept)
		assert.Zero(t, a.retries)
		r.out.setFail(nil)
		r.consumeSpans(span(traceID(2), server))
		sleep(7 * time.Second)
		assert.Len(t, r.out.allSpans(), 1)
	})
}

// TestSlowConsumer: while the next consumer takes its time, items come in as before.
func TestSlowConsumer(t *testing.T) {
	t.Parallel()
	bubble(t, keepAll, func(r *rig) {
		release := make(chan struct{})
		r.out.setFail(func(signal) error { <-release; return nil })
		r.consumeSpans(span(traceID(1), server))
		sleep(7 * time.Second)
		began := time.Now()
		for n := range 1000 {
			r.consumeSpans(span(traceID(n+2), server))
		}
		assert.Zero(r.t, time.Since(began))
		close(release)
		sleep(7 * time.Second)
		r.out.setFail(nil)
		assert.Len(r.t, r.out.allSpans(), 1001)
	})
}

// TestGiantTrace: a trace that is larger than a batch is one of its own, so that it cannot take others with it.
func TestGiantTrace(t *testing.T) {
	t.Parallel()
	const giant = 100_000
	bubble(t, func(c *Config) { keepAll(c); c.Shards = 1 }, func(r *rig) {
		t := r.t
		r.consumeSpans(span(traceID(1), server))
		td := span(traceID(2), server)
		spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		spans.EnsureCapacity(giant)
		for spans.Len() < giant {
			s := spans.AppendEmpty()
			s.SetTraceID(traceID(2))
			s.SetSpanID(pcommon.SpanID{1}) // all the same
			s.SetName("loop")
		}
		r.consumeSpans(td)
		r.consumeSpans(span(traceID(3), server))
		r.out.setFail(nil)
		sleep(7 * time.Second)
		sizes := []int{}
		for _, td := range r.out.traces {
			sizes = append(sizes, td.SpanCount())
		}
		assert.Equal(t, []int{1, giant, 1}, sizes)
	})
}

// TestShutdown: everything is decided and sent, of both signals, by whichever pipeline is shut down first.
func TestShutdown(t *testing.T) {
	t.Parallel()
	bubble(t, errorsOnly, func(r *rig) {
		t := r.t
		r.consumeSpans(span(traceID(1), server, failed))
		r.consumeLogs(record(traceID(1)))
		r.consumeSpans(span(traceID(2), server))
		require.NoError(t, r.traces.Shutdown(context.Background()))
		spans, records := r.out.got(1)
		assert.Equal(t, [2]int{1, 1}, [2]int{spans, records})
		a := r.balanced()
		assert.EqualValues(t, 1, a.traces[0].kept[triggerShutdown])
		assert.EqualValues(t, 1, a.traces[1].dropped[triggerShutdown])
		// The logs pipeline is still there: its records follow what was decided.
		r.consumeLogs(record(traceID(1)))
		r.consumeLogs(record(traceID(2)))
		sleep(2 * time.Second)
		_, records = r.out.got(1)
		assert.Equal(t, 2, records)
		require.NoError(t, r.logs.Shutdown(context.Background()))
		require.NoError(t, r.logs.Shutdown(context.Background()), "twice")
		require.ErrorIs(t, r.logs.ConsumeLogs(context.Background(), record(traceID(3))), errShutDown)
		assert.Equal(t, perSignal{0, 1}, r.balanced().refused)
	})
}

// TestShutdownTimeout: what cannot be sent in time is lost, counted and said.
func TestShutdownTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { keepAll(c); c.ShutdownTimeout = 3 * time.Second })
		r.ended = true
		r.out.setFail(func(sig signal) error {
			if sig == signalLogs {
				return nil
			}
			return errors.New("away")
		})
		r.consumeSpans(span(traceID(1), server))
		r.consumeLogs(record(traceID(1)))
		r.consumeSpans(span(traceID(2), server))
		began := time.Now()
		require.NoError(t, r.logs.Shutdown(context.Background()))
		require.ErrorContains(t, r.traces.Shutdown(context.Background()), "2 items could not be sent within shutdown_timeout, 3s, and are lost")
		assert.Equal(t, 6*time.Second, time.Since(began))
		a := r.balanced()
		assert.Equal(t, perSignal{2, 0}, a.lost)
		assert.Equal(t, perSignal{0, 1}, a.kept)
		assert.NoError(t, r.set.Shutdown(context.Background()))
	})
}

// TestTwoPipelines: a component id in two pipelines of a signal is refused, as what is kept could leave by one only.
func TestTwoPipelines(t *testing.T) {
	t.Parallel()
	cfg := createDefaultConfig()
	set := processortest.NewNopSettings(metadata.Type)
	first, err := NewFactory().CreateTraces(t.Context(), set, cfg, &sink{})
	require.NoError(t, err)
	_, err = NewFactory().CreateTraces(t.Context(), set, cfg, &sink{})
	require.ErrorContains(t, err, "is in two traces pipelines")
	require.NoError(t, first.Shutdown(t.Context()))
	again, err := NewFactory().CreateTraces(t.Context(), set, cfg, &sink{})
	require.NoError(t, err)
	require.NoError(t, again.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, again.Shutdown(t.Context()))
}
