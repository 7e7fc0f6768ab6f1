//go:build unix

package main

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

const testCaptures = "../../captures"

// Costs can only be compared when they are those of the same work: every sampler keeps whole traces, their spans as they
// were, in the share that was asked for.
func TestSamplersDoTheSameWork(t *testing.T) {
	t.Parallel()
	for _, c := range samplers() {
		for _, shape := range shapes() {
			r, err := newRing(t.Context(), testCaptures, shape, 10_000)
			require.NoError(t, err)
			var mu sync.Mutex // contrib sends from a goroutine of its own
			kept := make(map[pcommon.TraceID]int)
			before := make(map[pcommon.SpanID]ptrace.Span)
			next, err := consumer.NewTraces(func(_ context.Context, td ptrace.Traces) error {
				mu.Lock()
				defer mu.Unlock()
				for span := range spansOf(td) {
					kept[span.TraceID()]++
					was := before[span.SpanID()]
					assert.Equal(t, was.Name(), span.Name())
					assert.Equal(t, was.EndTimestamp(), span.EndTimestamp())
					assert.Equal(t, was.Attributes().AsRaw(), span.Attributes().AsRaw())
				}
				return nil
			})
			require.NoError(t, err)
			s, err := c.start(t.Context(), setup{keep: keep, linger: time.Minute, wait: time.Minute, traces: 100_000}, next, zap.NewNop())
			require.NoError(t, err)
			for range r.payloads {
				td, err := r.next()
				require.NoError(t, err)
				mu.Lock()
				for span := range spansOf(td) {
					was := ptrace.NewSpan()
					span.CopyTo(was)
					before[span.SpanID()] = was
				}
				mu.Unlock()
				require.NoError(t, s.ConsumeTraces(t.Context(), td))
			}
			require.NoError(t, s.stop(t.Context()))
			for _, n := range kept {
				assert.Equal(t, shape.SpansPerTrace, n, "spans of a kept trace")
			}
			share := float64(len(kept)*shape.SpansPerTrace) / float64(len(before))
			assert.InDelta(t, keep, share, 0.02, "%s, %d spans per trace", c.name, shape.SpansPerTrace)
		}
	}
}

// The whole command, with numbers too small to mean anything.
func TestRunPrintsEveryTable(t *testing.T) {
	t.Parallel()
	o := options{captures: testCaptures, spans: 5000, contribSpans: 2000, ring: 1500, turns: 1, turn: time.Millisecond}
	var out, progress strings.Builder
	o.progress = &progress
	require.NoError(t, run(t.Context(), o, &out))
	for _, want := range []string{"What undecided spans cost", "Speed: ", "Aims, worst shape"} {
		assert.Contains(t, out.String(), want)
	}
	for _, c := range contestants {
		rows := strings.Count(out.String(), "| "+c.name+" ")
		if c.name == none {
			assert.Equal(t, len(shapes()), rows)
		} else {
			assert.Equal(t, 2*len(shapes()), rows, c.name)
		}
	}
	assert.Contains(t, progress.String(), "speed, all: 3 spans per trace, 50 per request")
	assert.NotContains(t, out.String(), "Inf")
	assert.NotContains(t, out.String(), "NaN")
}

// A decision comes no earlier than it was asked for, and about then; only contrib waits for a root that never comes.
func TestDelaysAreThoseAskedFor(t *testing.T) {
	t.Parallel()
	shape := traffic.Shape{SpansPerTrace: 2, SpansPerRequest: 5, Remote: 0.5}
	s := setup{keep: 1, linger: time.Second, wait: 3 * time.Second, traces: 100_000}
	all, err := measureDelay(t.Context(), testCaptures, shape, s, 500, 6*time.Second)
	require.NoError(t, err)
	for _, c := range samplers() {
		d := all[c.name]
		require.NotEmpty(t, d.local, c.name)
		require.NotEmpty(t, d.remote, c.name)
		// contrib's times are whole seconds and its clock ticks once in one.
		assert.GreaterOrEqual(t, percentile(d.local, 1), s.linger-100*time.Millisecond, c.name)
		assert.Less(t, percentile(d.local, 50), s.wait, c.name)
	}
	assert.Less(t, percentile(all[ours].remote, 50), s.wait)
	assert.Greater(t, percentile(all[contrib].remote, 1), s.linger+time.Second)
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	assert.Zero(t, percentile(nil, 50))
	all := []time.Duration{5, 1, 4, 2, 3}
	assert.EqualValues(t, 1, percentile(all, 1))
	assert.EqualValues(t, 3, percentile(all, 50))
	assert.EqualValues(t, 5, percentile(all, 99))
}

func TestAimsAreMissedOneByOne(t *testing.T) {
	t.Parallel()
	good := pending{bytes: 100, objects: 0.01, gc: time.Millisecond}
	for _, c := range []struct {
		what   string
		ours   pending
		cpu    time.Duration
		missed int
	}{
		{what: "none", ours: good, cpu: 2000},
		{what: "bytes", ours: pending{bytes: 201, objects: 0.01, gc: time.Millisecond}, cpu: 2000, missed: 1},
		{what: "objects", ours: pending{bytes: 100, objects: 0.05, gc: time.Millisecond}, cpu: 2000, missed: 1},
		{what: "collection", ours: pending{bytes: 100, objects: 0.01, gc: 50 * time.Millisecond}, cpu: 2000, missed: 1},
		{what: "speed", ours: good, cpu: 5000, missed: 1},
		{what: "all", ours: pending{bytes: 1000, objects: 1, gc: time.Second}, cpu: 5000, missed: 4},
	} {
		a := newAims()
		shape := traffic.Shape{SpansPerTrace: 1}
		a.pending(ours, shape, c.ours)
		a.pending(contrib, shape, pending{bytes: 2000})
		a.speed(map[string]*speed{
			none: {perSpan: []time.Duration{1000}}, ours: {perSpan: []time.Duration{c.cpu}}, contrib: {perSpan: []time.Duration{9000}},
		})
		var out strings.Builder
		assert.Equal(t, c.missed, a.report(&out), c.what)
		assert.Equal(t, c.missed, strings.Count(out.String(), "MISSED"), c.what)
	}
}

func TestBadOptionsAreNamedAllAtOnce(t *testing.T) {
	t.Parallel()
	err := options{delay: -1}.validate()
	for _, want := range []string{"-spans", "-contrib-spans", "-ring", "-turns", "-turn:", "-delay-rate", "-delay: -1ns"} {
		assert.ErrorContains(t, err, want)
	}
}
