package envoy

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// Start runs an installed Envoy with the configuration until the end of the test; env is added to its environment. It
// returns when every listener is up.
func Start(tb testing.TB, version string, c Config, env ...string) *testbed.Process {
	tb.Helper()
	path := testbed.Binary(tb, "envoy", version, "envoy")
	if c.Admin == "" {
		c.Admin = testbed.FreeAddress(tb)
	}
	text, err := c.JSON()
	require.NoError(tb, err)
	dir := tb.TempDir()
	file := filepath.Join(dir, "bootstrap.json")
	require.NoError(tb, os.WriteFile(file, text, 0o600))
	return testbed.Start(tb, testbed.Command{
		Name: "envoy " + version,
		Path: path,
		Args: []string{
			"-c", file,
			// Several may run at once, and each wants shared memory of its own for hot restarts.
			"--use-dynamic-base-id",
			"--concurrency", "2",
			"--drain-time-s", "1",
			"--file-flush-interval-msec", "100",
			"--log-level", "warning",
		},
		Env:   env,
		Dir:   dir,
		Ready: testbed.HTTPReady("http://" + c.Admin + "/ready"),
	})
}
