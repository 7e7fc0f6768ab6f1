package identity

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
)

// Resource attributes that are evidence and nothing else: the labels of Envoy's OTLP access logger (Envoy 1.40.0,
// source/extensions/access_loggers/open_telemetry/access_log_impl.cc). They stay as they are.
const (
	nodeName    = "node_name"
	clusterName = "cluster_name"
	// nodeID is on Envoy's server spans and holds the same as node_name.
	nodeID = "node_id"
)

// evidence is what a resource says about who sent it. Empty means that it does not say.
type evidence struct {
	uid, pod, namespace, container string
	ip                             netip.Addr

	// node is Envoy's node id, from the resource or from one of its items.
	node string
	// cluster is Envoy's node cluster.
	cluster string

	serviceName, serviceNamespace, instanceID, version string
	gatewayName, gatewayNamespace                      string

	// scraped resources were made by a scraper: their service.name is the name of a job, and their service.instance.id
	// is the address that was asked. target is that address.
	scraped bool
	target  netip.Addr

	// peer is the other end of the connection.
	peer netip.Addr
}

// gather reads a resource's attributes. node is the node id of one of its items, "" for none.
func gather(m pcommon.Map, node string, peer netip.Addr) evidence {
	ev := evidence{node: node, peer: peer.Unmap()}
	var address string
	var port int64
	for key, v := range m.All() {
		if v.Type() != pcommon.ValueTypeStr {
			if key == attrs.ServerPort && v.Type() == pcommon.ValueTypeInt {
				port = v.Int()
			}
			continue
		}
		text := v.Str()
		if placeholder(text) {
			continue
		}
		switch key {
		case attrs.K8SPodUID:
			ev.uid = text
		case attrs.K8SPodName:
			ev.pod = text
		case attrs.K8SNamespaceName:
			ev.namespace = text
		case attrs.K8SContainerName:
			ev.container = text
		case attrs.K8SPodIP:
			ev.ip = address4(text)
		case nodeName:
			ev.node = text
		case clusterName:
			ev.cluster = text
		case attrs.ServiceName:
			ev.serviceName = text
		case attrs.ServiceNamespace:
			ev.serviceNamespace = text
		case attrs.ServiceInstanceID:
			ev.instanceID = text
		case attrs.ServiceVersion:
			ev.version = text
		case attrs.GatewayName:
			ev.gatewayName = text
		case attrs.GatewayNamespace:
			ev.gatewayNamespace = text
		case attrs.ServerAddress:
			address = text
		case attrs.ServerPort:
			port, _ = strconv.ParseInt(text, 10, 32)
		}
	}
	if ev.instanceID != "" && address != "" && port > 0 && ev.instanceID == net.JoinHostPort(address, strconv.FormatInt(port, 10)) {
		ev.scraped, ev.target = true, address4(address)
	}
	return ev
}

// placeholder tells whether a value says that there is none: empty, Envoy's dash, a variable that Kubernetes did not
// expand ("$(NAME)"), and a command that Envoy does not expand in resource attributes ("%ENVIRONMENT(NAME)%").
func placeholder(text string) bool {
	switch {
	case text == "" || text == "-":
		return true
	case text[0] == '$':
		return strings.HasPrefix(text, "$(") && strings.HasSuffix(text, ")")
	case text[0] == '%':
		return len(text) > 1 && strings.HasSuffix(text, "%")
	}
	return false
}

// address4 reads an address, an IPv4 address in an IPv6 coat as the IPv4 address it is.
func address4(text string) netip.Addr {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap()
}

// node is what a node id says about its pod.
type node struct {
	pod, namespace string
	ip             netip.Addr
}

// parseNode reads the node id of an Envoy or the instance id of an agentgateway, which have the same shapes:
//
//   - "<type>~<ip>~<pod>.<namespace>~<domain>": Istio (pilot/pkg/model, ServiceNode) and agentgateway
//     (crates/core/src/env.rs);
//   - "<pod>.<namespace>": kgateway 2.2.0 and 2.4.2, --service-node. Pod names may hold dots, namespaces cannot;
//   - "<pod>": Envoy Gateway 1.9.1.
func parseNode(id string) node {
	if kind, rest, ok := strings.Cut(id, "~"); ok && kind != "" {
		ip, rest, ok := strings.Cut(rest, "~")
		name, _, more := strings.Cut(rest, "~")
		if !ok || !more {
			return node{}
		}
		n := splitPod(name)
		n.ip = address4(ip)
		return n
	}
	return splitPod(id)
}

func splitPod(name string) node {
	at := strings.LastIndexByte(name, '.')
	if at <= 0 || at == len(name)-1 {
		return node{pod: name}
	}
	return node{pod: name[:at], namespace: name[at+1:]}
}
