package attrs

import (
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
)

// SchemaURL is the schema of the target version of the conventions.
const SchemaURL = "https://opentelemetry.io/schemas/1.45.0"

// The conventions' names that code refers to, from the newest Go package that still has the GenAI names
// (v1.41.0; their names are the same in 1.45.0).
const (
	HTTPRequestMethod         = string(semconv.HTTPRequestMethodKey)
	HTTPRequestMethodOriginal = string(semconv.HTTPRequestMethodOriginalKey)
	HTTPRequestResendCount    = string(semconv.HTTPRequestResendCountKey)
	HTTPRequestBodySize       = string(semconv.HTTPRequestBodySizeKey)
	HTTPRequestSize           = string(semconv.HTTPRequestSizeKey)
	HTTPResponseBodySize      = string(semconv.HTTPResponseBodySizeKey)
	HTTPResponseSize          = string(semconv.HTTPResponseSizeKey)
	HTTPResponseStatusCode    = string(semconv.HTTPResponseStatusCodeKey)
	HTTPRoute                 = string(semconv.HTTPRouteKey)

	URLScheme = string(semconv.URLSchemeKey)
	URLPath   = string(semconv.URLPathKey)
	URLQuery  = string(semconv.URLQueryKey)
	URLFull   = string(semconv.URLFullKey)

	ServerAddress          = string(semconv.ServerAddressKey)
	ServerPort             = string(semconv.ServerPortKey)
	ClientAddress          = string(semconv.ClientAddressKey)
	ClientPort             = string(semconv.ClientPortKey)
	NetworkPeerAddress     = string(semconv.NetworkPeerAddressKey)
	NetworkPeerPort        = string(semconv.NetworkPeerPortKey)
	NetworkLocalAddress    = string(semconv.NetworkLocalAddressKey)
	NetworkLocalPort       = string(semconv.NetworkLocalPortKey)
	NetworkProtocolName    = string(semconv.NetworkProtocolNameKey)
	NetworkProtocolVersion = string(semconv.NetworkProtocolVersionKey)
	NetworkTransport       = string(semconv.NetworkTransportKey)

	UserAgentOriginal = string(semconv.UserAgentOriginalKey)
	ErrorType         = string(semconv.ErrorTypeKey)

	RPCSystemName     = string(semconv.RPCSystemNameKey)
	RPCMethod         = string(semconv.RPCMethodKey)
	RPCMethodOriginal = string(semconv.RPCMethodOriginalKey)

	DBSystemName     = string(semconv.DBSystemNameKey)
	DBNamespace      = string(semconv.DBNamespaceKey)
	CodeFunctionName = string(semconv.CodeFunctionNameKey)
	ExceptionMessage = string(semconv.ExceptionMessageKey)
	MCPMethodName    = string(semconv.McpMethodNameKey)
	MCPResourceURI   = string(semconv.McpResourceURIKey)
	ServiceName      = string(semconv.ServiceNameKey)
	ServiceVersion   = string(semconv.ServiceVersionKey)

	ServiceNamespace     = string(semconv.ServiceNamespaceKey)
	ServiceInstanceID    = string(semconv.ServiceInstanceIDKey)
	K8SPodName           = string(semconv.K8SPodNameKey)
	K8SPodUID            = string(semconv.K8SPodUIDKey)
	K8SPodIP             = string(semconv.K8SPodIPKey)
	K8SNamespaceName     = string(semconv.K8SNamespaceNameKey)
	K8SContainerName     = string(semconv.K8SContainerNameKey)
	K8SNodeName          = string(semconv.K8SNodeNameKey)
	K8SDeploymentName    = string(semconv.K8SDeploymentNameKey)
	K8SDaemonSetName     = string(semconv.K8SDaemonSetNameKey)
	K8SStatefulSetName   = string(semconv.K8SStatefulSetNameKey)
	TelemetrySDKLanguage = string(semconv.TelemetrySDKLanguageKey)
	TelemetrySDKName     = string(semconv.TelemetrySDKNameKey)

	GenAIOperationName         = string(semconv.GenAIOperationNameKey)
	GenAIProviderName          = string(semconv.GenAIProviderNameKey)
	GenAIRequestModel          = string(semconv.GenAIRequestModelKey)
	GenAIResponseModel         = string(semconv.GenAIResponseModelKey)
	GenAIUsageInputTokens      = string(semconv.GenAIUsageInputTokensKey)
	GenAIUsageOutputTokens     = string(semconv.GenAIUsageOutputTokensKey)
	GenAIResponseFinishReasons = string(semconv.GenAIResponseFinishReasonsKey)
	GenAIInputMessages         = string(semconv.GenAIInputMessagesKey)
	GenAIOutputMessages        = string(semconv.GenAIOutputMessagesKey)
	GenAISystemInstructions    = string(semconv.GenAISystemInstructionsKey)
	GenAIToolDefinitions       = string(semconv.GenAIToolDefinitionsKey)
	GenAIToolName              = string(semconv.GenAIToolNameKey)
	GenAIPromptName            = string(semconv.GenAIPromptNameKey)
	GenAIAgentName             = string(semconv.GenAIAgentNameKey)
)

// Names of 1.45.0 that no Go package has yet (newest seen: semconv/v1.43.0).
const (
	// RPCStatusCode (string) replaced rpc.response.status_code in 1.45.0.
	RPCStatusCode = "rpc.status_code"
	// RPCRequestHeader and RPCResponseTrailer are prefixes of per-key attributes (string[]) since 1.45.0.
	RPCRequestHeader   = "rpc.request.header."
	RPCResponseTrailer = "rpc.response.trailer."
	// HTTPRequestHeader and HTTPResponseHeader are prefixes of per-key attributes (string[]), stable since
	// 1.21.0; the Go package has functions for them instead of constants.
	HTTPRequestHeader  = "http.request.header."
	HTTPResponseHeader = "http.response.header."
	// ServerServiceName (string) replaced peer.service on the client's side in 1.45.0.
	ServerServiceName = "server.service.name"
	// ClientServiceName (string) replaced peer.service on the server's side in 1.45.0.
	ClientServiceName = "client.service.name"
)
