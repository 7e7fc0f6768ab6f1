//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// The built binary takes the configurations of the image with a backend, and refuses them without one. What the distribution's
// README shows for less sampling is taken too.
func TestShippedConfigurations(t *testing.T) {
	binary := testbed.CollectorBinary(t)
	root, err := testbed.Repository()
	require.NoError(t, err)
	validate := func(endpoint string, configs ...string) (string, error) {
		args := []string{"validate"}
		for _, config := range configs {
			args = append(args, "--config="+config)
		}
		cmd := exec.CommandContext(t.Context(), binary, args...)
		cmd.Env = append(os.Environ(), "OTLP_ENDPOINT="+endpoint, "OTLP_INSECURE=true", "K8S_NODE_NAME=node-a", "GATEHOUSE_STORAGE="+t.TempDir())
		output, err := cmd.CombinedOutput()
		return string(output), err
	}
	folder := filepath.Join(root, "distributions", "otelcol-gatehouse")
	for _, name := range []string{"config.yaml", "file-log.yaml"} {
		output, err := validate("backend.example.com:4317", filepath.Join(folder, name))
		require.NoError(t, err, "%s: %s", name, output)
		output, err = validate("", filepath.Join(folder, name))
		require.Error(t, err, name)
		assert.Contains(t, output, `exporters::otlp_grpc: requires a non-empty "endpoint"`)
	}
	output, err := validate("backend.example.com:4317", filepath.Join(folder, "config.yaml"), "yaml:processors::gateway_tail_sampling::dry_run: true")
	require.NoError(t, err, output)
	output, err = validate("backend.example.com:4317", filepath.Join(folder, "config.yaml"),
		"yaml:service::pipelines::traces::processors: [memory_limiter, gateway_semconv, k8s_attributes, gateway_identity]",
		"yaml:service::pipelines::logs::processors: [memory_limiter, gateway_semconv, k8s_attributes, gateway_identity]")
	require.NoError(t, err, output)
	output, err = validate("backend.example.com:4317", filepath.Join(folder, "config.yaml"), "yaml:processors::gateway_tail_sampling::dry_runn: true")
	require.Error(t, err)
	assert.Contains(t, output, "dry_runn")
}
