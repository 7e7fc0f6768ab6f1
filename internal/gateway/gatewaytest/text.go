package gatewaytest

import (
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Traces renders every span with all that can change, attributes sorted by key, types by a letter: s i d b a
// m x for string, int, double, bool, array, map, bytes.
func Traces(td ptrace.Traces) string {
	var w writer
	w.traces(td)
	return w.b.String()
}

// Logs renders every record the same way.
func Logs(ld plog.Logs) string {
	var w writer
	w.logs(ld)
	return w.b.String()
}

// Shapes renders the items of several batches, but only the first of each shape: items of one shape have the same
// name, kind, status and attributes with the same types, and the same codes. left is how many were not rendered.
// Resources and scopes are rendered where they differ from those before. Long values are cut.
func Shapes(batches []Batch) (text string, left int) {
	w := writer{seen: make(map[string]bool), longest: 240}
	for _, b := range batches {
		if b.IsLogs {
			w.logs(b.Logs)
		} else {
			w.traces(b.Traces)
		}
	}
	return w.b.String(), w.left
}

// writer collects the text form.
type writer struct {
	b       strings.Builder
	seen    map[string]bool // nil: every item is rendered
	left    int
	longest int    // 0: values are rendered whole
	around  string // resource and scope as written last
}

func (w *writer) traces(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		resource := fmt.Sprintf("RESOURCE schema=%s\n%s", rs.SchemaUrl(), w.attributes(rs.Resource().Attributes()))
		for _, ss := range rs.ScopeSpans().All() {
			around := resource + w.scope(ss.Scope(), ss.SchemaUrl())
			for _, s := range ss.Spans().All() {
				w.item(around, spanShape(s), w.span(s))
			}
		}
	}
}

func (w *writer) logs(ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		resource := fmt.Sprintf("RESOURCE schema=%s\n%s", rl.SchemaUrl(), w.attributes(rl.Resource().Attributes()))
		for _, sl := range rl.ScopeLogs().All() {
			around := resource + w.scope(sl.Scope(), sl.SchemaUrl())
			for _, r := range sl.LogRecords().All() {
				w.item(around, recordShape(r), w.record(r))
			}
		}
	}
}

// item writes an item, and before it the resource and scope it belongs to where they changed.
func (w *writer) item(around, shape, text string) {
	if w.seen != nil {
		if w.seen[shape] {
			w.left++
			return
		}
		w.seen[shape] = true
	}
	if around != w.around {
		w.b.WriteString(around)
		w.around = around
	}
	w.b.WriteString(text)
}

func (w *writer) scope(scope pcommon.InstrumentationScope, url string) string {
	return fmt.Sprintf("SCOPE %q %q schema=%s\n%s", scope.Name(), scope.Version(), url, w.attributes(scope.Attributes()))
}

func (w *writer) span(s ptrace.Span) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SPAN %q %s trace=%s span=%s parent=%s flags=%#x state=%q\n", s.Name(), s.Kind(),
		s.TraceID(), s.SpanID(), s.ParentSpanID(), s.Flags(), s.TraceState().AsRaw())
	fmt.Fprintf(&b, "  time %d %d status %s %q\n", s.StartTimestamp(), s.EndTimestamp(), s.Status().Code(), s.Status().Message())
	b.WriteString(w.attributes(s.Attributes()))
	for _, e := range s.Events().All() {
		fmt.Fprintf(&b, "  EVENT %q %d\n%s", e.Name(), e.Timestamp(), w.attributes(e.Attributes()))
	}
	for _, l := range s.Links().All() {
		fmt.Fprintf(&b, "  LINK %s %s flags=%#x state=%q\n%s", l.TraceID(), l.SpanID(), l.Flags(), l.TraceState().AsRaw(),
			w.attributes(l.Attributes()))
	}
	return b.String()
}

func (w *writer) record(r plog.LogRecord) string {
	return fmt.Sprintf("RECORD time=%d observed=%d severity=%d %q trace=%s span=%s flags=%#x event=%q\n  body %s\n%s",
		r.Timestamp(), r.ObservedTimestamp(), r.SeverityNumber(), r.SeverityText(), r.TraceID(), r.SpanID(), uint32(r.Flags()),
		r.EventName(), w.value(r.Body()), w.attributes(r.Attributes()))
}

func (w *writer) attributes(m pcommon.Map) string {
	lines := make([]string, 0, m.Len())
	for k, v := range m.All() {
		lines = append(lines, fmt.Sprintf("    %s = %s\n", k, w.value(v)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

var letters = map[pcommon.ValueType]string{
	pcommon.ValueTypeStr: "s", pcommon.ValueTypeInt: "i", pcommon.ValueTypeDouble: "d", pcommon.ValueTypeBool: "b",
	pcommon.ValueTypeSlice: "a", pcommon.ValueTypeMap: "m", pcommon.ValueTypeBytes: "x", pcommon.ValueTypeEmpty: "-",
}

func (w *writer) value(v pcommon.Value) string {
	text := v.AsString()
	if v.Type() == pcommon.ValueTypeStr {
		text = fmt.Sprintf("%q", text)
	}
	if w.longest > 0 && len(text) > w.longest {
		text = fmt.Sprintf("%.*s… (%d bytes)", w.longest, text, len(text))
	}
	return letters[v.Type()] + " " + text
}

// codes are the attributes whose values tell one shape from another.
var codes = map[string]bool{
	"http.response.status_code": true, "error.type": true, "rpc.status_code": true, "gen_ai.provider.name": true,
	"network.protocol.version": true,
}

func spanShape(s ptrace.Span) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s %q", s.Name(), s.Kind(), s.Status().Code(), s.Status().Message())
	shapeOf(&b, s.Attributes())
	for _, e := range s.Events().All() {
		b.WriteString(e.Name())
		shapeOf(&b, e.Attributes())
	}
	fmt.Fprint(&b, s.Links().Len())
	return b.String()
}

func recordShape(r plog.LogRecord) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s %t %t %t %s", r.SeverityNumber(), r.EventName(), r.Timestamp() == 0, r.TraceID().IsEmpty(),
		r.SpanID().IsEmpty(), letters[r.Body().Type()])
	shapeOf(&b, r.Attributes())
	if r.Attributes().Len() <= 1 { // a line nothing was read from
		words := strings.Fields(r.Body().AsString())
		fmt.Fprint(&b, words[min(2, len(words)):min(3, len(words))])
	}
	return b.String()
}

func shapeOf(b *strings.Builder, m pcommon.Map) {
	lines := make([]string, 0, m.Len())
	for k, v := range m.All() {
		line := k + letters[v.Type()]
		if codes[k] {
			line += v.AsString()
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	for _, l := range lines {
		b.WriteString(l)
		b.WriteByte(' ')
	}
}
