//go:build unix

package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

// pending is what undecided spans cost while they wait.
type pending struct {
	spans   int
	bytes   float64       // retained on the heap, per span
	objects float64       // heap objects, per span
	fixed   int64         // bytes taken at start, whatever comes
	gc      time.Duration // of a full collection: on the clock, the shortest of some
	gcCPU   time.Duration // the same collection's processor time, the least of some
}

// collections is how many are timed. Others use the machine, so the shortest says most.
const collections = 5

// measurePending fills a sampler with undecided spans and looks at the heap before and after. No trace is decided
// meanwhile.
func measurePending(ctx context.Context, c contestant, captures string, shape traffic.Shape, spans int) (p pending, err error) {
	in, err := newFront(ctx, captures, shape)
	if err != nil {
		return p, err
	}
	// Whatever is allocated once and stays, such as pools and meters, is not a span's.
	for range 100 {
		if _, err = in.next(ctx); err != nil {
			return p, err
		}
	}
	empty := live()
	const long = time.Hour
	s, err := c.start(ctx, setup{keep: 0.05, linger: long, wait: long, traces: 2 * spans}, consumertest.NewNop(), zap.NewNop())
	if err != nil {
		return p, err
	}
	before := live()
	for p.spans < spans {
		td, err := in.next(ctx)
		if err != nil {
			return p, err
		}
		p.spans += td.SpanCount()
		if err := s.ConsumeTraces(ctx, td); err != nil {
			return p, fmt.Errorf("%s refused a request at %d spans: %w", c.name, p.spans, err)
		}
	}
	after := live()
	p.fixed = int64(before.HeapAlloc) - int64(empty.HeapAlloc)
	p.bytes = float64(after.HeapAlloc-before.HeapAlloc) / float64(p.spans)
	p.objects = (float64(after.HeapObjects) - float64(before.HeapObjects)) / float64(p.spans)
	var wall, cpu []time.Duration
	for range collections {
		begin, used := time.Now(), cpuTime()
		runtime.GC()
		wall, cpu = append(wall, time.Since(begin)), append(cpu, cpuTime()-used)
	}
	p.gc, p.gcCPU = slices.Min(wall), slices.Min(cpu)
	runtime.KeepAlive(in)
	if err := in.semconv.stop(ctx); err != nil {
		return p, err
	}
	return p, s.stop(ctx)
}

// live is the heap without garbage. What pools keep is gone after the second collection.
func live() runtime.MemStats {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}
