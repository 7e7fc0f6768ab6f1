package identity

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

func addRoute(v *cluster.View, kind, namespace, name string, parent cluster.Parent, rules ...string) {
	v.SetRoute(&cluster.Route{
		Ref: cluster.Ref{Namespace: namespace, Name: name}, Kind: kind, Rules: rules,
		Parents: []cluster.Parent{parent}, Extra: []cluster.KV{{Key: "gateway.route.label.team", Value: "team-" + name}},
	})
}

// item sends an item's attributes through a fresh resolver, for the Gateway http in kgateway-system.
func item(t *testing.T, v *cluster.View, client bool, attributes map[string]any) (got map[string]any, route, upstream Outcome) {
	t.Helper()
	r := NewResolver(v, DefaultOptions())
	m := newMap(t, attributes)
	id := &Identity{Gateway: edge}
	route, upstream = r.Item(id, m, client)
	got = m.AsRaw()
	again, more := r.Item(id, m, client)
	require.Equal(t, got, m.AsRaw(), "twice equals once")
	if route == Found {
		require.Equal(t, Found, again)
	}
	_ = more
	return got, route, upstream
}

func TestKgatewayRoutes(t *testing.T) {
	t.Parallel()
	v := world()
	here := cluster.Parent{Gateway: edge}
	addRoute(v, cluster.HTTPRoute, "shop", "shop", here, "orders", "slowok", "")
	addRoute(v, cluster.HTTPRoute, "shop", "catchall", cluster.Parent{Gateway: edge, Section: "http"}, "redirect", "flaky", "dead", "slow", "split", "missing", "main")
	addRoute(v, cluster.GRPCRoute, "shop", "health", here, "")
	addRoute(v, cluster.HTTPRoute, "c", "a-b", here, "")
	addRoute(v, cluster.HTTPRoute, "two-b", "one", here, "")
	addRoute(v, cluster.HTTPRoute, "b", "one-two", here, "")
	addRoute(v, cluster.HTTPRoute, "shop", "dash", here, "a-b")
	for _, test := range []struct {
		id   string
		want map[string]any
	}{
		{"listener~8080~shop_example_com-route-2-httproute-shop-shop-2-0-matcher-0", map[string]any{
			"gateway.route.name": "shop", "gateway.route.namespace": "shop", "gateway.route.kind": "httproute", "gateway.route.rule": "2", "gateway.route.match": "0",
			"gateway.virtual_host": "shop.example.com", "gateway.listener.port": int64(8080), "gateway.listener.name": "http", "gateway.route.label.team": "team-shop",
		}},
		{"listener~8090~shop_example_com-route-1-httproute-shop-shop-0-0-orders-matcher-3", map[string]any{
			"gateway.route.name": "shop", "gateway.route.namespace": "shop", "gateway.route.kind": "httproute", "gateway.route.rule": "orders", "gateway.route.match": "3",
			"gateway.virtual_host": "shop.example.com", "gateway.listener.port": int64(8090), "gateway.listener.name": "admin", "gateway.route.label.team": "team-shop",
		}},
		{"listener~8080~grpc_example_com-route-0-grpcroute-health-shop-0-0-matcher-0", map[string]any{
			"gateway.route.name": "health", "gateway.route.namespace": "shop", "gateway.route.kind": "grpcroute", "gateway.route.rule": "0", "gateway.route.match": "0",
			"gateway.virtual_host": "grpc.example.com", "gateway.listener.port": int64(8080), "gateway.listener.name": "http", "gateway.route.label.team": "team-health",
		}},
		{"listener~8080~*-route-9-httproute-catchall-shop-6-0-main-matcher-0", map[string]any{
			"gateway.route.name": "catchall", "gateway.route.namespace": "shop", "gateway.route.kind": "httproute", "gateway.route.rule": "main", "gateway.route.match": "0",
			"gateway.virtual_host": "*", "gateway.listener.port": int64(8080), "gateway.listener.name": "http", "gateway.route.label.team": "team-catchall",
		}},
		{"admin~shop_example_com-route-0-httproute-shop-shop-2-0-matcher-0", map[string]any{
			"gateway.route.name": "shop", "gateway.route.namespace": "shop", "gateway.route.kind": "httproute", "gateway.route.rule": "2", "gateway.route.match": "0",
			"gateway.virtual_host": "shop.example.com", "gateway.listener.port": int64(8090), "gateway.listener.name": "admin", "gateway.route.label.team": "team-shop",
		}},
		{"listener~8080~x-route-0-httproute-a-b-c-0-0-matcher-0", map[string]any{
			"gateway.route.name": "a-b", "gateway.route.namespace": "c", "gateway.route.kind": "httproute", "gateway.route.rule": "0", "gateway.route.match": "0",
			"gateway.virtual_host": "x", "gateway.listener.port": int64(8080), "gateway.listener.name": "http", "gateway.route.label.team": "team-a-b",
		}},
		{"listener~8080~x-route-0-httproute-dash-shop-0-0-a-b-matcher-0", map[string]any{
			"gateway.route.name": "dash", "gateway.route.namespace": "shop", "gateway.route.kind": "httproute", "gateway.route.rule": "a-b", "gateway.route.match": "0",
			"gateway.virtual_host": "x", "gateway.listener.port": int64(8080), "gateway.listener.name": "http", "gateway.route.label.team": "team-dash",
		}},
		{"listener~8080~x-route-0-httproute-one-two-b-0-0-matcher-0", nil},         // two routes read like that
		{"listener~8080~x-route-0-httproute-nobody-shop-0-0-matcher-0", nil},       // there is no such route
		{"listener~8080~x-route-0-httproute-shop-shop-9-0-matcher-0", nil},         // it has no such rule
		{"listener~8080~x-route-0-httproute-shop-shop-0-0-renamed-matcher-0", nil}, // the rule has another name by now
		{"listener~8080~x-route-0-httproute-shop-shop-2-0", nil},                   // a virtual host's own entry
		{"listener~8080~x-route-0-tcproute-shop-shop-2-0-matcher-0", nil},          // not a kind of route that is known
		{"-route-" + strings.Repeat("1-httproute-a-", 200) + "0-0-matcher-0", nil}, // nonsense
		{"httproute/shop/shop/rule/2/match/1/*", map[string]any{ // Envoy Gateway's, in front of which nobody cut it
			"gateway.route.name": "shop", "gateway.route.namespace": "shop", "gateway.route.kind": "httproute", "gateway.route.rule": "2", "gateway.route.match": "1",
			"gateway.route.label.team": "team-shop",
		}},
		{"httproute/shop/nobody/rule/2", nil},
	} {
		attributes := map[string]any{"gateway.route.id": test.id}
		got, route, _ := item(t, v, false, attributes)
		delete(got, "gateway.route.id")
		if test.want == nil {
			assert.Empty(t, got, test.id)
			assert.Equal(t, Unknown, route, test.id)
			continue
		}
		assert.Equal(t, test.want, got, test.id)
		assert.Equal(t, Found, route, test.id)
	}
}

