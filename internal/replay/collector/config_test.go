package collector

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestConfigWithSecondOutput(t *testing.T) {
	cfg := Config{
		OTLPGRPC: "127.0.0.1:1", OTLPHTTP: "127.0.0.1:2", Zipkin: "127.0.0.1:3", Health: "127.0.0.1:4", Export: "127.0.0.1:5",
		Processors: []string{"gateway_semconv"}, Raw: "127.0.0.1:6", Backends: []string{"127.0.0.1:7", "127.0.0.1:8"},
		LogFiles: []string{"/logs/a b.txt"},
	}
	text, err := cfg.YAML()
	require.NoError(t, err)
	var got struct {
		Receivers map[string]any
		Exporters map[string]struct{ Endpoint string }
		Service   struct {
			Pipelines map[string]struct{ Receivers, Processors, Exporters []string }
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &got), text)
	assert.Equal(t, []any{"/logs/a b.txt"}, got.Receivers["file_log"].(map[string]any)["include"])
	assert.Equal(t, map[string]struct{ Endpoint string }{
		"otlp_grpc": {"127.0.0.1:5"}, "otlp_grpc/raw": {"127.0.0.1:6"},
		"otlp_grpc/backend0": {"127.0.0.1:7"}, "otlp_grpc/backend1": {"127.0.0.1:8"},
	}, got.Exporters)
	processed := []string{"gateway_semconv"}
	assert.Equal(t, map[string]struct{ Receivers, Processors, Exporters []string }{
		"traces":     {[]string{"otlp", "zipkin"}, processed, []string{"otlp_grpc", "otlp_grpc/backend0", "otlp_grpc/backend1"}},
		"logs":       {[]string{"otlp", "file_log"}, processed, []string{"otlp_grpc"}},
		"traces/raw": {[]string{"otlp", "zipkin"}, nil, []string{"otlp_grpc/raw"}},
		"logs/raw":   {[]string{"otlp", "file_log"}, nil, []string{"otlp_grpc/raw"}},
	}, got.Service.Pipelines)
}

func TestConfigWithoutSecondOutput(t *testing.T) {
	text, err := Config{Export: "127.0.0.1:5"}.YAML()
	require.NoError(t, err)
	assert.NotContains(t, text, "raw")
	assert.NotContains(t, text, "file_log")
	assert.NotContains(t, text, "backend")
}
