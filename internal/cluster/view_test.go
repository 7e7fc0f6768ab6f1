package cluster

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func ip(text string) netip.Addr { return netip.MustParseAddr(text) }

func pod(namespace, name, address string) *Pod {
	p := &Pod{UID: "uid-" + namespace + "-" + name, Name: name, Namespace: namespace, Workload: Workload{"Deployment", "d"}}
	if address != "" {
		p.IPs[0] = ip(address)
	}
	return p
}

func proxy(name, address string) *Pod {
	p := pod("a", name, address)
	p.Proxy = &Proxy{Gateway: Ref{"a", "gw"}, Known: true}
	return p
}

// clock is a view whose time the test moves.
type clock struct {
	*View
	at time.Time
}

func newClock(grace time.Duration) *clock {
	c := &clock{View: NewView(grace), at: time.Unix(1_000_000, 0)}
	c.now = func() time.Time { return c.at }
	return c
}

func TestPodsAreFoundByEverythingTheyHave(t *testing.T) {
	t.Parallel()
	v := NewView(time.Minute)
	p := pod("a", "web-1", "10.0.0.1")
	p.IPs[1] = ip("fd00::1")
	v.SetPod(p)
	assert.Same(t, p, v.PodByUID(p.UID))
	assert.Same(t, p, v.PodByName("a", "web-1"))
	assert.Same(t, p, v.PodByName("", "web-1"))
	assert.Nil(t, v.PodByName("b", "web-1"))
	assert.Same(t, p, v.PodByIP(ip("10.0.0.1")))
	assert.Same(t, p, v.PodByIP(ip("::ffff:10.0.0.1")), "an IPv4 address in an IPv6 coat")
	assert.Same(t, p, v.PodByIP(ip("fd00::1")))

	v.SetPod(pod("b", "web-1", "10.0.0.2"))
	assert.Nil(t, v.PodByName("", "web-1"), "two namespaces have one of that name")
	assert.Same(t, p, v.PodByName("a", "web-1"))
}

func TestNodeAddressesAreNobodys(t *testing.T) {
	t.Parallel()
	v := NewView(time.Minute)
	p := pod("a", "web-1", "192.168.0.1")
	p.HostNetwork = true
	v.SetPod(p)
	other := pod("a", "web-2", "192.168.0.1")
	other.HostNetwork, other.Workload.Name = true, "other"
	v.SetPod(other)
	v.SetEndpoints(&Endpoints{Slice: Ref{"a", "s-1"}, Service: "s", Addresses: []netip.Addr{ip("192.168.0.1")}})
	assert.Nil(t, v.PodByIP(ip("192.168.0.1")))
	assert.Same(t, p, v.PodByName("a", "web-1"))
	_, ok := v.WorkloadOf(Ref{"a", "s"})
	assert.False(t, ok, "whose workload it is cannot be told by the node's address")
	service, _ := v.ServiceByIP(ip("192.168.0.1"))
	assert.Equal(t, Ref{"a", "s"}, service)
	v.DeletePod(p.UID)
	v.DeletePod(other.UID)
	assert.Nil(t, v.PodByIP(ip("192.168.0.1")))
}

