package gatewaytailsamplingprocessor

import (
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// TestSpanThreshold: thresholds are only raised, and everything else in a trace state stays.
func TestSpanThreshold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, in, want string
		ratio          float64
		reason         reason
	}{
		{"none before", "", "ot=th:c", 0.25, reasonCount},
		{"a lower one before", "ot=th:8", "ot=th:c", 0.25, reasonCount},
		{"a higher one before", "ot=th:f", "ot=th:f", 0.25, reasonCount},
		{"others stay", "ot=th:8;zz:x,vendor=1", "ot=th:c;zz:x,vendor=1", 0.25, reasonCount},
		{"explicit randomness", "ot=rv:c0000000000000", "ot=rv:c0000000000000;th:c", 0.25, reasonCount},
		{"kept whole: untouched", "ot=th:8,vendor=1", "ot=th:8,vendor=1", 1, reasonCount},
		{"one that cannot be true is replaced", "ot=th:d;rv:cfffffffffffff", "ot=rv:cfffffffffffff;th:c", 0.25, reasonThreshold},
		{"and left alone without a decision by probability", "vendor=1,ot=th:d;rv:cfffffffffffff", "vendor=1,ot=th:d;rv:cfffffffffffff", 1, reasonThreshold},
		{"one that cannot be read stays", "=,;", "=,;", 0.25, reasonTraceState},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, ratio(tc.ratio), func(r *rig) {
				t := r.t
				r.consumeSpans(span(highID(1), server, traceState(tc.in)))
				sleep(7 * time.Second)
				spans := r.out.allSpans()
				require.Len(t, spans, 1)
				assert.Equal(t, tc.want, spans[0].TraceState().AsRaw())
				a := r.balanced()
				for reason, n := range a.irregular {
					want := 0
					if reason == int(tc.reason) {
						want = 1
					}
					assert.EqualValues(t, want, n, reasonNames[reason])
				}
			})
		})
	}
}

// TestLogThreshold is the same for log records, which have an attribute.
func TestLogThreshold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in, rv, want string
		counted      reason
	}{
		{"", "", "c", reasonCount},
		{"8", "", "c", reasonCount},
		{"f", "", "f", reasonCount},
		{"?", "", "c", reasonTraceState},
		{"f", "?", "f", reasonTraceState},
		{"d", "cfffffffffffff", "c", reasonThreshold}, // it would not be here
	} {
		bubble(t, ratio(0.25), func(r *rig) {
			var pairs []any
			for _, p := range [][2]string{{logThreshold, tc.in}, {logRandomness, tc.rv}} {
				if p[1] != "" {
					pairs = append(pairs, p[0], p[1])
				}
			}
			ld := record(highID(1), pairs...)
			r.consumeLogs(ld)
			sleep(31 * time.Second)
			records := r.out.allRecords()
			require.Len(r.t, records, 1)
			assert.Equal(r.t, tc.want, mark(r.t, records[0].Attributes().AsRaw(), logThreshold), "%+v", tc)
			if tc.counted < reasonCount {
				assert.EqualValues(r.t, 1, r.balanced().irregular[tc.counted], "%+v", tc)
			} else {
				assert.Zero(r.t, r.balanced().irregular, "%+v", tc)
			}
		})
	}
}

// TestRandomness: what is kept is what reaches the threshold, by the trace id or by what the emitter wrote.
func TestRandomness(t *testing.T) {
	t.Parallel()
	bubble(t, ratio(0.25), func(r *rig) {
		t := r.t
		want := 0
		const n = 2000
		for i := range n {
			r.consumeSpans(span(traceID(i), server))
			if sampling.TraceIDToRandomness(traceID(i)).Unsigned() >= 0xc0000000000000 {
				want++
			}
		}
		r.consumeSpans(span(highID(n), server, traceState("ot=rv:00000000000001")))
		r.consumeSpans(span(lowID(n+1), server, traceState("ot=rv:ffffffffffffff")))
		r.consumeLogs(record(lowID(n+2), logRandomness, "ffffffffffffff"))
		r.consumeLogs(record(highID(n+3), logRandomness, "00000000000001"))
		sleep(31 * time.Second)
		kept := make(map[pcommon.TraceID]bool)
		for _, s := range r.out.allSpans() {
			kept[s.TraceID()] = true
		}
		assert.Len(t, kept, want+1)
		assert.True(t, kept[lowID(n+1)])
		assert.False(t, kept[highID(n)])
		records := r.out.allRecords()
		require.Len(t, records, 1)
		assert.Equal(t, lowID(n+2), records[0].TraceID())
		for i := range n {
			assert.Equal(t, sampling.TraceIDToRandomness(traceID(i)).Unsigned() >= 0xc0000000000000, kept[traceID(i)])
		}
	})
}

// TestLateThreshold: late items get the threshold of the decision.
func TestLateThreshold(t *testing.T) {
	t.Parallel()
	bubble(t, ratio(0.125), func(r *rig) {
		t := r.t
		r.consumeSpans(span(highID(1), server))
		sleep(7 * time.Second)
		r.consumeSpans(span(highID(1), client, traceState("ot=th:8")))
		r.consumeLogs(record(highID(1)))
		sleep(3 * time.Second)
		spans, records := r.out.allSpans(), r.out.allRecords()
		require.Len(t, spans, 2)
		require.Len(t, records, 1)
		for _, s := range spans {
			assert.Equal(t, "ot=th:e", s.TraceState().AsRaw())
		}
		assert.Equal(t, "e", mark(t, records[0].Attributes().AsRaw(), logThreshold))
	})
}
