// Package envoy holds the facts about Envoy's own telemetry: tracer tags, OTLP access log, file log formats.
// What a control plane on top of it configures is in that control plane's folder.
package envoy

import (
	"strings"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	g "github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Sources of the facts below.
const (
	tags      = "Envoy 1.40.0, source/common/tracing/common_values.h and http_tracer_impl.cc"
	grpcTags  = "Envoy 1.40.0, source/common/tracing/http_tracer_impl.cc, addGrpcRequestTags"
	tracer    = "Envoy 1.40.0, source/extensions/tracers/opentelemetry/tracer.cc"
	accessLog = "Envoy 1.40.0, source/extensions/access_loggers/open_telemetry/otlp_log_utils.cc"
	formats   = "Envoy 1.40.0, source/common/formatter/substitution_formatter.cc"
)

// ID of the profile.
const ID g.ID = "envoy"

// Profile is Envoy without a known control plane.
var Profile = g.Profile{
	ID:       ID,
	Title:    "Envoy",
	Versions: "1.31 to 1.40.0; recorded: 1.36.4, 1.38.3, 1.40.0",
	Detect: []g.Evidence{
		{In: g.InScope, Equal: "envoy", Source: tracer + " (since 1.33)"},
		{In: g.InResource, Key: attrs.TelemetrySDKName, Equal: "envoy", Source: tracer + " (since 1.33)"},
		{In: g.InResource, Key: "node_name", And: &g.Evidence{In: g.InResource, Key: "log_name"}, Source: accessLog},
		{In: g.InAttributes, Key: "component", Equal: "proxy", Source: tags + " (1.32 and earlier, Zipkin)"},
		{In: g.InAttributes, Key: "response_flags", Source: formats},
		{In: g.InAttributes, Key: "x-envoy-origin-path", Source: formats},
	},
	Attributes: append(spanTags, logFields...),
	Resource: []g.Rule{
		{From: "zone_name", Op: g.OpDropAbsent, Dash: true, Source: accessLog},
		{From: "log_name", Op: g.OpKeep, Source: accessLog},
		{From: "cluster_name", Op: g.OpKeep, Source: accessLog},
		{From: "node_name", Op: g.OpKeep, Source: accessLog},
	},
	Spans: g.SpanFacts{
		Names:       []string{"ingress", "egress *", "router * egress", "async * egress"},
		FillClients: []string{"router * egress", "mirror"},
		// The Zipkin tracer gives its spans the Host header for a name, and has tags but no status; the OpenTelemetry
		// tracer leaves the status of an attempt without an answer unset (recorded from Envoy 1.40.0 and 1.36.2).
		HostNames:       true,
		CanceledIsUnset: true,
	},
	Logs: g.LogFacts{Bodies: []g.Body{g.BodyEnvoyText, g.BodyJSON}},
}

// spanTags are what the tracer writes, every value a string.
var spanTags = []g.Rule{
	{From: "http.protocol", To: []string{attrs.NetworkProtocolName, attrs.NetworkProtocolVersion}, Op: g.OpFlavor, Dash: true, Source: tags},
	{From: "http.status_code", To: []string{attrs.HTTPResponseStatusCode}, Op: g.OpStatus, Dash: true, Source: tags + `: "0" without a response`},
	{From: "user_agent", To: []string{attrs.UserAgentOriginal}, Op: g.OpRename, Dash: true, Source: tags},
	{From: "request_size", To: []string{attrs.HTTPRequestBodySize}, Op: g.OpSize, Dash: true, Source: tags},
	{From: "response_size", To: []string{attrs.HTTPResponseBodySize}, Op: g.OpSize, Dash: true, Source: tags},
	{From: "retry.count", To: []string{attrs.HTTPRequestResendCount}, Op: g.OpIntNonzero, Source: tags + ": attempt minus one"},
	{From: "guid:x-request-id", To: []string{attrs.HTTPRequestHeader + "x-request-id"}, Op: g.OpHeader, Dash: true, Source: tags},
	{From: "guid:x-client-trace-id", To: []string{attrs.HTTPRequestHeader + "x-client-trace-id"}, Op: g.OpHeader, Dash: true, Source: tags},
	// IP without port on the downstream span, which with Istio's outbound listeners is a client span too; IP:port on
	// upstream spans and for TCP, a path for pipes.
	{From: "peer.address", To: []string{attrs.NetworkPeerAddress, attrs.NetworkPeerPort, attrs.ClientAddress}, Op: g.OpPeer, Dash: true, Source: tags},
	{From: "upstream_address", Op: g.OpDropAbsent, Dash: true, Source: tags + "; the cluster's name on async spans"},
	{From: "upstream_cluster", Op: g.OpDropAbsent, Dash: true, Source: tags},
	// A scalar that is also the prefix of another key cannot be a nested object in a backend.
	{From: "upstream_cluster.name", To: []string{attrs.GatewayUpstreamStatName}, Op: g.OpRename, Dash: true, Source: tags},
	{From: "downstream_cluster", To: []string{attrs.ClientServiceName}, Op: g.OpRename, Dash: true, Option: "downstream_cluster", Source: tags},
	{From: "downstream_cluster", Op: g.OpDropAbsent, Dash: true, Source: tags},
	{From: "node_id", Op: g.OpDropAbsent, Source: tags},
	{From: "zone", Op: g.OpDropAbsent, Dash: true, Source: tags},
	{From: "component", Op: g.OpKeep, Source: tags},
	{From: "response_flags", Op: g.OpErrorType, Dash: true, Source: tags + "; source/common/stream_info/utility.cc"},
	{From: "error.reason", Op: g.OpErrorType, Yield: true, Source: tags},
	{From: "canceled", Op: g.OpCanceled, Source: tags},
	{From: "error", Op: g.OpError, Signals: g.OnSpans, Source: tags},

	{From: "grpc.path", To: []string{attrs.RPCMethod}, Op: g.OpGRPCPath, Source: grpcTags},
	{From: "grpc.status_code", To: []string{attrs.RPCStatusCode}, Op: g.OpGRPCCode, Dash: true, Source: grpcTags},
	{From: "grpc.message", Op: g.OpGRPCMessage, Source: grpcTags},
	{From: "grpc.authority", To: []string{attrs.ServerAddress, attrs.ServerPort}, Op: g.OpHostPort, Yield: true, Source: grpcTags},
	{From: "grpc.content_type", To: []string{attrs.HTTPRequestHeader + "content-type"}, Op: g.OpHeader, Source: grpcTags},
	{From: "grpc.timeout", To: []string{attrs.RPCRequestHeader + "grpc-timeout"}, Op: g.OpHeader, Source: grpcTags},
}

// logFields are the keys that Envoy Gateway, Istio and operators give the access log operators in JSON file
// logs and OTLP attributes. Values are strings in OTLP, typed in JSON; "-" is a missing one.
var logFields = aliases(
	field{keys: "method request_method", to: []string{attrs.HTTPRequestMethod, attrs.HTTPRequestMethodOriginal}, op: g.OpMethod},
	field{keys: "path x-envoy-origin-path x-envoy-original-path request.path request_path", to: []string{attrs.URLPath, attrs.URLQuery}, op: g.OpTarget},
	field{keys: "path_no_query", to: []string{attrs.URLPath, attrs.URLQuery}, op: g.OpTarget},
	field{keys: "protocol", to: []string{attrs.NetworkProtocolName, attrs.NetworkProtocolVersion}, op: g.OpFlavor},
	field{keys: "scheme", to: []string{attrs.URLScheme}, op: g.OpLower},
	field{keys: ":authority authority host", to: []string{attrs.ServerAddress, attrs.ServerPort}, op: g.OpHostPort},
	field{keys: "requested_server_name", to: []string{attrs.ServerAddress}, op: g.OpAddress, yield: true},
	field{keys: "response_code status_code", to: []string{attrs.HTTPResponseStatusCode}, op: g.OpStatus},
	field{keys: "bytes_received", to: []string{attrs.HTTPRequestBodySize}, op: g.OpSize},
	field{keys: "bytes_sent", to: []string{attrs.HTTPResponseBodySize}, op: g.OpSize},
	field{keys: "duration total_duration", to: []string{attrs.GatewayRequestDuration}, op: g.OpMillis},
	field{keys: "x-envoy-upstream-service-time upstream_service_time resp_backend_service_time", to: []string{attrs.GatewayUpstreamDuration}, op: g.OpMillis},
	field{keys: "user-agent", to: []string{attrs.UserAgentOriginal}, op: g.OpRename},
	field{keys: "x-request-id request_id", to: []string{attrs.HTTPRequestHeader + "x-request-id"}, op: g.OpHeader},
	field{keys: "x-forwarded-for x_forwarded_for req_x_forwarded_for", to: []string{attrs.HTTPRequestHeader + "x-forwarded-for"}, op: g.OpHeader},
	field{keys: "referer", to: []string{attrs.HTTPRequestHeader + "referer"}, op: g.OpHeader},
	field{keys: "downstream_remote_address", to: []string{attrs.ClientAddress, attrs.ClientPort}, op: g.OpHostPort},
	field{keys: "downstream_direct_remote_address", to: []string{attrs.NetworkPeerAddress, attrs.NetworkPeerPort}, op: g.OpHostPort},
	field{keys: "downstream_local_address", to: []string{attrs.NetworkLocalAddress, attrs.NetworkLocalPort}, op: g.OpHostPort},
	field{keys: "upstream_host backendHost", to: []string{attrs.GatewayUpstreamAddress, attrs.GatewayUpstreamPort}, op: g.OpHostPort},
	field{keys: "upstream_local_address", to: []string{attrs.GatewayUpstreamLocalAddress, attrs.GatewayUpstreamLocalPort}, op: g.OpHostPort},
	field{keys: "backendCluster", to: []string{"upstream_cluster"}, op: g.OpRename},
	field{keys: "upstream_transport_failure_reason", to: []string{attrs.GatewayUpstreamFailureReason}, op: g.OpRename},
	field{keys: "response_code_details", to: []string{attrs.GatewayResponseDetails}, op: g.OpRename},
	field{keys: "connection_termination_details", to: []string{attrs.GatewayConnectionDetails}, op: g.OpRename},
	field{keys: "route_name", to: []string{attrs.GatewayRouteID}, op: g.OpRename},
	field{keys: "virtual_host", to: []string{attrs.GatewayVirtualHost}, op: g.OpRename},
	field{keys: "upstream_request_attempt_count", to: []string{attrs.GatewayUpstreamAttempts}, op: g.OpInt},
	field{keys: "grpc_status grpc_status_number", to: []string{attrs.RPCStatusCode}, op: g.OpGRPCCode},
	field{keys: "start_time @timestamp", op: g.OpTime},
	field{keys: "trace_id trace.id", op: g.OpTraceID},
	field{keys: "span_id span.id", op: g.OpSpanID},
	field{keys: "traceparent trace_parent", to: []string{attrs.HTTPRequestHeader + "traceparent"}, op: g.OpTraceparent},
	field{keys: "k8s.namespace.name k8s.pod.name session.id route_source", op: g.OpDropAbsent},
)

// field is one access log operator under all the names it is given.
type field struct {
	keys  string // separated by spaces
	to    []string
	op    g.Op
	yield bool
}

// aliases writes a field's rules out. "-" means missing for every one of them.
func aliases(fields ...field) []g.Rule {
	var out []g.Rule
	for _, f := range fields {
		for key := range strings.FieldsSeq(f.keys) {
			out = append(out, g.Rule{
				From: key, To: f.to, Op: f.op, Yield: f.yield, Dash: true, Signals: g.OnLogs,
				Source: formats + "; keys: Envoy Gateway 1.9.1 api/v1alpha1, Istio pilot/pkg/model/telemetry_logging.go, kgateway documentation",
			})
		}
	}
	return out
}
