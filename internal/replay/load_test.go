package replay

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func load(t *testing.T, name string) Capture {
	t.Helper()
	captures, err := All(capturesRoot)
	require.NoError(t, err)
	for _, c := range captures {
		if c.String() == name {
			return c
		}
	}
	require.Fail(t, "no capture "+name)
	return Capture{}
}

func spanCount(batches []ptrace.Traces) int {
	count := 0
	for _, td := range batches {
		count += td.SpanCount()
	}
	return count
}

func recordCount(batches []plog.Logs) int {
	count := 0
	for _, ld := range batches {
		count += ld.LogRecordCount()
	}
	return count
}

// Every capture loads, holds something and refuses to be read as the other signal.
func TestLoadEveryCapture(t *testing.T) {
	t.Parallel()
	captures, err := All(capturesRoot)
	require.NoError(t, err)
	for _, c := range captures {
		traces, tracesErr := c.Traces()
		logs, logsErr := c.Logs()
		if c.Signal == SignalTraces {
			require.NoError(t, tracesErr, c)
			assert.Positive(t, spanCount(traces), c)
			assert.ErrorContains(t, logsErr, "want logs", c)
		} else {
			require.NoError(t, logsErr, c)
			assert.Positive(t, recordCount(logs), c)
			assert.ErrorContains(t, tracesErr, "want traces", c)
		}
	}
}

// The numbers were counted in the files with another program.
func TestLoadCounts(t *testing.T) {
	t.Parallel()
	traces := func(name string, batches, spans int) {
		t.Helper()
		got, err := load(t, name).Traces()
		require.NoError(t, err)
		assert.Len(t, got, batches, name)
		assert.Equal(t, spans, spanCount(got), name)
	}
	logs := func(name string, batches, records int) {
		t.Helper()
		got, err := load(t, name).Logs()
		require.NoError(t, err)
		assert.Len(t, got, batches, name)
		assert.Equal(t, records, recordCount(got), name)
	}
	traces("envoy/1.40.0-traces.jsonl", 23, 95)
	traces("kong/3.9.3-traces.jsonl", 6, 658)
	traces("kong/3.9.3-zipkin.jsonl", 110, 110)
	traces("traefik/3.6.12-traces.json", 1, 5)
	traces("constructed/kong/3.14-ee-ai-traces.json", 1, 5)
	logs("envoy/1.40.0-access-text.log", 1, 22)
	logs("kong/3.9.3-access.log", 2, 127)
	logs("constructed/kong/3.12-ee-ai-http-log.json", 1, 1)
}

// Kong sends bytes that are not UTF-8; replaying must send the same bytes, whatever the file format.
func TestInvalidUTF8Survives(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"kong/3.9.3-traces.jsonl", "kong/3.8.1-traces.jsonl", "kong/3.4.2-traces.jsonl", "kong/3.9.3-raw-traces-5.pb"} {
		batches, err := load(t, name).Traces()
		require.NoError(t, err)
		var urls []string
		for _, td := range batches {
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					for _, span := range ss.Spans().All() {
						if url, ok := span.Attributes().Get("http.url"); ok && strings.Contains(url.Str(), "\xff\xfe") {
							urls = append(urls, url.Str())
						}
					}
				}
			}
		}
		assert.NotEmpty(t, urls, name)
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	missing := Capture{Gateway: "kong", Signal: SignalTraces, Format: FormatOTLPJSON, Path: filepath.Join(t.TempDir(), "x.jsonl")}
	_, err := missing.Traces()
	require.ErrorIs(t, err, os.ErrNotExist)

	broken := missing
	require.NoError(t, os.WriteFile(broken.Path, []byte("{}\r\n\n{\"resourceSpans\":[{]}\n"), 0o600))
	_, err = broken.Traces()
	require.ErrorContains(t, err, "request 2", "blank lines are not requests")

	body := missing
	body.Signal, body.Format = SignalLogs, FormatBody
	_, err = body.Logs()
	require.ErrorContains(t, err, "x.jsonl")
}

func TestWrapLines(t *testing.T) {
	t.Parallel()
	var lines [][]byte
	for range linesPerBatch {
		lines = append(lines, []byte("line"))
	}
	lines = append(lines, []byte("a\xff\xfeb é"))
	batches := WrapLines("access.log", lines)
	require.Len(t, batches, 2)
	assert.Equal(t, linesPerBatch, batches[0].LogRecordCount())

	rl := batches[1].ResourceLogs().At(0)
	assert.Zero(t, rl.Resource().Attributes().Len())
	lr := rl.ScopeLogs().At(0).LogRecords().At(0)
	assert.Equal(t, "a\uFFFD\uFFFDb é", lr.Body().Str())
	assert.Equal(t, map[string]any{"log.file.name": "access.log"}, lr.Attributes().AsRaw())
	assert.Zero(t, lr.Timestamp())
	assert.Equal(t, LinesObserved, lr.ObservedTimestamp().AsTime())
	assert.Equal(t, plog.SeverityNumberUnspecified, lr.SeverityNumber())

	assert.Empty(t, WrapLines("empty.log", nil))
}
