package gatewaytailsamplingprocessor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// TestShutdownAfterOutage: a consumer that is back in time gets everything, however long the pauses between attempts
// have become.
func TestShutdownAfterOutage(t *testing.T) {
	t.Parallel()
	bubble(t, keepAll, func(r *rig) {
		t := r.t
		away := true
		r.out.setFail(func(signal) error {
			if away {
				return errors.New("away")
			}
			return nil
		})
		r.consumeSpans(span(traceID(1), server))
		sleep(10 * time.Minute)
		time.AfterFunc(5*time.Second, func() { r.out.setFail(nil) })
		require.NoError(t, r.traces.Shutdown(context.Background()))
		assert.Len(t, r.out.allSpans(), 1)
	})
}

// TestShutdownOfStuckConsumer: a consumer that does not return, not even when its context ends, cannot hold the
// shutdown up. What it was given counts as lost, also when it returns after all.
func TestShutdownOfStuckConsumer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		linger time.Duration
		id     pcommon.TraceID // of a second span
		want   accounts
	}{
		"with a batch":                         {time.Millisecond, traceID(1), accounts{lost: perSignal{2, 0}}},
		"in the shutdown":                      {time.Hour, traceID(1), accounts{lost: perSignal{2, 0}}},
		"with a span that belongs to no trace": {time.Hour, pcommon.TraceID{}, accounts{kept: perSignal{1, 0}, refused: perSignal{1, 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(c *Config) {
				keepAll(c)
				c.Linger, c.Wait, c.ShutdownTimeout = tc.linger, time.Hour, 50*time.Millisecond
			})
			r.ended = true
			entered, release := make(chan struct{}, 10), make(chan struct{})
			r.out.setFail(func(signal) error { entered <- struct{}{}; <-release; return nil })
			td := span(traceID(1), server)
			at(span(tc.id, server)).CopyTo(td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty())
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				_ = r.traces.ConsumeTraces(context.Background(), td) // one case refuses a part
			}()
			if tc.linger < time.Hour || tc.id.IsEmpty() {
				<-entered
			} else {
				<-sent
			}
			began := time.Now()
			require.NoError(t, r.logs.Shutdown(context.Background()))
			last := r.traces.Shutdown(context.Background())
			assert.Less(t, time.Since(began), time.Minute)
			assert.Zero(t, r.balanced().pending)
			if tc.want.lost != (perSignal{}) {
				require.ErrorContains(t, last, "2 items could not be sent within shutdown_timeout, 50ms, and are lost")
			}
			close(release)
			<-sent
			for _, w := range r.sampler.workers {
				<-w.idle
			}
			a := r.balanced()
			assert.Equal(t, tc.want.lost, a.lost)
			assert.Equal(t, tc.want.kept, a.kept)
			assert.Equal(t, tc.want.refused, a.refused)
			assert.Zero(t, a.pending)
			require.NoError(t, r.set.Shutdown(context.Background()))
		})
	}
}
