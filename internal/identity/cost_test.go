package identity

import (
	"fmt"
	"math"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

// spans2 is the resource that kgateway 2.4.2 puts on its spans, and logs2 the one on its access logs.
var (
	spans2 = map[string]any{
		"k8s.container.name": "kgateway-proxy", "k8s.deployment.name": "http", "k8s.namespace.name": "kgateway-system", "k8s.node.name": "node-a",
		"k8s.pod.name": "http-c7f65bbb-8dh28", "k8s.pod.uid": podUID, "service.instance.id": podUID, "service.name": "http.kgateway-system",
		"service.namespace": "kgateway-system", "service.version": "v2.4.2", "telemetry.sdk.language": "cpp", "telemetry.sdk.name": "envoy",
		"telemetry.sdk.version": "0ebfcfe5b0484b89ca85b761da9e05ce75dbda8d/1.38.3/Modified/RELEASE/BoringSSL",
	}
	logs2 = map[string]any{
		"cluster_name": "http.kgateway-system", "k8s.container.name": "kgateway-proxy", "k8s.namespace.name": "kgateway-system", "log_name": "kgw_otlp",
		"node_name": "http-c7f65bbb-8dh28.kgateway-system", "service.name": "http.kgateway-system", "service.namespace": "kgateway-system",
		"service.version": "v2.4.2", "zone_name": "region-1a",
	}
)

// TestKnownResourceAllocatesNothing: a resource that was seen before is one look-up, and writes nothing when it is complete.
func TestKnownResourceAllocatesNothing(t *testing.T) {
	hints := Hints{Peer: netip.MustParseAddr("10.244.0.10")}
	for name, attributes := range map[string]map[string]any{"spans": spans2, "logs": logs2} {
		r := NewResolver(world(kgateway(nil)), DefaultOptions())
		resource := pcommon.NewResource()
		require.NoError(t, resource.Attributes().FromRaw(attributes))
		id, _ := r.Lookup(resource.Attributes(), hints)
		require.NotZero(t, id.Writes)
		assert.Zero(t, testing.AllocsPerRun(1000, func() { r.Lookup(resource.Attributes(), hints) }), "%s: look-up", name)
		r.Resource(resource, hints)
		r.Resource(resource, hints)
		assert.Zero(t, testing.AllocsPerRun(1000, func() { r.Resource(resource, hints) }), "%s: complete", name)
	}
}

// TestKnownItemAllocatesNothing: the questions about a route and an upstream that were asked before cost two look-ups.
func TestKnownItemAllocatesNothing(t *testing.T) {
	v := shop()
	addRoute(v, cluster.HTTPRoute, "shop", "shop", cluster.Parent{Gateway: edge}, "orders", "")
	r := NewResolver(v, DefaultOptions())
	m := newMap(t, map[string]any{
		"gateway.route.id":              "listener~8080~shop_example_com-route-2-httproute-shop-shop-1-0-matcher-0",
		"gateway.upstream.service.name": "cart", "gateway.upstream.service.namespace": "shop", "network.peer.address": "10.244.0.5",
	})
	id := &Identity{Gateway: edge}
	r.Item(id, m, true)
	assert.Zero(t, testing.AllocsPerRun(1000, func() { r.Item(id, m, true) }))
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m := newMemory[int, int](100)
	for i := range 100_000 {
		m.put(i, i)
		if i%7 == 0 {
			_, ok := m.get(0)
			assert.True(t, ok || i > 200, "what is asked for stays")
		}
	}
	assert.LessOrEqual(t, m.len(), 200)
	got, ok := m.get(0)
	assert.True(t, ok)
	assert.Zero(t, got)
	_, ok = m.get(500)
	assert.False(t, ok)
}

// Numbers are a sender's choice: whichever they are, what is before them counts.
func TestNumbersDoNotHideOtherAttributes(t *testing.T) {
	t.Parallel()
	r := NewResolver(cluster.NewView(0), DefaultOptions())
	of := func(name string, number pcommon.Value) uint64 {
		m := pcommon.NewMap()
		m.PutStr("k8s.pod.name", name)
		number.CopyTo(m.PutEmpty("n"))
		return r.fingerprint(m, Hints{})
	}
	// 0xd1342543de82ef95 is a factor of the mixing: a part that was equal to it took everything before it away.
	for _, bits := range []uint64{0xd1342543de82ef95, 0x9e3779b97f4a7c15, 0, 1, math.MaxUint64} {
		for _, number := range []pcommon.Value{pcommon.NewValueInt(int64(bits)), pcommon.NewValueDouble(math.Float64frombits(bits))} {
			assert.NotEqual(t, of("a", number), of("b", number), "%x", bits)
		}
	}
}

func TestFingerprintsDiffer(t *testing.T) {
	t.Parallel()
	r := NewResolver(cluster.NewView(0), DefaultOptions())
	seen := make(map[uint64]string)
	for i, attributes := range []map[string]any{
		{}, {"a": "b"}, {"ab": ""}, {"a": ""}, {"a": int64(1)}, {"a": 1.0}, {"a": true}, {"a": int64(2)}, {"a": []any{}}, {"a": "bc"}, {"a": "b", "c": ""},
	} {
		for _, node := range []string{"", "n"} {
			for _, peer := range []netip.Addr{{}, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")} {
				for flags := range 8 {
					hints := Hints{Node: node, Peer: peer, Mixed: flags&1 != 0, Gateway: flags&2 != 0, Scraped: flags&4 != 0}
					key := r.fingerprint(newMap(t, attributes), hints)
					text := fmt.Sprintf("%d %+v", i, hints)
					assert.NotContains(t, seen, key, text)
					seen[key] = text
				}
			}
		}
	}
}
