// Package caddy holds the facts about Caddy: how its telemetry is recognized and what its own keys mean. Data
// only; the engine is in the package above.
package caddy

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Where the facts below are from.
const (
	srcTracer   = "Caddy 2.11.4, modules/caddyhttp/tracing/tracer.go"
	srcRequest  = "Caddy 2.11.4, modules/caddyhttp/marshalers.go"
	srcResponse = "Caddy 2.11.4, modules/caddyhttp/server.go"
)

// Profile is Caddy 2. Its spans are those of Go's otelhttp: old names, both vocabularies or, since otelhttp
// 0.61, current ones, which the official migrations handle. So no rule here is about spans.
var Profile = gateway.Profile{
	ID:       "caddy",
	Title:    "Caddy",
	Versions: "2.5 to 2.11.9; spans and access log recorded from 2.10.2 and 2.11.9",
	Detect: []gateway.Evidence{
		// The scope is otelhttp's and shared by every Go service: it proves nothing.
		{In: gateway.InResource, Key: "webengine.name", Equal: "Caddy", Source: srcTracer},
		{In: gateway.InAttributes, Key: "logger", Prefix: "http.log.access", Source: srcResponse},
	},
	Attributes: logRules,
	Spans: gateway.SpanFacts{
		// The default of the tracing directive's span option; any other name is the operator's.
		Names: []string{"handler"},
	},
	Logs: gateway.LogFacts{
		Bodies:  []gateway.Body{gateway.BodyJSON},
		Flatten: true,
	},
}

// logRules are about the JSON access log. Nested objects arrive flattened: {"request":{"method":"GET"}} is
// "request.method". level and msg are those of every Caddy log line and stay.
var logRules = []gateway.Rule{
	{
		From: "request.method", To: []string{attrs.HTTPRequestMethod, attrs.HTTPRequestMethodOriginal},
		Op: gateway.OpMethod, Signals: gateway.OnLogs, Source: srcRequest,
	},
	{
		From: "request.uri", To: []string{attrs.URLPath, attrs.URLQuery},
		Op: gateway.OpTarget, Signals: gateway.OnLogs, Source: srcRequest,
	},
	{
		From: "request.host", To: []string{attrs.ServerAddress, attrs.ServerPort},
		Op: gateway.OpHostPort, Signals: gateway.OnLogs, Source: srcRequest,
	},
	{
		From: "request.proto", To: []string{attrs.NetworkProtocolName, attrs.NetworkProtocolVersion},
		Op: gateway.OpFlavor, Signals: gateway.OnLogs, Source: srcRequest,
	},
	// client_ip, since 2.7, is remote_ip unless a trusted proxy says otherwise.
	{
		From: "request.client_ip", To: []string{attrs.ClientAddress},
		Op: gateway.OpAddress, Signals: gateway.OnLogs, Source: srcRequest,
	},
	{
		From: "request.remote_ip", To: []string{attrs.NetworkPeerAddress},
		Op: gateway.OpAddress, Signals: gateway.OnLogs, Source: srcRequest,
	},
	{
		From: "request.remote_port", To: []string{attrs.NetworkPeerPort},
		Op: gateway.OpPort, Signals: gateway.OnLogs, Dash: true, Source: srcRequest,
	},
	{
		From: "request.remote_addr", To: []string{attrs.NetworkPeerAddress, attrs.NetworkPeerPort},
		Op: gateway.OpHostPort, Signals: gateway.OnLogs,
		Source: "Caddy before 2.5, modules/caddyhttp/marshalers.go (pull request 4403)",
	},
	// Header values are arrays of strings, the user agent's too: it stays among the headers.
	{
		From: "request.headers.<key>", To: []string{attrs.HTTPRequestHeader + "<key>"},
		Op: gateway.OpHeader, Signals: gateway.OnLogs, Source: srcRequest,
	},
	{
		From: "resp_headers.<key>", To: []string{attrs.HTTPResponseHeader + "<key>"},
		Op: gateway.OpHeader, Signals: gateway.OnLogs, Source: srcResponse,
	},
	{
		From: "bytes_read", To: []string{attrs.HTTPRequestBodySize},
		Op: gateway.OpSize, Signals: gateway.OnLogs, Source: srcResponse,
	},
	{
		From: "size", To: []string{attrs.HTTPResponseBodySize},
		Op: gateway.OpSize, Signals: gateway.OnLogs, Source: srcResponse,
	},
	{
		From: "status", To: []string{attrs.HTTPResponseStatusCode},
		Op: gateway.OpStatus, Signals: gateway.OnLogs, Source: srcResponse,
	},
	// Seconds by default; an operator's duration_format can make it a text with a unit, which is read too, or
	// a bare number of milli- or nanoseconds, which looks like seconds.
	{
		From: "duration", To: []string{attrs.GatewayRequestDuration},
		Op: gateway.OpSeconds, Signals: gateway.OnLogs, Source: srcResponse,
	},
	{
		From: "user_id", To: []string{"user.id"},
		Signals: gateway.OnLogs, Dash: true, Source: srcResponse,
	},
	{
		From: "ts", Op: gateway.OpTimeSeconds, Signals: gateway.OnLogs,
		Source: "Caddy 2.11.4, modules/logging/encoders.go",
	},
	// In this casing, and only when the request was traced.
	{From: "traceID", Op: gateway.OpTraceID, Signals: gateway.OnLogs, Source: srcTracer},
	{From: "spanID", Op: gateway.OpSpanID, Signals: gateway.OnLogs, Source: srcTracer},
}
