package embeddedprovider

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

func newTestProvider() confmap.Provider {
	return NewFactory().Create(confmaptest.NewNopProviderSettings())
}

func TestScheme(t *testing.T) {
	t.Parallel()
	p := newTestProvider()
	assert.Equal(t, "embedded", p.Scheme())
	assert.NoError(t, confmaptest.ValidateProviderScheme(p))
}

func TestNames(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"laptop"}, Names())
}

func TestRetrieve(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newTestProvider()
			retrieved, err := p.Retrieve(t.Context(), "embedded:"+name, nil)
			require.NoError(t, err)
			got, err := retrieved.AsRaw()
			require.NoError(t, err)

			// The file on disk and the copy in the binary are the same text, variables not yet expanded.
			content, err := os.ReadFile(name + ".yaml")
			require.NoError(t, err)
			onDisk, err := confmap.NewRetrievedFromYAML(content)
			require.NoError(t, err)
			want, err := onDisk.AsRaw()
			require.NoError(t, err)
			assert.Equal(t, want, got)

			conf, err := retrieved.AsConf()
			require.NoError(t, err)
			assert.True(t, conf.IsSet("service::pipelines"))

			require.NoError(t, retrieved.Close(t.Context()))
			require.NoError(t, p.Shutdown(t.Context()))
		})
	}
}

func TestRetrieveErrors(t *testing.T) {
	t.Parallel()
	f := func(uri, want string) {
		t.Helper()
		_, err := newTestProvider().Retrieve(t.Context(), uri, nil)
		assert.EqualError(t, err, want)
	}
	f("embedded:desktop", `unknown embedded configuration "desktop", want one of: laptop`)
	f("embedded:", `unknown embedded configuration "", want one of: laptop`)
	// A name is not a path: neither the extension nor a way out of the folder is understood.
	f("embedded:laptop.yaml", `unknown embedded configuration "laptop.yaml", want one of: laptop`)
	f("embedded:../embeddedprovider/laptop", `unknown embedded configuration "../embeddedprovider/laptop", want one of: laptop`)
	f("embedded:LAPTOP", `unknown embedded configuration "LAPTOP", want one of: laptop`)
	f("file:laptop", `"file:laptop" uri is not supported by "embedded" provider, want embedded:<name>`)
	f("laptop", `"laptop" uri is not supported by "embedded" provider, want embedded:<name>`)
	f("", `"" uri is not supported by "embedded" provider, want embedded:<name>`)
}
