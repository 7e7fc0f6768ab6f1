package gateway

import "github.com/gatehouse-otel/gatehouse/internal/attrs"

// conventions mends attributes that are already under their current name but not in its type or shape. It
// applies to every gateway behind its own rules: Envoy's planned switch to current names keeps strings, users
// of kgateway choose current names for text values, Traefik leaves a port inside server.address.
//
// The official migrations come after it, so nothing here may be an old name.
var conventions = Profile{
	ID: "conventions",
	Attributes: []Rule{
		self(attrs.HTTPRequestMethod, OpMethod, attrs.HTTPRequestMethodOriginal),
		self(attrs.HTTPResponseStatusCode, OpStatus),
		self(attrs.HTTPRequestResendCount, OpIntNonzero),
		self(attrs.HTTPRequestBodySize, OpSize),
		self(attrs.HTTPResponseBodySize, OpSize),
		self(attrs.HTTPRequestSize, OpSize),
		self(attrs.HTTPResponseSize, OpSize),
		self(attrs.HTTPRoute, OpText),
		self(attrs.UserAgentOriginal, OpText),
		self(attrs.URLScheme, OpLower),
		self(attrs.URLPath, OpTarget),
		self(attrs.URLQuery, OpQuery),
		self(attrs.URLFull, OpURL),
		self(attrs.ServerAddress, OpAddress, attrs.ServerPort),
		self(attrs.ServerPort, OpPort),
		self(attrs.ClientAddress, OpAddress, attrs.ClientPort),
		self(attrs.ClientPort, OpPort),
		self(attrs.NetworkPeerAddress, OpAddress, attrs.NetworkPeerPort),
		self(attrs.NetworkPeerPort, OpPort),
		self(attrs.NetworkLocalAddress, OpAddress, attrs.NetworkLocalPort),
		self(attrs.NetworkLocalPort, OpPort),
		self(attrs.NetworkProtocolVersion, OpFlavor),
		self(attrs.NetworkProtocolName, OpLower),
		self(attrs.RPCStatusCode, OpString),
		{From: attrs.RPCMethod, To: []string{attrs.RPCMethod}, Op: OpRPCMethod},
		{From: attrs.HTTPRequestHeader + "<key>", To: []string{attrs.HTTPRequestHeader + "<key>"}, Op: OpHeader},
		{From: attrs.HTTPResponseHeader + "<key>", To: []string{attrs.HTTPResponseHeader + "<key>"}, Op: OpHeader},

		self("gen_ai.usage.cache_creation.input_tokens", OpInt),
		self("gen_ai.usage.cache_read.input_tokens", OpInt),
		self("gen_ai.usage.reasoning.output_tokens", OpInt),
		self(attrs.GenAIUsageInputTokens, OpInt),
		self(attrs.GenAIUsageOutputTokens, OpInt),
		self("gen_ai.request.max_tokens", OpInt),
		self("gen_ai.request.seed", OpInt),
		self("gen_ai.request.choice.count", OpInt),
		self("gen_ai.embeddings.dimension.count", OpInt),
		self("gen_ai.request.temperature", OpDouble),
		self("gen_ai.request.top_p", OpDouble),
		self("gen_ai.request.top_k", OpDouble),
		self("gen_ai.request.frequency_penalty", OpDouble),
		self("gen_ai.request.presence_penalty", OpDouble),
		self("gen_ai.request.stream", OpBool),
		self(attrs.GenAIResponseFinishReasons, OpStrings),
		self("gen_ai.request.stop_sequences", OpStrings),
		self(attrs.GenAIRequestModel, OpText),
		self(attrs.GenAIResponseModel, OpText),
		self(attrs.GenAIInputMessages, OpContent),
		self(attrs.GenAIOutputMessages, OpContent),
		self(attrs.GenAISystemInstructions, OpContent),
		self(attrs.GenAIToolDefinitions, OpContent),
		self("gen_ai.tool.call.arguments", OpContent),
		self("gen_ai.tool.call.result", OpContent),
	},
}

// self is a rule for a key that keeps its name.
func self(key string, op Op, more ...string) Rule {
	return Rule{From: key, To: append([]string{key}, more...), Op: op, Official: true}
}
