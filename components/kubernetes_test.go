package components

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/otelcol/otelcoltest"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.yaml.in/yaml/v3"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/gatehouse-otel/gatehouse/processor/gatewaytailsamplingprocessor"
)

const (
	distribution = "distributions/otelcol-gatehouse"
	// shippedName is the name, and the namespace, of everything but the DaemonSet.
	shippedName = "otelcol-gatehouse"
	fileLogName = "otelcol-gatehouse-file-log"
)

// documents returns the YAML documents of a file below kubernetes/ in the distribution's folder.
func documents(t *testing.T, name string) []map[string]any {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, distribution, "kubernetes", name))
	require.NoError(t, err)
	var found []map[string]any
	for decoder := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var object map[string]any
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		found = append(found, object)
	}
}

// only returns the file's one object of a kind, as its Go type. A field that the type does not have fails the test.
func only[T any](t *testing.T, file, kind string) T {
	t.Helper()
	var object T
	found := 0
	for _, o := range documents(t, file) {
		if o["kind"] != kind {
			continue
		}
		found++
		content, err := json.Marshal(o)
		require.NoError(t, err)
		decoder := json.NewDecoder(bytes.NewReader(content))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&object))
	}
	require.Equal(t, 1, found, "%s in %s", kind, file)
	return object
}

// workload is what Deployment and DaemonSet have in common.
type workload struct {
	config   string // the file of the distribution that it runs
	pod      corev1.PodTemplateSpec
	selector map[string]string
}

func workloads(t *testing.T) map[string]workload {
	t.Helper()
	deployment := only[appsv1.Deployment](t, "deployment.yaml", "Deployment")
	daemonSet := only[appsv1.DaemonSet](t, "file-log.yaml", "DaemonSet")
	return map[string]workload{
		"Deployment": {"config.yaml", deployment.Spec.Template, deployment.Spec.Selector.MatchLabels},
		"DaemonSet":  {"file-log.yaml", daemonSet.Spec.Template, daemonSet.Spec.Selector.MatchLabels},
	}
}

// listening returns the ports that a configuration of the distribution listens on.
func listening(t *testing.T, config string) []int32 {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join(root, distribution, config))
	require.NoError(t, err)
	var ports []int32
	add := func(text string) {
		port, err := strconv.ParseInt(text[strings.LastIndexByte(text, ':')+1:], 10, 32)
		require.NoError(t, err, text)
		ports = append(ports, int32(port))
	}
	for _, key := range conf.AllKeys() {
		section, _, _ := strings.Cut(key, "::")
		if (section == "receivers" || section == "extensions") && strings.HasSuffix(key, "::endpoint") {
			add(conf.Get(key).(string))
		}
	}
	for _, reader := range conf.Get("service::telemetry::metrics::readers").([]any) {
		prometheus := reader.(map[string]any)["pull"].(map[string]any)["exporter"].(map[string]any)["prometheus"].(map[string]any)
		ports = append(ports, int32(prometheus["port"].(int)))
	}
	slices.Sort(ports)
	return ports
}

// TestWorkloads: what runs in a cluster agrees with the image and with the configuration that it starts.
func TestWorkloads(t *testing.T) {
	dockerfile, err := os.ReadFile(filepath.Join(root, distribution, "Dockerfile"))
	require.NoError(t, err)
	for kind, w := range workloads(t) {
		t.Run(kind, func(t *testing.T) {
			spec := w.pod.Spec
			assert.Subset(t, w.pod.Labels, w.selector)
			require.Len(t, spec.Containers, 1)
			c := spec.Containers[0]
			assert.Equal(t, "otelcol-gatehouse:dev", c.Image, "what make docker builds")
			// file-log.yaml excludes the logs of this container by its name.
			assert.Equal(t, shippedName, c.Name)
			assert.Equal(t, []string{"--config=/etc/otelcol-gatehouse/" + w.config}, c.Args)
			assert.Regexp(t, `COPY .*/`+regexp.QuoteMeta(w.config)+`.* /etc/otelcol-gatehouse/\n`, string(dockerfile))

			var ports []int32
			names := map[string]int32{}
			for _, p := range c.Ports {
				ports = append(ports, p.ContainerPort)
				names[p.Name] = p.ContainerPort
			}
			slices.Sort(ports)
			assert.Equal(t, listening(t, w.config), ports)
			for _, probe := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
				require.NotNil(t, probe)
				assert.Equal(t, "/", probe.HTTPGet.Path)
				assert.Equal(t, int32(13133), names[probe.HTTPGet.Port.StrVal], "the health_check extension")
			}

			sc := c.SecurityContext
			require.NotNil(t, sc)
			assert.True(t, *sc.ReadOnlyRootFilesystem)
			assert.False(t, *sc.AllowPrivilegeEscalation)
			assert.Equal(t, []corev1.Capability{"ALL"}, sc.Capabilities.Drop)
			assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, spec.SecurityContext.SeccompProfile.Type)
		})
	}
}

