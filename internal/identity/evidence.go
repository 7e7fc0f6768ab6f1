package identity

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// Resource attributes that are evidence and nothing else: the labels of Envoy's OTLP access logger (Envoy 1.40.0,
// source/extensions/access_loggers/open_telemetry/access_log_impl.cc). They stay as they are.
const (
	nodeName    = "node_name"
	clusterName = "cluster_name"
	// nodeID is on Envoy's server spans and holds the same as node_name.
	nodeID = "node_id"
)

// Hints are what the items of a resource, and how they came, say about its sender. The zero value says nothing.
type Hints struct {
	// Node is the node id that the items carry.
	Node string
	// Mixed says that they carry several: the resource is put together from what several proxies sent.
	Mixed bool
	// Gateway says that items or scopes are a gateway's own and not an application's.
	Gateway bool
	// Scraped says that a scraper made the resource: its service.name is the name of a job, and its service.instance.id
	// the address that was asked.
	Scraped bool
	// Peer is the other end of the connection, the zero Addr for none. Its zone does not count.
	Peer netip.Addr
}

// flags are the hints that are there or not, in a number.
func (h *Hints) flags() uint64 {
	var n uint64
	for i, set := range [...]bool{h.Mixed, h.Gateway, h.Scraped} {
		if set {
			n |= 1 << i
		}
	}
	return n
}

// evidence is what a resource says about who sent it. Empty means that it does not say.
type evidence struct {
	uid, pod, namespace, container string
	ip                             netip.Addr

	// node is Envoy's node id, from the resource or from its items; mixed says that the items carry several.
	node  string
	mixed bool
	// cluster is Envoy's node cluster.
	cluster string

	serviceName, serviceNamespace, instanceID, version string
	gatewayName, gatewayNamespace                      string

	// gateway says that what was sent is a gateway's own. sdk is the language of the SDK that made the resource.
	gateway bool
	sdk     string

	// scraped is Hints.Scraped where the address that was asked is the instance; target is that address.
	scraped bool
	target  netip.Addr

	// peer is the other end of the connection.
	peer netip.Addr

	// ignored is what was not believed, because it is against something stronger.
	ignored Ignored
}

// gather reads a resource's attributes. Of a key that occurs twice the first value that says something counts. Only text
// is evidence.
func gather(m pcommon.Map, hints Hints) evidence {
	ev := evidence{mixed: hints.Mixed, gateway: hints.Gateway, peer: hints.Peer.Unmap().WithZone("")}
	var address, ip string
	var port int64
	for key, v := range m.All() {
		if v.Type() != pcommon.ValueTypeStr {
			if key == attrs.ServerPort && v.Type() == pcommon.ValueTypeInt && port == 0 {
				port = v.Int()
			}
			continue
		}
		var to *string
		switch key {
		case attrs.K8SPodUID:
			to = &ev.uid
		case attrs.K8SPodName:
			to = &ev.pod
		case attrs.K8SNamespaceName:
			to = &ev.namespace
		case attrs.K8SContainerName:
			to = &ev.container
		case attrs.K8SPodIP:
			to = &ip
		case nodeName:
			to = &ev.node
		case clusterName:
			to = &ev.cluster
		case attrs.ServiceName:
			to = &ev.serviceName
		case attrs.ServiceNamespace:
			to = &ev.serviceNamespace
		case attrs.ServiceInstanceID:
			to = &ev.instanceID
		case attrs.ServiceVersion:
			to = &ev.version
		case attrs.GatewayName:
			to = &ev.gatewayName
		case attrs.GatewayNamespace:
			to = &ev.gatewayNamespace
		case attrs.TelemetrySDKLanguage:
			to = &ev.sdk
		case attrs.ServerAddress:
			to = &address
		case attrs.ServerPort:
			if port == 0 {
				port, _ = strconv.ParseInt(v.Str(), 10, 32)
			}
			continue
		default:
			continue
		}
		if *to == "" && !parse.Absent(v.Str()) && (key != attrs.ServiceName || !parse.UnknownService(v.Str())) {
			*to = v.Str()
		}
	}
	ev.ip = address4(ip)
	if ev.node == "" { // what the resource says of itself counts
		ev.node = hints.Node
	}
	if ev.mixed || hints.Node != "" && hints.Node != ev.node {
		ev.ignored |= IgnoredNode
	}
	if hints.Scraped && ev.instanceID != "" && address != "" && port > 0 && ev.instanceID == net.JoinHostPort(address, strconv.FormatInt(port, 10)) {
		ev.scraped, ev.target = true, address4(address)
	}
	return ev
}

// address4 reads an address, an IPv4 address in an IPv6 coat as the IPv4 address it is.
func address4(text string) netip.Addr {
	if text == "" {
		return netip.Addr{} // the most frequent one: an error costs an allocation
	}
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
