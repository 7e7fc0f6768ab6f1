package gatewaytailsamplingprocessor

import (
	"context"
	"encoding/binary"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/processor/gatewaysemconvprocessor"
	"github.com/gatehouse-otel/gatehouse/processor/gatewaytailsamplingprocessor/internal/metadata"
)

// kgatewaySpans are recorded spans as gateway_semconv leaves them, in requests of 50 of them, two to a trace.
func kgatewaySpans(b *testing.B) ptrace.Traces {
	b.Helper()
	captures, err := replay.All(filepath.Join("..", "..", "tests", "captures"))
	require.NoError(b, err)
	f := gatewaysemconvprocessor.NewFactory()
	sink := new(consumertest.TracesSink)
	p, err := f.CreateTraces(b.Context(), processortest.NewNopSettings(f.Type()), f.CreateDefaultConfig(), sink)
	require.NoError(b, err)
	for _, c := range captures {
		if c.Gateway != "kgateway" || c.Signal != replay.SignalTraces {
			continue
		}
		batches, err := c.Traces()
		require.NoError(b, err)
		for _, td := range batches {
			require.NoError(b, p.ConsumeTraces(b.Context(), td))
		}
		break
	}
	var pair ptrace.Traces
	for _, td := range sink.AllTraces() {
		if td.ResourceSpans().Len() == 1 && td.SpanCount() >= 2 {
			pair = td
			break
		}
	}
	require.NotZero(b, pair)
	from := pair.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	out := ptrace.NewTraces()
	rs := out.ResourceSpans().AppendEmpty()
	pair.ResourceSpans().At(0).Resource().CopyTo(rs.Resource())
	ss := rs.ScopeSpans().AppendEmpty()
	pair.ResourceSpans().At(0).ScopeSpans().At(0).Scope().CopyTo(ss.Scope())
	for range 25 {
		for i := range 2 {
			s := ss.Spans().AppendEmpty()
			from.At(i).CopyTo(s)
			s.SetKind(ptrace.SpanKind(2 + i))
			s.Status().SetCode(ptrace.StatusCodeUnset)
		}
	}
	return out
}

// BenchmarkConsumeTraces is what a span costs until it is stored, and what deciding and dropping it costs beside that.
func BenchmarkConsumeTraces(b *testing.B) {
	td := kgatewaySpans(b)
	cfg := createDefaultConfig().(*Config)
	cfg.MaxBytes = 64 << 20
	cfg.Rules[len(cfg.Rules)-1] = RuleConfig{Name: "rest", Action: ActionRatio, Ratio: 0.05}
	next, err := consumer.NewTraces(func(context.Context, ptrace.Traces) error { return nil })
	require.NoError(b, err)
	p, err := NewFactory().CreateTraces(b.Context(), processortest.NewNopSettings(metadata.Type), cfg, next)
	require.NoError(b, err)
	require.NoError(b, p.Start(b.Context(), componenttest.NewNopHost()))
	b.ReportAllocs()
	n := uint64(0)
	for b.Loop() {
		spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for i, s := range spans.All() {
			if i%2 == 0 {
				n++
			}
			var id pcommon.TraceID
			binary.BigEndian.PutUint64(id[:], n*0x9e3779b97f4a7c15)
			binary.BigEndian.PutUint64(id[8:], n*0xbf58476d1ce4e5b9)
			s.SetTraceID(id)
			s.SetSpanID(pcommon.SpanID(id[8:]))
		}
		require.NoError(b, p.ConsumeTraces(b.Context(), td))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*2), "ns/span")
	require.NoError(b, p.Shutdown(b.Context()))
}
