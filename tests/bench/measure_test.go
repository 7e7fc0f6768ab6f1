//go:build unix

package bench

import (
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

const (
	// window is about how many spans are decoded before the clock starts: enough that stopping it is rare, few enough
	// that they are still in the processor's cache, as they are when a receiver hands them over.
	window = 256
	// garbage is after how many spans the garbage collector runs, while the clock stands.
	garbage = 16384
)

// measure times process on batches nobody has touched yet, one batch an operation, and returns the price of a span.
//
// Processing changes its input, unless it is idle, so every batch is decoded from protobuf while the clock stands: what an OTLP receiver
// hands over has the same spare capacity in its slices, and that decides how much processing allocates. Garbage of
// decoding must not be collected at the expense of processing, so the collector rests while the clock goes. What
// garbage of processing costs shows in allocations here, and in time in BenchmarkPath.
func measure(b *testing.B, c contestant, size int, payloads [][]byte, process func(ptrace.Traces)) price {
	b.Helper()
	b.ReportAllocs()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var (
		fresh   = make([]ptrace.Traces, 0, max(1, window/size))
		next    int
		at      int
		decoded int
		used    usage
	)
	used.start()
	used.run()
	for b.Loop() {
		if next == len(fresh) && len(fresh) > 0 && c.idle {
			next = 0
		}
		if next == len(fresh) {
			used.pause()
			b.StopTimer()
			used.stop()
			if decoded += len(fresh) * size; decoded >= garbage {
				decoded = 0
				clear(fresh)
				runtime.GC()
			}
			fresh, next = fresh[:0], 0
			for range cap(fresh) {
				td, err := decoder.UnmarshalTraces(payloads[at%len(payloads)])
				require.NoError(b, err)
				fresh = append(fresh, td)
				at++
			}
			used.start()
			b.StartTimer()
			used.run()
		}
		process(fresh[next])
		next++
	}
	used.pause()
	used.stop()
	return report(b, size, &used)
}

// decoder is what the OTLP receiver uses.
var decoder ptrace.ProtoUnmarshaler

// price is what one span costs.
type price struct {
	wall, cpu, allocs, bytes float64 // ns, ns, objects, bytes
}

// report adds the price of a span to the benchmark's results. cpu-ns is the time this process got a processor, that of
// the garbage collector included. On a machine that does nothing else it is hardly more than ns; on a busy one it is
// the figure to look at.
func report(b *testing.B, size int, used *usage) price {
	b.Helper()
	spans := float64(b.N) * float64(size)
	p := price{
		wall:   float64(b.Elapsed().Nanoseconds()) / spans,
		cpu:    float64(used.cpu.Nanoseconds()) / spans,
		allocs: float64(used.mallocs) / spans,
		bytes:  float64(used.bytes) / spans,
	}
	b.ReportMetric(p.wall, "ns/span")
	b.ReportMetric(p.cpu, "cpu-ns/span")
	b.ReportMetric(p.allocs, "allocs/span")
	b.ReportMetric(p.bytes, "B/span")
	return p
}

// usage adds up what the process uses while the clock goes. Reading memory statistics stops the world, so that is
// done while the clock stands, and only the processor time is read while it goes.
type usage struct {
	cpu, cpuBefore time.Duration
	mallocs, bytes uint64
	before         runtime.MemStats
}

func (u *usage) start() { runtime.ReadMemStats(&u.before) }
func (u *usage) run()   { u.cpuBefore = cpuTime() }
func (u *usage) pause() { u.cpu += cpuTime() - u.cpuBefore }

func (u *usage) stop() {
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	u.mallocs += now.Mallocs - u.before.Mallocs
	u.bytes += now.TotalAlloc - u.before.TotalAlloc
}

// cpuTime is the processor time of this process so far, in the kernel and outside.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
