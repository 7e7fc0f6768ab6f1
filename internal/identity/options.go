package identity

import "github.com/gatehouse-otel/gatehouse/internal/cluster"

// InstanceID says what service.instance.id is made of.
type InstanceID string

// The ways to make service.instance.id.
const (
	// InstancePodUID is the pod's UID, what kgateway really sends since 2.4.0.
	InstancePodUID InstanceID = "pod_uid"
	// InstanceGatewayUID is the UID of the Gateway object, as kgateway's documentation says. All replicas share it.
	InstanceGatewayUID InstanceID = "gateway_uid"
	// InstanceK8SName is "<namespace>.<pod>.<container>", the semantic conventions' recipe.
	InstanceK8SName InstanceID = "k8s_name"
)

// Options are what a resolver is told.
type Options struct {
	InstanceID InstanceID
	// Connection lets the peer of the connection be evidence, the last one.
	Connection bool
	// Routes looks for the route object behind the route an item names, Upstream for what is behind its endpoint.
	Routes, Upstream bool
	// DefaultNames are names that gateways give themselves: a service.name that nobody chose. Compared without regard to
	// case.
	DefaultNames []string
	// CacheSize is how many resources are remembered, in each of two generations.
	CacheSize int
}

// DefaultNames are the names that the gateways of this project give themselves when nobody says one: Kong 3.9.3,
// agentgateway 1.4.1, Traefik 3.6.12, Caddy 2.11.9, APISIX, KrakenD and Tyk by their sources.
func DefaultNames() []string {
	return []string{"agentgateway", "apisix", "caddy", "envoy", "kong", "krakend", "nginx", "traefik", "tyk"}
}

// DefaultOptions are the recommended ones.
func DefaultOptions() Options {
	return Options{
		InstanceID:   InstancePodUID,
		Connection:   true,
		Routes:       true,
		Upstream:     true,
		DefaultNames: DefaultNames(),
		CacheSize:    10_000,
	}
}

// Extract asks for a label or annotation of an object, to be written as an attribute.
type Extract struct {
	// Key is the label's or annotation's whole key, Attribute the name it gets.
	Key, Attribute string
}

// Extracts are the labels and annotations of one kind of object.
type Extracts struct {
	Labels, Annotations []Extract
}

// From returns what is there of them, as attributes.
func (e Extracts) From(labels, annotations map[string]string) []cluster.KV {
	var found []cluster.KV
	for _, x := range e.Labels {
		if v, ok := labels[x.Key]; ok {
			found = append(found, cluster.KV{Key: x.Attribute, Value: v})
		}
	}
	for _, x := range e.Annotations {
		if v, ok := annotations[x.Key]; ok {
			found = append(found, cluster.KV{Key: x.Attribute, Value: v})
		}
	}
	return found
}
