package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// HTTP are the HTTP attributes of before 1.23.0, the first stable HTTP conventions, and common aliases of them.
var HTTP = []gateway.Rule{
	{
		From: "http.method", To: []string{attrs.HTTPRequestMethod, attrs.HTTPRequestMethodOriginal}, Op: gateway.OpMethod,
		Official: true, Since: "1.21.0",
	},
	{
		From: "http.request_method", To: []string{attrs.HTTPRequestMethod, attrs.HTTPRequestMethodOriginal},
		Op: gateway.OpMethod, Source: "alias of http.method written by some proxies and log shippers; nothing specifies it",
	},
	// Text from many proxies, int from most SDKs.
	{From: "http.status_code", To: []string{attrs.HTTPResponseStatusCode}, Op: gateway.OpStatus, Official: true, Since: "1.21.0"},
	// The op decides by span kind: server items have no url.full (the schema file renames without asking).
	{From: "http.url", To: []string{attrs.URLFull}, Op: gateway.OpURL, Official: true, Since: "1.21.0"},
	{From: "http.target", To: []string{attrs.URLPath, attrs.URLQuery}, Op: gateway.OpTarget, Official: true, Since: "1.21.0"},
	// The registry also offers client.address and the Host header; where the emitter is a gateway it is the
	// authority the client asked for. Messaging spans never had it.
	{
		From: "http.host", To: []string{attrs.ServerAddress, attrs.ServerPort}, Op: gateway.OpHostPort,
		Kinds: gateway.KindServer | gateway.KindClient | gateway.KindInternal | gateway.KindUnspecified, Official: true,
		Since: "1.21.0",
	},
	{From: "http.scheme", To: []string{attrs.URLScheme}, Op: gateway.OpLower, Official: true, Since: "1.21.0"},
	// A configured name, not what the client asked for: the last choice.
	{
		From: "http.server_name", To: []string{attrs.ServerAddress, attrs.ServerPort}, Op: gateway.OpAddress,
		Kinds: gateway.KindServer | gateway.KindUnspecified, Yield: true, Official: true, Since: "1.17.0",
	},
	{
		From: "http.client_ip", To: []string{attrs.ClientAddress}, Op: gateway.OpFirstIP,
		Kinds: gateway.KindServer | gateway.KindUnspecified, Official: true, Since: "1.21.0",
	},
	// Values change: 2.0 is 2, SPDY and QUIC are protocols. A blind rename would be wrong.
	{
		From: "http.flavor", To: []string{attrs.NetworkProtocolName, attrs.NetworkProtocolVersion}, Op: gateway.OpFlavor,
		Official: true, Since: "1.20.0",
	},
	{From: "http.user_agent", To: []string{attrs.UserAgentOriginal}, Official: true, Since: "1.19.0"},
	{From: "http.useragent", To: []string{attrs.UserAgentOriginal}, Source: srcDatadog},

	// The schema file and the HTTP migration guide say body.size, the registry says a content-length header:
	// Options.BodySizeAs decides.
	{
		From: "http.request_content_length", To: []string{attrs.HTTPRequestBodySize}, Op: gateway.OpSize, Official: true,
		Since: "1.21.0",
	},
	{
		From: "http.response_content_length", To: []string{attrs.HTTPResponseBodySize}, Op: gateway.OpSize, Official: true,
		Since: "1.21.0",
	},
	// Another definition, before compression: only when nothing else is there.
	{
		From: "http.request_content_length_uncompressed", To: []string{attrs.HTTPRequestBodySize}, Op: gateway.OpSize,
		Yield: true, Official: true, Since: "1.21.0",
	},
	{
		From: "http.response_content_length_uncompressed", To: []string{attrs.HTTPResponseBodySize}, Op: gateway.OpSize,
		Yield: true, Official: true, Since: "1.21.0",
	},

	// 0 resends are not written. Went through http.resend_count in 1.22.0.
	{
		From: "http.retry_count", To: []string{attrs.HTTPRequestResendCount}, Op: gateway.OpIntNonzero,
		Signals: gateway.OnSpans, Official: true, Since: "1.15.0",
	},
	{
		From: "http.resend_count", To: []string{attrs.HTTPRequestResendCount}, Op: gateway.OpIntNonzero,
		Signals: gateway.OnSpans, Official: true, Since: "1.22.0",
	},
	// Old names spelled '-' as '_' and old values could be scalars; the name is current, the shape may not be.
	{
		From: attrs.HTTPRequestHeader + rest, To: []string{attrs.HTTPRequestHeader + rest}, Op: gateway.OpHeader,
		Official: true, Since: "1.21.0",
	},
	{
		From: attrs.HTTPResponseHeader + rest, To: []string{attrs.HTTPResponseHeader + rest}, Op: gateway.OpHeader,
		Official: true, Since: "1.21.0",
	},
	// A user chose this name after an example; another emitter may mean its own id by it.
	{
		From: "request-id", To: []string{attrs.HTTPRequestHeader + "x-request-id"}, Op: gateway.OpHeader,
		Option: OptionRequestID, Source: "kgateway documentation, example of a custom tracing attribute",
	},
}
