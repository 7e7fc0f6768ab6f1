//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// kongLogs are the recordings of Kong's log plugins. Traces are those of the same requests, if they were recorded.
var kongLogs = []struct {
	file, version, plugin string
	entries               int
	traces                string
	compared              int // requests that a record and a root span are about
}{
	{"3.4.2-http-log.jsonl", "3.4.2", "http-log", 95, "3.4.2-traces.jsonl", 65},
	{"3.8.1-http-log.jsonl", "3.8.1", "http-log", 116, "3.8.1-traces.jsonl", 93},
	{"3.9.3-http-log.jsonl", "3.9.3", "http-log", 119, "3.9.3-traces.jsonl", 96},
	{"3.9.3-http-log-batch.jsonl", "3.9.3", "http-log in batches", 49, "", 0},
	{"3.9.3-http-log-custom.jsonl", "3.9.3", "http-log with custom fields", 1, "", 0},
	{"3.9.3-tcp-log.jsonl", "3.9.3", "tcp-log", 125, "3.9.3-traces.jsonl", 102},
	{"3.9.3-udp-log.jsonl", "3.9.3", "udp-log", 40, "", 0},
	{"3.9.3-loggly.txt", "3.9.3", "loggly", 30, "", 0},
	{"3.9.3-propagation-both-tcp-log.jsonl", "3.9.3", "tcp-log, extracted and injected context", 38, "3.9.3-propagation-both-traces.jsonl", 29},
	{"3.9.3-propagation-sampling0-tcp-log.jsonl", "3.9.3", "tcp-log, nothing sampled", 38, "3.9.3-propagation-sampling0-traces.jsonl", 0},
}

// What Kong's log plugins sent goes to the kong_log receiver, by HTTP, TCP and UDP, with the headers, the framing and the
// manners of Kong. Every entry becomes one record, which says what the entry says and what the same request's span says.
func TestReplayedKongLogs(t *testing.T) {
	collector := testbed.StartCollector(t, testbed.CollectorOptions{})
	kong := testbed.NewKongReplayer()
	defer kong.Close()
	for _, c := range kongLogs {
		t.Run(c.file, func(t *testing.T) {
			collector.Reset()
			bodies := kongLogBodies(t, c.file)
			var entries []kongEntry
			for _, body := range bodies {
				entries = append(entries, kongEntries(t, body)...)
			}
			require.Len(t, entries, c.entries)
			spans := 0
			if c.traces != "" {
				recorded := replay.Capture{Signal: replay.SignalTraces, Format: replay.FormatOTLPJSON, Path: capturesRoot + "/kong/" + c.traces}
				require.NoError(t, kong.OTLP(t.Context(), "http://"+collector.OTLPHTTP()+"/v1/traces", kongBodies(t, recorded)))
				spans, _ = itemsOf(t, recorded)
			}
			require.NoError(t, sendKongLog(t.Context(), kong, collector, c.plugin, bodies))
			collector.Wait(t, spans, len(entries))
			x := collector.Exchange(t)
			x.Judge(t, testbed.Subject{
				Program: "kong", Version: c.version, Replayed: true, Case: c.plugin + ", by the kong_log receiver",
				Secrets: []string{"sig=abcd"},
			})
			require.Len(t, x.Records, len(entries))
			checkFinished(t, x, func(*testbed.RecordItem) bool { return true })
			byTime := map[int64]*testbed.RecordItem{}
			for _, p := range x.Records {
				byTime[int64(p.After.Timestamp())] = p.After //nolint:gosec // nanoseconds since 1970
			}
			for _, e := range entries {
				started := e.integer(t, "started_at") * 1_000_000
				if record := byTime[started]; assert.NotNil(t, record, "case %q has no record of its time", e.xCase()) {
					checkKongRecord(t, e, record)
				}
			}
			if c.traces != "" {
				assert.Equal(t, c.compared, sameKongRequests(t, x), "requests with a record and a root span")
			}
		})
	}
	assert.Empty(t, kong.Refused(), "answers by which Kong would send the same again")
	assert.Zero(t, collector.Metric(t, "otelcol_receiver_kong_log_malformed"))
	assert.Equal(t, 337, collector.Metric(t, "otelcol_receiver_kong_log_requests", `outcome="accepted"`))
	assert.Equal(t, 28, collector.Metric(t, "otelcol_receiver_kong_log_repaired"), "strings with bytes that are no UTF-8")
}