// queuedItem is what a span of Envoy takes as an object, in bytes: 2.2 to 3.3 kB, by the number of its attributes. Access
// logs have fewer.
const queuedItem = 3300

// TestMemory: Go's limit is where memory_limiter refuses everything. What the sampler may hold and a full queue fit below
// the point where it begins to refuse.
func TestMemory(t *testing.T) {
	setVariables(t)
	factories, err := Factories()
	require.NoError(t, err)
	for kind, w := range workloads(t) {
		t.Run(kind, func(t *testing.T) {
			cfg, err := otelcoltest.LoadConfigAndValidate(filepath.Join(root, distribution, w.config), factories)
			require.NoError(t, err)
			limiter := cfg.Processors[component.MustNewID("memory_limiter")].(*memorylimiterprocessor.Config)
			c := w.pod.Spec.Containers[0]
			limit := c.Resources.Limits.Memory().Value()
			assert.NotZero(t, limit)
			assert.LessOrEqual(t, c.Resources.Requests.Memory().Value(), limit)
			at := slices.IndexFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == "GOMEMLIMIT" })
			require.GreaterOrEqual(t, at, 0)
			mib, err := strconv.ParseInt(strings.TrimSuffix(c.Env[at].Value, "MiB"), 10, 64)
			require.NoError(t, err)
			assert.Equal(t, limit*int64(limiter.MemoryLimitPercentage)/100>>20, mib)
			exporter := cfg.Exporters[component.MustNewID("otlp_grpc")].(*otlpexporter.Config)
			held := exporter.QueueConfig.Get().QueueSize * queuedItem
			if id := component.MustNewID("gateway_tail_sampling"); cfg.Processors[id] != nil {
				held += int64(cfg.Processors[id].(*gatewaytailsamplingprocessor.Config).MaxBytes)
			}
			soft := limit * int64(limiter.MemoryLimitPercentage-limiter.MemorySpikePercentage) / 100
			assert.Less(t, held, soft)
		})
	}
}

// TestGracePeriod: a pod is not killed while its Collector still hands over what it has.
func TestGracePeriod(t *testing.T) {
	setVariables(t)
	factories, err := Factories()
	require.NoError(t, err)
	cfg, err := otelcoltest.LoadConfigAndValidate(filepath.Join(root, distribution, "config.yaml"), factories)
	require.NoError(t, err)
	sampler := cfg.Processors[component.MustNewID("gateway_tail_sampling")].(*gatewaytailsamplingprocessor.Config)
	exporter := cfg.Exporters[component.MustNewID("otlp_grpc")].(*otlpexporter.Config)
	const streams = 5 * time.Second // what envoy_als takes without a deadline
	grace := *workloads(t)["Deployment"].pod.Spec.TerminationGracePeriodSeconds
	assert.GreaterOrEqual(t, time.Duration(grace)*time.Second, streams+sampler.ShutdownTimeout+2*exporter.TimeoutConfig.Timeout)
}

