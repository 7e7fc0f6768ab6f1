package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// OpenTracing are the tags of OpenTracing and Zipkin, and the attributes by which exporters without the field carry
// span status and scope.
var OpenTracing = []gateway.Rule{
	// 1.39.0 to 1.44.0 called it service.peer.name.
	{From: "peer.service", To: []string{attrs.ServerServiceName}, Kinds: caller, Official: true, Since: "1.45.0"},
	{From: "peer.service", To: []string{attrs.ClientServiceName}, Kinds: callee, Official: true, Since: "1.45.0"},
	{From: "service.peer.name", To: []string{attrs.ServerServiceName}, Kinds: caller, Official: true, Since: "1.45.0"},
	{From: "service.peer.name", To: []string{attrs.ClientServiceName}, Kinds: callee, Official: true, Since: "1.45.0"},
	{From: "service.peer.namespace", To: []string{"server.service.namespace"}, Kinds: caller, Official: true, Since: "1.45.0"},
	{From: "service.peer.namespace", To: []string{"client.service.namespace"}, Kinds: callee, Official: true, Since: "1.45.0"},

	// Envoy writes it on both ends: the downstream's address on server spans, the upstream's on client spans.
	{
		From: "peer.address", To: []string{attrs.NetworkPeerAddress, attrs.NetworkPeerPort}, Op: gateway.OpHostPort,
		Source: srcOpenTracing,
	},
	{From: "peer.ipv4", To: []string{attrs.NetworkPeerAddress}, Op: gateway.OpIPv4, Source: srcOpenTracing},
	{
		From: "peer.ipv6", To: []string{attrs.NetworkPeerAddress, attrs.NetworkPeerPort}, Op: gateway.OpAddress,
		Source: srcOpenTracing,
	},
	{From: "peer.port", To: []string{attrs.NetworkPeerPort}, Op: gateway.OpPort, Source: srcOpenTracing},
	{
		From: "peer.hostname", To: []string{attrs.ServerAddress, attrs.ServerPort}, Op: gateway.OpAddress, Kinds: caller,
		Source: srcOpenTracing,
	},
	{
		From: "peer.hostname", To: []string{attrs.ClientAddress, attrs.ClientPort}, Op: gateway.OpAddress, Kinds: callee,
		Yield: true, Source: srcOpenTracing,
	},

	{From: "span.kind", Op: gateway.OpSpanKind, Signals: gateway.OnSpans, Source: srcOpenTracing},
	// true is an error, false says nothing, any other text is an error with that description.
	{From: "error", Op: gateway.OpError, Signals: gateway.OnSpans, Source: srcOpenTracing},
	// No successor; the scope name is the closest there is.
	{From: "component", Op: gateway.OpKeep, Signals: gateway.OnSpans, Source: srcOpenTracing},
	// Read by samplers further on (contrib's probabilistic_sampler).
	{From: "sampling.priority", Op: gateway.OpKeep, Signals: gateway.OnSpans, Source: srcOpenTracing},
	{
		From: "db.type", To: []string{attrs.DBSystemName}, Op: gateway.OpMap, Signals: gateway.OnSpans, Values: dbSystems,
		Source: srcOpenTracing,
	},
	{From: "db.instance", To: []string{attrs.DBNamespace}, Signals: gateway.OnSpans, Source: srcOpenTracing},
	{From: "message_bus.destination", To: []string{messagingDestinationName}, Signals: gateway.OnSpans, Source: srcOpenTracing},
	{From: "http.status_text", Op: gateway.OpDrop, Signals: gateway.OnSpans, Source: srcOpenTracing},

	// Exporters without a status field write these; OTLP has the field.
	{From: "otel.status_code", Op: gateway.OpStatusCode, Signals: gateway.OnSpans, Official: true, Source: srcNonOTLP},
	{From: "otel.status_description", Op: gateway.OpStatusMessage, Signals: gateway.OnSpans, Official: true, Source: srcNonOTLP},
	// Fields of OTLP's scope. On a resource nobody can say which scope is meant, see Partial.
	{From: "otel.library.name", Op: gateway.OpScopeName, Official: true, Source: srcNonOTLP},
	{From: "otel.library.version", Op: gateway.OpScopeVersion, Official: true, Source: srcNonOTLP},
}
