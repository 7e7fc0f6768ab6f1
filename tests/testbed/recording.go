package testbed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// RecordEnv names a folder: with it set, what the gateways of the tests sent is written there, in the form of
// tests/captures.
const RecordEnv = "GATEHOUSE_E2E_RECORD"

// record writes what came in as OTLP/JSON, one export request a line: <program>/<version>-<case>-traces.jsonl and
// …-logs.jsonl.
func (x Exchange) record(tb testing.TB, s Subject) {
	tb.Helper()
	root := os.Getenv(RecordEnv)
	if root == "" || s.Replayed {
		return
	}
	name := strings.Trim(unnamed.ReplaceAllString(strings.ToLower(s.Case), "-"), "-")
	base := filepath.Join(root, s.Program, s.Version+"-"+name)
	var traces ptrace.JSONMarshaler
	var logs plog.JSONMarshaler
	err := errors.Join(
		os.MkdirAll(filepath.Dir(base), 0o750),
		writeLines(base+"-traces.jsonl", x.traces, traces.MarshalTraces),
		writeLines(base+"-logs.jsonl", x.logs, logs.MarshalLogs),
	)
	if err != nil {
		tb.Errorf("record %s %s: %v", s.Program, s.Version, err)
	}
}

// unnamed is what file names of captures do without.
var unnamed = regexp.MustCompile(`[^a-z0-9.]+`)

func writeLines[T any](file string, batches []T, marshal func(T) ([]byte, error)) error {
	if len(batches) == 0 {
		return nil
	}
	var out []byte
	for _, batch := range batches {
		line, err := marshal(batch)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		out = append(append(out, line...), '\n')
	}
	return os.WriteFile(file, out, 0o600)
}
