package identity

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

func shop() *cluster.View {
	cart, canary, other := plain("shop", "cart", "10.244.0.5"), plain("shop", "canary", "10.244.0.6"), plain("other", "pay", "10.244.0.7")
	v := world(cart, canary, other)
	v.SetService(&cluster.Service{Ref: cluster.Ref{Namespace: "shop", Name: "cart"}, ClusterIPs: []netip.Addr{netip.MustParseAddr("10.96.0.5")}})
	v.SetEndpoints(&cluster.Endpoints{Slice: cluster.Ref{Namespace: "shop", Name: "cart-1"}, Service: "cart", Addresses: []netip.Addr{netip.MustParseAddr("10.244.0.5")}})
	v.SetEndpoints(&cluster.Endpoints{Slice: cluster.Ref{Namespace: "shop", Name: "mixed-1"}, Service: "mixed", Addresses: []netip.Addr{netip.MustParseAddr("10.244.0.5"), netip.MustParseAddr("10.244.0.6")}})
	v.SetEndpoints(&cluster.Endpoints{Slice: cluster.Ref{Namespace: "other", Name: "pay-1"}, Service: "pay", Addresses: []netip.Addr{netip.MustParseAddr("10.244.0.7"), netip.MustParseAddr("192.0.2.1")}})
	return v
}

func TestUpstream(t *testing.T) {
	t.Parallel()
	with := func(service, namespace, workload string) map[string]any {
		m := map[string]any{}
		if service != "" {
			m["gateway.upstream.service.name"], m["gateway.upstream.service.namespace"] = service, namespace
		}
		if workload != "" {
			m["gateway.upstream.workload.kind"], m["gateway.upstream.workload.name"] = "Deployment", workload
		}
		return m
	}
	for _, test := range []struct {
		name       string
		client     bool
		attributes map[string]any
		want       map[string]any // what must be there of gateway.upstream.*; no more
	}{
		{"upstream_cluster names the Service, the peer the pod", true, map[string]any{
			"gateway.upstream.service.name": "mixed", "gateway.upstream.service.namespace": "shop", "network.peer.address": "10.244.0.6",
		}, with("mixed", "shop", "canary")},
		{"the Service alone, one workload behind it", false, map[string]any{
			"gateway.upstream.service.name": "cart", "gateway.upstream.service.namespace": "shop",
		}, with("cart", "shop", "cart")},
		{"the Service alone, two workloads behind it", false, map[string]any{
			"gateway.upstream.service.name": "mixed", "gateway.upstream.service.namespace": "shop",
		}, with("mixed", "shop", "")},
		{"an access log's endpoint", false, map[string]any{"gateway.upstream.address": "10.244.0.7"}, with("pay", "other", "pay")},
		{"an endpoint of two Services", false, map[string]any{"gateway.upstream.address": "10.244.0.5"}, map[string]any{
			"gateway.upstream.workload.kind": "Deployment", "gateway.upstream.workload.name": "cart", "gateway.upstream.workload.namespace": "shop",
		}},
		{"an endpoint outside of the cluster", false, map[string]any{"gateway.upstream.address": "192.0.2.1"}, with("pay", "other", "pay")},
		{"a cluster IP", true, map[string]any{"server.address": "10.96.0.5"}, with("cart", "shop", "cart")},
		{"a host name of the cluster", true, map[string]any{"server.address": "cart.shop.svc.cluster.local"}, with("cart", "shop", "cart")},
		{"a short host name of the cluster", true, map[string]any{"server.address": "cart.shop"}, with("cart", "shop", "cart")},
		{"Istio's host", false, map[string]any{"gateway.upstream.service.host": "cart.shop.svc.cluster.local"}, with("cart", "shop", "cart")},
		{"the host that Kong's ingress controller writes", true, map[string]any{"server.address": "cart.shop.80.svc"}, with("cart", "shop", "cart")},
		{"the name that Kong's ingress controller writes", false, map[string]any{"gateway.upstream.service.name": "shop.cart.80"}, with("cart", "shop", "cart")},
		{"a Kong Service's own name", false, map[string]any{"gateway.upstream.service.name": "orders-v2"}, map[string]any{"gateway.upstream.service.name": "orders-v2"}},
		{"somewhere else", true, map[string]any{"server.address": "api.example.com", "network.peer.address": "198.51.100.1"}, map[string]any{}},
		{"a name that only looks like a Service", true, map[string]any{"server.address": "example.com"}, map[string]any{}},
		{"a server span's peer is the client", false, map[string]any{"network.peer.address": "10.244.0.7", "server.address": "cart.shop.svc.cluster.local"}, map[string]any{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, _, upstream := item(t, shop(), test.client, test.attributes)
			for _, key := range []string{"network.peer.address", "server.address", "gateway.upstream.address", "gateway.upstream.service.host"} {
				delete(got, key)
			}
			assert.Equal(t, test.want, got)
			if len(test.want) > 1 {
				assert.Equal(t, Found, upstream)
			} else {
				assert.NotEqual(t, Found, upstream)
			}
		})
	}
}

