package traefik

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// logRules are about the access log. An OTLP record, a JSON line and a common line share their keys; only
// types differ: OTLP has times and durations as ints in nanoseconds, JSON has times as text, the common line
// has the duration as "12ms" under a key of the line parser.
//
// RequestCount (a counter since start), GzipRatio, OriginContentSize and the origin_ headers have no name in
// any convention and stay. So does level: the runtime log has it too, and means it.
var logRules = []gateway.Rule{
	// The request.
	{
		From: "RequestMethod", To: []string{attrs.HTTPRequestMethod, attrs.HTTPRequestMethodOriginal},
		Op: gateway.OpMethod, Signals: gateway.OnLogs, Dash: true, Source: srcFields,
	},
	{
		From: "RequestPath", To: []string{attrs.URLPath, attrs.URLQuery},
		Op: gateway.OpTarget, Signals: gateway.OnLogs, Dash: true, Source: srcLogger,
	},
	{
		From: "RequestProtocol", To: []string{attrs.NetworkProtocolName, attrs.NetworkProtocolVersion},
		Op: gateway.OpFlavor, Signals: gateway.OnLogs, Dash: true, Source: srcLogger,
	},
	{
		From: "RequestScheme", To: []string{attrs.URLScheme},
		Op: gateway.OpLower, Signals: gateway.OnLogs, Source: srcLogger,
	},
	// RequestAddr is the Host header, RequestHost and RequestPort are its parts.
	{
		From: "RequestAddr", To: []string{attrs.ServerAddress, attrs.ServerPort},
		Op: gateway.OpHostPort, Signals: gateway.OnLogs, Source: srcLogger,
	},
	{
		From: "RequestHost", To: []string{attrs.ServerAddress, attrs.ServerPort},
		Op: gateway.OpAddress, Signals: gateway.OnLogs, Yield: true, Source: srcLogger,
	},
	{
		From: "RequestPort", To: []string{attrs.ServerPort},
		Op: gateway.OpPort, Signals: gateway.OnLogs, Yield: true, Dash: true, Source: srcLogger,
	},
	{
		From: "RequestContentSize", To: []string{attrs.HTTPRequestBodySize},
		Op: gateway.OpSize, Signals: gateway.OnLogs, Source: srcFields,
	},
	{
		From: "request_User-Agent", To: []string{attrs.UserAgentOriginal},
		Signals: gateway.OnLogs, Dash: true, Source: srcFields,
	},
	{
		From: "request_<key>", To: []string{attrs.HTTPRequestHeader + "<key>"},
		Op: gateway.OpHeader, Signals: gateway.OnLogs, Source: srcLogger,
	},

	// The client. ClientAddr is the socket's peer. ClientHost is its address, or the whole X-Forwarded-For
	// list when there is one; ClientPort is always the socket's.
	{
		From: "ClientAddr", To: []string{attrs.NetworkPeerAddress, attrs.NetworkPeerPort},
		Op: gateway.OpHostPort, Signals: gateway.OnLogs, Source: srcLogger,
	},
	{
		From: "ClientHost", To: []string{attrs.ClientAddress},
		Op: gateway.OpFirstIP, Signals: gateway.OnLogs, Dash: true, Source: srcLogger,
	},
	{
		From: "ClientPort", To: []string{attrs.NetworkPeerPort},
		Op: gateway.OpPort, Signals: gateway.OnLogs, Yield: true, Dash: true, Source: srcLogger,
	},
	{
		From: "ClientUsername", To: []string{"user.name"},
		Signals: gateway.OnLogs, Dash: true, Source: srcLogger,
	},
	{
		From: "TLSVersion", To: []string{"tls.protocol.version"},
		Signals: gateway.OnLogs, Source: "Traefik 3.7.9, pkg/tls/version.go",
	},
	{
		From: "TLSCipher", To: []string{"tls.cipher"},
		Signals: gateway.OnLogs, Source: "Traefik 3.7.9, pkg/tls/cipher.go",
	},
	{
		From: "TLSClientSubject", To: []string{"tls.client.subject"},
		Signals: gateway.OnLogs, Source: srcFields,
	},

	// The response. OriginStatus is missing when Traefik answered by itself, and 0 when the origin did not
	// answer at all.
	{
		From: "DownstreamStatus", To: []string{attrs.HTTPResponseStatusCode},
		Op: gateway.OpStatus, Signals: gateway.OnLogs, Dash: true, Source: srcFields,
	},
	{
		From: "DownstreamContentSize", To: []string{attrs.HTTPResponseBodySize},
		Op: gateway.OpSize, Signals: gateway.OnLogs, Dash: true, Source: srcFields,
	},
	{
		From: "OriginStatus", To: []string{attrs.GatewayUpstreamStatusCode},
		Op: gateway.OpIntNonzero, Signals: gateway.OnLogs, Dash: true, Source: srcFields,
	},
	{
		From: "downstream_<key>", To: []string{attrs.HTTPResponseHeader + "<key>"},
		Op: gateway.OpHeader, Signals: gateway.OnLogs, Source: srcLogger,
	},
	{
		From: "Duration", To: []string{attrs.GatewayRequestDuration},
		Op: gateway.OpNanos, Signals: gateway.OnLogs, Source: srcLogger,
	},
	{
		From: "duration", To: []string{attrs.GatewayRequestDuration},
		Op: gateway.OpDuration, Signals: gateway.OnLogs, Dash: true, Source: srcCommon,
	},
	{
		From: "OriginDuration", To: []string{attrs.GatewayUpstreamDuration},
		Op: gateway.OpNanos, Signals: gateway.OnLogs, Source: srcLogger,
	},
	{
		From: "Overhead", To: []string{attrs.GatewayProcessingDuration},
		Op: gateway.OpNanos, Signals: gateway.OnLogs, Source: srcLogger,
	},
	{
		From: "RetryAttempts", To: []string{attrs.HTTPRequestResendCount},
		Op: gateway.OpIntNonzero, Signals: gateway.OnLogs, Source: srcFields,
	},

	// Routing. The Kubernetes Service's own name is better than Traefik's "<ns>-<name>-<port>@kubernetes",
	// which cannot be taken apart: all three may contain a dash.
	{
		From: "entryPointName", To: []string{attrs.GatewayListenerName}, Signals: gateway.OnLogs,
		Source: "Traefik 3.7.9, pkg/server/middleware/observability.go",
	},
	{
		From: "RouterName", To: []string{attrs.GatewayRouteID},
		Signals: gateway.OnLogs, Dash: true, Source: srcFields,
	},
	{
		From: "ServiceName", To: []string{attrs.GatewayUpstreamServiceName},
		Signals: gateway.OnLogs, Yield: true, Dash: true, Source: srcFields,
	},
	{
		From: "ServiceAddr", To: []string{attrs.GatewayUpstreamAddress, attrs.GatewayUpstreamPort},
		Op: gateway.OpHostPort, Signals: gateway.OnLogs, Dash: true, Source: srcFields,
	},
	// A server's URL may hold a password, and all that is not in ServiceAddr is the scheme.
	{
		From: "ServiceURL", To: []string{attrs.GatewayUpstreamAddress, attrs.GatewayUpstreamPort},
		Op: gateway.OpConnString, Signals: gateway.OnLogs, Yield: true, Dash: true, Source: srcFields,
	},
	{
		From: "KubernetesServiceName", To: []string{attrs.GatewayUpstreamServiceName},
		Signals: gateway.OnLogs, Dash: true, Source: srcFields,
	},
	{
		From: "KubernetesServiceNamespace", To: []string{attrs.GatewayUpstreamServiceNamespace},
		Signals: gateway.OnLogs, Dash: true, Source: "Traefik pull request 12985, 2026-04",
	},
	{
		From: "KubernetesServicePort", To: []string{attrs.GatewayUpstreamServicePort},
		Op: gateway.OpPort, Signals: gateway.OnLogs, Dash: true, Source: srcFields,
	},
	{
		From: "KubernetesIngressNamespace", To: []string{attrs.GatewayRouteNamespace},
		Signals: gateway.OnLogs, Dash: true, Source: srcFields,
	},
	{
		From: "KubernetesIngressName", To: []string{attrs.GatewayRouteName},
		Signals: gateway.OnLogs, Dash: true, Source: srcFields,
	},
	{
		From: "KubernetesIngressRouteNamespace", To: []string{attrs.GatewayRouteNamespace},
		Signals: gateway.OnLogs, Dash: true, Source: srcFields,
	},
	{
		From: "KubernetesIngressRouteName", To: []string{attrs.GatewayRouteName},
		Signals: gateway.OnLogs, Dash: true, Source: srcFields,
	},

	// Time and trace. StartUTC and StartLocal are one instant; logrus' own time, the request's end in whole
	// seconds, only counts where an operator dropped both. Both spellings of the ids are sent since pull
	// request 12801, 2026-03.
	{From: "StartUTC", Op: gateway.OpTime, Signals: gateway.OnLogs, Source: srcFields},
	{From: "StartLocal", Op: gateway.OpTime, Signals: gateway.OnLogs, Yield: true, Source: srcFields},
	{From: "time", Op: gateway.OpTime, Signals: gateway.OnLogs, Yield: true, Source: srcLogger},
	{From: "msg", Op: gateway.OpDropAbsent, Signals: gateway.OnLogs, Dash: true, Source: srcLogger},
	{From: "trace_id", Op: gateway.OpTraceID, Signals: gateway.OnLogs, Source: srcFields},
	{From: "span_id", Op: gateway.OpSpanID, Signals: gateway.OnLogs, Source: srcFields},
	{From: "TraceId", Op: gateway.OpTraceID, Signals: gateway.OnLogs, Source: srcFields},
	{From: "SpanId", Op: gateway.OpSpanID, Signals: gateway.OnLogs, Source: srcFields},
}
