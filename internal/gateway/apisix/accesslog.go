package apisix

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// logRules are about the entries of the logger plugins (http-logger, file-logger, kafka-logger and their
// like), which share one JSON form. Nested objects arrive flattened: {"response":{"status":200}} is
// "response.status".
//
// Request and response bodies, server.hostname, server.version and consumer.username stay under their names.
var logRules = []gateway.Rule{
	// The request. url is made of Host header and listening port; uri is the raw target.
	{
		From: "request.url", To: []string{attrs.URLFull},
		Op: gateway.OpURL, Signals: gateway.OnLogs, Source: srcLogUtil,
	},
	{
		From: "request.uri", To: []string{attrs.URLPath, attrs.URLQuery},
		Op: gateway.OpTarget, Signals: gateway.OnLogs, Source: srcLogUtil,
	},
	{
		From: "request.method", To: []string{attrs.HTTPRequestMethod, attrs.HTTPRequestMethodOriginal},
		Op: gateway.OpMethod, Signals: gateway.OnLogs, Source: srcLogUtil,
	},
	// The query once more, argument by argument, where redaction would not find its secrets.
	{
		From: "request.querystring.<key>", Op: gateway.OpDrop,
		Signals: gateway.OnLogs, Source: srcLogUtil,
	},
	// Sizes are nginx' $request_length and $bytes_sent: with headers.
	{
		From: "request.size", To: []string{attrs.HTTPRequestSize},
		Op: gateway.OpSize, Signals: gateway.OnLogs, Source: srcLogUtil,
	},
	{
		From: "request.headers.user-agent", To: []string{attrs.UserAgentOriginal},
		Op: gateway.OpString, Signals: gateway.OnLogs, Dash: true, Source: srcLogUtil,
	},
	{
		From: "request.headers.<key>", To: []string{attrs.HTTPRequestHeader + "<key>"},
		Op: gateway.OpHeader, Signals: gateway.OnLogs, Source: srcLogUtil,
	},
	{
		From: "client_ip", To: []string{attrs.ClientAddress, attrs.ClientPort},
		Op: gateway.OpAddress, Signals: gateway.OnLogs, Dash: true, Source: srcLogUtil,
	},

	// The response.
	{
		From: "response.status", To: []string{attrs.HTTPResponseStatusCode},
		Op: gateway.OpStatus, Signals: gateway.OnLogs, Source: srcLogUtil,
	},
	{
		From: "response.size", To: []string{attrs.HTTPResponseSize},
		Op: gateway.OpSize, Signals: gateway.OnLogs, Source: srcLogUtil,
	},
	{
		From: "response.headers.<key>", To: []string{attrs.HTTPResponseHeader + "<key>"},
		Op: gateway.OpHeader, Signals: gateway.OnLogs, Source: srcLogUtil,
	},

	// Milliseconds with a fraction.
	{
		From: "latency", To: []string{attrs.GatewayRequestDuration},
		Op: gateway.OpMillis, Signals: gateway.OnLogs, Source: srcLogUtil,
	},
	{
		From: "upstream_latency", To: []string{attrs.GatewayUpstreamDuration},
		Op: gateway.OpMillis, Signals: gateway.OnLogs, Source: srcLogUtil,
	},
	{
		From: "apisix_latency", To: []string{attrs.GatewayProcessingDuration},
		Op: gateway.OpMillis, Signals: gateway.OnLogs, Source: srcLogUtil,
	},

	// Routing. Without a route service_id holds the host, so it is not trusted as the service.
	{
		From: "route_id", To: []string{attrs.GatewayRouteID},
		Signals: gateway.OnLogs, Dash: true, Source: srcLogUtil,
	},
	{
		From: "service_id", Op: gateway.OpDropAbsent,
		Signals: gateway.OnLogs, Dash: true, Source: srcLogUtil,
	},
	{
		From: "upstream", To: []string{attrs.GatewayUpstreamAddress, attrs.GatewayUpstreamPort},
		Op: gateway.OpHostPort, Signals: gateway.OnLogs, Dash: true, Source: srcLogUtil,
	},

	// Time and trace. host and @timestamp are in the default of a custom format; the three variables exist
	// when the opentelemetry plugin sets them.
	{From: "start_time", Op: gateway.OpTimeMillis, Signals: gateway.OnLogs, Source: srcLogUtil},
	{From: "@timestamp", Op: gateway.OpTime, Signals: gateway.OnLogs, Dash: true, Source: srcLogUtil},
	{
		From: "host", To: []string{attrs.ServerAddress, attrs.ServerPort},
		Op: gateway.OpHostPort, Signals: gateway.OnLogs, Dash: true, Source: srcLogUtil,
	},
	{From: "opentelemetry_trace_id", Op: gateway.OpTraceID, Signals: gateway.OnLogs, Dash: true, Source: srcPlugin},
	{From: "opentelemetry_span_id", Op: gateway.OpSpanID, Signals: gateway.OnLogs, Dash: true, Source: srcPlugin},
	{
		From: "opentelemetry_context_traceparent", Op: gateway.OpTraceparent,
		Signals: gateway.OnLogs, Dash: true, Source: srcPlugin,
	},
}
