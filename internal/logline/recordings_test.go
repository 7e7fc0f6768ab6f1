package logline

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Envoy wrote the same requests as text and as JSON, so each record is the other's proof.
func TestRecordingEnvoyText(t *testing.T) {
	t.Parallel()
	text, object := recording(t, "envoy-1.40.0-text.log"), recording(t, "envoy-1.40.0-json.log")
	require.Len(t, text, 22)
	require.Len(t, object, len(text))
	same := map[string]string{
		"start_time": "start_time", "method": "method", "path": "x-envoy-origin-path", "protocol": "protocol",
		"response_code": "response_code", "bytes_received": "bytes_received", "bytes_sent": "bytes_sent",
		"duration": "duration", "x_forwarded_for": "x-forwarded-for", "user_agent": "user-agent",
		"request_id": "x-request-id", "authority": ":authority", "upstream_host": "upstream_host",
	}
	for i, line := range text {
		require.Equal(t, FormatEnvoyText, Sniff(line))
		require.Equal(t, FormatJSON, Sniff(object[i]))
		got, at := parsed(t, FormatEnvoyText, line)
		want, none := parsed(t, FormatJSON, object[i])
		assert.Zero(t, none)
		assert.Equal(t, unixNano(t, want["start_time"].(string)), at)
		for textKey, jsonKey := range same {
			assert.Equal(t, want[jsonKey], got[textKey], "%s of line %d", textKey, i+1)
		}
		if want["response_flags"] == "-" {
			assert.NotContains(t, got, "response_flags")
		} else {
			assert.Equal(t, want["response_flags"], got["response_flags"])
		}
		// A request header in JSON is text, in the text format a number.
		if want["x-envoy-upstream-service-time"] == nil {
			assert.NotContains(t, got, "upstream_service_time")
		} else {
			assert.IsType(t, int64(0), got["upstream_service_time"])
		}
		assert.NotContains(t, got, "upstream_cluster")
	}
	got, _ := parsed(t, FormatEnvoyText, text[16])
	assert.Equal(t, `evil "quoted" agent`, got["user_agent"])
}

func TestRecordingIstioText(t *testing.T) {
	t.Parallel()
	lines := recording(t, "istio-text.log")
	require.Len(t, lines, 21)
	flags, clusters := map[any]int{}, map[any]int{}
	for _, line := range lines {
		require.Equal(t, FormatIstioText, Sniff(line))
		require.Equal(t, FormatIstioText, Sniff(line+"\n"))
		got, at := parsed(t, FormatIstioText, line+"\n")
		other, _ := parsed(t, FormatEnvoyText, line)
		assert.Equal(t, got, other)
		assert.Equal(t, unixNano(t, got["start_time"].(string)), at)
		assert.NotEmpty(t, got["response_code_details"])
		assert.NotContains(t, got, "connection_termination_details")
		assert.Equal(t, "127.0.0.1:11021", got["downstream_local_address"])
		flags[got["response_flags"]]++
		clusters[got["upstream_cluster"]]++
	}
	assert.Equal(t, map[any]int{nil: 16, "NR": 1, "URX,UF": 1, "UT": 1, "UC": 1, "DC": 1}, flags)
	assert.Equal(t, map[any]int{
		nil: 3, "outbound|8080||cart.shop.svc.cluster.local": 15, "outbound|8080|v2|dead.shop.svc.cluster.local": 1,
		"outbound|9000||orders.shop.svc.cluster.local": 2,
	}, clusters)

	dead, _ := parsed(t, FormatIstioText, lines[10])
	assert.Equal(t, attributes{
		"start_time": "2026-11-21T13:32:26.331Z", "method": "GET", "path": "/dead/b", "protocol": "HTTP/1.1",
		"response_code": int64(503), "response_flags": "URX,UF",
		"response_code_details":             "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}",
		"upstream_transport_failure_reason": "delayed_connect_error:_Connection_refused",
		"bytes_received":                    int64(0), "bytes_sent": int64(121), "duration": int64(10),
		"x_forwarded_for": "10.244.0.1", "user_agent": "Go-http-client/1.1", "request_id": "e8730715-9846-9b4c-a33a-54d921d4df13",
		"authority": "127.0.0.1:11021", "upstream_host": "127.0.0.1:18099",
		"upstream_cluster":         "outbound|8080|v2|dead.shop.svc.cluster.local",
		"downstream_local_address": "127.0.0.1:11021", "downstream_remote_address": "127.0.0.1:53078", "route_name": "dead",
	}, dead)
}

func TestRecordingKgatewayText(t *testing.T) {
	t.Parallel()
	lines := recording(t, "kgateway-2.4.2-text.log")
	require.Len(t, lines, 35)
	codes := map[any]int{}
	for _, line := range lines {
		require.Equal(t, FormatEnvoyText, Sniff(line))
		got, _ := parsed(t, FormatEnvoyText, line)
		codes[got["response_code"]]++
	}
	assert.Equal(t, map[any]int{
		int64(0): 1, int64(200): 21, int64(302): 1, int64(400): 1, int64(404): 3, int64(429): 1, int64(500): 1,
		int64(503): 5, int64(504): 1,
	}, codes)
}

