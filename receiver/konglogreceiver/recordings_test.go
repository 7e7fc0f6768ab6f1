package konglogreceiver

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// counts are the records of each recording, and the strings in them that are not UTF-8.
var counts = map[string]struct{ messages, records, repaired int }{
	"kong/3.4.2-http-log.jsonl":                      {95, 95, 4},
	"kong/3.8.1-http-log.jsonl":                      {116, 116, 4},
	"kong/3.9.3-http-log.jsonl":                      {119, 119, 4},
	"kong/3.9.3-http-log-batch.jsonl":                {6, 49, 4},
	"kong/3.9.3-http-log-custom.jsonl":               {1, 1, 0},
	"kong/3.9.3-tcp-log.jsonl":                       {125, 125, 4},
	"kong/3.9.3-udp-log.jsonl":                       {40, 40, 4},
	"kong/3.9.3-loggly.txt":                          {30, 30, 4},
	"kong/3.9.3-propagation-both-tcp-log.jsonl":      {38, 38, 0},
	"kong/3.9.3-propagation-sampling0-tcp-log.jsonl": {38, 38, 0},
}

// raw is a record of Kong as encoding/json reads it: numbers stay text.
type raw map[string]any

// rawRecords reads a message with nothing of this project.
func rawRecords(tb testing.TB, message string) []raw {
	tb.Helper()
	message = strings.ToValidUTF8(message, "\uFFFD")
	if _, object, framed := strings.Cut(message, "] {"); framed && strings.HasPrefix(message, "<") {
		message = "{" + object // behind loggly's frame
	}
	if !strings.HasPrefix(message, "[") {
		message = "[" + message + "]"
	}
	var out []raw
	d := json.NewDecoder(strings.NewReader(message))
	d.UseNumber()
	require.NoError(tb, d.Decode(&out))
	return out
}

