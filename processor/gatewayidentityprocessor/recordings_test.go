package gatewayidentityprocessor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	corev1 "k8s.io/api/core/v1"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
)

// scene is one proxy of a recording: its pod and Gateway in a cluster, and what it sent.
type scene struct {
	name     string
	captures []string
	// peer is the other end of the connection. The recordings do not have it; a scene names it only where nothing else
	// tells the pod, as for gateways that say nothing about it.
	peer    string
	objects []kubetest.Object
	// scraped is a resource as a Prometheus receiver makes it for this proxy.
	scraped map[string]any
	want    map[string]string
	// unlike are attributes in which the user made the signals differ, with the values that each of them keeps.
	unlike map[string][]string
}

func named(p *corev1.Pod, name, hash string) *corev1.Pod {
	p.Name = name
	p.Labels["pod-template-hash"] = hash
	p.OwnerReferences[0].Name = strings.TrimSuffix(name[:strings.LastIndexByte(name, '-')], "-"+hash) + "-" + hash
	return p
}

func withContainer(p *corev1.Pod, name, image string, env ...corev1.EnvVar) {
	p.Spec.Containers = []corev1.Container{{Name: name, Image: image, Env: env}}
}

func scenes() []scene {
	const user = ",service.name=edge-gw,deployment.environment.name=prod,team=a%20b,bad=x=y"
	kgatewayScrape := func(ip string) map[string]any {
		return map[string]any{
			"service.name": "kgateway-proxies", "service.instance.id": ip + ":9091", "server.address": ip, "server.port": "9091", "url.scheme": "http",
		}
	}
	agw := named(kubetest.Pod("default", "agw", "x", "10.0.1.7"), "agw-6d8f7c-x2x9z", "6d8f7c")
	agw.UID = "7d4b3c1a-0001-4222-8333-944455556666"
	withContainer(agw, "agentgateway", "cr.agentgateway.dev/agentgateway:v1.4.1",
		corev1.EnvVar{Name: "OTEL_SERVICE_NAME", Value: "from-env"},
		corev1.EnvVar{Name: "OTEL_RESOURCE_ATTRIBUTES", Value: "deployment.environment.name=staging,team=a%20b,service.name=ignored"})
	plainAgw := kubetest.Pod("kgateway-system", "agentgateway", "k2k2k", "10.244.0.21")
	plainAgw.UID = "7d4b3c1a-0002-4222-8333-944455556666"
	plainAgw.Labels["gateway.networking.k8s.io/gateway-name"] = "agentgateway"
	withContainer(plainAgw, "agentgateway", "cr.agentgateway.dev/agentgateway:v1.4.1")
	kong := kubetest.Pod("kong", "kong-gateway", "zzzzz", "10.244.0.31")
	kong.UID = "7d4b3c1a-0003-4222-8333-944455556666"
	withContainer(kong, "proxy", "kong:3.9.3")
	traefik := kubetest.Pod("traefik", "traefik", "ttttt", "10.244.0.41")
	traefik.UID = "7d4b3c1a-0004-4222-8333-944455556666"
	withContainer(traefik, "traefik", "docker.io/traefik:v3.6.12")
	eg := kubetest.Pod("envoy-gateway-system", "envoy-shop-edge-3788f37a", "eeeee", "10.244.0.51")
	eg.UID = "7d4b3c1a-0005-4222-8333-944455556666"
	eg.Labels["gateway.envoyproxy.io/owning-gateway-name"] = "edge"
	eg.Labels["gateway.envoyproxy.io/owning-gateway-namespace"] = "shop"
	withContainer(eg, "envoy", "docker.io/envoyproxy/envoy:distroless-v1.40.0")
	gatewayHTTP := kubetest.Gateway("kgateway-system", "http", "kgateway", 8080, 8090)
	return []scene{
		{
			name: "kgateway 2.4.2", captures: []string{
				"kgateway/2.4.2-default-traces.jsonl", "kgateway/2.4.2-spawn-traces.jsonl", "kgateway/2.4.2-attributes-traces.jsonl",
				"kgateway/2.4.2-default-logs.jsonl", "kgateway/2.4.2-spawn-logs.jsonl", "kgateway/2.4.2-attributes-logs.jsonl",
			},
			objects: []kubetest.Object{gatewayHTTP, kubetest.KgatewayProxy("kgateway-system", "http", "8dh28", "10.244.0.10", "e02ddb1e-cff2-44cc-b83f-62b9ebfa0526", "")},
			scraped: kgatewayScrape("10.244.0.10"),
			want: map[string]string{
				"service.name": "http.kgateway-system", "service.namespace": "kgateway-system", "service.version": "v2.4.2",
				"service.instance.id": "e02ddb1e-cff2-44cc-b83f-62b9ebfa0526",
				"k8s.pod.uid":         "e02ddb1e-cff2-44cc-b83f-62b9ebfa0526", "k8s.pod.name": "http-c7f65bbb-8dh28", "k8s.pod.ip": "10.244.0.10",
				"k8s.namespace.name": "kgateway-system", "k8s.node.name": "node-a", "k8s.deployment.name": "http", "k8s.container.name": "kgateway-proxy",
			},
		},
		{
			name: "kgateway 2.4.2, a user's variables", captures: []string{"kgateway/2.4.2-authz-traces.jsonl", "kgateway/2.4.2-authz-logs.jsonl"},
			objects: []kubetest.Object{gatewayHTTP, named(kubetest.KgatewayProxy("kgateway-system", "http", "x", "10.244.0.11",
				"0e2a9907-fb0e-469d-81f1-50fa0bf4c890", user), "http-5485bf55fc-4fk8b", "5485bf55fc")},
			scraped: kgatewayScrape("10.244.0.11"),
			want: map[string]string{
				"service.name": "edge-gw", "service.namespace": "kgateway-system", "service.version": "v2.4.2",
				"service.instance.id": "0e2a9907-fb0e-469d-81f1-50fa0bf4c890",
				"k8s.pod.uid":         "0e2a9907-fb0e-469d-81f1-50fa0bf4c890", "k8s.pod.name": "http-5485bf55fc-4fk8b", "k8s.pod.ip": "10.244.0.11",
				"k8s.namespace.name": "kgateway-system", "k8s.node.name": "node-a", "k8s.deployment.name": "http", "k8s.container.name": "kgateway-proxy",
				"team": "a%20b", "deployment.environment.name": "prod",
			},
		},
		{
			name: "kgateway 2.2.0", captures: []string{"kgateway/2.2.0-default-traces.jsonl", "kgateway/2.2.0-default-logs.jsonl"},
			objects: []kubetest.Object{gatewayHTTP, named(kubetest.OldKgatewayProxy("kgateway-system", "http", "x", "10.244.0.12",
				"b1b2c3d4-fb0e-469d-81f1-50fa0bf4c890"), "http-78cd7859f9-ftw9m", "78cd7859f9")},
			scraped: kgatewayScrape("10.244.0.12"),
			want: map[string]string{
				"service.name": "http.kgateway-system", "service.namespace": "kgateway-system", "service.version": "v2.2.0",
				"service.instance.id": "b1b2c3d4-fb0e-469d-81f1-50fa0bf4c890",
				"k8s.pod.uid":         "b1b2c3d4-fb0e-469d-81f1-50fa0bf4c890", "k8s.pod.name": "http-78cd7859f9-ftw9m", "k8s.pod.ip": "10.244.0.12",
				"k8s.namespace.name": "kgateway-system", "k8s.node.name": "node-a", "k8s.deployment.name": "http", "k8s.container.name": "kgateway-proxy",
			},
		},
		{
			name: "Envoy Gateway 1.9.1", captures: []string{"envoy-gateway/1.9.1-traces.jsonl", "envoy-gateway/1.9.1-logs.jsonl"},
			peer: "10.244.0.51",
			objects: []kubetest.Object{
				kubetest.Gateway("shop", "edge", "eg", 8080), eg,
			},
			want: map[string]string{
				"service.name": "edge.shop", "service.namespace": "shop", "service.version": "distroless-v1.40.0",
				"service.instance.id": string(eg.UID), "k8s.pod.uid": string(eg.UID), "k8s.pod.name": eg.Name, "k8s.pod.ip": "10.244.0.51",
				"k8s.namespace.name": "envoy-gateway-system", "k8s.node.name": "node-a", "k8s.deployment.name": "envoy-shop-edge-3788f37a", "k8s.container.name": "envoy",
			},
		},
		{
			name: "agentgateway 1.4.1", captures: []string{"agentgateway/1.4.1-traces.jsonl", "agentgateway/1.4.1-logs.jsonl"},
			peer:    "10.244.0.21",
			objects: []kubetest.Object{kubetest.Gateway("kgateway-system", "agentgateway", "agentgateway", 8080), plainAgw},
			scraped: map[string]any{
				"service.name": "agentgateways", "service.instance.id": "10.244.0.21:15020", "server.address": "10.244.0.21", "server.port": "15020", "url.scheme": "http",
			},
			want: map[string]string{
				"service.name": "agentgateway.kgateway-system", "service.namespace": "kgateway-system", "service.version": "1.4.1",
				"service.instance.id": string(plainAgw.UID), "k8s.pod.uid": string(plainAgw.UID), "k8s.pod.name": plainAgw.Name, "k8s.pod.ip": "10.244.0.21",
				"k8s.namespace.name": "kgateway-system", "k8s.node.name": "node-a", "k8s.deployment.name": "agentgateway", "k8s.container.name": "agentgateway",
			},
		},
		{
			name: "agentgateway 1.4.1, a policy's own resource", captures: []string{"agentgateway/1.4.1-custom-fields-traces.jsonl", "agentgateway/1.4.1-custom-fields-logs.jsonl"},
			objects: []kubetest.Object{agw},
			want: map[string]string{
				"service.namespace": "default", "service.version": "1.4.1",
				"service.instance.id": string(agw.UID), "k8s.pod.uid": string(agw.UID), "k8s.pod.name": "agw-6d8f7c-x2x9z", "k8s.pod.ip": "10.0.1.7",
				"k8s.namespace.name": "default", "k8s.node.name": "node-a", "k8s.deployment.name": "agw", "k8s.container.name": "agentgateway", "team": "a%20b",
			},
			unlike: map[string][]string{"service.name": {"edge-gw", "from-env"}},
		},
		{
			name: "Kong 3.9.3", captures: []string{"kong/3.9.3-traces.jsonl", "kong/3.9.3-runtime-logs.jsonl"},
			peer:    "10.244.0.31",
			objects: []kubetest.Object{kong},
			want: map[string]string{
				"service.name": "kong-edge", "service.namespace": "kong", "service.version": "3.9.3",
				"service.instance.id": "545a0dae-bad1-4d14-bd16-25621ebc4ee8", // what Kong itself set
				"k8s.pod.uid":         string(kong.UID), "k8s.pod.name": kong.Name, "k8s.pod.ip": "10.244.0.31",
				"k8s.namespace.name": "kong", "k8s.node.name": "node-a", "k8s.deployment.name": "kong-gateway", "k8s.container.name": "proxy",
			},
		},
		{
			name: "Traefik 3.6.12", captures: []string{"traefik/3.6.12-traces.json"},
			peer:    "10.244.0.41",
			objects: []kubetest.Object{traefik},
			want: map[string]string{
				"service.name": "traefik-edge", "service.namespace": "traefik", "service.version": "dev", "service.instance.id": string(traefik.UID),
				"k8s.pod.uid": string(traefik.UID), "k8s.pod.name": traefik.Name, "k8s.pod.ip": "10.244.0.41",
				"k8s.namespace.name": "traefik", "k8s.node.name": "node-a", "k8s.deployment.name": "traefik", "k8s.container.name": "traefik",
			},
		},
	}
}

