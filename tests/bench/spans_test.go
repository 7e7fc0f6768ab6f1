package bench

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// recordings are what a real kgateway 2.4.2 sent: one with an upstream span per request, one with custom attributes on
// top of that. 124 spans in 26 export requests.
var recordings = []string{
	"../captures/kgateway/2.4.2-spawn-traces.jsonl",
	"../captures/kgateway/2.4.2-attributes-traces.jsonl",
}

// recorded returns the export requests as they were recorded.
func recorded(tb testing.TB) []ptrace.Traces {
	tb.Helper()
	var all []ptrace.Traces
	for _, path := range recordings {
		c := replay.Capture{Signal: replay.SignalTraces, Format: replay.FormatOTLPJSON, Path: path}
		batches, err := c.Traces()
		require.NoError(tb, err)
		all = append(all, batches...)
	}
	return all
}

// batches returns recorded spans in export requests of size spans each, as OTLP protobuf: at least 992 spans, which is
// every one eight times. A request holds one resource and one scope, as Envoy's do. When a trace comes again it has
// another id, so that spans find their own parents and no others.
func batches(tb testing.TB, size int) [][]byte {
	tb.Helper()
	const passes = 8
	all := recorded(tb)
	envelope := all[0].ResourceSpans().At(0)
	spans := ptrace.NewSpanSlice()
	for _, td := range all {
		td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().MoveAndAppendTo(spans)
	}
	payloads := make([][]byte, (passes*spans.Len()+size-1)/size)
	for i := range payloads {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		envelope.Resource().CopyTo(rs.Resource())
		ss := rs.ScopeSpans().AppendEmpty()
		envelope.ScopeSpans().At(0).Scope().CopyTo(ss.Scope())
		for at := i * size; at < (i+1)*size; at++ {
			span := ss.Spans().AppendEmpty()
			spans.At(at % spans.Len()).CopyTo(span)
			span.SetTraceID(again(span.TraceID(), at/spans.Len()))
		}
		payload, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(tb, err)
		payloads[i] = payload
	}
	return payloads
}

// again returns the id that a trace has in a pass, counted from 0: its own in the first one.
func again(id pcommon.TraceID, pass int) pcommon.TraceID {
	low := id[8:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^uint64(pass))
	return id
}
