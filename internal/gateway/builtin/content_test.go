package builtin

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// secret marks all prompt and completion text below.
const secret = "TOP-SECRET"

// contentAttrs is prompt and completion text in every vocabulary that gateways use.
var contentAttrs = attrMap{
	"openinference.span.kind": "LLM", "llm.model_name": "m", // what makes it a model call
	"input.value": secret, "output.value": secret, // OpenInference
	"llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": secret,
	"llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.content": secret,
	"llm.output_messages.0.message.tool_calls.0.tool_call.function.name":      "f",
	"llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": secret,
	"llm.tools.0.tool.json_schema":                                            `{"name":"` + secret + `"}`,
	"gen_ai.prompt":                                                           secret, "gen_ai.completion": secret, // before 1.28, and OpenLLMetry
	"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": secret,
	"gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": secret, "gen_ai.completion.0.finish_reason": "stop",
	"gen_ai.input.messages": secret, "gen_ai.output.messages": []any{secret}, "gen_ai.system_instructions": secret, // current
	"gen_ai.tool.call.arguments": secret, "gen_ai.tool.call.result": secret, "gen_ai.tool.definitions": secret,
	"traceloop.entity.input": secret, "traceloop.entity.output": secret, "langfuse.observation.input": secret,
	"langfuse.observation.output": secret, "embedding.embeddings.0.embedding.text": secret,
}

func TestContentKeep(t *testing.T) {
	t.Parallel()
	span := rewriteSpan(t, spanSpec{Scope: "envoyproxy/ai-gateway", Name: "ChatCompletion", Kind: internal, Attrs: contentAttrs})
	for key, value := range contentAttrs {
		if key != "llm.model_name" {
			requireAttrs(t, attrMap{key: value}, span.Attributes())
		}
	}
}

func TestContentDrop(t *testing.T) {
	t.Parallel()
	for _, mode := range []gateway.Mode{gateway.ModeReplace, gateway.ModeDuplicate} {
		e := compile(t, func(o *gateway.Options) { o.Content, o.Mode = gateway.ContentDrop, mode })
		td := gatewaytest.Span(t, spanSpec{
			Scope: "envoyproxy/ai-gateway", Name: "ChatCompletion", Kind: internal, Status: ptrace.StatusCodeError,
			Message: "Error code: 429 - " + secret, Attrs: contentAttrs,
		})
		span := gatewaytest.Spans(td)[0]
		event := span.Events().AppendEmpty()
		event.SetName("exception")
		event.Attributes().PutStr("exception.type", "RateLimitError")
		event.Attributes().PutStr("exception.message", "Error code: 429 - "+secret)
		e.Traces(td)
		for key, v := range span.Attributes().All() {
			assert.NotContains(t, v.AsString(), secret, "%s: %s", mode, key)
		}
		assert.NotContains(t, span.Status().Message(), secret, mode)
		assert.NotContains(t, event.Attributes().AsRaw(), "exception.message", mode)
		assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
		requireAttrs(t, attrMap{"exception.type": "RateLimitError"}, event.Attributes())
		requireAttrs(t, attrMap{"gen_ai.operation.name": "chat", "openinference.span.kind": "LLM"}, span.Attributes())

		agent := gatewaytest.Span(t, agentSpan(attrMap{"gen_ai.prompt": secret, "gen_ai.completion.0.content": secret, "protocol": "llm"}))
		e.Traces(agent)
		for s := range allStrings(gatewaytest.Batch{Traces: agent}) {
			assert.NotContains(t, s, secret, mode)
		}
	}
}

func TestContentDropReachesLogs(t *testing.T) {
	t.Parallel()
	e := compile(t, func(o *gateway.Options) { o.Content = gateway.ContentDrop })
	line := agentLine("2026-11-21T14:24:39.5Z", "m", ` gen_ai.completion="`+secret+`"`)
	for _, spec := range []recordSpec{
		agentRecord(attrMap{"gen_ai.prompt.0.content": secret, "gen_ai.completion": secret}), {Body: line},
	} {
		ld := gatewaytest.Record(t, spec)
		e.Logs(ld)
		for s := range allStrings(gatewaytest.Batch{IsLogs: true, Logs: ld}) {
			assert.NotContains(t, s, secret)
		}
	}
}

// message is an object of the conventions' message schema.
func message(role string, parts ...any) map[string]any {
	return map[string]any{"role": role, "parts": parts}
}

func textPart(s string) map[string]any { return map[string]any{"type": "text", "content": s} }

