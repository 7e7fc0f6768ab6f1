package tailstore

import (
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

func cpuNow() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func BenchmarkAdd(b *testing.B) {
	f := newTraffic(b, 2)
	requests := make([][]byte, 400)
	for i := range requests {
		requests[i], _ = (&ptrace.ProtoMarshaler{}).MarshalTraces(f.request(25, 2))
	}
	f = nil
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	now := time.Now()
	b.Run("marshal", func(b *testing.B) {
		var cpu time.Duration
		spans := 0
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			if i%100 == 0 {
				runtime.GC()
			}
			td, _ := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(requests[i%len(requests)])
			b.StartTimer()
			c := cpuNow()
			_, _ = (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
			cpu += cpuNow() - c
			spans += 50
		}
		b.ReportMetric(float64(cpu)/float64(spans), "cpu-ns/span")
	})
	b.Run("add", func(b *testing.B) {
		var cpu time.Duration
		spans := 0
		var st Stats
		s := newStore(b, Config{MaxBytes: 1 << 30})
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			if i%len(requests) == 0 {
				if i > 0 {
					st = s.Stats()
				}
				s = newStore(b, Config{MaxBytes: 1 << 30})
			}
			if i%100 == 0 {
				runtime.GC()
			}
			td, _ := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(requests[i%len(requests)])
			b.StartTimer()
			c := cpuNow()
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					from, err := s.SpanOrigin(rs, ss)
					if err != nil {
						b.Fatal(err)
					}
					for _, span := range ss.Spans().All() {
						if _, err := s.AddSpan(now, from, span); err != nil {
							b.Fatal(err)
						}
					}
					s.ReleaseOrigin(from)
				}
			}
			cpu += cpuNow() - c
			spans += 50
		}
		b.ReportMetric(float64(cpu)/float64(spans), "cpu-ns/span")
		b.ReportMetric(float64(st.AddedBytes)/float64(st.AddedItems), "data-B/span")
		b.ReportMetric(float64(st.Bytes)/float64(st.Items), "B/span")
	})
}
