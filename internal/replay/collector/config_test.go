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

func TestConfigWithGatewayReceivers(t *testing.T) {
	cfg := Config{
		Export: "127.0.0.1:5", Raw: "127.0.0.1:6", EnvoyALS: "127.0.0.1:7", KongHTTP: "127.0.0.1:8", KongTCP: "127.0.0.1:9",
		KongUDP: "127.0.0.1:10", Metrics: "127.0.0.1:11", Queue: 4,
	}
	text, err := cfg.YAML()
	require.NoError(t, err)
	var got struct {
		Receivers struct {
			EnvoyALS map[string]string `yaml:"envoy_als"`
			KongLog  struct {
				Protocols map[string]map[string]string
			} `yaml:"kong_log"`
		}
		Exporters map[string]struct {
			Queue struct {
				Size int `yaml:"queue_size"`
			} `yaml:"sending_queue"`
		}
		Service struct {
			Telemetry struct{ Metrics struct{ Level string } }
			Pipelines map[string]struct{ Receivers []string }
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &got), text)
	assert.Equal(t, map[string]string{"endpoint": "127.0.0.1:7"}, got.Receivers.EnvoyALS)
	assert.Equal(t, map[string]map[string]string{
		"http": {"endpoint": "127.0.0.1:8"}, "tcp": {"endpoint": "127.0.0.1:9"}, "udp": {"endpoint": "127.0.0.1:10"},
	}, got.Receivers.KongLog.Protocols)
	assert.Equal(t, 4, got.Exporters["otlp_grpc"].Queue.Size)
	assert.Zero(t, got.Exporters["otlp_grpc/raw"].Queue.Size)
	assert.Equal(t, "detailed", got.Service.Telemetry.Metrics.Level)
	for _, pipeline := range []string{"logs", "logs/raw"} {
		assert.Equal(t, []string{"otlp", "envoy_als", "kong_log"}, got.Service.Pipelines[pipeline].Receivers)
	}
}

func TestConfigRefusesMetricsWithoutPort(t *testing.T) {
	_, err := Config{Metrics: "127.0.0.1"}.YAML()
	require.ErrorContains(t, err, "want host:port")
}

func TestConfigWithoutSecondOutput(t *testing.T) {
	text, err := Config{Export: "127.0.0.1:5"}.YAML()
	require.NoError(t, err)
	assert.NotContains(t, text, "raw")
	assert.NotContains(t, text, "file_log")
	assert.NotContains(t, text, "backend")
	assert.NotContains(t, text, "envoy_als")
	assert.NotContains(t, text, "kong_log")
	assert.NotContains(t, text, "queue_size")
	assert.Contains(t, text, "level: none")
}
