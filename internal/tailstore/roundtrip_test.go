package tailstore

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func newStore(tb testing.TB, cfg Config) *Store[uint64] {
	tb.Helper()
	if cfg.Delays == nil {
		cfg.Delays = []time.Duration{30 * time.Second, 6 * time.Second}
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 64 << 20
	}
	s, err := New[uint64](cfg)
	require.NoError(tb, err)
	return s
}

// addTraces stores every span of a request.
func addTraces(tb testing.TB, s *Store[uint64], now time.Time, td ptrace.Traces) {
	tb.Helper()
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			from, err := s.SpanOrigin(rs, ss)
			require.NoError(tb, err)
			for _, span := range ss.Spans().All() {
				_, err := s.AddSpan(now, from, span)
				require.NoError(tb, err)
			}
			s.ReleaseOrigin(from)
		}
	}
}

func addLogs(tb testing.TB, s *Store[uint64], now time.Time, ld plog.Logs) {
	tb.Helper()
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			from, err := s.LogOrigin(rl, sl)
			require.NoError(tb, err)
			for _, lr := range sl.LogRecords().All() {
				_, err := s.AddLogRecord(now, from, lr)
				require.NoError(tb, err)
			}
			s.ReleaseOrigin(from)
		}
	}
}

// drain reads and drops every trace.
func drain(tb testing.TB, s *Store[uint64]) *Batch {
	tb.Helper()
	var b Batch
	for ref, ok := s.Oldest(); ok; ref, ok = s.Oldest() {
		require.NoError(tb, s.Read(ref, &b))
		require.NoError(tb, s.Drop(ref))
	}
	return &b
}

// spanBytes lists each span of a request as OTLP bytes, with where it comes from.
func spanBytes(tb testing.TB, td ptrace.Traces) []string {
	tb.Helper()
	var all []string
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				one := ptrace.NewTraces()
				toRS := one.ResourceSpans().AppendEmpty()
				rs.Resource().CopyTo(toRS.Resource())
				toRS.SetSchemaUrl(rs.SchemaUrl())
				toSS := toRS.ScopeSpans().AppendEmpty()
				ss.Scope().CopyTo(toSS.Scope())
				toSS.SetSchemaUrl(ss.SchemaUrl())
				span.CopyTo(toSS.Spans().AppendEmpty())
				b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(one)
				require.NoError(tb, err)
				all = append(all, string(b))
			}
		}
	}
	return all
}

func recordBytes(tb testing.TB, ld plog.Logs) []string {
	tb.Helper()
	var all []string
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				one := plog.NewLogs()
				toRL := one.ResourceLogs().AppendEmpty()
				rl.Resource().CopyTo(toRL.Resource())
				toRL.SetSchemaUrl(rl.SchemaUrl())
				toSL := toRL.ScopeLogs().AppendEmpty()
				sl.Scope().CopyTo(toSL.Scope())
				toSL.SetSchemaUrl(sl.SchemaUrl())
				lr.CopyTo(toSL.LogRecords().AppendEmpty())
				b, err := (&plog.ProtoMarshaler{}).MarshalLogs(one)
				require.NoError(tb, err)
				all = append(all, string(b))
			}
		}
	}
	return all
}

// Every capture comes out as it went in, byte for byte as pdata marshals it, whatever emitter it is from.
func TestRoundTripRecorded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, requests := range recordedTraces(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, Config{})
			var want []string
			for range 4 { // the dictionary learns what comes again
				for _, td := range requests {
					want = append(want, spanBytes(t, td)...)
					addTraces(t, s, now, td)
				}
			}
			td, err := drain(t, s).Traces()
			require.NoError(t, err)
			sameItems(t, want, spanBytes(t, td))
		})
	}
	for name, requests := range recordedLogs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, Config{})
			var want []string
			for range 4 {
				for _, ld := range requests {
					want = append(want, recordBytes(t, ld)...)
					addLogs(t, s, now, ld)
				}
			}
			ld, err := drain(t, s).Logs()
			require.NoError(t, err)
			sameItems(t, want, recordBytes(t, ld))
		})
	}
}

// sameItems compares two lists of items without regard to their order, and shows the first that is too much only.
func sameItems(tb testing.TB, want, got []string) {
	tb.Helper()
	want, got = slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))
	require.Len(tb, got, len(want))
	for i := range want {
		require.Equal(tb, want[i], got[i])
	}
}
