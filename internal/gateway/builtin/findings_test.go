package builtin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// TestFuzzFindings holds the smallest form of what the fuzz targets found: each was not finished after one pass, or left
// broken bytes.
func TestFuzzFindings(t *testing.T) {
	t.Parallel()
	duplicate := func(o *gateway.Options) { o.Mode = gateway.ModeDuplicate }
	nothing := func(*gateway.Options) {}
	for name, c := range map[string]struct {
		change func(*gateway.Options)
		spec   spanSpec
		event  attrMap // of an event "exception"
		want   attrMap
	}{
		"a status message that is there already": {
			duplicate, spanSpec{Name: "n", Status: ptrace.StatusCodeError, Attrs: attrMap{"error.msg": "boom"}}, nil, attrMap{"error.msg": "boom"},
		},
		"an empty provider beside its old name": {
			duplicate, spanSpec{Scope: "envoyproxy/ai-gateway", Name: "n", Attrs: attrMap{"llm.provider": ""}}, nil, nil,
		},
		"a header that is there already": {
			duplicate, ingress(), nil, attrMap{"http.request.header.x-request-id": strs("5a3dd5c7-dcfe-9718-acee-05d00e0f3cb2")},
		},
		"an error type under its old name in an event": {
			nothing,
			spanSpec{Scope: "envoy", Name: "n", Kind: client, Status: ptrace.StatusCodeError},
			attrMap{"error.kind": "RateLimitError"},
			attrMap{"error.type": "RateLimitError"},
		},
		"broken bytes in an event's error type": {
			nothing,
			spanSpec{Scope: "envoy", Name: "n", Kind: client, Status: ptrace.StatusCodeError},
			attrMap{"exception.type": "a\xff"},
			attrMap{"error.type": "a\uFFFD"},
		},
		"a target with a rule of the gateway's own": {
			nothing,
			spanSpec{Scope: "envoyproxy/ai-gateway", Name: "n", Attrs: attrMap{"rpc.jsonrpc.request_id": "", "llm.model_name": ""}},
			nil,
			attrMap{"jsonrpc.request.id": nil, "gen_ai.request.model": nil},
		},
		"a target that an option gives another type": {
			allOptional, spanSpec{Scope: "kong-internal", Name: "n", Attrs: attrMap{"llm.top_k": 36.0}}, nil, attrMap{"gen_ai.request.top_k": 36},
		},
		"an address with a port": {
			nothing, spanSpec{Name: "n", Attrs: attrMap{"peer.ipv4": "[::1]:80"}}, nil, attrMap{"network.peer.address": "::1"},
		},
		"an address with nothing behind its userinfo": {
			nothing, spanSpec{Name: "n", Kind: server, Attrs: attrMap{"net.peer.ip": "127.0.0.1@"}}, nil, attrMap{"network.peer.address": nil},
		},
		"an at sign in a forwarded client": {
			nothing, spanSpec{Name: "n", Kind: server, Attrs: attrMap{"http.client_ip": "a@10.0.0.9"}}, nil, attrMap{"http.client_ip": nil},
		},
		"an at sign in a cluster's host": {
			nothing, router(attrMap{"upstream_cluster": "outbound|8080||cart@local"}), nil, attrMap{"gateway.upstream.service.port": 8080},
		},
		"an RPC status of another type": {
			nothing, spanSpec{Name: "n", Kind: client, Attrs: attrMap{"rpc.response.status_code": 5}}, nil, attrMap{"rpc.status_code": "5"},
		},
		"a query that begins with a question mark": {
			nothing, spanSpec{Name: "n", Kind: server, Attrs: attrMap{"http.target": "/a??b=1"}}, nil, attrMap{"url.path": "/a", "http.target": nil},
		},
		"a prompt in an event's error object": {
			func(o *gateway.Options) { o.Content = gateway.ContentDrop },
			spanSpec{Name: "n", Attrs: attrMap{"gen_ai.provider.name": "openai"}},
			attrMap{"error.object": secret},
			nil,
		},
		"a user agent that is an empty list's element": {
			nothing,
			spanSpec{Scope: "opentelemetry-lua", Name: "n", Attrs: attrMap{"request.headers.user-agent": []any{nil}}},
			nil,
			attrMap{"user_agent.original": nil},
		},
		"an empty request id beside its old name": {
			duplicate, spanSpec{Scope: "envoyproxy/ai-gateway", Name: "n", Attrs: attrMap{"mcp.request.id": ""}}, nil, nil,
		},
		"an empty user agent": {
			nothing, spanSpec{Name: "n", Attrs: attrMap{"http.user_agent": ""}}, nil, attrMap{"user_agent.original": nil},
		},
		"a model call's parameters that have no name": {
			nothing,
			spanSpec{Name: "n", Attrs: attrMap{"llm.invocation_parameters": `{"model":"m","stream_options":{}}`}},
			nil,
			attrMap{"gen_ai.request.model": "m", "llm.invocation_parameters": `{"model":"m","stream_options":{}}`},
		},
	} {
		e := compile(t, c.change)
		td := gatewaytest.Span(t, c.spec)
		span := gatewaytest.Spans(td)[0]
		if c.event != nil {
			event := span.Events().AppendEmpty()
			event.SetName("exception")
			require.NoError(t, event.Attributes().FromRaw(c.event))
		}
		e.Traces(td)
		requireAttrs(t, c.want, span.Attributes())
		assertValid(t, name, gatewaytest.Batch{Traces: td})
		assertStable(t, e, gatewaytest.Batch{Traces: td}, name)
		assert.Zero(t, total(e.Traces(td)).Conflicts, name)
	}
}
