//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

const (
	scaledPods   = 40
	scaledTraces = 5 // of each pod
	scaledStop   = 60 * time.Second
)

// startScaled starts the binary with configurations, each a file or the text behind "yaml:".
func startScaled(t *testing.T, name, health string, configs ...string) *testbed.Process {
	t.Helper()
	var args []string
	for _, config := range configs {
		args = append(args, "--config="+config)
	}
	return testbed.Start(t, testbed.Command{
		Name: name, Path: testbed.CollectorBinary(t), Args: args, Env: []string{"OTLP_ENDPOINT=127.0.0.1:1", "OTLP_INSECURE=true"},
		Ready: testbed.HTTPReady("http://" + health),
	})
}

// drain ends a Collector, which hands on what it has.
func drain(t *testing.T, p *testbed.Process) {
	t.Helper()
	require.NoError(t, p.Signal(syscall.SIGTERM))
	select {
	case <-p.Exited():
	case <-time.After(scaledStop):
		require.Fail(t, "the Collector did not stop", p.Log())
	}
}

// With two samplers as kubernetes/scaled has them, the spans and the access log of every request come to the same
// one, and both have work.
func TestScaledSampling(t *testing.T) {
	repository, err := testbed.Repository()
	require.NoError(t, err)
	out := t.TempDir()
	shipped := filepath.Join(repository, "distributions", "otelcol-gatehouse")
	var samplers []*testbed.Process
	var addresses, files []string
	for i := range 2 {
		address, health, file := testbed.FreeAddress(t), testbed.FreeAddress(t), filepath.Join(out, fmt.Sprintf("%d.jsonl", i))
		samplers = append(samplers, startScaled(t, fmt.Sprintf("sampler %d", i), health, filepath.Join(shipped, "config.yaml"),
			filepath.Join(shipped, "kubernetes", "scaled", "sampling-config.yaml"), fmt.Sprintf(`yaml:
extensions: {health_check: {endpoint: %q}}
receivers: {otlp: {protocols: {grpc: {endpoint: %q}, http: {endpoint: %q}}}}
processors: {gateway_tail_sampling: {rules: [{name: all, action: keep}]}}
exporters: {file: {path: %q}}
service:
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {exporters: [file]}, logs: {exporters: [file]}}
`, health, address, testbed.FreeAddress(t), file)))
		addresses, files = append(addresses, address), append(files, file)
	}
	hostnames, err := json.Marshal(addresses)
	require.NoError(t, err)
	gateway, health := testbed.FreeAddress(t), testbed.FreeAddress(t)
	// No cluster is asked, neither for the samplers' addresses nor for pods.
	front := startScaled(t, "front", health, filepath.Join(shipped, "config.yaml"),
		filepath.Join(shipped, "kubernetes", "scaled", "front-config.yaml"), fmt.Sprintf(`yaml:
extensions: {health_check: {endpoint: %q}}
receivers: {otlp: {protocols: {grpc: {endpoint: %q}, http: {endpoint: %q}}}}
processors: {gateway_identity: {auth_type: none}}
exporters: {load_balancing: {resolver: {dns: null, static: {hostnames: %s}}}}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter, gateway_semconv, gateway_identity]}
    logs: {receivers: [otlp], processors: [memory_limiter, gateway_semconv, gateway_identity]}
    metrics: {receivers: [otlp], processors: [memory_limiter]}
`, health, gateway, testbed.FreeAddress(t), hostnames))

	sender, err := replay.NewGRPCSender(gateway)
	require.NoError(t, err)
	defer func() { assert.NoError(t, sender.Close()) }()
	for pod := range scaledPods {
		td, ld := ptrace.NewTraces(), plog.NewLogs()
		rs, rl := td.ResourceSpans().AppendEmpty(), ld.ResourceLogs().AppendEmpty()
		for _, resource := range []pcommon.Resource{rs.Resource(), rl.Resource()} {
			resource.Attributes().PutStr("k8s.pod.uid", fmt.Sprintf("0a1b2c3d-0000-4222-8333-%012d", pod))
		}
		spans, records := rs.ScopeSpans().AppendEmpty().Spans(), rl.ScopeLogs().AppendEmpty().LogRecords()
		for i := range scaledTraces {
			id := pcommon.TraceID{15: byte(i), 14: byte(pod), 0: 1}
			span := spans.AppendEmpty()
			span.SetTraceID(id)
			span.SetSpanID(pcommon.SpanID{7: 1})
			span.SetKind(ptrace.SpanKindServer)
			records.AppendEmpty().SetTraceID(id)
		}
		require.NoError(t, sender.SendTraces(t.Context(), td))
		require.NoError(t, sender.SendLogs(t.Context(), ld))
	}
	drain(t, front)
	spansAt, recordsAt := map[string]int{}, map[string]int{} // by trace id, the sampler
	for i, p := range samplers {
		drain(t, p)
		before := len(spansAt)
		text, err := os.ReadFile(files[i])
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces([]byte(line))
			require.NoError(t, err)
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					for _, span := range ss.Spans().All() {
						spansAt[span.TraceID().String()] = i
					}
				}
			}
			ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs([]byte(line))
			require.NoError(t, err)
			for _, rl := range ld.ResourceLogs().All() {
				for _, sl := range rl.ScopeLogs().All() {
					for _, lr := range sl.LogRecords().All() {
						recordsAt[lr.TraceID().String()] = i
					}
				}
			}
		}
		assert.Greater(t, len(spansAt), before, "sampler %d has work", i)
	}
	assert.Len(t, spansAt, scaledPods*scaledTraces)
	assert.Equal(t, spansAt, recordsAt)
}
