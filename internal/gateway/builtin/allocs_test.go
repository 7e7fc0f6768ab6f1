//go:build !race

// The race detector makes sync.Pool drop values at random: allocations are only counted without it.

package builtin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// cost is what rewriting one span may allocate.
type cost struct {
	// values are new strings, ints and doubles: pdata boxes each of them (pdata v1.64.0, internal/wrapper_value.go).
	// A value that only gets another name is moved with its box.
	values int
	// arrays are new arrays of one string: the box, the array, its elements. The string keeps its box.
	arrays int
	// built are strings that do not occur in the input, not even as a part of it.
	built int
	// grown is 1 where the span ends with more attributes than its slice has room for.
	grown int
}

func (c cost) allocations() int {
	const stats = 1 // the entry of the gateway, once per batch
	return c.values + 3*c.arrays + c.built + c.grown + stats
}

// pod is what gateways say of themselves: nothing has to be added to the resource.
var pod = attrMap{"service.name": "s", "k8s.pod.name": "p", "k8s.namespace.name": "n"}

// TestAllocations asserts the exact number of allocations of the first pass over a span: what the result needs, and
// nothing else.
func TestAllocations(t *testing.T) {
	for name, c := range map[string]struct {
		spec spanSpec
		want cost
	}{
		"kgateway ingress": {ingress(), cost{
			// url.scheme, url.path, url.query and server.address out of http.url; network.protocol.version out of
			// "HTTP/1.1"; http.response.status_code, http.request.body.size and http.response.body.size as ints; namespace,
			// name and port of the Service; client.address from the peer.
			values: 12,
			arrays: 1, // http.request.header.x-request-id
			built:  1, // the query with its signature hidden
			grown:  1, // 16 attributes become 20
		}},
		"kgateway router": {router(), cost{
			// network.peer.address and .port, server.address and .port out of peer.address; network.protocol.version;
			// http.response.status_code; namespace, name and port of the Service.
			values: 9,
			grown:  1, // 8 attributes become 12
		}},
		"kong root": {kongRoot(), cost{
			// url.path and url.query out of http.url. The status is an int, all others are moved.
			values: 2,
			built:  2, // the query, and the name "GET /ok"
			grown:  1, // 10 attributes become 11
		}},
		"kong balancer": {kongTry(), cost{values: 2, grown: 1}}, // server.port and network.peer.port out of a double
		"agentgateway server": {agentSpan(), cost{
			// namespace and name of gateway and route; address and port of the upstream and of the peer; client.address;
			// url.path and url.query; gateway.request.duration.
			values: 12,
			built:  1, // the query
			grown:  1, // 15 attributes become 19
		}},
	} {
		spec := c.spec
		spec.Resource = pod
		const runs = 200
		fresh := make([]ptrace.Traces, runs+1) // one more for the warm-up
		for i := range fresh {
			fresh[i] = gatewaytest.Span(t, spec)
		}
		e := engine(t)
		i := 0
		got := testing.AllocsPerRun(runs, func() {
			e.Traces(fresh[i])
			i++
		})
		assert.Equal(t, c.want.allocations(), int(got), name)
	}
}

// TestCurrentSpansCostNothing: a pass over what is current already allocates nothing per span. The one allocation of a
// batch is the list of counts.
func TestCurrentSpansCostNothing(t *testing.T) {
	for name, spec := range map[string]spanSpec{
		"kgateway ingress": ingress(), "kgateway router": router(), "kong root": kongRoot(), "kong balancer": kongTry(),
		"agentgateway server": agentSpan(), "traefik": traefikServer(),
	} {
		td := gatewaytest.Span(t, spec)
		e := engine(t)
		e.Traces(td)
		ss := td.ResourceSpans().At(0).ScopeSpans().At(0)
		for range 49 {
			ss.Spans().At(0).CopyTo(ss.Spans().AppendEmpty())
		}
		require.Equal(t, 50, td.SpanCount())
		assert.LessOrEqual(t, testing.AllocsPerRun(200, func() { e.Traces(td) }), 1.0, name)
	}
}
