package components

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/otelcol/otelcoltest"
	"go.opentelemetry.io/collector/pipeline"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// scaledConfig is config.yaml with a file of kubernetes/scaled on top.
func scaledConfig(t *testing.T, overlay string) *otelcol.Config {
	t.Helper()
	setVariables(t)
	conf, err := confmaptest.LoadConf(filepath.Join(root, distribution, "config.yaml"))
	require.NoError(t, err)
	top, err := confmaptest.LoadConf(filepath.Join(root, distribution, "kubernetes", "scaled", overlay))
	require.NoError(t, err)
	require.NoError(t, conf.Merge(top))
	merged, err := json.Marshal(conf.ToStringMap())
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), overlay)
	require.NoError(t, os.WriteFile(file, merged, 0o600))
	factories, err := Factories()
	require.NoError(t, err)
	cfg, err := otelcoltest.LoadConfigAndValidate(file, factories)
	require.NoError(t, err)
	return cfg
}

// TestScaledPipelines: what config.yaml does in one Collector is done by the two one after the other, and what is between them
// has the sampler's address.
func TestScaledPipelines(t *testing.T) {
	setVariables(t)
	factories, err := Factories()
	require.NoError(t, err)
	whole, err := otelcoltest.LoadConfigAndValidate(filepath.Join(root, distribution, "config.yaml"), factories)
	require.NoError(t, err)
	front, sampling := scaledConfig(t, "front-config.yaml"), scaledConfig(t, "sampling-config.yaml")
	for _, signal := range []pipeline.Signal{pipeline.SignalTraces, pipeline.SignalLogs} {
		id := pipeline.NewID(signal)
		want, first, second := whole.Service.Pipelines[id], front.Service.Pipelines[id], sampling.Service.Pipelines[id]
		require.Equal(t, want.Processors[0], second.Processors[0], "each has a memory_limiter")
		assert.Equal(t, want.Processors, slices.Concat(first.Processors, second.Processors[1:]), signal)
		assert.Equal(t, want.Receivers, first.Receivers)
		assert.Equal(t, []component.ID{component.MustNewID("load_balancing")}, first.Exporters)
		assert.Equal(t, want.Exporters, second.Exporters)
	}
	for id, p := range sampling.Service.Pipelines {
		assert.Equal(t, []component.ID{component.MustNewID("otlp")}, p.Receivers, id)
		for _, processor := range p.Processors {
			assert.NotContains(t, []string{"k8s_attributes", "gateway_identity"}, processor.Type().String(), "no rights are needed")
		}
	}

	service := only[corev1.Service](t, "scaled/sampling.yaml", "Service")
	conf, err := confmaptest.LoadConf(filepath.Join(root, distribution, "kubernetes", "scaled", "front-config.yaml"))
	require.NoError(t, err)
	assert.Equal(t, service.Name+"."+service.Namespace+".svc.cluster.local", conf.Get("exporters::load_balancing::resolver::dns::hostname"))
	assert.Equal(t, corev1.ClusterIPNone, service.Spec.ClusterIP)
	require.Len(t, service.Spec.Ports, 1)
	assert.Equal(t, int32(4317), service.Spec.Ports[0].Port, "where load_balancing sends when nobody says a port")
	assert.Equal(t, only[appsv1.Deployment](t, "scaled/sampling.yaml", "Deployment").Spec.Template.Labels, service.Spec.Selector)
}

// TestScaledWorkloads: the samplers are the Deployment once more but for what they listen on and whom they are, and both get
// their configuration from the ConfigMap that the component makes.
func TestScaledWorkloads(t *testing.T) {
	deployment := only[appsv1.Deployment](t, "deployment.yaml", "Deployment").Spec.Template.Spec
	front := only[appsv1.Deployment](t, "scaled/front.yaml", "Deployment").Spec.Template.Spec
	sampling := only[appsv1.Deployment](t, "scaled/sampling.yaml", "Deployment").Spec.Template.Spec

	listed := []string{"kustomization.yaml"}
	kustomization := documents(t, "scaled/kustomization.yaml")[0]
	for _, name := range kustomization["resources"].([]any) {
		listed = append(listed, name.(string))
	}
	for _, patch := range kustomization["patches"].([]any) {
		listed = append(listed, patch.(map[string]any)["path"].(string))
	}
	generated := kustomization["configMapGenerator"].([]any)[0].(map[string]any)
	for _, name := range generated["files"].([]any) {
		listed = append(listed, name.(string))
	}
	var there []string
	for _, file := range files(t, path.Join(distribution, "kubernetes", "scaled"), ".yaml") {
		there = append(there, filepath.Base(file))
	}
	assert.ElementsMatch(t, there, listed)
	assert.Equal(t, shippedName, generated["namespace"])

	for config, spec := range map[string]corev1.PodSpec{"front-config.yaml": front, "sampling-config.yaml": sampling} {
		c := spec.Containers[0]
		require.Len(t, c.VolumeMounts, 1)
		require.Len(t, spec.Volumes, 1)
		assert.Equal(t, c.VolumeMounts[0].Name, spec.Volumes[0].Name)
		assert.Equal(t, generated["name"], spec.Volumes[0].ConfigMap.Name)
		assert.Equal(t, append(slices.Clone(deployment.Containers[0].Args), "--config="+c.VolumeMounts[0].MountPath+"/"+config), c.Args)
		assert.Contains(t, generated["files"], config)
	}

	want, got := deployment.Containers[0], sampling.Containers[0]
	for _, p := range got.Ports {
		assert.Contains(t, want.Ports, p)
	}
	want.Ports, want.Args, want.VolumeMounts = got.Ports, got.Args, got.VolumeMounts
	assert.Equal(t, want, got)
	assert.False(t, *sampling.AutomountServiceAccountToken)
	deployment.AutomountServiceAccountToken = sampling.AutomountServiceAccountToken
	deployment.Containers, deployment.Volumes = sampling.Containers, sampling.Volumes
	assert.Equal(t, deployment, sampling)
}
