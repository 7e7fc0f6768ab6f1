package als

import (
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// otherWays are the recordings of the same requests.
var otherWays = map[string]struct {
	logs, traces string
	// pairs is how many entries have a record and a span of their request: a recording that matches nothing would show
	// no difference either.
	records, spans int
	// ownSpan: the traceparent that Envoy logs is that of the server span, because there is no upstream span.
	ownSpan bool
}{
	"envoy/1.40.0-als.jsonl":           {"1.40.0-logs.jsonl", "1.40.0-traces.jsonl", 20, 19, false},
	"envoy-gateway/1.9.1-als.jsonl":    {"1.9.1-logs.jsonl", "1.9.1-traces.jsonl", 20, 19, false},
	"kgateway/2.4.2-default-als.jsonl": {"2.4.2-default-logs.jsonl", "2.4.2-default-traces.jsonl", 34, 33, true},
}

// notHere are attributes of the OTLP access log, or of the span, that the access log service cannot have.
var notHere = map[string]string{
	"nested":    "a nested field of the recorded format of kgateway's OpenTelemetry sink, put there by its operator",
	"component": "a tag of Envoy's tracer, the same on every span",
	"node_id":   "a tag of Envoy's tracer; here it is node_name, on the resource",
	"zone":      "a tag of Envoy's tracer; here it is zone_name, on the resource",
	"env":       "a custom tag that the recorded configuration gives the tracer, and the access log only in one of them",
	"tenant":    "a custom tag that the recorded configuration gives the tracer only",

	"http.request.method_original": "a method without a number of its own comes as METHOD_UNSPECIFIED",
	"rpc.status_code":              "it is in the trailers, which the recorded access loggers were not told to log",
}

// withContentType are attributes that are only here when the content type was logged, on either side.
var withContentType = []string{"rpc.system.name", "rpc.method"}

// finer are attributes whose value is exact here and cut there.
var finer = map[string]func(here, there any) bool{
	// %DURATION% is in whole milliseconds, rounded down (Envoy 1.40.0, source/common/formatter/stream_info_formatter.cc).
	"gateway.request.duration": func(here, there any) bool { return math.Floor(here.(float64)*1e3) == math.Round(there.(float64)*1e3) },
	// The tracer cuts paths at max_path_tag_length, 256 by default.
	"url.path": func(here, there any) bool {
		return here == there || len(there.(string)) >= 250 && strings.HasPrefix(here.(string), there.(string))
	},
}

// TestSameRequests compares every recorded entry with the same request's OTLP access log record and server span: where
// both have an attribute, it has the same name and value. It is the engine that sees to that; what this package writes
// has to be what the engine expects.
func TestSameRequests(t *testing.T) {
	t.Parallel()
	e := engine(t)
	require.ElementsMatch(t, recordings, slices.Collect(maps.Keys(otherWays)))
	for _, name := range recordings {
		other := otherWays[name]
		here := map[string]plog.LogRecord{}
		batches, _ := decodeAll(t, everything, messages(t, name)...)
		for _, ld := range batches {
			e.Logs(ld)
			for _, rec := range gatewaytest.Records(ld) {
				if id := requestIDOf(rec.Attributes()); id != "" {
					here[id] = rec
				}
			}
		}
		folder := filepath.Join(filepath.FromSlash(capturesRoot), filepath.Dir(name))
		records := 0
		for _, there := range otlpRecords(t, e, filepath.Join(folder, other.logs)) {
			rec, ok := here[requestIDOf(there.Attributes())]
			if !ok {
				continue
			}
			records++
			where := name + " " + requestIDOf(there.Attributes())
			assert.Equal(t, there.Timestamp(), rec.Timestamp(), where)
			sameTrace(t, where, rec, there.TraceID(), there.SpanID(), other.ownSpan)
			assert.Equal(t, there.SeverityNumber(), rec.SeverityNumber(), where)
			assert.Equal(t, there.SeverityText(), rec.SeverityText(), where)
			sameAttributes(t, where+" log", rec.Attributes(), there.Attributes())
		}
		assert.Equal(t, other.records, records, name)

		spans := 0
		for _, span := range serverSpans(t, e, filepath.Join(folder, other.traces)) {
			rec, ok := here[requestIDOf(span.Attributes())]
			if !ok {
				continue
			}
			spans++
			where := name + " " + requestIDOf(span.Attributes())
			sameTrace(t, where, rec, span.TraceID(), span.SpanID(), other.ownSpan)
			assert.Equal(t, span.Status().Code() == ptrace.StatusCodeError, rec.SeverityNumber() == plog.SeverityNumberError, where)
			sameAttributes(t, where+" span", rec.Attributes(), span.Attributes())
		}
		assert.Equal(t, other.spans, spans, name)
	}
}

// sameTrace checks the ids. They come from a logged traceparent header or tag: where Envoy answered by itself it has not
// written that header, and without it nothing in an entry names the trace.
func sameTrace(t *testing.T, where string, rec plog.LogRecord, trace pcommon.TraceID, span pcommon.SpanID, ownSpan bool) {
	t.Helper()
	if _, logged := rec.Attributes().Get("http.request.header.traceparent"); !logged {
		assert.True(t, rec.TraceID().IsEmpty(), where)
		return
	}
	assert.Equal(t, trace, rec.TraceID(), where)
	if ownSpan {
		assert.Equal(t, span, rec.SpanID(), where)
	}
}

// sameAttributes checks that whatever is there is here, equal.
func sameAttributes(t *testing.T, where string, here, there pcommon.Map) {
	t.Helper()
	values := here.AsRaw()
	for key, want := range there.AsRaw() {
		if notHere[key] != "" {
			continue
		}
		got, ok := values[key]
		if !ok && (strings.Contains(key, ".header.") || strings.Contains(key, ".trailer.")) {
			continue // the recorded access loggers were told to log a few headers and no trailers
		}
		if !ok && values["http.response.header.content-type"] == nil && slices.Contains(withContentType, key) {
			continue
		}
		if !assert.True(t, ok, "%s: %s is missing: %v", where, key, want) {
			continue
		}
		if finer := finer[key]; finer != nil {
			assert.True(t, finer(got, want), "%s: %s: %v and %v", where, key, got, want)
			continue
		}
		assert.Equal(t, want, got, "%s: %s", where, key)
	}
}

func requestIDOf(m pcommon.Map) string {
	v, ok := m.Get("http.request.header.x-request-id")
	if !ok || v.Type() != pcommon.ValueTypeSlice {
		return ""
	}
	return v.Slice().At(0).Str()
}

func otlpRecords(t *testing.T, e *gateway.Engine, path string) (records []plog.LogRecord) {
	t.Helper()
	batches, err := (replay.Capture{Signal: replay.SignalLogs, Format: replay.FormatOTLPJSON, Path: path}).Logs()
	require.NoError(t, err)
	for _, ld := range batches {
		e.Logs(ld)
		records = append(records, gatewaytest.Records(ld)...)
	}
	return records
}

func serverSpans(t *testing.T, e *gateway.Engine, path string) (spans []ptrace.Span) {
	t.Helper()
	batches, err := (replay.Capture{Signal: replay.SignalTraces, Format: replay.FormatOTLPJSON, Path: path}).Traces()
	require.NoError(t, err)
	for _, td := range batches {
		e.Traces(td)
		for _, s := range gatewaytest.Spans(td) {
			if s.Kind() == ptrace.SpanKindServer && !strings.HasPrefix(s.Name(), "async ") {
				spans = append(spans, s)
			}
		}
	}
	return spans
}
