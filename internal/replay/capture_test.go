package replay

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const capturesRoot = "../../tests/captures"

func TestParseName(t *testing.T) {
	t.Parallel()
	f := func(name string, want Capture) {
		t.Helper()
		got, err := parseName(name)
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
	f("kong/3.9.3-postgres-traces.jsonl", Capture{
		Gateway: "kong", Version: "3.9.3", Name: "postgres-traces", Signal: SignalTraces, Format: FormatOTLPJSON,
	})
	f("kong/3.9.3-raw-logs-2.pb", Capture{
		Gateway: "kong", Version: "3.9.3", Name: "raw-logs-2", Signal: SignalLogs, Format: FormatOTLPProto,
	})
	f("kong/3.9.3-zipkin-tags-8byte.jsonl", Capture{
		Gateway: "kong", Version: "3.9.3", Name: "zipkin-tags-8byte", Signal: SignalTraces, Format: FormatZipkin,
	})
	f("envoy/1.40.0-access-json.log", Capture{
		Gateway: "envoy", Version: "1.40.0", Name: "access-json", Signal: SignalLogs, Format: FormatLines,
	})
	f("kgateway/2.4.2-default-access.jsonl", Capture{
		Gateway: "kgateway", Version: "2.4.2", Name: "default-access", Signal: SignalLogs, Format: FormatLines,
	})
	f("kgateway/2.4.2-default-als.jsonl", Capture{
		Gateway: "kgateway", Version: "2.4.2", Name: "default-als", Signal: SignalLogs, Format: FormatALS,
	})
	f("kong/3.9.3-propagation-both-tcp-log.jsonl", Capture{
		Gateway: "kong", Version: "3.9.3", Name: "propagation-both-tcp-log", Signal: SignalLogs, Format: FormatKongLog,
	})
	f("constructed/kong/3.12-ee-ai-http-log.json", Capture{
		Gateway: "kong", Version: "3.12", Name: "ee-ai-http-log", Signal: SignalLogs, Format: FormatBody, Constructed: true,
	})
}

func TestParseNameRefuses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"kong/traces.jsonl",              // no version
		"kong/-traces.jsonl",             // empty version
		"kong/3.9.3-.jsonl",              // empty name
		"kong/3.9.3-metrics.jsonl",       // unknown signal
		"envoy/1.40.0-als.json",          // als is always one message a line
		"kong/3.9.3-traces.txt",          // unknown extension for OTLP
		"kong/3.9.3-tcp-log.json",        // a plugin's messages are always one a line
		"kong/3.9.3-syslog.txt",          // not recorded
		"kong/old/3.4.2-traces.jsonl",    // too deep
		"constructed/3.9.3-traces.json",  // no gateway
		"kong/3.9.3-something-raw-1.pb",  // unknown signal
		"constructed//3.9.3-traces.json", // empty gateway
	} {
		_, err := parseName(name)
		assert.ErrorContains(t, err, name)
	}
}

func TestAll(t *testing.T) {
	t.Parallel()
	captures, err := All(capturesRoot)
	require.NoError(t, err)

	names := make(map[string]Capture, len(captures))
	gateways := map[string]bool{}
	for _, c := range captures {
		names[c.String()] = c
		gateways[c.Gateway] = true
	}
	assert.Len(t, names, len(captures), "a capture's name is unique")
	for _, gateway := range []string{
		"agentgateway", "caddy", "envoy", "envoy-ai-gateway", "envoy-gateway", "istio", "kgateway", "kong", "traefik",
	} {
		assert.True(t, gateways[gateway], gateway)
	}
	assert.True(t, names["constructed/kong/3.14-ee-ai-traces.json"].Constructed)
	assert.False(t, names["kong/3.9.3-traces.jsonl"].Constructed)
}

func TestAllErrors(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	_, err := All(filepath.Join(root, "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)

	write := func(name string) {
		t.Helper()
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, nil, 0o600))
	}
	write("README.md")
	write("kong/config/kong.yml")
	captures, err := All(root)
	require.NoError(t, err, "files beside the folders and configurations are skipped")
	require.Empty(t, captures)

	write("kong/3.9.3-surprise.bin")
	_, err = All(root)
	require.ErrorContains(t, err, "kong/3.9.3-surprise.bin")
}

// TestOf finds the captures that All leaves out because only a receiver reads them.
func TestOf(t *testing.T) {
	t.Parallel()
	all, err := All(capturesRoot)
	require.NoError(t, err)
	for _, format := range []Format{FormatALS, FormatKongLog} {
		for _, c := range all {
			assert.NotEqual(t, format, c.Format, c)
		}
		captures, err := Of(capturesRoot, format)
		require.NoError(t, err)
		require.NotEmpty(t, captures)
		for _, c := range captures {
			payloads, err := c.Payloads()
			require.NoError(t, err, c)
			assert.NotEmpty(t, payloads, c)
			_, err = c.Logs()
			require.ErrorContains(t, err, "only a receiver reads "+string(format), c)
		}
	}
	_, err = Of("no such folder", FormatALS)
	assert.Error(t, err)
}
