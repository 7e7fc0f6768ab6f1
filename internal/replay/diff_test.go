package replay

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Attribute order, batch borders and the order of spans do not count.
func TestTraceRecordsIgnoreOrder(t *testing.T) {
	t.Parallel()
	batches, err := load(t, "envoy/1.40.0-traces.jsonl").Traces()
	require.NoError(t, err)
	merged := ptrace.NewTraces()
	for _, td := range slices.Backward(batches) {
		for _, rs := range td.ResourceSpans().All() {
			rs.CopyTo(merged.ResourceSpans().AppendEmpty())
		}
	}
	for _, rs := range merged.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				// Removing moves the last attribute into the gap; putting appends.
				url, ok := span.Attributes().Get("http.url")
				if ok {
					text := url.Str()
					span.Attributes().Remove("http.url")
					span.Attributes().PutStr("http.url", text)
				}
			}
		}
	}
	assert.Empty(t, Diff(TraceRecords(batches...), TraceRecords(merged), 10))
}

// Whatever field of a span or log record changes, Diff names it.
func TestDiffNamesEveryField(t *testing.T) {
	t.Parallel()
	span := func(field string, change func(ptrace.ResourceSpans, ptrace.Span)) {
		t.Helper()
		build := func() ptrace.Traces {
			td := ptrace.NewTraces()
			rs := td.ResourceSpans().AppendEmpty()
			s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			s.SetTraceID([16]byte{1})
			s.SetSpanID([8]byte{2})
			s.Attributes().PutStr("a", "1")
			s.Events().AppendEmpty().SetName("e")
			s.Links().AppendEmpty().SetTraceID([16]byte{3})
			return td
		}
		td := build()
		rs := td.ResourceSpans().At(0)
		change(rs, rs.ScopeSpans().At(0).Spans().At(0))
		diffs := Diff(TraceRecords(build()), TraceRecords(td), 10)
		require.Len(t, diffs, 1, field)
		assert.Contains(t, diffs[0], "01000000000000000000000000000000/0200000000000000: differs", field)
		assert.Contains(t, diffs[0], field)
	}
	span("resource.attributes[\"r\"] = Bool true", func(rs ptrace.ResourceSpans, _ ptrace.Span) {
		rs.Resource().Attributes().PutBool("r", true)
	})
	span("resource.schema_url", func(rs ptrace.ResourceSpans, _ ptrace.Span) { rs.SetSchemaUrl("u") })
	span("scope.name", func(rs ptrace.ResourceSpans, _ ptrace.Span) { rs.ScopeSpans().At(0).Scope().SetName("s") })
	span("scope.version", func(rs ptrace.ResourceSpans, _ ptrace.Span) { rs.ScopeSpans().At(0).Scope().SetVersion("s") })
	span("scope.schema_url", func(rs ptrace.ResourceSpans, _ ptrace.Span) { rs.ScopeSpans().At(0).SetSchemaUrl("u") })
	span("span.parent_span_id", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetParentSpanID([8]byte{9}) })
	span("span.trace_state", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.TraceState().FromRaw("a=b") })
	span("span.flags", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetFlags(1) })
	span("span.name", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetName("n") })
	span("span.kind = Client", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetKind(ptrace.SpanKindClient) })
	span("span.start", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetStartTimestamp(5) })
	span("span.end", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetEndTimestamp(5) })
	span("span.status = Error", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Status().SetCode(ptrace.StatusCodeError) })
	span("span.status_message", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Status().SetMessage("m") })
	span("+ span.attributes[\"a\"] = Int 1", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Attributes().PutInt("a", 1) })
	span("span.dropped_attributes", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetDroppedAttributesCount(1) })
	span("span.dropped_events", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetDroppedEventsCount(1) })
	span("span.dropped_links", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetDroppedLinksCount(1) })
	span("span.events[0].time", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Events().At(0).SetTimestamp(5) })
	span("span.events[0].attributes", func(_ ptrace.ResourceSpans, s ptrace.Span) {
		s.Events().At(0).Attributes().PutEmptyMap("m").PutDouble("d", 1.5)
	})
	span("span.links[0].trace_state", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Links().At(0).TraceState().FromRaw("x=y") })
	span("span.links[0].flags", func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Links().At(0).SetFlags(1) })

	record := func(field string, change func(plog.LogRecord)) {
		t.Helper()
		build := func() plog.Logs { return logsWith(1) }
		ld := build()
		change(ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0))
		diffs := Diff(LogRecords(build()), LogRecords(ld), 10)
		require.Len(t, diffs, 1, field)
		assert.Contains(t, diffs[0], field)
	}
	record("log.flags", func(lr plog.LogRecord) { lr.SetFlags(1) })
	record("log.severity_number", func(lr plog.LogRecord) { lr.SetSeverityNumber(9) })
	record("log.severity_text", func(lr plog.LogRecord) { lr.SetSeverityText("INFO") })
	record("log.event_name", func(lr plog.LogRecord) { lr.SetEventName("e") })
	record("log.body = Slice [Int 1, ]", func(lr plog.LogRecord) { lr.Body().SetEmptySlice().AppendEmpty().SetInt(1) })
	record("log.body = Bytes AQ==", func(lr plog.LogRecord) { lr.Body().SetEmptyBytes().Append(1) })
	record("log.attributes[\"a\"] = Empty", func(lr plog.LogRecord) { lr.Attributes().PutEmpty("a") })
	record("log.dropped_attributes", func(lr plog.LogRecord) { lr.SetDroppedAttributesCount(1) })
}

func TestDiffIsAMultiset(t *testing.T) {
	t.Parallel()
	a, b := Record{Key: "k", Lines: []string{"x = 1"}}, Record{Key: "k", Lines: []string{"x = 2"}}
	c := Record{Key: "l", Lines: []string{"y = 1"}}

	assert.Empty(t, Diff(nil, nil, 1))
	assert.Empty(t, Diff([]Record{a, b, a, c}, []Record{c, a, a, b}, 1))
	assert.Equal(t, []string{"k: differs\n- x = 1\n+ x = 2"}, Diff([]Record{a, a}, []Record{a, b}, 9))
	assert.Equal(t, []string{"k: missing\n- x = 1", "l: unexpected\n+ y = 1"}, Diff([]Record{a}, []Record{c}, 9))
	assert.Equal(t, []string{"k: missing\n- x = 1", "and 2 more records without a match"},
		Diff([]Record{a, b, c}, nil, 1), "a limit cuts the list and says so")
}

// Maps are written in key order.
func TestValueTextOfMap(t *testing.T) {
	t.Parallel()
	build := func(keys ...string) string {
		lr := plog.NewLogRecord()
		m := lr.Body().SetEmptyMap()
		for _, k := range keys {
			m.PutInt(k, int64(len(k)))
		}
		return valueText(lr.Body())
	}
	assert.Equal(t, `Map {"a": Int 1, "bb": Int 2, }`, build("a", "bb"))
	assert.Equal(t, build("a", "bb"), build("bb", "a"))
}
