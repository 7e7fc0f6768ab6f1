// Package agentgateway holds the facts about agentgateway's spans, OTLP access logs and stdout lines. One key
// list serves all three.
package agentgateway

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	g "github.com/gatehouse-otel/gatehouse/internal/gateway"
)

const (
	keys     = "agentgateway 1.4.1, crates/agentgateway/src/telemetry/log.rs"
	oldKeys  = "agentgateway 0.6 to 0.9, crates/agentgateway/src/telemetry/log.rs"
	midKeys  = "agentgateway 0.10 to 1.0, crates/agentgateway/src/telemetry/log.rs"
	tracing  = "agentgateway 1.4.1, crates/agentgateway/src/telemetry/trc.rs"
	stdout   = "agentgateway 1.4.1, crates/core/src/telemetry.rs and telemetry/date.rs"
	instance = "agentgateway 1.4.1, crates/core/src/env.rs"
)

// Profile is agentgateway.
var Profile = g.Profile{
	ID:       "agentgateway",
	Title:    "agentgateway",
	Versions: "0.9.0, 1.4.1 and main of 2026-08 recorded; 0.6 to 1.4.1 from sources",
	Detect: []g.Evidence{
		{In: g.InScope, Equal: "agentgateway", Source: tracing},
		// Up to 1.0.0 the scope is the service's name; log records have the scope "request".
		{In: g.InAttributes, Key: "src.addr", And: &g.Evidence{In: g.InAttributes, Key: "http.path"}, Source: keys},
		{In: g.InAttributes, Key: "src.addr", And: &g.Evidence{In: g.InAttributes, Key: "gateway"}, Source: keys},
		{In: g.InAttributes, Key: "agentgateway.outbound.kind", Source: "agentgateway main 75b4e6ce"},
		{In: g.InScope, Equal: "request", And: &g.Evidence{In: g.InAttributes, Key: "duration"}, Source: keys},
	},
	Attributes: concat(request, identity, model, jsonLine),
	Patterns: []g.Pattern{
		{Key: "gateway", Text: "bind/{" + attrs.GatewayListenerPort + "}", Source: oldKeys + ": standalone"},
		{Key: "gateway", Text: "{" + attrs.GatewayNamespace + "}/{" + attrs.GatewayName + "}", Source: keys},
		{Key: "gateway", Text: "{" + attrs.GatewayName + "}", Source: keys},
		{Key: "route", Text: "{" + attrs.GatewayRouteNamespace + "}/{" + attrs.GatewayRouteName + "}", Source: keys},
		{Key: "route", Text: "{" + attrs.GatewayRouteName + "}", Source: oldKeys},
		{Key: "route_rule", Text: "{}/{" + attrs.GatewayRouteRule + "...}", Source: keys},
		{Key: "resource:service.instance.id", Text: "agentgateway~{" + "k8s.pod.ip" + "}~{" + attrs.K8SPodName + "...}.{" + attrs.K8SNamespaceName + "}~{}", Source: instance},
	},
	Spans: g.SpanFacts{
		Names: []string{"unknown"},
		// Up to 0.10.2 the name is the method and the raw path with its query; then the route's path match.
		RawPathNames:       true,
		RawPathBefore:      "0.10.3",
		NoStatusNoResponse: true,
	},
	Logs: g.LogFacts{
		Bodies:        []g.Body{g.BodyAgentgatewayText},
		SeverityFixed: true, // always INFO
		TimeObserved:  true, // timeUnixNano is 0
	},
}

func concat(rules ...[]g.Rule) (out []g.Rule) {
	for _, r := range rules {
		out = append(out, r...)
	}
	return out
}

