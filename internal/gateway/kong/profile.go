// Package kong holds the facts about Kong Gateway's OpenTelemetry and Zipkin plugins, its OTLP logs, its log serializer
// (http-log and its like) and its nginx access log.
package kong

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	g "github.com/gatehouse-otel/gatehouse/internal/gateway"
)

const (
	tracing = "Kong 3.9.3, kong/observability/tracing/instrumentation.lua"
	encoder = "Kong 3.9.3, kong/observability/otlp/init.lua: every Lua number but http.status_code is a double"
	runtime = "Kong 3.9.3, kong/observability/logs.lua"
	zipkin  = "Kong 3.9.3, kong/plugins/zipkin/handler.lua and span.lua"
	access  = "Kong Gateway 3.14 documentation, OpenTelemetry plugin, access logs"
	nginx   = "Kong 3.9.3, kong/templates/nginx_kong.lua, kong_log_format"
	stream  = "Kong 3.9.3, kong.conf.default, proxy_stream_access_log"
)

// Profile is Kong Gateway, open source and Enterprise.
var Profile = g.Profile{
	ID:       "kong",
	Title:    "Kong Gateway",
	Versions: "3.4.2, 3.8.1 and 3.9.3 recorded; Enterprise 3.13 to 3.15 from documentation",
	Detect: []g.Evidence{
		{In: g.InScope, Equal: "kong-internal", Source: tracing},
		{In: g.InScope, Equal: "api-access", And: &g.Evidence{In: g.InAttributes, Key: "kong.request.id"}, Source: access},
		{In: g.InAttributes, Key: "kong.request.id", Source: tracing + "; " + nginx},
		{In: g.InScope, Equal: "github.com/gatehouse-otel/gatehouse/receiver/konglogreceiver", Source: "receiver/konglogreceiver"},
		{In: g.InAttributes, Key: "kong.subsystem", Source: access + "; internal/logline, kong_json"},
		{In: g.InAttributes, Key: "stream_protocol", And: &g.Evidence{In: g.InAttributes, Key: "session_time"}, Source: stream},
		{In: g.InAttributes, Key: "kong.node.id", Source: zipkin},
		{In: g.InAttributes, Key: "kong.route", Source: zipkin},
		{In: g.InAttributes, Key: "kong.service", Source: zipkin},
		{In: g.InAttributes, Key: "kong.balancer.try", Source: zipkin},
		{In: g.InAttributes, Key: "lc", Equal: "kong", Source: zipkin},
	},
	Attributes: concat(spanRules, zipkinRules, accessRules, serializerRules, aiRules, nginxRules),
	Patterns: []g.Pattern{
		{Key: "kong.service.name", Text: "{" + attrs.GatewayUpstreamServiceName + "}", Source: access},
		{Key: "kong.route.name", Text: "{" + attrs.GatewayRouteName + "}", Source: access},
		{Key: "kong.service_name", Text: "{" + attrs.GatewayUpstreamServiceName + "}", Source: zipkin},
		{Key: "kong.route_name", Text: "{" + attrs.GatewayRouteName + "}", Source: zipkin},
	},
	Spans: g.SpanFacts{
		Names: []string{"kong", "kong.balancer", "kong.internal.request"},
		// 3.0 to 3.2 named the root "GET /path"; zipkin does with http_span_name=method_path.
		RawPathNames:       true,
		GenAINames:         []string{"kong.gen_ai"},
		NoStatusNoResponse: true,
		FillClients:        []string{"kong.balancer"},
	},
}

func concat(rules ...[]g.Rule) (out []g.Rule) {
	for _, r := range rules {
		out = append(out, r...)
	}
	return out
}

// spanRules are of the OpenTelemetry plugin. Its http.* and net.* keys are official old names and need none.
var spanRules = []g.Rule{
	{From: "try_count", To: []string{attrs.HTTPRequestResendCount}, Op: g.OpTry, Source: tracing + ": 1-based; " + encoder},
	{From: "dns.record.port", To: []string{"dns.record.port"}, Op: g.OpInt, Source: encoder},
	{From: "introspection.current.line", To: []string{"introspection.current.line"}, Op: g.OpInt, Source: runtime + "; " + encoder},
	{From: "db.system", To: []string{attrs.DBSystemName}, Op: g.OpMap, Values: map[string]string{"postgres": "postgresql"}, Source: tracing + ": the strategy's name in Kong"},
	// The balancer's target: its name, and the socket of this try.
	{From: "net.peer.port", To: []string{attrs.ServerPort, attrs.NetworkPeerPort}, Op: g.OpPort, Kinds: g.KindClient, Source: tracing + "; " + encoder},
	// Kong's request id is its own; request.id on runtime logs is the same value.
	{From: "kong.request.id", Op: g.OpDropAbsent, Source: tracing + " (since 3.5)"},
	{From: "request.id", To: []string{"kong.request.id"}, Op: g.OpRename, Dash: true, Signals: g.OnLogs, Source: runtime},
	{From: "http.proxy", Op: g.OpKeep, Source: tracing},
}

// zipkinRules are of the Zipkin plugin, whose tags are all strings.
var zipkinRules = []g.Rule{
	{From: "http.path", To: []string{attrs.URLPath, attrs.URLQuery}, Op: g.OpTarget, Source: zipkin},
	{From: "http.protocol", To: []string{attrs.NetworkProtocolName, attrs.NetworkProtocolVersion}, Op: g.OpFlavor, Source: zipkin},
	{From: "kong.balancer.try", To: []string{attrs.HTTPRequestResendCount}, Op: g.OpTry, Source: zipkin},
	{From: "kong.route_name", Op: g.OpKeep, Source: zipkin},
	{From: "kong.service_name", Op: g.OpKeep, Source: zipkin},
	{From: "lc", Op: g.OpKeep, Source: zipkin},
}

