package kube

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

const gatewayGroup = ".gateway.networking.k8s.io"

func podSource(client rest.Interface, set Settings) source {
	return &kind[*cluster.Pod]{
		resource: "pods", plural: "pods", client: client,
		object: &corev1.Pod{},
		list:   func() runtime.Object { return &corev1.PodList{} },
		each: func(list runtime.Object, use func(runtime.Object)) {
			items := list.(*corev1.PodList).Items
			for i := range items {
				use(&items[i])
			}
		},
		convert: func(o runtime.Object) *cluster.Pod { return convertPod(o.(*corev1.Pod)) },
		replace: set.View.ReplacePods,
		set:     set.View.SetPod,
		remove:  func(o runtime.Object) { set.View.DeletePod(string(o.(*corev1.Pod).UID)) },
	}
}

func gatewaySource(client rest.Interface, set Settings) source {
	return &kind[*cluster.Gateway]{
		resource: "gateways" + gatewayGroup, plural: "gateways", client: client,
		object: &gatewayv1.Gateway{},
		list:   func() runtime.Object { return &gatewayv1.GatewayList{} },
		each: func(list runtime.Object, use func(runtime.Object)) {
			items := list.(*gatewayv1.GatewayList).Items
			for i := range items {
				use(&items[i])
			}
		},
		convert: func(o runtime.Object) *cluster.Gateway { return convertGateway(o.(*gatewayv1.Gateway), set.Gateways) },
		replace: set.View.ReplaceGateways,
		set:     set.View.SetGateway,
		remove:  func(o runtime.Object) { set.View.DeleteGateway(refOf(o.(*gatewayv1.Gateway))) },
	}
}

func httpRouteSource(client rest.Interface, set Settings) source {
	return &kind[*cluster.Route]{
		resource: "httproutes" + gatewayGroup, plural: "httproutes", client: client,
		object: &gatewayv1.HTTPRoute{},
		list:   func() runtime.Object { return &gatewayv1.HTTPRouteList{} },
		each: func(list runtime.Object, use func(runtime.Object)) {
			items := list.(*gatewayv1.HTTPRouteList).Items
			for i := range items {
				use(&items[i])
			}
		},
		convert: func(o runtime.Object) *cluster.Route {
			return convertHTTPRoute(o.(*gatewayv1.HTTPRoute), set.RouteExtras)
		},
		replace: func(routes []*cluster.Route) { set.View.ReplaceRoutes(cluster.HTTPRoute, routes) },
		set:     set.View.SetRoute,
		remove:  func(o runtime.Object) { set.View.DeleteRoute(cluster.HTTPRoute, refOf(o.(*gatewayv1.HTTPRoute))) },
	}
}

func grpcRouteSource(client rest.Interface, set Settings) source {
	return &kind[*cluster.Route]{
		resource: "grpcroutes" + gatewayGroup, plural: "grpcroutes", client: client,
		object: &gatewayv1.GRPCRoute{},
		list:   func() runtime.Object { return &gatewayv1.GRPCRouteList{} },
		each: func(list runtime.Object, use func(runtime.Object)) {
			items := list.(*gatewayv1.GRPCRouteList).Items
			for i := range items {
				use(&items[i])
			}
		},
		convert: func(o runtime.Object) *cluster.Route {
			return convertGRPCRoute(o.(*gatewayv1.GRPCRoute), set.RouteExtras)
		},
		replace: func(routes []*cluster.Route) { set.View.ReplaceRoutes(cluster.GRPCRoute, routes) },
		set:     set.View.SetRoute,
		remove:  func(o runtime.Object) { set.View.DeleteRoute(cluster.GRPCRoute, refOf(o.(*gatewayv1.GRPCRoute))) },
	}
}

func serviceSource(client rest.Interface, set Settings) source {
	return &kind[*cluster.Service]{
		resource: "services", plural: "services", client: client,
		object: &corev1.Service{},
		list:   func() runtime.Object { return &corev1.ServiceList{} },
		each: func(list runtime.Object, use func(runtime.Object)) {
			items := list.(*corev1.ServiceList).Items
			for i := range items {
				use(&items[i])
			}
		},
		convert: func(o runtime.Object) *cluster.Service { return convertService(o.(*corev1.Service)) },
		replace: set.View.ReplaceServices,
		set:     set.View.SetService,
		remove:  func(o runtime.Object) { set.View.DeleteService(refOf(o.(*corev1.Service))) },
	}
}

func endpointSource(client rest.Interface, set Settings) source {
	return &kind[*cluster.Endpoints]{
		resource: "endpointslices.discovery.k8s.io", plural: "endpointslices", client: client,
		object: &discoveryv1.EndpointSlice{},
		list:   func() runtime.Object { return &discoveryv1.EndpointSliceList{} },
		each: func(list runtime.Object, use func(runtime.Object)) {
			items := list.(*discoveryv1.EndpointSliceList).Items
			for i := range items {
				use(&items[i])
			}
		},
		convert: func(o runtime.Object) *cluster.Endpoints { return convertEndpoints(o.(*discoveryv1.EndpointSlice)) },
		replace: set.View.ReplaceEndpoints,
		set:     set.View.SetEndpoints,
		remove:  func(o runtime.Object) { set.View.DeleteEndpoints(refOf(o.(*discoveryv1.EndpointSlice))) },
	}
}

func refOf(o metav1.Object) cluster.Ref {
	return cluster.Ref{Namespace: o.GetNamespace(), Name: o.GetName()}
}
