package components

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/otelcol/otelcoltest"

	"github.com/gatehouse-otel/gatehouse/internal/doccheck"
)

// setVariables sets what the shipped configurations expect from their surroundings.
func setVariables(t *testing.T) {
	t.Helper()
	t.Setenv("OTLP_ENDPOINT", "localhost:4317")
	t.Setenv("GATEHOUSE_OUTPUT", t.TempDir())
	t.Setenv("GATEHOUSE_STORAGE", t.TempDir())
}

// files returns the files of a folder of the repository, and of the folders below it, that end in the suffix.
func files(t *testing.T, dir, suffix string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(filepath.Join(root, dir), func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (strings.HasPrefix(name, "_") || name == "testdata" || name == ".git"):
			return fs.SkipDir
		case !entry.IsDir() && strings.HasSuffix(name, suffix):
			found = append(found, path)
		}
		return nil
	})
	require.NoError(t, err)
	return found
}

// assertLoads checks that the configuration in file is valid and uses no deprecated component name.
func assertLoads(t *testing.T, file string) {
	t.Helper()
	factories, err := Factories()
	require.NoError(t, err)
	cfg, err := otelcoltest.LoadConfigAndValidate(file, factories)
	require.NoError(t, err)
	assertCurrent(t, cfg.Receivers, factories.Receivers)
	assertCurrent(t, cfg.Processors, factories.Processors)
	assertCurrent(t, cfg.Exporters, factories.Exporters)
	assertCurrent(t, cfg.Connectors, factories.Connectors)
	assertCurrent(t, cfg.Extensions, factories.Extensions)
}

// assertCurrent checks that no component is configured under an alias: the Collector accepts those with a warning, and
// what we ship should not warn.
func assertCurrent[F component.Factory](t *testing.T, configs map[component.ID]component.Config, factories map[component.Type]F) {
	t.Helper()
	for id := range configs {
		assert.Equalf(t, factories[id.Type()].Type(), id.Type(), "%s is a deprecated name", id)
	}
}

// TestConnectionIsLeftToGatewayIdentity: k8s_attributes would take whoever is at the other end of the connection for the
// sender, and so give the gateway's pod to applications that send through a gateway.
func TestConnectionIsLeftToGatewayIdentity(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join(root, "distributions", "otelcol-gatehouse", "config.yaml"))
	require.NoError(t, err)
	rules, ok := conf.Get("processors::k8s_attributes::pod_association").([]any)
	require.True(t, ok)
	require.NotEmpty(t, rules, "without any rule it goes by the connection")
	assert.NotContains(t, fmt.Sprint(rules), "connection")
}

func TestShippedConfigs(t *testing.T) {
	setVariables(t)
	shipped := slices.Concat(files(t, "distributions", ".yaml"), files(t, "confmap/embeddedprovider", ".yaml"))
	// Manifests of Kubernetes are configurations of something else.
	shipped = slices.DeleteFunc(shipped, func(file string) bool { return strings.Contains(filepath.ToSlash(file), "/kubernetes/") })
	// Three are known today: fewer means that the folders moved and this test looks at nothing.
	require.GreaterOrEqual(t, len(shipped), 3)
	for _, file := range shipped {
		t.Run(filepath.Base(file), func(t *testing.T) {
			assertLoads(t, file)
		})
	}
}

// TestContainerConfigNeedsEndpoint: an unset OTLP_ENDPOINT stops the start and says which option is missing.
func TestContainerConfigNeedsEndpoint(t *testing.T) {
	setVariables(t)
	t.Setenv("OTLP_ENDPOINT", "")
	factories, err := Factories()
	require.NoError(t, err)
	for _, name := range []string{"config.yaml", "file-log.yaml"} {
		_, err = otelcoltest.LoadConfigAndValidate(filepath.Join(root, "distributions/otelcol-gatehouse", name), factories)
		assert.ErrorContains(t, err, `exporters::otlp_grpc: requires a non-empty "endpoint"`, name)
	}
}