var request = []g.Rule{
	{From: "http.status", To: []string{attrs.HTTPResponseStatusCode}, Op: g.OpStatus, Source: keys},
	{From: "http.path", To: []string{attrs.URLPath, attrs.URLQuery}, Op: g.OpTarget, Source: keys + ": with the query"},
	{From: "http.version", To: []string{attrs.NetworkProtocolName, attrs.NetworkProtocolVersion}, Op: g.OpFlavor, Source: keys},
	{From: "src.addr", To: []string{attrs.NetworkPeerAddress, attrs.NetworkPeerPort}, Op: g.OpHostPort, Source: keys + ": the socket's peer"},
	{From: "grpc.status", To: []string{attrs.RPCStatusCode}, Op: g.OpGRPCCode, Source: keys},
	{From: "tls.sni", To: []string{attrs.ServerAddress}, Op: g.OpAddress, Yield: true, Source: keys},
	{From: "retry.attempt", To: []string{attrs.HTTPRequestResendCount}, Op: g.OpIntNonzero, Source: keys + ": 0-based"},
	{From: "error", To: []string{attrs.GatewayErrorMessage}, Op: g.OpErrorText, Source: keys},
	{From: "reason", To: []string{attrs.GatewayResponseReason}, Op: g.OpErrorType, Source: keys},
	// On spans too: up to 1.0.0 a span begins when the connection was accepted.
	{From: "duration", To: []string{attrs.GatewayRequestDuration}, Op: g.OpDuration, Source: keys + `: "3165ms"`},
	{From: "trace.id", Op: g.OpTraceID, Source: keys},
	{From: "span.id", Op: g.OpSpanID, Source: keys},
}

var identity = []g.Rule{
	{From: "gateway", Op: g.OpPattern, Source: keys},
	{From: "listener", To: []string{attrs.GatewayListenerName}, Op: g.OpRename, Source: keys},
	{From: "route", Op: g.OpPattern, Source: keys},
	{From: "route_rule", Op: g.OpPattern, Source: keys},
	{From: "endpoint", To: []string{attrs.GatewayUpstreamAddress, attrs.GatewayUpstreamPort}, Op: g.OpHostPort, Source: keys},
	{From: "protocol", To: []string{attrs.GatewayUpstreamProtocol}, Op: g.OpRename, Source: keys},
	{From: "inferencepool.selected_endpoint", Op: g.OpKeep, Source: keys},
	{From: "jwt.sub", To: []string{"user.id"}, Op: g.OpRename, Option: "pii", Source: keys},
}

var model = []g.Rule{
	{From: "llm.request.tokens", To: []string{attrs.GenAIUsageInputTokens}, Op: g.OpInt, Source: oldKeys},
	{From: "llm.response.tokens", To: []string{attrs.GenAIUsageOutputTokens}, Op: g.OpInt, Source: oldKeys},
	{From: "llm.request.model", To: []string{attrs.GenAIRequestModel}, Op: g.OpText, Source: oldKeys},
	{From: "llm.response.model", To: []string{attrs.GenAIResponseModel}, Op: g.OpText, Source: oldKeys},
	{From: "gen_ai.request.encoding_formats", To: []string{"gen_ai.request.encoding_formats"}, Op: g.OpStrings, Source: keys},
	{From: "mcp.method", To: []string{attrs.MCPMethodName}, Op: g.OpRename, Source: midKeys},
	{From: "mcp.tool", To: []string{attrs.GenAIToolName}, Op: g.OpRename, Source: oldKeys},
	{From: "mcp.resource.type", Op: g.OpMCPType, Source: midKeys},
	{From: "mcp.resource.name", Op: g.OpMCPResource, Source: midKeys},
	{From: "mcp.resource", Op: g.OpMCPResource, Source: midKeys},
	{From: "mcp.error.code", To: []string{attrs.RPCStatusCode}, Op: g.OpJSONRPCError, Source: keys},
	{From: "mcp.error.message", To: []string{attrs.GatewayErrorMessage}, Op: g.OpErrorText, Source: keys},
	{From: "agw.ai.time_to_first_token", To: []string{"gen_ai.response.time_to_first_chunk"}, Op: g.OpSeconds, Source: "agentgateway main 75b4e6ce: seconds"},
	// Decimal text, in the currency of the price list.
	{From: "agw.ai.usage.cost.<key>", To: []string{"agw.ai.usage.cost.<key>"}, Op: g.OpKeep, Source: keys},
}

// jsonLine is what a JSON line of stdout has around the list.
var jsonLine = []g.Rule{
	{From: "time", Op: g.OpTimeMicros, Signals: g.OnLogs, Source: stdout},
	{From: "level", Op: g.OpDrop, Signals: g.OnLogs, Source: stdout},
	{From: "scope", Op: g.OpDrop, Signals: g.OnLogs, Source: stdout},
}
