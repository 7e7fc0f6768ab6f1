// Package gatewaytest holds what tests of the core share: a readable text form of telemetry for golden files,
// and loading of recorded payloads.
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
	var b strings.Builder
	for _, rs := range td.ResourceSpans().All() {
		fmt.Fprintf(&b, "RESOURCE schema=%s\n", rs.SchemaUrl())
		writeMap(&b, rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			fmt.Fprintf(&b, "SCOPE %q %q schema=%s\n", ss.Scope().Name(), ss.Scope().Version(), ss.SchemaUrl())
			for _, s := range ss.Spans().All() {
				fmt.Fprintf(&b, "SPAN %q %s trace=%s span=%s parent=%s flags=%#x state=%q\n", s.Name(), s.Kind(),
					s.TraceID(), s.SpanID(), s.ParentSpanID(), s.Flags(), s.TraceState().AsRaw())
				fmt.Fprintf(&b, "  time %d %d status %s %q\n", s.StartTimestamp(), s.EndTimestamp(), s.Status().Code(), s.Status().Message())
				writeMap(&b, s.Attributes())
				for _, e := range s.Events().All() {
					fmt.Fprintf(&b, "  EVENT %q %d\n", e.Name(), e.Timestamp())
					writeMap(&b, e.Attributes())
				}
				for _, l := range s.Links().All() {
					fmt.Fprintf(&b, "  LINK %s %s\n", l.TraceID(), l.SpanID())
					writeMap(&b, l.Attributes())
				}
			}
		}
	}
	return b.String()
}

// Logs renders every record the same way.
func Logs(ld plog.Logs) string {
	var b strings.Builder
	for _, rl := range ld.ResourceLogs().All() {
		fmt.Fprintf(&b, "RESOURCE schema=%s\n", rl.SchemaUrl())
		writeMap(&b, rl.Resource().Attributes())
		for _, sl := range rl.ScopeLogs().All() {
			fmt.Fprintf(&b, "SCOPE %q %q schema=%s\n", sl.Scope().Name(), sl.Scope().Version(), sl.SchemaUrl())
			for _, r := range sl.LogRecords().All() {
				fmt.Fprintf(&b, "RECORD time=%d observed=%d severity=%d %q trace=%s span=%s event=%q\n", r.Timestamp(),
					r.ObservedTimestamp(), r.SeverityNumber(), r.SeverityText(), r.TraceID(), r.SpanID(), r.EventName())
				fmt.Fprintf(&b, "  body %s\n", value(r.Body()))
				writeMap(&b, r.Attributes())
			}
		}
	}
	return b.String()
}

func writeMap(b *strings.Builder, m pcommon.Map) {
	lines := make([]string, 0, m.Len())
	for k, v := range m.All() {
		lines = append(lines, fmt.Sprintf("    %s = %s\n", k, value(v)))
	}
	slices.Sort(lines)
	for _, l := range lines {
		b.WriteString(l)
	}
}

func value(v pcommon.Value) string {
	letter := map[pcommon.ValueType]string{
		pcommon.ValueTypeStr: "s", pcommon.ValueTypeInt: "i", pcommon.ValueTypeDouble: "d", pcommon.ValueTypeBool: "b",
		pcommon.ValueTypeSlice: "a", pcommon.ValueTypeMap: "m", pcommon.ValueTypeBytes: "x", pcommon.ValueTypeEmpty: "-",
	}[v.Type()]
	if v.Type() == pcommon.ValueTypeStr {
		return fmt.Sprintf("%s %q", letter, v.Str())
	}
	return letter + " " + v.AsString()
}
