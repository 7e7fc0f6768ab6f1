package kubetest

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Meta names an object.
func Meta(namespace, name string, labels map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels, UID: types.UID("uid-" + namespace + "-" + name)}
}

// Pod is a running pod of a Deployment: its name is <deployment>-<hash>-<suffix>.
func Pod(namespace, deployment, suffix, ip string) *corev1.Pod {
	const hash = "c7f65bbb"
	controller := true
	p := &corev1.Pod{
		ObjectMeta: Meta(namespace, deployment+"-"+hash+"-"+suffix, map[string]string{"pod-template-hash": hash}),
		Spec: corev1.PodSpec{
			NodeName:   "node-a",
			Containers: []corev1.Container{{Name: "app", Image: "registry.example.com/" + deployment + ":1.0"}},
		},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}},
	}
	p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: deployment + "-" + hash, Controller: &controller}}
	return p
}

// KgatewayProxy is a proxy pod as kgateway 2.4.2 makes it, for the Gateway of this name. resource is what a user appends
// to OTEL_RESOURCE_ATTRIBUTES, beginning with a comma, or nothing.
func KgatewayProxy(namespace, gateway, suffix, ip, uid, resource string) *corev1.Pod {
	p := Pod(namespace, gateway, suffix, ip)
	p.UID = types.UID(uid)
	p.Labels["gateway.networking.k8s.io/gateway-name"] = gateway
	p.Labels["gateway.networking.k8s.io/gateway-class-name"] = "kgateway"
	p.Labels["app.kubernetes.io/instance"] = gateway
	p.Labels["app.kubernetes.io/name"] = gateway
	from := func(name, path string) corev1.EnvVar {
		return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
	}
	p.Spec.Containers = []corev1.Container{{
		Name:  "kgateway-proxy",
		Image: "cr.kgateway.dev/kgateway-dev/envoy-wrapper:v2.4.2",
		Env: []corev1.EnvVar{
			from("POD_NAME", "metadata.name"), from("POD_NAMESPACE", "metadata.namespace"),
			from("POD_UID", "metadata.uid"), from("NODE_NAME", "spec.nodeName"),
			{Name: "OTEL_RESOURCE_ATTRIBUTES", Value: "service.namespace=$(POD_NAMESPACE),service.instance.id=$(POD_UID)," +
				"service.version=v2.4.2,k8s.namespace.name=$(POD_NAMESPACE),k8s.pod.name=$(POD_NAME),k8s.pod.uid=$(POD_UID)," +
				"k8s.node.name=$(NODE_NAME),k8s.deployment.name=" + gateway + ",k8s.container.name=kgateway-proxy" + resource},
		},
	}}
	return p
}

// OldKgatewayProxy is the same as kgateway 2.2.0 makes it: no variables.
func OldKgatewayProxy(namespace, gateway, suffix, ip, uid string) *corev1.Pod {
	p := KgatewayProxy(namespace, gateway, suffix, ip, uid, "")
	p.Spec.Containers[0].Env = nil
	p.Spec.Containers[0].Image = "cr.kgateway.dev/kgateway-dev/envoy-wrapper:v2.2.0"
	return p
}

// Gateway is a Gateway of class kgateway with an HTTP listener on each port.
func Gateway(namespace, name, class string, ports ...int32) *gatewayv1.Gateway {
	g := &gatewayv1.Gateway{ObjectMeta: Meta(namespace, name, nil)}
	g.Spec.GatewayClassName = gatewayv1.ObjectName(class)
	for _, port := range ports {
		g.Spec.Listeners = append(g.Spec.Listeners, gatewayv1.Listener{
			Name: gatewayv1.SectionName("http-" + strconv.Itoa(int(port))), Port: port, Protocol: gatewayv1.HTTPProtocolType,
		})
	}
	return g
}

// HTTPRoute is a route attached to a Gateway, with rules of these names; "" is a rule without a name.
func HTTPRoute(namespace, name, gatewayNamespace, gateway string, rules ...string) *gatewayv1.HTTPRoute {
	r := &gatewayv1.HTTPRoute{ObjectMeta: Meta(namespace, name, nil)}
	ns := gatewayv1.Namespace(gatewayNamespace)
	r.Spec.ParentRefs = []gatewayv1.ParentReference{{Namespace: &ns, Name: gatewayv1.ObjectName(gateway)}}
	for _, rule := range rules {
		r.Spec.Rules = append(r.Spec.Rules, gatewayv1.HTTPRouteRule{Name: section(rule)})
	}
	return r
}

// GRPCRoute is the same for gRPC.
func GRPCRoute(namespace, name, gatewayNamespace, gateway string, rules ...string) *gatewayv1.GRPCRoute {
	r := &gatewayv1.GRPCRoute{ObjectMeta: Meta(namespace, name, nil)}
	ns := gatewayv1.Namespace(gatewayNamespace)
	r.Spec.ParentRefs = []gatewayv1.ParentReference{{Namespace: &ns, Name: gatewayv1.ObjectName(gateway)}}
	for _, rule := range rules {
		r.Spec.Rules = append(r.Spec.Rules, gatewayv1.GRPCRouteRule{Name: section(rule)})
	}
	return r
}

func section(name string) *gatewayv1.SectionName {
	if name == "" {
		return nil
	}
	s := gatewayv1.SectionName(name)
	return &s
}

// Service is a Service with a cluster IP.
func Service(namespace, name, ip string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: Meta(namespace, name, nil),
		Spec:       corev1.ServiceSpec{ClusterIP: ip, ClusterIPs: []string{ip}},
	}
}

// Endpoints is the EndpointSlice of a Service.
func Endpoints(namespace, service string, ips ...string) *discoveryv1.EndpointSlice {
	s := &discoveryv1.EndpointSlice{
		ObjectMeta:  Meta(namespace, service+"-abcde", map[string]string{discoveryv1.LabelServiceName: service}),
		AddressType: discoveryv1.AddressTypeIPv4,
	}
	for _, ip := range ips {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{ip}})
	}
	return s
}