// TestOneIdentityForOneProxy sends what real gateways sent through gateway_semconv's engine and this processor, and prints
// the identity that each signal ends with. Whatever a proxy sends ends with the same.
func TestOneIdentityForOneProxy(t *testing.T) {
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			server := kubetest.New(t)
			server.Set(s.objects...)
			s.play(t, newHouse(t, server.KubeConfig(), nil), nil)
		})
	}
}

// play sends what the scene's proxy sent and compares. uids are those that the cluster gave the pods in place of those in
// the recordings.
func (s *scene) play(t *testing.T, h *house, uids map[string]string) {
	t.Helper()
	engine, err := gateway.Compile(builtin.Profiles(), gateway.DefaultOptions())
	require.NoError(t, err)
	seen := make(map[string]map[string]map[string]bool) // signal, attribute, values
	collect := func(signal string, m pcommon.Map) {
		if seen[signal] == nil {
			seen[signal] = make(map[string]map[string]bool)
		}
		for key := range s.keys() {
			value := "(none)"
			if v, ok := m.Get(key); ok {
				value = v.AsString()
			}
			if seen[signal][key] == nil {
				seen[signal][key] = make(map[string]bool)
			}
			seen[signal][key][value] = true
		}
	}
	for _, name := range s.captures {
		for _, b := range gatewaytest.Find(t, name).Clone() {
			for m := range b.Maps() {
				for _, v := range m.All() {
					if now, ok := uids[v.Str()]; ok && v.Type() == pcommon.ValueTypeStr {
						v.SetStr(now)
					}
				}
			}
			if b.IsLogs {
				engine.Logs(b.Logs)
				for _, rl := range h.log(t, b.Logs, s.peer).ResourceLogs().All() {
					collect("logs", rl.Resource().Attributes())
				}
				continue
			}
			engine.Traces(b.Traces)
			for _, rs := range h.trace(t, b.Traces, s.peer).ResourceSpans().All() {
				collect("spans", rs.Resource().Attributes())
			}
		}
	}
	if s.scraped != nil {
		md := pmetric.NewMetrics()
		rm := md.ResourceMetrics().AppendEmpty()
		require.NoError(t, rm.Resource().Attributes().FromRaw(s.scraped))
		rm.ScopeMetrics().AppendEmpty().Scope().SetName(prometheusScope)
		// A scraper is elsewhere: the connection says nothing about the proxy.
		collect("metrics", h.metric(t, md, "10.244.9.9").ResourceMetrics().At(0).Resource().Attributes())
	}
	t.Log("\n" + s.table(seen))
	for signal, attributes := range seen {
		for key, want := range s.want {
			if now, ok := uids[want]; ok {
				want = now
			}
			assert.Equal(t, []string{want}, slices.Sorted(maps.Keys(attributes[key])), "%s of %s", key, signal)
		}
		for key, allowed := range s.unlike {
			for value := range attributes[key] {
				assert.Contains(t, allowed, value, "%s of %s", key, signal)
			}
		}
	}
}

func (s *scene) keys() map[string]bool {
	keys := make(map[string]bool)
	for key := range s.want {
		keys[key] = true
	}
	for key := range s.unlike {
		keys[key] = true
	}
	return keys
}

// table shows what each signal ended with, one line an attribute.
func (s *scene) table(seen map[string]map[string]map[string]bool) string {
	var b strings.Builder
	signals := slices.Sorted(maps.Keys(seen))
	fmt.Fprintf(&b, "%-30s", s.name)
	for _, signal := range signals {
		fmt.Fprintf(&b, " | %-38s", signal)
	}
	for _, key := range slices.Sorted(maps.Keys(s.keys())) {
		fmt.Fprintf(&b, "\n%-30s", key)
		for _, signal := range signals {
			fmt.Fprintf(&b, " | %-38s", strings.Join(slices.Sorted(maps.Keys(seen[signal][key])), " AND "))
		}
	}
	return b.String()
}
