package replay

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Record is one span or log record written out with its resource and scope, so that two can be compared as text.
type Record struct {
	// Key groups records that can be compared: trace id and span id, for log records the times as well.
	Key string
	// Lines hold one field or attribute each, "span.status = Error", in sorted order.
	Lines []string
}

// TraceRecords writes out every span. Attribute order and the grouping of spans into batches, resources and scopes
// leave no trace in the result; everything else does.
func TraceRecords(batches ...ptrace.Traces) []Record {
	var records []Record
	for _, td := range batches {
		for _, rs := range td.ResourceSpans().All() {
			var resource lines
			resource.resource(rs.Resource(), rs.SchemaUrl())
			for _, ss := range rs.ScopeSpans().All() {
				scope := slices.Clone(resource)
				scope.scope(ss.Scope(), ss.SchemaUrl())
				for _, span := range ss.Spans().All() {
					l := slices.Clone(scope)
					l.span(span)
					slices.Sort(l)
					records = append(records, Record{Key: spanKey(span.TraceID(), span.SpanID()), Lines: l})
				}
			}
		}
	}
	return records
}

// LogRecords writes out every log record, as TraceRecords does with spans.
func LogRecords(batches ...plog.Logs) []Record {
	var records []Record
	for _, ld := range batches {
		for _, rl := range ld.ResourceLogs().All() {
			var resource lines
			resource.resource(rl.Resource(), rl.SchemaUrl())
			for _, sl := range rl.ScopeLogs().All() {
				scope := slices.Clone(resource)
				scope.scope(sl.Scope(), sl.SchemaUrl())
				for _, lr := range sl.LogRecords().All() {
					l := slices.Clone(scope)
					l.logRecord(lr)
					slices.Sort(l)
					key := fmt.Sprintf("%s time %d observed %d",
						spanKey(lr.TraceID(), lr.SpanID()), lr.Timestamp(), lr.ObservedTimestamp())
					records = append(records, Record{Key: key, Lines: l})
				}
			}
		}
	}
	return records
}

func spanKey(trace pcommon.TraceID, span pcommon.SpanID) string {
	return trace.String() + "/" + span.String()
}

// lines collects "name = value" texts. Fields with their zero value are left out, as on the wire.
type lines []string

func (l *lines) add(name, value string) { *l = append(*l, name+" = "+value) }

func (l *lines) text(name, value string) {
	if value != "" {
		l.add(name, strconv.Quote(value))
	}
}

func (l *lines) number(name string, value uint64) {
	if value != 0 {
		l.add(name, strconv.FormatUint(value, 10))
	}
}

func (l *lines) attributes(prefix string, attrs pcommon.Map) {
	for k, v := range attrs.All() {
		l.add(prefix+"["+strconv.Quote(k)+"]", valueText(v))
	}
}

func (l *lines) resource(resource pcommon.Resource, schemaURL string) {
	l.attributes("resource.attributes", resource.Attributes())
	l.number("resource.dropped_attributes", uint64(resource.DroppedAttributesCount()))
	l.text("resource.schema_url", schemaURL)
}

func (l *lines) scope(scope pcommon.InstrumentationScope, schemaURL string) {
	l.text("scope.name", scope.Name())
	l.text("scope.version", scope.Version())
	l.attributes("scope.attributes", scope.Attributes())
	l.number("scope.dropped_attributes", uint64(scope.DroppedAttributesCount()))
	l.text("scope.schema_url", schemaURL)
}

func (l *lines) span(span ptrace.Span) {
	l.text("span.trace_id", span.TraceID().String())
	l.text("span.span_id", span.SpanID().String())
	l.text("span.parent_span_id", span.ParentSpanID().String())
	l.text("span.trace_state", span.TraceState().AsRaw())
	l.number("span.flags", uint64(span.Flags()))
	l.text("span.name", span.Name())
	l.add("span.kind", span.Kind().String())
	l.number("span.start", uint64(span.StartTimestamp()))
	l.number("span.end", uint64(span.EndTimestamp()))
	l.add("span.status", span.Status().Code().String())
	l.text("span.status_message", span.Status().Message())
	l.attributes("span.attributes", span.Attributes())
	l.number("span.dropped_attributes", uint64(span.DroppedAttributesCount()))
	l.number("span.dropped_events", uint64(span.DroppedEventsCount()))
	l.number("span.dropped_links", uint64(span.DroppedLinksCount()))
	for i, event := range span.Events().All() {
		prefix := fmt.Sprintf("span.events[%d].", i)
		l.text(prefix+"name", event.Name())
		l.number(prefix+"time", uint64(event.Timestamp()))
		l.attributes(prefix+"attributes", event.Attributes())
		l.number(prefix+"dropped_attributes", uint64(event.DroppedAttributesCount()))
	}
	for i, link := range span.Links().All() {
		prefix := fmt.Sprintf("span.links[%d].", i)
		l.text(prefix+"trace_id", link.TraceID().String())
		l.text(prefix+"span_id", link.SpanID().String())
		l.text(prefix+"trace_state", link.TraceState().AsRaw())
		l.number(prefix+"flags", uint64(link.Flags()))
		l.attributes(prefix+"attributes", link.Attributes())
		l.number(prefix+"dropped_attributes", uint64(link.DroppedAttributesCount()))
	}
}

func (l *lines) logRecord(lr plog.LogRecord) {
	l.text("log.trace_id", lr.TraceID().String())
	l.text("log.span_id", lr.SpanID().String())
	l.number("log.flags", uint64(lr.Flags()))
	l.number("log.time", uint64(lr.Timestamp()))
	l.number("log.observed_time", uint64(lr.ObservedTimestamp()))
	l.add("log.severity_number", strconv.Itoa(int(lr.SeverityNumber())))
	l.text("log.severity_text", lr.SeverityText())
	l.text("log.event_name", lr.EventName())
	l.add("log.body", valueText(lr.Body()))
	l.attributes("log.attributes", lr.Attributes())
	l.number("log.dropped_attributes", uint64(lr.DroppedAttributesCount()))
}

// valueText writes a value with its type, maps in key order: `Str "200"`, `Int 200`, `Map {"a": Int 1}`.
func valueText(v pcommon.Value) string {
	var b strings.Builder
	appendValue(&b, v)
	return b.String()
}

func appendValue(b *strings.Builder, v pcommon.Value) {
	b.WriteString(v.Type().String())
	b.WriteByte(' ')
	switch v.Type() {
	case pcommon.ValueTypeStr:
		b.WriteString(strconv.Quote(v.Str()))
	case pcommon.ValueTypeMap:
		values := make(map[string][]pcommon.Value, v.Map().Len()) // a key can occur twice on the wire
		keys := make([]string, 0, v.Map().Len())
		for k, value := range v.Map().All() {
			if _, seen := values[k]; !seen {
				keys = append(keys, k)
			}
			values[k] = append(values[k], value)
		}
		slices.Sort(keys)
		b.WriteByte('{')
		for _, k := range keys {
			for _, value := range values[k] {
				fmt.Fprintf(b, "%q: ", k)
				appendValue(b, value)
				b.WriteString(", ")
			}
		}
		b.WriteByte('}')
	case pcommon.ValueTypeSlice:
		b.WriteByte('[')
		for _, value := range v.Slice().All() {
			appendValue(b, value)
			b.WriteString(", ")
		}
		b.WriteByte(']')
	default:
		b.WriteString(v.AsString())
	}
}
