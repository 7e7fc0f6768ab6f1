//go:build unix

package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

// delays are the times from a trace's last span to its output, of the traces that were kept, by whether the gateway's span
// has a remote parent.
type delays struct {
	local, remote []time.Duration
}

// measureDelay sends every sampler the same requests at the same moments, rate spans a second, each its own copy, and
// notes when a trace's last span went in and when the trace came out.
func measureDelay(ctx context.Context, captures string, shape traffic.Shape, s setup, rate float64, length time.Duration) (map[string]*delays, error) {
	in, err := newFront(ctx, captures, shape)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	result := make(map[string]*delays)
	var clocks []*clock
	var running []*running
	for _, c := range samplers() {
		clk := &clock{delays: new(delays), last: make(map[uint64]time.Time)}
		next, err := consumer.NewTraces(clk.out)
		if err != nil {
			return nil, err
		}
		r, err := c.start(ctx, s, next, zap.NewNop())
		if err != nil {
			return nil, err
		}
		result[c.name], clocks, running = clk.delays, append(clocks, clk), append(running, r)
	}
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for sent := 0; time.Since(begin) < length; {
		for due := int(rate * time.Since(begin).Seconds()); sent < due; {
			td, err := in.next(ctx)
			if err != nil {
				return nil, err
			}
			sent += td.SpanCount()
			for i, r := range running {
				own := ptrace.NewTraces()
				td.CopyTo(own)
				clocks[i].in(td)
				if err := r.ConsumeTraces(ctx, own); err != nil {
					return nil, err
				}
			}
		}
		<-ticker.C
	}
	for i, r := range running {
		clocks[i].stop() // what stopping decides was not due
		if err := r.stop(ctx); err != nil {
			return nil, err
		}
	}
	return result, in.semconv.stop(ctx)
}

// clock notes when traces went in and came out.
type clock struct {
	mu      sync.Mutex
	last    map[uint64]time.Time // when a trace's last span so far went in, by sequence number
	delays  *delays
	stopped bool
}

func (c *clock) in(td ptrace.Traces) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for span := range spansOf(td) {
		c.last[traffic.TraceOf(span.TraceID()).Seq] = now
	}
}

func (c *clock) out(_ context.Context, td ptrace.Traces) error {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil
	}
	for span := range spansOf(td) {
		t := traffic.TraceOf(span.TraceID())
		in, ok := c.last[t.Seq]
		if !ok {
			continue // its other spans came out with this one or before
		}
		delete(c.last, t.Seq)
		to := &c.delays.local
		if t.Remote {
			to = &c.delays.remote
		}
		*to = append(*to, now.Sub(in))
	}
	return nil
}

func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
}

// percentile is the smallest delay that p percent do not exceed, 0 when there is none.
func percentile(all []time.Duration, p int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)*p+99)/100-1]
}
