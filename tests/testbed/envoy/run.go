package envoy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// Stat is one of Envoy's counters or gauges, by the admin address it was configured with; 0 where it does not exist yet.
func Stat(ctx context.Context, admin, name string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/stats?filter="+url.QueryEscape("^"+regexp.QuoteMeta(name)+"$"), http.NoBody)
	if err != nil {
		return 0, fmt.Errorf("read stat %s: %w", name, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("read stat %s: %w", name, err)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxStats))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return 0, fmt.Errorf("read stat %s: %w", name, err)
	}
	_, value, found := strings.Cut(strings.TrimSpace(string(text)), name+": ")
	if !found {
		return 0, nil
	}
	number, err := strconv.Atoi(value)
	if err != nil {
		return 0, fmt.Errorf("read stat %s: %w", name, err)
	}
	return number, nil
}

// maxStats bounds the answer that Stat reads, in bytes.
const maxStats = 1 << 16

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
