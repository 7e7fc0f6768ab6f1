package gatewaytailsamplingprocessor

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// TestRepetitiveTrace: a trace of items that are all alike, which takes next to nothing in the store, is not sent in one
// piece of whatever size.
func TestRepetitiveTrace(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) { errorsOnly(c); small(c) }, func(r *rig) {
		t := r.t
		rng := rand.New(rand.NewPCG(23, 24))
		note := attr("note", noise(rng, 7000)) // short enough to share a segment
		const many = 8000
		for n := range many {
			r.consumeSpans(span(traceID(1), client, failed, note))
			r.consumeSpans(span(traceID(2), client, note))
			if n%1000 == 0 {
				sleep(2 * time.Second)
			}
		}
		sleep(31 * time.Second)
		spans, _ := r.out.got(1)
		assert.Equal(t, many, spans)
		spans, _ = r.out.got(2)
		assert.Zero(t, spans)
		for _, td := range r.out.traces {
			assert.Less(t, (&ptrace.ProtoMarshaler{}).TracesSize(td), 3*r.cfg.MaxBytes)
		}
		a := r.balanced()
		assert.EqualValues(t, 1, a.traces[0].kept[triggerPressure])
		assert.EqualValues(t, 1, a.traces[1].dropped[triggerPressure])
	})
}

// TestKeysAreInTheBound: texts that keys are made of are in max_bytes, also when they hardly take anything in the store
// because they begin alike.
func TestKeysAreInTheBound(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) {
		small(c)
		c.Rules = []RuleConfig{{Name: "rest", Action: ActionRate, PerSecond: 1, Key: []KeyPart{"host"}}}
	}, func(r *rig) {
		begin := strings.Repeat("x", 240)
		for n := range 20_000 {
			r.consumeSpans(span(traceID(n), client, attr("server.address", begin+strconv.Itoa(n))))
		}
		sh := r.sampler.shards[0]
		stored := 0
		for text := range sh.texts.numbers {
			stored += len(text)
		}
		assert.Greater(r.t, stored, 100<<10)
		_, bytes := r.sampler.totals()
		assert.LessOrEqual(r.t, bytes, int64(r.cfg.MaxBytes))
		assert.GreaterOrEqual(r.t, bytes, int64(sh.store.Stats().Bytes+stored))
	})
}

// TestFullOfNothing: a store that a request has filled with resources, whose items are gone, takes the next request.
func TestFullOfNothing(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) { dropAll(c); small(c) }, func(r *rig) {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("note", strings.Repeat("x", 200<<10))
		for n := range 100 { // each scope has the resource with it
			ss := rs.ScopeSpans().AppendEmpty()
			ss.Scope().SetName(strconv.Itoa(n))
			at(span(traceID(n), client)).CopyTo(ss.Spans().AppendEmpty())
		}
		err := r.traces.ConsumeTraces(r.t.Context(), td)
		if err != nil {
			require.ErrorIs(r.t, err, errFull)
		}
		sleep(31 * time.Second)
		assert.Zero(r.t, r.balanced().pending)
		for n := range 100 {
			td := span(traceID(n+1000), client, failed)
			td.ResourceSpans().At(0).Resource().Attributes().PutStr("note", strings.Repeat("y", 300<<10)+strconv.Itoa(n%2))
			if err = r.traces.ConsumeTraces(r.t.Context(), td); err != nil {
				err = r.traces.ConsumeTraces(r.t.Context(), td) // as a client does
			}
			require.NoError(r.t, err, n)
		}
	})
}
