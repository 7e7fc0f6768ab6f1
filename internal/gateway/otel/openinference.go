package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// OpenInference are the attributes of OpenInference, which some gateways send as well.
var OpenInference = []gateway.Rule{
	// Who hosts the model wins over whose family it is, llm.system.
	{
		From: "llm.provider", To: []string{attrs.GenAIProviderName}, Op: gateway.OpMap, Values: genAIProviders,
		Source: srcOpenInference,
	},
	// Empty when the request named no model.
	{From: "llm.request.model", To: []string{attrs.GenAIRequestModel}, Dash: true, Source: srcOpenLLMetry},
	{From: "llm.response.model", To: []string{attrs.GenAIResponseModel}, Dash: true, Source: srcOpenLLMetry},

	{From: "llm.model_name", To: []string{attrs.GenAIRequestModel}, Yield: true, Source: srcOpenInference},
	{From: "llm.request.model_name", To: []string{attrs.GenAIRequestModel}, Source: srcOpenInference},
	{From: "llm.response.model_name", To: []string{attrs.GenAIResponseModel}, Source: srcOpenInference},
	{From: "llm.token_count.prompt", To: []string{attrs.GenAIUsageInputTokens}, Op: gateway.OpInt, Source: srcOpenInference},
	{From: "llm.token_count.completion", To: []string{attrs.GenAIUsageOutputTokens}, Op: gateway.OpInt, Source: srcOpenInference},
	{
		From: "llm.token_count.prompt_details.cache_read", To: []string{genAIUsageCacheRead}, Op: gateway.OpInt,
		Source: srcOpenInference,
	},
	{From: openInferenceCacheWrite, To: []string{genAIUsageCacheCreation}, Op: gateway.OpInt, Source: srcOpenInference},
	{
		From: "llm.token_count.completion_details.reasoning", To: []string{genAIUsageReasoning}, Op: gateway.OpInt,
		Source: srcOpenInference,
	},

	// Everybody calls something a tool or an agent: only beside the key that says whose word it is.
	{From: "tool.name", To: []string{attrs.GenAIToolName}, With: openInferenceSpanKind, Source: srcOpenInference},
	{From: "tool.id", To: []string{"gen_ai.tool.call.id"}, With: openInferenceSpanKind, Source: srcOpenInference},
	{From: "tool.description", To: []string{"gen_ai.tool.description"}, With: openInferenceSpanKind, Source: srcOpenInference},
	{From: "agent.name", To: []string{attrs.GenAIAgentName}, With: openInferenceSpanKind, Source: srcOpenInference},
	{From: "embedding.model_name", To: []string{attrs.GenAIRequestModel}, Yield: true, Source: srcOpenInference},
	// session.id is a name of the conventions too (a client's session): copied, never moved.
	{
		From: "session.id", To: []string{genAIConversationID}, Yield: true, Keep: true, With: openInferenceSpanKind,
		Option: OptionSession, Source: srcOpenInference,
	},

	{
		From: "llm.system", To: []string{attrs.GenAIProviderName}, Op: gateway.OpMap, Yield: true, Values: genAIProviders,
		Source: srcOpenInference,
	},
	{From: "llm.token_count.total", Op: gateway.OpDropIfSum, Source: srcOpenInference},
	// Back ends of OpenInference live on this key: it stays.
	{
		From: openInferenceSpanKind, To: []string{attrs.GenAIOperationName}, Op: gateway.OpMap, Yield: true, Keep: true,
		Values: openInferenceKinds, Source: srcOpenInference,
	},
	// Stays when it holds more than the parameters that have a name.
	{From: "llm.invocation_parameters", Op: gateway.OpParams, Source: srcOpenInference},
	{From: "llm.finish_reason", To: []string{attrs.GenAIResponseFinishReasons}, Op: gateway.OpStrings, Source: srcOpenInference},

	{From: "llm.input_messages.<key>", To: []string{attrs.GenAIInputMessages}, Op: gateway.OpContent, Source: srcOpenInference},
	{From: "llm.output_messages.<key>", To: []string{attrs.GenAIOutputMessages}, Op: gateway.OpContent, Source: srcOpenInference},
	{From: "llm.tools.<key>", To: []string{attrs.GenAIToolDefinitions}, Op: gateway.OpContent, Source: srcOpenInference},
	{From: "input.value", To: []string{attrs.GenAIInputMessages}, Op: gateway.OpContent, Yield: true, Source: srcOpenInference},
	{From: "output.value", To: []string{attrs.GenAIOutputMessages}, Op: gateway.OpContent, Yield: true, Source: srcOpenInference},
}
