//go:build unix

package bench

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"
)

// BenchmarkRatio is how many times the processor time of gateway_semconv the others take, "none" taken off each. The
// contestants take turns every few hundred microseconds, so that whatever else the machine does meets all of them
// alike: this is the figure to trust on a machine that is not quiet.
func BenchmarkRatio(b *testing.B) {
	for _, size := range sizes {
		payloads := batches(b, size)
		b.Run(fmt.Sprintf("spans=%d", size), func(b *testing.B) {
			processors := make([]processor.Traces, len(contestants))
			for i, c := range contestants {
				processors[i] = c.start(b, consumertest.NewNop(), zap.NewNop())
			}
			spent := takeTurns(b, size, payloads, processors)
			b.ReportMetric(0, "ns/op") // an operation is a turn of each and their decoding: no figure of anything
			for i, c := range contestants {
				if c.name == none || c.name == ours {
					continue
				}
				ratio := above(spent, i) / above(spent, place(ours))
				b.ReportMetric(ratio, c.name+"/"+ours)
				note("ratio", size, c.name, price{cpu: ratio})
			}
		})
	}
}

// above is what a contestant spent on top of the one that does nothing.
func above(spent []time.Duration, i int) float64 { return float64(spent[i] - spent[place(none)]) }

// takeTurns returns the processor time of each contestant for the same batches.
func takeTurns(b *testing.B, size int, payloads [][]byte, processors []processor.Traces) []time.Duration {
	b.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var (
		spent   = make([]time.Duration, len(processors))
		fresh   = make([]ptrace.Traces, max(1, window/size))
		ctx     = b.Context()
		at      = 0
		decoded = 0
	)
	for b.Loop() {
		for i, p := range processors {
			for j := range fresh {
				td, err := decoder.UnmarshalTraces(payloads[(at+j)%len(payloads)])
				require.NoError(b, err)
				fresh[j] = td
			}
			before := cpuTime()
			for _, td := range fresh {
				if err := p.ConsumeTraces(ctx, td); err != nil {
					b.Fatal(err)
				}
			}
			spent[i] += cpuTime() - before
			clear(fresh)
			if decoded += len(fresh) * size; decoded >= garbage {
				decoded = 0
				runtime.GC()
			}
		}
		at = (at + len(fresh)) % len(payloads)
	}
	return spent
}

// BenchmarkPathRatio is the same for the way of a request: decoding from OTLP and the processor, the garbage
// collector at work as ever, charged to whoever makes the garbage. A turn is long enough for several collections.
func BenchmarkPathRatio(b *testing.B) {
	const turn = 150 * time.Millisecond
	for _, size := range sizes {
		payloads := batches(b, size)
		b.Run(fmt.Sprintf("spans=%d", size), func(b *testing.B) {
			perSpan := make([]time.Duration, len(contestants)) // sums of picoseconds a span
			processors := make([]processor.Traces, len(contestants))
			for i, c := range contestants {
				processors[i] = c.start(b, consumertest.NewNop(), zap.NewNop())
			}
			for b.Loop() {
				for i, p := range processors {
					runtime.GC() // nobody starts with another one's garbage
					n, before, begin := 0, cpuTime(), time.Now()
					for time.Since(begin) < turn {
						td, err := decoder.UnmarshalTraces(payloads[n%len(payloads)])
						require.NoError(b, err)
						require.NoError(b, p.ConsumeTraces(b.Context(), td))
						n++
					}
					perSpan[i] += (cpuTime() - before) * 1000 / time.Duration(n*size)
				}
			}
			b.ReportMetric(0, "ns/op")
			for i, c := range contestants {
				if c.name == none || c.name == ours {
					continue
				}
				ratio := above(perSpan, i) / above(perSpan, place(ours))
				b.ReportMetric(ratio, c.name+"/"+ours)
				note("path ratio", size, c.name, price{cpu: ratio})
			}
		})
	}
}
