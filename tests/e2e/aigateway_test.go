//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

const aiService = "ai-edge" // OTEL_SERVICE_NAME of the gateway

// aiSpanResource is all that the external processor says about itself.
var aiSpanResource = testbed.Attributes{
	"service.name":           aiService,
	"telemetry.sdk.language": "go",
	"telemetry.sdk.name":     "opentelemetry",
	"telemetry.sdk.version":  testbed.Matches(`1\.\d+\.\d+`),
}

// aiLogResource are Envoy's builtin labels; the zone, a variable that nobody expanded, is gone.
var aiLogResource = testbed.Attributes{
	"service.name":      aiService,
	"log_name":          "otel_envoy_accesslog",
	"cluster_name":      "default/aigw-run",
	"node_name":         testbed.Matches(`default-aigw-run-[0-9a-f]+`),
	"gateway.name":      "aigw-run",
	"gateway.namespace": "default",
}

// aiRecord is what every access log record has, for a request with that body and answer.
func aiRecord(userAgent, path, body string, status int, more testbed.Attributes) testbed.Attributes {
	return testbed.Attributes{
		"http.request.method":                 "POST",
		"url.path":                            path,
		"http.response.status_code":           status,
		"http.request.body.size":              len(body),
		"http.response.body.size":             testbed.Count,
		"http.request.header.x-request-id":    testbed.One(testbed.UUID),
		"http.request.header.x-forwarded-for": testbed.One(testbed.IP),
		"user_agent.original":                 userAgent,
		"client.address":                      clientIP,
		"client.port":                         testbed.Port,
		"network.local.address":               "127.0.0.1",
		"network.local.port":                  1975,
		"gateway.request.duration":            testbed.Seconds,
		"gateway.route.kind":                  "httproute",
		"gateway.route.namespace":             "default",
		"gateway.route.name":                  "aigw-run",
		"gateway.route.rule":                  "0",
		"gateway.upstream.backend.namespace":  "default",
		"gateway.upstream.backend.name":       "openai",
		"gateway.upstream.backend.ref":        "0",
		"gateway.upstream.address":            "127.0.0.1",
		"gateway.upstream.port":               testbed.Port,
		"gateway.upstream.local.address":      "127.0.0.1",
		"gateway.upstream.local.port":         testbed.Port,
		"upstream_cluster":                    "httproute/default/aigw-run/rule/0",
	}.With(more)
}

// aiUsage is what the stand-in model counts for a chat, on spans and on records.
var aiUsage = testbed.Attributes{
	"gen_ai.usage.input_tokens":            testbed.ChatInputTokens,
	"gen_ai.usage.output_tokens":           testbed.ChatOutputTokens,
	"gen_ai.usage.reasoning.output_tokens": testbed.ChatThoughtTokens,
}

// aiChat is the span of a chat that was answered; prompt and answer stay as the gateway writes them (content: keep).
func aiChat(body string, more testbed.Attributes) testbed.WantSpan {
	return testbed.WantSpan{
		Name: "chat " + testbed.ChatModel, Kind: ptrace.SpanKindInternal, Status: ptrace.StatusCodeOk,
		Attributes: testbed.Attributes{
			"gen_ai.operation.name":                    "chat",
			"gen_ai.provider.name":                     "openai",
			"gen_ai.request.model":                     testbed.ChatModel,
			"gen_ai.response.model":                    testbed.AnsweringModel,
			"gen_ai.usage.cache_read.input_tokens":     testbed.ChatCachedTokens,
			"gen_ai.usage.cache_creation.input_tokens": 0,
			"llm.token_count.prompt_details.audio":     0,
			"llm.token_count.completion_details.audio": 0,
			"openinference.span.kind":                  "LLM",
			"input.mime_type":                          "application/json",
			"input.value":                              body,
			"llm.input_messages.0.message.role":        "user",
			"llm.input_messages.0.message.content":     "hi",
			"output.mime_type":                         "application/json",
			"output.value":                             testbed.Matches(`\{"id":"` + testbed.ChatResponseID + `",.*\}`),
			"llm.output_messages.0.message.role":       "assistant",
			"llm.output_messages.0.message.content":    testbed.ChatAnswer,
		}.With(aiUsage).With(more),
		Resource: aiSpanResource,
	}
}

// aiRefused is the span of a chat that the provider refused.
func aiRefused(model, body, errorType string) testbed.WantSpan {
	return testbed.WantSpan{
		Name: "chat " + model, Kind: ptrace.SpanKindInternal, Status: ptrace.StatusCodeError,
		Attributes: testbed.Attributes{
			"error.type":                           errorType,
			"gen_ai.operation.name":                "chat",
			"gen_ai.provider.name":                 "openai",
			"gen_ai.request.model":                 model,
			"openinference.span.kind":              "LLM",
			"input.mime_type":                      "application/json",
			"input.value":                          body,
			"llm.input_messages.0.message.role":    "user",
			"llm.input_messages.0.message.content": "hi",
		},
		Resource: aiSpanResource,
	}
}

// vector is an array of just these doubles.
func vector(want ...any) testbed.Matcher {
	return func(v any) string {
		if values, ok := v.([]any); !ok || !slices.Equal(values, want) {
			return fmt.Sprintf("want %v, have %T %v", want, v, v)
		}
		return ""
	}
}

