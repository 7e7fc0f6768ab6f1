package nginx

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// logRules are about access logs. The combined and ingress-nginx lines arrive with their request line cut
// into method, path and protocol; JSON lines (escape=json) usually carry nginx' variables under their own
// names. A variable that is missing is "-", or "" in JSON.
//
// After a retry the upstream variables are lists ("10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80"). The last status
// is the one that counted; the others stay as they are. request_id stays: it is nginx' own and no header. So
// does $uri: it is the path after rewriting.
var logRules = []gateway.Rule{
	// The request.
	{
		From: "method", To: []string{attrs.HTTPRequestMethod, attrs.HTTPRequestMethodOriginal},
		Op: gateway.OpMethod, Signals: gateway.OnLogs, Dash: true, Source: srcCombined,
	},
	{
		From: "request_method", To: []string{attrs.HTTPRequestMethod, attrs.HTTPRequestMethodOriginal},
		Op: gateway.OpMethod, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "path", To: []string{attrs.URLPath, attrs.URLQuery},
		Op: gateway.OpTarget, Signals: gateway.OnLogs, Dash: true, Source: srcCombined,
	},
	{
		From: "request_uri", To: []string{attrs.URLPath, attrs.URLQuery},
		Op: gateway.OpTarget, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "args", To: []string{attrs.URLQuery},
		Op: gateway.OpQuery, Signals: gateway.OnLogs, Yield: true, Dash: true, Source: srcCore,
	},
	{
		From: "query_string", To: []string{attrs.URLQuery},
		Op: gateway.OpQuery, Signals: gateway.OnLogs, Yield: true, Dash: true, Source: srcCore,
	},
	{
		From: "protocol", To: []string{attrs.NetworkProtocolName, attrs.NetworkProtocolVersion},
		Op: gateway.OpFlavor, Signals: gateway.OnLogs, Dash: true, Source: srcCombined,
	},
	{
		From: "server_protocol", To: []string{attrs.NetworkProtocolName, attrs.NetworkProtocolVersion},
		Op: gateway.OpFlavor, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "scheme", To: []string{attrs.URLScheme},
		Op: gateway.OpLower, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "http_host", To: []string{attrs.ServerAddress, attrs.ServerPort},
		Op: gateway.OpHostPort, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	// $host has no port, and falls back to the name of the server block.
	{
		From: "host", To: []string{attrs.ServerAddress, attrs.ServerPort},
		Op: gateway.OpHostPort, Signals: gateway.OnLogs, Yield: true, Dash: true, Source: srcCore,
	},
	{
		From: "request_length", To: []string{attrs.HTTPRequestSize},
		Op: gateway.OpSize, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "content_length", To: []string{attrs.HTTPRequestBodySize},
		Op: gateway.OpSize, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "http_user_agent", To: []string{attrs.UserAgentOriginal},
		Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "http_referer", To: []string{attrs.HTTPRequestHeader + "referer"},
		Op: gateway.OpHeader, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "http_x_forwarded_for", To: []string{attrs.HTTPRequestHeader + "x-forwarded-for"},
		Op: gateway.OpHeader, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	// ingress-nginx: the client's X-Request-ID, or a new one, sent upstream under that name.
	{
		From: "req_id", To: []string{attrs.HTTPRequestHeader + "x-request-id"},
		Op: gateway.OpHeader, Signals: gateway.OnLogs, Dash: true, Source: srcIngress,
	},

	// The client. With the realip module remote_addr is the forwarded client, and realip_remote_addr the peer.
	{
		From: "remote_addr", To: []string{attrs.ClientAddress, attrs.ClientPort},
		Op: gateway.OpAddress, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "remote_port", To: []string{attrs.ClientPort},
		Op: gateway.OpPort, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "realip_remote_addr", To: []string{attrs.NetworkPeerAddress, attrs.NetworkPeerPort},
		Op: gateway.OpAddress, Signals: gateway.OnLogs, Dash: true,
		Source: "nginx documentation, ngx_http_realip_module, embedded variables",
	},
	{
		From: "realip_remote_port", To: []string{attrs.NetworkPeerPort},
		Op: gateway.OpPort, Signals: gateway.OnLogs, Dash: true,
		Source: "nginx documentation, ngx_http_realip_module, embedded variables",
	},
	{
		From: "remote_user", To: []string{"user.name"},
		Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "ssl_protocol", To: []string{"tls.protocol.version"},
		Op: gateway.OpMap, Signals: gateway.OnLogs, Dash: true,
		Values: map[string]string{"tlsv1": "1.0", "tlsv1.1": "1.1", "tlsv1.2": "1.2", "tlsv1.3": "1.3"},
		Source: "nginx documentation, ngx_http_ssl_module, embedded variables",
	},

	// The gateway.
	{
		From: "server_name", To: []string{attrs.GatewayVirtualHost},
		Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "server_addr", To: []string{attrs.NetworkLocalAddress, attrs.NetworkLocalPort},
		Op: gateway.OpAddress, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "server_port", To: []string{attrs.NetworkLocalPort},
		Op: gateway.OpPort, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},

	// The response. "000" is nginx' way to say that nothing was sent.
	{
		From: "status", To: []string{attrs.HTTPResponseStatusCode},
		Op: gateway.OpStatus, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "body_bytes_sent", To: []string{attrs.HTTPResponseBodySize},
		Op: gateway.OpSize, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "bytes_sent", To: []string{attrs.HTTPResponseSize},
		Op: gateway.OpSize, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},
	{
		From: "request_time", To: []string{attrs.GatewayRequestDuration},
		Op: gateway.OpSeconds, Signals: gateway.OnLogs, Dash: true, Source: srcCore,
	},

	// The upstream.
	{
		From: "upstream_addr", To: []string{attrs.GatewayUpstreamAddress, attrs.GatewayUpstreamPort},
		Op: gateway.OpHostPort, Signals: gateway.OnLogs, Dash: true, Source: srcProxied,
	},
	{
		From: "upstream_status", To: []string{attrs.GatewayUpstreamStatusCode},
		Op: gateway.OpLastStatus, Signals: gateway.OnLogs, Dash: true, Source: srcProxied,
	},
	{
		From: "upstream_response_time", To: []string{attrs.GatewayUpstreamDuration},
		Op: gateway.OpSeconds, Signals: gateway.OnLogs, Dash: true, Source: srcProxied,
	},
	{
		From: "upstream_response_length", Op: gateway.OpDropAbsent,
		Signals: gateway.OnLogs, Dash: true, Source: srcProxied,
	},
	// "<namespace>-<service>-<port>" of ingress-nginx: all three may contain a dash, so it stays whole.
	{
		From: "proxy_upstream_name", Op: gateway.OpDropAbsent,
		Signals: gateway.OnLogs, Dash: true, Source: srcIngress,
	},
	{
		From: "proxy_alternative_upstream_name", Op: gateway.OpDropAbsent,
		Signals: gateway.OnLogs, Dash: true, Source: srcIngress,
	},

	// Time and trace.
	{From: "time_iso8601", Op: gateway.OpTime, Signals: gateway.OnLogs, Dash: true, Source: srcCore},
	{From: "msec", Op: gateway.OpTimeSeconds, Signals: gateway.OnLogs, Dash: true, Source: srcCore},
	{From: "otel_trace_id", Op: gateway.OpTraceID, Signals: gateway.OnLogs, Dash: true, Source: srcOtel},
	{From: "otel_span_id", Op: gateway.OpSpanID, Signals: gateway.OnLogs, Dash: true, Source: srcOtel},
	{
		From: "opentelemetry_trace_id", Op: gateway.OpTraceID, Signals: gateway.OnLogs, Dash: true,
		Source: "opentelemetry-cpp-contrib, instrumentation/nginx/README.md",
	},
	{
		From: "opentelemetry_span_id", Op: gateway.OpSpanID, Signals: gateway.OnLogs, Dash: true,
		Source: "opentelemetry-cpp-contrib, instrumentation/nginx/README.md",
	},
	{
		From: "opentelemetry_context_traceparent", Op: gateway.OpTraceparent, Signals: gateway.OnLogs, Dash: true,
		Source: "opentelemetry-cpp-contrib, instrumentation/nginx/README.md",
	},
}
