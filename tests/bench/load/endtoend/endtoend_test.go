//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/processor"

	"github.com/gatehouse-otel/gatehouse/processor/gatewaysemconvprocessor"
	"github.com/gatehouse-otel/gatehouse/processor/gatewaytailsamplingprocessor"
	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

// standIn tells the test's own binary to be a Collector: one that listens until it is told to end, or one that cannot.
const standIn = "GATEHOUSE_BENCH_STAND_IN"

func TestMain(m *testing.M) {
	switch os.Getenv(standIn) {
	case "listen":
		os.Exit(listenUntilTold())
	case "broken":
		fmt.Fprintln(os.Stderr, "cannot unmarshal the configuration")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func listenUntilTold() int {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", os.Getenv("LISTEN"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	<-told
	_ = listener.Close()
	return 0
}

func TestProcessIsMeasuredFromStartToEnd(t *testing.T) {
	t.Setenv(standIn, "listen")
	address, err := freeAddress(t.Context())
	require.NoError(t, err)
	p, err := startProcess(t.Context(), os.Args[0], nil, address, "127.0.0.1:1")
	require.NoError(t, err)
	u, err := p.stop()
	require.NoError(t, err)
	assert.Positive(t, u.cpu)
	assert.Less(t, u.cpu, time.Minute)
	assert.Greater(t, u.memory, int64(1<<20), "a Go process takes more than a megabyte")
	assert.Less(t, u.memory, int64(1<<30))
}

func TestProcessThatCannotStartShowsWhy(t *testing.T) {
	t.Setenv(standIn, "broken")
	address, err := freeAddress(t.Context())
	require.NoError(t, err)
	_, err = startProcess(t.Context(), os.Args[0], nil, address, "127.0.0.1:1")
	require.ErrorContains(t, err, "ended before it was ready")
	require.ErrorContains(t, err, "cannot unmarshal the configuration")
}

// What arrived is told by trace: whole ones by kind, and those that must not be.
func TestSinkTellsWholeTracesFromOthers(t *testing.T) {
	t.Parallel()
	s, address, err := startSink(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, address)
	td, ld := ptrace.NewTraces(), plog.NewLogs()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, one := range []struct {
		trace          traffic.Trace
		spans, records int
	}{
		{traffic.Trace{Seq: 1}, 2, 1},
		{traffic.Trace{Seq: 2, Failed: true}, 2, 1},
		{traffic.Trace{Seq: 3, Slow: true}, 2, 1},
		{traffic.Trace{Seq: 4, Slow: true, Late: true}, 2, 1},
		{traffic.Trace{Seq: 5, Remote: true}, 2, 1},
		{traffic.Trace{Seq: 6}, 1, 1},
		{traffic.Trace{Seq: 7}, 2, 0},
		{traffic.Trace{Seq: 8}, 3, 1},
		{traffic.Trace{Seq: 9}, 2, 2},
	} {
		for range one.spans {
			spans.AppendEmpty().SetTraceID(one.trace.ID(7))
		}
		for range one.records {
			records.AppendEmpty().SetTraceID(one.trace.ID(7))
		}
	}
	_, err = (&spanSink{sink: s}).Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(td))
	require.NoError(t, err)
	_, err = (&recordSink{sink: s}).Export(t.Context(), plogotlp.NewExportRequestFromLogs(ld))
	require.NoError(t, err)
	assert.Equal(t, arrivals{must: 2, others: 2, late: 1, dropped: 3, part: 2, repeated: 2}, s.count(12, 2, 1))
	require.NoError(t, s.stop())
}

// Every processor of the two configurations can be made of it; which ones there are is the point of the comparison.
func TestConfigurationsAreValid(t *testing.T) {
	t.Setenv("LISTEN", "127.0.0.1:4317")
	t.Setenv("EXPORT", "127.0.0.1:4318")
	factories := make(map[component.Type]processor.Factory)
	for _, f := range []processor.Factory{
		gatewaysemconvprocessor.NewFactory(), gatewaytailsamplingprocessor.NewFactory(),
		transformprocessor.NewFactory(), tailsamplingprocessor.NewFactory(),
	} {
		factories[f.Type()] = f
	}
	for name, files := range map[string][]string{
		"gatehouse": {"file:common.yaml", "file:gatehouse.yaml"},
		"check":     {"file:common.yaml", "file:gatehouse.yaml", "file:check.yaml"},
		"contrib":   {"file:common.yaml", "file:../../transform.yaml", "file:contrib.yaml"},
	} {
		resolver, err := confmap.NewResolver(confmap.ResolverSettings{
			URIs:              files,
			ProviderFactories: []confmap.ProviderFactory{envprovider.NewFactory(), fileprovider.NewFactory()},
		})
		require.NoError(t, err)
		conf, err := resolver.Resolve(t.Context())
		require.NoError(t, err)
		used, ok := conf.Get("service::pipelines::traces::processors").([]any)
		require.True(t, ok, name)
		require.NotEmpty(t, used)
		for _, one := range used {
			var id component.ID
			require.NoError(t, id.UnmarshalText([]byte(one.(string))))
			if id.Type().String() == "memory_limiter" { // both have it, and it does nothing here
				continue
			}
			require.Contains(t, factories, id.Type())
			cfg := factories[id.Type()].CreateDefaultConfig()
			section, err := conf.Sub("processors::" + one.(string))
			require.NoError(t, err)
			require.NoError(t, section.Unmarshal(cfg), one)
			require.NoError(t, confmap.Validate(cfg), one)
		}
		require.NoError(t, resolver.Shutdown(t.Context()))
	}
}
