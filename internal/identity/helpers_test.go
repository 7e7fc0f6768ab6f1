package identity

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

const (
	podUID     = "e02ddb1e-cff2-44cc-b83f-62b9ebfa0526"
	otherUID   = "11111111-cff2-44cc-b83f-62b9ebfa0526"
	gatewayUID = "99999999-aaaa-44cc-b83f-62b9ebfa0526"
)

var edge = cluster.Ref{Namespace: "kgateway-system", Name: "http"}

// kgateway is a proxy pod of the Gateway http in kgateway-system, changed as the test wants.
func kgateway(change func(*cluster.Pod)) *cluster.Pod {
	p := &cluster.Pod{
		UID: podUID, Name: "http-c7f65bbb-8dh28", Namespace: "kgateway-system", Node: "node-a",
		IPs:      [2]netip.Addr{netip.MustParseAddr("10.244.0.10")},
		Workload: cluster.Workload{Kind: "Deployment", Name: "http"},
		App:      "http", Container: "kgateway-proxy", Version: "v2.4.2",
		Proxy: &cluster.Proxy{Gateway: edge, Class: "kgateway", Known: true},
	}
	if change != nil {
		change(p)
	}
	return p
}

// plain is a pod that is no gateway.
func plain(namespace, name, address string) *cluster.Pod {
	return &cluster.Pod{
		UID: "uid-" + name, Name: name, Namespace: namespace, Node: "node-b", App: name, Container: "app", Version: "1.0",
		IPs: [2]netip.Addr{netip.MustParseAddr(address)}, Workload: cluster.Workload{Kind: "Deployment", Name: name},
	}
}

// world is a view with one Gateway and these pods.
func world(pods ...*cluster.Pod) *cluster.View {
	v := cluster.NewView(time.Minute)
	v.SetGateway(&cluster.Gateway{
		Ref: edge, UID: gatewayUID, Class: "kgateway",
		Listeners: []cluster.Listener{{Name: "http", Port: 8080}, {Name: "admin", Port: 8090}},
	})
	v.ReplacePods(pods)
	return v
}

// from is what comes over a connection from this address, "" for none.
func from(peer string) Hints { return Hints{Peer: address4(peer)} }

// resolve sends a resource through a fresh resolver and returns what it says then.
func resolve(t *testing.T, v *cluster.View, attributes map[string]any, hints Hints, change func(*Options)) (map[string]any, *Identity) {
	t.Helper()
	opts := DefaultOptions()
	if change != nil {
		change(&opts)
	}
	r := NewResolver(v, opts)
	resource := pcommon.NewResource()
	require.NoError(t, resource.Attributes().FromRaw(attributes))
	id, remembered := r.Resource(resource, hints)
	require.False(t, remembered)
	got := resource.Attributes().AsRaw()
	// Twice equals once.
	_, _ = r.Resource(resource, hints)
	require.Equal(t, got, resource.Attributes().AsRaw())
	return got, id
}

func newMap(tb testing.TB, attributes map[string]any) pcommon.Map {
	tb.Helper()
	m := pcommon.NewMap()
	require.NoError(tb, m.FromRaw(attributes))
	return m
}

// twice is a resource that has one key two times, as the wire can have it and the API of maps cannot.
func twice(tb testing.TB, key, first, second string) pcommon.Resource {
	tb.Helper()
	td := ptrace.NewTraces()
	m := td.ResourceSpans().AppendEmpty().Resource().Attributes()
	m.PutStr(key, first)
	other := strings.Repeat("\x01", len(key)) // renamed on the wire, where the lengths stay
	m.PutStr(other, second)
	wire, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	require.NoError(tb, err)
	td, err = (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(bytes.ReplaceAll(wire, []byte(other), []byte(key)))
	require.NoError(tb, err)
	return td.ResourceSpans().At(0).Resource()
}
