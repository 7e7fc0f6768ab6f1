package gatewayidentityprocessor

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/gatehouse-otel/gatehouse/internal/kube"
	"github.com/gatehouse-otel/gatehouse/processor/gatewayidentityprocessor/internal/metadata"
)

// patience bounds what waits for another goroutine. It decides only how long a failure takes.
const patience = 30 * time.Second

// house is the processor of every signal at work, made by one factory from one configuration, as in a Collector.
type house struct {
	traces     processor.Traces
	logs       processor.Logs
	metrics    processor.Metrics
	gotTraces  consumertest.TracesSink
	gotLogs    consumertest.LogsSink
	gotMetrics consumertest.MetricsSink
	observed   *observer.ObservedLogs
	telemetry  *componenttest.Telemetry
	view       *resolver
}

// newHouse starts the processors against the server of a kubeconfig; "" is no Kubernetes.
func newHouse(t *testing.T, kubeconfig string, change func(*Config)) *house {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.AuthType = kube.AuthNone
	if kubeconfig != "" {
		useServer(t, kubeconfig)
		cfg.AuthType = kube.AuthKubeConfig
	}
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	h := &house{telemetry: componenttest.NewTelemetry()}
	core, observed := observer.New(zap.InfoLevel)
	h.observed = observed
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = h.telemetry.NewTelemetrySettings()
	set.Logger = zap.New(core)
	f := &factory{shared: make(map[*Config]*resolver)}
	var err error
	h.traces, err = f.createTraces(t.Context(), set, cfg, &h.gotTraces)
	require.NoError(t, err)
	h.logs, err = f.createLogs(t.Context(), set, cfg, &h.gotLogs)
	require.NoError(t, err)
	h.metrics, err = f.createMetrics(t.Context(), set, cfg, &h.gotMetrics)
	require.NoError(t, err)
	h.view = f.shared[cfg]
	h.start(t)
	return h
}

// useServer makes auth_type kubeConfig lead to a server.
func useServer(tb testing.TB, kubeconfig string) {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "kubeconfig")
	require.NoError(tb, os.WriteFile(file, []byte(kubeconfig), 0o600))
	tb.Setenv("KUBECONFIG", file)
}

// start starts the processors and ends them with the test.
func (h *house) start(tb testing.TB) {
	tb.Helper()
	tb.Cleanup(func() { require.NoError(tb, h.telemetry.Shutdown(context.Background())) })
	for _, p := range []component.Component{h.traces, h.logs, h.metrics} {
		require.NoError(tb, p.Start(tb.Context(), componenttest.NewNopHost()))
		tb.Cleanup(func() { require.NoError(tb, p.Shutdown(context.Background())) })
	}
}

// from is a context of a connection from this address, "" for none.
func from(t *testing.T, ip string) context.Context {
	t.Helper()
	if ip == "" {
		return t.Context()
	}
	return client.NewContext(t.Context(), client.Info{Addr: &net.TCPAddr{IP: net.ParseIP(ip), Port: 45678}})
}

// The three ways through the house: in by the processor, out of the sink.

func (h *house) trace(t *testing.T, td ptrace.Traces, peer string) ptrace.Traces {
	t.Helper()
	h.gotTraces.Reset()
	require.NoError(t, h.traces.ConsumeTraces(from(t, peer), td))
	require.Len(t, h.gotTraces.AllTraces(), 1)
	return h.gotTraces.AllTraces()[0]
}

func (h *house) log(t *testing.T, ld plog.Logs, peer string) plog.Logs {
	t.Helper()
	h.gotLogs.Reset()
	require.NoError(t, h.logs.ConsumeLogs(from(t, peer), ld))
	require.Len(t, h.gotLogs.AllLogs(), 1)
	return h.gotLogs.AllLogs()[0]
}

func (h *house) metric(t *testing.T, md pmetric.Metrics, peer string) pmetric.Metrics {
	t.Helper()
	h.gotMetrics.Reset()
	require.NoError(t, h.metrics.ConsumeMetrics(from(t, peer), md))
	require.Len(t, h.gotMetrics.AllMetrics(), 1)
	return h.gotMetrics.AllMetrics()[0]
}
