//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// phoenixWant is a span as Phoenix shows it.
type phoenixWant struct {
	traceID, spanID string // spanID may be left out when the trace has one span
	name, kind      string
	status          string
	// shown are all attributes that Phoenix reads into its columns and panels: OpenInference's names, sent or made by
	// Phoenix of gen_ai.*. Numbers are float64, as JSON has them.
	shown map[string]any
}

// shownPrefixes begin the names of what Phoenix displays (OpenInference's spec/semantic_conventions.md).
var shownPrefixes = []string{"llm.", "embedding.", "input.", "output.", "tool.", "session."}

func (w phoenixWant) check(t *testing.T, p *testbed.Phoenix) {
	t.Helper()
	w.compare(t, w.find(t, p))
}

// find waits until Phoenix has the span.
func (w phoenixWant) find(t *testing.T, p *testbed.Phoenix) testbed.PhoenixSpan {
	t.Helper()
	var span testbed.PhoenixSpan
	testbed.Eventually(t, testbed.ItemTimeout, "Phoenix writes spans in batches", func(ctx context.Context) error {
		spans, err := p.Spans(ctx, w.traceID)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(spans, func(s testbed.PhoenixSpan) bool {
			return w.spanID == "" || s.Context.SpanID == w.spanID
		})
		if at < 0 {
			return fmt.Errorf("%d spans of trace %s, none of them %s", len(spans), w.traceID, w.spanID)
		}
		span = spans[at]
		return nil
	})
	return span
}