// at returns the value at a path, nil where there is none.
func (r raw) at(path ...string) any {
	var v any = map[string]any(r)
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func (r raw) text(path ...string) string {
	switch v := r.at(path...).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// number returns nil where there is none.
func (r raw) number(path ...string) any {
	if n, ok := r.at(path...).(json.Number); ok {
		i, err := n.Int64()
		if err != nil {
			f, _ := n.Float64()
			return f
		}
		return i
	}
	return nil
}

// seconds makes seconds of milliseconds; nil where there are none, or a negative number says so.
func (r raw) seconds(path ...string) any {
	n := r.at(path...)
	if n == nil {
		return nil
	}
	f, err := n.(json.Number).Float64()
	if err != nil || f < 0 {
		return nil
	}
	return f / 1000
}

func (r raw) tries() []any {
	tries, _ := r.at("tries").([]any)
	return tries
}

// orNil makes a missing text the absence of an attribute.
func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// TestRecordings checks every record of every recording against its own JSON: as many records as there are entries, each
// with the right time, status, source, durations, route, trace id and model call.
func TestRecordings(t *testing.T) {
	d := testReceiver(t, nil).decoder
	all := recordings(t)
	require.ElementsMatch(t, slices.Collect(maps.Keys(counts)), slices.Collect(maps.Keys(all)))
	for name, messages := range all {
		want := counts[name]
		assert.Len(t, messages, want.messages, name)
		b := decode(t, d, messages...)
		require.Zero(t, b.bad(), name)
		assert.Equal(t, want.records, b.records.Len(), name)
		assert.Equal(t, want.repaired, repaired(b.stats), name)
		var records []raw
		for _, m := range messages {
			records = append(records, rawRecords(t, m)...)
		}
		require.Len(t, records, b.records.Len(), name)
		for i, r := range records {
			checkRecord(t, fmt.Sprintf("%s record %d, case %q", name, i+1, r.text("request", "headers", "x-case")), r, b.records.At(i))
		}
	}
}

func repaired(stats gateway.Stats) (n int) {
	for i := range stats {
		n += stats[i].Repaired
	}
	return n
}

func checkRecord(t *testing.T, where string, r raw, lr plog.LogRecord) {
	t.Helper()
	started, err := strconv.ParseInt(r.text("started_at"), 10, 64)
	require.NoError(t, err, where)
	require.Equal(t, started*1_000_000, int64(lr.Timestamp()), where)
	require.Equal(t, expectedTraceID(t, r), lr.TraceID().String(), where)

	stream := r.at("session") != nil
	want := map[string]any{
		"client.address":                orNil(r.text("client_ip")),
		"kong.request.id":               orNil(r.text("request", "id")),
		"kong.workspace.name":           orNil(r.text("workspace_name")),
		"gateway.correlation_id":        orNil(r.text("correlation_id")),
		"gateway.route.name":            orNil(r.text("route", "name")),
		"kong.route.id":                 orNil(r.text("route", "id")),
		"gateway.upstream.service.name": orNil(r.text("service", "name")),
		"kong.service.retries":          r.number("service", "retries"),
		"kong.auth.consumer.username":   orNil(r.text("consumer", "username")),
		"gateway.processing.duration":   r.seconds("latencies", "kong"),
		"http.response.status_code":     r.number("response", "status"),
		"http.response.size":            r.number("response", "size"),
		"http.request.size":             r.number("request", "size"),
		"gateway.request.duration":      r.seconds("latencies", "request"),
		"gateway.connection.duration":   r.seconds("latencies", "session"),
		"gateway.connection.status":     r.number("session", "status"),
		"gateway.connection.bytes_sent": r.number("session", "sent"),
		"tls.cipher":                    orNil(r.text("request", "tls", "cipher") + r.text("session", "tls", "cipher")),
	}
	if method := r.text("request", "method"); method == "PURGE" {
		want["http.request.method"], want["http.request.method_original"] = "_OTHER", method
	} else {
		want["http.request.method"] = orNil(method)
	}
	if _, has := r["tries"]; has {
		want["gateway.upstream.attempts"] = int64(len(r.tries()))
	}
	if tries := r.tries(); len(tries) > 0 {
		last := raw(tries[len(tries)-1].(map[string]any))
		want["gateway.upstream.address"], want["gateway.upstream.port"] = last.text("ip"), last.number("port")
	}
	maps.Copy(want, expectedUpstream(r))
	maps.Copy(want, expectedModel(r))
	if stream {
		want["network.transport"] = "tcp"
		want["gateway.upstream.bytes_sent"] = sumOf(r.text("upstream", "sent"))
	} else if path, query, _ := strings.Cut(r.text("request", "uri"), "?"); path != "" {
		want["url.path"] = path
		if !strings.Contains(query, "sig=") {
			want["url.query"] = orNil(query)
		}
	}
	got := lr.Attributes().AsRaw()
	for key, value := range want {
		if f, ok := value.(float64); ok {
			require.InDelta(t, f, got[key], 1e-9, "%s: %s", where, key)
			continue
		}
		require.Equal(t, value, got[key], "%s: %s", where, key)
	}
	code, _ := want["http.response.status_code"].(int64)
	switch {
	case stream:
		require.Equal(t, plog.SeverityNumberUnspecified, lr.SeverityNumber(), where)
	case code >= 500:
		require.Equal(t, plog.SeverityNumberError, lr.SeverityNumber(), where)
		require.Equal(t, strconv.FormatInt(code, 10), got["error.type"], where)
	case code >= 400:
		require.Equal(t, plog.SeverityNumberWarn, lr.SeverityNumber(), where)
	default:
		require.Equal(t, plog.SeverityNumberInfo, lr.SeverityNumber(), where)
	}
	if !stream {
		path, _, _ := strings.Cut(r.text("request", "uri"), "?")
		require.Equal(t, strings.Join(strings.Fields(fmt.Sprintf("%s %s %d %sms", r.text("request", "method"), path, code, r.text("latencies", "request"))), " "),
			lr.Body().Str(), where)
	}
}

// expectedTraceID is the id of trace_id, w3c first; without one the id that Kong, or the client, wrote into traceparent.
func expectedTraceID(t *testing.T, r raw) string {
	t.Helper()
	for _, format := range []string{"w3c", "b3", "jaeger", "ot", "aws", "gcp", "datadog"} {
		id := r.text("trace_id", format)
		if id == "" {
			continue
		}
		if format == "datadog" {
			n, err := strconv.ParseUint(id, 10, 64)
			require.NoError(t, err)
			id = strconv.FormatUint(n, 16)
		}
		return strings.Repeat("0", 32-len(id)) + id
	}
	if parts := strings.Split(r.text("request", "headers", "traceparent"), "-"); len(parts) == 4 {
		return parts[1]
	}
	return ""
}

// expectedUpstream is who answered and what the upstream said, by the situation. Situations that are not listed are plain:
// what the record says holds.
func expectedUpstream(r raw) map[string]any {
	const key, source = "gateway.upstream.status_code", "gateway.response.source"
	nothing := map[string]any{key: nil, source: orNil(r.text("source")), "gateway.upstream.uri": nil, "gateway.upstream.duration": nil}
	if r.at("session") != nil {
		return map[string]any{key: nil, source: nil}
	}
	switch r.text("request", "headers", "x-case") {
	case "dead", "dead0", "timeout", "timeout0", "reset":
		// 502 and 504 are nginx' words: no upstream answered.
		return map[string]any{key: nil, source: orNil(r.text("source"))}
	case "abort":
		// 499 is nginx' word for a client that hung up: there was no answer, and nobody gave one.
		return map[string]any{key: nil, source: nil, "http.response.status_code": int64(499)}
	case "abortpost":
		nothing[source] = nil
		return nothing
	case "noretry503":
		return map[string]any{key: int64(503), source: orNil(r.text("source"))} // counted as failed, and a real answer
	}
	status := r.text("upstream_status")
	if status == "" {
		return nothing
	}
	n, _ := strconv.ParseInt(status[strings.LastIndex(status, " ")+1:], 10, 64)
	return map[string]any{key: n, source: orNil(r.text("source")), "gateway.upstream.duration": r.seconds("latencies", "proxy")}
}

// expectedModel is the proxied model call, in the layouts of 3.8 and 3.9.
func expectedModel(r raw) map[string]any {
	none := map[string]any{"gen_ai.provider.name": nil, "gen_ai.usage.input_tokens": nil, "gen_ai.request.model": nil}
	for _, name := range []string{"proxy", "ai-proxy"} {
		call := raw{"c": r.at("ai", name)}
		if call["c"] == nil {
			continue
		}
		known := func(s string) any {
			if s == "UNSPECIFIED" {
				return nil
			}
			return orNil(s)
		}
		want := map[string]any{
			"gen_ai.provider.name":                 known(provider(call.text("c", "meta", "provider_name"))),
			"gen_ai.request.model":                 known(call.text("c", "meta", "request_model")),
			"gen_ai.response.model":                known(call.text("c", "meta", "response_model")),
			"gen_ai.usage.input_tokens":            call.number("c", "usage", "prompt_tokens"),
			"gen_ai.usage.output_tokens":           call.number("c", "usage", "completion_tokens"),
			"gateway.gen_ai.duration":              call.seconds("c", "meta", "llm_latency"),
			"gateway.gen_ai.time_per_output_token": call.seconds("c", "usage", "time_per_token"),
			"kong.gen_ai.payload.request":          orNil(call.text("c", "payload", "request")),
			"kong.gen_ai.payload.response":         orNil(call.text("c", "payload", "response")),
		}
		if cost, err := strconv.ParseFloat(call.text("c", "usage", "cost"), 64); err == nil {
			want["gateway.gen_ai.cost"] = cost
		}
		return want
	}
	return none
}

func provider(name string) string {
	if name == "azure" {
		return "azure.ai.openai"
	}
	return name
}

func sumOf(list string) any {
	var sum int64
	for part := range strings.SplitSeq(list, ", ") {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil
		}
		sum += n
	}
	return sum
}

// placeless are the fields that no attribute repeats, with the reason.
var placeless = map[string]string{
	"request.querystring": "the query of request.uri once more, in url.query",
	"request.url":         "scheme, address and port; path and query are those of request.uri",
	"trace_id":            "the record's trace id",
	"latencies.proxy":     "-1, or the wait of a request that was never sent",
	"latencies.receive":   "0, or the time an answer out of the cache took",
	"upstream_uri":        "of a request that was never sent",
	"upstream_status":     "no answer of the upstream: empty, \"-\", or nginx' own code",
	"source":              "upstream, where there was no answer",
	"usage.total_tokens":  "the sum of the two others",
	"UNSPECIFIED":         "Kong's word for unknown",
}

// TestEveryFieldHasAPlace: each value anywhere in a record is the value of an attribute, but for those that say nothing
// of their own.
func TestEveryFieldHasAPlace(t *testing.T) {
	d := testReceiver(t, func(c *Config) { c.HeaderAttributes.Redact, c.URL.RedactQuery = nil, nil }).decoder
	used := make(map[string]bool)
	for name, messages := range recordings(t) {
		for _, m := range messages {
			b := decode(t, d, m)
			for i, r := range rawRecords(t, m) {
				checkPlaces(t, name, map[string]any(r), b.records.At(i), used)
			}
		}
	}
	for field := range placeless {
		assert.True(t, used[field], "%s has a place now: take it off the list", field)
	}
}

func checkPlaces(t *testing.T, name string, r map[string]any, lr plog.LogRecord, used map[string]bool) {
	t.Helper()
	texts := map[string]bool{lr.TraceID().String(): true}
	var numbers []float64
	var collect func(v any)
	collect = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, e := range v {
				collect(e)
			}
		case []any:
			for _, e := range v {
				collect(e)
			}
		case int64:
			numbers = append(numbers, float64(v))
		case float64:
			numbers = append(numbers, v)
		default:
			texts[fmt.Sprint(v)] = true
		}
	}
	collect(lr.Attributes().AsRaw())
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, e := range v {
				walk(strings.TrimPrefix(path+"."+key, "."), e)
			}
			return
		case []any:
			for _, e := range v {
				walk(path, e)
			}
			return
		case json.Number:
			f, err := v.Float64()
			require.NoError(t, err)
			for _, n := range numbers {
				if math.Abs(n-f) <= 1e-9*math.Abs(f) || math.Abs(n-f/1000) <= 1e-12 { // a duration is in seconds
					return
				}
			}
		default:
			text := fmt.Sprint(v)
			if text == "" {
				return // nothing was said
			}
			if texts[text] || path == "request.uri" && texts[strings.SplitN(text, "?", 2)[0]] {
				return
			}
			for version, short := range map[string]string{"TLSv1.2": "1.2", "TLSv1.3": "1.3", "azure": "azure.ai.openai", "PURGE": "PURGE", "0, 0": "0"} {
				if text == version && (texts[short] || slices.Contains(numbers, 0)) {
					return
				}
			}
			if text == "UNSPECIFIED" {
				used[text] = true
				return
			}
			if n, err := strconv.ParseFloat(text[strings.LastIndex(text, " ")+1:], 64); err == nil && slices.Contains(numbers, n) {
				return
			}
		}
		for field := range placeless {
			if path == field || strings.HasPrefix(path, field+".") || strings.HasSuffix(path, field) {
				used[field] = true
				return
			}
		}
		assert.Fail(t, "a value is lost", "%s: %s = %v of request %v", name, path, v, lr.Body().Str())
	}
	walk("", r)
}

