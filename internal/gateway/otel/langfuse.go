package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Langfuse are the attributes of the Langfuse SDKs that have a counterpart; all others are theirs and stay.
var Langfuse = []gateway.Rule{
	{From: "langfuse.observation.model.name", To: []string{attrs.GenAIRequestModel}, Yield: true, Source: srcLangfuse},
	{From: "langfuse.session.id", To: []string{genAIConversationID}, Yield: true, Option: OptionSession, Source: srcLangfuse},
	{From: "langfuse.user.id", To: []string{userID}, Yield: true, Option: OptionPII, Source: srcLangfuse},
	{From: "langfuse.observation.prompt.name", To: []string{attrs.GenAIPromptName}, Yield: true, Source: srcLangfuse},
	{
		From: "langfuse.observation.input", To: []string{attrs.GenAIInputMessages}, Op: gateway.OpContent, Yield: true,
		Source: srcLangfuse,
	},
	{
		From: "langfuse.observation.output", To: []string{attrs.GenAIOutputMessages}, Op: gateway.OpContent, Yield: true,
		Source: srcLangfuse,
	},
	// Stays when it holds more than input, output and total.
	{
		From: "langfuse.observation.usage_details", To: []string{attrs.GenAIUsageInputTokens, attrs.GenAIUsageOutputTokens},
		Op: gateway.OpUsage, Yield: true, Source: srcLangfuse,
	},
	{From: "langfuse.observation.model.parameters", Op: gateway.OpParams, Source: srcLangfuse},
	{
		From: "langfuse.observation.completion_start_time", To: []string{"gen_ai.response.time_to_first_chunk"},
		Op: gateway.OpTimeToFirst, Signals: gateway.OnSpans, Option: OptionTimeToFirstChunk, Source: srcLangfuse,
	},
}
