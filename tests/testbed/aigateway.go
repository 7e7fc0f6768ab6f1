package testbed

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	aigwVersion = "0.1.0a7" // of the Python package
	// AIGatewayVersion is what the program in it says it is.
	AIGatewayVersion = "1.2.0"
	// standaloneEnvoy is the proxy that Envoy AI Gateway and Envoy Gateway are given. Both would download one otherwise.
	standaloneEnvoy = "1.40.0"
	// aigwPort is the listener of the configuration that aigw makes from the environment
	// (Envoy AI Gateway 1.2.0, internal/autoconfig/config.yaml.tmpl). It cannot be told another.
	aigwPort = 1975
)

// aigwPorts are the ports aigw takes whatever it is told: its listener, its extension server and its MCP proxy
// (cmd/aigw/run.go, internal/internalapi), and those of the Envoy Gateway inside.
var aigwPorts = append([]int{aigwPort, 1061, 9856}, envoyGatewayPorts...)

// AIGateway is a running Envoy AI Gateway, standalone, with its Envoy.
type AIGateway struct{ *Process }

// Address is the listener's host:port. Clients of OpenAI's API add http:// and /v1.
func (*AIGateway) Address() string { return Loopback(aigwPort) }

// StartAIGateway runs Envoy AI Gateway as its quick start does: no configuration file, a provider and a collector named in
// the environment. Spans, access logs and metrics leave over OTLP/gRPC. serviceName becomes OTEL_SERVICE_NAME.
func StartAIGateway(tb testing.TB, serviceName, otlpGRPC string, model *ModelServer) *AIGateway {
	tb.Helper()
	binary := Binary(tb, "aigw", aigwVersion, "aigw")
	requireFree(tb, "envoy AI gateway", aigwPorts)
	dirs := newEnvoyHome(tb)
	admin := FreePort(tb)
	ready := HTTPReady("http://" + Loopback(admin) + "/health")
	listening := TCPReady(Loopback(aigwPort))
	return &AIGateway{Start(tb, Command{
		Name: "envoy AI gateway " + AIGatewayVersion,
		Path: binary,
		Args: []string{"run", "--admin-port", strconv.Itoa(admin), "--run-id", "0"},
		Env: append(
			dirs.environment(),
			"AIGW_CONFIG_HOME="+dirs.config, "AIGW_DATA_HOME="+dirs.data,
			"AIGW_STATE_HOME="+dirs.state, "AIGW_RUNTIME_DIR="+dirs.runtime,
			"OPENAI_BASE_URL="+model.BaseURL(), "OPENAI_API_KEY=testbed-key",
			"OTEL_SERVICE_NAME="+serviceName,
			"OTEL_EXPORTER_OTLP_ENDPOINT=http://"+otlpGRPC, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
			"OTEL_BSP_SCHEDULE_DELAY=100", // milliseconds until spans are handed over
			"OTEL_METRICS_EXPORTER=none",  // the Collector under test has no metrics pipeline
		),
		Ready: func(ctx context.Context) error {
			if err := ready(ctx); err != nil {
				return err
			}
			return listening(ctx)
		},
	})}
}

// envoyHome are the folders of a control plane that runs Envoy by itself, none of them the user's own.
type envoyHome struct{ home, config, data, state, runtime string }

// newEnvoyHome makes the folders and places Envoy where func-e, which both Envoy gateways use to run it, looks for one of
// that version before it downloads it (func-e 1.5, internal/envoy).
func newEnvoyHome(tb testing.TB) envoyHome {
	tb.Helper()
	home := tb.TempDir()
	runtime, err := os.MkdirTemp("", "bed") //nolint:usetesting // for unix sockets, whose paths have 107 bytes at most
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = os.RemoveAll(runtime) }) // an empty folder or a socket may be left
	d := envoyHome{
		home: home, runtime: runtime,
		config: filepath.Join(home, "config"), data: filepath.Join(home, "data"), state: filepath.Join(home, "state"),
	}
	bin := filepath.Join(d.data, "envoy-versions", standaloneEnvoy, "bin")
	for _, dir := range []string{d.config, bin, d.state} {
		require.NoError(tb, os.MkdirAll(dir, 0o700))
	}
	require.NoError(tb, os.Symlink(Binary(tb, "envoy", standaloneEnvoy, "envoy"), filepath.Join(bin, "envoy")))
	require.NoError(tb, os.WriteFile(filepath.Join(d.config, "envoy-version"), []byte(standaloneEnvoy), 0o600))
	return d
}

// environment keeps what has no option of its own, the certificates for one, out of the user's home.
func (d envoyHome) environment() []string {
	return []string{"HOME=" + d.home, "XDG_CONFIG_HOME=" + d.config, "XDG_DATA_HOME=" + d.data, "XDG_STATE_HOME=" + d.state}
}

// requireFree fails the test with the ports that somebody else has, instead of a log of a program that did not start. The
// program before may still be closing them.
func requireFree(tb testing.TB, program string, ports []int) {
	tb.Helper()
	Eventually(tb, 10*time.Second, program+" takes ports that nobody may have", func(context.Context) error {
		for _, port := range ports {
			listener, err := net.Listen("tcp", ":"+strconv.Itoa(port))
			if err != nil {
				return fmt.Errorf("port %d: %w", port, err)
			}
			if err = listener.Close(); err != nil {
				return fmt.Errorf("port %d: %w", port, err)
			}
		}
		return nil
	})
}
