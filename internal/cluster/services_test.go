package cluster

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServicesByAddress(t *testing.T) {
	t.Parallel()
	v := NewView(time.Minute)
	v.SetService(&Service{Ref: Ref{"a", "s"}, ClusterIPs: []netip.Addr{ip("10.96.0.1")}})
	v.SetEndpoints(&Endpoints{Slice: Ref{"a", "s-1"}, Service: "s", Addresses: []netip.Addr{ip("10.0.0.1"), ip("10.0.0.2")}})
	v.SetEndpoints(&Endpoints{Slice: Ref{"a", "s-2"}, Service: "s", Addresses: []netip.Addr{ip("10.0.0.2")}})
	for _, address := range []string{"10.96.0.1", "10.0.0.1", "10.0.0.2"} {
		ref, ok := v.ServiceByIP(ip(address))
		require.True(t, ok, address)
		assert.Equal(t, Ref{"a", "s"}, ref)
	}
	v.SetEndpoints(&Endpoints{Slice: Ref{"a", "t-1"}, Service: "t", Addresses: []netip.Addr{ip("10.0.0.1")}})
	_, ok := v.ServiceByIP(ip("10.0.0.1"))
	assert.False(t, ok, "two Services have this endpoint")
	v.DeleteEndpoints(Ref{"a", "s-1"})
	ref, _ := v.ServiceByIP(ip("10.0.0.1"))
	assert.Equal(t, Ref{"a", "t"}, ref)
	_, ok = v.ServiceByIP(ip("10.0.0.2"))
	assert.True(t, ok, "the second slice still has it")

	web := pod("a", "web-1", "10.0.0.2")
	v.SetPod(web)
	workload, ok := v.WorkloadOf(Ref{"a", "s"})
	assert.True(t, ok)
	assert.Equal(t, web.Workload, workload)
	other := pod("a", "canary-1", "10.0.0.3")
	other.Workload.Name = "canary"
	v.SetPod(other)
	v.SetEndpoints(&Endpoints{Slice: Ref{"a", "s-3"}, Service: "s", Addresses: []netip.Addr{ip("10.0.0.3")}})
	_, ok = v.WorkloadOf(Ref{"a", "s"})
	assert.False(t, ok, "two workloads are behind it")

	v.ReplaceEndpoints(nil)
	v.ReplaceServices(nil)
	assert.False(t, v.HasService(Ref{"a", "s"}))
	v.grace = 0
	v.ReplacePods(nil)
	assertEmpty(t, v)
}

// Services that share endpoints come and go in any order, and what is left has them.
func TestEndpointsOfSeveralServices(t *testing.T) {
	t.Parallel()
	v := NewView(time.Minute)
	slice := func(service, name string) *Endpoints {
		return &Endpoints{Slice: Ref{"a", service + name}, Service: service, Addresses: []netip.Addr{ip("10.0.0.1")}}
	}
	who := func(want string) {
		t.Helper()
		ref, ok := v.ServiceByIP(ip("10.0.0.1"))
		assert.Equal(t, want != "", ok)
		assert.Equal(t, want, ref.Name)
	}
	for _, s := range []*Endpoints{slice("x", "1"), slice("y", "1"), slice("x", "2"), slice("y", "2"), slice("z", "1")} {
		v.SetEndpoints(s)
	}
	who("")
	v.DeleteEndpoints(Ref{"a", "x1"})
	v.DeleteEndpoints(Ref{"a", "z1"})
	who("")
	v.DeleteEndpoints(Ref{"a", "x2"})
	who("y")
	v.SetEndpoints(slice("x", "1"))
	v.DeleteEndpoints(Ref{"a", "y1"})
	who("")
	v.DeleteEndpoints(Ref{"a", "y2"})
	who("x")
	v.DeleteEndpoints(Ref{"a", "x1"})
	assertEmpty(t, v)
}

// An EndpointSlice of no Service neither is one nor takes an address from one.
func TestEndpointsOfNoService(t *testing.T) {
	t.Parallel()
	v := NewView(time.Minute)
	v.SetEndpoints(&Endpoints{Slice: Ref{"a", "loose"}, Addresses: []netip.Addr{ip("10.0.0.1"), ip("10.0.0.2")}})
	v.SetEndpoints(&Endpoints{Slice: Ref{"a", "s-1"}, Service: "s", Addresses: []netip.Addr{ip("10.0.0.1")}})
	ref, ok := v.ServiceByIP(ip("10.0.0.1"))
	assert.True(t, ok)
	assert.Equal(t, Ref{"a", "s"}, ref)
	_, ok = v.ServiceByIP(ip("10.0.0.2"))
	assert.False(t, ok)
	assert.False(t, v.HasService(Ref{Namespace: "a"}))
	v.ReplaceEndpoints([]*Endpoints{{Slice: Ref{"a", "loose"}, Service: "s", Addresses: []netip.Addr{ip("10.0.0.2")}}})
	ref, _ = v.ServiceByIP(ip("10.0.0.2"))
	assert.Equal(t, Ref{"a", "s"}, ref, "it belongs to one now")
	v.ReplaceEndpoints(nil)
	assertEmpty(t, v)
}
