// Package kgateway holds what kgateway configures on top of Envoy.
package kgateway

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	g "github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/envoy"
)

const (
	clusters  = "recorded from kgateway 2.4.2 and 2.2.0 with their real control planes"
	bootstrap = "kgateway 2.4.2, pkg/kgateway/helm/envoy/templates/configmap.yaml and deployment.yaml"
	ns        = "{" + attrs.GatewayUpstreamServiceNamespace + "}"
	service   = "{" + attrs.GatewayUpstreamServiceName + "}"
	port      = "{" + attrs.GatewayUpstreamServicePort + "}"
)

// Profile is kgateway. Namespaces and Services cannot hold '_', so its cluster names cut exactly.
var Profile = g.Profile{
	ID:       "kgateway",
	Base:     envoy.ID,
	Title:    "kgateway",
	Versions: "2.2.0 and 2.4.2 recorded",
	Detect: []g.Evidence{
		{In: g.InResource, Key: "k8s.container.name", Equal: "kgateway-proxy", Source: bootstrap},
		{In: g.InResource, Key: attrs.GatewayNodeMetadata + "role", Prefix: "kgateway-kube-gateway-api~", Source: bootstrap},
		{In: g.InAttributes, Key: "upstream_cluster", Prefix: "kube_", Source: clusters},
		{In: g.InAttributes, Key: "backendCluster", Prefix: "kube_", Source: clusters},
		{In: g.InAttributes, Key: "upstream_cluster", Prefix: "backend_", Source: clusters},
		{In: g.InAttributes, Key: "upstream_cluster", Prefix: "kube-svc:", Source: "Gloo Gateway naming, kgateway 2.0"},
		{In: g.InAttributes, Key: "route_name", Prefix: "listener~", Source: clusters},
	},
	Patterns: []g.Pattern{
		{Key: "upstream_cluster", Text: "kube_" + ns + "_" + service + "_" + port, Source: clusters},
		{Key: "backendCluster", Text: "kube_" + ns + "_" + service + "_" + port, Source: clusters},
		{Key: "upstream_cluster", Text: "backend_{" + attrs.GatewayUpstreamBackendNamespace + "}_{" + attrs.GatewayUpstreamBackendName + "}_{}", Source: clusters},
		{Key: "backendCluster", Text: "backend_{" + attrs.GatewayUpstreamBackendNamespace + "}_{" + attrs.GatewayUpstreamBackendName + "}_{}", Source: clusters},
		// The node id is "<pod>.<namespace>"; pod names may hold dots, namespaces cannot.
		{Key: "node_id", Text: "{" + attrs.K8SPodName + "...}.{" + attrs.K8SNamespaceName + "}", Resource: true, Source: bootstrap},
		{Key: "resource:node_name", Text: "{" + attrs.K8SPodName + "...}.{" + attrs.K8SNamespaceName + "}", Source: bootstrap},
		// The node cluster is "<gateway>.<namespace>", the service name kgateway itself gives its spans.
		{Key: "resource:cluster_name", Text: "{" + attrs.ServiceName + "}", Source: bootstrap},
	},
}
