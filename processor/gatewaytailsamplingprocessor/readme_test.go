package gatewaytailsamplingprocessor

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

var update = flag.Bool("update", false, "write the README's example anew")

// TestReadmeExample: the example in README.md is what comes out. The spans are those that the README of gateway_semconv
// ends with: recorded from kgateway 2.4.2 and brought to the conventions.
func TestReadmeExample(t *testing.T) {
	t.Parallel()
	td, err := golden.ReadTraces(filepath.Join("..", "gatewaysemconvprocessor", "testdata", "kgateway", "request", "expected.yaml"))
	require.NoError(t, err)
	// Of the attributes, those that matter here.
	keep := map[string]bool{"http.request.method": true, "http.response.status_code": true, "url.path": true, "error.type": true, "service.name": true}
	for _, rs := range td.ResourceSpans().All() {
		rs.Resource().Attributes().RemoveIf(func(k string, _ pcommon.Value) bool { return !keep[k] })
	}
	for s := range allSpans(td) {
		s.Attributes().RemoveIf(func(k string, _ pcommon.Value) bool { return !keep[k] })
	}
	ld := record(at(td).TraceID(), "http.response.status_code", 503, "url.path", "/status/503")
	before := gatewaytest.Traces(td) + gatewaytest.Logs(ld)
	var after string
	half := func(c *Config) { ratio(0.5)(c); c.Marks = []Mark{MarkRule, MarkTrigger} }
	bubble(t, half, func(r *rig) {
		r.consumeSpans(td)
		r.consumeLogs(ld)
		sleep(7 * time.Second)
		spans, logs := ptrace.NewTraces(), plog.NewLogs()
		for _, td := range r.out.traces {
			td.ResourceSpans().MoveAndAppendTo(spans.ResourceSpans())
		}
		for _, ld := range r.out.logs {
			ld.ResourceLogs().MoveAndAppendTo(logs.ResourceLogs())
		}
		after = gatewaytest.Traces(spans) + gatewaytest.Logs(logs)
	})
	content, err := os.ReadFile("README.md")
	require.NoError(t, err)
	const begin, end = "<!-- example -->\n", "<!-- end example -->"
	head, rest, ok := strings.Cut(string(content), begin)
	require.True(t, ok)
	old, tail, ok := strings.Cut(rest, end)
	require.True(t, ok)
	want := "\nBefore:\n\n```text\n" + before + "```\n\nAfter:\n\n```text\n" + after + "```\n\n"
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(head+begin+want+end+tail), 0o644))
		return
	}
	assert.Equal(t, want, old, "run go test -update and read the difference")
}
