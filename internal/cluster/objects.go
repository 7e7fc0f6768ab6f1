package cluster

import "net/netip"

// Ref names an object within its kind.
type Ref struct {
	Namespace, Name string
}

// KV is one attribute: its full name and its value.
type KV struct {
	Key, Value string
}

// Workload is what runs a pod: a Deployment, DaemonSet, StatefulSet, Job or whatever else owns it, as the API spells the
// kind. A pod that nobody owns has none.
type Workload struct {
	Kind, Name string
}

// Pod is what is kept of a pod. The fields up to App are kept of every pod, because any of them may be the upstream of a
// request; Proxy only of pods that may be gateways.
type Pod struct {
	UID, Name       string
	Namespace, Node string
	// IPs are the pod's addresses: one, or one of each family.
	IPs [2]netip.Addr
	// HostNetwork pods share the node's address, so it says nothing about them.
	HostNetwork bool
	// Finished pods (phase Succeeded or Failed) have given their address back, although their status still shows it.
	Finished bool
	// Terminating pods are on their way out.
	Terminating bool
	// Relay marks pods that hand on the telemetry of others. Such a pod is at the other end of the connection, but it is
	// not who the telemetry is about.
	Relay    bool
	Workload Workload
	// App is the service name that the conventions derive from Kubernetes when nobody said one: the label
	// app.kubernetes.io/instance, else app.kubernetes.io/name, else the workload, else the pod (semantic conventions
	// 1.45.0, docs/non-normative/k8s-attributes.md).
	App string
	// Container and Version are the name and image version of the container that counts: the gateway's, or the only one.
	Container, Version string
	Proxy              *Proxy
}

// Proxy is what is kept of a pod that may be a gateway.
type Proxy struct {
	// Gateway is the Gateway object that the pod serves, and Class its class, both from the pod's labels. A proxy that
	// serves several Gateways has no Gateway.
	Gateway Ref
	Class   string
	// Env is what the pod's spec sets by OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, later pairs first to be found.
	Env []KV
	// Annotations are the pod's annotations resource.opentelemetry.io/<attribute>, as attributes.
	Annotations []KV
	// Known says that a label, a container or an image is that of a gateway. Other pods are here for their variables.
	Known bool
}

// Gateway is what is kept of a Gateway object.
type Gateway struct {
	Ref
	UID, Class string
	Listeners  []Listener
	// Annotations are the Gateway's annotations resource.opentelemetry.io/<attribute>, as attributes.
	Annotations []KV
	// Extra are labels and annotations that the configuration asks for, as attributes.
	Extra []KV
}

// Listener is one listener of a Gateway.
type Listener struct {
	Name string
	Port int64
	// Hostname is empty for every host, and may begin with "*.".
	Hostname string
}

// Kinds of routes, as gateway.route.kind spells them.
const (
	HTTPRoute = "httproute"
	GRPCRoute = "grpcroute"
)

// Route is what is kept of an HTTPRoute or GRPCRoute.
type Route struct {
	Ref
	Kind string
	// Rules are the names of the rules in their order, empty for a rule without a name.
	Rules []string
	// Parents are the Gateways the route is attached to.
	Parents []Parent
	// Extra are labels and annotations that the configuration asks for, as attributes.
	Extra []KV
}

// Parent is where a route is attached: a Gateway, and of it one listener or one port, or all of them.
type Parent struct {
	Gateway Ref
	Section string
	Port    int64
}

// Service is what is kept of a Service.
type Service struct {
	Ref
	ClusterIPs []netip.Addr
}

// Endpoints are the addresses of one EndpointSlice.
type Endpoints struct {
	// Slice is the EndpointSlice's own name, Service the Service it belongs to, in the same namespace. Slices that something
	// else than Kubernetes made may belong to none.
	Slice     Ref
	Service   string
	Addresses []netip.Addr
}

// Value returns the value of a key; the first one counts.
func Value(list []KV, key string) string {
	for i := range list {
		if list[i].Key == key {
			return list[i].Value
		}
	}
	return ""
}

// serves tells whether the pod says that it serves a Gateway. One that has finished served it until then, however long its
// object stays.
func (p *Pod) serves() bool { return p.Proxy != nil && p.Proxy.Gateway.Name != "" && !p.Finished }

// HasIP tells whether an address is this pod's own.
func (p *Pod) HasIP(ip netip.Addr) bool {
	return !p.HostNetwork && ip.IsValid() && (p.IPs[0] == ip || p.IPs[1] == ip)
}
