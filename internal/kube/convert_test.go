package kube

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
	"github.com/gatehouse-otel/gatehouse/internal/identity"
	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
)

// Objects of which everything optional is missing are read like any other.
func TestEmptyObjects(t *testing.T) {
	t.Parallel()
	extras := identity.Extracts{Labels: []identity.Extract{{Key: "team", Attribute: "team"}}}
	assert.Equal(t, &cluster.Pod{}, convertPod(&corev1.Pod{}))
	assert.Equal(t, &cluster.Gateway{}, convertGateway(&gatewayv1.Gateway{}, extras))
	assert.Equal(t, &cluster.Route{Kind: cluster.HTTPRoute, Rules: []string{}}, convertHTTPRoute(&gatewayv1.HTTPRoute{}, extras))
	assert.Equal(t, &cluster.Route{Kind: cluster.GRPCRoute, Rules: []string{}}, convertGRPCRoute(&gatewayv1.GRPCRoute{}, extras))
	assert.Equal(t, &cluster.Service{}, convertService(&corev1.Service{}))
	assert.Equal(t, &cluster.Endpoints{}, convertEndpoints(&discoveryv1.EndpointSlice{}))
}

func TestAddressesOfServicesAndEndpoints(t *testing.T) {
	t.Parallel()
	service := kubetest.Service("shop", "cart", "10.96.0.9")
	service.Spec.ClusterIPs = []string{"10.96.0.9", "fd00::9", corev1.ClusterIPNone, "", "no address"}
	assert.Equal(t, []netip.Addr{netip.MustParseAddr("10.96.0.9"), netip.MustParseAddr("fd00::9")}, convertService(service).ClusterIPs)
	slice := kubetest.Endpoints("shop", "cart", "10.0.0.1", "::ffff:10.0.0.1", "cart.example.com", "", "fd00::1", "10.0.0.1", "fd00::1")
	assert.Equal(t, []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")}, convertEndpoints(slice).Addresses,
		"each once, in their order, and nothing that is no address")
}

// A route may be attached to a Service of a mesh, or to another project's Gateway.
func TestParentsThatAreNoGateways(t *testing.T) {
	t.Parallel()
	route := kubetest.HTTPRoute("shop", "cart", "edge", "http")
	group, istio, service := gatewayv1.Group(gatewayv1.GroupName), gatewayv1.Group("networking.istio.io"), gatewayv1.Kind("Service")
	route.Spec.ParentRefs = append(route.Spec.ParentRefs,
		gatewayv1.ParentReference{Group: &group, Name: "own"},
		gatewayv1.ParentReference{Group: &istio, Name: "istio"},
		gatewayv1.ParentReference{Kind: &service, Name: "mesh"})
	assert.Equal(t, []cluster.Parent{
		{Gateway: cluster.Ref{Namespace: "edge", Name: "http"}},
		{Gateway: cluster.Ref{Namespace: "shop", Name: "own"}},
	}, convertHTTPRoute(route, identity.Extracts{}).Parents)
}

// Annotations of an object take up to 256 KiB, and each that is kept is written on every resource of its proxy.
func TestResourceAnnotationsAreBounded(t *testing.T) {
	t.Parallel()
	annotations := map[string]string{"other": "x", resourceAnnotation: "x", resourceAnnotation + "empty": "", resourceAnnotation + "invalid": "\xff"}
	for i := range 10 * maxAnnotations {
		annotations[resourceAnnotation+fmt.Sprintf("k%05d", i)] = strconv.Itoa(i)
	}
	kept := resourceAnnotations(annotations)
	require.Len(t, kept, maxAnnotations)
	for i, kv := range kept {
		assert.Equal(t, cluster.KV{Key: fmt.Sprintf("k%05d", i), Value: strconv.Itoa(i)}, kv, "the same ones each time, in their order")
	}
	assert.Equal(t, []cluster.KV{{Key: "k", Value: "v"}}, resourceAnnotations(map[string]string{
		resourceAnnotation + "k": "v", resourceAnnotation + "long": strings.Repeat("x", maxAnnotation+1),
	}))
}

// bigSlices is a Service with this many endpoints in so many EndpointSlices.
func bigSlices(endpoints, slices int) []*discoveryv1.EndpointSlice {
	all := make([]*discoveryv1.EndpointSlice, slices)
	for i := range all {
		all[i] = kubetest.Endpoints("shop", "cart")
		all[i].Name += strconv.Itoa(i)
		for n := range endpoints / slices {
			n += i * (endpoints / slices)
			all[i].Endpoints = append(all[i].Endpoints, discoveryv1.Endpoint{Addresses: []string{
				netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}).String(),
			}})
		}
	}
	return all
}

func BenchmarkConvertEndpoints(b *testing.B) {
	for _, size := range []struct{ endpoints, slices int }{{5_000, 50}, {5_000, 5}, {100_000, 1}} {
		b.Run(fmt.Sprintf("%d in %d slices", size.endpoints, size.slices), func(b *testing.B) {
			all := bigSlices(size.endpoints, size.slices)
			b.ReportAllocs()
			for b.Loop() {
				for _, s := range all {
					convertEndpoints(s)
				}
			}
		})
	}
}
