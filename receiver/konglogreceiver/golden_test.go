package konglogreceiver

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
	"github.com/gatehouse-otel/gatehouse/internal/logline"
	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/receiver/konglogreceiver/internal/metadata"
)

var update = flag.Bool("update", false, "write golden files and the README's examples anew; read the difference before committing it")

const capturesRoot = "../../tests/captures"

// observedAt is the clock of all tests that compare whole records.
var observedAt = time.Date(2026, time.November, 21, 16, 0, 0, 0, time.UTC)

// testReceiver returns a receiver that is not started; change may be nil.
func testReceiver(tb testing.TB, change func(*Config)) *kongReceiver {
	tb.Helper()
	cfg := createDefaultConfig().(*Config)
	if change != nil {
		change(cfg)
	}
	require.NoError(tb, cfg.Validate())
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(tb, err)
	r.decoder.now = func() time.Time { return observedAt }
	r.decoder.version = "test"
	return r
}

// decode makes a batch of messages, with the engine run.
func decode(tb testing.TB, d *decoder, messages ...string) *batch {
	tb.Helper()
	b := d.newBatch(0)
	for _, m := range messages {
		d.message(b, m, logline.KongMark{}, d.observed())
	}
	d.finish(b)
	return b
}

// recordings returns the messages of every recording, by the capture's short name.
func recordings(tb testing.TB) map[string][]string {
	tb.Helper()
	captures, err := replay.Of(capturesRoot, replay.FormatKongLog)
	require.NoError(tb, err)
	require.Len(tb, captures, 10)
	out := make(map[string][]string, len(captures))
	for _, c := range captures {
		payloads, err := c.Payloads()
		require.NoError(tb, err)
		for _, p := range payloads {
			out[c.String()] = append(out[c.String()], string(p))
		}
	}
	return out
}

// TestGolden compares what becomes of every recording with the text that was read and approved. A record is shown once
// per shape and recording (see gatewaytest.Shapes); TestRecordings checks all of them against the raw JSON.
func TestGolden(t *testing.T) {
	d := testReceiver(t, nil).decoder
	for name, messages := range recordings(t) {
		if !strings.HasSuffix(name, "http-log.jsonl") && !strings.HasSuffix(name, "custom.jsonl") {
			continue // the same requests once more; TestSameRecordEverywhere compares them
		}
		b := decode(t, d, messages...)
		text, left := gatewaytest.Shapes([]gatewaytest.Batch{{IsLogs: true, Logs: b.logs}})
		got := fmt.Sprintf("%s: %d messages, %d records, %d not readable, %d of a shape shown already\n%s",
			name, len(messages), b.records.Len(), b.bad(), left, text)
		path := filepath.Join("testdata", "golden", filepath.Base(name)+".txt")
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			continue
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err, "run go test ./receiver/konglogreceiver -run TestGolden -update and read the new file")
		assert.Equal(t, string(want), got, name)
	}
}
