package gatewaytailsamplingprocessor

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TestWholeUnderPressure: a trace that is decided to make room for one of its own items takes that item with it.
func TestWholeUnderPressure(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) { errorsOnly(c); small(c) }, func(r *rig) {
		t := r.t
		rng := rand.New(rand.NewPCG(21, 22))
		const traces = 4000 // of which less than half fit
		for round := range 3 {
			for n := range traces {
				options := []spanOption{
					client, attr("note", noise(rng, 1000)),
					func(s ptrace.Span) { s.SetSpanID(pcommon.SpanID{byte(round + 1)}) },
				}
				if round > 0 { // nothing tells at first that it is to be kept
					options = append(options, failed)
				}
				td, ld := span(traceID(n), options...), record(traceID(n), "note", noise(rng, 1000))
				for r.traces.ConsumeTraces(t.Context(), td) != nil {
					sleep(100 * time.Millisecond) // what is kept leaves
				}
				for r.logs.ConsumeLogs(t.Context(), ld) != nil {
					sleep(100 * time.Millisecond)
				}
			}
		}
		sleep(40 * time.Second)
		parts := 0
		for n := range traces {
			if spans, records := r.out.got(n); spans != records || spans != 0 && spans != 3 {
				parts++
			}
		}
		assert.Zero(t, parts, "traces of which a part has come out")
		a := r.balanced()
		assert.Positive(t, a.traces[1].dropped[triggerPressure])
	})
}
