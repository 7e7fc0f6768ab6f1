package testbed

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// EnvoyGatewayVersion is the pinned Envoy Gateway. It drives Envoy standaloneEnvoy.
	EnvoyGatewayVersion = "1.9.1"

	envoyGatewayModule = "github.com/envoyproxy/gateway"
)

// envoyGatewayPorts are the ports Envoy Gateway and its Envoy take whatever they are told: xDS, xDS of the rate limit
// service, the wasm server, its administration, metrics, readiness of Envoy, health of the file provider (Envoy Gateway 1.9.1,
// internal/xds/bootstrap, internal/infrastructure/kubernetes/ratelimit, internal/wasm, internal/provider/file).
var envoyGatewayPorts = []int{18000, 18001, 18002, 19000, 19001, 19003, 8081}

// envoyGatewayStart is how long Envoy Gateway may take until its Envoy has routes: certificates come first.
const envoyGatewayStart = 90 * time.Second

// EnvoyGatewayOptions say what is around an Envoy Gateway.
type EnvoyGatewayOptions struct {
	Collector string // OTLP/gRPC receiver of spans and log records, host:port
	Upstream  string // host:port
	LogFile   string // of the file access log, in the default JSON format
}

// EnvoyGateway is a running Envoy Gateway, standalone, with its Envoy. Its Gateway API resources are those of
// testdata/envoygateway/resources.yaml.tmpl.
type EnvoyGateway struct {
	*Process
	port int
}

var (
	//go:embed testdata/envoygateway/config.yaml.tmpl
	envoyGatewayText string
	//go:embed testdata/envoygateway/resources.yaml.tmpl
	envoyGatewayResourcesText string

	envoyGatewayConfig    = template.Must(template.New("config.yaml").Parse(envoyGatewayText))
	envoyGatewayResources = template.Must(template.New("resources.yaml").Parse(envoyGatewayResourcesText))
)

// StartEnvoyGateway runs Envoy Gateway with the file provider until the end of the test, without Kubernetes: the same
// translation from Gateway API objects to Envoy's configuration.
func StartEnvoyGateway(tb testing.TB, opts EnvoyGatewayOptions) *EnvoyGateway {
	tb.Helper()
	binary := Binary(tb, "envoy-gateway", EnvoyGatewayVersion, "envoy-gateway")
	requireFree(tb, "envoy gateway", envoyGatewayPorts)
	dirs := newEnvoyHome(tb)
	g := &EnvoyGateway{port: FreePort(tb)}
	resources := filepath.Join(dirs.home, "resources")
	require.NoError(tb, os.MkdirAll(resources, 0o700))
	write := func(path string, tmpl *template.Template, values map[string]string) {
		var text strings.Builder
		require.NoError(tb, tmpl.Execute(&text, values))
		require.NoError(tb, os.WriteFile(path, []byte(text.String()), 0o600))
	}
	write(filepath.Join(resources, "resources.yaml"), envoyGatewayResources, map[string]string{
		"Port":         strconv.Itoa(g.port),
		"Envoy":        standaloneEnvoy,
		"OTLPPort":     strconv.Itoa(PortOf(opts.Collector)),
		"UpstreamPort": strconv.Itoa(PortOf(opts.Upstream)),
		"DeadPort":     strconv.Itoa(FreePort(tb)),
		"LogFile":      opts.LogFile,
	})
	config := filepath.Join(dirs.home, "config.yaml")
	write(config, envoyGatewayConfig, map[string]string{
		"Resources": resources, "Config": dirs.config, "Data": dirs.data, "State": dirs.state, "Runtime": dirs.runtime,
	})
	// Certificates between control plane and proxy, which it would ask a cluster for.
	certgen := exec.CommandContext(tb.Context(), binary, "certgen", "--local", "--config-home", dirs.config)
	certgen.Env = append(os.Environ(), dirs.environment()...)
	certgen.SysProcAttr = ownGroup(nil)
	output, err := certgen.CombinedOutput()
	require.NoError(tb, err, "make certificates: %s", output)
	g.Process = Start(tb, Command{
		Name:         "envoy gateway " + EnvoyGatewayVersion,
		Path:         binary,
		Args:         []string{"server", "--config-path", config},
		Dir:          dirs.home,
		Env:          dirs.environment(),
		Ready:        TCPReady(g.Address()),
		ReadyTimeout: envoyGatewayStart,
	})
	return g
}

// envoyGatewayKinds are the definitions of Envoy Gateway's chart.
func envoyGatewayKinds(tb testing.TB) string {
	tb.Helper()
	dir, err := moduleDir(tb.Context(), "envoy-gateway", EnvoyGatewayVersion, envoyGatewayModule)
	if err != nil {
		tb.Fatal(err)
	}
	return documents(tb, filepath.Join(dir, "charts", "gateway-helm", "charts", "crds", "crds", "generated", "*.yaml"))
}

// Address is host:port of the Gateway's listener.
func (g *EnvoyGateway) Address() string { return Loopback(g.port) }
