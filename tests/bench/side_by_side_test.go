//go:build unix

package bench

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// sizes are the spans per export request. Envoy sends 5 and agents in front of a gateway collect more; one at a time
// is the worst case for what is paid per request.
var sizes = []int{1, 100, 1000}

// BenchmarkProcessor is the processor alone.
func BenchmarkProcessor(b *testing.B) {
	each(b, "processor", func(b *testing.B, size int, payloads [][]byte, consume func(ptrace.Traces)) price {
		return measure(b, size, payloads, consume)
	})
}

// BenchmarkPath is decoding and the processor, with the garbage collector at work as ever: what comes on top of "none"
// is what a Collector pays for the processor, its garbage included.
func BenchmarkPath(b *testing.B) {
	each(b, "path", func(b *testing.B, size int, payloads [][]byte, consume func(ptrace.Traces)) price {
		b.ReportAllocs()
		var used usage
		at := 0
		used.start()
		used.run()
		for b.Loop() {
			consume(decode(b, payloads[at]))
			if at++; at == len(payloads) {
				at = 0
			}
		}
		used.pause()
		used.stop()
		return report(b, size, &used)
	})
}

// each runs a benchmark for every size and contestant. The names suit benchstat -col /processor.
func each(b *testing.B, what string, run func(*testing.B, int, [][]byte, func(ptrace.Traces)) price) {
	for _, size := range sizes {
		payloads := batches(b, size)
		for _, c := range contestants {
			b.Run(fmt.Sprintf("spans=%d/processor=%s", size, c.name), func(b *testing.B) {
				p := c.start(b, consumertest.NewNop())
				note(what, size, c.name, run(b, size, payloads, func(td ptrace.Traces) {
					if err := p.ConsumeTraces(b.Context(), td); err != nil {
						require.NoError(b, err)
					}
				}))
			})
		}
	}
}