func sendKongLog(ctx context.Context, kong *testbed.KongReplayer, c *testbed.Collector, plugin string, bodies [][]byte) error {
	switch name, _, _ := strings.Cut(plugin, ","); name {
	case "tcp-log":
		return kong.TCPLog(ctx, c.KongTCP(), bodies)
	case "udp-log", "loggly":
		return testbed.UDPLog(ctx, c.KongUDP(), bodies)
	default:
		return kong.HTTPLog(ctx, c.KongHTTP(), bodies)
	}
}

func kongLogBodies(t *testing.T, file string) [][]byte {
	t.Helper()
	bodies, err := testbed.RecordedBodies(capturesRoot + "/kong/" + file)
	require.NoError(t, err)
	require.NotEmpty(t, bodies)
	return bodies
}

// kongEntry is an entry of Kong's serializer as encoding/json reads it.
type kongEntry map[string]any

// kongEntries reads a body: an object, an array of objects, or an object behind loggly's frame.
func kongEntries(t *testing.T, body []byte) []kongEntry {
	t.Helper()
	text := strings.ToValidUTF8(string(body), "\uFFFD")
	if _, object, framed := strings.Cut(text, "] {"); framed && strings.HasPrefix(text, "<") {
		text = "{" + object
	}
	if !strings.HasPrefix(text, "[") {
		text = "[" + text + "]"
	}
	var entries []kongEntry
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&entries))
	return entries
}

