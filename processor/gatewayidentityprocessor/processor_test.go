package gatewayidentityprocessor

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/gatehouse-otel/gatehouse/internal/kube"
	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
	"github.com/gatehouse-otel/gatehouse/processor/gatewayidentityprocessor/internal/metadata"
	"github.com/gatehouse-otel/gatehouse/processor/gatewayidentityprocessor/internal/metadatatest"
)

// shop is a cluster with one proxy and what it sends requests to.
func shop(t *testing.T) *kubetest.Server {
	t.Helper()
	server := kubetest.New(t)
	server.Set(scenes()[0].objects...)
	route := kubetest.HTTPRoute("shop", "shop", "kgateway-system", "http", "orders", "slowok", "")
	route.Labels = map[string]string{"team": "carts"}
	server.Set(route, kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"), kubetest.Service("shop", "cart", "10.96.0.5"),
		kubetest.Endpoints("shop", "cart", "10.244.0.5"))
	return server
}

// span is a span as gateway_semconv leaves it, of a resource with these attributes.
func span(t *testing.T, resource, attributes map[string]any) ptrace.Traces {
	t.Helper()
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	require.NoError(t, rs.Resource().Attributes().FromRaw(resource))
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetKind(ptrace.SpanKindClient)
	require.NoError(t, s.Attributes().FromRaw(attributes))
	return td
}

func TestItemsAreCompleted(t *testing.T) {
	h := newHouse(t, shop(t).KubeConfig(), func(c *Config) {
		c.Extract.Labels = []FieldConfig{{Key: "team", From: FromRoute}}
	})
	proxy := map[string]any{"service.name": "http.kgateway-system", "k8s.pod.name": "http-c7f65bbb-8dh28", "k8s.namespace.name": "kgateway-system"}
	got := h.trace(t, span(t, proxy, map[string]any{
		"gateway.upstream.service.name": "cart", "gateway.upstream.service.namespace": "shop", "network.peer.address": "10.244.0.5",
	}), "").ResourceSpans().At(0)
	assert.Equal(t, "kgateway", got.Resource().Attributes().AsRaw()["gateway.class.name"])
	attributes := got.ScopeSpans().At(0).Spans().At(0).Attributes().AsRaw()
	assert.Equal(t, "cart", attributes["gateway.upstream.workload.name"])
	assert.Equal(t, "Deployment", attributes["gateway.upstream.workload.kind"])

	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	require.NoError(t, rl.Resource().Attributes().FromRaw(proxy))
	require.NoError(t, rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes().FromRaw(map[string]any{
		"gateway.route.id":         "listener~8080~shop_example_com-route-2-httproute-shop-shop-2-0-matcher-0",
		"gateway.upstream.address": "10.244.0.5",
	}))
	attributes = h.log(t, ld, "").ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().AsRaw()
	for key, want := range map[string]any{
		"gateway.route.name": "shop", "gateway.route.namespace": "shop", "gateway.route.kind": "httproute", "gateway.route.rule": "2",
		"gateway.listener.port": int64(8080), "gateway.listener.name": "http-8080", "gateway.virtual_host": "shop.example.com",
		"gateway.route.label.team": "carts", "gateway.upstream.service.name": "cart", "gateway.upstream.workload.name": "cart",
	} {
		assert.Equal(t, want, attributes[key], key)
	}
}

func TestNodeIDOfASpanIsEvidence(t *testing.T) {
	h := newHouse(t, shop(t).KubeConfig(), func(c *Config) { c.Connection = false })
	got := h.trace(t, span(t, map[string]any{"service.name": "x"}, map[string]any{"node_id": "http-c7f65bbb-8dh28.kgateway-system"}), "10.244.0.10")
	assert.Equal(t, "node-a", got.ResourceSpans().At(0).Resource().Attributes().AsRaw()["k8s.node.name"])
}

