//go:build e2e && unix

package components

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
)

// manifests are what kubernetes/ holds, in the order of the kustomization, and its choices.
var manifests = []string{"namespace.yaml", "rbac.yaml", "settings.yaml", "deployment.yaml", "service.yaml", "file-log.yaml", "scaled/sampling.yaml"}

// applied is a real API server that took the manifests, strictly: a field that it does not know is an error.
func applied(t *testing.T) *kubetest.Real {
	t.Helper()
	r := kubetest.NewReal(t)
	for _, name := range manifests {
		for _, o := range documents(t, name) {
			r.Do(http.MethodPost, kubetest.Path(o)+"?fieldValidation=Strict", o)
		}
	}
	return r
}

// TestManifests: a real API server takes every manifest, and then the pods of each workload, in their namespace, by its
// Pod Security Standard. The Deployment's pods fit the strictest one; the DaemonSet's would be refused there.
func TestManifests(t *testing.T) {
	r := applied(t)
	pod := func(kind, namespace string) map[string]any {
		template, err := json.Marshal(workloads(t)[kind].pod)
		require.NoError(t, err)
		var o map[string]any
		require.NoError(t, json.Unmarshal(template, &o))
		o["apiVersion"], o["kind"] = "v1", "Pod"
		o["metadata"] = map[string]any{"name": strings.ToLower(kind), "namespace": namespace}
		return o
	}
	create := func(o map[string]any) (int, string) {
		answer, code := r.Try(http.MethodPost, kubetest.Path(o)+"?fieldValidation=Strict&dryRun=All", o)
		return code, string(answer)
	}
	code, answer := create(pod("Deployment", shippedName))
	assert.Equal(t, http.StatusCreated, code, answer)
	code, answer = create(pod("DaemonSet", fileLogName))
	assert.Equal(t, http.StatusCreated, code, answer)
	code, answer = create(pod("DaemonSet", shippedName))
	assert.Equal(t, http.StatusForbidden, code)
	assert.Contains(t, answer, `violates PodSecurity \"restricted:latest\"`)

	// Strict means strict.
	o := pod("Deployment", shippedName)
	o["spec"].(map[string]any)["containerz"] = []any{}
	code, answer = create(o)
	assert.Equal(t, http.StatusBadRequest, code)
	assert.Contains(t, answer, "containerz")
}

// TestDeploymentRuns: with the Deployment's account, config.yaml gets ready, knows a Gateway's pod, and hands on a span of it and
// a record of Kong.
func TestDeploymentRuns(t *testing.T) {
	r := applied(t)
	r.InstallGatewayAPI()
	r.Set(kubetest.Gateway("edge", "http", "kgateway", 8080), kubetest.KgatewayProxy("edge", "http", "aaaaa", "10.244.0.5", "", ""))
	require.Eventually(t, func() bool { return r.Allowed(shippedName, shippedName, "watch", "discovery.k8s.io", "endpointslices") }, patience,
		20*time.Millisecond, "the rights are granted")
	useAccount(t, r, shippedName)
	t.Setenv("OTLP_ENDPOINT", "localhost:4317")
	out := t.TempDir()
	otlpHTTP, kong, health := freeAddress(t), freeAddress(t), freeAddress(t)
	overlay := fmt.Sprintf(`yaml:
receivers:
  otlp: {protocols: {grpc: {endpoint: %q}, http: {endpoint: %q}}}
  zipkin: {endpoint: %q}
  envoy_als: {endpoint: %q}
  kong_log: {protocols: {http: {endpoint: %q}, tcp: {endpoint: %q}}}
extensions:
  health_check: {endpoint: %q}
processors:
  k8s_attributes: {auth_type: kubeConfig, wait_for_metadata: true}
  gateway_identity: {auth_type: kubeConfig}
exporters:
  file/traces: {path: %q}
  file/logs: {path: %q}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines: {traces: {exporters: [file/traces]}, logs: {exporters: [file/logs]}}
`, freeAddress(t), otlpHTTP, freeAddress(t), freeAddress(t), kong, freeAddress(t), health,
		filepath.Join(out, "traces.jsonl"), filepath.Join(out, "logs.jsonl"))
	stop := startCollector(t, filepath.Join(root, distribution, "config.yaml"), overlay)
	request(t, http.MethodGet, "http://"+health, "", http.StatusOK)
	request(t, http.MethodPost, "http://"+otlpHTTP+"/v1/traces", strings.ReplaceAll(envoySpan, "edge-7d4b9.gateways", "http-c7f65bbb-aaaaa.edge"), http.StatusOK)
	request(t, http.MethodPost, "http://"+kong, kongRecord, http.StatusOK)
	stop() // the sampler decides

	traces := readFile(t, filepath.Join(out, "traces.jsonl"))
	assert.Contains(t, traces, `{"key":"k8s.node.name","value":{"stringValue":"node-a"}}`)
	assert.Contains(t, traces, `{"key":"gateway.class.name","value":{"stringValue":"kgateway"}}`)
	assert.Contains(t, readFile(t, filepath.Join(out, "logs.jsonl")), `"stringValue":"/served-by-kong"`)
}