// TestService: every port of the Deployment's container, under its own number, and nothing else.
func TestService(t *testing.T) {
	service := only[corev1.Service](t, "service.yaml", "Service")
	w := workloads(t)["Deployment"]
	assert.Equal(t, w.selector, service.Spec.Selector)
	got, want := map[string]int32{}, map[string]int32{}
	for _, p := range service.Spec.Ports {
		assert.Equal(t, p.Name, p.TargetPort.StrVal)
		require.NotNil(t, p.AppProtocol, p.Name)
		got[p.Name] = p.Port
	}
	for _, p := range w.pod.Spec.Containers[0].Ports {
		want[p.Name] = p.ContainerPort
	}
	assert.Equal(t, want, got)

	// The image says the same.
	dockerfile, err := os.ReadFile(filepath.Join(root, distribution, "Dockerfile"))
	require.NoError(t, err)
	exposed := regexp.MustCompile(`(?m)^EXPOSE (.*)$`).FindSubmatch(dockerfile)
	require.NotNil(t, exposed)
	var texts []string
	for _, port := range listening(t, "config.yaml") {
		texts = append(texts, strconv.Itoa(int(port)))
	}
	assert.ElementsMatch(t, texts, strings.Fields(string(exposed[1])))
}

// TestDaemonSet: it reads the gateways' files and nothing else of the node, and sends to the Deployment.
func TestDaemonSet(t *testing.T) {
	spec := workloads(t)["DaemonSet"].pod.Spec
	c := spec.Containers[0]
	env := map[string]string{}
	for _, v := range c.Env {
		env[v.Name] = v.Value
	}
	service := only[corev1.Service](t, "service.yaml", "Service")
	assert.Equal(t, service.Name+"."+service.Namespace+":4317", env["OTLP_ENDPOINT"])
	conf, err := confmaptest.LoadConf(filepath.Join(root, distribution, "file-log.yaml"))
	require.NoError(t, err)

	mounts := map[string]corev1.VolumeMount{}
	for _, m := range c.VolumeMounts {
		mounts[m.MountPath] = m
	}
	require.Len(t, mounts, 2)
	logs, ok := mounts["/var/log/pods"]
	require.True(t, ok)
	assert.True(t, logs.ReadOnly)
	assert.True(t, strings.HasPrefix(env["GATEHOUSE_LOG_INCLUDE"], logs.MountPath+"/"))
	assert.Contains(t, conf.Get("extensions::file_storage::directory"), ":-/var/lib/otelcol}")
	assert.Contains(t, mounts, "/var/lib/otelcol")
	for _, v := range spec.Volumes {
		require.NotNil(t, v.HostPath, v.Name)
		assert.Contains(t, []string{"/var/log/pods", "/var/lib/otelcol-gatehouse"}, v.HostPath.Path)
	}
}

// TestKustomization: every manifest is in it, but for the DaemonSet, which is a choice; each object has one of two
// namespaces, and none is a secret.
func TestKustomization(t *testing.T) {
	kustomization := documents(t, "kustomization.yaml")[0]
	listed := []string{"kustomization.yaml", "file-log.yaml"}
	for _, name := range kustomization["resources"].([]any) {
		listed = append(listed, name.(string))
	}
	var there []string
	for _, file := range files(t, path.Join(distribution, "kubernetes"), ".yaml") {
		if filepath.Base(filepath.Dir(file)) == "scaled" {
			continue // a component of its own
		}
		name := filepath.Base(file)
		there = append(there, name)
		if name == "kustomization.yaml" {
			continue
		}
		want := shippedName
		if name == "file-log.yaml" {
			want = fileLogName
		}
		for _, o := range documents(t, name) {
			assert.NotEqual(t, "Secret", o["kind"])
			meta := o["metadata"].(map[string]any)
			assert.Equal(t, want, meta["name"], "%s in %s", o["kind"], name)
			if kind := o["kind"].(string); kind != "Namespace" && !strings.HasPrefix(kind, "Cluster") {
				assert.Equal(t, want, meta["namespace"], "%s in %s", kind, name)
			}
		}
	}
	assert.ElementsMatch(t, there, listed)
}
