package otel

import "github.com/gatehouse-otel/gatehouse/internal/gateway"

// Omission is a mapping of the migration tables that has no rule here.
type Omission struct {
	// From is the old attribute.
	From string
	// Group is its topic in the tables.
	Group string
	// Reason is why nothing, or not everything, is done about it.
	Reason string
}

// Omitted are the mappings that are left undone for every emitter.
var Omitted = []Omission{
	{
		From: "message", Group: "opentracing",
		Reason: "It is an exception's message only on a span event with event=error; on all others it is ordinary text, and a " +
			"rule can ask for a neighbor but not for its value.",
	},
	{
		From: "stack", Group: "opentracing",
		Reason: "As message: it is a stack trace of an exception only beside event=error.",
	},
	{
		From: "opentracing.ref_type", Group: "opentracing",
		Reason: "It has no successor and stands on span links, whose attributes keep their names: it stays.",
	},
	{
		From: "gen_ai.request.<param>", Group: "gen_ai",
		Reason: "Model parameters that a gateway flattens below gen_ai.request are under their current names already; the " +
			"old aliases n, max_completion_tokens and reasoning_effort have rules of their own, all others have no target.",
	},
	{
		From: "langfuse.environment", Group: "langfuse",
		Reason: "deployment.environment.name describes a resource, and one span cannot speak for all spans of its resource.",
	},
	{
		From: "langfuse.release", Group: "langfuse",
		Reason: "service.version describes a resource, and one span cannot speak for all spans of its resource.",
	},
}

// Partial are the mappings that have a rule, but not for every place they are defined for.
var Partial = []Omission{
	{
		From: "otel.library.name", Group: "opentracing",
		Reason: "On a resource with several scopes it cannot be said which of them it names; it is moved from spans and log records only.",
	},
	{
		From: "otel.library.version", Group: "opentracing",
		Reason: "As otel.library.name.",
	},
	{
		From: "rpc.jsonrpc.error_message", Group: "rpc",
		Reason: "Its successor is the span status. A log record has none, so there the attribute stays.",
	},
	{
		From: "error.msg", Group: "exception_error",
		Reason: "Its successor is the span status. A log record has none, so there the attribute stays.",
	},
}

// InGateways are the mappings of keys that one gateway made up. They stand in that gateway's profile: from an
// unknown emitter, "duration" or "user_agent" may mean anything.
var InGateways = map[gateway.ID][]string{
	"envoy": {
		"cluster_name",
		"grpc.authority",
		"grpc.content_type",
		"grpc.message",
		"grpc.path",
		"grpc.status_code",
		"grpc.timeout",
		"guid:x-client-trace-id",
		"guid:x-request-id",
		"http.protocol",
		"log_name",
		"node_id",
		"node_name",
		"request_size",
		"response_flags",
		"response_size",
		"retry.count",
		"upstream_address",
		"upstream_cluster",
		"upstream_cluster.name",
		"user_agent",
		"zone",
		"zone_name",
	},
	"agentgateway": {
		"agw.ai.time_to_first_token",
		"duration",
		"http.path",
		"http.status",
		"http.version",
		"llm.request.tokens",
		"llm.response.tokens",
		"mcp.error.code",
		"mcp.error.message",
		"mcp.method",
		"mcp.resource.name",
		"mcp.tool",
		"retry.attempt",
		"span.id",
		"src.addr",
		"tls.sni",
		"trace.id",
	},
	"kong": {
		"http.proxy",
	},
}

// MetricOnly are the mappings of data point attributes; this distribution does not rewrite metrics.
var MetricOnly = []string{
	"db.client.connections.pool.name",
	"db.client.connections.state",
	"pool.name",
	"state",
}