func TestAddressGoesToItsNewOwner(t *testing.T) {
	t.Parallel()
	address := ip("10.0.0.1")
	t.Run("after the old pod is deleted", func(t *testing.T) {
		t.Parallel()
		v := NewView(time.Minute)
		old, fresh := pod("a", "old", "10.0.0.1"), pod("a", "fresh", "10.0.0.1")
		v.SetPod(old)
		v.DeletePod(old.UID)
		assert.Same(t, old, v.PodByIP(address), "late telemetry of a deleted pod")
		v.SetPod(fresh)
		assert.Same(t, fresh, v.PodByIP(address))
		assert.Same(t, old, v.PodByUID(old.UID), "still known by what is its own")
	})
	t.Run("while the old pod is on its way out", func(t *testing.T) {
		t.Parallel()
		v := NewView(time.Minute)
		old, fresh := pod("a", "old", "10.0.0.1"), pod("a", "fresh", "10.0.0.1")
		v.SetPod(old)
		v.SetPod(fresh)
		assert.Same(t, fresh, v.PodByIP(address))
		leaving := *old
		leaving.Terminating = true
		v.SetPod(&leaving)
		assert.Same(t, fresh, v.PodByIP(address), "an update of the old pod does not take it back")
		other := *old
		other.Node = "n"
		v.SetPod(&other)
		assert.Same(t, fresh, v.PodByIP(address), "whatever the update says")
		v.DeletePod(old.UID)
		assert.Same(t, fresh, v.PodByIP(address))
	})
	t.Run("of a pod that has finished", func(t *testing.T) {
		t.Parallel()
		v := NewView(time.Minute)
		done := pod("a", "job", "10.0.0.1")
		v.SetPod(done)
		finished := *done
		finished.Finished = true
		v.SetPod(&finished)
		assert.Nil(t, v.PodByIP(address), "its status still shows the address")
	})
	t.Run("of a pod that finished before", func(t *testing.T) {
		t.Parallel()
		v := NewView(time.Minute)
		done, fresh := pod("a", "job", "10.0.0.1"), pod("a", "fresh", "10.0.0.1")
		done.Finished = true
		v.ReplacePods([]*Pod{fresh, done})
		assert.Same(t, fresh, v.PodByIP(address))
		other := *done
		other.Node = "n"
		v.SetPod(&other)
		v.DeletePod(other.UID)
		assert.Same(t, fresh, v.PodByIP(address), "neither its updates nor its deletion take the address")
		v.ReplacePods([]*Pod{fresh})
		assert.Same(t, fresh, v.PodByIP(address))
	})
	t.Run("one family only", func(t *testing.T) {
		t.Parallel()
		v := NewView(time.Minute)
		both, fresh := pod("a", "both", "10.0.0.1"), pod("a", "fresh", "fd00::1")
		both.IPs[1] = ip("fd00::1")
		v.SetPod(both)
		v.DeletePod(both.UID)
		v.SetPod(fresh)
		assert.Same(t, both, v.PodByIP(address), "late telemetry by the other family")
		assert.Same(t, fresh, v.PodByIP(ip("fd00::1")))
	})
	t.Run("in a list in which the old one comes last", func(t *testing.T) {
		t.Parallel()
		v := NewView(time.Minute)
		old, fresh := pod("a", "old", "10.0.0.1"), pod("a", "fresh", "10.0.0.1")
		old.Terminating = true
		v.ReplacePods([]*Pod{fresh, old})
		assert.Same(t, fresh, v.PodByIP(address))
	})
	t.Run("of a pod that gets another address", func(t *testing.T) {
		t.Parallel()
		v := NewView(time.Minute)
		p := pod("a", "web", "10.0.0.1")
		v.SetPod(p)
		moved := *p
		moved.IPs[0] = ip("10.0.0.2")
		v.SetPod(&moved)
		assert.Nil(t, v.PodByIP(address))
		assert.Same(t, &moved, v.PodByIP(ip("10.0.0.2")))
	})
}

