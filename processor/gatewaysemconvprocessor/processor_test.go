package gatewaysemconvprocessor

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
	"github.com/gatehouse-otel/gatehouse/processor/gatewaysemconvprocessor/internal/metadata"
	"github.com/gatehouse-otel/gatehouse/processor/gatewaysemconvprocessor/internal/metadatatest"
)

var update = flag.Bool("update", false, "write expected files and the README's examples anew")

// runTraces sends one batch through a processor made by the factory.
func runTraces(t *testing.T, cfg *Config, td ptrace.Traces) ptrace.Traces {
	t.Helper()
	sink := new(consumertest.TracesSink)
	p, err := NewFactory().CreateTraces(t.Context(), processortest.NewNopSettings(metadata.Type), cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, p.ConsumeTraces(t.Context(), td))
	require.NoError(t, p.Shutdown(t.Context()))
	require.Len(t, sink.AllTraces(), 1)
	return sink.AllTraces()[0]
}

func runLogs(t *testing.T, cfg *Config, ld plog.Logs) plog.Logs {
	t.Helper()
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(t.Context(), processortest.NewNopSettings(metadata.Type), cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, p.ConsumeLogs(t.Context(), ld))
	require.NoError(t, p.Shutdown(t.Context()))
	require.Len(t, sink.AllLogs(), 1)
	return sink.AllLogs()[0]
}

// TestGolden runs testdata/<gateway>/<case>/input.yaml with the default configuration and compares it with
// expected.yaml beside it.
func TestGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*/*/input.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, inputs)
	for _, input := range inputs {
		dir := filepath.Dir(input)
		expected := filepath.Join(dir, "expected.yaml")
		t.Run(filepath.ToSlash(strings.TrimPrefix(dir, "testdata/")), func(t *testing.T) {
			if strings.HasSuffix(dir, "-log") {
				in, err := golden.ReadLogs(input)
				require.NoError(t, err)
				out := runLogs(t, createDefaultConfig().(*Config), in)
				if *update {
					require.NoError(t, golden.WriteLogsToFile(expected, out))
				}
				want, err := golden.ReadLogs(expected)
				require.NoError(t, err)
				require.NoError(t, plogtest.CompareLogs(want, out))
				return
			}
			in, err := golden.ReadTraces(input)
			require.NoError(t, err)
			out := runTraces(t, createDefaultConfig().(*Config), in)
			if *update {
				require.NoError(t, golden.WriteTracesToFile(expected, out))
			}
			want, err := golden.ReadTraces(expected)
			require.NoError(t, err)
			require.NoError(t, ptracetest.CompareTraces(want, out))
		})
	}
}

// TestREADMEExamples keeps the before and after of the README equal to the golden files.
func TestREADMEExamples(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	text := string(readme)
	for _, example := range []string{"kgateway/request", "kong/failed-try", "agentgateway/model-call", "agentgateway/model-call-log"} {
		begin, end := "<!-- example "+example+" -->\n", "<!-- end example -->"
		head, rest, ok := strings.Cut(text, begin)
		require.True(t, ok, "README.md lacks %s", begin)
		old, tail, ok := strings.Cut(rest, end)
		require.True(t, ok, "README.md: example %s has no end", example)
		want := "\nBefore:\n\n```text\n" + render(t, example, "input.yaml") + "```\n\nAfter:\n\n```text\n" + render(t, example, "expected.yaml") + "```\n\n"
		if *update {
			text = head + begin + want + end + tail
			continue
		}
		assert.Equal(t, want, old, "example %s: run go test -update and read the difference", example)
	}
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(text), 0o644))
	}
}

func render(t *testing.T, example, file string) string {
	t.Helper()
	path := filepath.Join("testdata", example, file)
	if strings.HasSuffix(example, "-log") {
		ld, err := golden.ReadLogs(path)
		require.NoError(t, err)
		return gatewaytest.Logs(ld)
	}
	td, err := golden.ReadTraces(path)
	require.NoError(t, err)
	return gatewaytest.Traces(td)
}

// TestOwnMetrics sends one span of a known gateway, with an unreadable value, a conflict and a broken string,
// and one of an unknown one.
func TestOwnMetrics(t *testing.T) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.WithoutCancel(t.Context()))) })
	set := metadatatest.NewSettings(tel)
	p, err := NewFactory().CreateTraces(t.Context(), set, createDefaultConfig(), consumertest.NewNop())
	require.NoError(t, err)

	td := ptrace.NewTraces()
	kong := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	kong.Scope().SetName("kong-internal")
	span := kong.Spans().AppendEmpty()
	span.SetKind(ptrace.SpanKindServer)
	span.Attributes().PutStr("http.method", "GET")
	span.Attributes().PutStr("http.request.method", "POST")
	span.Attributes().PutStr("http.status_code", "two hundred")
	span.Attributes().PutStr("note", "a\xffb")
	other := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	other.Attributes().PutStr("app.key", "value")
	require.NoError(t, p.ConsumeTraces(t.Context(), td))

	value := func(n int64, attrs ...attribute.KeyValue) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attrs...)}
	}
	gw := func(id string) attribute.KeyValue { return attribute.String("gateway", id) }
	opt := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualProcessorGatewaySemconvSpans(t, tel, []metricdata.DataPoint[int64]{
		value(1, gw("kong"), attribute.String("outcome", "rewritten")),
		value(1, gw("unknown"), attribute.String("outcome", "unchanged")),
	}, opt)
	metadatatest.AssertEqualProcessorGatewaySemconvUnparseable(t, tel, []metricdata.DataPoint[int64]{
		value(1, gw("kong"), attribute.String("reason", "status")),
	}, opt)
	metadatatest.AssertEqualProcessorGatewaySemconvConflicts(t, tel, []metricdata.DataPoint[int64]{value(1, gw("kong"))}, opt)
	metadatatest.AssertEqualProcessorGatewaySemconvRepaired(t, tel, []metricdata.DataPoint[int64]{value(1, gw("kong"))}, opt)

	logs, err := NewFactory().CreateLogs(t.Context(), set, createDefaultConfig(), consumertest.NewNop())
	require.NoError(t, err)
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(
		`[2026-08-21T10:15:30.123Z] "GET /get?user=1 HTTP/1.1" 200 - 0 512 12 10 "10.0.0.7" "curl/8.7.1" "0f1c" "www.example.com:8080" "10.244.0.17:8080"`)
	require.NoError(t, logs.ConsumeLogs(t.Context(), ld))
	metadatatest.AssertEqualProcessorGatewaySemconvLogRecords(t, tel, []metricdata.DataPoint[int64]{
		value(1, gw("envoy"), attribute.String("outcome", "rewritten")),
	}, opt)
}

func TestShutdownTwiceWithoutStart(t *testing.T) {
	p, err := NewFactory().CreateTraces(t.Context(), processortest.NewNopSettings(metadata.Type), createDefaultConfig(), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, p.Shutdown(t.Context()))
	require.NoError(t, p.Shutdown(t.Context()))
	assert.True(t, p.Capabilities().MutatesData)
}
