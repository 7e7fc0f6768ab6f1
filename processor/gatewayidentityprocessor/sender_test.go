package gatewayidentityprocessor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
	"github.com/gatehouse-otel/gatehouse/processor/gatewayidentityprocessor/internal/metadatatest"
)

// proxyIP is the address of the one pod of edgeHouse.
const proxyIP = "10.244.0.31"

// edgeHouse is a cluster with one gateway that has no Gateway object. Nothing but the connection leads to it.
func edgeHouse(t *testing.T) *house {
	t.Helper()
	pod := kubetest.Pod("edge", "proxy", "zzzzz", proxyIP)
	withContainer(pod, "proxy", "kong:3.9.3")
	server := kubetest.New(t)
	server.Set(pod)
	return newHouse(t, server.KubeConfig(), nil)
}

// resources are the resources of a batch after it went through the house.
func (h *house) resources(t *testing.T, b gatewaytest.Batch, peer string) []pcommon.Map {
	t.Helper()
	var all []pcommon.Map
	if b.IsLogs {
		for _, rl := range h.log(t, b.Logs, peer).ResourceLogs().All() {
			all = append(all, rl.Resource().Attributes())
		}
		return all
	}
	for _, rs := range h.trace(t, b.Traces, peer).ResourceSpans().All() {
		all = append(all, rs.Resource().Attributes())
	}
	return all
}

// TestEveryGatewayIsFoundByItsConnection: whatever a real gateway sent leads to the pod at the other end, as it came and
// behind gateway_semconv, unless it names another pod or Gateway than the cluster of this test has.
func TestEveryGatewayIsFoundByItsConnection(t *testing.T) {
	engine, err := gateway.Compile(builtin.Profiles(), gateway.DefaultOptions())
	require.NoError(t, err)
	h := edgeHouse(t)
	found := make(map[string]int)
	for _, c := range gatewaytest.Captures(t) {
		for _, rewrite := range []bool{false, true} {
			for i, b := range c.Clone() {
				if rewrite && b.IsLogs {
					engine.Logs(b.Logs)
				} else if rewrite {
					engine.Traces(b.Traces)
				}
				if !b.IsLogs && b.Len() == 1 && strings.HasSuffix(gatewaytest.Spans(b.Traces)[0].Name(), " (proxy)") {
					continue // Kong's Zipkin plugin: nothing shows that this is a gateway's
				}
				before := b.Clone()
				for j, m := range h.resources(t, b, proxyIP) {
					if namesAnother(before, j) {
						continue
					}
					node, _ := m.Get("k8s.node.name")
					assert.Equal(t, "node-a", node.Str(), "%s, request %d, rewritten %t: %v", c, i, rewrite, m.AsRaw())
					name, _, _ := strings.Cut(c.String(), "/")
					found[name]++
				}
			}
		}
	}
	for _, name := range []string{"agentgateway", "caddy", "envoy", "envoy-ai-gateway", "envoy-gateway", "istio", "kong", "traefik"} {
		assert.Positive(t, found[name], "%s: a recording that the connection alone tells", name)
	}
}

// namesAnother tells whether a resource of a batch, or its spans, say another pod or Gateway than that of edgeHouse.
func namesAnother(b gatewaytest.Batch, resource int) bool {
	var m pcommon.Map
	if b.IsLogs {
		m = b.Logs.ResourceLogs().At(resource).Resource().Attributes()
	} else {
		rs := b.Traces.ResourceSpans().At(resource)
		m = rs.Resource().Attributes()
		if node, mixed := spanNode(rs); mixed || strings.Contains(node, "~") || strings.HasSuffix(node, ".kgateway-system") {
			return true
		}
	}
	for _, key := range []string{"k8s.pod.name", "k8s.pod.uid", "k8s.namespace.name", "k8s.pod.ip", "node_name", "gateway.name"} {
		if _, ok := m.Get(key); ok {
			return true
		}
	}
	return false
}

// TestApplicationsAreNotTouched: what applications send through a gateway's connection stays as it is, on every signal.
func TestApplicationsAreNotTouched(t *testing.T) {
	h := edgeHouse(t)
	for name, resource := range gatewaytest.Applications {
		td := span(t, resource, map[string]any{"http.request.method": "GET", "url.path": "/"})
		td.ResourceSpans().At(0).ScopeSpans().At(0).Scope().SetName("io.opentelemetry.tomcat-10.0")
		want := td.ResourceSpans().At(0).Resource().Attributes().AsRaw()
		got := h.trace(t, td, proxyIP).ResourceSpans().At(0).Resource().Attributes().AsRaw()
		assert.Equal(t, want, got, name)

		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		require.NoError(t, rl.Resource().Attributes().FromRaw(resource))
		rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("order 7 was paid")
		got = h.log(t, ld, proxyIP).ResourceLogs().At(0).Resource().Attributes().AsRaw()
		assert.Equal(t, want, got, name)

		md := pmetric.NewMetrics()
		rm := md.ResourceMetrics().AppendEmpty()
		require.NoError(t, rm.Resource().Attributes().FromRaw(resource))
		rm.ScopeMetrics().AppendEmpty().Scope().SetName("go.opentelemetry.io/contrib/instrumentation/runtime")
		got = h.metric(t, md, proxyIP).ResourceMetrics().At(0).Resource().Attributes().AsRaw()
		assert.Equal(t, want, got, name)
	}
}

