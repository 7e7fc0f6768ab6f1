package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Network are the net.* attributes and the short-lived names that followed them. Who is the peer and who the host
// depends on which end of the call the item describes.
var Network = []gateway.Rule{
	{
		From: "net.peer.name", To: []string{attrs.ServerAddress, attrs.ServerPort}, Op: gateway.OpAddress, Kinds: caller,
		Official: true, Since: "1.21.0",
	},
	{
		From: "net.peer.name", To: []string{attrs.ClientAddress, attrs.ClientPort}, Op: gateway.OpAddress, Kinds: callee,
		Yield: true, Official: true, Since: "1.21.0",
	},
	// Beside net.peer.ip alone this is the port of the socket, not of the server. A rule cannot see that.
	{From: "net.peer.port", To: []string{attrs.ServerPort}, Op: gateway.OpPort, Kinds: caller, Official: true, Since: "1.21.0"},
	{
		From: "net.peer.port", To: []string{attrs.ClientPort}, Op: gateway.OpPort, Kinds: callee, Yield: true, Official: true,
		Since: "1.21.0",
	},
	// The schema file ends at net.sock.peer.addr and net.sock.host.addr; the last hop is 1.22.0.
	{
		From: "net.peer.ip", To: []string{attrs.NetworkPeerAddress, attrs.NetworkPeerPort}, Op: gateway.OpAddress,
		Official: true, Since: "1.13.0",
	},
	{
		From: "net.host.name", To: []string{attrs.ServerAddress, attrs.ServerPort}, Op: gateway.OpAddress, Official: true,
		Since: "1.21.0",
	},
	{From: "net.host.port", To: []string{attrs.ServerPort}, Op: gateway.OpPort, Official: true, Since: "1.21.0"},
	{
		From: "net.host.ip", To: []string{attrs.NetworkLocalAddress, attrs.NetworkLocalPort}, Op: gateway.OpAddress,
		Official: true, Since: "1.13.0",
	},
	{
		From: "net.sock.peer.addr", To: []string{attrs.NetworkPeerAddress, attrs.NetworkPeerPort}, Op: gateway.OpAddress,
		Official: true, Since: "1.22.0",
	},
	{From: "net.sock.peer.port", To: []string{attrs.NetworkPeerPort}, Op: gateway.OpPort, Official: true, Since: "1.22.0"},
	{From: "net.sock.peer.name", Op: gateway.OpDrop, Official: true, Since: "1.22.0"},
	{
		From: "net.sock.host.addr", To: []string{attrs.NetworkLocalAddress, attrs.NetworkLocalPort}, Op: gateway.OpAddress,
		Official: true, Since: "1.22.0",
	},
	{From: "net.sock.host.port", To: []string{attrs.NetworkLocalPort}, Op: gateway.OpPort, Official: true, Since: "1.22.0"},

	{
		From: "net.sock.family", To: []string{"network.type"}, Op: gateway.OpMap, Values: socketFamilies, Official: true,
		Since: "1.21.0",
	},
	// The schema file has no entry: the values changed with the name.
	{
		From: "net.transport", To: []string{attrs.NetworkTransport}, Op: gateway.OpMap, Values: transports, Official: true,
		Since: "1.21.0",
	},
	{From: "net.app.protocol.name", To: []string{attrs.NetworkProtocolName}, Op: gateway.OpLower, Official: true, Since: "1.20.0"},
	// Not HTTP only (AMQP 0.9.1): what is not an HTTP version passes as it is.
	{
		From: "net.app.protocol.version", To: []string{attrs.NetworkProtocolVersion}, Op: gateway.OpMap,
		Values: protocolVersions, Official: true, Since: "1.20.0",
	},
	{From: "net.protocol.name", To: []string{attrs.NetworkProtocolName}, Op: gateway.OpLower, Official: true, Since: "1.21.0"},
	{
		From: "net.protocol.version", To: []string{attrs.NetworkProtocolVersion}, Op: gateway.OpMap, Values: protocolVersions,
		Official: true, Since: "1.21.0",
	},

	{From: "net.host.connection.type", To: []string{"network.connection.type"}, Official: true, Since: "1.21.0"},
	{From: "net.host.connection.subtype", To: []string{"network.connection.subtype"}, Official: true, Since: "1.21.0"},
	{From: "net.host.carrier.name", To: []string{"network.carrier.name"}, Official: true, Since: "1.21.0"},
	{From: "net.host.carrier.mcc", To: []string{"network.carrier.mcc"}, Official: true, Since: "1.21.0"},
	{From: "net.host.carrier.mnc", To: []string{"network.carrier.mnc"}, Official: true, Since: "1.21.0"},
	{From: "net.host.carrier.icc", To: []string{"network.carrier.icc"}, Official: true, Since: "1.21.0"},

	// Names of 1.21.0 only, dead ends of the schema file. server.socket.* is the far end for a client and the near
	// end for a server; client.socket.* is the reverse.
	{
		From: "server.socket.address", To: []string{attrs.NetworkPeerAddress, attrs.NetworkPeerPort}, Op: gateway.OpAddress,
		Kinds: gateway.KindClient, Official: true, Since: "1.22.0",
	},
	{
		From: "server.socket.address", To: []string{attrs.NetworkLocalAddress, attrs.NetworkLocalPort}, Op: gateway.OpAddress,
		Kinds: gateway.KindServer, Official: true, Since: "1.22.0",
	},
	{
		From: "server.socket.port", To: []string{attrs.NetworkPeerPort}, Op: gateway.OpPort, Kinds: gateway.KindClient,
		Official: true, Since: "1.22.0",
	},
	{
		From: "server.socket.port", To: []string{attrs.NetworkLocalPort}, Op: gateway.OpPort, Kinds: gateway.KindServer,
		Official: true, Since: "1.22.0",
	},
	{From: "server.socket.domain", Op: gateway.OpDrop, Official: true, Since: "1.22.0"},
	{
		From: "client.socket.address", To: []string{attrs.NetworkPeerAddress, attrs.NetworkPeerPort}, Op: gateway.OpAddress,
		Kinds: gateway.KindServer, Official: true, Since: "1.22.0",
	},
	{
		From: "client.socket.address", To: []string{attrs.NetworkLocalAddress, attrs.NetworkLocalPort}, Op: gateway.OpAddress,
		Kinds: gateway.KindClient, Official: true, Since: "1.22.0",
	},
	{
		From: "client.socket.port", To: []string{attrs.NetworkPeerPort}, Op: gateway.OpPort, Kinds: gateway.KindServer,
		Official: true, Since: "1.22.0",
	},
	{
		From: "client.socket.port", To: []string{attrs.NetworkLocalPort}, Op: gateway.OpPort, Kinds: gateway.KindClient,
		Official: true, Since: "1.22.0",
	},
	{
		From: "tls.client.server_name", To: []string{attrs.ServerAddress, attrs.ServerPort}, Op: gateway.OpAddress,
		Yield: true, Official: true, Since: "1.27.0",
	},

	// The caller's name for itself, from a request header: anybody can write it.
	{
		From: "downstream_cluster", To: []string{attrs.ClientServiceName}, Kinds: gateway.KindServer, Dash: true,
		Option: OptionDownstreamCluster, Source: "Envoy 1.40.0, source/common/tracing/http_tracer_impl.cc",
	},
}