func TestRoutesThatComeWithAName(t *testing.T) {
	t.Parallel()
	v := world()
	addRoute(v, cluster.HTTPRoute, "shop", "shop.v1", cluster.Parent{Gateway: edge, Section: "admin"}, "", "")
	addRoute(v, cluster.GRPCRoute, "shop", "health", cluster.Parent{Gateway: edge}, "")
	// agentgateway: name and namespace, the listener by name.
	got, _, _ := item(t, v, false, map[string]any{
		"gateway.name": "http", "gateway.namespace": "kgateway-system", "gateway.listener.name": "admin",
		"gateway.route.name": "shop.v1", "gateway.route.namespace": "shop",
	})
	assert.Equal(t, "httproute", got["gateway.route.kind"])
	assert.Equal(t, int64(8090), got["gateway.listener.port"])
	// The listener by where the route is attached.
	got, _, _ = item(t, v, false, map[string]any{"gateway.route.name": "shop.v1", "gateway.route.namespace": "shop"})
	assert.Equal(t, "admin", got["gateway.listener.name"])
	// A route that is attached to the whole Gateway may have come by any listener.
	got, _, _ = item(t, v, false, map[string]any{"gateway.route.name": "health", "gateway.route.namespace": "shop"})
	assert.NotContains(t, got, "gateway.listener.name")
	assert.Equal(t, "grpcroute", got["gateway.route.kind"])
	// Kong's ingress controller.
	got, route, _ := item(t, v, false, map[string]any{"gateway.route.name": "httproute.shop.shop.v1.1.0"})
	assert.Equal(t, Found, route)
	assert.Equal(t, "shop.v1", got["gateway.route.name"])
	assert.Equal(t, "shop", got["gateway.route.namespace"])
	assert.Equal(t, "1", got["gateway.route.rule"])
	got, _, _ = item(t, v, false, map[string]any{"gateway.route.name": "httproute.shop.health.0.0"})
	assert.Equal(t, "grpcroute", got["gateway.route.kind"], "it names GRPCRoutes like HTTPRoutes")
	for _, name := range []string{"orders", "httproute.shop.nobody.0.0", "httproute.shop.shop.v1", "httproute", "default.ingress.cart.shop.example.com.80"} {
		got, route, _ = item(t, v, false, map[string]any{"gateway.route.name": name})
		assert.Equal(t, map[string]any{"gateway.route.name": name}, got)
		assert.Equal(t, Unknown, route)
	}
	// A Gateway that is not known has no listeners to choose from, and neither has a request without a route.
	got, _, _ = item(t, v, false, map[string]any{"gateway.name": "x", "gateway.namespace": "y", "gateway.route.name": "shop.v1", "gateway.route.namespace": "shop"})
	assert.NotContains(t, got, "gateway.listener.name")
	got, route, _ = item(t, v, false, map[string]any{"url.path": "/"})
	assert.Len(t, got, 1)
	assert.Equal(t, NotNamed, route)
}

