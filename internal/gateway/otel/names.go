package otel

import "github.com/gatehouse-otel/gatehouse/internal/gateway"

// rest stands for the part of a key that a template passes on.
const rest = "<key>"

// unreleased is the Since of names in the semantic-conventions-genai repository.
const unreleased = "genai-unreleased"

// Sides of a call, as sets of span kinds.
const (
	// caller is the side that speaks first. An item that does not tell its side counts as a caller's.
	caller = gateway.KindClient | gateway.KindProducer | gateway.KindInternal | gateway.KindUnspecified
	// callee is the side that is spoken to.
	callee = gateway.KindServer | gateway.KindConsumer
	// notServer are the kinds a messaging span can have, and those that say nothing.
	notServer = caller | gateway.KindConsumer
)

// Names that occur more than once here and are of no interest to other packages.
const (
	rpcResponseHeader               = "rpc.response.header."
	jsonrpcRequestID                = "jsonrpc.request.id"
	dbCollectionName                = "db.collection.name"
	messagingClientID               = "messaging.client.id"
	messagingConsumerGroupName      = "messaging.consumer.group.name"
	messagingDestinationName        = "messaging.destination.name"
	messagingDestinationPartitionID = "messaging.destination.partition.id"
	messagingMessageBodySize        = "messaging.message.body.size"
	messagingOperationType          = "messaging.operation.type"
	kafkaMessageKey                 = "kafka.message.key"
	kafkaMessageTombstone           = "kafka.message.tombstone"
	kafkaOffset                     = "kafka.offset"
	rabbitmqRoutingKey              = "rabbitmq.destination.routing_key"
	rocketmqMessageType             = "rocketmq.message.type"
	rocketmqMessageTag              = "rocketmq.message.tag"
	rocketmqMessageKeys             = "rocketmq.message.keys"
	faasInvocationID                = "faas.invocation.id"
	userID                          = "user.id"
	exceptionStacktrace             = "exception.stacktrace"
	cpuMode                         = "cpu.mode"
	processState                    = "process.state"
	cloudPlatform                   = "cloud.platform"
	systemPagingFaultType           = "system.paging.fault.type"
	elasticsearchNodeName           = "elasticsearch.node.name"
	osType                          = "os.type"
	openaiSystemFingerprint         = "openai.response.system_fingerprint"
	genAIRequestStream              = "gen_ai.request.stream"
	genAIRequestTopK                = "gen_ai.request.top_k"
	genAIRequestReasoningLevel      = "gen_ai.request.reasoning.level"
	genAIRequestEncodingFormats     = "gen_ai.request.encoding_formats"
	genAIConversationID             = "gen_ai.conversation.id"
	genAIUsageCacheCreation         = "gen_ai.usage.cache_creation.input_tokens"
	genAIUsageCacheRead             = "gen_ai.usage.cache_read.input_tokens"
	genAIUsageCacheWrite            = "gen_ai.usage.cache_write.input_tokens"
	usageCacheCreationOld           = "gen_ai.usage.cache_creation_input_tokens"
	openInferenceCacheWrite         = "llm.token_count.prompt_details.cache_write"
	llmTopK                         = "llm.top_k"
	openInferenceSpanKind           = "openinference.span.kind"
	genAIUsageReasoning             = "gen_ai.usage.reasoning.output_tokens"
)

// Sources of what OpenTelemetry itself does not define, or defines outside the versioned conventions.
const (
	srcOpenTracing   = "OpenTracing semantic conventions 1.1; opentelemetry-specification v1.60.0, compatibility/opentracing.md"
	srcNonOTLP       = "opentelemetry-specification v1.60.0, common/mapping-to-non-otlp.md"
	srcExceptions    = "semantic-conventions v1.44.0, docs/exceptions"
	srcGRPC          = "semantic-conventions v1.44.0, docs/non-normative/compatibility/grpc.md; gRFC A66"
	srcDatadog       = "Datadog, default standard attributes and error tags"
	srcOpenLLMetry   = "OpenLLMetry of 2026-06-28, opentelemetry-semantic-conventions-ai"
	srcOpenInference = "OpenInference of 2026-08-21, spec/semantic_conventions.md"
	srcLangfuse      = "Langfuse documentation, mapping of OpenTelemetry attributes"
	srcGenAI         = "semantic-conventions-genai, changelog.d and docs/gen-ai, unreleased"
	srcGenAI141      = "semantic-conventions v1.41.0, docs/gen-ai"
	srcMCPDraft      = "semantic-conventions, drafts of docs/gen-ai/mcp.md; Envoy AI Gateway"
	srcAgentgateway  = "agentgateway 1.4.1, crates/agentgateway/src/telemetry/log.rs"
)
