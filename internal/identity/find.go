package identity

import (
	"net/netip"
	"strings"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
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

// Ignored is a set of evidence that was not believed, because it is against evidence that is more specific, or against
// what the cluster says of the pod that was found.
type Ignored uint8

// The evidence that can be ignored. k8s.pod.uid never is: nothing is more specific.
const (
	// IgnoredName: k8s.pod.name or k8s.namespace.name.
	IgnoredName Ignored = 1 << iota
	// IgnoredNode: Envoy's node id, or agentgateway's instance id.
	IgnoredNode
	// IgnoredIP: k8s.pod.ip, or the address that was scraped.
	IgnoredIP
	// IgnoredConnection: the peer of the connection.
	IgnoredConnection
	// IgnoredGateway: gateway.name and gateway.namespace, or a service.name or node cluster that is a Gateway's.
	IgnoredGateway

	// differentUID is only ever said against a pod: the resource has another's.
	differentUID
)

// IgnoredNames are the names of the evidence that can be ignored, by the number of its bit.
var IgnoredNames = [...]string{"name", "node", "ip", "connection", "gateway"}

// find looks for the pod and the Gateway that a resource comes from. The Gateway's name may be known without its object.
func (r *Resolver) find(ev *evidence) (pod *cluster.Pod, gateway cluster.Ref, by By) {
	gateway = r.namedGateway(ev)
	pod, by = r.findPod(ev, gateway)
	if pod != nil {
		ev.ignored |= ev.against(pod, gateway)
		if pod.Proxy != nil && pod.Proxy.Gateway.Name != "" {
			gateway = pod.Proxy.Gateway
		}
	}
	if by == ByNothing && gateway.Name != "" {
		by = ByGateway
	}
	return pod, gateway, by
}

// namedGateway returns the Gateway that the resource itself names: by attributes, else by a service name or Envoy's node
// cluster of which the cluster says that it is a Gateway's.
func (r *Resolver) namedGateway(ev *evidence) cluster.Ref {
	if ev.gatewayName != "" && ev.gatewayNamespace != "" {
		return cluster.Ref{Namespace: ev.gatewayNamespace, Name: ev.gatewayName}
	}
	named := func(g *cluster.Gateway) bool {
		if g != nil && !ev.mayBe(g.Ref) {
			ev.ignored |= IgnoredGateway
		}
		return g != nil && ev.mayBe(g.Ref)
	}
	for _, name := range [...]string{ev.serviceName, ev.cluster} {
		if g := r.view.GatewayOf(name); named(g) {
			return g.Ref
		}
		if namespace, name, ok := strings.Cut(name, "/"); ok { // Envoy Gateway's node cluster
			if g := r.view.Gateway(cluster.Ref{Namespace: namespace, Name: name}); named(g) {
				return g.Ref
			}
		}
	}
	// agentgateway has the Gateway's name and namespace in two attributes.
	if g := r.view.Gateway(cluster.Ref{Namespace: ev.serviceNamespace, Name: ev.serviceName}); named(g) {
		return g.Ref
	}
	return cluster.Ref{}
}

// findPod tries the evidence for the pod in turn, the most specific first. Evidence that is against more specific
// evidence is passed over, so that what is written never comes from two proxies.
func (r *Resolver) findPod(ev *evidence, named cluster.Ref) (*cluster.Pod, By) {
	if ev.uid != "" {
		if p := r.view.PodByUID(ev.uid); p != nil {
			return p, ByUID
		}
	}
	if p := r.podByName(ev); p != nil {
		return p, ByName
	}
	for _, ip := range [...]netip.Addr{ev.ip, ev.target, parseNode(ev.node).ip, parseNode(ev.instanceID).ip} {
		// An address that is also the connection's is no better than the connection: contrib's k8s_attributes, when asked
		// for k8s.pod.ip, writes the peer's address there.
		if !ip.IsValid() || ip.IsLoopback() || ip == ev.peer {
			continue
		}
		if p := r.view.PodByIP(ip); p != nil {
			if ev.agrees(p, named) {
				return p, ByIP
			}
			ev.ignored |= IgnoredIP
		}
	}
	if r.opts.Connection && ev.peer.IsValid() && !ev.peer.IsLoopback() {
		if p := r.view.PodByIP(ev.peer); p != nil && !p.Relay {
			if ev.agrees(p, named) && r.sends(ev, p, named) {
				return p, ByConnection
			}
			ev.ignored |= IgnoredConnection
		}
	}
	if named.Name != "" {
		// One pod, and none that was there a moment ago: what arrives late must not go to its successor.
		if pods, rolled := r.view.GatewayPods(named); len(pods) == 1 && !rolled && ev.agrees(pods[0], named) {
			return pods[0], ByOnlyPod
		}
	}
	return nil, ByNothing
}

// podByName finds the pod by its name: from attributes, from Envoy's node id, from agentgateway's instance id.
func (r *Resolver) podByName(ev *evidence) *cluster.Pod {
	if ev.pod != "" {
		if p := r.view.PodByName(ev.namespace, ev.pod); p != nil {
			if ev.against(p, cluster.Ref{})&differentUID == 0 {
				return p
			}
			ev.ignored |= IgnoredName
		}
	}
	try := func(namespace, name string) *cluster.Pod {
		p := r.view.PodByName(namespace, name)
		if p != nil && ev.against(p, cluster.Ref{})&(differentUID|IgnoredName|IgnoredNode) != 0 {
			ev.ignored |= IgnoredNode
			return nil
		}
		return p
	}
	if ev.node != "" {
		if n := parseNode(ev.node); n.namespace != "" {
			if p := try(n.namespace, n.pod); p != nil {
				return p
			}
		}
		// Envoy Gateway: nothing but the pod's name, which may hold a dot. The resource's namespace may be the Gateway's.
		if p := try(ev.namespace, ev.node); p != nil {
			return p
		}
		if ev.namespace != "" {
			if p := try("", ev.node); p != nil {
				return p
			}
		}
	}
	if n := parseNode(ev.instanceID); n.ip.IsValid() {
		return try(n.namespace, n.pod)
	}
	return nil
}

// sends tells whether what came by a connection is from the pod at its other end, and not from an application whose
// telemetry passes through a gateway, or that shares an address with one. A gateway's own shows by its profile. Of the
// rest only what no SDK made, and what names no service but this gateway's own, is taken for the pod's.
func (r *Resolver) sends(ev *evidence, p *cluster.Pod, named cluster.Ref) bool {
	if ev.gateway {
		return true
	}
	if ev.sdk != "" || p.Proxy == nil || !p.Proxy.Known {
		return false
	}
	name := ev.serviceName
	return name == "" || named.Name != "" || name == p.App || r.defaultName(name) ||
		name == cluster.Value(p.Proxy.Env, attrs.ServiceName) || name == cluster.Value(p.Proxy.Annotations, attrs.ServiceName)
}
