package als

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

var update = flag.Bool("update", false, "write testdata/golden instead of comparing with it; read the difference before committing it")

const observed = 1795300000000000000

// everything keeps all there is.
var everything = Options{Intermediate: true, DynamicMetadata: true, FilterState: true, NodeMetadata: []string{"role"}}

// decodeAll makes one batch of each message. The messages are those of one stream, so the identifier of the first holds
// for all.
func decodeAll(tb testing.TB, opts Options, messages ...[]byte) ([]plog.Logs, Counts) {
	tb.Helper()
	d := NewDecoder(opts)
	var id []byte
	var batches []plog.Logs
	var counts Counts
	for _, m := range messages {
		if b, ok := Identifier(m); ok {
			id = b
		}
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		d.Resource(id, rl.Resource().Attributes())
		c := Open(m)
		got := d.Records(&c, 1<<20, observed, rl.ScopeLogs().AppendEmpty().LogRecords())
		for k := range got.Records {
			counts.Records[k] += got.Records[k]
			counts.Skipped[k] += got.Skipped[k]
		}
		for r, n := range got.Malformed {
			counts.Malformed[r] += n
		}
		batches = append(batches, ld)
	}
	return batches, counts
}

var compileOnce = sync.OnceValues(func() (*gateway.Engine, error) {
	return gateway.Compile(builtin.Profiles(), gateway.DefaultOptions())
})

// engine is the one of gateway_semconv's default configuration, shared: engines are immutable.
func engine(tb testing.TB) *gateway.Engine {
	tb.Helper()
	e, err := compileOnce()
	require.NoError(tb, err)
	return e
}

// TestGolden compares what becomes of every recorded entry with text that was read field by field.
func TestGolden(t *testing.T) {
	t.Parallel()
	e := engine(t)
	for _, name := range recordings {
		batches, counts := decodeAll(t, everything, messages(t, name)...)
		require.Zero(t, counts.Malformed, name)
		require.Zero(t, counts.Skipped, name)
		var text strings.Builder
		for _, ld := range batches {
			e.Logs(ld)
			text.WriteString(gatewaytest.Logs(ld))
		}
		got := text.String()
		path := filepath.Join("testdata", "golden", filepath.FromSlash(name)+".txt")
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			continue
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err, "run go test -run TestGolden -update and read the new file")
		assert.Equal(t, string(want), got, name)
	}
}
