//go:build unix

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/processor/gatewaysemconvprocessor"
	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

// front is what stands in front of a sampler in the shipped pipeline: a gateway's requests are decoded from OTLP and go
// through gateway_semconv. So a span shares with others what it shares in a Collector, its keys above all, and its
// slices have the spare capacity that a receiver leaves. It is for one goroutine at a time.
type front struct {
	traffic *traffic.Traffic
	semconv *running
	out     ptrace.Traces
}

func newFront(ctx context.Context, captures string, shape traffic.Shape) (*front, error) {
	t, err := traffic.New(captures, shape)
	if err != nil {
		return nil, err
	}
	f := &front{traffic: t}
	next, err := consumer.NewTraces(func(_ context.Context, td ptrace.Traces) error {
		f.out = td
		return nil
	})
	if err != nil {
		return nil, err
	}
	f.semconv, err = start(ctx, gatewaysemconvprocessor.NewFactory(), nil, next, zap.NewNop())
	return f, err
}

// next returns what the sampler gets next.
func (f *front) next(ctx context.Context) (ptrace.Traces, error) {
	payload, err := marshaler.MarshalTraces(f.traffic.Next(time.Now()))
	if err != nil {
		return ptrace.Traces{}, err
	}
	td, err := unmarshaler.UnmarshalTraces(payload)
	if err != nil {
		return ptrace.Traces{}, err
	}
	if err := f.semconv.ConsumeTraces(ctx, td); err != nil {
		return ptrace.Traces{}, err
	}
	out := f.out
	f.out = ptrace.Traces{}
	return out, nil
}

var (
	marshaler   ptrace.ProtoMarshaler
	unmarshaler ptrace.ProtoUnmarshaler
)

// ring are encoded requests that come again and again, with other trace ids each time round.
type ring struct {
	payloads [][]byte
	spans    int // of a request
	at       int
	mask     uint64 // what is different in the ids of this round
	rand     *rand.Rand
}

// newRing encodes requests with about the given number of spans, as they are behind gateway_semconv. That many have to
// differ, or a store would find the same text again where a gateway sends other.
func newRing(ctx context.Context, captures string, shape traffic.Shape, spans int) (*ring, error) {
	f, err := newFront(ctx, captures, shape)
	if err != nil {
		return nil, err
	}
	r := &ring{spans: shape.SpansPerRequest, rand: rand.New(rand.NewPCG(shape.Seed, 1))}
	// A round holds whole traces only: the next one gives its ids another mask.
	for len(r.payloads)*shape.SpansPerRequest < spans {
		for range shape.SpansPerTrace {
			td, err := f.next(ctx)
			if err != nil {
				return nil, err
			}
			payload, err := marshaler.MarshalTraces(td)
			if err != nil {
				return nil, err
			}
			r.payloads = append(r.payloads, payload)
		}
	}
	return r, f.semconv.stop(ctx)
}

// next decodes the next request.
func (r *ring) next() (ptrace.Traces, error) {
	if r.at == len(r.payloads) {
		r.again()
	}
	td, err := unmarshaler.UnmarshalTraces(r.payloads[r.at])
	if err != nil {
		return td, fmt.Errorf("decode a request: %w", err)
	}
	r.at++
	for span := range spansOf(td) {
		span.SetTraceID(masked(span.TraceID(), r.mask))
	}
	return td, nil
}

// again begins from the start with new trace ids.
func (r *ring) again() {
	r.at, r.mask = 0, r.rand.Uint64()
}

// spansOf are the spans of all resources and scopes.
func spansOf(td ptrace.Traces) iter.Seq[ptrace.Span] {
	return func(yield func(ptrace.Span) bool) {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					if !yield(span) {
						return
					}
				}
			}
		}
	}
}

// masked changes the random half of an id, which leaves it as random as it was.
func masked(id pcommon.TraceID, mask uint64) pcommon.TraceID {
	binary.BigEndian.PutUint64(id[8:], binary.BigEndian.Uint64(id[8:])^mask)
	return id
}
