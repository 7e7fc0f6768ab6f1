//go:build unix

package bench

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.uber.org/zap"
)

// floor is a processor that decides nothing: it has learned beforehand what becomes of every recorded span and only puts
// the attributes together by pdata's API. What it costs, every processor with the same result costs at least; the rest of
// gateway_semconv's price is finding out what to do.
type floorProcessor map[pcommon.SpanID][]floorStep

// floorStep is one attribute of a result: the value of an attribute of the input, or one that is new.
type floorStep struct {
	key   string
	from  int // place in the input, -1 for a new value
	value pcommon.Value
}

func newFloor() processor.Factory {
	kind := component.MustNewType("floor")
	create := func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
		return processorhelper.NewTraces(ctx, set, cfg, next, taught.process,
			processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}))
	}
	config := func() component.Config { return &struct{}{} }
	return processor.NewFactory(kind, config, processor.WithTraces(create, component.StabilityLevelDevelopment))
}

// taught is what gateway_semconv made of the recorded spans; the first test or benchmark that needs it fills it in.
var (
	teaching sync.Mutex
	taught   floorProcessor
)

// teach runs gateway_semconv over the recordings and writes down what came out of each span.
func teach(tb testing.TB) {
	tb.Helper()
	teaching.Lock()
	defer teaching.Unlock()
	if taught != nil {
		return
	}
	sink := new(consumertest.TracesSink)
	p := byName(ours).start(tb, sink, zap.NewNop())
	before := recorded(tb)
	for _, td := range recorded(tb) {
		require.NoError(tb, p.ConsumeTraces(tb.Context(), td))
	}
	steps := make(floorProcessor)
	for i, td := range sink.AllTraces() {
		in := before[i].ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for j, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			steps[span.SpanID()] = stepsOf(in.At(j).Attributes(), span.Attributes())
		}
	}
	taught = steps
}

func stepsOf(in, out pcommon.Map) []floorStep {
	used := make([]bool, in.Len())
	var steps []floorStep
	for key, v := range out.All() {
		step := floorStep{key: key, from: -1, value: v}
		i := 0
		for was, old := range in.All() {
			if !used[i] && old.Equal(v) && (was == key || !has(out, was)) {
				step.from, used[i] = i, true
				break
			}
			i++
		}
		steps = append(steps, step)
	}
	return steps
}

func has(m pcommon.Map, key string) bool {
	_, ok := m.Get(key)
	return ok
}

func (f floorProcessor) process(_ context.Context, td ptrace.Traces) (ptrace.Traces, error) {
	var build xpdata.MapBuilder
	var values [64]pcommon.Value
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				m, steps := span.Attributes(), f[span.SpanID()]
				i := 0
				for _, v := range m.All() {
					values[i] = v
					i++
				}
				build.EnsureCapacity(len(steps))
				for k := range steps {
					s := &steps[k]
					to := build.AppendEmpty(s.key)
					if s.from >= 0 {
						values[s.from].MoveTo(to)
						continue
					}
					switch s.value.Type() {
					case pcommon.ValueTypeStr:
						to.SetStr(s.value.Str())
					case pcommon.ValueTypeInt:
						to.SetInt(s.value.Int())
					default:
						s.value.CopyTo(to)
					}
				}
				build.UnsafeIntoMap(m)
			}
		}
	}
	return td, nil
}

// The floor's attributes are gateway_semconv's, or its price would say nothing.
func TestFloorHasTheSameAttributes(t *testing.T) {
	teach(t)
	mine, floors := result(t, byName(ours)), result(t, byName(floor))
	for i := range mine {
		a := mine[i].ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		b := floors[i].ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for j, span := range a.All() {
			assert.True(t, span.Attributes().Equal(b.At(j).Attributes()), "span %s", span.SpanID())
		}
	}
}