func TestDeletedPodsAreForgottenAfterTheGrace(t *testing.T) {
	t.Parallel()
	c := newClock(time.Minute)
	p := proxy("web-1", "10.0.0.1")
	c.SetPod(p)
	pods, rolled := c.GatewayPods(Ref{"a", "gw"})
	assert.Equal(t, []*Pod{p}, pods)
	assert.False(t, rolled)
	c.DeletePod(p.UID)
	c.DeletePod(p.UID)
	pods, rolled = c.GatewayPods(Ref{"a", "gw"})
	assert.Empty(t, pods)
	assert.True(t, rolled)
	assert.Equal(t, []*Pod{p}, c.LatestGatewayPods(Ref{"a", "gw"}))
	assert.Empty(t, c.LatestGatewayPods(Ref{"b", "gw"}))
	assert.Same(t, p, c.PodByName("a", "web-1"))
	assert.Equal(t, 0, c.Counts().Pods)

	before := c.Generation()
	c.at = c.at.Add(time.Minute)
	c.Sweep()
	assert.NotEqual(t, before, c.Generation(), "what was remembered about it is no longer true")
	assert.Nil(t, c.PodByUID(p.UID))
	assert.Nil(t, c.PodByName("a", "web-1"))
	assert.Nil(t, c.PodByIP(ip("10.0.0.1")))
	_, rolled = c.GatewayPods(Ref{"a", "gw"})
	assert.False(t, rolled)
	assert.Empty(t, c.LatestGatewayPods(Ref{"a", "gw"}))
	assertEmpty(t, c.View)
}

func TestPodThatComesBackLeavesItsGrave(t *testing.T) {
	t.Parallel()
	c := newClock(time.Minute)
	p := proxy("web-1", "10.0.0.1")
	c.SetPod(p)
	c.ReplacePods(nil) // a list in which it was missing
	c.ReplacePods([]*Pod{p})
	c.at = c.at.Add(time.Hour)
	c.Sweep()
	assert.Same(t, p, c.PodByUID(p.UID))
	pods, rolled := c.GatewayPods(Ref{"a", "gw"})
	assert.Equal(t, []*Pod{p}, pods)
	assert.False(t, rolled)
	assert.Equal(t, 1, c.Counts().Pods)
}

func TestGravesAreBounded(t *testing.T) {
	t.Parallel()
	c := newClock(time.Hour)
	for i := range maxGraves + 100 {
		p := proxy(fmt.Sprintf("web-%d", i), "")
		c.SetPod(p)
		c.DeletePod(p.UID)
	}
	assert.Len(t, c.graves, maxGraves)
	assert.Len(t, c.pods, maxGraves)
	assert.Len(t, c.dead, maxGraves)
	assert.Equal(t, maxGraves, c.buried[Ref{"a", "gw"}])
	assert.Nil(t, c.PodByName("a", "web-0"))
	assert.NotNil(t, c.PodByName("a", "web-100"))
}

func TestPodOfTheSameNameIsTheNewOne(t *testing.T) {
	t.Parallel()
	c := newClock(time.Minute)
	first, second := pod("a", "db-0", "10.0.0.1"), pod("a", "db-0", "10.0.0.2")
	second.UID = "another"
	c.SetPod(first)
	c.DeletePod(first.UID)
	c.SetPod(second)
	assert.Same(t, second, c.PodByName("a", "db-0"))
	assert.Same(t, first, c.PodByUID(first.UID))
}

func TestUpdateThatChangesNothingForgetsNothing(t *testing.T) {
	t.Parallel()
	v := NewView(time.Minute)
	set := func() {
		v.SetPod(proxy("web-1", "10.0.0.1"))
		v.SetGateway(&Gateway{Ref: Ref{"a", "gw"}, Listeners: []Listener{{Name: "http", Port: 80}}})
		v.SetRoute(&Route{Ref: Ref{"a", "r"}, Kind: HTTPRoute, Rules: []string{""}})
		v.SetService(&Service{Ref: Ref{"a", "s"}, ClusterIPs: []netip.Addr{ip("10.96.0.1")}})
		v.SetEndpoints(&Endpoints{Slice: Ref{"a", "s-1"}, Service: "s", Addresses: []netip.Addr{ip("10.0.0.1")}})
	}
	set()
	identity, routing := v.Generation(), v.RoutingGeneration()
	set()
	v.ReplaceGateways([]*Gateway{{Ref: Ref{"a", "gw"}, Listeners: []Listener{{Name: "http", Port: 80}}}})
	v.ReplaceRoutes(HTTPRoute, []*Route{{Ref: Ref{"a", "r"}, Kind: HTTPRoute, Rules: []string{""}}})
	v.ReplacePods([]*Pod{proxy("web-1", "10.0.0.1")})
	v.DeletePod("nobody")
	v.DeleteGateway(Ref{"a", "nobody"})
	v.DeleteRoute(GRPCRoute, Ref{"a", "r"})
	v.DeleteService(Ref{"a", "nobody"})
	v.DeleteEndpoints(Ref{"a", "nobody"})
	assert.Equal(t, identity, v.Generation())
	assert.Equal(t, routing, v.RoutingGeneration())

	v.SetRoute(&Route{Ref: Ref{"a", "r"}, Kind: HTTPRoute, Rules: []string{"", ""}})
	assert.Equal(t, identity, v.Generation(), "a route says nothing about who a proxy is")
	assert.NotEqual(t, routing, v.RoutingGeneration())
}

