//go:build e2e

package e2e

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/internal/replay/collector"
	"github.com/gatehouse-otel/gatehouse/processor/gatewaysemconvprocessor"
	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

const (
	capturesRoot = "../captures"

	startTimeout = 60 * time.Second // a cold start on a busy machine
	replyTimeout = 30 * time.Second // from the last request in to the last one out
	stopTimeout  = 10 * time.Second // what a graceful stop may take
)

// harness is a running binary with a sink behind it.
type harness struct {
	*collector.Process
	sink *replay.Sink
}

// start runs the binary with the gateway_semconv processor in its default configuration and stops it, checked, at the
// end of the test.
func start(t *testing.T) *harness {
	t.Helper()
	binary := testbed.CollectorBinary(t)
	sink, err := replay.StartSink()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, sink.Close()) })

	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	process, err := collector.Run(ctx, binary, sink.Endpoint(), pipelineProcessors...)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := process.Stop(stopTimeout); err != nil {
			assert.NoError(t, err, "log of the collector:\n%s", process.Log())
		}
	})
	return &harness{Process: process, sink: sink}
}

// transport is one way OTLP gets in.
type transport struct {
	name string
	replay.Sender
}

// transports returns a sender for each.
func (h *harness) transports(t *testing.T) []transport {
	t.Helper()
	grpc, err := replay.NewGRPCSender(h.Config().OTLPGRPC)
	require.NoError(t, err)
	proto, err := replay.NewHTTPSender(h.httpURL(""), replay.ContentTypeProtobuf)
	require.NoError(t, err)
	json, err := replay.NewHTTPSender(h.httpURL(""), replay.ContentTypeJSON)
	require.NoError(t, err)
	all := []transport{{"grpc", grpc}, {"http protobuf", proto}, {"http json", json}}
	t.Cleanup(func() {
		for _, sender := range all {
			assert.NoError(t, sender.Close(), sender.name)
		}
	})
	return all
}

func (h *harness) httpURL(path string) string { return "http://" + h.Config().OTLPHTTP + path }

// wait returns once that many items arrived, and fails the test if more did.
func (h *harness) wait(t *testing.T, spans, records int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), replyTimeout)
	defer cancel()
	require.NoError(t, h.sink.Wait(ctx, spans, records), "log of the collector:\n%s", h.Log())
	gotSpans, gotRecords := h.sink.Counts()
	require.Equal(t, spans, gotSpans, "spans")
	require.Equal(t, records, gotRecords, "log records")
}

func captures(t *testing.T) []replay.Capture {
	t.Helper()
	all, err := replay.All(filepath.FromSlash(capturesRoot))
	require.NoError(t, err)
	return all
}

// wantTraces is what the processor makes of the batches in this process, with its default configuration.
func wantTraces(t *testing.T, batches []ptrace.Traces) []ptrace.Traces {
	t.Helper()
	factory, out := gatewaysemconvprocessor.NewFactory(), &consumertest.TracesSink{}
	p, err := factory.CreateTraces(t.Context(), processortest.NewNopSettings(factory.Type()), factory.CreateDefaultConfig(), out)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	for _, batch := range batches {
		td := ptrace.NewTraces()
		batch.CopyTo(td)
		require.NoError(t, p.ConsumeTraces(t.Context(), td))
	}
	require.NoError(t, p.Shutdown(t.Context()))
	return out.AllTraces()
}

// wantLogs is wantTraces for log records.
func wantLogs(t *testing.T, batches []plog.Logs) []plog.Logs {
	t.Helper()
	factory, out := gatewaysemconvprocessor.NewFactory(), &consumertest.LogsSink{}
	p, err := factory.CreateLogs(t.Context(), processortest.NewNopSettings(factory.Type()), factory.CreateDefaultConfig(), out)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	for _, batch := range batches {
		ld := plog.NewLogs()
		batch.CopyTo(ld)
		require.NoError(t, p.ConsumeLogs(t.Context(), ld))
	}
	require.NoError(t, p.Shutdown(t.Context()))
	return out.AllLogs()
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
