package gateway

import "github.com/gatehouse-otel/gatehouse/internal/attrs"

// slot is a small number that stands for a target key during rewriting. The first ones are those the code
// derives something from; compile hands out the rest.
type slot uint16

const (
	noSlot slot = iota
	slotMethod
	slotMethodOriginal
	slotStatus
	slotResend
	slotRoute
	slotScheme
	slotPath
	slotQuery
	slotURLFull
	slotServerAddress
	slotServerPort
	slotClientAddress
	slotClientPort
	slotPeerAddress
	slotPeerPort
	slotErrorType
	slotErrorMessage
	slotRPCSystem
	slotRPCMethod
	slotRPCMethodOriginal
	slotRPCStatus
	slotDBSystem
	slotDBNamespace
	slotElasticNode
	slotCodeFunction
	slotOperation
	slotProvider
	slotRequestModel
	slotResponseModel
	slotInputTokens
	slotOutputTokens
	slotFinishReasons
	slotInputMessages
	slotOutputMessages
	slotSystemInstructions
	slotToolDefinitions
	slotToolName
	slotPromptName
	slotAgentName
	slotResourceURI
	slotMCPMethod
	slotCluster
	slotStatName
	slotServiceHost
	slotServicePort
	slotRequestBody
	slotResponseBody
	slotRequestDuration
	slotConnectionReceived
	slotConnectionSent
	slotConnectionDuration
	fixedSlots
)

var fixedSlotKeys = [fixedSlots]string{
	slotMethod:             attrs.HTTPRequestMethod,
	slotMethodOriginal:     attrs.HTTPRequestMethodOriginal,
	slotStatus:             attrs.HTTPResponseStatusCode,
	slotResend:             attrs.HTTPRequestResendCount,
	slotRoute:              attrs.HTTPRoute,
	slotScheme:             attrs.URLScheme,
	slotPath:               attrs.URLPath,
	slotQuery:              attrs.URLQuery,
	slotURLFull:            attrs.URLFull,
	slotServerAddress:      attrs.ServerAddress,
	slotServerPort:         attrs.ServerPort,
	slotClientAddress:      attrs.ClientAddress,
	slotClientPort:         attrs.ClientPort,
	slotPeerAddress:        attrs.NetworkPeerAddress,
	slotPeerPort:           attrs.NetworkPeerPort,
	slotErrorType:          attrs.ErrorType,
	slotErrorMessage:       attrs.GatewayErrorMessage,
	slotRPCSystem:          attrs.RPCSystemName,
	slotRPCMethod:          attrs.RPCMethod,
	slotRPCMethodOriginal:  attrs.RPCMethodOriginal,
	slotRPCStatus:          attrs.RPCStatusCode,
	slotDBSystem:           attrs.DBSystemName,
	slotDBNamespace:        attrs.DBNamespace,
	slotElasticNode:        "elasticsearch.node.name",
	slotCodeFunction:       attrs.CodeFunctionName,
	slotOperation:          attrs.GenAIOperationName,
	slotProvider:           attrs.GenAIProviderName,
	slotRequestModel:       attrs.GenAIRequestModel,
	slotResponseModel:      attrs.GenAIResponseModel,
	slotInputTokens:        attrs.GenAIUsageInputTokens,
	slotOutputTokens:       attrs.GenAIUsageOutputTokens,
	slotFinishReasons:      attrs.GenAIResponseFinishReasons,
	slotInputMessages:      attrs.GenAIInputMessages,
	slotOutputMessages:     attrs.GenAIOutputMessages,
	slotSystemInstructions: attrs.GenAISystemInstructions,
	slotToolDefinitions:    attrs.GenAIToolDefinitions,
	slotToolName:           attrs.GenAIToolName,
	slotPromptName:         attrs.GenAIPromptName,
	slotAgentName:          attrs.GenAIAgentName,
	slotResourceURI:        attrs.MCPResourceURI,
	slotMCPMethod:          attrs.MCPMethodName,
	slotCluster:            "upstream_cluster",
	slotStatName:           attrs.GatewayUpstreamStatName,
	slotServiceHost:        attrs.GatewayUpstreamServiceHost,
	slotServicePort:        attrs.GatewayUpstreamServicePort,
	slotRequestBody:        attrs.HTTPRequestBodySize,
	slotResponseBody:       attrs.HTTPResponseBodySize,
	slotRequestDuration:    attrs.GatewayRequestDuration,
	slotConnectionReceived: attrs.GatewayConnectionBytesReceived,
	slotConnectionSent:     attrs.GatewayConnectionBytesSent,
	slotConnectionDuration: attrs.GatewayConnectionDuration,
}

// maxSlots bounds the distinct target keys of one engine; compile reports when profiles need more.
const maxSlots = 1024
