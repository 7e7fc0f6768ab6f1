//go:build e2e

package e2e

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// SIGTERM ends the process with code 0 within ten seconds, and everything it had accepted is delivered first. The
// backend hangs until the signal has been sent, so all of it is still inside at that moment.
func TestGracefulStop(t *testing.T) {
	h := start(t)
	sender := h.transports(t)[0]
	h.sink.Pause()
	t.Cleanup(h.sink.Resume)

	var spans, records int
	for _, c := range captures(t) {
		if c.Format != replay.FormatOTLPJSON {
			continue
		}
		if c.Signal == replay.SignalTraces {
			batches, err := c.Traces()
			require.NoError(t, err)
			for _, td := range batches {
				require.NoError(t, sender.SendTraces(t.Context(), td))
				spans += td.SpanCount()
			}
			continue
		}
		batches, err := c.Logs()
		require.NoError(t, err)
		for _, ld := range batches {
			require.NoError(t, sender.SendLogs(t.Context(), ld))
			records += ld.LogRecordCount()
		}
	}
	gotSpans, gotRecords := h.sink.Counts()
	require.Zero(t, gotSpans+gotRecords, "nothing may have left yet")

	require.NoError(t, h.Terminate())
	h.sink.Resume()
	require.NoError(t, h.Stop(stopTimeout), "log of the collector:\n%s", h.Log())
	h.wait(t, spans, records)
}

// A Collector that has nothing to do stops as well.
func TestStopWhenIdle(t *testing.T) {
	h := start(t)
	// It is ready a moment before it listens to signals (otelcol v0.158.0, collector.go); once it answers it does both.
	require.NoError(t, h.transports(t)[0].SendTraces(t.Context(), ptrace.NewTraces()))
	require.NoError(t, h.Stop(stopTimeout), "log of the collector:\n%s", h.Log())

	ctx, cancel := context.WithTimeout(t.Context(), replyTimeout)
	defer cancel()
	assert.Error(t, h.WaitReady(ctx), "the health check is gone with the process")
}
