package kong

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	g "github.com/gatehouse-otel/gatehouse/internal/gateway"
)

const (
	serializer = "Kong 3.9.3, kong/pdk/log.lua"
	aiLog      = "Kong Gateway 3.14 documentation, AI audit log reference; Kong 3.9.3, kong/llm/plugin/observability.lua"
	a2aLog     = "Kong Gateway 3.14 documentation, AI A2A Proxy plugin, log output; the names are those of its spans"
)

// serializerRules are of the log serializer, the body of http-log, tcp-log, udp-log, file-log and their like. The reader
// of that format (internal/logline) gives its fields the keys of Enterprise's OTLP access log, for which
// accessRules hold; these are about what that log does not have.
var serializerRules = []g.Rule{
	// The uri is raw, with the query; the url has the port, and its path and query say the same.
	{From: "kong.request.uri", To: []string{attrs.URLPath, attrs.URLQuery}, Op: g.OpTarget, Signals: g.OnLogs, Source: serializer},
	{From: "kong.request.url", To: []string{attrs.URLFull}, Op: g.OpURL, Signals: g.OnLogs, Source: serializer},
	{From: "kong.trace_id", Op: g.OpTraceID, Signals: g.OnLogs, Source: serializer + " (since 3.5)"},
	{From: "kong.correlation_id", To: []string{attrs.GatewayCorrelationID}, Op: g.OpText, Signals: g.OnLogs, Source: "Kong 3.9.3, kong/plugins/correlation-id/handler.lua"},
	{From: "kong.route.path", To: []string{attrs.HTTPRoute}, Op: g.OpText, Signals: g.OnLogs, Source: serializer + ": the route's only path; the root span has the first of several"},

	{From: "kong.tls.version", To: []string{"tls.protocol.version"}, Op: g.OpMap, Signals: g.OnLogs, Values: tlsVersions, Source: serializer},
	{From: "kong.tls.cipher", To: []string{"tls.cipher"}, Op: g.OpText, Signals: g.OnLogs, Source: serializer},
	{From: "kong.tls.client_verify", To: []string{attrs.GatewayTLSClientVerify}, Op: g.OpText, Signals: g.OnLogs, Source: serializer},

	{From: "kong.upstream.tries", To: []string{attrs.GatewayUpstreamAttempts}, Op: g.OpInt, Signals: g.OnLogs, Source: serializer + ": the number of tries"},
	{From: "kong.upstream.ip", To: []string{attrs.GatewayUpstreamAddress}, Op: g.OpAddress, Signals: g.OnLogs, Source: serializer + ": of the last try"},
	{From: "kong.upstream.port", To: []string{attrs.GatewayUpstreamPort}, Op: g.OpPort, Signals: g.OnLogs, Source: serializer + ": of the last try"},

	// Stream sessions. Bytes are nginx' numbers or, for several tries, their sum.
	{From: "kong.session.status", To: []string{attrs.GatewayConnectionStatus}, Op: g.OpInt, Signals: g.OnLogs, Source: serializer},
	{From: "kong.session.received", To: []string{attrs.GatewayConnectionBytesReceived}, Op: g.OpSize, Signals: g.OnLogs, Source: serializer},
	{From: "kong.session.sent", To: []string{attrs.GatewayConnectionBytesSent}, Op: g.OpSize, Signals: g.OnLogs, Source: serializer},
	{From: "kong.session.server_port", To: []string{attrs.ServerPort}, Op: g.OpPort, Dash: true, Signals: g.OnLogs, Source: serializer + `: "" on TLS listeners up to 3.6`},
	{From: "kong.latency.session", To: []string{attrs.GatewayConnectionDuration}, Op: g.OpMillis, Signals: g.OnLogs, Source: serializer},
	{From: "kong.upstream.received", To: []string{attrs.GatewayUpstreamBytesReceived}, Op: g.OpSize, Signals: g.OnLogs, Source: serializer},
	{From: "kong.upstream.sent", To: []string{attrs.GatewayUpstreamBytesSent}, Op: g.OpSize, Signals: g.OnLogs, Source: serializer},
}