func TestContentConvert(t *testing.T) {
	t.Parallel()
	e := compile(t, func(o *gateway.Options) { o.Content = gateway.ContentConvert })
	call := map[string]any{"type": "tool_call", "id": "c1", "name": "weather", "arguments": `{"city":"Ulm"}`}
	finished := func(m map[string]any, reason string) map[string]any { m["finish_reason"] = reason; return m }
	for name, c := range map[string]struct {
		attrs         attrMap
		input, output []any
	}{
		"OpenInference": {
			attrMap{
				"llm.input_messages.0.message.role": "system", "llm.input_messages.0.message.content": "be kind",
				"llm.input_messages.1.message.role": "user", "llm.input_messages.1.message.contents.0.message_content.type": "text",
				"llm.input_messages.1.message.contents.0.message_content.text": "hi",
				"llm.output_messages.0.message.role":                           "assistant", "llm.output_messages.0.message.content": "hello",
			},
			[]any{message("system", textPart("be kind")), message("user", textPart("hi"))},
			[]any{message("assistant", textPart("hello"))},
		},
		"OpenInference, tools": {
			attrMap{
				"llm.input_messages.0.message.role": "tool", "llm.input_messages.0.message.tool_call_id": "c1",
				"llm.input_messages.0.message.content": "sunny", "llm.output_messages.0.message.role": "assistant",
				"llm.output_messages.0.message.tool_calls.0.tool_call.id":                 "c1",
				"llm.output_messages.0.message.tool_calls.0.tool_call.function.name":      "weather",
				"llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": `{"city":"Ulm"}`,
			},
			[]any{message("tool", map[string]any{"type": "tool_call_response", "id": "c1", "response": "sunny"})},
			[]any{message("assistant", call)},
		},
		"OpenLLMetry": {
			attrMap{
				"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "hi", "gen_ai.completion.0.role": "assistant",
				"gen_ai.completion.0.content": "hello", "gen_ai.completion.0.finish_reason": "stop",
			},
			[]any{message("user", textPart("hi"))},
			[]any{finished(message("assistant", textPart("hello")), "stop")},
		},
		"one text": {
			attrMap{"gen_ai.prompt": "hi", "gen_ai.completion": "hello"},
			[]any{message("user", textPart("hi"))},
			[]any{message("assistant", textPart("hello"))},
		},
		"a request and a response body": {
			attrMap{
				"openinference.span.kind": "LLM", "input.value": `{"model":"m","messages":[{"role":"system","content":"be kind"},{"role":"user","content":"hi"}]}`,
				"output.value": `{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"hello"}}]}`,
			},
			[]any{message("system", textPart("be kind")), message("user", textPart("hi"))},
			[]any{finished(message("assistant", textPart("hello")), "stop")},
		},
	} {
		span, _, _ := rewriteSpanBy(t, e, agentSpan(c.attrs))
		requireAttrs(t, attrMap{"gen_ai.input.messages": c.input, "gen_ai.output.messages": c.output}, span.Attributes())
		for key := range span.Attributes().All() {
			for _, old := range []string{"llm.input_messages.", "llm.output_messages.", "gen_ai.prompt", "gen_ai.completion", "input.value"} {
				assert.False(t, strings.HasPrefix(key, old), "%s: %s is left", name, key)
			}
		}
	}
}

// TestConvertedMessagesAreValid checks every message made from the recordings against the schema: role, parts, and a
// type in each part.
func TestConvertedMessagesAreValid(t *testing.T) {
	t.Parallel()
	e := compile(t, func(o *gateway.Options) { o.Content = gateway.ContentConvert })
	seen := 0
	for _, c := range gatewaytest.Captures(t) {
		for i, b := range c.Clone() {
			if b.IsLogs {
				continue
			}
			e.Traces(b.Traces)
			was := gatewaytest.Spans(c.Batches[i].Traces)
			for j, s := range gatewaytest.Spans(b.Traces) {
				for _, key := range []string{"gen_ai.input.messages", "gen_ai.output.messages"} {
					v, ok := s.Attributes().Get(key)
					if !ok || has(was[j].Attributes(), key) && c.Constructed {
						continue
					}
					seen++
					requireMessages(t, c.String()+" "+key, v)
				}
			}
		}
	}
	assert.NotZero(t, seen)
}

func requireMessages(t *testing.T, where string, v pcommon.Value) {
	t.Helper()
	require.Equal(t, pcommon.ValueTypeSlice, v.Type(), where)
	require.NotZero(t, v.Slice().Len(), where)
	for _, e := range v.Slice().All() {
		require.Equal(t, pcommon.ValueTypeMap, e.Type(), where)
		assert.NotEmpty(t, str(e.Map(), "role"), where)
		parts, ok := e.Map().Get("parts")
		require.True(t, ok, where)
		require.Equal(t, pcommon.ValueTypeSlice, parts.Type(), where)
		for _, p := range parts.Slice().All() {
			require.Equal(t, pcommon.ValueTypeMap, p.Type(), where)
			assert.Contains(t, []string{"text", "tool_call", "tool_call_response"}, str(p.Map(), "type"), where)
		}
	}
}