// TestSameRecordEverywhere: the same request is the same record whichever plugin sent it, and whether it came to this
// receiver or as a line that file-log wrote, by gateway_semconv.
func TestSameRecordEverywhere(t *testing.T) {
	d := testReceiver(t, nil).decoder
	all := recordings(t)
	byID := make(map[string]map[string]any)
	for _, m := range all["kong/3.9.3-http-log.jsonl"] {
		lr := decode(t, d, m).records.At(0)
		if id, ok := lr.Attributes().Get("kong.request.id"); ok {
			byID[id.Str()] = lr.Attributes().AsRaw()
		}
	}
	// Log plugins run one after the other: http-log came before some fields had their last values.
	late := []string{
		"gateway.processing.duration", "gateway.request.duration", "gateway.upstream.duration", "gateway.upstream.receive_duration",
		"http.response.header.x-kong-upstream-latency", "http.response.header.x-kong-proxy-latency", "gateway.gen_ai.duration",
	}
	same := 0
	for _, name := range []string{"kong/3.9.3-tcp-log.jsonl", "kong/3.9.3-udp-log.jsonl", "kong/3.9.3-loggly.txt"} {
		for _, m := range all[name] {
			got := decode(t, d, m).records.At(0).Attributes().AsRaw()
			id, _ := got["kong.request.id"].(string)
			want := byID[id]
			if want == nil {
				continue
			}
			same++
			for _, key := range late {
				delete(got, key)
				delete(want, key)
			}
			require.Equal(t, want, got, "%s %s", name, id)
		}
	}
	assert.Greater(t, same, 150)

	engine := defaultEngine(t)
	for _, name := range []string{"kong/3.4.2-http-log.jsonl", "kong/3.8.1-http-log.jsonl", "kong/3.9.3-http-log.jsonl"} {
		for _, m := range all[name] {
			line := plog.NewLogs()
			lr := line.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			lr.Body().SetStr(strings.ToValidUTF8(m, "\uFFFD")) // as file_log hands it over
			engine.Logs(line)
			want := decode(t, d, m).records.At(0)
			require.Equal(t, want.Attributes().AsRaw(), lr.Attributes().AsRaw(), name)
			require.Equal(t, want.Timestamp(), lr.Timestamp(), name)
			require.Equal(t, want.TraceID(), lr.TraceID(), name)
			require.Equal(t, want.SpanID(), lr.SpanID(), name)
			require.Equal(t, want.SeverityNumber(), lr.SeverityNumber(), name)
		}
	}
}

// TestSecondPassFindsEverythingDone: gateway_semconv behind the receiver changes nothing.
func TestSecondPassFindsEverythingDone(t *testing.T) {
	for _, content := range []gateway.Content{gateway.ContentKeep, gateway.ContentDrop, gateway.ContentConvert} {
		d := testReceiver(t, func(c *Config) { c.GenAI.Content = content }).decoder
		engine := semconvEngine(t, content)
		for name, messages := range recordings(t) {
			b := decode(t, d, messages...)
			before := gatewaytest.Logs(b.logs)
			for _, s := range engine.Logs(b.logs) {
				assert.Zero(t, s.Rewritten, "%s, content %s: %s", name, content, s.Gateway)
				assert.Zero(t, s.Conflicts, "%s, content %s", name, content)
				if s.Unchanged > 0 {
					assert.Equal(t, gateway.ID("kong"), s.Gateway, name)
				}
			}
			require.Equal(t, before, gatewaytest.Logs(b.logs), "%s, content %s", name, content)
		}
	}
}
