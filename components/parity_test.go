package components

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// root is the repository, seen from this folder.
const root = ".."

// module is one entry of the manifest.
type module struct {
	path, version string
	// importPath is the package with NewFactory; the module's own path unless the entry says otherwise.
	importPath string
	// dir is where the module is, for one that is not downloaded.
	dir string
}

// readManifest returns the entries of builder-config.yaml by section: receivers, processors and so on.
func readManifest(t *testing.T) map[string][]module {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "builder-config.yaml"))
	require.NoError(t, err)
	retrieved, err := confmap.NewRetrievedFromYAML(content)
	require.NoError(t, err)
	raw, err := retrieved.AsRaw()
	require.NoError(t, err)

	manifest := map[string][]module{}
	for section, entries := range raw.(map[string]any) {
		list, ok := entries.([]any)
		if !ok {
			require.Equal(t, "dist", section, "a section that is no list")
			continue
		}
		for _, entry := range list {
			fields := entry.(map[string]any)
			modulePath, version, ok := strings.Cut(fields["gomod"].(string), " ")
			require.Truef(t, ok, "%s: gomod %q has no version", section, modulePath)
			m := module{path: modulePath, version: version, importPath: modulePath}
			if importPath, ok := fields["import"].(string); ok {
				m.importPath = importPath
			}
			m.dir, _ = fields["path"].(string)
			manifest[section] = append(manifest[section], m)
		}
	}
	require.NotEmpty(t, manifest)
	return manifest
}

// readRegistry returns the packages whose NewFactory components.go calls, by the manifest's section. It reads the source,
// because a factory does not tell which package it comes from.
func readRegistry(t *testing.T) map[string][]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "components.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	imports := map[string]string{}
	for _, spec := range file.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		name := path.Base(importPath)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = importPath
	}

	registry := map[string][]string{}
	add := func(section string, calls []ast.Expr) {
		for _, call := range calls {
			selector := call.(*ast.CallExpr).Fun.(*ast.SelectorExpr)
			require.Equal(t, "NewFactory", selector.Sel.Name)
			registry[section] = append(registry[section], imports[selector.X.(*ast.Ident).Name])
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CallExpr:
			// otelcol.MakeFactoryMap[receiver.Factory](...)
			if generic, ok := node.Fun.(*ast.IndexExpr); ok {
				kind := generic.Index.(*ast.SelectorExpr).X.(*ast.Ident).Name
				add(kind+"s", node.Args)
			}
		case *ast.CompositeLit:
			// []confmap.ProviderFactory{...}
			if _, ok := node.Type.(*ast.ArrayType); ok {
				add("providers", node.Elts)
			}
		}
		return true
	})
	return registry
}

// versions returns the version of every module that a go.mod file requires.
func versions(t *testing.T, file string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	required := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^(?:require)?\s+(\S+) (v\S+)`).FindAllStringSubmatch(string(content), -1) {
		required[match[1]] = match[2]
	}
	require.NotEmpty(t, required)
	return required
}

func TestRegistryEqualsManifest(t *testing.T) {
	t.Parallel()
	manifest, registry := readManifest(t), readRegistry(t)
	for _, section := range []string{"receivers", "processors", "exporters", "connectors", "extensions", "providers"} {
		var want []string
		for _, m := range manifest[section] {
			want = append(want, m.importPath)
		}
		assert.NotEmpty(t, want, section)
		assert.ElementsMatch(t, want, registry[section], section)
		delete(manifest, section)
		delete(registry, section)
	}
	assert.Empty(t, manifest, "sections of builder-config.yaml that nobody compares")
	assert.Empty(t, registry, "factories in components.go that nobody compares")
}

func TestManifestVersions(t *testing.T) {
	t.Parallel()
	required := versions(t, "go.mod")
	for section, modules := range readManifest(t) {
		for _, m := range modules {
			if m.dir != "" {
				assert.Equal(t, "github.com/gatehouse-otel/gatehouse", m.path, section)
				assert.Equal(t, ".", m.dir, "%s: our module is the folder that ocb is started in", m.path)
				assert.DirExists(t, filepath.Join(root, strings.TrimPrefix(m.importPath, m.path)))
				continue
			}
			// Tests would otherwise start another Collector than the one that is built.
			assert.Equalf(t, required[m.path], m.version, "%s: %s in builder-config.yaml and in go.mod", section, m.path)
		}
	}
	// ocb writes the main package for the core of its own version, and mdatagen's output must fit it.
	tools := versions(t, "internal/tools/go.mod")
	core := required["go.opentelemetry.io/collector/otelcol"]
	assert.NotEmpty(t, core)
	assert.Equal(t, core, tools["go.opentelemetry.io/collector/cmd/builder"], "builder in internal/tools/go.mod")
	assert.Equal(t, core, tools["go.opentelemetry.io/collector/cmd/mdatagen"], "mdatagen in internal/tools/go.mod")
}

func TestFactories(t *testing.T) {
	t.Parallel()
	factories, err := Factories()
	require.NoError(t, err)
	assert.NotNil(t, factories.Telemetry)
}