// tlsVersions are nginx' names of the versions ($ssl_protocol).
var tlsVersions = map[string]string{"tlsv1": "1.0", "tlsv1.1": "1.1", "tlsv1.2": "1.2", "tlsv1.3": "1.3"}

// aiRules are of the serializer's ai section: the one proxied model call, and MCP and A2A calls where there was one of
// them. Everything else keeps its path behind kong.gen_ai.
var aiRules = []g.Rule{
	{From: "kong.gen_ai.meta.provider_name", To: []string{attrs.GenAIProviderName}, Op: g.OpRename, Dash: true, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.meta.request_model", To: []string{attrs.GenAIRequestModel}, Op: g.OpText, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.meta.response_model", To: []string{attrs.GenAIResponseModel}, Op: g.OpText, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.meta.llm_latency", To: []string{attrs.GatewayGenAIDuration}, Op: g.OpMillis, Signals: g.OnLogs, Source: aiLog},
	// Kong's own name for it, on its metrics.
	{From: "kong.gen_ai.meta.request_mode", To: []string{"kong.gen_ai.request.mode"}, Op: g.OpText, Signals: g.OnLogs, Source: aiLog},

	{From: "kong.gen_ai.usage.prompt_tokens", To: []string{attrs.GenAIUsageInputTokens}, Op: g.OpInt, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.usage.prompt_token", To: []string{attrs.GenAIUsageInputTokens}, Op: g.OpInt, Signals: g.OnLogs, Source: "Kong 3.7.1"},
	{From: "kong.gen_ai.usage.input_tokens", To: []string{attrs.GenAIUsageInputTokens}, Op: g.OpInt, Yield: true, Signals: g.OnLogs, Source: aiLog + " (since 3.11)"},
	{From: "kong.gen_ai.usage.completion_tokens", To: []string{attrs.GenAIUsageOutputTokens}, Op: g.OpInt, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.usage.completion_token", To: []string{attrs.GenAIUsageOutputTokens}, Op: g.OpInt, Signals: g.OnLogs, Source: "Kong 3.7.1"},
	{From: "kong.gen_ai.usage.output_tokens", To: []string{attrs.GenAIUsageOutputTokens}, Op: g.OpInt, Yield: true, Signals: g.OnLogs, Source: aiLog + " (since 3.11)"},
	{From: "kong.gen_ai.usage.total_tokens", Op: g.OpDropIfSum, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.usage.prompt_tokens_details.cached_tokens", To: []string{"gen_ai.usage.cache_read.input_tokens"}, Op: g.OpInt, Signals: g.OnLogs, Source: aiLog + " (since 3.11)"},
	{From: "kong.gen_ai.usage.completion_tokens_details.reasoning_tokens", To: []string{"gen_ai.usage.reasoning.output_tokens"}, Op: g.OpInt, Signals: g.OnLogs, Source: aiLog + " (since 3.11)"},
	{From: "kong.gen_ai.usage.cost", To: []string{attrs.GatewayGenAICost}, Op: g.OpDouble, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.usage.time_per_token", To: []string{attrs.GatewayGenAITimePerOutputToken}, Op: g.OpMillis, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.usage.processing_time", To: []string{attrs.GatewayGenAIDuration}, Op: g.OpMillis, Yield: true, Signals: g.OnLogs, Source: "Kong 3.7.1"},
	{From: "kong.gen_ai.usage.time_to_first_token", To: []string{"gen_ai.response.time_to_first_chunk"}, Op: g.OpMillis, Signals: g.OnLogs, Source: aiLog + " (since 3.12)"},

	{From: "kong.gen_ai.payload.request", To: []string{attrs.GenAIInputMessages}, Op: g.OpContent, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.payload.response", To: []string{attrs.GenAIOutputMessages}, Op: g.OpContent, Signals: g.OnLogs, Source: aiLog},
	// What guardrails blocked, what was taken out, and what MCP and A2A calls carried, under one prefix.
	{From: "kong.gen_ai.content.<key>", Op: g.OpContent, Signals: g.OnLogs, Source: aiLog},

	// Kong's own names on its metrics.
	{From: "kong.gen_ai.cache.cache_status", To: []string{"kong.gen_ai.cache.status"}, Op: g.OpText, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.cache.embeddings_provider", To: []string{"kong.gen_ai.embeddings.provider"}, Op: g.OpText, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.cache.embeddings_model", To: []string{"kong.gen_ai.embeddings.model"}, Op: g.OpText, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.cache.vector_db", To: []string{"kong.gen_ai.vector_db"}, Op: g.OpText, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.cache.fetch_latency", To: []string{attrs.GatewayGenAICacheDuration}, Op: g.OpMillis, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.cache.embeddings_latency", To: []string{attrs.GatewayGenAIEmbeddingsDuration}, Op: g.OpMillis, Signals: g.OnLogs, Source: aiLog},

	{From: "kong.gen_ai.mcp.mcp_session_id", To: []string{"mcp.session.id"}, Op: g.OpText, Signals: g.OnLogs, Source: aiLog + " (since 3.12)"},
	{From: "kong.gen_ai.mcp.rpc.id", To: []string{"jsonrpc.request.id"}, Op: g.OpString, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.mcp.rpc.method", To: []string{attrs.MCPMethodName}, Op: g.OpText, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.mcp.rpc.tool_name", To: []string{attrs.GenAIToolName}, Op: g.OpText, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.mcp.rpc.error", To: []string{attrs.GatewayErrorMessage}, Op: g.OpErrorText, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.mcp.rpc.latency", To: []string{attrs.GatewayMCPDuration}, Op: g.OpMillis, Signals: g.OnLogs, Source: aiLog},
	{From: "kong.gen_ai.mcp.rpc.response_body_size", To: []string{attrs.GatewayMCPResponseSize}, Op: g.OpSize, Signals: g.OnLogs, Source: aiLog},

	{From: "kong.gen_ai.a2a.rpc.id", To: []string{"jsonrpc.request.id"}, Op: g.OpString, Signals: g.OnLogs, Source: a2aLog},
	{From: "kong.gen_ai.a2a.rpc.method", To: []string{"kong.a2a.operation"}, Op: g.OpText, Signals: g.OnLogs, Source: a2aLog},
	{From: "kong.gen_ai.a2a.rpc.binding", To: []string{attrs.RPCSystemName}, Op: g.OpMap, Values: map[string]string{"rest": "kong.a2a.binding=rest"}, Signals: g.OnLogs, Source: a2aLog + ": jsonrpc or rest"},
	{From: "kong.gen_ai.a2a.rpc.task_id", To: []string{"kong.a2a.task.id"}, Op: g.OpText, Signals: g.OnLogs, Source: a2aLog},
	{From: "kong.gen_ai.a2a.rpc.task_state", To: []string{"kong.a2a.task.state"}, Op: g.OpText, Signals: g.OnLogs, Source: a2aLog},
	{From: "kong.gen_ai.a2a.rpc.context_id", To: []string{"kong.a2a.context.id"}, Op: g.OpText, Signals: g.OnLogs, Source: a2aLog},
	{From: "kong.gen_ai.a2a.rpc.error", To: []string{attrs.GatewayErrorMessage}, Op: g.OpErrorText, Signals: g.OnLogs, Source: a2aLog},
	{From: "kong.gen_ai.a2a.rpc.latency", To: []string{attrs.GatewayA2ADuration}, Op: g.OpMillis, Signals: g.OnLogs, Source: a2aLog},
	{From: "kong.gen_ai.a2a.rpc.response_body_size", To: []string{attrs.GatewayA2AResponseSize}, Op: g.OpSize, Signals: g.OnLogs, Source: a2aLog},
}
