package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// attribute is one fact about a span or log record: an attribute, or a field in the guise of one. A field's name is in
// parentheses and its type empty, so that it collides with no attribute.
type attribute struct {
	name  string
	typ   string
	value string
}

const (
	fieldName     = "(name)"
	fieldKind     = "(kind)"
	fieldStatus   = "(status)"
	fieldBody     = "(body)"
	resourceLabel = "resource " // before the name of a resource attribute
)

// item is a span or log record as a list of facts, fields first, then resource attributes, then its own.
type item struct {
	source string // the capture's name
	key    string // how the same item is found among what came out; empty for log records, which keep their order
	facts  []attribute
}

// get returns the value of a fact, "" if there is none.
func (it item) get(name string) string {
	for _, a := range it.facts {
		if a.name == name {
			return a.value
		}
	}
	return ""
}

// spanItems lists the spans of the batches in order. source is kept with each.
func spanItems(source string, batches []ptrace.Traces) []item {
	var items []item
	for _, td := range batches {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					var f facts
					f.field(fieldName, span.Name())
					f.field(fieldKind, span.Kind().String())
					f.field(fieldStatus, span.Status().Code().String())
					f.field("(status_message)", span.Status().Message())
					f.time("(start)", span.StartTimestamp())
					f.time("(end)", span.EndTimestamp())
					f.attributes(resourceLabel, rs.Resource().Attributes())
					f.attributes("", span.Attributes())
					key := span.TraceID().String() + "/" + span.SpanID().String()
					items = append(items, item{source: source, key: key, facts: f})
				}
			}
		}
	}
	return items
}

// recordItems lists the log records of the batches in order. source is kept with each.
func recordItems(source string, batches []plog.Logs) []item {
	var items []item
	for _, ld := range batches {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					var f facts
					f.field("(severity)", severity(lr))
					f.time("(time)", lr.Timestamp())
					f.time("(observed)", lr.ObservedTimestamp())
					f.field("(trace_id)", lr.TraceID().String())
					f.field("(span_id)", lr.SpanID().String())
					f.field("(event_name)", lr.EventName())
					f.field(fieldBody, lr.Body().AsString())
					f.attributes(resourceLabel, rl.Resource().Attributes())
					f.attributes("", lr.Attributes())
					items = append(items, item{source: source, facts: f})
				}
			}
		}
	}
	return items
}

func severity(lr plog.LogRecord) string {
	if lr.SeverityNumber() == plog.SeverityNumberUnspecified {
		return lr.SeverityText()
	}
	return fmt.Sprintf("%d %s", lr.SeverityNumber(), lr.SeverityText())
}

// facts collects attributes. Empty fields are absent.
type facts []attribute

func (f *facts) field(name, value string) {
	if value != "" {
		*f = append(*f, attribute{name: name, value: clean(value)})
	}
}

func (f *facts) time(name string, t pcommon.Timestamp) {
	if t != 0 {
		f.field(name, t.AsTime().Format(time.RFC3339Nano))
	}
}

func (f *facts) attributes(label string, attrs pcommon.Map) {
	for k, v := range attrs.All() {
		*f = append(*f, attribute{name: label + clean(k), typ: typeName(v.Type()), value: display(v)})
	}
}

func typeName(t pcommon.ValueType) string {
	switch t {
	case pcommon.ValueTypeStr:
		return "str"
	case pcommon.ValueTypeSlice:
		return "list"
	default:
		return strings.ToLower(t.String())
	}
}

// display writes a value for a reader: strings bare, lists and maps as JSON. An empty string shows as "".
func display(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeStr && v.Str() == "" {
		return `""`
	}
	return clean(v.AsString())
}

// clean writes control characters and bytes that are not UTF-8 as Go escapes, so that recorded data cannot move the
// cursor of the terminal it is shown on.
func clean(s string) string {
	if !needsCleaning(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !unicode.IsPrint(r):
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func needsCleaning(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return true
		}
	}
	return false
}
