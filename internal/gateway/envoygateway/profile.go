// Package envoygateway holds what Envoy Gateway configures on top of Envoy.
package envoygateway

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	g "github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/envoy"
)

const (
	xds = "Envoy Gateway 1.9.1, internal/xds/translator/tracing.go and accesslog.go; recorded"
	// ID of the profile.
	ID    = g.ID("envoy-gateway")
	route = "{" + attrs.GatewayRouteKind + "}/{" + attrs.GatewayRouteNamespace + "}/{" + attrs.GatewayRouteName + "}/rule/{" + attrs.GatewayRouteRule + "}"
	match = route + "/match/{" + attrs.GatewayRouteMatch + "}/{}"
)

// Profile is Envoy Gateway.
var Profile = g.Profile{
	ID:       ID,
	Base:     envoy.ID,
	Title:    "Envoy Gateway",
	Versions: "1.9.1 recorded",
	Detect: []g.Evidence{
		{In: g.InAttributes, Key: "upstream_cluster", Prefix: "httproute/", Source: xds},
		{In: g.InAttributes, Key: "upstream_cluster", Prefix: "grpcroute/", Source: xds},
		{In: g.InAttributes, Key: "route_name", Prefix: "httproute/", Source: xds},
		{In: g.InAttributes, Key: "route_name", Prefix: "grpcroute/", Source: xds},
		{In: g.InResource, Key: "log_name", Equal: "otel_envoy_accesslog", And: &g.Evidence{In: g.InAttributes, Key: "x-envoy-origin-path"}, Source: xds},
	},
	Patterns: []g.Pattern{
		{Key: "upstream_cluster", Text: route, Source: xds},
		{Key: "route_name", Text: match, Source: xds},
		// On records, where Kubernetes knows them.
		{Key: "k8s.namespace.name", Text: "{k8s.namespace.name}", Resource: true, Source: xds},
		{Key: "k8s.pod.name", Text: "{k8s.pod.name}", Resource: true, Source: xds},
		// The node cluster is "<namespace>/<gateway>".
		{Key: "resource:cluster_name", Text: "{" + attrs.GatewayNamespace + "}/{" + attrs.GatewayName + "}", Source: xds},
	},
}
