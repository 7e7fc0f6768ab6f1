//go:build unix

package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
)

// speed is what a contestant makes of the processor.
type speed struct {
	in, out int64           // spans, of all turns
	perSpan []time.Duration // processor time of a turn by its spans, in picoseconds
}

// turn lets a contestant work as fast as it can for a while, from decoding to the last output, and returns the spans that came
// in and out and the processor time. The garbage collector works as ever.
//
// Decisions come a second or two after the spans, so that most of them are made while others arrive; what is left is
// decided when the sampler is stopped, and that belongs to the turn.
func turn(ctx context.Context, c contestant, keep float64, r *ring, length time.Duration) (in, out int64, used time.Duration, err error) {
	var kept atomic.Int64
	next, err := consumer.NewTraces(func(_ context.Context, td ptrace.Traces) error {
		kept.Add(int64(td.SpanCount()))
		return nil
	})
	if err != nil {
		return 0, 0, 0, err
	}
	r.again()
	s, err := c.start(ctx, setup{keep: keep, linger: time.Second, wait: 2 * time.Second, traces: 1_000_000}, next, zap.NewNop())
	if err != nil {
		return 0, 0, 0, err
	}
	runtime.GC() // nobody starts with another one's garbage
	begin, before := time.Now(), cpuTime()
	for time.Since(begin) < length {
		td, err := r.next()
		if err != nil {
			return 0, 0, 0, err
		}
		if err := s.ConsumeTraces(ctx, td); err != nil {
			return 0, 0, 0, fmt.Errorf("%s refused a request: %w", c.name, err)
		}
		in += int64(r.spans)
	}
	// A round holds whole traces, so that the last one is complete too.
	for r.at < len(r.payloads) {
		td, err := r.next()
		if err != nil {
			return 0, 0, 0, err
		}
		if err := s.ConsumeTraces(ctx, td); err != nil {
			return 0, 0, 0, fmt.Errorf("%s refused a request: %w", c.name, err)
		}
		in += int64(r.spans)
	}
	if err := s.stop(ctx); err != nil {
		return 0, 0, 0, err
	}
	return in, kept.Load(), cpuTime() - before, nil
}

// measureSpeed gives every contestant the given number of turns, one after the other, so that whatever else the
// machine does meets all alike.
func measureSpeed(ctx context.Context, keep float64, r *ring, turns int, length time.Duration) (map[string]*speed, error) {
	result := make(map[string]*speed)
	for _, c := range contestants {
		result[c.name] = new(speed)
	}
	for i := range turns {
		for j := range contestants {
			c := contestants[(i+j)%len(contestants)] // nobody is always behind the same one
			in, out, used, err := turn(ctx, c, keep, r, length)
			if err != nil {
				return nil, err
			}
			s := result[c.name]
			s.in, s.out = s.in+in, s.out+out
			s.perSpan = append(s.perSpan, used*1000/time.Duration(in))
		}
	}
	return result, nil
}

// above is the median processor time of a span in nanoseconds, what "none" takes taken off.
func above(all map[string]*speed, name string) float64 {
	return median(all[name].perSpan) - median(all[none].perSpan)
}

func median(picoseconds []time.Duration) float64 {
	if len(picoseconds) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(picoseconds))
	return float64(sorted[len(sorted)/2]) / 1000
}
