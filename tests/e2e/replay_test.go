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
					checkTraces(t, batches, h.sink.Traces())
					return
				}
				batches, err := c.Logs()
				require.NoError(t, err)
				for _, ld := range batches {
					require.NoError(t, sender.SendLogs(t.Context(), ld))
				}
				h.wait(t, 0, recordCount(batches))
				checkLogs(t, batches, h.sink.Logs())
			})
		}
	}
}

func checkTraces(t *testing.T, in, out []ptrace.Traces) {
	t.Helper()
	before, after := replay.TraceRecords(in...), replay.TraceRecords(out...)
	assertSame(t, "fields that no processor may touch", only(before, testbed.UntouchedSpanFields), only(after, testbed.UntouchedSpanFields))
	assertSame(t, "in-process result", replay.TraceRecords(wantTraces(t, in)...), after)
	assertNoLegacyKeys(t, tracesAttributes(out))
}

func checkLogs(t *testing.T, in, out []plog.Logs) {
	t.Helper()
	assertLogFieldsKept(t, logRecords(in), logRecords(out))
	assertSame(t, "in-process result", replay.LogRecords(wantLogs(t, in)...), replay.LogRecords(out...))
	assertNoLegacyKeys(t, logsAttributes(out))
}

func assertSame(t *testing.T, what string, want, got []replay.Record) {
	t.Helper()
	if diffs := replay.Diff(want, got, maxDiffs); len(diffs) > 0 {
		assert.Fail(t, what+" differs", strings.Join(diffs, "\n"))
	}
}

// only returns records with just the lines that begin with one of the prefixes.
func only(records []replay.Record, prefixes []string) []replay.Record {
	cut := make([]replay.Record, len(records))
	for i, r := range records {
		cut[i].Key = r.Key
		for _, line := range r.Lines {
			for _, prefix := range prefixes {
				if strings.HasPrefix(line, prefix) {
					cut[i].Lines = append(cut[i].Lines, line)
					break
				}
			}
		}
	}
	return cut
}

// assertLogFieldsKept compares records pairwise: one consumer per queue keeps their order. What the sender left empty
// may be filled from the record's own fields, what it set stays.
func assertLogFieldsKept(t *testing.T, in, out []plog.LogRecord) {
	t.Helper()
	require.Len(t, out, len(in))
	for i, before := range in {
		after := out[i]
		if before.Timestamp() != 0 {
			assert.Equal(t, before.Timestamp(), after.Timestamp(), "record %d: time", i)
		}
		if before.ObservedTimestamp() != 0 {
			assert.Equal(t, before.ObservedTimestamp(), after.ObservedTimestamp(), "record %d: observed time", i)
		}
		if !before.TraceID().IsEmpty() {
			assert.Equal(t, before.TraceID(), after.TraceID(), "record %d: trace id", i)
		}
		if !before.SpanID().IsEmpty() {
			assert.Equal(t, before.SpanID(), after.SpanID(), "record %d: span id", i)
		}
		// agentgateway writes every access log record as INFO; a failed request is raised, nothing is played down.
		assert.GreaterOrEqual(t, after.SeverityNumber(), before.SeverityNumber(), "record %d: severity", i)
		assert.Equal(t, before.Flags(), after.Flags(), "record %d: flags", i)
		assert.Equal(t, before.Body().Type(), after.Body().Type(), "record %d: type of the body", i)
	}
}

func logRecords(batches []plog.Logs) []plog.LogRecord {
	var records []plog.LogRecord
	for _, ld := range batches {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					records = append(records, lr)
				}
			}
		}
	}
	return records
}
