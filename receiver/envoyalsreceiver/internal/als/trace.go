package als

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// traceHeaders are the B3 headers among the logged ones (B3 propagation: one header, or one for each part). W3C
// headers and tags named trace_id, span_id or traceparent are the engine's, and win: B3 is only read where they are
// not there, because behind a gateway with both the W3C header is the gateway's own.
type traceHeaders struct {
	b3, traceID, spanID string
	other               bool
}

// header looks at a logged request header.
func (t *traceHeaders) header(name, value string) {
	switch name {
	case "b3":
		t.b3 = value
	case "x-b3-traceid":
		t.traceID = value
	case "x-b3-spanid":
		t.spanID = value
	case "traceparent":
		if _, _, _, ok := parse.Traceparent(value); ok {
			t.other = true
		}
	}
}

// tag looks at a custom tag, which may be a copy of a header under any of these names.
func (t *traceHeaders) tag(name, value string) {
	switch name {
	case "trace_id", "trace.id":
		_, ok := parse.TraceID(value)
		t.other = t.other || ok
	case "trace_parent":
		t.header("traceparent", value)
	default:
		t.header(name, value)
	}
}

// set gives the record the ids of B3 headers.
func (t *traceHeaders) set(rec plog.LogRecord) {
	if t.other || t.b3 == "" && t.traceID == "" {
		return
	}
	trace, span := t.traceID, t.spanID
	if trace == "" { // traceid-spanid[-sampled[-parent]], or only the sampling decision
		var ok bool
		if trace, span, ok = strings.Cut(t.b3, "-"); !ok {
			return
		}
		span, _, _ = strings.Cut(span, "-")
	}
	id, ok := parse.TraceID(trace)
	if !ok {
		return
	}
	rec.SetTraceID(id)
	if id, ok := parse.SpanID(span); ok {
		rec.SetSpanID(id)
	}
}
