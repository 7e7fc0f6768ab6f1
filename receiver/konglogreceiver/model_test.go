package konglogreceiver

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestModelCalls has every layout of the ai section, 3.6 to 3.14, by the names that come out. 3.8 and 3.9 are recorded
// (TestRecordings); the others are written from the sources and the documentation.
func TestModelCalls(t *testing.T) {
	d := testReceiver(t, nil).decoder
	for name, c := range map[string]struct {
		ai   string
		want map[string]any
	}{
		"3.6": {
			`{"meta":{"provider_name":"azure","request_model":"gpt-4","response_model":"gpt-4-0613","plugin_id":"p"},"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},"payload":{"request":"{}"}}`,
			map[string]any{
				"gen_ai.provider.name": "azure.ai.openai", "gen_ai.request.model": "gpt-4", "gen_ai.response.model": "gpt-4-0613",
				"gen_ai.usage.input_tokens": int64(3), "gen_ai.usage.output_tokens": int64(4), "kong.gen_ai.usage.total_tokens": nil,
				"kong.gen_ai.meta.plugin_id": "p", "kong.gen_ai.payload.request": "{}",
			},
		},
		"3.7": {
			`{"ai-proxy":{"meta":{"provider_name":"openai"},"usage":{"prompt_token":3,"completion_token":"4","total_token":7,"processing_time":52}}}`,
			map[string]any{
				"gen_ai.provider.name": "openai", "gen_ai.usage.input_tokens": int64(3), "gen_ai.usage.output_tokens": int64(4),
				"gateway.gen_ai.duration": 0.052, "kong.gen_ai.usage.total_token": int64(7),
			},
		},
		"3.11, images": {
			`{"proxy":{"meta":{"provider_name":"UNSPECIFIED"},"usage":{"input_tokens":30,"output_tokens":5,"input_tokens_details":{"image_tokens":20}}}}`,
			map[string]any{
				"gen_ai.provider.name": nil, "gen_ai.usage.input_tokens": int64(30), "gen_ai.usage.output_tokens": int64(5),
				"kong.gen_ai.usage.input_tokens_details.image_tokens": int64(20),
			},
		},
		"3.12, a cached answer": {
			`{"proxy":{"cache":{"cache_status":"Hit","fetch_latency":12,"embeddings_latency":8,"embeddings_model":"e","embeddings_provider":"openai"},"meta":{"request_mode":"stream"},"usage":{"time_to_first_token":631}}}`,
			map[string]any{
				"kong.gen_ai.cache.status": "Hit", "gateway.gen_ai.cache.duration": 0.012, "gateway.gen_ai.embeddings.duration": 0.008,
				"kong.gen_ai.embeddings.model": "e", "kong.gen_ai.embeddings.provider": "openai", "kong.gen_ai.request.mode": "stream",
				"gen_ai.response.time_to_first_chunk": 0.631,
			},
		},
		"3.12, MCP": {
			`{"mcp":{"mcp_session_id":"s-1","rpc":[{"id":7,"method":"tools/call","tool_name":"weather","latency":25,"response_body_size":90,"error":"no such city","payload":{"request":"{\"city\":\"X\"}"}}]}}`,
			map[string]any{
				"mcp.session.id": "s-1", "jsonrpc.request.id": "7", "mcp.method.name": "tools/call", "gen_ai.tool.name": "weather",
				"gateway.mcp.duration": 0.025, "gateway.mcp.response.body.size": int64(90), "gateway.error.message": "no such city",
				"kong.gen_ai.content.mcp.rpc.payload.request": `{"city":"X"}`,
			},
		},
		"3.13, several MCP calls": {
			`{"mcp":{"rpc":[{"method":"initialize"},{"method":"tools/list","id":"a"}],"audit":[{"action":"deny","primitive":"tool","primitive_name":"rm"}]}}`,
			map[string]any{
				"mcp.method.name": nil, "kong.gen_ai.mcp.rpc.1.method": "initialize", "kong.gen_ai.mcp.rpc.2.method": "tools/list",
				"kong.gen_ai.mcp.rpc.2.id": "a", "kong.gen_ai.mcp.audit.1.action": "deny", "kong.gen_ai.mcp.audit.1.primitive_name": "rm",
			},
		},
		"3.14, A2A": {
			`{"a2a":{"rpc":[{"id":"r1","method":"message/send","binding":"jsonrpc","task_id":"t","task_state":"completed","context_id":"c","latency":1200,"response_body_size":5,"streaming":true,"sse_events_count":3}]}}`,
			map[string]any{
				"jsonrpc.request.id": "r1", "kong.a2a.operation": "message/send", "rpc.system.name": "jsonrpc", "kong.a2a.task.id": "t",
				"kong.a2a.task.state": "completed", "kong.a2a.context.id": "c", "gateway.a2a.duration": 1.2,
				"gateway.a2a.response.body.size": int64(5), "kong.gen_ai.a2a.rpc.streaming": true, "kong.gen_ai.a2a.rpc.sse_events_count": int64(3),
			},
		},
		"3.14, A2A by REST": {
			`{"a2a":{"rpc":[{"binding":"rest"}]}}`, map[string]any{"kong.a2a.binding": "rest", "rpc.system.name": nil},
		},
		"3.14, guardrails": {
			`{"proxy":{"aws-guardrails":{"mode":"BOTH","input_processing_latency":40,"input_block_reason":"x","input_faulty_prompt":"bad words"}},"sanitizer":{"pii_identified":2,"sanitized_items":[{"original_text":"x","redacted_text":"y"}]},"audit":{"azure_content_safety":{"Hate":4}}}`,
			map[string]any{
				"kong.gen_ai.aws-guardrails.mode": "BOTH", "kong.gen_ai.aws-guardrails.input_processing_latency": int64(40),
				"kong.gen_ai.aws-guardrails.input_block_reason":          "x",
				"kong.gen_ai.content.aws-guardrails.input_faulty_prompt": "bad words", "kong.gen_ai.sanitizer.pii_identified": int64(2),
				"kong.gen_ai.content.sanitizer.sanitized_items": []any{map[string]any{"original_text": "x", "redacted_text": "y"}},
				"kong.gen_ai.audit.azure_content_safety.Hate":   int64(4),
			},
		},
	} {
		b := decode(t, d, `{"started_at":1795274550617,"response":{"status":200},"ai":`+c.ai+`}`)
		require.Equal(t, 1, b.records.Len(), name)
		got := b.records.At(0).Attributes().AsRaw()
		for key, want := range c.want {
			if f, ok := want.(float64); ok {
				assert.InDelta(t, f, got[key], 1e-12, "%s: %s", name, key)
			} else {
				assert.Equal(t, want, got[key], "%s: %s", name, key)
			}
		}
		for i := range b.stats {
			assert.Zero(t, b.stats[i].Conflicts, name)
		}
		for _, s := range defaultEngine(t).Logs(b.logs) {
			assert.Zero(t, s.Rewritten, "%s: a second pass", name)
		}
	}
}

// TestEnterpriseSample: the body printed in Enterprise's documentation.
func TestEnterpriseSample(t *testing.T) {
	body, err := os.ReadFile(capturesRoot + "/constructed/kong/3.12-ee-ai-http-log.json")
	require.NoError(t, err)
	next := newPipeline()
	r := start(t, next, nil, nil)
	code, answer, _ := post(t, r.http, string(body))
	require.Equal(t, 200, code, answer)
	got := next.records[0].Attributes().AsRaw()
	for key, want := range map[string]any{
		"gen_ai.provider.name": "openai", "gen_ai.usage.input_tokens": int64(25), "gen_ai.usage.cache_read.input_tokens": int64(0),
		"gen_ai.usage.reasoning.output_tokens": int64(0), "gateway.gen_ai.cost": 0.0001125, "kong.auth.consumer.username": "alice",
		"gateway.route.name": "example_route", "kong.upstream.try.1.balancer_start_ns": int64(1787307330086100000),
		"http.request.header.apikey": []any{"REDACTED"},
	} {
		assert.Equal(t, want, got[key], key)
	}
	assert.Equal(t, "111216d769f06a7486de78aaf6bb3056", next.records[0].TraceID().String())
}
