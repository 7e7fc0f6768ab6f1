package kube

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
)

func pod(labels map[string]string, containers ...corev1.Container) *corev1.Pod {
	p := kubetest.Pod("edge", "web", "aaaaa", "10.0.0.1")
	maps.Copy(p.Labels, labels)
	p.Spec.Containers = containers
	return p
}

func container(name, image string, env ...corev1.EnvVar) corev1.Container {
	return corev1.Container{Name: name, Image: image, Env: env}
}

func TestWhichContainerCounts(t *testing.T) {
	t.Parallel()
	gateway := map[string]string{labelGateway: "http"}
	for _, test := range []struct {
		name                string
		pod                 *corev1.Pod
		container, version  string
		known, proxy, relay bool
	}{
		{"an ordinary pod", pod(nil, container("app", "registry.example.com:5000/team/app:1.2")), "app", "1.2", false, false, false},
		{"an ordinary pod in a mesh", pod(nil, container("istio-proxy", "docker.io/istio/proxyv2:1.27"), container("app", "app:3")), "app", "3", false, false, false},
		{"two containers of which nothing is known", pod(nil, container("a", "a:1"), container("b", "b:1")), "", "", false, false, false},
		{"kgateway in a private registry", pod(gateway, container("sds", "x:1"), container("kgateway-proxy", "private/renamed:7")), "kgateway-proxy", "7", true, true, false},
		{"kgateway in a mesh", pod(gateway, container("istio-proxy", "istio/proxyv2:1.27"), container("kgateway-proxy", "envoy-wrapper:v2.4.2")), "kgateway-proxy", "v2.4.2", true, true, false},
		{"Istio's gateway", pod(gateway, container("istio-proxy", "docker.io/istio/proxyv2:1.27.0")), "istio-proxy", "1.27.0", true, true, false},
		{"Envoy Gateway", pod(nil, container("envoy", "envoyproxy/envoy:distroless-v1.36.0"), container("shutdown-manager", "envoyproxy/gateway:v1.9.1")), "envoy", "distroless-v1.36.0", true, true, false},
		{"agentgateway writes its version without the v", pod(nil, container("agentgateway", "cr.agentgateway.dev/agentgateway:v1.4.1")), "agentgateway", "1.4.1", true, true, false},
		{"Kong's ingress controller beside Kong", pod(nil, container("ingress-controller", "kong/kubernetes-ingress-controller:3.5"), container("proxy", "kong:3.9.3")), "proxy", "3.9.3", true, true, false},
		{"an image by its digest", pod(nil, container("traefik", "traefik@sha256:0123")), "traefik", "sha256:0123", true, true, false},
		{"a tag before a digest", pod(nil, container("proxy", "kong:3.9@sha256:0123")), "proxy", "3.9", true, true, false},
		{"a collector", pod(nil, container("agent", "otel/opentelemetry-collector-contrib:0.158.0")), "agent", "0.158.0", false, false, true},
		{"a collector in a mesh", pod(nil, container("istio-proxy", "istio/proxyv2:1.27"), container("agent", "otelcol:1"), container("reload", "reload:2")), "agent", "1", false, false, true},
		{"a gateway behind its own agent", pod(nil, container("logs", "fluent/fluent-bit:3"), container("proxy", "kong:3.9.3")), "proxy", "3.9.3", true, true, false},
		{"Istio's gateway with an agent", pod(gateway, container("logs", "fluent/fluent-bit:3"), container("istio-proxy", "istio/proxyv2:1.27")), "istio-proxy", "1.27", true, true, false},
		{"an ordinary pod that says who it is", pod(nil, container("app", "app:1", corev1.EnvVar{Name: "OTEL_SERVICE_NAME", Value: "cart"})), "app", "1", false, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			kept := convertPod(test.pod)
			assert.Equal(t, test.container, kept.Container)
			assert.Equal(t, test.version, kept.Version)
			assert.Equal(t, test.relay, kept.Relay)
			assert.Equal(t, test.proxy, kept.Proxy != nil, "only of possible gateways is more kept")
			if kept.Proxy != nil {
				assert.Equal(t, test.known, kept.Proxy.Known)
			}
		})
	}
}

