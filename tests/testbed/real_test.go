//go:build e2e

package testbed

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// A real program starts and stops with what the tests use.
func TestEnvoyStartsAndStops(t *testing.T) {
	admin := FreePort(t)
	file := filepath.Join(t.TempDir(), "envoy.yaml")
	config := fmt.Sprintf("admin: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}\n", admin)
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	p := Start(t, Command{
		Name:  "envoy 1.40.0",
		Path:  Binary(t, "envoy", "1.40.0", "envoy"),
		Args:  []string{"-c", file, "--use-dynamic-base-id"},
		Ready: HTTPReady("http://" + Loopback(admin) + "/ready"),
	})
	p.Stop()
	require.Contains(t, p.Log(), "exiting")
}

func TestCollectorStartsAndStops(t *testing.T) {
	c := StartCollector(t, CollectorOptions{})
	// It says that it is ready a moment before it listens to signals (otelcol v0.158.0, collector.go): once a span went
	// through, it does both.
	sender, err := replay.NewGRPCSender(c.OTLPGRPC())
	require.NoError(t, err)
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("probe")
	require.NoError(t, sender.SendTraces(t.Context(), td))
	c.Wait(t, 1, 0)
	require.NoError(t, sender.Close())
	c.Stop()
	require.Contains(t, c.Log(), "Shutdown complete")
}
