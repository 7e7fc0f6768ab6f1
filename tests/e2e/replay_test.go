//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// maxDiffs bounds how many differing items a failure prints.
const maxDiffs = 5

// Every recorded and handmade payload goes through the binary over each transport.
func TestReplay(t *testing.T) {
	h := start(t)
	for _, sender := range h.transports(t) {
		for _, c := range captures(t) {
			if c.Format == replay.FormatZipkin {
				continue // TestZipkin
			}
			t.Run(sender.name+"/"+c.String(), func(t *testing.T) {
				h.sink.Reset()
				if c.Signal == replay.SignalTraces {
					batches, err := c.Traces()
					require.NoError(t, err)
					for _, td := range batches {
						require.NoError(t, sender.SendTraces(t.Context(), td))
					}
					h.wait(t, spanCount(batches), 0)
					checkTraces(t, c, batches, h.sink.Traces())
					return
				}
				batches, err := c.Logs()
				require.NoError(t, err)
				for _, ld := range batches {
					require.NoError(t, sender.SendLogs(t.Context(), ld))
				}
				h.wait(t, 0, recordCount(batches))
				checkLogs(t, c, batches, h.sink.Logs())
			})
		}
	}
}

func checkTraces(t *testing.T, c replay.Capture, in, out []ptrace.Traces) {
	t.Helper()
	testbed.NewExchange(in, out, nil, nil).Judge(t, subject(c))
	assertSame(t, "in-process result", replay.TraceRecords(wantTraces(t, in)...), replay.TraceRecords(out...))
}

func checkLogs(t *testing.T, c replay.Capture, in, out []plog.Logs) {
	t.Helper()
	testbed.NewExchange(nil, nil, in, out).Judge(t, subject(c))
	assertSame(t, "in-process result", replay.LogRecords(wantLogs(t, in)...), replay.LogRecords(out...))
}

// subject gives all payloads of a gateway's version one line of the table, over whatever transport.
func subject(c replay.Capture) testbed.Subject {
	s := testbed.Subject{Program: c.Gateway, Version: c.Version, Case: "every recording, over every transport", Replayed: true}
	if c.Constructed {
		s.Version, s.Case = "-", "every constructed payload, over every transport"
	}
	return s
}

func assertSame(t *testing.T, what string, want, got []replay.Record) {
	t.Helper()
	if diffs := replay.Diff(want, got, maxDiffs); len(diffs) > 0 {
		assert.Fail(t, what+" differs", strings.Join(diffs, "\n"))
	}
}
