package als

import (
	"strconv"

	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
)

// Keys that internal/gateway/envoy has a rule for: Envoy's operators as Envoy Gateway, Istio and operators name them.
const (
	path                = "path"
	authority           = ":authority"
	scheme              = "scheme"
	responseCode        = "response_code"
	responseFlags       = "response_flags"
	upstreamCluster     = "upstream_cluster"
	routeName           = "route_name"
	requestedServerName = "requested_server_name"
	requestID           = "x-request-id"
	forwardedFor        = "x-forwarded-for"
	referer             = "referer"
	grpcStatus          = "grpc_status_number"
	grpcMessage         = "grpc.message"
	grpcPath            = "grpc.path"
)

// Labels of the resource, as Envoy's OTLP access log has them (Envoy 1.40.0,
// source/extensions/access_loggers/open_telemetry/otlp_log_utils.cc). By them the engine knows Envoy.
const (
	logName     = "log_name"
	zoneName    = "zone_name"
	clusterName = "cluster_name"
	nodeName    = "node_name"
)

// Names of the conventions that nothing else here needs.
const (
	tlsProtocolName  = string(semconv.TLSProtocolNameKey)
	tlsVersion       = string(semconv.TLSProtocolVersionKey)
	tlsCipher        = string(semconv.TLSCipherKey)
	tlsJA3           = string(semconv.TLSClientJa3Key)
	tlsClientSubject = string(semconv.TLSClientSubjectKey)
	tlsClientIssuer  = string(semconv.TLSClientIssuerKey)
	tlsServerSubject = string(semconv.TLSServerSubjectKey)
	tlsServerIssuer  = string(semconv.TLSServerIssuerKey)
)

// logTypes are the names of AccessLogType (envoy/data/accesslog/v3/accesslog.proto).
var logTypes = [...]string{
	"NotSet", "TcpUpstreamConnected", "TcpPeriodic", "TcpConnectionEnd", "DownstreamStart", "DownstreamPeriodic",
	"DownstreamEnd", "UpstreamPoolReady", "UpstreamPeriodic", "UpstreamEnd", "DownstreamTunnelSuccessfullyEstablished",
	"UdpTunnelUpstreamConnected", "UdpPeriodic", "UdpSessionEnd", "TcpConnectionStart",
}

func logTypeName(n uint64) string {
	if n < uint64(len(logTypes)) {
		return logTypes[n]
	}
	return strconv.FormatUint(n, 10)
}

// methods are the names of RequestMethod (envoy/config/core/v3/base.proto). Envoy sends 0 for every other one.
var methods = [...]string{"", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// httpVersions are the values of HTTPAccessLogEntry.HTTPVersion.
var httpVersions = [...]string{"", "1.0", "1.1", "2", "3"}

// tlsVersions are the values of TLSProperties.TLSVersion.
var tlsVersions = [...]string{"", "1.0", "1.1", "1.2", "1.3"}

// flags are the short names of ResponseFlags by field number (Envoy 1.40.0, source/common/stream_info/utility.h).
var flags = [...]string{
	1: "LH", 2: "UH", 3: "UT", 4: "LR", 5: "UR", 6: "UF", 7: "UC", 8: "UO", 9: "NR", 10: "DI", 11: "FI", 12: "RL",
	13: "UAEX", 14: "RLSE", 15: "DC", 16: "URX", 17: "SI", 18: "IH", 19: "DPE", 20: "UMSDR", 21: "RFCF", 22: "NFCF",
	23: "DT", 24: "UPE", 25: "NC", 26: "OM", 27: "DF", 28: "DR",
}
