package gatewaytest

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Attrs is a literal attribute map, in the types of pcommon.Map.FromRaw.
type Attrs = map[string]any

// SpanSpec says what one span is made of. The zero value is a span of unspecified kind without anything.
type SpanSpec struct {
	Scope    string
	Resource Attrs
	Name     string
	Kind     ptrace.SpanKind
	Attrs    Attrs
	Status   ptrace.StatusCode
	Message  string
	// SpanID and ParentID are numbers, so that families can be built; the trace is always the same one. A SpanID
	// of 0 becomes 1.
	SpanID, ParentID byte
}

// TraceID is the trace of every built span.
var TraceID = pcommon.TraceID{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36}

// Start is when every built span starts, in nanoseconds since the epoch; it lasts 12 ms.
const Start pcommon.Timestamp = 1_795_276_648_123_456_789

// Span builds a batch of one or more spans; resource and scope are those of the first.
func Span(tb testing.TB, specs ...SpanSpec) ptrace.Traces {
	tb.Helper()
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	fill(tb, rs.Resource().Attributes(), specs[0].Resource)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(specs[0].Scope)
	for _, spec := range specs {
		s := ss.Spans().AppendEmpty()
		s.SetName(spec.Name)
		s.SetKind(spec.Kind)
		s.SetTraceID(TraceID)
		s.SetSpanID(pcommon.SpanID{7: max(spec.SpanID, 1)})
		if spec.ParentID > 0 {
			s.SetParentSpanID(pcommon.SpanID{7: spec.ParentID})
		}
		s.SetStartTimestamp(Start)
		s.SetEndTimestamp(Start + 12_000_000)
		s.Status().SetCode(spec.Status)
		s.Status().SetMessage(spec.Message)
		fill(tb, s.Attributes(), spec.Attrs)
	}
	return td
}

// RecordSpec says what one log record is made of.
type RecordSpec struct {
	Scope    string
	Resource Attrs
	Attrs    Attrs
	Body     any
	Time     pcommon.Timestamp
	Observed pcommon.Timestamp
	Severity plog.SeverityNumber
	TraceID  pcommon.TraceID
	SpanID   pcommon.SpanID
}

// Record builds a batch of one or more log records; resource and scope are those of the first.
func Record(tb testing.TB, specs ...RecordSpec) plog.Logs {
	tb.Helper()
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	fill(tb, rl.Resource().Attributes(), specs[0].Resource)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(specs[0].Scope)
	for _, spec := range specs {
		r := sl.LogRecords().AppendEmpty()
		r.SetTimestamp(spec.Time)
		r.SetObservedTimestamp(spec.Observed)
		r.SetSeverityNumber(spec.Severity)
		r.SetTraceID(spec.TraceID)
		r.SetSpanID(spec.SpanID)
		fill(tb, r.Attributes(), spec.Attrs)
		if spec.Body != nil {
			if err := r.Body().FromRaw(spec.Body); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return ld
}

func fill(tb testing.TB, m pcommon.Map, raw Attrs) {
	tb.Helper()
	if err := m.FromRaw(raw); err != nil {
		tb.Fatal(err)
	}
}

// Spans returns every span of a batch.
func Spans(td ptrace.Traces) []ptrace.Span {
	var out []ptrace.Span
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				out = append(out, s)
			}
		}
	}
	return out
}

// Records returns every record of a batch.
func Records(ld plog.Logs) []plog.LogRecord {
	var out []plog.LogRecord
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				out = append(out, r)
			}
		}
	}
	return out
}