// compare reports what Phoenix shows otherwise than wanted.
func (w phoenixWant) compare(tb testing.TB, span testbed.PhoenixSpan) {
	tb.Helper()
	assert.Equal(tb, w.name, span.Name)
	assert.Equal(tb, w.kind, span.Kind, "kind of %s", w.name)
	assert.Equal(tb, w.status, span.Status, "status of %s", w.name)
	shown := maps.Clone(span.Attributes)
	maps.DeleteFunc(shown, func(key string, _ any) bool {
		return !slices.ContainsFunc(shownPrefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
	})
	assert.Equal(tb, w.shown, shown, "what Phoenix shows of %s", w.name)
}

// with returns a copy with more.
func with(shown, more map[string]any) map[string]any {
	all := maps.Clone(shown)
	maps.Copy(all, more)
	return all
}

// phoenixModel is a call of that model at OpenAI: what Phoenix makes of gen_ai.provider.name and gen_ai.request.model. The
// model that answered is not among what it reads.
func phoenixModel(model string) map[string]any {
	return map[string]any{"llm.system": "openai", "llm.provider": "openai", "llm.model_name": model}
}

// phoenixQuestion is what Envoy AI Gateway says about a chat request, in OpenInference's own names.
func phoenixQuestion(body string) map[string]any {
	return map[string]any{
		"input.value": body, "input.mime_type": "application/json",
		"llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "hi",
	}
}

// phoenixAnswer is what it says about the answer. Phoenix makes the token counts of gen_ai.usage.*; it reads no count of
// reasoning tokens there.
func phoenixAnswer(object string) map[string]any {
	return map[string]any{
		"output.mime_type": "application/json",
		"output.value": `{"id":"chatcmpl-testbed-1","choices":[{"finish_reason":"stop","index":0,` +
			`"message":{"content":"Hello there.","role":"assistant"}}],"created":1,"model":"gpt-5-nano-2026-08-07",` +
			`"object":"` + object + `","usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18,` +
			`"completion_tokens_details":{"reasoning_tokens":3},"prompt_tokens_details":{"cached_tokens":2}}}`,
		"llm.output_messages.0.message.role":         "assistant",
		"llm.output_messages.0.message.content":      "Hello there.",
		"llm.token_count.prompt":                     11.0,
		"llm.token_count.completion":                 7.0,
		"llm.token_count.total":                      18.0,
		"llm.token_count.prompt_details.cache_read":  2.0,
		"llm.token_count.prompt_details.cache_write": 0.0,
		"llm.token_count.prompt_details.audio":       0.0,
		"llm.token_count.completion_details.audio":   0.0,
	}
}

// phoenixAICalls are the calls of aiCases that leave a span, by their names.
func phoenixAICalls(body string) map[string]phoenixWant {
	question := phoenixQuestion(body)
	return map[string]phoenixWant{
		"chat": {
			name: "chat gpt-5-nano", kind: "LLM", status: "OK",
			shown: with(with(with(phoenixModel("gpt-5-nano"), question), phoenixAnswer("chat.completion")), map[string]any{
				"llm.invocation_parameters": `{"temperature": 0.5, "max_tokens": 50}`,
			}),
		},
		"stream": {
			name: "chat gpt-5-nano", kind: "LLM", status: "OK",
			shown: with(with(with(phoenixModel("gpt-5-nano"), question), phoenixAnswer("chat.completion.chunk")), map[string]any{
				"llm.invocation_parameters": `{"model":"gpt-5-nano","stream":true,"stream_options":{"include_usage":true}}`,
			}),
		},
		"embeddings": {
			name: "embeddings text-embedding-3-small", kind: "EMBEDDING", status: "OK",
			shown: map[string]any{
				"input.value": body, "input.mime_type": "application/json",
				"output.value": `{"object":"list","data":[{"object":"embedding","embedding":[0.25,-0.5],"index":0}],` +
					`"model":"text-embedding-3-small","usage":{"prompt_tokens":5,"total_tokens":5}}`,
				"output.mime_type":                        "application/json",
				"embedding.model_name":                    "text-embedding-3-small",
				"embedding.embeddings.0.embedding.text":   "hello",
				"embedding.embeddings.0.embedding.vector": []any{0.25, -0.5},
				"llm.token_count.prompt":                  5.0,
			},
		},
		"limited": {
			name: "chat gpt-5-limited", kind: "LLM", status: "ERROR",
			shown: with(phoenixModel("gpt-5-limited"), question),
		},
		"unknown": {
			name: "chat gpt-none", kind: "LLM", status: "ERROR",
			shown: with(phoenixModel("gpt-none"), question),
		},
	}
}

// phoenixAgentgateway is one model call of agentgateway 1.4.1, the same in two recorded runs.
var phoenixAgentgateway = with(phoenixModel("gpt-4o-mini"), map[string]any{
	"llm.invocation_parameters": `{"temperature": 0.699999988079071, "top_p": 0.8999999761581421, "max_tokens": 100, ` +
		`"frequency_penalty": 0.5, "presence_penalty": 0.25, "seed": 42}`,
	"llm.token_count.prompt":                    21.0,
	"llm.token_count.completion":                9.0,
	"llm.token_count.total":                     30.0,
	"llm.token_count.prompt_details.cache_read": 4.0,
	// Made by Phoenix of gen_ai.response.model, where there is no output.
	"output.value":     `{"model": "gpt-4o-mini-2024-07-18"}`,
	"output.mime_type": "application/json",
})

const phoenixAgentgatewayTrace = "4bf92f3577b34da6a3ce929d0e0e4738"

// phoenixAgentgatewayCalls are by the release that sent them.
var phoenixAgentgatewayCalls = map[string][]phoenixWant{
	// Under its own llm.* names, none of which Phoenix would read.
	"0.9.0": {{
		traceID: phoenixAgentgatewayTrace, spanID: "22111deaf21b6f9a", name: "POST", kind: "LLM", status: "UNSET",
		shown: with(phoenixModel("gpt-4o-mini"), map[string]any{
			"llm.token_count.prompt":     21.0,
			"llm.token_count.completion": 9.0,
			"llm.token_count.total":      30.0,
			"output.value":               `{"model": "gpt-4o-mini-2024-07-18"}`,
			"output.mime_type":           "application/json",
		}),
	}},
	"1.4.1": {
		// As it is out of the box: no content.
		{
			traceID: phoenixAgentgatewayTrace, spanID: "82448f9a8d08459d", name: "POST /v1/*", kind: "LLM", status: "UNSET",
			shown: phoenixAgentgateway,
		},
		// With the fields that its documentation gives for Phoenix. The question shows as messages; the answer's keys lack
		// ".message" in that documentation.
		{
			traceID: phoenixAgentgatewayTrace, spanID: "de96881d762eac1f", name: "openai.chat", kind: "LLM", status: "UNSET",
			shown: with(phoenixAgentgateway, map[string]any{
				"llm.input_messages.0.message.role":    "system",
				"llm.input_messages.0.message.content": "be nice",
				"llm.input_messages.1.message.role":    "user",
				"llm.input_messages.1.message.content": `Say "hi" please`,
				"llm.output_messages.0.role":           "assistant",
				"llm.output_messages.0.content":        "Hello there! \"quoted\"\nline2",
			}),
		},
	},
}

// phoenixConverted are model calls with the fields that agentgateway's documentation gives for Langfuse and for OpenLLMetry,
// by span id. Converted to the messages of the conventions, they would show in Phoenix.
var phoenixConverted = []string{"63f23419d44633a7", "8709f05a066d071a"}

// phoenixMessages are the messages of those calls.
var phoenixMessages = map[string]any{
	"llm.input_messages.0.message.role":     "system",
	"llm.input_messages.0.message.content":  "be nice",
	"llm.input_messages.1.message.role":     "user",
	"llm.input_messages.1.message.content":  `Say "hi" please`,
	"llm.output_messages.0.message.role":    "assistant",
	"llm.output_messages.0.message.content": "Hello there! \"quoted\"\nline2",
}

const phoenixConvertFault = "content: convert writes gen_ai.input.messages and gen_ai.output.messages as arrays of maps, and an " +
	"output message without finish_reason; Phoenix 20.26.1 reads them on spans as JSON text only, and no output message " +
	"without finish_reason (phoenix/trace/gen_ai/conversion.py)"

// Phoenix reads gen_ai.* and OpenInference's names; what it shows of a gateway's model calls is asked through its API.
func TestPhoenix(t *testing.T) {
	phoenix := testbed.StartPhoenix(t)
	options := testbed.CollectorOptions{Backends: []string{phoenix.OTLPGRPC()}}

	t.Run("envoy-ai-gateway", func(t *testing.T) {
		collector, model := testbed.StartCollector(t, options), testbed.StartModelServer(t)
		gateway := testbed.StartAIGateway(t, aiService, collector.OTLPGRPC(), model)
		g := &edge{address: gateway.Address(), prefix: "phoenix"}
		shown := 0
		for _, gc := range aiCases(g) {
			g.send(t, gc.call)
			if len(gc.spans) == 0 {
				continue
			}
			want := phoenixAICalls(gc.body)[gc.name]
			want.traceID = g.traceID(gc.call)
			want.check(t, phoenix)
			shown++
		}
		recordShown("model calls of real Envoy AI Gateway 1.2.0", shown, false)
	})
	for version, calls := range phoenixAgentgatewayCalls {
		t.Run("agentgateway "+version, func(t *testing.T) {
			collector := testbed.StartCollector(t, options)
			recorded := slices.DeleteFunc(recordings(t, "agentgateway", version), func(c replay.Capture) bool {
				return c.Name != "traces" && c.Name != "phoenix-fields-traces"
			})
			require.NoError(t, testbed.ReplayAgentgateway(t.Context(), collector.OTLPGRPC(), recorded))
			for _, want := range calls {
				want.check(t, phoenix)
			}
			recordShown("model calls of agentgateway "+version, len(calls), true)
		})
	}
	t.Run("agentgateway converted", func(t *testing.T) {
		converting := options
		converting.Convert = true
		collector := testbed.StartCollector(t, converting)
		recorded := slices.DeleteFunc(recordings(t, "agentgateway", "1.4.1"), func(c replay.Capture) bool {
			return c.Name != "langfuse-fields-traces" && c.Name != "openllmetry-fields-traces"
		})
		require.NoError(t, testbed.ReplayAgentgateway(t.Context(), collector.OTLPGRPC(), recorded))
		for _, spanID := range phoenixConverted {
			checkConverted(t, phoenix, spanID)
		}
		recordShown("messages of agentgateway 1.4.1, content: convert", len(phoenixConverted), true)
	})
}

// checkConverted expects the messages to be missing, which is a known fault.
func checkConverted(t *testing.T, p *testbed.Phoenix, spanID string) {
	t.Helper()
	today := phoenixWant{
		traceID: phoenixAgentgatewayTrace, spanID: spanID, name: "openai.chat", kind: "LLM", status: "UNSET",
		shown: phoenixAgentgateway,
	}
	right := today
	right.shown = with(today.shown, phoenixMessages)
	span := today.find(t, p)
	// A finish reason that nobody sent may be anything.
	delete(span.Attributes, "llm.output_messages.0.message.finish_reason")
	testbed.KnownFault(t, phoenixConvertFault,
		func(tb testing.TB) { tb.Helper(); right.compare(tb, span) },
		func(tb testing.TB) { tb.Helper(); today.compare(tb, span) })
}

func recordShown(what string, spans int, replayed bool) {
	testbed.Record(testbed.Row{
		Program: "phoenix", Version: testbed.PhoenixVersion, Case: what, Signals: "traces", In: spans, Out: spans,
		Replayed: replayed,
	})
}
