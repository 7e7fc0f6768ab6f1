//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
	"github.com/gatehouse-otel/gatehouse/tests/testbed/envoy"
)

// neverSplit keeps the spans of one request in one export request: they go when the interval is over and not when five
// have come together. TestEnvoySplitTraces is about the other case.
const neverSplit = 1000

const (
	kgatewayPod    = "http-6d8f7c9b5-x2x9z"
	kgatewayPodUID = "f3b7c1de-0001-4c4e-8a52-6d2f0c8f9b11"
	kgatewayNode   = kgatewayPod + ".kgateway-system" // Envoy's node id

	textFile = "access.txt"
	jsonFile = "access.json"
)

// kgatewayEnvironment is what kgateway 2.4.2 gives its proxy, and two pairs of a user's that the detector treats in its own
// way: no percent-decoding, and a pair with two equal signs is left out.
const kgatewayEnvironment = "OTEL_RESOURCE_ATTRIBUTES=service.name=http.kgateway-system,service.namespace=kgateway-system," +
	"service.version=v2.4.2,service.instance.id=" + kgatewayPodUID + ",k8s.namespace.name=kgateway-system," +
	"k8s.pod.name=" + kgatewayPod + ",k8s.pod.uid=" + kgatewayPodUID + ",k8s.node.name=worker-1," +
	"k8s.deployment.name=http,k8s.container.name=kgateway-proxy,team=a%20b,bad=x=y"