func aiChatBody(model, options string) string {
	return `{"model":"` + model + `",` + options + `"messages":[{"role":"user","content":"hi"}]}`
}

// aiCases are one request for each kind of model call and end. The records have no trace id: Envoy's own tracing is off
// by default, and only it would give them one.
func aiCases(g *edge) []gatewayCase {
	const (
		chats      = "/v1/chat/completions"
		embeddings = "/v1/embeddings"
	)
	post := func(name, path, body string, status int) call {
		return call{
			name: name, method: http.MethodPost, path: path, body: body, status: status,
			header: map[string]string{"content-type": "application/json"},
		}
	}
	chat := post("chat", chats, aiChatBody(testbed.ChatModel, `"temperature":0.5,"max_completion_tokens":50,`), http.StatusOK)
	stream := post("stream", chats,
		aiChatBody(testbed.ChatModel, `"stream":true,"stream_options":{"include_usage":true},`), http.StatusOK)
	embedding := post("embeddings", embeddings,
		`{"model":"`+testbed.EmbeddingModel+`","input":"hello"}`, http.StatusOK)
	limited := post("limited", chats, aiChatBody(testbed.LimitedModel, ""), http.StatusTooManyRequests)
	unknown := post("unknown", chats, aiChatBody("gpt-none", ""), http.StatusBadRequest)
	record := func(c call, severity plog.SeverityNumber, more testbed.Attributes) []testbed.WantRecord {
		return []testbed.WantRecord{{
			Severity: severity, Resource: aiLogResource,
			Attributes: aiRecord(g.userAgent(c), c.path, c.body, c.status, more),
		}}
	}
	answered := testbed.Attributes{
		"gen_ai.request.model": testbed.ChatModel, "gen_ai.response.model": testbed.AnsweringModel,
	}.With(aiUsage)
	return []gatewayCase{
		// Refused by the gateway itself: it writes neither a span nor an access log record about that. It is the first, so
		// that either would have come before the others.
		{call: post("malformed", chats, `{"model":`, http.StatusBadRequest)},
		{
			call: chat,
			spans: []testbed.WantSpan{aiChat(chat.body, testbed.Attributes{
				"gen_ai.request.temperature": 0.5, "gen_ai.request.max_tokens": 50,
			})},
			records: record(chat, plog.SeverityNumberInfo, answered),
		},
		{
			call: stream,
			spans: []testbed.WantSpan{aiChat(stream.body, testbed.Attributes{
				"gen_ai.request.stream": true,
				// stream_options has no place in the conventions, so the whole text stays.
				"llm.invocation_parameters": strings.Replace(stream.body, `,"messages":[{"role":"user","content":"hi"}]`, "", 1),
			})},
			records: record(stream, plog.SeverityNumberInfo, answered),
		},
		{
			call: embedding,
			spans: []testbed.WantSpan{{
				Name: "embeddings " + testbed.EmbeddingModel, Kind: ptrace.SpanKindInternal, Status: ptrace.StatusCodeOk,
				Attributes: testbed.Attributes{
					"gen_ai.operation.name":                   "embeddings",
					"gen_ai.request.model":                    testbed.EmbeddingModel,
					"gen_ai.usage.input_tokens":               testbed.EmbeddingTokens,
					"openinference.span.kind":                 "EMBEDDING",
					"input.mime_type":                         "application/json",
					"input.value":                             embedding.body,
					"output.mime_type":                        "application/json",
					"output.value":                            testbed.Matches(`\{"object":"list",.*\}`),
					"embedding.embeddings.0.embedding.text":   "hello",
					"embedding.embeddings.0.embedding.vector": vector(0.25, -0.5),
				},
				Resource: aiSpanResource,
			}},
			records: record(embedding, plog.SeverityNumberInfo, testbed.Attributes{
				"gen_ai.request.model":                 testbed.EmbeddingModel,
				"gen_ai.response.model":                testbed.EmbeddingModel,
				"gen_ai.usage.input_tokens":            testbed.EmbeddingTokens,
				"gen_ai.usage.output_tokens":           0,
				"gen_ai.usage.reasoning.output_tokens": 0,
			}),
		},
		{
			call:    limited,
			spans:   []testbed.WantSpan{aiRefused(testbed.LimitedModel, limited.body, "RateLimitError")},
			records: record(limited, plog.SeverityNumberWarn, testbed.Attributes{"gen_ai.request.model": testbed.LimitedModel}),
		},
		{
			call:    unknown,
			spans:   []testbed.WantSpan{aiRefused("gpt-none", unknown.body, "BadRequestError")},
			records: record(unknown, plog.SeverityNumberWarn, testbed.Attributes{"gen_ai.request.model": "gpt-none"}),
		},
	}
}

// Envoy AI Gateway as its quick start runs it: OpenInference spans of its external processor, and Envoy's access log.
func TestAIGateway(t *testing.T) {
	collector, model := testbed.StartCollector(t, testbed.CollectorOptions{}), testbed.StartModelServer(t)
	gateway := testbed.StartAIGateway(t, aiService, collector.OTLPGRPC(), model)
	g := &edge{address: gateway.Address(), prefix: "ai"}
	drive(t, collector, g, testbed.Subject{
		Program: "envoy-ai-gateway", Version: testbed.AIGatewayVersion, Case: "model calls", Secrets: []string{"testbed-key"},
	}, aiCases(g))
}