// TestMetricsOfAGateway: Traefik pushes metrics by OTLP, under the scope of its spans.
func TestMetricsOfAGateway(t *testing.T) {
	h := edgeHouse(t)
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	require.NoError(t, rm.Resource().Attributes().FromRaw(map[string]any{"service.name": "traefik-edge", "telemetry.sdk.language": "go"}))
	rm.ScopeMetrics().AppendEmpty().Scope().SetName("github.com/traefik/traefik")
	got := h.metric(t, md, proxyIP).ResourceMetrics().At(0).Resource().Attributes().AsRaw()
	assert.Equal(t, "node-a", got["k8s.node.name"])
	assert.Equal(t, "traefik-edge", got["service.name"])
}

// nodes is a resource whose spans carry these node ids, "" for none.
func nodes(t *testing.T, resource map[string]any, ids ...string) ptrace.Traces {
	t.Helper()
	td := span(t, resource, nil)
	spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	for _, id := range ids {
		s := spans.AppendEmpty()
		if id != "" {
			s.Attributes().PutStr("node_id", id)
		}
	}
	return td
}

func TestNodeIDsOfSeveralProxies(t *testing.T) {
	h := newHouse(t, shop(t).KubeConfig(), nil)
	const mine, other = "http-c7f65bbb-8dh28.kgateway-system", "other-7d9f-2nd22.kgateway-system"
	node := func(td ptrace.Traces, peer string) any {
		return h.trace(t, td, peer).ResourceSpans().At(0).Resource().Attributes().AsRaw()["k8s.node.name"]
	}
	assert.Equal(t, "node-a", node(nodes(t, nil, mine, "", mine), ""))
	assert.Nil(t, node(nodes(t, nil, mine, other), "10.244.0.10"), "neither of them, and not the connection's")
	assert.Nil(t, node(nodes(t, nil, other, mine), "10.244.0.10"))
	far := []string{mine}
	for range 2 * looked {
		far = append(far, "")
	}
	assert.Equal(t, "node-a", node(nodes(t, nil, far...), ""))
	assert.Nil(t, node(nodes(t, nil, append(far, other)...), ""), "however far the other one is")
	assert.Equal(t, "node-a", node(nodes(t, map[string]any{"k8s.pod.uid": "e02ddb1e-cff2-44cc-b83f-62b9ebfa0526"}, mine, other), ""), "the resource names its pod")
	for _, none := range []string{"", "-", "$(POD_NAME)", "${POD_NAME}", "%ENVIRONMENT(POD_NAME)%"} {
		assert.Equal(t, "node-a", node(nodes(t, map[string]any{"k8s.pod.name": none, "k8s.pod.uid": none}, mine), ""), "%q names no pod", none)
	}
}

// A name alone may be in two namespaces: the node id tells which.
func TestNameAloneLeavesTheNamespaceToTheNodeID(t *testing.T) {
	server := shop(t)
	server.Set(named(kubetest.Pod("elsewhere", "http", "x", "10.244.0.77"), "http-c7f65bbb-8dh28", "c7f65bbb"))
	h := newHouse(t, server.KubeConfig(), nil)
	td := nodes(t, map[string]any{"k8s.pod.name": "http-c7f65bbb-8dh28"}, "http-c7f65bbb-8dh28.kgateway-system")
	got := h.trace(t, td, "").ResourceSpans().At(0).Resource().Attributes().AsRaw()
	assert.Equal(t, "kgateway-system", got["k8s.namespace.name"])
}

func TestContradictionsAreCounted(t *testing.T) {
	h := newHouse(t, shop(t).KubeConfig(), nil)
	for range 2 { // a decision that is remembered counts too
		h.trace(t, nodes(t, nil, "a.x", "b.x"), "")
	}
	h.trace(t, span(t, map[string]any{"k8s.pod.uid": "e02ddb1e-cff2-44cc-b83f-62b9ebfa0526", "k8s.pod.name": "x", "k8s.pod.ip": "10.9.9.9", "gateway.name": "y"}, nil), "")
	h.trace(t, span(t, map[string]any{"service.name": "cart", "telemetry.sdk.language": "java"}, nil), "10.244.0.10")
	var want []metricdata.DataPoint[int64]
	for evidence, n := range map[string]int64{"node": 2, "name": 1, "ip": 1, "gateway": 1, "connection": 1} {
		want = append(want, metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String("evidence", evidence))})
	}
	metadatatest.AssertEqualProcessorGatewayIdentityContradictions(t, h.telemetry, want, metricdatatest.IgnoreTimestamp())
}

func TestScrapersNamesAreDefaultsOnlyOnWhatWasScraped(t *testing.T) {
	h := newHouse(t, shop(t).KubeConfig(), nil)
	resource := map[string]any{
		"k8s.pod.uid":  "e02ddb1e-cff2-44cc-b83f-62b9ebfa0526",
		"service.name": "mine", "service.instance.id": "10.244.0.10:9091", "server.address": "10.244.0.10", "server.port": "9091",
	}
	for scope, want := range map[string]string{prometheusScope: "http.kgateway-system", "my.meter": "mine"} {
		md := pmetric.NewMetrics()
		rm := md.ResourceMetrics().AppendEmpty()
		require.NoError(t, rm.Resource().Attributes().FromRaw(resource))
		rm.ScopeMetrics().AppendEmpty().Scope().SetName(scope)
		got := h.metric(t, md, "").ResourceMetrics().At(0).Resource().Attributes().AsRaw()
		assert.Equal(t, want, got["service.name"], scope)
	}
	got := h.trace(t, span(t, resource, nil), "").ResourceSpans().At(0).Resource().Attributes().AsRaw()
	assert.Equal(t, "mine", got["service.name"], "spans are never scraped")
	assert.Equal(t, "10.244.0.10:9091", got["service.instance.id"])
}
