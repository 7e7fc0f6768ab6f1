package tyk

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// logRules are about the access log, JSON lines of logrus. Which fields there are is the operator's choice.
// api_key (obfuscated or hashed), api_type, org_id, error_source and error_target have no name in any
// convention and stay; so do level and prefix, which every line of the gateway has, and upstream_addr
// (upstream_address in older versions): it is a URL without userinfo and query, the only place of the
// upstream's path.
var logRules = []gateway.Rule{
	// The request. path is the upstream's after rewriting, original_path what the client asked for; older
	// versions have only path.
	{
		From: "method", To: []string{attrs.HTTPRequestMethod, attrs.HTTPRequestMethodOriginal},
		Op: gateway.OpMethod, Signals: gateway.OnLogs, Source: srcRecord,
	},
	{
		From: "original_path", To: []string{attrs.URLPath, attrs.URLQuery},
		Op: gateway.OpTarget, Signals: gateway.OnLogs, Dash: true, Source: srcRecord,
	},
	{
		From: "path", To: []string{attrs.URLPath, attrs.URLQuery},
		Op: gateway.OpTarget, Signals: gateway.OnLogs, Yield: true, Dash: true, Source: srcRecord,
	},
	{
		From: "protocol", To: []string{attrs.NetworkProtocolName, attrs.NetworkProtocolVersion},
		Op: gateway.OpFlavor, Signals: gateway.OnLogs, Source: srcRecord,
	},
	{
		From: "host", To: []string{attrs.ServerAddress, attrs.ServerPort},
		Op: gateway.OpHostPort, Signals: gateway.OnLogs, Source: srcRecord,
	},
	{
		From: "client_ip", To: []string{attrs.ClientAddress},
		Op: gateway.OpFirstIP, Signals: gateway.OnLogs, Dash: true, Source: srcRecord,
	},
	{
		From: "remote_addr", To: []string{attrs.NetworkPeerAddress, attrs.NetworkPeerPort},
		Op: gateway.OpHostPort, Signals: gateway.OnLogs, Dash: true, Source: srcRecord,
	},
	{
		From: "user_agent", To: []string{attrs.UserAgentOriginal},
		Signals: gateway.OnLogs, Dash: true, Source: srcRecord,
	},

	// The response, and what the gateway thinks of it.
	{
		From: "status", To: []string{attrs.HTTPResponseStatusCode},
		Op: gateway.OpStatus, Signals: gateway.OnLogs, Source: srcRecord,
	},
	{
		From: "response_flag", To: []string{attrs.GatewayResponseReason},
		Op: gateway.OpErrorType, Signals: gateway.OnLogs, Dash: true, Source: srcRecord,
	},
	{
		From: "response_code_details", To: []string{attrs.GatewayResponseDetails},
		Signals: gateway.OnLogs, Dash: true, Source: srcRecord,
	},
	{
		From: "latency_total", To: []string{attrs.GatewayRequestDuration},
		Op: gateway.OpMillis, Signals: gateway.OnLogs, Source: srcRecord,
	},
	{
		From: "latency_gateway", To: []string{attrs.GatewayProcessingDuration},
		Op: gateway.OpMillis, Signals: gateway.OnLogs, Source: srcRecord,
	},
	{
		From: "upstream_latency", To: []string{attrs.GatewayUpstreamDuration},
		Op: gateway.OpMillis, Signals: gateway.OnLogs, Source: srcRecord,
	},

	// Routing.
	{
		From: "api_id", To: []string{attrs.GatewayRouteID},
		Signals: gateway.OnLogs, Dash: true, Source: srcRecord,
	},
	{
		From: "api_name", To: []string{attrs.GatewayRouteName},
		Signals: gateway.OnLogs, Dash: true, Source: srcRecord,
	},
	{
		From: "upstream_status", To: []string{attrs.GatewayUpstreamStatusCode},
		Op: gateway.OpIntNonzero, Signals: gateway.OnLogs, Dash: true, Source: srcRecord,
	},

	// MCP. Two sets of keys were in use one after the other; a primitive's name is a tool's only when
	// mcp_primitive_type says so, which a rule cannot ask, so it stays.
	{
		From: "mcp_method", To: []string{attrs.MCPMethodName},
		Signals: gateway.OnLogs, Dash: true, Source: srcRecord,
	},
	{
		From: "mcp_error_code", To: []string{attrs.RPCStatusCode},
		Op: gateway.OpString, Signals: gateway.OnLogs, Dash: true, Source: srcRecord,
	},
	{
		From: "jsonrpc_method", To: []string{attrs.MCPMethodName},
		Signals: gateway.OnLogs, Yield: true, Dash: true, Source: srcRPC,
	},
	{
		From: "jsonrpc_id", To: []string{"jsonrpc.request.id"},
		Op: gateway.OpString, Signals: gateway.OnLogs, Dash: true, Source: srcRPC,
	},
	{
		From: "jsonrpc_error_code", To: []string{attrs.RPCStatusCode},
		Op: gateway.OpString, Signals: gateway.OnLogs, Yield: true, Dash: true, Source: srcRPC,
	},
	{
		From: "jsonrpc_error_message", To: []string{attrs.GatewayErrorMessage},
		Op: gateway.OpErrorText, Signals: gateway.OnLogs, Source: srcRPC,
	},
	{
		From: "mcp_tool", To: []string{attrs.GenAIToolName},
		Signals: gateway.OnLogs, Dash: true, Source: srcRPC,
	},
	{
		From: "mcp_prompt", To: []string{attrs.GenAIPromptName},
		Signals: gateway.OnLogs, Dash: true, Source: srcRPC,
	},
	{
		From: "mcp_resource", To: []string{attrs.MCPResourceURI},
		Signals: gateway.OnLogs, Dash: true, Source: srcRPC,
	},
	{
		From: "mcp_session_id", To: []string{"mcp.session.id"},
		Signals: gateway.OnLogs, Dash: true, Source: srcRPC,
	},

	// Time and trace.
	{
		From: "time", Op: gateway.OpTime, Signals: gateway.OnLogs,
		Source: "Tyk 0153087f3600, log/log.go: RFC 3339 in the JSON format",
	},
	{From: "msg", Op: gateway.OpDropAbsent, Signals: gateway.OnLogs, Dash: true, Source: srcRecord},
	{From: "trace_id", Op: gateway.OpTraceID, Signals: gateway.OnLogs, Source: srcRecord},
}