// useAccount makes a service account, which has its namespace's name, the one that a Collector asks the API server as.
func useAccount(t *testing.T, r *kubetest.Real, account string) {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, []byte(r.KubeConfig(r.ServiceAccountToken(account, account))), 0o600))
	t.Setenv("KUBECONFIG", kubeconfig)
}

// TestFileLogRights: with the DaemonSet's account and variables, file-log.yaml finds the gateways' files, leaves others
// alone, and says which node a pod is on. More than pods its account may not see.
func TestFileLogRights(t *testing.T) {
	r := applied(t)
	uids := r.Set(kubetest.KgatewayProxy("edge", "http", "aaaaa", "10.244.0.5", "", ""))
	const name = "http-c7f65bbb-aaaaa"
	require.Eventually(t, func() bool { return r.Allowed(fileLogName, fileLogName, "watch", "", "pods") }, patience, 20*time.Millisecond,
		"the rights are granted")
	for _, resource := range []string{"secrets", "configmaps", "services", "nodes"} {
		assert.False(t, r.Allowed(fileLogName, fileLogName, "list", "", resource), resource)
	}
	assert.False(t, r.Allowed(fileLogName, fileLogName, "create", "", "pods"))

	out, pods := t.TempDir(), t.TempDir()
	useAccount(t, r, fileLogName)
	t.Setenv("GATEHOUSE_STORAGE", t.TempDir())
	for _, v := range workloads(t)["DaemonSet"].pod.Spec.Containers[0].Env {
		switch v.Name {
		case "GATEHOUSE_LOG_INCLUDE":
			t.Setenv(v.Name, strings.Replace(v.Value, "/var/log/pods", pods, 1))
		case "K8S_NODE_NAME":
			require.Equal(t, "spec.nodeName", v.ValueFrom.FieldRef.FieldPath)
			t.Setenv(v.Name, "node-a")
		case "OTLP_ENDPOINT", "OTLP_INSECURE":
			t.Setenv(v.Name, v.Value)
		}
	}
	for container, text := range map[string]string{"kgateway-proxy": containerLog, "app": strings.ReplaceAll(containerLog, "cart", "secret")} {
		dir := filepath.Join(pods, "edge_"+name+"_"+uids["edge/"+name], container)
		require.NoError(t, os.MkdirAll(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "0.log"), []byte(text), 0o600))
	}
	exported := filepath.Join(out, "logs.jsonl")
	overlay := fmt.Sprintf(`yaml:
extensions:
  health_check: {endpoint: %q}
receivers:
  file_log: {start_at: beginning}
processors:
  k8s_attributes: {auth_type: kubeConfig, wait_for_metadata: true}
exporters:
  file: {path: %q, flush_interval: 10ms}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines: {logs: {exporters: [file]}}
`, freeAddress(t), exported)
	stop := startCollector(t, filepath.Join(root, distribution, "file-log.yaml"), overlay)
	assert.Eventually(t, func() bool {
		content, err := os.ReadFile(exported)
		return err == nil && strings.Contains(string(content), "not an access log")
	}, patience, readInterval, "the receiver reads on its own schedule")
	stop()
	logs := readFile(t, exported)
	assert.Contains(t, logs, `{"key":"k8s.node.name","value":{"stringValue":"node-a"}}`)
	assert.Contains(t, logs, `{"key":"k8s.deployment.name","value":{"stringValue":"http"}}`)
	assert.Contains(t, logs, `{"key":"url.path","value":{"stringValue":"/cart"}}`)
	assert.NotContains(t, logs, "secret")
}
