//go:build unix

package bench

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/k8sattributesprocessor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	kubetypes "k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
	"github.com/gatehouse-otel/gatehouse/processor/gatewayidentityprocessor"
)

// The cluster whose memory is measured.
const (
	bigPods     = 10_000
	bigProxies  = 200
	bigRoutes   = 2_000
	bigServices = 500
)

// bigCluster fills a server. Pods are as large as pods are: with the fields that a kubelet and a scheduler leave on them,
// about 3 kB of JSON.
func bigCluster(tb testing.TB) *kubetest.Server {
	tb.Helper()
	server := kubetest.New(tb)
	server.Set(kubetest.Gateway("edge", "http", "kgateway", 8080, 8090))
	addresses := make([][]string, bigServices)
	for i := range bigPods {
		ip := netip.AddrFrom4([4]byte{10, byte(128 + i/65536), byte(i / 256), byte(i)}).String()
		suffix := fmt.Sprintf("%05d", i)
		var p *corev1.Pod
		if i < bigProxies {
			p = kubetest.KgatewayProxy("edge", "http", suffix, ip, "", "")
		} else {
			service := i % bigServices
			p = kubetest.Pod(fmt.Sprintf("team-%d", service%40), fmt.Sprintf("service-%d", service), suffix, ip)
			p.Labels["app.kubernetes.io/name"] = fmt.Sprintf("service-%d", service)
			addresses[service] = append(addresses[service], ip)
		}
		p.UID = kubetypes.UID(fmt.Sprintf("%08d-1111-4222-8333-944455556666", i))
		p.Spec.NodeName = fmt.Sprintf("node-%d", i%200)
		furnish(p)
		server.Set(p)
	}
	for i, ips := range addresses {
		namespace, name := fmt.Sprintf("team-%d", i%40), fmt.Sprintf("service-%d", i)
		server.Set(kubetest.Service(namespace, name, fmt.Sprintf("10.96.%d.%d", i/250, i%250+1)), kubetest.Endpoints(namespace, name, ips...))
	}
	for i := range bigRoutes {
		r := kubetest.HTTPRoute(fmt.Sprintf("team-%d", i%40), fmt.Sprintf("route-%d", i), "edge", "http", "read", "write", "")
		path, prefix := "/api/v1/things", gatewayv1.PathMatchPathPrefix
		r.Spec.Hostnames = []gatewayv1.Hostname{gatewayv1.Hostname(fmt.Sprintf("%d.example.com", i))}
		for j := range r.Spec.Rules {
			r.Spec.Rules[j].Matches = []gatewayv1.HTTPRouteMatch{{Path: &gatewayv1.HTTPPathMatch{Type: &prefix, Value: &path}}}
			r.Spec.Rules[j].BackendRefs = []gatewayv1.HTTPBackendRef{{BackendRef: gatewayv1.BackendRef{BackendObjectReference: gatewayv1.BackendObjectReference{Name: "service-1"}}}}
		}
		server.Set(r)
	}
	return server
}

// furnish gives a pod what every pod has.
func furnish(p *corev1.Pod) {
	p.Annotations = map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "9091", "kubernetes.io/config.source": "api"}
	c := &p.Spec.Containers[0]
	c.Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}}
	c.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")}
	for _, name := range []string{"POD_NAME", "LOG_LEVEL", "DATABASE_URL", "FEATURES"} {
		c.Env = append(c.Env, corev1.EnvVar{Name: name, Value: "some value that is as long as such values are"})
	}
	c.VolumeMounts = []corev1.VolumeMount{{Name: "config", MountPath: "/etc/config"}, {Name: "kube-api-access", MountPath: "/var/run/secrets/kubernetes.io/serviceaccount", ReadOnly: true}}
	p.Spec.Volumes = []corev1.Volume{
		{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "config"}}}},
		{Name: "kube-api-access", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{}}},
	}
	p.Spec.ServiceAccountName = "default"
	p.Spec.Tolerations = []corev1.Toleration{
		{Key: "node.kubernetes.io/not-ready", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
		{Key: "node.kubernetes.io/unreachable", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
	}
	for _, kind := range []corev1.PodConditionType{corev1.PodReady, corev1.PodInitialized, corev1.ContainersReady, corev1.PodScheduled} {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue})
	}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: c.Name, Image: c.Image, ImageID: "registry.example.com/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		ContainerID: "containerd://0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Ready: true,
	}}
}

