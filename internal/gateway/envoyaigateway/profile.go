// Package envoyaigateway holds what Envoy AI Gateway adds to Envoy Gateway: an external processor with
// spans of its own, and access log fields whose names look current and whose values are not.
package envoyaigateway

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	g "github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/envoygateway"
)

const (
	processor = "recorded from Envoy AI Gateway 1.2.0, its external processor"
	accessLog = "recorded from Envoy AI Gateway 1.2.0, the access log of its aigw command"
	backend   = "{" + attrs.GatewayUpstreamBackendNamespace + "}/{" + attrs.GatewayUpstreamBackendName + "}/route/{" +
		attrs.GatewayRouteName + "}/rule/{" + attrs.GatewayRouteRule + "}/ref/{" + attrs.GatewayUpstreamBackendRef + "}"
)

// Profile is Envoy AI Gateway.
var Profile = g.Profile{
	ID:       "envoy-ai-gateway",
	Base:     envoygateway.ID,
	Title:    "Envoy AI Gateway",
	Versions: "1.2.0 recorded",
	Detect: []g.Evidence{
		{In: g.InScope, Equal: "envoyproxy/ai-gateway", Source: processor},
		{In: g.InAttributes, Key: "gen_ai.request.model", And: &g.Evidence{In: g.InAttributes, Key: "upstream_cluster", Prefix: "httproute/"}, Source: accessLog},
		{In: g.InAttributes, Key: "mcp.provider.name", And: &g.Evidence{In: g.InAttributes, Key: "response_code"}, Source: accessLog},
	},
	Attributes: []g.Rule{
		// A backend reference under a name that is meant for the provider.
		{From: attrs.GenAIProviderName, To: []string{attrs.GenAIProviderName}, Op: g.OpPattern, Dash: true, Source: accessLog},
		{From: attrs.GenAIRequestModel, To: []string{attrs.GenAIRequestModel}, Op: g.OpText, Dash: true, Source: accessLog},
		{From: attrs.GenAIResponseModel, To: []string{attrs.GenAIResponseModel}, Op: g.OpText, Dash: true, Source: accessLog},
		{From: attrs.GenAIUsageInputTokens, To: []string{attrs.GenAIUsageInputTokens}, Op: g.OpInt, Dash: true, Source: accessLog},
		{From: attrs.GenAIUsageOutputTokens, To: []string{attrs.GenAIUsageOutputTokens}, Op: g.OpInt, Dash: true, Source: accessLog},
		{From: "gen_ai.usage.reasoning_tokens", To: []string{"gen_ai.usage.reasoning.output_tokens"}, Op: g.OpInt, Dash: true, Source: accessLog},
		{From: "gen_ai.usage.cached_input_tokens", To: []string{"gen_ai.usage.cache_read.input_tokens"}, Op: g.OpInt, Dash: true, Source: accessLog},
		{From: "gen_ai.usage.total_tokens", Op: g.OpDropIfSum, Dash: true, Source: accessLog},
		{From: "mcp.tool.name", To: []string{attrs.GenAIToolName}, Op: g.OpRename, Dash: true, Source: accessLog},
		{From: "mcp.method.name", To: []string{"mcp.method.name"}, Op: g.OpText, Dash: true, Source: accessLog},
		{From: "mcp.session.id", To: []string{"mcp.session.id"}, Op: g.OpText, Dash: true, Source: accessLog},
		{From: "mcp.provider.name", Op: g.OpDropAbsent, Source: accessLog},
		{From: "jsonrpc.request.id", To: []string{"jsonrpc.request.id"}, Op: g.OpText, Dash: true, Source: accessLog},
		// The model that answered, once it is known; the one that was asked for is in the parameters.
		{From: "llm.model_name", To: []string{attrs.GenAIRequestModel}, Op: g.OpModelName, Yield: true, Dash: true, Source: processor},
		{From: "llm.token_count.prompt_details.cache_creation", To: []string{"gen_ai.usage.cache_creation.input_tokens"}, Op: g.OpInt, Source: processor},
		{From: "embedding.invocation_parameters", Op: g.OpParams, Source: processor},
		{From: "embedding.embeddings.<key>", To: []string{""}, Op: g.OpContent, Source: processor},
	},
	Patterns: []g.Pattern{
		{Key: attrs.GenAIProviderName, Text: backend, Source: accessLog},
	},
	Spans: g.SpanFacts{
		GenAINames:             []string{"ChatCompletion", "CreateEmbeddings", "Completion", "CreateImage", "Rerank"},
		RequestedModelInParams: true,
	},
}