func TestGatewaysOfOneNameInTwoNamespaces(t *testing.T) {
	t.Parallel()
	v := NewView(time.Minute)
	v.ReplaceGateways([]*Gateway{{Ref: Ref{"blue", "http"}, UID: "1"}, {Ref: Ref{"green", "http"}, UID: "2"}, {Ref: Ref{"green", "a.b"}, UID: "3"}})
	assert.Equal(t, "1", v.GatewayOf("http.blue").UID)
	assert.Equal(t, "2", v.GatewayOf("http.green").UID)
	assert.Equal(t, "3", v.GatewayOf("a.b.green").UID, "a name may hold dots")
	for _, nobody := range []string{"", "http", ".blue", "http.", "http.red"} {
		assert.Nil(t, v.GatewayOf(nobody), nobody)
	}
	v.DeleteGateway(Ref{"blue", "http"})
	assert.Nil(t, v.GatewayOf("http.blue"))
	assert.Equal(t, "2", v.GatewayOf("http.green").UID)
}

func TestRoutesOfBothKinds(t *testing.T) {
	t.Parallel()
	v := NewView(time.Minute)
	v.ReplaceRoutes(HTTPRoute, []*Route{{Ref: Ref{"a", "x"}, Kind: HTTPRoute}, {Ref: Ref{"a", "both"}, Kind: HTTPRoute}})
	v.ReplaceRoutes(GRPCRoute, []*Route{{Ref: Ref{"a", "both"}, Kind: GRPCRoute}, {Ref: Ref{"a", "g"}, Kind: GRPCRoute}})
	assert.Equal(t, HTTPRoute, v.RouteNamed(Ref{"a", "x"}).Kind)
	assert.Equal(t, GRPCRoute, v.RouteNamed(Ref{"a", "g"}).Kind)
	assert.Nil(t, v.RouteNamed(Ref{"a", "both"}), "it may be either")
	v.ReplaceRoutes(HTTPRoute, nil)
	assert.Equal(t, GRPCRoute, v.RouteNamed(Ref{"a", "both"}).Kind)
	assert.Nil(t, v.RouteNamed(Ref{"a", "x"}))
	assert.Equal(t, Counts{GRPCRoutes: 2}, v.Counts())
}

// assertEmpty checks that no index kept anything.
func assertEmpty(t *testing.T, v *View) {
	t.Helper()
	assert.Empty(t, v.pods)
	assert.Empty(t, v.podsByName)
	assert.Empty(t, v.podsByIP)
	assert.Empty(t, v.gatewayPods)
	assert.Empty(t, v.graves)
	assert.Empty(t, v.dead)
	assert.Empty(t, v.buried)
	assert.Empty(t, v.services)
	assert.Empty(t, v.serviceIPs)
	assert.Empty(t, v.slices)
	assert.Empty(t, v.byService)
	assert.Empty(t, v.endpointIPs)
}
