package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// GenAI are the old GenAI attributes and what OpenLLMetry and gateways made of them. The target is 1.41.0, whose names
// are those of 1.45.0; the GenAI repository has renamed more, see [GenAINext].
var GenAI = []gateway.Rule{
	// Values changed with the name.
	{
		From: "gen_ai.system", To: []string{attrs.GenAIProviderName}, Op: gateway.OpMap, Values: genAIProviders,
		Official: true, Since: "1.37.0",
	},
	// The name is current; gateways still send old and own spellings.
	{
		From: attrs.GenAIProviderName, To: []string{attrs.GenAIProviderName}, Op: gateway.OpMap, Values: genAIProviders,
		Official: true, Since: "1.37.0",
	},

	{
		From: "gen_ai.usage.prompt_tokens", To: []string{attrs.GenAIUsageInputTokens}, Op: gateway.OpInt, Official: true,
		Since: "1.27.0",
	},
	{
		From: "gen_ai.usage.completion_tokens", To: []string{attrs.GenAIUsageOutputTokens}, Op: gateway.OpInt, Official: true,
		Since: "1.27.0",
	},
	{From: "gen_ai.usage.total_tokens", Op: gateway.OpDropIfSum, Source: srcOpenLLMetry},
	{From: "llm.usage.total_tokens", Op: gateway.OpDropIfSum, Source: srcOpenLLMetry},
	{From: usageCacheCreationOld, To: []string{genAIUsageCacheCreation}, Op: gateway.OpInt, Source: srcOpenLLMetry},
	{From: "gen_ai.usage.cache_read_input_tokens", To: []string{genAIUsageCacheRead}, Op: gateway.OpInt, Source: srcOpenLLMetry},
	{From: "gen_ai.usage.reasoning_tokens", To: []string{genAIUsageReasoning}, Op: gateway.OpInt, Source: srcOpenLLMetry},
	{From: "llm.usage.reasoning_tokens", To: []string{genAIUsageReasoning}, Op: gateway.OpInt, Source: srcOpenLLMetry},

	{From: "gen_ai.prompt", To: []string{attrs.GenAIInputMessages}, Op: gateway.OpContent, Official: true, Since: "1.28.0"},
	{From: "gen_ai.prompt.<key>", To: []string{attrs.GenAIInputMessages}, Op: gateway.OpContent, Source: srcOpenLLMetry},
	{From: "gen_ai.completion", To: []string{attrs.GenAIOutputMessages}, Op: gateway.OpContent, Official: true, Since: "1.28.0"},
	{From: "gen_ai.completion.<key>", To: []string{attrs.GenAIOutputMessages}, Op: gateway.OpContent, Source: srcOpenLLMetry},
	// Current names below the old prefix: nobody may take them for a message.
	{From: attrs.GenAIPromptName, Op: gateway.OpKeep, Source: srcGenAI141},
	{From: "gen_ai.prompt.version", Op: gateway.OpKeep, Source: srcGenAI},
	{From: "gen_ai.prompt.variable.<key>", Op: gateway.OpKeep, Source: srcGenAI},

	{From: "gen_ai.openai.request.seed", To: []string{"gen_ai.request.seed"}, Op: gateway.OpInt, Official: true, Since: "1.30.0"},
	{
		From: "gen_ai.openai.request.response_format", To: []string{"gen_ai.output.type"}, Op: gateway.OpMap,
		Values: outputTypes, Official: true, Since: "1.31.0",
	},
	{From: "gen_ai.openai.request.service_tier", To: []string{"openai.request.service_tier"}, Official: true, Since: "1.37.0"},
	{From: "gen_ai.openai.response.service_tier", To: []string{"openai.response.service_tier"}, Official: true, Since: "1.37.0"},
	{From: "gen_ai.openai.response.system_fingerprint", To: []string{openaiSystemFingerprint}, Official: true, Since: "1.37.0"},
	{From: "gen_ai.openai.system_fingerprint", To: []string{openaiSystemFingerprint}, Source: srcOpenLLMetry},
	{
		From: "gen_ai.openai.api_base", To: []string{attrs.ServerAddress, attrs.ServerPort}, Op: gateway.OpConnString,
		Yield: true, Source: srcOpenLLMetry,
	},

	{From: "gen_ai.is_streaming", To: []string{genAIRequestStream}, Op: gateway.OpBoolTrue, Source: srcOpenLLMetry},
	{From: "llm.is_streaming", To: []string{genAIRequestStream}, Op: gateway.OpBoolTrue, Source: srcOpenLLMetry},
	{From: "gen_ai.request.n", To: []string{"gen_ai.request.choice.count"}, Op: gateway.OpIntNotOne, Source: srcOpenLLMetry},
	{
		From: "gen_ai.request.max_completion_tokens", To: []string{"gen_ai.request.max_tokens"}, Op: gateway.OpInt,
		Yield: true, Source: srcOpenLLMetry,
	},
	// The name is current; a scalar became an array.
	{From: genAIRequestEncodingFormats, To: []string{genAIRequestEncodingFormats}, Op: gateway.OpStrings, Source: srcAgentgateway},

	{
		From: "gen_ai.response.finish_reason", To: []string{attrs.GenAIResponseFinishReasons}, Op: gateway.OpStrings,
		Source: srcOpenLLMetry,
	},
	{
		From: "gen_ai.response.stop_reason", To: []string{attrs.GenAIResponseFinishReasons}, Op: gateway.OpStrings,
		Yield: true, Source: srcOpenLLMetry,
	},
	{
		From: "llm.response.finish_reason", To: []string{attrs.GenAIResponseFinishReasons}, Op: gateway.OpStrings,
		Source: srcOpenLLMetry,
	},
	{
		From: "llm.response.stop_reason", To: []string{attrs.GenAIResponseFinishReasons}, Op: gateway.OpStrings, Yield: true,
		Source: srcOpenLLMetry,
	},
	{
		From: "llm.frequency_penalty", To: []string{"gen_ai.request.frequency_penalty"}, Op: gateway.OpDouble,
		Source: srcOpenLLMetry,
	},
	{From: "llm.presence_penalty", To: []string{"gen_ai.request.presence_penalty"}, Op: gateway.OpDouble, Source: srcOpenLLMetry},
	{From: llmTopK, To: []string{genAIRequestTopK}, Op: gateway.OpDouble, Source: srcOpenLLMetry},
	{
		From: "llm.chat.stop_sequences", To: []string{"gen_ai.request.stop_sequences"}, Op: gateway.OpStrings,
		Source: srcOpenLLMetry,
	},
	{
		From: "llm.request.type", To: []string{attrs.GenAIOperationName}, Op: gateway.OpMap, Yield: true, Values: requestTypes,
		Source: srcOpenLLMetry,
	},
}