// A product shows by a whole word of the image's name, wherever the image was copied to.
func TestProductsByImage(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"kong": "kong", "kong:3.9.3": "kong", "kong/kong-gateway:3.9@sha256:0123": "kong", "my.registry:5000/mirror/kong@sha256:0123": "kong",
		"team/kong_custom": "kong", "team/my.kong": "kong", "docker.io/envoyproxy/envoy:distroless-v1.36.0": "envoy",
		"cr.kgateway.dev/kgateway-dev/envoy-wrapper:v2.4.2": "envoy", "quay.io/solo-io/gloo-envoy-wrapper": "envoy",
		"nginx/nginx-ingress": "nginx", "docker.tyk.io/tyk-gateway/tyk-gateway:v5": "tyk", "krakend:2": "krakend",
		"otelcol-gatehouse:1": "otelcol", "otel/opentelemetry-collector-k8s": "opentelemetry-collector", "fluent/fluent-bit:3": "fluent-bit",
		"fluent/fluentd-kubernetes-daemonset": "fluentd", "grafana/alloy": "alloy", "timberio/vector:0.40": "vector",

		"kong/kubernetes-ingress-controller:3.5": "", "team/kongress": "", "gcr.io/alloydb-connectors/alloydb-auth-proxy": "",
		"pgvector/pgvector:pg17": "", "team/influential": "", "envoyproxy/gateway:v1.9.1": "", "nginx.example.com/team/app": "", "": "",
	} {
		what, known := productOf(image)
		assert.Equal(t, want, what.image, image)
		assert.Equal(t, want != "", known, image)
	}
}

func TestWhosePodItIs(t *testing.T) {
	t.Parallel()
	c := container("envoy", "envoy:v1")
	kept := convertPod(pod(map[string]string{labelOwner: "edge", labelOwnerNamespace: "shop", labelOwnerClass: "eg"}, c))
	assert.Equal(t, cluster.Ref{Namespace: "shop", Name: "edge"}, kept.Proxy.Gateway)
	merged := convertPod(pod(map[string]string{labelOwnerClass: "eg"}, c))
	assert.Equal(t, "eg", merged.Proxy.Class, "a proxy of all Gateways of a class has none of its own")
	assert.Empty(t, merged.Proxy.Gateway)
	long := pod(map[string]string{labelGateway: "a-name-that-was-cut"}, c)
	long.Annotations = map[string]string{annotationFullName: "a-name-that-was-cut-because-labels-are-short", "resource.opentelemetry.io/team": "x", "resource.opentelemetry.io/": "y", "other": "z"}
	kept = convertPod(long)
	assert.Equal(t, "a-name-that-was-cut-because-labels-are-short", kept.Proxy.Gateway.Name)
	assert.Equal(t, []cluster.KV{{Key: "team", Value: "x"}}, kept.Proxy.Annotations)
}

// A pod that is no proxy of Envoy Gateway cannot claim a Gateway of another namespace; in its own it can.
func TestGatewayOfAnotherNamespace(t *testing.T) {
	t.Parallel()
	labels := map[string]string{labelOwner: "edge", labelOwnerNamespace: "shop"}
	own := map[string]string{labelOwner: "edge", labelOwnerNamespace: "edge", labelGateway: "edge"} // Envoy Gateway's GatewayNamespace mode
	for _, test := range []struct {
		name   string
		labels map[string]string
		image  corev1.Container
		want   cluster.Ref
	}{
		{"Envoy Gateway beside its controller", labels, container("envoy", "private/renamed:1"), cluster.Ref{Namespace: "shop", Name: "edge"}},
		{"Envoy Gateway beside the Gateway", own, container("envoy", "envoy:v1"), cluster.Ref{Namespace: "edge", Name: "edge"}},
		{"an application with the labels", labels, container("app", "app:1"), cluster.Ref{}},
		{"another proxy with the labels", labels, container("proxy", "kong:3.9.3"), cluster.Ref{}},
		{"an application in the Gateway's namespace", own, container("app", "app:1"), cluster.Ref{Namespace: "edge", Name: "edge"}},
		{
			"another proxy with the labels and one of its own",
			map[string]string{labelOwner: "edge", labelOwnerNamespace: "shop", labelGateway: "web"},
			container("agentgateway", "agentgateway:v1"),
			cluster.Ref{Namespace: "edge", Name: "web"},
		},
	} {
		kept := convertPod(pod(test.labels, test.image))
		if test.want.Name == "" && kept.Proxy == nil {
			continue
		}
		assert.Equal(t, test.want, kept.Proxy.Gateway, test.name)
	}
}

