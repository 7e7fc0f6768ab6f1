package builtin

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

var update = flag.Bool("update", false, "write testdata/golden instead of comparing with it; read the difference before committing it")

const goldenDir = "testdata/golden"

// maxGolden keeps the golden files readable: all of them together, in bytes.
const maxGolden = 3 << 20

// TestGolden compares what the default engine makes of every recorded and constructed payload with the text that was
// read and approved. An item is shown once per shape and capture (see gatewaytest.Shapes); the invariants are checked
// on all of them.
func TestGolden(t *testing.T) {
	t.Parallel()
	expected := make(map[string]bool)
	size := 0
	for _, c := range gatewaytest.Captures(t) {
		path := filepath.Join(goldenDir, filepath.FromSlash(c.String())+".txt")
		expected[path] = true
		got := golden(engine(t), c)
		size += len(got)
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			continue
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err, "run go test ./internal/gateway/builtin -run TestGolden -update and read the new file")
		if string(want) != got {
			t.Errorf("%s:\n%s", c, firstDiff(string(want), got))
		}
	}
	assert.Less(t, size, maxGolden, "golden files grow too large: make shapes coarser")
	require.NoError(t, filepath.WalkDir(goldenDir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !expected[path] {
			t.Errorf("%s: no capture has this name any more: delete it", path)
		}
		return err
	}))
}

// golden is the text form of a rewritten capture, with what was counted at its end.
func golden(e *gateway.Engine, c gatewaytest.Capture) string {
	var b strings.Builder
	var stats []string
	counted := make(map[gateway.ID]*gateway.Count)
	batches := c.Clone()
	items := 0
	for _, batch := range batches {
		items += batch.Len()
		for _, s := range pass(e, batch) {
			sum := counted[s.Gateway]
			if sum == nil {
				sum = &gateway.Count{Gateway: s.Gateway}
				counted[s.Gateway] = sum
			}
			sum.Rewritten += s.Rewritten
			sum.Unchanged += s.Unchanged
			sum.Conflicts += s.Conflicts
			sum.Repaired += s.Repaired
			for i, n := range s.Unparseable {
				sum.Unparseable[i] += n
			}
		}
	}
	text, left := gatewaytest.Shapes(batches)
	fmt.Fprintf(&b, "%s: %d items in %d requests, %d of a shape shown already\n", c, items, len(batches), left)
	for _, p := range append(Profiles(), gateway.Profile{ID: gateway.Unknown}) {
		if s := counted[p.ID]; s != nil {
			stats = append(stats, statsLine(s))
		}
	}
	b.WriteString(strings.Join(stats, ""))
	b.WriteString(text)
	return b.String()
}

func statsLine(s *gateway.Count) string {
	var b strings.Builder
	fmt.Fprintf(&b, "STATS %s rewritten=%d unchanged=%d conflicts=%d repaired=%d", s.Gateway, s.Rewritten, s.Unchanged,
		s.Conflicts, s.Repaired)
	for r, n := range s.Unparseable {
		if n > 0 {
			fmt.Fprintf(&b, " %s=%d", gateway.Reason(r), n)
		}
	}
	b.WriteByte('\n')
	return b.String()
}
