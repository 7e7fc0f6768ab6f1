// Package embeddedprovider is a confmap.Provider for configurations that are compiled into the binary.
//
// The scheme is "embedded": "embedded:laptop" is the content of laptop.yaml, so that
//
//	otelcol-gatehouse --config embedded:laptop
//
// starts on a machine that has nothing but the binary. It is not a place for anything that a site decides:
// a configuration here holds no endpoint of a backend and no credential, and a later --config overrides it.
//
// To add a configuration, put <name>.yaml beside this file; nothing else has to change.
package embeddedprovider

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

const schemeName = "embedded"

const extension = ".yaml"

//go:embed *.yaml
var files embed.FS

type provider struct{}

// NewFactory returns the factory that ocb's generated main and components.Providers register.
func NewFactory() confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider {
		return provider{}
	})
}

// Names returns the configurations that can follow "embedded:", sorted.
func Names() []string {
	// ReadDir fails only when the root of an embedded file system is missing, which the compiler rules out,
	// and it returns the entries in order.
	entries, _ := files.ReadDir(".")
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), extension))
	}
	return names
}

// Retrieve returns the configuration that uri, "embedded:<name>", names. It fails when uri has another scheme
// and when no such configuration exists; the message then lists those that do. The content never changes, so
// watcher is not used.
func (provider) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	name, ok := strings.CutPrefix(uri, schemeName+":")
	if !ok {
		return nil, fmt.Errorf("%q uri is not supported by %q provider, want %s:<name>", uri, schemeName, schemeName)
	}
	for _, known := range Names() {
		if name != known {
			continue
		}
		content, err := files.ReadFile(name + extension)
		if err != nil {
			return nil, fmt.Errorf("read embedded configuration %q: %w", name, err)
		}
		return confmap.NewRetrievedFromYAML(content)
	}
	return nil, fmt.Errorf("unknown embedded configuration %q, want one of: %s", name, strings.Join(Names(), ", "))
}

// Scheme returns "embedded".
func (provider) Scheme() string { return schemeName }

// Shutdown has nothing to release.
func (provider) Shutdown(context.Context) error { return nil }
