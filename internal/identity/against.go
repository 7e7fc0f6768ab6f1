package identity

import (
	"strings"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

// against returns what the resource says that cannot be said of this pod. named is the Gateway that the resource names.
func (ev *evidence) against(p *cluster.Pod, named cluster.Ref) Ignored {
	var found Ignored
	if isUID(ev.uid) && ev.uid != p.UID {
		found |= differentUID
	}
	var gateway cluster.Ref
	if p.Proxy != nil {
		gateway = p.Proxy.Gateway
	}
	// A namespace may also be that of the Gateway: Envoy Gateway runs proxies in a namespace of its own.
	if ev.pod != "" && ev.pod != p.Name || ev.namespace != "" && ev.namespace != p.Namespace && ev.namespace != gateway.Namespace {
		found |= IgnoredName
	}
	if ev.namesOther(p) {
		found |= IgnoredNode
	}
	// The address of whoever was in between is nothing that the resource says.
	if ev.ip.IsValid() && !ev.ip.IsLoopback() && ev.ip != ev.peer && p.IPs[0].IsValid() && ev.ip != p.IPs[0] && ev.ip != p.IPs[1] {
		found |= IgnoredIP
	}
	if gateway.Name != "" && (!ev.mayBe(gateway) || named.Name != "" && named != gateway) {
		found |= IgnoredGateway
	}
	return found
}

// agrees tells whether nothing that the resource says is against this pod. Weak evidence, an address, needs it: addresses
// are given again, and the other end of a connection may be somebody else.
func (ev *evidence) agrees(p *cluster.Pod, named cluster.Ref) bool {
	if ev.mixed || ev.against(p, named) != 0 {
		return false
	}
	return named.Name == "" && ev.gatewayName == "" && ev.gatewayNamespace == "" || p.Proxy != nil && p.Proxy.Known
}

// mayBe tells whether gateway.name and gateway.namespace, as far as the resource has them, are this Gateway's.
func (ev *evidence) mayBe(gateway cluster.Ref) bool {
	return (ev.gatewayName == "" || ev.gatewayName == gateway.Name) && (ev.gatewayNamespace == "" || ev.gatewayNamespace == gateway.Namespace)
}

// namesOther tells whether the node id or agentgateway's instance id is certainly another pod's.
func (ev *evidence) namesOther(p *cluster.Pod) bool {
	if n := parseNode(ev.instanceID); n.ip.IsValid() && (n.pod != p.Name || n.namespace != p.Namespace) {
		return true
	}
	if ev.node == "" || ev.node == p.Name {
		return false
	}
	// A node id is whatever its operator made it. It is certainly a pod's when it has Istio's shape, when it ends in this
	// pod's namespace, and when it ends in the namespace that the node cluster ends in.
	n := parseNode(ev.node)
	certain := n.namespace != "" && (n.ip.IsValid() || n.namespace == p.Namespace ||
		strings.HasSuffix(ev.cluster, "."+n.namespace) || strings.HasSuffix(ev.serviceName, "."+n.namespace))
	return certain && (n.pod != p.Name || n.namespace != p.Namespace)
}

// isUID tells whether a text has the shape of the UIDs that Kubernetes gives. Anything else is a mistake in somebody's
// configuration, and not another pod.
func isUID(text string) bool {
	return len(text) == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-'
}