// TestHostsOfTheCluster: which host names are a Service's by their name alone, which only if it is there, and which never.
func TestHostsOfTheCluster(t *testing.T) {
	t.Parallel()
	ask := func(v *cluster.View, host string) (any, Outcome) {
		got, _, upstream := item(t, v, true, map[string]any{"server.address": host})
		return got["gateway.upstream.service.name"], upstream
	}
	for _, host := range []string{"cart.shop.svc", "cart.shop.svc.cluster.local"} {
		name, upstream := ask(shop(), host)
		assert.Equal(t, "cart", name, host)
		assert.Equal(t, Found, upstream, host)
		name, upstream = ask(cluster.NewView(0), host)
		assert.Equal(t, "cart", name, "%s without Kubernetes", host)
		assert.Equal(t, Unknown, upstream, "%s: nobody knows the Service", host)
	}
	for _, host := range []string{"cart.shop", "cart.shop.80.svc", "cart.shop.svc.example.internal"} {
		name, upstream := ask(shop(), host)
		assert.Equal(t, "cart", name, host)
		assert.Equal(t, Found, upstream, host)
		name, upstream = ask(cluster.NewView(0), host)
		assert.Nil(t, name, "%s may be anybody's", host)
		assert.Equal(t, Unknown, upstream, host)
	}
	for _, host := range []string{
		"cart.shop.svcs", "cart.shop.svc2.cluster.local", "cart.shop.example.com", "cart.shop.80.81.svc", ".shop.svc", "cart..svc", "cart.shop.svc.", "cart.shop..svc", "svc",
	} {
		name, _ := ask(shop(), host)
		assert.Nil(t, name, host)
	}
}

func TestUpstreamOfHostNetworkPods(t *testing.T) {
	t.Parallel()
	host := plain("shop", "cart", "192.168.0.1")
	host.HostNetwork = true
	got, _, upstream := item(t, world(host), true, map[string]any{"network.peer.address": "192.168.0.1"})
	assert.Len(t, got, 1)
	assert.Equal(t, Unknown, upstream, "the node's address is nobody's")
}

// A value that says that there is none is none on items either.
func TestPlaceholdersOnItemsAreFilled(t *testing.T) {
	t.Parallel()
	v := shop()
	addRoute(v, cluster.HTTPRoute, "shop", "r", cluster.Parent{Gateway: edge, Section: "admin"}, "")
	for _, none := range []string{"", "-", "$(NAME)", "${NAME}", "%ROUTE_KIND%"} {
		got, route, upstream := item(t, v, false, map[string]any{
			"gateway.route.name": "r", "gateway.route.namespace": "shop", "gateway.route.kind": none, "gateway.listener.name": none,
			"gateway.upstream.service.name": "cart", "gateway.upstream.service.namespace": "shop", "gateway.upstream.workload.name": none,
		})
		assert.Equal(t, Found, route, none)
		assert.Equal(t, Found, upstream, none)
		assert.Equal(t, "httproute", got["gateway.route.kind"], none)
		assert.Equal(t, "admin", got["gateway.listener.name"], none)
		assert.Equal(t, "cart", got["gateway.upstream.workload.name"], none)
	}
}

func TestItemsCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	v := shop()
	addRoute(v, cluster.HTTPRoute, "shop", "r", cluster.Parent{Gateway: edge}, "")
	attributes := map[string]any{"gateway.upstream.address": "10.244.0.7", "gateway.route.name": "r", "gateway.route.namespace": "shop"}
	for _, test := range []struct{ routes, upstream bool }{{false, false}, {true, false}, {false, true}} {
		opts := DefaultOptions()
		opts.Routes, opts.Upstream = test.routes, test.upstream
		m := newMap(t, attributes)
		route, upstream := NewResolver(v, opts).Item(&Identity{}, m, false)
		assert.Equal(t, test.routes, route == Found)
		assert.Equal(t, test.upstream, upstream == Found)
		_, kind := m.Get("gateway.route.kind")
		assert.Equal(t, test.routes, kind)
		_, workload := m.Get("gateway.upstream.workload.name")
		assert.Equal(t, test.upstream, workload)
	}
}

func TestAnswersFollowTheCluster(t *testing.T) {
	t.Parallel()
	v := shop()
	r := NewResolver(v, DefaultOptions())
	ask := func() string {
		m := newMap(t, map[string]any{"gateway.upstream.address": "10.244.0.7"})
		r.Item(&Identity{}, m, false)
		got, _ := m.Get("gateway.upstream.workload.name")
		return got.Str()
	}
	assert.Equal(t, "pay", ask())
	v.SetPod(plain("other", "fresh", "10.244.0.7")) // the address is given to another pod
	assert.Equal(t, "fresh", ask())
}
