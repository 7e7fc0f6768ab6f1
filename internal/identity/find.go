package identity

import (
	"net/netip"
	"strings"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

// By says how the sender of a resource was found.
type By uint8

// The ways to find the sender, strongest first. Each is tried when the ones before it did not find anybody.
const (
	// ByNothing: neither pod nor Gateway is known; what the telemetry itself proves is still filled in.
	ByNothing By = iota
	// ByUID: k8s.pod.uid.
	ByUID
	// ByName: the pod's name and namespace, from attributes, Envoy's node id or agentgateway's instance id.
	ByName
	// ByIP: k8s.pod.ip, or the address that was scraped.
	ByIP
	// ByConnection: the peer of the connection.
	ByConnection
	// ByOnlyPod: the resource names a Gateway, and one pod serves it.
	ByOnlyPod
	// ByGateway: the resource names a Gateway, and its pod is not known.
	ByGateway
	// Ways is how many there are.
	Ways
)

func (b By) String() string {
	return [Ways]string{"none", "uid", "name", "ip", "connection", "only_pod", "gateway"}[b]
}

// find looks for the pod and the Gateway that a resource comes from. The Gateway's name may be known without its object.
func (r *Resolver) find(ev *evidence) (pod *cluster.Pod, gateway cluster.Ref, by By) {
	named := r.namedGateway(ev)
	pod, by = r.findPod(ev, named)
	switch {
	case pod != nil && pod.Proxy != nil && pod.Proxy.Gateway.Name != "":
		gateway = pod.Proxy.Gateway
	default:
		gateway = named
	}
	if by == ByNothing && gateway.Name != "" {
		by = ByGateway
	}
	return pod, gateway, by
}

// namedGateway returns the Gateway that the resource itself names: by attributes, by Envoy's node cluster, by a service
// name of which the cluster says that it is a Gateway.
func (r *Resolver) namedGateway(ev *evidence) cluster.Ref {
	if ev.gatewayName != "" && ev.gatewayNamespace != "" {
		return cluster.Ref{Namespace: ev.gatewayNamespace, Name: ev.gatewayName}
	}
	for _, name := range [...]string{ev.serviceName, ev.cluster} {
		if g := r.view.GatewayOf(name); g != nil {
			return g.Ref
		}
		if namespace, name, ok := strings.Cut(name, "/"); ok { // Envoy Gateway's node cluster
			if g := r.view.Gateway(cluster.Ref{Namespace: namespace, Name: name}); g != nil {
				return g.Ref
			}
		}
	}
	// agentgateway has the Gateway's name and namespace in two attributes.
	if g := r.view.Gateway(cluster.Ref{Namespace: ev.serviceNamespace, Name: ev.serviceName}); g != nil {
		return g.Ref
	}
	return cluster.Ref{}
}

func (r *Resolver) findPod(ev *evidence, named cluster.Ref) (*cluster.Pod, By) {
	if ev.uid != "" {
		if p := r.view.PodByUID(ev.uid); p != nil {
			return p, ByUID
		}
	}
	if p := r.podByName(ev); p != nil {
		return p, ByName
	}
	instance := parseNode(ev.instanceID)
	for _, ip := range [...]netip.Addr{ev.ip, ev.target, parseNode(ev.node).ip, instance.ip} {
		// An address that is also the connection's is no better than the connection: contrib's k8s_attributes, when asked
		// for k8s.pod.ip, writes the peer's address there.
		if !ip.IsValid() || ip.IsLoopback() || ip == ev.peer {
			continue
		}
		if p := r.view.PodByIP(ip); p != nil && ev.agrees(p) {
			return p, ByIP
		}
	}
	if r.opts.Connection && ev.peer.IsValid() && !ev.peer.IsLoopback() {
		if p := r.view.PodByIP(ev.peer); p != nil && !p.Relay && ev.agrees(p) && serves(p, named) {
			return p, ByConnection
		}
	}
	if named.Name != "" {
		// One pod, and none that was there a moment ago: what arrives late must not go to its successor.
		if pods, rolled := r.view.GatewayPods(named); len(pods) == 1 && !rolled && ev.agrees(pods[0]) {
			return pods[0], ByOnlyPod
		}
	}
	return nil, ByNothing
}

// serves tells whether a pod may be a proxy of the named Gateway. A pod at the other end of the connection that serves
// none, or another one, is a proxy or collector in between.
func serves(p *cluster.Pod, named cluster.Ref) bool {
	if named.Name == "" {
		return true
	}
	return p.Proxy != nil && p.Proxy.Known && (p.Proxy.Gateway.Name == "" || p.Proxy.Gateway == named)
}

func (r *Resolver) podByName(ev *evidence) *cluster.Pod {
	try := func(namespace, name string) *cluster.Pod {
		if name == "" {
			return nil
		}
		p := r.view.PodByName(namespace, name)
		if p == nil || p.CannotBe(ev.uid) {
			return nil
		}
		return p
	}
	if p := try(ev.namespace, ev.pod); p != nil {
		return p
	}
	for _, id := range [...]string{ev.node, ev.instanceID} {
		n := parseNode(id)
		if ev.pod != "" && n.pod != ev.pod {
			continue // the attribute says another pod
		}
		if n.namespace != "" {
			if p := try(n.namespace, n.pod); p != nil {
				return p
			}
		}
		if id == ev.node {
			if p := try(ev.namespace, id); p != nil { // Envoy Gateway: nothing but the pod's name, which may hold a dot
				return p
			}
			if ev.namespace != "" {
				// The namespace is that of the Gateway, not of the proxy.
				if p := try("", id); p != nil {
					return p
				}
			}
		}
	}
	return nil
}

// agrees tells whether nothing that the resource says is against this pod. Weak evidence, an address, needs it: addresses
// are given again, and the other end of a connection may be somebody else.
func (ev *evidence) agrees(p *cluster.Pod) bool {
	switch {
	case isUID(ev.uid) && ev.uid != p.UID:
		return false
	case ev.pod != "" && ev.pod != p.Name:
		return false
	case ev.namespace != "" && ev.namespace != p.Namespace:
		return false
	}
	if ev.pod == "" && ev.node != "" && ev.node != p.Name {
		// A node id is whatever its operator made it. It is certainly a pod's when it has Istio's shape, when it ends in
		// this pod's namespace, and when it ends in the namespace that the node cluster ends in.
		n := parseNode(ev.node)
		certain := n.namespace != "" && (n.ip.IsValid() || n.namespace == p.Namespace ||
			strings.HasSuffix(ev.cluster, "."+n.namespace) || strings.HasSuffix(ev.serviceName, "."+n.namespace))
		return !certain || n.pod == p.Name && n.namespace == p.Namespace
	}
	return true
}

// isUID tells whether a text has the shape of the UIDs that Kubernetes gives. Anything else is a mistake in somebody's
// configuration, and not another pod.
func isUID(text string) bool {
	return len(text) == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-'
}