// kgatewayLog are the attributes of an access log as operators write them in a ListenerPolicy: kgateway has none of its own.
var kgatewayLog = []envoy.Field{
	{Name: "http.request.method", Format: "%REQ(:METHOD)%"},
	{Name: "url.path", Format: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"},
	{Name: "http.response.status_code", Format: "%RESPONSE_CODE%"},
	{Name: "protocol", Format: "%PROTOCOL%"},
	{Name: "duration", Format: "%DURATION%"},
	{Name: "bytes_sent", Format: "%BYTES_SENT%"},
	{Name: "bytes_received", Format: "%BYTES_RECEIVED%"},
	{Name: "response_flags", Format: "%RESPONSE_FLAGS%"},
	{Name: "response_code_details", Format: "%RESPONSE_CODE_DETAILS%"},
	{Name: "authority", Format: "%REQ(:AUTHORITY)%"},
	{Name: "upstream_host", Format: "%UPSTREAM_HOST%"},
	{Name: "upstream_cluster", Format: "%UPSTREAM_CLUSTER%"},
	{Name: "route_name", Format: "%ROUTE_NAME%"},
	{Name: "request_id", Format: "%REQ(X-REQUEST-ID)%"},
	{Name: "user_agent", Format: "%REQ(USER-AGENT)%"},
}

var kgatewayLogResource = []envoy.Field{
	{Name: "service.name", Format: "http.kgateway-system"},
	{Name: "service.namespace", Format: "kgateway-system"},
	{Name: "service.version", Format: "v2.4.2"},
	{Name: "k8s.namespace.name", Format: "kgateway-system"},
	{Name: "k8s.container.name", Format: "kgateway-proxy"},
}

func kgatewayRoute(listener, rule string) string {
	return listener + "~*-route-0-httproute-shop-shop-0-0-" + rule + "-matcher-0"
}

// kgatewayCluster is the name of the cluster for a service of the namespace shop.
func kgatewayCluster(service string) string {
	if service == "grpc" {
		return "kube_shop_grpc_9000"
	}
	return "kube_shop_" + service + "_8080"
}

// kgatewayRoutes are routes as kgateway 2.4.2 names them, for each kind of end.
func kgatewayRoutes(listener string) []envoy.VirtualHost {
	cart, dead, grpc := kgatewayCluster("cart"), kgatewayCluster("dead"), kgatewayCluster("grpc")
	name := func(rule string) string { return kgatewayRoute(listener, rule) }
	return []envoy.VirtualHost{
		{Name: listener + "~unknown_example_org", Domains: []string{"unknown.example.org"}, Routes: []envoy.Route{
			{Name: name("only"), Prefix: "/only", Cluster: cart},
		}},
		{Name: listener + "~*", Domains: []string{"*"}, Routes: []envoy.Route{
			{Name: name("grpc"), Prefix: "/grpc.health.v1.Health/", Cluster: grpc},
			{Name: name("redirect"), Prefix: "/redirect", RedirectTo: "/ok"},
			{Name: name("flaky"), Prefix: "/flaky", Cluster: cart, Retries: 2},
			{Name: name("dead"), Prefix: "/dead", Cluster: dead, Retries: 1},
			{Name: name("slow"), Prefix: "/slow", Cluster: cart, Timeout: 300 * time.Millisecond},
			{Name: name("tries"), Prefix: "/tries", Cluster: cart, Retries: 1, PerTryTimeout: 150 * time.Millisecond},
			{Name: name("decorated"), Prefix: "/decorated", Cluster: cart, Decorator: "checkout-route"},
			{Name: name("api"), Prefix: "/api/", Cluster: cart, PrefixRewrite: "/"},
			{Name: name("main"), Prefix: "/", Cluster: cart},
		}},
	}
}

// kgateway is an Envoy configured as kgateway configures it, with three listeners: upstream spans over gRPC with every
// access log, one span over HTTP, upstream spans from the Zipkin tracer. Two more are TCP proxies.
type kgateway struct {
	version               string
	admin                 string            // Envoy's admin address
	addresses             map[string]string // of the upstreams, by service
	collector             *testbed.Collector
	spawn, single, zipkin *target
	tcp                   map[string]string // addresses of the TCP proxies, by service
}

// startKgateway starts it. minFlush is how many spans Envoy sends at once, backends get the processed spans as well.
func startKgateway(t *testing.T, version string, minFlush int, backends ...string) *kgateway {
	t.Helper()
	dir := t.TempDir()
	text, lines := filepath.Join(dir, textFile), filepath.Join(dir, jsonFile)
	for _, file := range []string{text, lines} {
		require.NoError(t, os.WriteFile(file, nil, 0o600))
	}
	upstream := testbed.StartUpstream(t)
	k := &kgateway{
		version: version,
		admin:   testbed.FreeAddress(t),
		addresses: map[string]string{
			"cart": upstream.Address(), "dead": testbed.FreeAddress(t), "grpc": testbed.StartGRPCUpstream(t),
		},
		collector: testbed.StartCollector(t, testbed.CollectorOptions{LogFiles: []string{text, lines}, Backends: backends}),
		spawn:     &target{name: "otlp grpc", spawns: true},
		single:    &target{name: "otlp http"},
		zipkin:    &target{name: "zipkin", spawns: true, b3: true},
		tcp:       map[string]string{"cart": testbed.FreeAddress(t), "dead": testbed.FreeAddress(t)},
	}
	for i, g := range []*target{k.spawn, k.single, k.zipkin} {
		g.prefix, g.address, g.upstream = fmt.Sprintf("kgateway-%s-%d", version, i), testbed.FreeAddress(t), upstream
	}
	tags := []envoy.CustomTag{
		{Name: "tenant", Header: "x-tenant"}, {Name: "stage", Literal: "test"}, {Name: "region", Environment: "TESTBED_REGION"},
	}
	config := envoy.Config{
		NodeID:      kgatewayNode,
		NodeCluster: "http.kgateway-system",
		NodeRole:    "kgateway-kube-gateway-api~kgateway-system~http",
		Admin:       k.admin,
		OTLPGRPC:    k.collector.OTLPGRPC(), OTLPHTTP: k.collector.OTLPHTTP(), Zipkin: k.collector.Zipkin(), ALS: k.collector.EnvoyALS(),
		FlushInterval: 200 * time.Millisecond,
		MinFlushSpans: minFlush,
		Clusters: []envoy.Cluster{
			{Name: kgatewayCluster("cart"), Address: k.addresses["cart"]},
			{Name: kgatewayCluster("dead"), Address: k.addresses["dead"]},
			{Name: kgatewayCluster("grpc"), Address: k.addresses["grpc"], HTTP2: true},
		},
		Listeners: []envoy.Listener{
			{
				Name: "listener~8080", Address: k.spawn.address, VirtualHosts: kgatewayRoutes("listener~8080"),
				Tracing: &envoy.Tracing{
					Tracer: envoy.OpenTelemetryGRPC, ServiceName: "http.kgateway-system", Environment: true,
					SpawnUpstream: true, CustomTags: tags,
				},
				AccessLogs: []envoy.AccessLog{
					envoy.OTLPLog{LogName: otlpLog, Resource: kgatewayLogResource, Attributes: kgatewayLog},
					kgatewayALS(version, alsLog),
					envoy.FileLog{Path: text},
					envoy.FileLog{Path: lines, JSON: envoy.EnvoyGatewayJSON},
				},
				UpstreamLogs: []envoy.AccessLog{kgatewayALS(version, alsTryLog)},
			},
			{
				Name: "listener~8081", Address: k.single.address, VirtualHosts: kgatewayRoutes("listener~8081"),
				Tracing: &envoy.Tracing{Tracer: envoy.OpenTelemetryHTTP, ServiceName: "http.kgateway-system"},
			},
			{
				Name: "listener~8082", Address: k.zipkin.address, VirtualHosts: kgatewayRoutes("listener~8082"),
				Tracing:    &envoy.Tracing{Tracer: envoy.Zipkin, SpawnUpstream: true, CustomTags: tags},
				AccessLogs: []envoy.AccessLog{envoy.GRPCLog{LogName: alsB3Log, RequestHeaders: []string{"b3", "x-b3-traceid", "x-b3-spanid"}}},
			},
			k.tcpListener("cart"),
			k.tcpListener("dead"),
		},
	}
	envoy.Start(t, version, config, kgatewayEnvironment, "TESTBED_REGION=eu-1")
	return k
}
