//go:build unix

package bench

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
)

// sizes are the spans per export request. Envoy sends 5 and agents in front of a gateway collect more; one at a time
// is the worst case for what is paid per request.
var sizes = []int{1, 100, 1000}

// BenchmarkProcessor is the processor alone.
func BenchmarkProcessor(b *testing.B) {
	for _, name := range []string{transform, types} {
		leftovers[name] = compare(b, byName(name))
	}
	each(b, "processor", measure)
}

// BenchmarkPath is decoding and the processor, with the garbage collector at work as ever: what comes on top of "none"
// is what a Collector pays for the processor, its garbage included.
func BenchmarkPath(b *testing.B) {
	each(b, "path", measurePath)
}

func measurePath(b *testing.B, _ contestant, size int, payloads [][]byte, process func(ptrace.Traces)) price {
	b.Helper()
	b.ReportAllocs()
	var used usage
	at := 0
	used.start()
	used.run()
	for b.Loop() {
		td, err := decoder.UnmarshalTraces(payloads[at])
		if err != nil {
			b.Fatal(err)
		}
		process(td)
		if at++; at == len(payloads) {
			at = 0
		}
	}
	used.pause()
	used.stop()
	return report(b, size, &used)
}

// each runs a benchmark for every size and contestant. The names suit benchstat -col /processor.
func each(b *testing.B, what string, run func(*testing.B, contestant, int, [][]byte, func(ptrace.Traces)) price) {
	b.Helper()
	for _, size := range sizes {
		payloads := batches(b, size)
		for _, c := range contestants {
			b.Run(fmt.Sprintf("spans=%d/processor=%s", size, c.name), func(b *testing.B) {
				p := c.start(b, consumertest.NewNop(), zap.NewNop())
				ctx := b.Context()
				note(what, size, c.name, run(b, c, size, payloads, func(td ptrace.Traces) {
					if err := p.ConsumeTraces(ctx, td); err != nil {
						b.Fatal(err)
					}
				}))
			})
		}
	}
}
