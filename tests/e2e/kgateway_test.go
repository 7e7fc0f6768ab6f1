//go:build e2e

package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

const (
	// kgwProxy is the address of the gateway's pod, kgwCollector that of the Collector (testdata/kgateway/telemetry.yaml).
	kgwProxy        = "10.244.0.10"
	kgwCollector    = "10.244.0.20:4317"
	kgwCollectorALS = "10.244.0.20:19001"

	// kgwClient is where requests come from.
	kgwClient = "10.244.0.30"
	kgwSecret = "not-to-be-seen"
)

// cluster is kgateway on a Kubernetes API, its proxy, an application and the Collector behind a Service.
type cluster struct {
	collector *testbed.Collector
	jaeger    *testbed.Jaeger
	proxy     *testbed.Proxy
	pod       string // address of the application's pod
	upstream  *testbed.Upstream
}

// startCluster returns when a request would find its way.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	kubernetes := testbed.StartKubernetes(t)
	testbed.StartKgateway(t, kubernetes)
	for _, file := range []string{"telemetry.yaml", "shop.yaml", "gateway.yaml", "routes.yaml"} {
		kubernetes.Apply(t, testbed.KgatewayObjects(t, file))
	}
	c := &cluster{pod: kubernetes.PodAddress(t, "shop", "cart")}
	c.upstream = testbed.ServePod(t, c.pod)
	c.jaeger = testbed.StartJaeger(t)
	c.collector = testbed.StartCollector(t, testbed.CollectorOptions{
		OTLPGRPC: kgwCollector, EnvoyALS: kgwCollectorALS, Backends: []string{c.jaeger.Endpoint()},
	})
	c.proxy = testbed.StartProxy(t, kubernetes, "kgateway-system", "http", kgwProxy)
	c.proxy.Await(t,
		"listener~8080~shop_example_com", "listener~8090~shop_example_com", "httproute-untraced-shop-", "grpcroute-greeter-shop-",
		"envoy.tracers.opentelemetry",
		"kube_telemetry_opentelemetry-collector_4317::"+kgwCollector,
		"kube_telemetry_opentelemetry-collector_19001::"+kgwCollectorALS,
		"kube_shop_cart_8080::"+c.pod, "kube_shop_dead_8080::"+c.pod, "kube_shop_greeter_9000::"+c.pod)
	return c
}

// TestKgatewayCluster runs kgateway's own controller on a Kubernetes API and sends requests through the proxy it makes.
func TestKgatewayCluster(t *testing.T) {
	subject := testbed.Subject{
		Program: "kgateway", Version: testbed.KgatewayVersion, Case: "controller, proxy and Kubernetes API",
		Secrets: []string{kgwSecret},
	}
	testbed.NeedKgateway(t)
	row := testbed.Row{Program: subject.Program, Version: subject.Version, Case: subject.Case}
	if !testbed.Isolated(t, row, testbed.PodNetwork, testbed.ServiceNetwork) {
		return
	}
	c := startCluster(t)
	// The first request is alone in its worker's buffer, so its two spans travel together; those of the others may be cut
	// apart, as Envoy sends five spans at once.
	spans, records := 0, 0
	for i, r := range kgwRequests {
		r.send(t, kgwProxy, c.upstream)
		spans += r.spans()
		records += 3 // one from each of the three access logs
		if i == 0 {
			c.collector.Wait(t, spans, records)
		}
	}
	c.collector.Wait(t, spans, records)
	x := c.collector.Exchange(t)
	x.Judge(t, subject)
	first := c.outcomeOf(x, kgwRequests[0])
	require.Len(t, first.clients, 1)
	require.Equal(t, first.server[0].Before.Batch, first.clients[0].Before.Batch, "two spans of one request, sent together")
	t.Run("als finished", func(t *testing.T) { checkFinished(t, x, isKgwALS) })
	for _, r := range kgwRequests {
		t.Run(r.name, func(t *testing.T) {
			want, ok := kgwWants[r.name]
			require.True(t, ok, "what is wanted of the request is not written down")
			c.check(t, x, r, want)
			c.checkALS(t, x, r)
			if want.server != nil && r.parent != kgwNoParent {
				checkInJaeger(t, c.jaeger, x, r.traceID(), r.spans())
			}
		})
	}
}