// TestContainerConfigHeaders: what OTLP_HEADERS holds goes with every request to the backend; without it there are none.
func TestContainerConfigHeaders(t *testing.T) {
	factories, err := Factories()
	require.NoError(t, err)
	for value, want := range map[string]map[string]string{
		"":                            {},
		`{x-api-key: "a b=c:d"}`:      {"x-api-key": "a b=c:d"},
		"x-api-key: a\nx-team: \"7\"": {"x-api-key": "a", "x-team": "7"},
	} {
		t.Run(value, func(t *testing.T) { // each with variables of its own
			setVariables(t)
			if value != "" {
				t.Setenv("OTLP_HEADERS", value)
			}
			cfg, err := otelcoltest.LoadConfigAndValidate(filepath.Join(root, "distributions/otelcol-gatehouse/config.yaml"), factories)
			require.NoError(t, err)
			got := map[string]string{}
			for name, text := range cfg.Exporters[component.MustNewID("otlp_grpc")].(*otlpexporter.Config).ClientConfig.Headers.Iter {
				got[name] = string(text)
			}
			assert.Equal(t, want, got)
		})
	}
}

// TestDocumentedConfigs loads every block that a document opens with "```yaml collector". A block without a service
// section shows a part of a configuration; a pipeline of each kind is built around it.
func TestDocumentedConfigs(t *testing.T) {
	setVariables(t)
	loaded := 0
	for _, file := range files(t, ".", ".md") {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, block := range doccheck.Parse(string(content)).Blocks {
			if !block.Is("yaml", "collector") {
				continue
			}
			t.Run(fmt.Sprintf("%s:%d", file, block.Line), func(t *testing.T) {
				assertLoads(t, writeCompleted(t, block.Text))
			})
			loaded++
		}
	}
	assert.NotZero(t, loaded)
}

// writeCompleted writes the configuration to a file and returns its name. What is needed to make it a whole one is added.
func writeCompleted(t *testing.T, text string) string {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(text))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	raw := conf.ToStringMap()
	if raw["service"] == nil {
		names := func(section string, fallback map[string]any) []string {
			if configured, ok := raw[section].(map[string]any); ok {
				return slices.Sorted(maps.Keys(configured))
			}
			if fallback != nil {
				raw[section] = fallback
			}
			return slices.Sorted(maps.Keys(fallback))
		}
		pipeline := map[string]any{
			"receivers":  names("receivers", map[string]any{"otlp": map[string]any{"protocols": map[string]any{"grpc": nil}}}),
			"processors": names("processors", nil),
			"exporters":  names("exporters", map[string]any{"nop": nil}),
		}
		raw["service"] = map[string]any{
			"extensions": names("extensions", nil),
			"pipelines":  map[string]any{"traces": pipeline, "logs": pipeline},
		}
	}
	// JSON is YAML, and the standard library writes it.
	completed, err := json.Marshal(raw)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, completed, 0o600))
	return file
}

func TestWriteCompleted(t *testing.T) {
	t.Parallel()
	load := func(text string) (*otelcol.Config, error) {
		factories, err := Factories()
		require.NoError(t, err)
		return otelcoltest.LoadConfigAndValidate(writeCompleted(t, text), factories)
	}
	cfg, err := load("processors:\n  memory_limiter:\n    check_interval: 1s\n    limit_mib: 64\n  filter:\n")
	require.NoError(t, err)
	assert.Len(t, cfg.Service.Pipelines, 2)
	assert.Len(t, cfg.Processors, 2)
	assert.Len(t, cfg.Exporters, 1)

	_, err = load("processors:\n  filter:\n    no_such_option: 1\n")
	require.ErrorContains(t, err, "no_such_option")
	// A whole configuration is loaded as it is.
	_, err = load("receivers:\n  zipkin:\nexporters:\n  nop:\nservice:\n  pipelines:\n    traces:\n" +
		"      receivers: [zipkin]\n      exporters: [debug]\n")
	assert.ErrorContains(t, err, `references exporter "debug" which is not configured`)
}
