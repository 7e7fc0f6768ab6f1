package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

const capturesRoot = "../captures"

// brokenEnv makes this test binary play a Collector that does not start.
const brokenEnv = "GATEHOUSE_TEST_BROKEN_COLLECTOR"

func TestMain(m *testing.M) {
	if os.Getenv(brokenEnv) != "" {
		fmt.Fprintln(os.Stderr, "Error: cannot unmarshal the configuration")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestSectionsOwnEveryCapture(t *testing.T) {
	t.Parallel()
	captures, err := allCaptures(capturesRoot)
	require.NoError(t, err)
	owned, err := assign(sections, captures)
	require.NoError(t, err)
	for i, s := range sections {
		assert.NotEmpty(t, owned[i], s.title)
	}

	_, err = assign(sections[1:], captures)
	require.ErrorContains(t, err, "belongs to 0 sections")
	_, err = assign(append(sections[:1:1], sections...), captures)
	require.ErrorContains(t, err, "belongs to 2 sections")
}

// What a section wants to show is in its captures: a hint that fits nothing is a mistake.
func TestHintsFit(t *testing.T) {
	t.Parallel()
	captures, err := allCaptures(capturesRoot)
	require.NoError(t, err)
	owned, err := assign(sections, captures)
	require.NoError(t, err)
	for i, s := range sections {
		var spans, records []item
		for _, c := range owned[i] {
			if c.Signal == replay.SignalTraces {
				batches, err := c.Traces()
				require.NoError(t, err)
				spans = append(spans, spanItems(c.String(), batches)...)
				continue
			}
			if receiverOf(c) != "" {
				payloads, err := c.Payloads()
				require.NoError(t, err)
				received, err := messageItems(c, payloads)
				require.NoError(t, err)
				records = append(records, received...)
				continue
			}
			batches, err := c.Logs()
			require.NoError(t, err)
			records = append(records, recordItems(c.String(), batches)...)
		}
		fits := func(items []item, hints []hint) {
			t.Helper()
			for _, it := range items {
				all := true
				for _, h := range hints {
					all = all && h.fits(it)
				}
				if all {
					return
				}
			}
			assert.Empty(t, hints, "%s: no item fits them together", s.title)
		}
		fits(spans, s.span)
		fits(records, s.record)
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	build := func(before, after string) exchange {
		b := parse(t, before)
		return exchange{item{facts: b}, compare(b, parse(t, after))}
	}
	plain := build("a str 1", "a str 1")
	busy := build("http.method str GET\nhttp.status_code str 200", "http.request.method str GET\nhttp.response.status_code int 200")
	wanted := build("http.status_code str 503", "http.status_code str 503")
	f := func(want exchange, hints []hint) {
		t.Helper()
		got, ok := choose([]exchange{plain, busy, wanted}, hints)
		require.True(t, ok)
		assert.Equal(t, want, got)
	}
	f(busy, nil)
	f(wanted, []hint{{"http.status_code", "50"}})
	f(wanted, []hint{{"http.status_code", "=503"}, {"http.method", ""}})
	f(busy, []hint{{"http.method", ""}, {"http.status_code", "=503"}})
	_, ok := choose(nil, nil)
	assert.False(t, ok)
}

func TestMatchSpans(t *testing.T) {
	t.Parallel()
	span := func(key, value string) item {
		return item{source: "file", key: key, facts: []attribute{{"a", "str", value}}}
	}
	exchanges, err := matchSpans([]item{span("1", "x"), span("2", "y"), span("1", "z")}, []item{span("2", "y"), span("1", "x"), span("1", "z")})
	require.NoError(t, err)
	for _, e := range exchanges {
		assert.Equal(t, []string{"a"}, e.comparison.unchanged, "spans with the same ids are taken in order")
	}
	_, err = matchSpans([]item{span("1", "x")}, []item{span("2", "x")})
	require.ErrorContains(t, err, "span 1 of file did not come out")
	_, err = matchSpans([]item{span("1", "x")}, nil)
	require.ErrorContains(t, err, "sent 1 spans, received 0")
}

func TestMatchRecords(t *testing.T) {
	t.Parallel()
	record := func(name, value string) item { return item{source: "file", facts: []attribute{{name, "", value}}} }
	exchanges, err := matchRecords([]item{record("(body)", "x")}, []item{record("(trace_id)", "filled")})
	require.NoError(t, err)
	require.Len(t, exchanges, 1)
	_, err = matchRecords([]item{record("(time)", "1")}, []item{record("(time)", "2")})
	require.ErrorContains(t, err, `log record 1 of file was sent with (time) 1, received with "2"`)
	_, err = matchRecords(nil, []item{record("a", "x")})
	require.ErrorContains(t, err, "sent 0 log records, received 1")
}

// A message of a gateway's own protocol is an item for each record that it becomes.
func TestMessageItems(t *testing.T) {
	t.Parallel()
	f := func(format replay.Format, want []string, payloads ...string) {
		t.Helper()
		var lines [][]byte
		for _, p := range payloads {
			lines = append(lines, []byte(p))
		}
		items, err := messageItems(replay.Capture{Format: format, Path: "file.jsonl"}, lines)
		require.NoError(t, err)
		var got []string
		for _, it := range items {
			got = append(got, it.get(fieldMessage)+it.get(fieldStream))
		}
		assert.Equal(t, want, got)
	}
	f(replay.FormatKongLog, []string{`{"a":1}`, `{"b":2}`, `{"c":3}`}, `{"a":1}`, `[{"b":2},{"c":3}]`)
	f(replay.FormatALS, []string{`{"h":1}{"logName":"x"}`, `{"h":2}{"logName":"x"}`, `{"t":1}{"logName":"y"}`},
		`{"identifier":{"logName":"x"},"httpLogs":{"logEntry":[{"h":1},{"h":2}]}}`,
		`{"identifier":{"logName":"y"},"tcpLogs":{"logEntry":[{"t":1}]}}`)
	_, err := messageItems(replay.Capture{Format: replay.FormatKongLog}, [][]byte{[]byte("{}"), []byte("[")})
	assert.ErrorContains(t, err, "message 2")
}

func TestItems(t *testing.T) {
	t.Parallel()
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "edge")
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID([16]byte{1})
	span.SetSpanID([8]byte{2})
	span.SetName("a\x1b[31m\xff\n")
	span.SetStartTimestamp(pcommon.Timestamp(1_000_000_001))
	span.Attributes().PutStr("empty", "")
	span.Attributes().PutInt("int", 5)
	span.Attributes().PutDouble("double", 0.5)
	span.Attributes().PutEmptySlice("list").AppendEmpty().SetStr("x")
	span.Attributes().PutEmptyMap("map").PutBool("b", true)
	items := spanItems("file", []ptrace.Traces{td})
	require.Len(t, items, 1)
	assert.Equal(t, "01000000000000000000000000000000/0200000000000000", items[0].key)
	assert.Equal(t, []attribute{
		{"(name)", "", `a\x1b[31m\xff\n`},
		{"(kind)", "", "Unspecified"},
		{"(status)", "", "Unset"},
		{"(start)", "", "1970-01-01T00:00:01.000000001Z"},
		{"resource service.name", "str", "edge"},
		{"empty", "str", `""`},
		{"int", "int", "5"},
		{"double", "double", "0.5"},
		{"list", "list", `["x"]`},
		{"map", "map", `{"b":true}`},
	}, items[0].facts)

	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetSeverityNumber(plog.SeverityNumberInfo)
	lr.SetSeverityText("INFO")
	lr.Body().SetStr("line")
	items = recordItems("file", []plog.Logs{ld})
	require.Len(t, items, 1)
	assert.Equal(t, []attribute{{"(severity)", "", "9 INFO"}, {"(body)", "", "line"}}, items[0].facts)
}

func TestRunFailures(t *testing.T) {
	f := func(binary, captures, want string) {
		t.Helper()
		var out bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
		defer cancel()
		require.ErrorContains(t, run(ctx, &out, layout{width: minWidth}, binary, captures), want)
	}
	self, err := os.Executable()
	require.NoError(t, err)
	t.Setenv(brokenEnv, "1")
	f(self, capturesRoot, "Error: cannot unmarshal the configuration")
	f(filepath.Join(t.TempDir(), "missing"), capturesRoot, "no such file")
	f(self, filepath.Join(t.TempDir(), "missing"), "list captures")
}