func TestOwnMetrics(t *testing.T) {
	server := shop(t)
	server.Refuse("list", "services", true)
	h := newHouse(t, server.KubeConfig(), nil)
	proxy := map[string]any{"k8s.pod.uid": "e02ddb1e-cff2-44cc-b83f-62b9ebfa0526"}
	item := map[string]any{"gateway.route.id": "nobody's", "gateway.upstream.address": "10.244.0.5"}
	h.trace(t, span(t, proxy, item), "")
	h.trace(t, span(t, proxy, item), "")
	h.trace(t, span(t, map[string]any{"service.name": "x"}, nil), "")
	count := func(n int64, key, value string) metricdata.DataPoint[int64] {
		p := metricdata.DataPoint[int64]{Value: n}
		if key != "" {
			p.Attributes = attribute.NewSet(attribute.String(key, value))
		}
		return p
	}
	ignore := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualProcessorGatewayIdentityResources(t, h.telemetry, []metricdata.DataPoint[int64]{count(2, "by", "uid"), count(1, "by", "none")}, ignore)
	metadatatest.AssertEqualProcessorGatewayIdentityResolutions(t, h.telemetry, []metricdata.DataPoint[int64]{count(2, "", "")}, ignore)
	metadatatest.AssertEqualProcessorGatewayIdentityRoutes(t, h.telemetry, []metricdata.DataPoint[int64]{count(2, "outcome", "unknown")}, ignore)
	metadatatest.AssertEqualProcessorGatewayIdentityUpstreams(t, h.telemetry, []metricdata.DataPoint[int64]{count(2, "outcome", "found")}, ignore)
	metadatatest.AssertEqualProcessorGatewayIdentityKubeObjects(t, h.telemetry, []metricdata.DataPoint[int64]{
		count(2, "kind", "pods"), count(1, "kind", "gateways"), count(1, "kind", "httproutes"), count(0, "kind", "grpcroutes"),
		count(0, "kind", "services"), count(1, "kind", "endpointslices"),
	}, ignore)
	failures, err := h.telemetry.GetMetric("otelcol_processor_gateway_identity_kube_failures")
	require.NoError(t, err)
	points := failures.Data.(metricdata.Sum[int64]).DataPoints
	require.Len(t, points, 1)
	assert.Equal(t, attribute.NewSet(attribute.String("kind", "services"), attribute.String("reason", "forbidden")), points[0].Attributes)
}

func TestOutsideOfACluster(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	h := newHouse(t, "", func(c *Config) { c.AuthType = kube.AuthServiceAccount })
	assert.Equal(t, 1, h.observed.FilterMessageSnippet("no Kubernetes API server").Len(), "said once, for three pipelines")
	got := h.trace(t, span(t, map[string]any{"cluster_name": "http.kgateway-system", "k8s.namespace.name": "kgateway-system"}, nil), "")
	assert.Equal(t, "http.kgateway-system", got.ResourceSpans().At(0).Resource().Attributes().AsRaw()["service.name"])
}

func TestKubeconfigThatIsNotThere(t *testing.T) {
	t.Setenv("KUBECONFIG", t.TempDir()+"/none")
	t.Setenv("HOME", t.TempDir())
	cfg := createDefaultConfig().(*Config)
	cfg.AuthType, cfg.Context = kube.AuthKubeConfig, "prod"
	p, err := NewFactory().CreateTraces(t.Context(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, p.Start(t.Context(), componenttest.NewNopHost()), `read the kubeconfig for context "prod"`)
	require.NoError(t, p.Shutdown(t.Context()))
}

// TestStartIsBounded: a server that is not there does not hold up the pipelines.
func TestStartIsBounded(t *testing.T) {
	server := kubetest.New(t)
	kubeconfig := server.KubeConfig()
	server.Down()
	began := time.Now()
	h := newHouse(t, kubeconfig, func(c *Config) { c.WaitForMetadata = 50 * time.Millisecond })
	assert.Less(t, time.Since(began), patience)
	assert.Equal(t, 1, h.observed.FilterMessageSnippet("the cluster is not known yet").Len())
	look := func() any {
		got := h.trace(t, span(t, map[string]any{"k8s.pod.uid": "e02ddb1e-cff2-44cc-b83f-62b9ebfa0526"}, nil), "")
		return got.ResourceSpans().At(0).Resource().Attributes().AsRaw()["k8s.node.name"]
	}
	assert.Nil(t, look())
	server.Set(scenes()[0].objects...)
	server.Up()
	require.Eventually(t, func() bool { return look() == "node-a" }, patience, 20*time.Millisecond, "what is learned late is used")
}

func TestPipelinesShareOneView(t *testing.T) {
	server := shop(t)
	newHouse(t, server.KubeConfig(), nil)
	assert.Equal(t, 6, server.Lists(), "one list of each kind for three pipelines")
}

func TestConcurrentUse(t *testing.T) {
	server := shop(t)
	useServer(t, server.KubeConfig())
	cfg := createDefaultConfig().(*Config)
	cfg.AuthType, cfg.CacheSize = kube.AuthKubeConfig, 4
	p, err := NewFactory().CreateTraces(t.Context(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, p.Shutdown(context.Background())) }()
	var running sync.WaitGroup
	for worker := range 8 {
		running.Go(func() {
			for i := range 200 {
				td := span(t, map[string]any{"k8s.pod.name": "http-c7f65bbb-8dh28", "n": int64(i % 7)}, map[string]any{"network.peer.address": "10.244.0.5"})
				if err := p.ConsumeTraces(t.Context(), td); err != nil {
					t.Error(err)
					return
				}
				got := td.ResourceSpans().At(0).Resource().Attributes().AsRaw()
				assert.Equal(t, "node-a", got["k8s.node.name"])
				if worker == 0 && i%20 == 0 {
					server.Set(kubetest.Pod("shop", "cart", "bbbbb", "10.244.0.6"))
				}
			}
		})
	}
	running.Wait()
}
