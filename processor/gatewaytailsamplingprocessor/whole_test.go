package gatewaytailsamplingprocessor

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/processor/gatewaysemconvprocessor"
)

// semconv is what gateway_semconv makes of requests, one by one.
func semconv(t *testing.T, batches []ptrace.Traces) []ptrace.Traces {
	t.Helper()
	f := gatewaysemconvprocessor.NewFactory()
	sink := new(consumertest.TracesSink)
	p, err := f.CreateTraces(t.Context(), processortest.NewNopSettings(f.Type()), f.CreateDefaultConfig(), sink)
	require.NoError(t, err)
	for _, td := range batches {
		copied := ptrace.NewTraces()
		td.CopyTo(copied)
		require.NoError(t, p.ConsumeTraces(t.Context(), copied))
	}
	require.NoError(t, p.Shutdown(t.Context()))
	return sink.AllTraces()
}

// bySpan are spans by trace and span id.
func bySpan(batches []ptrace.Traces) map[string]ptrace.Span {
	list := make(map[string]ptrace.Span)
	for _, td := range batches {
		for s := range allSpans(td) {
			list[s.TraceID().String()+s.SpanID().String()] = s
		}
	}
	return list
}

// TestWholeTracesFinished: what real Envoy sent in two requests, gateway_semconv could not finish; once the sampler has
// put the traces together, a second pass does, and changes nothing else. The result is what one pass makes of all
// requests as one.
func TestWholeTracesFinished(t *testing.T) {
	t.Parallel()
	captures, err := replay.All(filepath.Join("..", "..", "tests", "captures"))
	require.NoError(t, err)
	var sent []ptrace.Traces
	for _, c := range captures {
		if filepath.Base(c.Path) == "1.40.0-traces.jsonl" && filepath.Base(filepath.Dir(c.Path)) == "envoy" {
			sent, err = c.Traces()
			require.NoError(t, err)
		}
	}
	require.Len(t, sent, 23, "requests")
	request := make(map[string]int) // of each span
	whole := ptrace.NewTraces()
	for i, td := range sent {
		for id := range bySpan([]ptrace.Traces{td}) {
			request[id] = i
		}
		copied := ptrace.NewTraces()
		td.CopyTo(copied)
		copied.ResourceSpans().MoveAndAppendTo(whole.ResourceSpans())
	}

	first := semconv(t, sent)
	var sampled []ptrace.Traces
	bubble(t, keepAll, func(r *rig) {
		for _, td := range first {
			r.consumeSpans(td)
		}
		sleep(31 * time.Second)
		sampled = r.out.traces
	})
	assert.Less(t, len(sampled), len(sent), "many traces to a batch")
	second := semconv(t, sampled)

	// Nothing was lost or changed on the way through the sampler.
	assert.Empty(t, replay.Diff(replay.TraceRecords(first...), replay.TraceRecords(sampled...), 5))
	assert.Empty(t, replay.Diff(replay.TraceRecords(semconv(t, []ptrace.Traces{whole})...), replay.TraceRecords(second...), 5))

	before, after := bySpan(first), bySpan(second)
	require.Len(t, after, 95)
	split, finished := 0, 0
	for id, s := range after {
		parent, ok := after[s.TraceID().String()+s.ParentSpanID().String()]
		alone := ok && request[id] != request[s.TraceID().String()+s.ParentSpanID().String()]
		method := func(s ptrace.Span) string {
			v, ok := s.Attributes().Get("http.request.method")
			if !ok {
				return ""
			}
			return v.Str()
		}
		if ok && s.Kind() == ptrace.SpanKindClient && parent.Kind() == ptrace.SpanKindServer && method(parent) != "" {
			assert.Equal(t, method(parent), method(s), "%s %q", id, s.Name())
		}
		if alone {
			split++
		}
		was := before[id].Attributes().AsRaw()
		got := s.Attributes().AsRaw()
		if len(was) == len(got) && before[id].Name() == s.Name() {
			assert.Equal(t, was, got)
			continue
		}
		finished++
		assert.True(t, alone, "only what was apart from its parent changes")
		assert.Equal(t, ptrace.SpanKindClient, s.Kind())
		for key := range was {
			assert.Equal(t, was[key], got[key], key)
		}
		for key := range got {
			if _, had := was[key]; !had {
				assert.Contains(t, []string{"http.request.method", "rpc.method", "rpc.system.name", "error.type"}, key)
			}
		}
	}
	assert.Equal(t, 8, split, "traces that came in two requests")
	t.Logf("%d spans of %d came without their parent, the second pass finished %d", split, len(after), finished)
	assert.Positive(t, finished)
}
