package testbed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/replay/collector"
)

// StartConvertingCollector is StartCollector with the one option that changes what a backend for model calls shows:
// prompts and completions become the messages of the conventions (content: convert), whatever a gateway calls them.
func StartConvertingCollector(tb testing.TB, opts CollectorOptions) *Collector {
	tb.Helper()
	c := &Collector{Before: startSink(tb), After: startSink(tb)}
	c.config = collector.Config{
		OTLPGRPC: FreeAddress(tb),
		OTLPHTTP: FreeAddress(tb),
		Zipkin:   FreeAddress(tb),
		Health:   FreeAddress(tb),
		Export:   c.After.Endpoint(),
		Raw:      c.Before.Endpoint(),
		Backends: opts.Backends,
	}
	if os.Getenv(withoutProcessorEnv) == "" {
		c.config.Processors = []string{"gateway_semconv"}
	}
	text, err := c.config.YAML()
	require.NoError(tb, err)
	text = strings.Replace(text, "gateway_semconv: {}", "gateway_semconv: {gen_ai: {content: convert}}", 1)
	dir := tb.TempDir()
	file := filepath.Join(dir, "config.yaml")
	require.NoError(tb, os.WriteFile(file, []byte(text), 0o600))
	c.Process = Start(tb, Command{
		Name:  "otelcol-gatehouse",
		Path:  CollectorBinary(tb),
		Args:  []string{"--config", file},
		Dir:   dir,
		Ready: HTTPReady("http://" + c.config.Health + "/"),
	})
	return c
}
