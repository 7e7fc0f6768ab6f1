package logline

// agwClass is how agentgateway writes a built-in value into a text line.
type agwClass uint8

const (
	agwToken  agwClass = iota // text without spaces: checked by an HTTP or configuration parser, or from a closed set
	agwFree                   // text that outsiders chose, mostly clients: spaces, quotes and '=' are possible
	agwReply                  // the same, chosen by an upstream that answers what the key in front asked for
	agwInt                    // decimal integer
	agwDouble                 // decimal number; an integral one is printed without a point
	agwQuoted                 // Rust Debug string; releases before 0.9 wrote it bare
	agwNested                 // list or map in Debug notation
)

// outsiders reports whether values of the class are text that the gateway did not choose and passes on as it is.
func (c agwClass) outsiders() bool { return c == agwFree || c == agwReply }

// agwKey is one built-in key of agentgateway's access log.
type agwKey struct {
	name  string
	class agwClass
}

// agwKeys are the built-in keys of all releases in the one order in which lines carry them. Releases only added
// and renamed keys, and what replaced a key took its place, so one order serves all: v0.9.0 (llm.*, mcp.tool),
// v1.0 (mcp.method, mcp.resource.name), v1.4.1, and main after it (ate.*, guardrails).
// Source: agentgateway crates/agentgateway/src/telemetry/log.rs, `let mut kv = vec![…]`.
var agwKeys = [...]agwKey{
	{"connection.id", agwInt},
	{"request.id", agwInt},
	{"gateway", agwToken},
	{"listener", agwToken},
	{"route_rule", agwToken},
	{"route", agwToken},
	{"endpoint", agwToken},
	{"src.addr", agwToken},
	{"src.identity", agwFree},
	{"http.method", agwToken},
	{"http.host", agwToken},
	{"http.path", agwToken},
	{"http.version", agwToken},
	{"http.status", agwInt},
	{"grpc.status", agwInt},
	{"tls.sni", agwToken},
	{"trace.id", agwToken},
	{"span.id", agwToken},
	{"jwt.sub", agwFree},
	{"protocol", agwToken},
	{"a2a.method", agwToken},
	{"a2a.response.outcome", agwToken},
	{"a2a.response.error_code", agwInt},
	{"a2a.result.kind", agwFree},
	{"a2a.task.state", agwFree},
	{"a2a.context.id", agwFree},
	{"mcp.method", agwFree},
	{"mcp.method.name", agwFree},
	{"mcp.target", agwToken},
	{"mcp.tool", agwFree},
	{"mcp.resource.type", agwToken},
	{"mcp.resource.name", agwFree},
	{"mcp.resource.uri", agwFree},
	{"gen_ai.tool.name", agwFree},
	{"gen_ai.prompt.name", agwFree},
	{"mcp.session.id", agwToken},
	{"mcp.error.code", agwInt},
	{"mcp.error.message", agwQuoted},
	{"inferencepool.selected_endpoint", agwToken},
	{"ate.actor.name", agwToken},
	{"ate.actor.uid", agwToken},
	{"ate.atespace", agwToken},
	{"ate.router.resume", agwToken},
	{"ate.router.route.duration", agwDouble},
	{"llm.provider", agwToken},
	{"llm.request.model", agwFree},
	{"llm.request.tokens", agwInt},
	{"llm.response.model", agwReply},
	{"llm.response.tokens", agwInt},
	{"gen_ai.operation.name", agwToken},
	{"gen_ai.provider.name", agwToken},
	{"gen_ai.request.model", agwFree},
	{"gen_ai.response.model", agwReply},
	{"gen_ai.usage.input_tokens", agwInt},
	{"gen_ai.usage.cache_creation.input_tokens", agwInt},
	{"gen_ai.usage.cache_read.input_tokens", agwInt},
	{"gen_ai.usage.output_tokens", agwInt},
	{"gen_ai.usage.reasoning_tokens", agwInt},
	{"agw.ai.time_to_first_token", agwDouble},
	{"agw.ai.time_per_output_token", agwDouble},
	{"agw.ai.usage.cost.total", agwToken}, // decimal text on OTLP too
	{"gen_ai.usage.output_image_tokens", agwInt},
	{"gen_ai.usage.input_audio_tokens", agwInt},
	{"gen_ai.usage.output_audio_tokens", agwInt},
	{"gen_ai.request.temperature", agwDouble},
	{"gen_ai.embeddings.dimension.count", agwInt},
	{"gen_ai.request.encoding_formats", agwFree},
	{"gen_ai.request.top_p", agwDouble},
	{"gen_ai.request.max_tokens", agwInt},
	{"gen_ai.request.frequency_penalty", agwDouble},
	{"gen_ai.request.presence_penalty", agwDouble},
	{"gen_ai.request.seed", agwInt},
	{"agw.ai.guardrails", agwNested},
	{"retry.attempt", agwInt},
	{"error", agwQuoted},
	{"reason", agwToken},
	{agwDuration, agwToken},
}

// agwDuration is the last built-in key; what the operator added in CEL follows it.
const agwDuration = "duration"

// agwDurationRank is the position of agwDuration.
const agwDurationRank = int16(len(agwKeys) - 1)

// agwRanks is the position of each key in agwKeys.
var agwRanks = func() map[string]int16 {
	ranks := make(map[string]int16, len(agwKeys))
	for rank, key := range agwKeys {
		ranks[key.name] = int16(rank)
	}
	return ranks
}()

// agwMaxKey is the longest name that is looked up; names that operators chose may be longer.
const agwMaxKey = len("gen_ai.usage.cache_creation.input_tokens")
