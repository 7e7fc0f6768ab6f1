package builtin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// TestPrecedence: several sources of one attribute, and which of them wins (semantic conventions 1.44.0, HTTP migration
// guide and registry; where they are silent, what the comment at the rule says). Conflicts are old names that contradict
// their successor.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind      ptrace.SpanKind
		attrs     attrMap
		want      attrMap
		conflicts int
	}{
		"new and equal old": {
			server,
			attrMap{"http.request.method": "GET", "http.method": "GET"},
			attrMap{"http.request.method": "GET", "http.method": nil},
			0,
		},
		"new beats a different old": {
			server,
			attrMap{"http.request.method": "GET", "http.method": "POST"},
			attrMap{"http.request.method": "GET", "http.method": nil},
			1,
		},
		"equal but for the type": {
			server,
			attrMap{"http.response.status_code": "200", "http.status_code": 200},
			attrMap{"http.response.status_code": 200, "http.status_code": nil},
			0,
		},
		"the Host header beats a configured name": {
			server,
			attrMap{"http.host": "a.example:8443", "net.host.name": "b.example", "net.host.port": 80, "http.server_name": "c.example"},
			attrMap{"server.address": "a.example", "server.port": 8443, "http.host": nil, "net.host.name": nil, "http.server_name": nil},
			-1,
		},
		"a name beats a server name": {
			server,
			attrMap{"net.host.name": "b.example", "http.server_name": "c.example"},
			attrMap{"server.address": "b.example"},
			0,
		},
		"the Host header beats the URL": {
			server,
			attrMap{"http.url": "http://a.example/x", "http.host": "b.example:8080"},
			attrMap{"server.address": "b.example", "server.port": 8080},
			-1,
		},
		"the URL alone": {
			server,
			attrMap{"http.url": "https://a.example:8443/x?y=1"},
			attrMap{"server.address": "a.example", "server.port": 8443, "url.scheme": "https"},
			0,
		},
		"target beats the URL's path": {
			server,
			attrMap{"http.url": "http://a.example/x?y=1", "http.target": "/z"},
			attrMap{"url.path": "/z"},
			-1,
		},
		"the forwarded client beats the socket": {
			server,
			attrMap{"http.client_ip": "203.0.113.7", "net.sock.peer.addr": "10.0.0.1", "net.sock.peer.port": 4},
			attrMap{"client.address": "203.0.113.7", "network.peer.address": "10.0.0.1", "network.peer.port": 4},
			0,
		},
		"the left-most of a list": {
			server,
			attrMap{"http.client_ip": "203.0.113.7, 10.0.0.9"},
			attrMap{"client.address": "203.0.113.7"},
			0,
		},
		"peer by kind, server": {
			server,
			attrMap{"net.peer.name": "caller", "net.peer.port": 5},
			attrMap{"client.address": "caller", "client.port": 5, "server.address": nil},
			0,
		},
		"peer by kind, client": {
			client,
			attrMap{"net.peer.name": "orders", "net.peer.port": 8080},
			attrMap{"server.address": "orders", "server.port": 8080, "client.address": nil},
			0,
		},
		"URL by kind, client": {
			client,
			attrMap{"http.url": "http://u:p@orders:8080/x?sig=a"},
			attrMap{"url.full": "http://REDACTED:REDACTED@orders:8080/x?sig=REDACTED", "url.path": nil, "server.address": "orders", "server.port": 8080},
			0,
		},
		"compressed beats uncompressed": {
			server,
			attrMap{"http.request_content_length": 5, "http.request_content_length_uncompressed": 50},
			attrMap{"http.request.body.size": 5},
			0,
		},
		"uncompressed alone": {
			server,
			attrMap{"http.request_content_length_uncompressed": 50},
			attrMap{"http.request.body.size": 50},
			0,
		},
		"who hosts beats whose model it is": {
			client,
			attrMap{"llm.provider": "azure", "llm.system": "openai"},
			attrMap{"gen_ai.provider.name": "azure.ai.openai", "llm.system": nil},
			0,
		},
		"named field beats the span kind": {
			client,
			attrMap{"gen_ai.operation.name": "text_completion", "openinference.span.kind": "LLM"},
			attrMap{"gen_ai.operation.name": "text_completion", "openinference.span.kind": "LLM"},
			0,
		},
		"total that is a sum": {
			client,
			attrMap{"gen_ai.usage.prompt_tokens": 3, "gen_ai.usage.completion_tokens": 4, "gen_ai.usage.total_tokens": 7},
			attrMap{"gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 4, "gen_ai.usage.total_tokens": nil},
			0,
		},
		"total that says more": {
			client,
			attrMap{"gen_ai.usage.prompt_tokens": 3, "gen_ai.usage.completion_tokens": 4, "gen_ai.usage.total_tokens": 9},
			attrMap{"gen_ai.usage.total_tokens": 9},
			0,
		},
		"service and method are joined": {
			client,
			attrMap{"rpc.system": "grpc", "rpc.service": "pkg.Svc", "rpc.method": "Do", "rpc.grpc.status_code": 5},
			attrMap{"rpc.method": "pkg.Svc/Do", "rpc.service": nil, "rpc.status_code": "NOT_FOUND", "rpc.system.name": "grpc"},
			0,
		},
		"a full method is not joined again": {
			client,
			attrMap{"rpc.system": "grpc", "rpc.service": "pkg.Svc", "rpc.method": "pkg.Svc/Do"},
			attrMap{"rpc.method": "pkg.Svc/Do", "rpc.service": nil},
			0,
		},
		"an error of JSON-RPC is no gRPC code": {
			client,
			attrMap{"rpc.system": "jsonrpc", "rpc.jsonrpc.error_code": 5},
			attrMap{"rpc.status_code": "5"},
			0,
		},
		"database name and instance": {
			client,
			attrMap{"db.system": "mssql", "db.mssql.instance_name": "i1", "db.name": "shop"},
			attrMap{"db.namespace": "i1|shop", "db.system.name": "microsoft.sql_server", "db.name": nil},
			0,
		},
		"namespace and function": {
			internal,
			attrMap{"code.namespace": "com.example.Cart", "code.function": "add"},
			attrMap{"code.function.name": "com.example.Cart.add", "code.namespace": nil},
			0,
		},
		"names that must stay": {
			server,
			attrMap{"enduser.id": "alice", "user.id": "bob"},
			attrMap{"enduser.id": "alice", "user.id": "bob"},
			0,
		},
	} {
		span, _, stats := rewriteSpanBy(t, engine(t), spanSpec{Scope: "my-lib", Name: "n", Kind: c.kind, Attrs: c.attrs})
		assert.Equal(t, gateway.Unknown, stats[0].Gateway, name)
		requireAttrs(t, c.want, span.Attributes())
		if c.conflicts >= 0 {
			assert.Equal(t, c.conflicts, stats[0].Conflicts, name)
		}
	}
}

// TestOrderDoesNotMatter: attributes come in any order, and a map of the wire has none.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	pairs := [][2]any{
		{"http.url", "http://a.example/x?y=1"},
		{"http.host", "b.example:8080"},
		{"http.target", "/z"},
		{"net.host.name", "c.example"},
		{"http.server_name", "d.example"},
		{"http.client_ip", "203.0.113.7"},
		{"net.sock.peer.addr", "10.0.0.1"},
		{"http.method", "GET"},
		{"http.request.method", "GET"},
		{"url.path", "/z"},
	}
	var first map[string]any
	for shift := range pairs {
		for _, step := range []int{1, 3, 7} { // orders of ten elements
			attrs := make([][2]any, 0, len(pairs))
			for i := range pairs {
				attrs = append(attrs, pairs[(shift+i*step)%len(pairs)])
			}
			got := rewriteOrdered(t, attrs)
			if first == nil {
				first = got
			}
			assert.Equal(t, first, got, attrs)
		}
	}
}
