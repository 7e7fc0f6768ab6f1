package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// GenAINext are the renames that exist only in the GenAI repository, which has no release. Every rule here is behind
// the option of that name and stands before the plain rules: the first one for a key counts.
var GenAINext = []gateway.Rule{
	{
		From: genAIUsageCacheCreation, To: []string{genAIUsageCacheWrite}, Option: OptionGenAINext, Official: true,
		Since: unreleased, Source: srcGenAI,
	},
	{
		From: "gen_ai.usage.input_audio_tokens", To: []string{"gen_ai.usage.audio.input_tokens"}, Op: gateway.OpInt,
		Option: OptionGenAINext, Source: srcAgentgateway,
	},
	{
		From: "gen_ai.usage.output_audio_tokens", To: []string{"gen_ai.usage.audio.output_tokens"}, Op: gateway.OpInt,
		Option: OptionGenAINext, Source: srcAgentgateway,
	},
	{
		From: "gen_ai.usage.output_image_tokens", To: []string{"gen_ai.usage.image.output_tokens"}, Op: gateway.OpInt,
		Option: OptionGenAINext, Source: srcAgentgateway,
	},
	{
		From: genAIRequestTopK, To: []string{genAIRequestTopK}, Op: gateway.OpInt, Option: OptionGenAINext, Official: true,
		Since: unreleased, Source: srcGenAI,
	},
	{
		From: "gen_ai.request.reasoning_effort", To: []string{genAIRequestReasoningLevel}, Option: OptionGenAINext,
		Source: srcOpenLLMetry,
	},
	{
		From: "llm.request.reasoning_effort", To: []string{genAIRequestReasoningLevel}, Option: OptionGenAINext,
		Source: srcOpenLLMetry,
	},

	// The plain rules for these keys end at a name that moves on.
	{
		From: usageCacheCreationOld, To: []string{genAIUsageCacheWrite}, Op: gateway.OpInt, Option: OptionGenAINext,
		Source: srcOpenLLMetry,
	},
	{
		From: openInferenceCacheWrite, To: []string{genAIUsageCacheWrite}, Op: gateway.OpInt, Option: OptionGenAINext,
		Source: srcOpenInference,
	},
	{From: llmTopK, To: []string{genAIRequestTopK}, Op: gateway.OpInt, Option: OptionGenAINext, Source: srcOpenLLMetry},
}