// accessRules are of Enterprise access logs. Their durations are milliseconds, unlike those of the metrics
// with the same names.
var accessRules = []g.Rule{
	{From: "url.domain", To: []string{attrs.ServerAddress}, Op: g.OpAddress, Signals: g.OnLogs, Source: access},
	{From: "url.port", To: []string{attrs.ServerPort}, Op: g.OpPort, Signals: g.OnLogs, Source: access},
	{From: "kong.request.started_at", To: []string{"kong.request.started_at"}, Op: g.OpInt, Signals: g.OnLogs, Source: access + ": epoch milliseconds"},
	{From: "kong.latency.total", To: []string{attrs.GatewayRequestDuration}, Op: g.OpMillis, Signals: g.OnLogs, Source: access},
	{From: "kong.latency.internal", To: []string{attrs.GatewayProcessingDuration}, Op: g.OpMillis, Signals: g.OnLogs, Source: access},
	{From: "kong.latency.upstream", To: []string{attrs.GatewayUpstreamDuration}, Op: g.OpMillis, Signals: g.OnLogs, Source: access},
	{From: "kong.latency.receive", To: []string{attrs.GatewayUpstreamReceiveDuration}, Op: g.OpMillis, Signals: g.OnLogs, Source: access},
	{From: "kong.latency.client", To: []string{attrs.GatewayClientDuration}, Op: g.OpMillis, Signals: g.OnLogs, Source: access},
	{From: "kong.latency.third_party.total", To: []string{attrs.GatewayThirdPartyDuration}, Op: g.OpMillis, Signals: g.OnLogs, Source: access},
	{From: "kong.latency.third_party.dns", To: []string{"gateway.third_party.dns.duration"}, Op: g.OpMillis, Signals: g.OnLogs, Source: access},
	{From: "kong.latency.third_party.http_client", To: []string{"gateway.third_party.http_client.duration"}, Op: g.OpMillis, Signals: g.OnLogs, Source: access},
	{From: "kong.latency.third_party.redis", To: []string{"gateway.third_party.redis.duration"}, Op: g.OpMillis, Signals: g.OnLogs, Source: access},
	{From: "kong.latency.third_party.socket", To: []string{"gateway.third_party.socket.duration"}, Op: g.OpMillis, Signals: g.OnLogs, Source: access},
	{From: "kong.response.source", To: []string{attrs.GatewayResponseSource}, Op: g.OpRename, Signals: g.OnLogs, Source: access},
	{From: "kong.upstream.uri", To: []string{attrs.GatewayUpstreamURI}, Op: g.OpURL, Signals: g.OnLogs, Source: access},
	// A list such as "502, 200" on retries, up to 3.13.0.0.
	{From: "kong.upstream.status_code", To: []string{attrs.GatewayUpstreamStatusCode}, Op: g.OpLastStatus, Signals: g.OnLogs, Source: access},
	{From: "kong.service.name", Op: g.OpKeep, Source: access},
	{From: "kong.route.name", Op: g.OpKeep, Source: access},
}

// nginxRules are of the access.log lines.
var nginxRules = []g.Rule{
	{From: "method", To: []string{attrs.HTTPRequestMethod, attrs.HTTPRequestMethodOriginal}, Op: g.OpMethod, Signals: g.OnLogs, Source: nginx},
	{From: "path", To: []string{attrs.URLPath, attrs.URLQuery}, Op: g.OpTarget, Signals: g.OnLogs, Source: nginx},
	{From: "protocol", To: []string{attrs.NetworkProtocolName, attrs.NetworkProtocolVersion}, Op: g.OpFlavor, Signals: g.OnLogs, Source: nginx},
	{From: "status", To: []string{attrs.HTTPResponseStatusCode}, Op: g.OpStatus, Signals: g.OnLogs, Source: nginx},
	{From: "body_bytes_sent", To: []string{attrs.HTTPResponseBodySize}, Op: g.OpSize, Signals: g.OnLogs, Source: nginx},
	{From: "remote_addr", To: []string{attrs.ClientAddress}, Op: g.OpAddress, Signals: g.OnLogs, Source: nginx},
	{From: "remote_user", To: []string{"user.name"}, Op: g.OpRename, Dash: true, Signals: g.OnLogs, Source: nginx},
	// Connections of stream routes, in the same file.
	{From: "stream_protocol", To: []string{attrs.NetworkTransport}, Op: g.OpLower, Signals: g.OnLogs, Source: stream},
	{From: "stream_status", To: []string{attrs.GatewayConnectionStatus}, Op: g.OpInt, Signals: g.OnLogs, Source: stream},
	{From: "bytes_received", To: []string{attrs.GatewayConnectionBytesReceived}, Op: g.OpSize, Signals: g.OnLogs, Source: stream},
	{From: "bytes_sent", To: []string{attrs.GatewayConnectionBytesSent}, Op: g.OpSize, Signals: g.OnLogs, Source: stream},
	{From: "session_time", To: []string{attrs.GatewayConnectionDuration}, Op: g.OpSeconds, Signals: g.OnLogs, Source: stream},
	{From: "http_referer", To: []string{attrs.HTTPRequestHeader + "referer"}, Op: g.OpHeader, Dash: true, Signals: g.OnLogs, Source: nginx},
	{From: "http_user_agent", To: []string{attrs.UserAgentOriginal}, Op: g.OpRename, Dash: true, Signals: g.OnLogs, Source: nginx},
}
