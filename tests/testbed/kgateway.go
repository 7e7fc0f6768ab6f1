package testbed

import (
	"bytes"
	"embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"
)

const (
	// KgatewayVersion is the version StartKgateway runs.
	KgatewayVersion = "2.4.2"
	// KgatewayEnvoyVersion is the Envoy in its proxy image (kgateway 2.4.2, Makefile, ENVOY_IMAGE).
	KgatewayEnvoyVersion = "1.38.3"

	kgatewayModule    = "github.com/kgateway-dev/kgateway/v2"
	gatewayAPIModule  = "sigs.k8s.io/gateway-api"
	istioModule       = "istio.io/istio"
	kgatewayNamespace = "kgateway-system"
	kgatewayXDSPort   = "9977"
	kgatewayHealth    = "127.0.0.1:9093"
)

//go:embed testdata/kgateway/*.yaml
var kgatewayObjects embed.FS

// KgatewayObjects returns the YAML documents of a file in testdata/kgateway.
func KgatewayObjects(tb testing.TB, file string) string {
	tb.Helper()
	text, err := kgatewayObjects.ReadFile("testdata/kgateway/" + file)
	if err != nil {
		tb.Fatalf("read objects: %v", err)
	}
	return string(text)
}

// NeedKgateway says in the table and by Binary's rules which program of kgateway, its proxy and its cluster is not
// installed, and makes sure that what comes out of their modules is there.
func NeedKgateway(tb testing.TB) {
	tb.Helper()
	need(tb, append([][2]string{{"kgateway", KgatewayVersion}, {"envoy", KgatewayEnvoyVersion}}, kubernetesPrograms...)...)
	for _, module := range []string{kgatewayModule, gatewayAPIModule} {
		if _, err := moduleDir(tb.Context(), "kgateway", KgatewayVersion, module); err != nil {
			tb.Fatal(err)
		}
	}
	if _, err := moduleDir(tb.Context(), "kwok", kwokVersion, kwokModule); err != nil {
		tb.Fatal(err)
	}
}

// StartKgateway gives the cluster the kinds of the Gateway API and of kgateway, runs kgateway's controller until the end
// of the test, and answers the names of the cluster's Services on port 53, where proxies look the controller up.
func StartKgateway(tb testing.TB, k *Kubernetes) {
	tb.Helper()
	k.Apply(tb, gatewayAPIKinds(tb))
	k.Apply(tb, kgatewayKinds(tb))
	k.Apply(tb, KgatewayObjects(tb, "system.yaml"))
	startServiceDNS(tb, k.Client)
	Start(tb, Command{
		Name: "kgateway " + KgatewayVersion,
		Path: Binary(tb, "kgateway", KgatewayVersion, "kgateway"),
		// kgateway 2.4.2, install/helm/kgateway/templates/deployment.yaml with the defaults of values.yaml. The limits of the
		// pod's resources, GOMEMLIMIT and GOMAXPROCS, have no values there.
		Env: append(slices.Clone(clusterEnv),
			"KUBECONFIG="+k.Kubeconfig(),
			"KGW_LOG_LEVEL=info",
			"KGW_ADMIN_BIND_ADDRESS=localhost",
			"KGW_XDS_SERVICE_NAME=kgateway",
			"KGW_XDS_SERVICE_PORT="+kgatewayXDSPort,
			"KGW_DEFAULT_IMAGE_REGISTRY=cr.kgateway.dev/kgateway-dev",
			"KGW_DEFAULT_IMAGE_TAG=v"+KgatewayVersion,
			"KGW_DEFAULT_IMAGE_PULL_POLICY=IfNotPresent",
			"KGW_DISCOVERY_NAMESPACE_SELECTORS=[]",
			"KGW_SERVICE_ENTRIES_EXCLUSION_LABEL_SELECTORS=[]",
			"KGW_POLICY_MERGE={}",
			"KGW_VALIDATION_MODE=standard",
			"KGW_ENABLE_AWS_EC2_DISCOVERY=false",
			"KGW_AWS_EC2_REFRESH_INTERVAL=30s",
			"KGW_GATEWAY_CLASS_PARAMETERS_REFS={}",
			"POD_NAMESPACE="+kgatewayNamespace,
			// Not from the chart: its default, listening on [::], fails on a machine without IPv6.
			fmt.Sprintf("KGW_LISTENER_BIND_IPV6=%t", hasIPv6()),
		),
		Ready:        HTTPReady("http://" + kgatewayHealth + "/readyz"),
		ReadyTimeout: clusterTimeout,
	})
}

// GatewayKinds are the definitions of the Gateway API and of the objects of kgateway, Envoy Gateway and Istio, as YAML
// documents. Istio's are those of the version that kgateway was built with. Both gateways have to be installed, by Binary's
// rules.
func GatewayKinds(tb testing.TB) string {
	tb.Helper()
	Binary(tb, "kgateway", KgatewayVersion, "kgateway")
	Binary(tb, "envoy-gateway", EnvoyGatewayVersion, "envoy-gateway")
	istio, err := moduleDir(tb.Context(), "kgateway", KgatewayVersion, istioModule)
	if err != nil {
		tb.Fatal(err)
	}
	return gatewayAPIKinds(tb) + kgatewayKinds(tb) + envoyGatewayKinds(tb) +
		documents(tb, filepath.Join(istio, "manifests", "charts", "base", "files", "crd-all.gen.yaml"))
}

// gatewayAPIKinds are the definitions of the experimental channel, of the version that kgateway was built with.
func gatewayAPIKinds(tb testing.TB) string {
	tb.Helper()
	dir, err := moduleDir(tb.Context(), "kgateway", KgatewayVersion, gatewayAPIModule)
	if err != nil {
		tb.Fatal(err)
	}
	return documents(tb, filepath.Join(dir, "config", "crd", "experimental", "gateway.networking.k8s.io_*.yaml"))
}

// kgatewayKinds are the definitions of kgateway's chart. They are templates, if only to get braces past Helm.
func kgatewayKinds(tb testing.TB) string {
	tb.Helper()
	dir, err := moduleDir(tb.Context(), "kgateway", KgatewayVersion, kgatewayModule)
	if err != nil {
		tb.Fatal(err)
	}
	text := documents(tb, filepath.Join(dir, "install", "helm", "kgateway-crds", "templates", "*.yaml"))
	chart, err := template.New("kgateway-crds").Parse(text)
	var b bytes.Buffer
	if err == nil {
		err = chart.Execute(&b, nil)
	}
	if err != nil {
		tb.Fatalf("render the kinds of kgateway: %v", err)
	}
	return b.String()
}

// documents joins the YAML files that match the pattern.
func documents(tb testing.TB, pattern string) string {
	tb.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		tb.Fatalf("no file matches %s: %v", pattern, err)
	}
	slices.Sort(files)
	var b strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		fmt.Fprintf(&b, "---\n%s\n", text)
	}
	return b.String()
}

func hasIPv6() bool {
	listener, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	return listener.Close() == nil
}
