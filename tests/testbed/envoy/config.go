package envoy

import (
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"time"
)

// object is a JSON object of the bootstrap. The names in it are Envoy's API, v3 (api/envoy/**/v3/*.proto).
type object = map[string]any

const typePrefix = "type.googleapis.com/envoy."

// The clusters that are always there.
const (
	otlpGRPC = "otlp_grpc" // the Collector's OTLP receiver over gRPC
	otlpHTTP = "otlp_http"
	zipkin   = "zipkin"
	als      = "als"
)

// Config is an Envoy with static listeners. Addresses are host:port with an IP address.
type Config struct {
	NodeID      string
	NodeCluster string
	// NodeRole is the metadata by which kgateway's control plane knows its proxies, empty for none.
	NodeRole string
	Admin    string
	// Where telemetry goes.
	OTLPGRPC, OTLPHTTP, Zipkin, ALS string
	// FlushInterval is how long spans wait in Envoy, 5 s when zero as by default; MinFlushSpans is how many are sent at once
	// before that, 5 when zero.
	FlushInterval time.Duration
	MinFlushSpans int
	Listeners     []Listener
	Clusters      []Cluster
}

// Cluster is an upstream with one endpoint.
type Cluster struct {
	Name    string
	Address string
	HTTP2   bool
}

// JSON returns the bootstrap.
func (c Config) JSON() ([]byte, error) {
	listeners := make([]any, 0, len(c.Listeners))
	for _, l := range c.Listeners {
		listener, err := l.object()
		if err != nil {
			return nil, fmt.Errorf("listener %s: %w", l.Name, err)
		}
		listeners = append(listeners, listener)
	}
	clusters := []Cluster{
		{otlpGRPC, c.OTLPGRPC, true},
		{otlpHTTP, c.OTLPHTTP, false},
		{zipkin, c.Zipkin, false},
		{als, c.ALS, true},
	}
	clusterObjects := make([]any, 0, len(clusters)+len(c.Clusters))
	for _, cluster := range append(clusters, c.Clusters...) {
		if cluster.Address == "" {
			continue
		}
		o, err := cluster.object()
		if err != nil {
			return nil, fmt.Errorf("cluster %s: %w", cluster.Name, err)
		}
		clusterObjects = append(clusterObjects, o)
	}
	admin, err := address(c.Admin)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	node := object{"id": c.NodeID, "cluster": c.NodeCluster}
	if c.NodeRole != "" {
		node["metadata"] = object{"role": c.NodeRole}
	}
	runtime := object{}
	if c.FlushInterval > 0 {
		runtime["tracing.opentelemetry.flush_interval_ms"] = c.FlushInterval.Milliseconds()
	}
	if c.MinFlushSpans > 0 {
		runtime["tracing.opentelemetry.min_flush_spans"] = c.MinFlushSpans
	}
	bootstrap := object{
		"node":             node,
		"admin":            object{"address": admin},
		"static_resources": object{"listeners": listeners, "clusters": clusterObjects},
		"layered_runtime":  object{"layers": []any{object{"name": "test", "static_layer": runtime}}},
	}
	text, err := json.MarshalIndent(bootstrap, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write bootstrap: %w", err)
	}
	return text, nil
}

func (c Cluster) object() (object, error) {
	at, err := address(c.Address)
	if err != nil {
		return nil, err
	}
	cluster := object{
		"name":            c.Name,
		"type":            "STATIC",
		"connect_timeout": "1s",
		"load_assignment": object{
			"cluster_name": c.Name,
			"endpoints":    []any{object{"lb_endpoints": []any{object{"endpoint": object{"address": at}}}}},
		},
	}
	if c.HTTP2 {
		cluster["typed_extension_protocol_options"] = object{
			"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": object{
				"@type":                typePrefix + "extensions.upstreams.http.v3.HttpProtocolOptions",
				"explicit_http_config": object{"http2_protocol_options": object{}},
			},
		}
	}
	return cluster, nil
}

func address(text string) (object, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return nil, fmt.Errorf("address %q: want host:port: %w", text, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("address %q: want a port number: %w", text, err)
	}
	return object{"socket_address": object{"address": host, "port_value": number}}, nil
}
