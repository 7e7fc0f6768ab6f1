package otel

// Names of the switches in [gateway.Rule.Option] that rules of this package use. All are off unless a user asks.
const (
	OptionGenAINext         = "genai_next"
	OptionPII               = "pii"
	OptionSession           = "session"
	OptionRequestID         = "request_id"
	OptionDownstreamCluster = "downstream_cluster"
	OptionTimeToFirstChunk  = "time_to_first_chunk"
)

// Options is the closed set of switches, each with what turning it on means.
var Options = map[string]string{
	OptionGenAINext:         "renames that exist only in the unreleased GenAI repository",
	OptionPII:               "the user's id from a token's subject or from Langfuse becomes user.id",
	OptionSession:           "session ids of OpenInference, Traceloop and Langfuse become gen_ai.conversation.id",
	OptionRequestID:         "request-id becomes the header attribute of x-request-id",
	OptionDownstreamCluster: "the caller's name for itself (x-envoy-downstream-service-cluster) becomes client.service.name",
	OptionTimeToFirstChunk:  "Langfuse's completion start time becomes gen_ai.response.time_to_first_chunk",
}