func TestWhatRunsAPod(t *testing.T) {
	t.Parallel()
	c, yes := container("app", "app:1"), true
	p := pod(map[string]string{"app.kubernetes.io/name": "name"}, c)
	assert.Equal(t, cluster.Workload{Kind: "Deployment", Name: "web"}, convertPod(p).Workload)
	assert.Equal(t, "name", convertPod(p).App)
	p.Labels["app.kubernetes.io/instance"] = "instance"
	assert.Equal(t, "instance", convertPod(p).App, "the instance comes first")
	p = pod(nil, c)
	p.OwnerReferences = []metav1.OwnerReference{{Kind: "Node", Name: "n"}, {Kind: "StatefulSet", Name: "db", Controller: &yes}}
	assert.Equal(t, cluster.Workload{Kind: "StatefulSet", Name: "db"}, convertPod(p).Workload)
	assert.Equal(t, "db", convertPod(p).App)
	p.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "made-by-hand", Controller: &yes}}
	assert.Equal(t, cluster.Workload{Kind: "ReplicaSet", Name: "made-by-hand"}, convertPod(p).Workload)
	p.OwnerReferences = nil
	assert.Empty(t, convertPod(p).Workload)
	assert.Equal(t, p.Name, convertPod(p).App)
}

func TestStateOfAPod(t *testing.T) {
	t.Parallel()
	p := pod(nil, container("app", "app:1"))
	p.Status.PodIPs = []corev1.PodIP{{IP: "10.0.0.1"}, {IP: "fd00::1"}, {IP: "10.0.0.3"}}
	p.Spec.HostNetwork = true
	now := metav1.Now()
	p.DeletionTimestamp = &now
	kept := convertPod(p)
	assert.Equal(t, "10.0.0.1", kept.IPs[0].String())
	assert.Equal(t, "fd00::1", kept.IPs[1].String())
	assert.True(t, kept.HostNetwork)
	assert.True(t, kept.Terminating)
	assert.False(t, kept.Finished)
	for _, phase := range []corev1.PodPhase{corev1.PodSucceeded, corev1.PodFailed} {
		p.Status.Phase = phase
		assert.True(t, convertPod(p).Finished)
	}
	p.Status = corev1.PodStatus{PodIP: "10.0.0.9"}
	assert.Equal(t, "10.0.0.9", convertPod(p).IPs[0].String(), "an old server has no list")
	p.Status = corev1.PodStatus{}
	assert.False(t, convertPod(p).IPs[0].IsValid(), "a pod that is not started yet")
}

// TestDownwardAPI reads every field that a variable may refer to, and none of what the pod's object does not hold.
func TestDownwardAPI(t *testing.T) {
	t.Parallel()
	from := func(name, path string) corev1.EnvVar {
		return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
	}
	secret := corev1.EnvVar{Name: "SECRET", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: "k"}}}
	p := pod(map[string]string{"team": "a$(NAME)"}, container("envoy", "envoy:v1",
		from("NAME", "metadata.name"), from("NS", "metadata.namespace"), from("UID", "metadata.uid"), from("NODE", "spec.nodeName"),
		from("SA", "spec.serviceAccountName"), from("IP", "status.podIP"), from("HOST", "status.hostIP"), from("LABEL", "metadata.labels['team']"),
		from("NOTE", "metadata.annotations['note']"), from("ODD", "metadata.labels"), secret,
		corev1.EnvVar{Name: "OTEL_RESOURCE_ATTRIBUTES", Value: "n=$(NAME),ns=$(NS),u=$(UID),no=$(NODE),sa=$(SA),ip=$(IP),h=$(HOST),l=$(LABEL),a=$(NOTE),o=$(ODD),s=$(SECRET)"}))
	p.Annotations = map[string]string{"note": "y"}
	p.Spec.ServiceAccountName = "sa"
	p.Status.HostIP = "192.168.0.1"
	kept := convertPod(p)
	require.NotNil(t, kept.Proxy)
	got := make(map[string]string)
	for _, kv := range kept.Proxy.Env {
		got[kv.Key] = kv.Value
	}
	assert.Equal(t, map[string]string{
		"n": p.Name, "ns": "edge", "u": string(p.UID), "no": "node-a", "sa": "sa", "ip": "10.0.0.1", "h": "192.168.0.1", "l": "a$(NAME)", "a": "y",
	}, got, "a value is not expanded again, and what is not known is left out")
}