// TestClusterMemory measures what a processor keeps of a cluster of 10,000 pods and 2,000 routes, in a Collector with a
// pipeline of each signal, and prints it for the README.
func TestClusterMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a server with 10,000 pods")
	}
	server := bigCluster(t)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(file, []byte(server.KubeConfig()), 0o600))
	t.Setenv("KUBECONFIG", file)
	gateways := map[string]any{"labels": []any{map[string]any{"key": "gateway.networking.k8s.io/gateway-name", "op": "exists"}}}
	extract := map[string]any{"metadata": []any{"k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.node.name", "k8s.deployment.name"}}
	association := []any{map[string]any{"sources": []any{map[string]any{"from": "resource_attribute", "name": "k8s.pod.uid"}}}}
	identity := measureCluster(t, gatewayidentityprocessor.NewFactory(), map[string]any{"auth_type": "kubeConfig", "wait_for_metadata": "5m"})
	proxies := measureCluster(t, k8sattributesprocessor.NewFactory(), map[string]any{
		"auth_type": "kubeConfig", "wait_for_metadata": true, "wait_for_metadata_timeout": "5m", "extract": extract, "pod_association": association, "filter": gateways,
	})
	all := measureCluster(t, k8sattributesprocessor.NewFactory(), map[string]any{
		"auth_type": "kubeConfig", "wait_for_metadata": true, "wait_for_metadata_timeout": "5m", "extract": extract, "pod_association": association,
	})
	const format = "\n%-58s %10s %10s"
	row := func(name string, m kept) string {
		return fmt.Sprintf(format, name, fmt.Sprintf("%.1f MB", float64(m.bytes)/1e6), fmt.Sprintf("%.1f s", m.cpu))
	}
	t.Log(fmt.Sprintf(format, "3 pipelines, 10,000 pods, 2,000 routes, 500 Services", "kept", "CPU") +
		row("gateway_identity", identity) +
		row("k8s_attributes, the 200 pods of Gateways (as shipped)", proxies) +
		row("k8s_attributes, all pods", all))
	assert.Less(t, identity.bytes, all.bytes, "the view of everything is smaller than contrib's of the pods")
}

// kept is what a processor keeps, and the processor time it took to get it, the test's server included.
type kept struct {
	bytes int64
	cpu   float64
}

func measureCluster(t *testing.T, factory processor.Factory, config map[string]any) kept {
	t.Helper()
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(config).Unmarshal(cfg))
	set := processortest.NewNopSettings(factory.Type())
	before, began := heap(), cpuTime()
	traces, err := factory.CreateTraces(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	logs, err := factory.CreateLogs(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	metrics, err := factory.CreateMetrics(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	for _, start := range []func() error{
		func() error { return traces.Start(t.Context(), componenttest.NewNopHost()) },
		func() error { return logs.Start(t.Context(), componenttest.NewNopHost()) },
		func() error { return metrics.Start(t.Context(), componenttest.NewNopHost()) },
	} {
		require.NoError(t, start())
	}
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("k8s.pod.uid", "00000007-1111-4222-8333-944455556666")
	require.NoError(t, traces.ConsumeTraces(t.Context(), td))
	node, _ := rs.Resource().Attributes().Get("k8s.node.name")
	require.Equal(t, "node-7", node.Str(), "the cluster is known")
	m := kept{bytes: heap() - before, cpu: (cpuTime() - began).Seconds()}
	require.NoError(t, traces.Shutdown(context.Background()))
	require.NoError(t, logs.Shutdown(context.Background()))
	require.NoError(t, metrics.Shutdown(context.Background()))
	return m
}
