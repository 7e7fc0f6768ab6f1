package gatewayidentityprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
	"github.com/gatehouse-otel/gatehouse/internal/kube"
	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
	"github.com/gatehouse-otel/gatehouse/processor/gatewayidentityprocessor/internal/metadata"
)

// benchmark times process on batches as they come from gateway_semconv, each of them fresh.
func benchmark[T any](b *testing.B, batches []T, clone func(T) T, items func(T) int, process func(T) error) {
	b.Helper()
	b.ReportAllocs()
	const window = 64
	fresh := make([]T, 0, window)
	next, at, n := 0, 0, 0
	for b.Loop() {
		if next == len(fresh) {
			b.StopTimer()
			fresh, next = fresh[:0], 0
			for range window {
				fresh = append(fresh, clone(batches[at%len(batches)]))
				at++
			}
			b.StartTimer()
		}
		n += items(fresh[next])
		if err := process(fresh[next]); err != nil {
			b.Fatal(err)
		}
		next++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/item")
}

func benchmarkHouse(b *testing.B) *house {
	b.Helper()
	server := kubetest.New(b)
	server.Set(scenes()[0].objects...)
	server.Set(kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"), kubetest.Service("shop", "cart", "10.96.0.5"),
		kubetest.Endpoints("shop", "cart", "10.244.0.5"), kubetest.HTTPRoute("shop", "shop", "kgateway-system", "http", "orders", "slowok", ""))
	h := &house{telemetry: componenttest.NewTelemetry()}
	cfg := createDefaultConfig().(*Config)
	cfg.AuthType = kube.AuthKubeConfig
	useServer(b, server.KubeConfig())
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = h.telemetry.NewTelemetrySettings()
	f := &factory{shared: make(map[*Config]*resolver)}
	var err error
	h.traces, err = f.createTraces(b.Context(), set, cfg, consumertest.NewNop())
	require.NoError(b, err)
	h.logs, err = f.createLogs(b.Context(), set, cfg, consumertest.NewNop())
	require.NoError(b, err)
	h.metrics, err = f.createMetrics(b.Context(), set, cfg, consumertest.NewNop())
	require.NoError(b, err)
	h.start(b)
	return h
}

// recorded returns what gateway_semconv makes of a recording.
func recorded(b *testing.B, name string) []gatewaytest.Batch {
	b.Helper()
	engine, err := gateway.Compile(builtin.Profiles(), gateway.DefaultOptions())
	require.NoError(b, err)
	batches := gatewaytest.Find(b, name).Clone()
	for _, batch := range batches {
		if batch.IsLogs {
			engine.Logs(batch.Logs)
		} else {
			engine.Traces(batch.Traces)
		}
	}
	return batches
}

func BenchmarkTraces(b *testing.B) {
	h := benchmarkHouse(b)
	var batches []ptrace.Traces
	for _, batch := range recorded(b, "kgateway/2.4.2-spawn-traces.jsonl") {
		batches = append(batches, batch.Traces)
	}
	clone := func(td ptrace.Traces) ptrace.Traces {
		c := ptrace.NewTraces()
		td.CopyTo(c)
		return c
	}
	benchmark(b, batches, clone, ptrace.Traces.SpanCount, func(td ptrace.Traces) error { return h.traces.ConsumeTraces(context.Background(), td) })
}

func BenchmarkLogs(b *testing.B) {
	h := benchmarkHouse(b)
	var batches []plog.Logs
	for _, batch := range recorded(b, "kgateway/2.4.2-attributes-logs.jsonl") {
		batches = append(batches, batch.Logs)
	}
	clone := func(ld plog.Logs) plog.Logs {
		c := plog.NewLogs()
		ld.CopyTo(c)
		return c
	}
	benchmark(b, batches, clone, plog.Logs.LogRecordCount, func(ld plog.Logs) error { return h.logs.ConsumeLogs(context.Background(), ld) })
}

func BenchmarkMetrics(b *testing.B) {
	h := benchmarkHouse(b)
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	require.NoError(b, rm.Resource().Attributes().FromRaw(scenes()[0].scraped))
	for range 100 {
		sm := rm.ScopeMetrics().AppendEmpty()
		sm.Scope().SetName(prometheusScope)
		sm.Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1)
	}
	clone := func(md pmetric.Metrics) pmetric.Metrics {
		c := pmetric.NewMetrics()
		md.CopyTo(c)
		return c
	}
	benchmark(b, []pmetric.Metrics{md}, clone, pmetric.Metrics.DataPointCount, func(md pmetric.Metrics) error { return h.metrics.ConsumeMetrics(context.Background(), md) })
}