func (e kongEntry) at(path ...string) any {
	var value any = map[string]any(e)
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// text is a string or a number as it was written, "" for none.
func (e kongEntry) text(path ...string) string {
	switch value := e.at(path...).(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	}
	return ""
}

func (e kongEntry) integer(t *testing.T, path ...string) int64 {
	t.Helper()
	number, err := strconv.ParseInt(e.text(path...), 10, 64)
	require.NoError(t, err, "%v", path)
	return number
}

// or returns nil for "".
func or(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// count is a number as an int, nil for none.
func (e kongEntry) count(path ...string) any {
	if number, err := strconv.ParseInt(e.text(path...), 10, 64); err == nil {
		return number
	}
	return nil
}

// seconds makes seconds of milliseconds; nil for none, and for the negative number by which Kong says so.
func (e kongEntry) seconds(path ...string) any {
	if number, err := strconv.ParseFloat(e.text(path...), 64); err == nil && number >= 0 {
		return number / 1000
	}
	return nil
}

// xCase is what the recording's client called the request.
func (e kongEntry) xCase() string { return e.text("request", "headers", "x-case") }

// traceID is the id that the entry names: w3c's before others; without any, that of the logged traceparent.
func (e kongEntry) traceID(t *testing.T) string {
	t.Helper()
	for _, format := range []string{"w3c", "b3", "jaeger", "ot", "aws", "gcp", "datadog"} {
		id := e.text("trace_id", format)
		if id == "" {
			continue
		}
		if format == "datadog" {
			number, err := strconv.ParseUint(id, 10, 64)
			require.NoError(t, err)
			id = strconv.FormatUint(number, 16)
		}
		return strings.Repeat("0", 32-len(id)) + id
	}
	if parts := strings.Split(e.text("request", "headers", "traceparent"), "-"); len(parts) == 4 {
		return parts[1]
	}
	return ""
}

// noAnswer are the cases in which no upstream answered whatever Kong writes down: nginx' 502 and 504 for a try without an
// answer, and its 499 for a client that hung up.
var (
	noAnswer = []string{"dead", "dead0", "timeout", "timeout0", "reset", "abort", "abortpost"}
	nobody   = []string{"abort", "abortpost"}
)

// checkKongRecord compares a record with its entry.
func checkKongRecord(t *testing.T, e kongEntry, record *testbed.RecordItem) {
	t.Helper()
	where := "case " + e.xCase()
	assert.Equal(t, e.traceID(t), record.TraceID().String(), where)
	path, _, _ := strings.Cut(e.text("request", "uri"), "?")
	if path == "" && e.text("request", "url") != "" {
		path = "/" // a request that nginx refused unread: the address is all of its URL
	}
	want := map[string]any{
		"gateway.request.duration":      e.seconds("latencies", "request"),
		"gateway.processing.duration":   e.seconds("latencies", "kong"),
		"gateway.connection.duration":   e.seconds("latencies", "session"),
		"gateway.route.name":            or(e.text("route", "name")),
		"gateway.upstream.service.name": or(e.text("service", "name")),
		"http.response.status_code":     e.count("response", "status"),
		"kong.request.id":               or(e.text("request", "id")),
		"client.address":                or(e.text("client_ip")),
		"url.path":                      or(path),
		"gateway.response.source":       or(e.text("source")),
	}
	if slices.Contains(nobody, e.xCase()) {
		want["gateway.response.source"] = nil
	}
	status := e.text("upstream_status")
	status = status[strings.LastIndex(status, " ")+1:]
	switch {
	case slices.Contains(noAnswer, e.xCase()):
		want["gateway.upstream.status_code"] = nil
	case status != "" && status != "-":
		code, err := strconv.ParseInt(status, 10, 64)
		require.NoError(t, err, where)
		want["gateway.upstream.status_code"] = code
		want["gateway.upstream.duration"] = e.seconds("latencies", "proxy")
	}
	maps.Copy(want, e.model())
	got := record.Attributes().AsRaw()
	for key, value := range want {
		if seconds, ok := value.(float64); ok {
			assert.InDelta(t, seconds, got[key], 1e-9, "%s: %s", where, key)
			continue
		}
		assert.Equal(t, value, got[key], "%s: %s", where, key)
	}
	code, _ := want["http.response.status_code"].(int64)
	severity := plog.SeverityNumberInfo
	switch {
	case e.at("session") != nil:
		severity = plog.SeverityNumberUnspecified
	case code >= 500:
		severity = plog.SeverityNumberError
	case code >= 400:
		severity = plog.SeverityNumberWarn
	}
	assert.Equal(t, severity, record.SeverityNumber(), where)
}

// model is the proxied model call, under the plugin's name in 3.8 and under "proxy" in 3.9.
func (e kongEntry) model() map[string]any {
	known := func(text string) any {
		switch text {
		case "", "UNSPECIFIED":
			return nil
		case "azure":
			return "azure.ai.openai"
		}
		return text
	}
	for _, name := range []string{"proxy", "ai-proxy"} {
		if e.at("ai", name) == nil {
			continue
		}
		return map[string]any{
			"gen_ai.provider.name":       known(e.text("ai", name, "meta", "provider_name")),
			"gen_ai.request.model":       known(e.text("ai", name, "meta", "request_model")),
			"gen_ai.response.model":      known(e.text("ai", name, "meta", "response_model")),
			"gen_ai.usage.input_tokens":  e.count("ai", name, "usage", "prompt_tokens"),
			"gen_ai.usage.output_tokens": e.count("ai", name, "usage", "completion_tokens"),
		}
	}
	return map[string]any{"gen_ai.provider.name": nil, "gen_ai.request.model": nil, "gen_ai.usage.input_tokens": nil}
}

// kongDiffers are the values that a request's root span and its record do not share, by attribute and case, with the reason.
var kongDiffers = map[[2]string]string{
	{"http.response.status_code", "ai-abort"}: "the client hung up in the middle of the answer: 200 was sent, 499 is nginx' word for the end",
	{"error.type", "nxname"}:                  "Kong 3.4.2 ends this span without a code, so that it is _OTHER; its record has 503",
}

// sameKongRequests compares each record with the root span of its request wherever both have an attribute, and returns how
// many had one.
func sameKongRequests(t *testing.T, x testbed.Exchange) (compared int) {
	t.Helper()
	for _, p := range x.Records {
		record := p.After
		for _, s := range x.Spans {
			root := s.After
			if s.Before.Name() != "kong" || root.TraceID() != record.TraceID() || !sameKongRequest(record, root) {
				continue
			}
			compared++
			xCase := textOf(record.Attributes(), "http.request.header.x-case")
			for key, want := range root.Attributes().All() {
				got, ok := record.Attributes().Get(key)
				if !ok || kongDiffers[[2]string{key, strings.Trim(xCase, `[]"`)}] != "" {
					continue
				}
				assert.Equal(t, want.AsRaw(), got.AsRaw(), "case %s: %s", xCase, key)
			}
			for _, key := range []string{"http.request.method", "url.path", "client.address"} {
				_, ok := record.Attributes().Get(key)
				assert.True(t, ok, "case %s: %s is on the span only", xCase, key)
			}
			break
		}
	}
	return compared
}

// sameKongRequest tells by Kong's request id, before 3.5 by the time: both have one clock of a millisecond, of which the
// span's is a double.
func sameKongRequest(record *testbed.RecordItem, root *testbed.SpanItem) bool {
	if root.Kind() != ptrace.SpanKindServer {
		return false
	}
	id, other := textOf(record.Attributes(), "kong.request.id"), textOf(root.Attributes(), "kong.request.id")
	if id != "" && other != "" {
		return id == other
	}
	const tolerance = 1e6
	return max(record.Timestamp(), root.StartTimestamp())-min(record.Timestamp(), root.StartTimestamp()) < tolerance
}
