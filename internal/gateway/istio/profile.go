// Package istio holds what Istio configures on top of Envoy.
package istio

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	g "github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/envoy"
)

const (
	tracing = "Istio 86c9f01f (2026-08), pilot/pkg/networking/core/tracing.go"
	naming  = "Istio's names for clusters, outbound|port|subset|host; recorded from Envoy 1.40.0 configured as Istio does"
	nodes   = "Istio's node ids, type~ip~pod.namespace~domain; recorded from Envoy 1.40.0 configured as Istio does"
	node    = "{}~{}~{" + attrs.K8SPodName + "...}.{" + attrs.K8SNamespaceName + "}~{}"
	cluster = "{" + attrs.GatewayUpstreamServicePort + "}|{" + attrs.GatewayUpstreamServiceSubset + "?}|{" + attrs.GatewayUpstreamServiceHost + "}"
	inbound = "{" + attrs.GatewayUpstreamServicePort + "}|{" + attrs.GatewayUpstreamServiceSubset + "?}|{" + attrs.GatewayUpstreamServiceHost + "?}"
)

// Profile is Istio: gateways, sidecars and waypoints.
var Profile = g.Profile{
	ID:       "istio",
	Base:     envoy.ID,
	Title:    "Istio",
	Versions: "86c9f01f of 2026-08; recorded from Envoy 1.40.0 configured as Istio does",
	Detect: []g.Evidence{
		{In: g.InAttributes, Key: "istio.mesh_id", Source: tracing},
		{In: g.InAttributes, Key: "istio.canonical_service", Source: tracing},
		{In: g.InAttributes, Key: "upstream_cluster", Prefix: "outbound|", Source: naming},
		{In: g.InAttributes, Key: "upstream_cluster", Prefix: "inbound|", Source: naming},
		{In: g.InAttributes, Key: "node_id", Prefix: "router~", Source: nodes},
		{In: g.InAttributes, Key: "node_id", Prefix: "sidecar~", Source: nodes},
		{In: g.InAttributes, Key: "node_id", Prefix: "waypoint~", Source: nodes},
	},
	Patterns: []g.Pattern{
		{Key: "upstream_cluster", Text: "outbound|" + cluster, Source: naming},
		{Key: "upstream_cluster", Text: "inbound|" + inbound, Source: naming},
		{Key: "node_id", Text: node, Resource: true, Source: nodes},
		{Key: "resource:node_name", Text: node, Source: nodes},
	},
	// The decorator of every route, unless an operator sets another one.
	Spans: g.SpanFacts{Names: []string{"{...}:{" + attrs.GatewayUpstreamServicePort + "}/*"}},
	Logs:  g.LogFacts{Bodies: []g.Body{g.BodyIstioText}},
}
