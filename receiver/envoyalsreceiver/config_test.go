package envoyalsreceiver

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/gatehouse-otel/gatehouse/receiver/envoyalsreceiver/internal/als"
	"github.com/gatehouse-otel/gatehouse/receiver/envoyalsreceiver/internal/metadata"
)

func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	sub, err := conf.Sub(component.NewIDWithName(metadata.Type, name).String())
	require.NoError(t, err)
	if err := sub.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, "empty")
	require.NoError(t, err)
	assert.Equal(t, createDefaultConfig(), cfg)
	assert.Equal(t, "localhost:19001", cfg.ServerConfig.NetAddr.Endpoint)

	// Its files are not there, which is all that is wrong with it.
	cfg, err = load(t, "everything")
	require.ErrorContains(t, err, "tls::cert_file, tls::key_file: ")
	require.ErrorContains(t, err, "server.pem: no such file or directory: want a certificate and its key in PEM")
	require.ErrorContains(t, err, "tls::client_ca_file: ")
	require.ErrorContains(t, err, "ca.pem: no such file or directory: want certificates in PEM")
	assert.Len(t, strings.Split(err.Error(), "\n"), 2)
	assert.Equal(t, "0.0.0.0:9191", cfg.ServerConfig.NetAddr.Endpoint)
	assert.Equal(t, 16, cfg.ServerConfig.MaxRecvMsgSizeMiB)
	assert.EqualValues(t, 100, cfg.ServerConfig.MaxConcurrentStreams)
	assert.True(t, cfg.ServerConfig.IncludeMetadata)
	assert.Equal(t, "ca.pem", cfg.ServerConfig.TLS.Get().ClientCAFile)
	assert.Equal(t, 10*time.Minute, cfg.ServerConfig.Keepalive.Get().ServerParameters.Get().MaxConnectionAge)
	assert.Equal(t, "basicauth", cfg.ServerConfig.Auth.Get().AuthenticatorID.String())
	assert.Equal(t, EntriesAll, cfg.Entries)
	assert.Equal(t, 12, cfg.MaxStreams)
	assert.Equal(t, time.Second, cfg.RetryOnFailure.InitialInterval)
	assert.Equal(t, 10*time.Second, cfg.RetryOnFailure.MaxInterval)
	assert.Equal(t, time.Minute, cfg.RetryOnFailure.MaxElapsedTime)
	assert.Equal(t, []string{"token"}, cfg.URL.RedactQuery)
	assert.True(t, cfg.URL.IgnoreCase)
	assert.Equal(t, als.Options{
		Intermediate: true, NodeMetadata: []string{"role", "CLUSTER_ID"}, Secrets: map[string]bool{"x-session": true},
	}, cfg.decoding())

	_, err = load(t, "no_retry")
	require.NoError(t, err)
}

// TestConfigRefused checks that every wrong value is reported at once, with its field and the way out.
func TestConfigRefused(t *testing.T) {
	t.Parallel()
	_, err := load(t, "unknown_key")
	require.ErrorContains(t, err, "entry")

	_, err = load(t, "wrong")
	for _, want := range []string{
		`endpoint: it is empty: name an address and port to listen on, such as localhost:19001`,
		`entries: "some" is not possible, want one of ends, all`,
		`dynamic_metadata: "maybe" is not possible, want one of keep, drop`,
		`filter_state: "perhaps" is not possible, want one of keep, drop`,
		`node_metadata: "" is not a name: remove it`,
		`max_streams: 0 would serve nobody`,
		`retry_on_failure: 0s growing`,
		`url::redact_query: "" is not a name: remove it`,
		`header_attributes::redact: "" is not a name: remove it`,
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = load(t, "slow_retry")
	require.ErrorContains(t, err, "want initial_interval above 0, max_interval not below it and multiplier 1 or more")

	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := createDefaultConfig().(*Config)
		change(cfg)
		require.ErrorContains(t, cfg.Validate(), want)
	}
	for _, m := range []float64{math.Inf(1), math.NaN(), 1e300, 1001, 0.5} {
		f(func(c *Config) { c.RetryOnFailure.Multiplier = m }, "multiplier 1 or more, at most 1000")
	}
	for _, r := range []float64{math.Inf(1), math.NaN(), -0.1, 1.1} {
		f(func(c *Config) { c.RetryOnFailure.RandomizationFactor = r }, "want a number from 0 to 1")
	}
	f(func(c *Config) { c.RetryOnFailure.MaxInterval = math.MaxInt64 }, "want 24h0m0s or less")
	for _, port := range []string{"65536", "-1", "99999999999999999999"} {
		f(func(c *Config) { c.ServerConfig.NetAddr.Endpoint = "localhost:" + port }, "has no possible port: want a number from 0 to 65535")
	}
	f(func(c *Config) { c.ServerConfig.NetAddr.Endpoint = "localhost" }, `endpoint: "localhost" has no port`)
	f(func(c *Config) { c.ServerConfig.NetAddr.Transport = "udp" }, `transport: "udp" carries no streams`)
	f(func(c *Config) { c.MaxHeldSize = 4<<20 - 1 }, "max_held_size: 4194303 is below the largest message, 4194304 bytes")
	for _, n := range []int{2048, math.MaxInt} {
		f(func(c *Config) { c.ServerConfig.MaxRecvMsgSizeMiB, c.MaxHeldSize = n, math.MaxInt64 }, "is too much: want 2047 at most")
	}
	f(func(c *Config) { c.ServerConfig.MaxRecvMsgSizeMiB = 65 }, "raise the one or lower the other")

	cfg := createDefaultConfig().(*Config)
	cfg.ServerConfig.NetAddr.Transport, cfg.ServerConfig.NetAddr.Endpoint = "unix", "als.sock"
	require.NoError(t, cfg.Validate())
}
