package testbed

import "go.opentelemetry.io/collector/pdata/pcommon"

// LegacyKeys must not be on any span or log record that leaves the pipeline. The list is written out here, apart from
// the processor's own tables, so that a row lost there is noticed.
var LegacyKeys = []string{
	// Semantic conventions before 1.21 to 1.23 (docs/non-normative/http-migration.md).
	"http.method", "http.status_code", "http.url", "http.target", "http.scheme", "http.host", "http.server_name",
	"http.client_ip", "http.flavor", "http.user_agent", "http.request_content_length", "http.response_content_length",
	"http.retry_count", "http.resend_count",
	"net.peer.name", "net.peer.port", "net.peer.ip", "net.host.name", "net.host.port", "net.host.ip", "net.transport",
	"net.sock.peer.addr", "net.sock.peer.port", "net.sock.peer.name", "net.sock.host.addr", "net.sock.host.port",
	"net.sock.family", "net.protocol.name", "net.protocol.version", "net.app.protocol.name", "net.app.protocol.version",
	// Database and GenAI names of older conventions.
	"db.statement", "gen_ai.system", "gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens",
	// Envoy (source/common/tracing/common_values.h).
	"http.protocol", "peer.address", "request_size", "response_size", "user_agent", "retry.count", "guid:x-request-id",
	// Envoy Gateway's access log (internal/xds/translator/accesslog.go).
	":authority", "response_code", "x-envoy-origin-path", "downstream_remote_address",
	// Kong (kong/observability/tracing/instrumentation.lua).
	"try_count",
	// agentgateway up to main (crates/agentgateway/src/telemetry/log.rs).
	"http.status", "http.path", "http.version", "src.addr", "llm.provider", "llm.request.model", "llm.response.model",
	"trace.id", "span.id",
	// OpenInference, by Envoy AI Gateway (spec/semantic_conventions.md).
	"llm.system", "llm.model_name", "llm.token_count.prompt", "llm.token_count.completion",
}

// LegacyLeft returns which of LegacyKeys are among the attributes.
func LegacyLeft(attrs pcommon.Map) []string {
	var left []string
	for _, key := range LegacyKeys {
		if _, ok := attrs.Get(key); ok {
			left = append(left, key)
		}
	}
	return left
}