func TestRecordingJSON(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"envoy-1.40.0-json.log", "kgateway-2.4.2-json.log", "agentgateway-1.4.1-json.log", "agentgateway-1.4.1-otlp.jsonl",
		"kong-3.9.3-tcp-log.jsonl",
	} {
		for _, line := range recording(t, name) {
			if name == "kong-3.9.3-tcp-log.jsonl" {
				require.Equal(t, FormatKong, Sniff(line), "it has a reader of its own")
			} else {
				require.Equal(t, FormatJSON, Sniff(line))
			}
			want, err := oracle(line)
			require.NoError(t, err)
			got, _ := parsed(t, FormatJSON, line)
			if strings.ToValidUTF8(line, "") != line { // encoding/json repairs what passes through here
				assert.Len(t, got, len(want))
				continue
			}
			assert.Equal(t, want, got)
		}
	}
	lines := recording(t, "agentgateway-1.4.1-json.log")
	got, _ := parsed(t, FormatJSON, lines[0])
	assert.Equal(t, int64(200), got["http.status"])
	assert.InDelta(t, 1.0, got["x.double"], 0)
	assert.Equal(t, []any{"a", "b", int64(1), true, nil}, got["x.list"])
	assert.Equal(t, "say \"hi\"\n\ttab", got["x.quoted"])
	assert.NotContains(t, got, "x.null")
}

// agentgateway's stdout holds its other log lines too, and a model name with a line break cuts one record in two.
func TestRecordingAgentgatewayText(t *testing.T) {
	t.Parallel()
	f := func(name string, access, others, broken int) map[string]attributes {
		t.Helper()
		bySpan := map[string]attributes{}
		var gotAccess, gotOthers, gotBroken int
		for _, line := range recording(t, name) {
			attrs := pcommon.NewMap()
			at, err := Parse(FormatAgentgatewayText, line, attrs)
			switch {
			case err == nil:
				gotAccess++
				require.Equal(t, FormatAgentgatewayText, Sniff(line))
				raw := attrs.AsRaw()
				assert.NotEmpty(t, raw["src.addr"])
				assert.Positive(t, at)
				if span, ok := raw["span.id"].(string); ok {
					bySpan[span] = raw
				}
			case assert.Zero(t, attrs.Len()) && err == ErrNotAccessLog: //nolint:errorlint // it must be the sentinel itself
				gotOthers++
				require.Equal(t, FormatAgentgatewayText, Sniff(line))
			default:
				gotBroken++
				require.Equal(t, FormatUnknown, Sniff(line), line)
			}
		}
		assert.Equal(t, []int{access, others, broken}, []int{gotAccess, gotOthers, gotBroken}, name)
		return bySpan
	}
	old := f("agentgateway-0.9.0-text.log", 82, 34, 6)
	assert.Equal(t, attributes{
		"gateway": "bind/15080", "listener": "main", "route_rule": "gemini/default", "route": "gemini",
		"endpoint": "127.0.0.1:18090", "src.addr": "127.0.0.1:40278", "http.method": "POST", "http.host": "gemini.example.com",
		"http.path": "/v1/chat/completions?key=AIzaSECRET", "http.version": "HTTP/1.1", "http.status": int64(200),
		"trace.id": "eee756bdb2460e929d72ddc54d0779a0", "span.id": "40dbe66c7fd86266", "llm.provider": "gemini",
		"llm.request.model": "gemini-x", "llm.request.tokens": int64(21), "llm.response.model": "gpt-4o-mini-2024-07-18",
		"llm.response.tokens": int64(9), "duration": "43ms",
	}, old["40dbe66c7fd86266"])
	assert.Equal(t, "weird model=x status=999", old["c184e019fc1e72a7"]["llm.request.model"])
	assert.NotContains(t, old["c184e019fc1e72a7"], "status")

	bySpan := f("agentgateway-1.4.1-text.log", 83, 43, 6)
	records := recording(t, "agentgateway-1.4.1-otlp.jsonl")
	require.Len(t, records, 27)
	for _, record := range records {
		// What the process sent over OTLP at the same time: same keys, values and types.
		want, _ := parsed(t, FormatJSON, record)
		got := bySpan[want["span.id"].(string)]
		if model, ok := want["gen_ai.request.model"].(string); ok && strings.Contains(model, "\n") {
			first, _, _ := strings.Cut(model, "\n")
			assert.Equal(t, first, got["gen_ai.request.model"])
			continue
		}
		assert.Equal(t, want, got)
	}
}

func TestRecordingKong(t *testing.T) {
	t.Parallel()
	lines := recording(t, "kong-3.9.3-access.log")
	require.Len(t, lines, 127)
	var streams, withoutMethod int
	ids := map[any]bool{}
	for _, line := range lines {
		require.Equal(t, FormatNginxCombined, Sniff(line))
		got, at := parsed(t, FormatNginxCombined, line)
		assert.Greater(t, at, unixNano(t, "2026-11-21T15:22:29Z"))
		assert.Less(t, at, unixNano(t, "2026-11-21T15:22:44Z"))
		if got["stream_protocol"] == "TCP" {
			streams++
			assert.IsType(t, int64(0), got["stream_status"])
			assert.IsType(t, float64(0), got["session_time"])
			continue
		}
		assert.IsType(t, int64(0), got["status"])
		assert.Len(t, got["kong.request.id"], 32)
		ids[got["kong.request.id"]] = true
		if got["method"] == nil {
			withoutMethod++
			assert.NotContains(t, got, "path")
			assert.Equal(t, int64(400), got["status"])
		}
	}
	assert.Equal(t, 5, streams)
	assert.Equal(t, 1, withoutMethod)
	assert.Len(t, ids, 122)

	got, _ := parsed(t, FormatNginxCombined, lines[7])
	assert.Equal(t, `evil "quoted" \agent`, got["http_user_agent"])
	assert.Equal(t, `http://ref.example/?q="x"`, got["http_referer"])
	got, _ = parsed(t, FormatNginxCombined, lines[8])
	assert.Equal(t, "/any?bin=\uFFFD", got["path"])
}
