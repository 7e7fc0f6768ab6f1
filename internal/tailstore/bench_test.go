//go:build unix

package tailstore

import (
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// cpuNow is the processor time of this process so far. On a machine that others use as well it says more than the
// clock does.
func cpuNow() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

const (
	benchTraces = 25 // of a request
	benchSpans  = 2  // of a trace
	benchBatch  = benchTraces * benchSpans
)

// encodedRequests are export requests of kgateway spans, to be decoded just before use, as they are by a receiver.
func encodedRequests(b *testing.B) [][]byte {
	b.Helper()
	f := newTraffic(b, benchSpans)
	requests := make([][]byte, 400)
	for i := range requests {
		var err error
		requests[i], err = (&ptrace.ProtoMarshaler{}).MarshalTraces(f.request(benchTraces, benchSpans))
		require.NoError(b, err)
	}
	return requests
}

// decoding runs do on freshly decoded requests and reports its price for a span. The garbage of decoding is collected
// while the clock stands.
func decoding(b *testing.B, requests [][]byte, do func(i int, td ptrace.Traces)) {
	b.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var cpu time.Duration
	n := 0
	for b.Loop() {
		b.StopTimer()
		if n%100 == 0 {
			runtime.GC()
		}
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(requests[n%len(requests)])
		require.NoError(b, err)
		b.StartTimer()
		before := cpuNow()
		do(n, td)
		cpu += cpuNow() - before
		n++
	}
	b.ReportMetric(float64(cpu)/float64(n*benchBatch), "cpu-ns/span")
}

// What storing a span costs, and beside it what marshaling it costs, which is what a store of marshaled bytes would
// have to do first.
func BenchmarkAdd(b *testing.B) {
	requests := encodedRequests(b)
	b.Run("store", func(b *testing.B) {
		var s *Store[uint64]
		now := time.Now()
		var stored Stats
		var w ScopeWriter
		var puts Puts
		decoding(b, requests, func(i int, td ptrace.Traces) {
			if i%len(requests) == 0 {
				if i > 0 {
					stored = s.Stats()
				}
				s = newStore(b, Config{MaxBytes: 1 << 30})
			}
			rs := td.ResourceSpans().At(0)
			ss := rs.ScopeSpans().At(0)
			from, err := s.Origin(w.Spans(rs, ss))
			if err != nil {
				b.Fatal(err)
			}
			w.Reset()
			for _, span := range ss.Spans().All() {
				if err := s.PutSpan(&puts, from, span); err != nil {
					b.Fatal(err)
				}
			}
			s.ReleaseOrigin(from)
			for i, item := range puts.Items {
				s.Attach(now, TraceID(ss.Spans().At(i).TraceID()), item)
			}
			puts.Reset()
		})
		if stored.Items > 0 {
			b.ReportMetric(float64(stored.LiveBytes)/float64(stored.Items), "item-B/span")
		}
	})
	b.Run("marshal", func(b *testing.B) {
		decoding(b, requests, func(_ int, td ptrace.Traces) {
			if _, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// filled is a store with the spans of all requests.
func filled(b *testing.B, requests [][]byte) *Store[uint64] {
	b.Helper()
	s := newStore(b, Config{MaxBytes: 1 << 30})
	for _, request := range requests {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(request)
		require.NoError(b, err)
		addTraces(b, s, time.Now(), td)
	}
	return s
}

// What it costs to drop a trace unread, to read it as OTLP bytes, and to have it as pdata again.
func BenchmarkTake(b *testing.B) {
	requests := encodedRequests(b)
	for _, c := range []struct {
		name         string
		read, decode bool
	}{{name: "drop"}, {name: "read", read: true}, {name: "rebuild", read: true, decode: true}} {
		b.Run(c.name, func(b *testing.B) {
			var cpu time.Duration
			spans := 0
			var batch Batch
			for b.Loop() {
				b.StopTimer()
				s := filled(b, requests)
				spans += s.Stats().Items
				runtime.GC()
				b.StartTimer()
				before := cpuNow()
				for ref, ok := s.Oldest(); ok; ref, ok = s.Oldest() {
					if c.read {
						if err := s.Read(ref, &batch); err != nil {
							b.Fatal(err)
						}
					}
					if batch.Spans() >= 8192 {
						if c.decode {
							if _, err := batch.Traces(); err != nil {
								b.Fatal(err)
							}
						}
						batch.Reset()
					}
					if err := s.Drop(ref); err != nil {
						b.Fatal(err)
					}
				}
				cpu += cpuNow() - before
			}
			b.ReportMetric(float64(cpu)/float64(spans), "cpu-ns/span")
		})
	}
}

// What moving a straggler costs: of each segment every tenth trace is alive.
func BenchmarkCompact(b *testing.B) {
	requests := encodedRequests(b)
	var cpu time.Duration
	var moved, freed uint64
	for b.Loop() {
		b.StopTimer()
		s := filled(b, requests)
		n := 0
		for ref, ok := s.Oldest(); ok; ref, ok = s.Oldest() {
			if n++; n%10 > 0 {
				require.NoError(b, s.Drop(ref))
			}
		}
		b.StartTimer()
		before := cpuNow()
		for s.sparse > 0 {
			require.True(b, s.reclaim())
		}
		cpu += cpuNow() - before
		moved += s.Stats().MovedItems
		freed += s.Stats().Compactions
	}
	b.ReportMetric(float64(cpu)/float64(moved), "cpu-ns/moved")
	b.ReportMetric(float64(cpu)/1e6/float64(freed), "cpu-ms/segment")
}