// Of a key that occurs twice the first value counts, as on resources.
func TestItemKeyThatOccursTwice(t *testing.T) {
	t.Parallel()
	v := world()
	addRoute(v, cluster.HTTPRoute, "shop", "shop", cluster.Parent{Gateway: edge}, "", "")
	for _, ids := range [][2]string{{"httproute/shop/shop/rule/1", "httproute/shop/nobody/rule/0"}, {"-", "httproute/shop/shop/rule/1"}} {
		m := twice(t, "gateway.route.id", ids[0], ids[1]).Attributes()
		route, _ := NewResolver(v, DefaultOptions()).Item(&Identity{Gateway: edge}, m, false)
		assert.Equal(t, Found, route)
		rule, _ := m.Get("gateway.route.rule")
		assert.Equal(t, "1", rule.Str())
	}
}

func TestListenersByHost(t *testing.T) {
	t.Parallel()
	v := world()
	v.SetGateway(&cluster.Gateway{Ref: edge, Listeners: []cluster.Listener{
		{Name: "shop", Port: 443, Hostname: "shop.example.com"}, {Name: "wild", Port: 443, Hostname: "*.example.org"}, {Name: "http", Port: 80},
	}})
	addRoute(v, cluster.HTTPRoute, "a", "r", cluster.Parent{Gateway: edge}, "")
	for host, want := range map[string]any{"shop_example_com": "shop", "a_b_example_org": "wild", "example_org": nil, "*": nil} {
		got, _, _ := item(t, v, false, map[string]any{"gateway.route.id": "listener~443~" + host + "-route-0-httproute-r-a-0-0-matcher-0"})
		assert.Equal(t, want, got["gateway.listener.name"], host)
		assert.Equal(t, int64(443), got["gateway.listener.port"], host)
	}
}

func FuzzRoute(f *testing.F) {
	v := world()
	addRoute(v, cluster.HTTPRoute, "shop", "shop", cluster.Parent{Gateway: edge}, "orders", "")
	f.Add("listener~8080~shop_example_com-route-2-httproute-shop-shop-1-0-matcher-0", "")
	f.Add("httproute/shop/shop/rule/1/match/0/*", "httproute.shop.shop.1.0")
	f.Add("-route--route-0-httproute-", "httproute...")
	f.Fuzz(func(t *testing.T, id, name string) {
		r := NewResolver(v, DefaultOptions())
		m := newMap(t, map[string]any{"gateway.route.id": id, "gateway.route.name": name})
		route, _ := r.Item(&Identity{Gateway: edge}, m, false)
		got, _ := m.Get("gateway.route.id")
		assert.Equal(t, id, got.Str(), "the gateway's own spelling stays")
		if route == Found {
			got, _ := m.Get("gateway.route.name")
			assert.Equal(t, "shop", got.Str(), "no route is made up")
		}
	})
}

func FuzzNode(f *testing.F) {
	f.Add("http-c7f65bbb-8dh28.kgateway-system")
	f.Add("router~10.0.0.1~p.ns~ns.svc.cluster.local")
	f.Add("~~~")
	f.Fuzz(func(t *testing.T, id string) {
		n := parseNode(id)
		assert.Contains(t, id, n.pod)
		assert.Contains(t, id, n.namespace)
		assert.NotContains(t, n.namespace, ".")
	})
}
