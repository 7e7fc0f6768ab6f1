package envoy

// EnvoyGatewayJSON is what Envoy Gateway configures (its
// internal/xds/translator/accesslog.go, 1.9.1).
var EnvoyGatewayJSON = []Field{
	{"start_time", "%START_TIME%"},
	{"method", "%REQ(:METHOD)%"},
	{"x-envoy-origin-path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"},
	{"protocol", "%PROTOCOL%"},
	{"response_code", "%RESPONSE_CODE%"},
	{"response_flags", "%RESPONSE_FLAGS%"},
	{"response_code_details", "%RESPONSE_CODE_DETAILS%"},
	{"connection_termination_details", "%CONNECTION_TERMINATION_DETAILS%"},
	{"upstream_transport_failure_reason", "%UPSTREAM_TRANSPORT_FAILURE_REASON%"},
	{"bytes_received", "%BYTES_RECEIVED%"},
	{"bytes_sent", "%BYTES_SENT%"},
	{"duration", "%DURATION%"},
	{"x-envoy-upstream-service-time", "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"},
	{"x-forwarded-for", "%REQ(X-FORWARDED-FOR)%"},
	{"user-agent", "%REQ(USER-AGENT)%"},
	{"x-request-id", "%REQ(X-REQUEST-ID)%"},
	{":authority", "%REQ(:AUTHORITY)%"},
	{"upstream_host", "%UPSTREAM_HOST%"},
	{"upstream_cluster", "%UPSTREAM_CLUSTER%"},
	{"upstream_local_address", "%UPSTREAM_LOCAL_ADDRESS%"},
	{"downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%"},
	{"downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%"},
	{"requested_server_name", "%REQUESTED_SERVER_NAME%"},
	{"route_name", "%ROUTE_NAME%"},
}

// IstioTextFormat is Istio's default line (its pilot/pkg/model/telemetry_logging.go).
const IstioTextFormat = `[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% ` +
	`%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" ` +
	`%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ` +
	`"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% ` +
	`%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%` +
	"\n"

// Field is one attribute or JSON member: a name and a format string with Envoy's operators.
type Field struct{ Name, Format string }

// AccessLog is one of Envoy's access loggers.
type AccessLog interface{ object() object }

// OTLPLog is the OpenTelemetry access logger over gRPC.
type OTLPLog struct {
	LogName string
	// NoBuiltinLabels leaves log_name, node_name and so on off the resource, as Istio does.
	NoBuiltinLabels bool
	Resource        []Field // verbatim
	Body            string  // format, empty for none
	Attributes      []Field
}

func (l OTLPLog) object() object {
	config := object{
		"@type":                  typePrefix + "extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig",
		"common_config":          commonConfig(l.LogName, otlpGRPC),
		"disable_builtin_labels": l.NoBuiltinLabels,
	}
	if len(l.Resource) > 0 {
		config["resource_attributes"] = object{"values": keyValues(l.Resource)}
	}
	if l.Body != "" {
		config["body"] = object{"string_value": l.Body}
	}
	if len(l.Attributes) > 0 {
		config["attributes"] = object{"values": keyValues(l.Attributes)}
	}
	return object{"name": "envoy.access_loggers.open_telemetry", "typed_config": config}
}

// GRPCLog is the access log service's client for HTTP, ALS.
type GRPCLog struct {
	LogName string
	// What is logged besides what an entry has fields for.
	RequestHeaders, ResponseHeaders, ResponseTrailers []string
	CustomTags                                        []CustomTag
}

func (l GRPCLog) object() object {
	return object{"name": "envoy.access_loggers.http_grpc", "typed_config": object{
		"@type":                               typePrefix + "extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
		"common_config":                       alsConfig(l.LogName, l.CustomTags),
		"additional_request_headers_to_log":   l.RequestHeaders,
		"additional_response_headers_to_log":  l.ResponseHeaders,
		"additional_response_trailers_to_log": l.ResponseTrailers,
	}}
}

// TCPGRPCLog is the access log service's client for a TCP proxy.
type TCPGRPCLog struct{ LogName string }

func (l TCPGRPCLog) object() object {
	return object{"name": "envoy.access_loggers.tcp_grpc", "typed_config": object{
		"@type":         typePrefix + "extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig",
		"common_config": alsConfig(l.LogName, nil),
	}}
}

func alsConfig(logName string, tags []CustomTag) object {
	common := commonConfig(logName, als)
	if len(tags) > 0 {
		common["custom_tags"] = tagObjects(tags)
	}
	return common
}

// FileLog writes lines to a file: Text with its own line end, or JSON members, or Envoy's default text format.
type FileLog struct {
	Path string
	Text string
	JSON []Field
}

func (l FileLog) object() object {
	config := object{"@type": typePrefix + "extensions.access_loggers.file.v3.FileAccessLog", "path": l.Path}
	switch {
	case l.Text != "":
		config["log_format"] = object{"text_format_source": object{"inline_string": l.Text}}
	case len(l.JSON) > 0:
		members := object{}
		for _, field := range l.JSON {
			members[field.Name] = field.Format
		}
		config["log_format"] = object{"json_format": members}
	}
	return object{"name": "envoy.access_loggers.file", "typed_config": config}
}

func commonConfig(logName, cluster string) object {
	return object{
		"log_name":              logName,
		"transport_api_version": "V3",
		"grpc_service":          grpcService(cluster),
		"buffer_flush_interval": "0.2s", // 1 s by default, of which nothing here depends
	}
}

func keyValues(fields []Field) []any {
	values := make([]any, len(fields))
	for i, field := range fields {
		values[i] = object{"key": field.Name, "value": object{"string_value": field.Format}}
	}
	return values
}
