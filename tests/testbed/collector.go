package testbed

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/internal/replay/collector"
)

const (
	// withoutProcessorEnv, set to anything, takes the processor out of the pipeline: every test of a real gateway has to
	// fail then, or it tests nothing.
	withoutProcessorEnv = "GATEHOUSE_E2E_WITHOUT_PROCESSOR"
	// ItemTimeout is how long telemetry may take from a gateway to a sink: Envoy hands over spans every 5 s.
	ItemTimeout = 30 * time.Second
)

// CollectorOptions are what a test adds to the Collector under test.
type CollectorOptions struct {
	Backends []string // more receivers of the processed spans, OTLP/gRPC host:port
	LogFiles []string // read by the file_log receiver
	// OTLPGRPC is the address the gRPC OTLP receiver listens on, for a gateway that cannot be told a port. Empty: a free
	// loopback one.
	OTLPGRPC string
	// EnvoyALS is the same for the envoy_als receiver.
	EnvoyALS string
	// Queue, if not 0, is how many export requests may wait for After before the Collector refuses more. There is no Before
	// then: its exporter would take what the other one refuses, and take it again when it is sent again.
	Queue int
	// Kubeconfig, if set, puts the gateway_identity processor behind gateway_semconv: the file it reaches Kubernetes with.
	Kubeconfig string
	// Convert makes gateway_semconv write prompts and completions as the messages of the conventions (gen_ai::content:
	// convert), whatever a gateway calls them.
	Convert bool
}

// Collector is the built distribution between a gateway and two sinks. Both get everything that came in: Before as the
// gateway sent it, or as its receiver read it, After as the processor made it.
type Collector struct {
	*Process
	Before *replay.Sink
	After  *replay.Sink
	config collector.Config
}

// StartCollector runs the built distribution with the gateway_semconv processor, in its default configuration but for what
// the options say, and with gateway_identity behind it where they ask for it. With GATEHOUSE_E2E_WITHOUT_PROCESSOR set it
// has neither; envoy_als and kong_log write finished records all the same. It is stopped at the end of the test.
func StartCollector(tb testing.TB, opts CollectorOptions) *Collector {
	tb.Helper()
	c := &Collector{After: startSink(tb)}
	c.config = collector.Config{
		OTLPGRPC: opts.OTLPGRPC,
		OTLPHTTP: FreeAddress(tb),
		Zipkin:   FreeAddress(tb),
		EnvoyALS: opts.EnvoyALS,
		KongHTTP: FreeAddress(tb),
		KongTCP:  FreeAddress(tb),
		KongUDP:  FreeAddress(tb),
		Health:   FreeAddress(tb),
		Metrics:  FreeAddress(tb),
		Export:   c.After.Endpoint(),
		Backends: opts.Backends,
		LogFiles: opts.LogFiles,
		Queue:    opts.Queue,
	}
	if opts.Queue == 0 {
		c.Before = startSink(tb)
		c.config.Raw = c.Before.Endpoint()
	}
	if c.config.EnvoyALS == "" {
		c.config.EnvoyALS = FreeAddress(tb)
	}
	if c.config.OTLPGRPC == "" {
		c.config.OTLPGRPC = FreeAddress(tb)
	}
	var (
		env  []string
		args []string
	)
	if os.Getenv(withoutProcessorEnv) == "" {
		c.config.Processors = []string{"gateway_semconv"}
		if opts.Convert {
			args = append(args, "--set=processors.gateway_semconv.gen_ai.content=convert")
		}
		if opts.Kubeconfig != "" {
			c.config.Processors = append(c.config.Processors, "gateway_identity")
			args = append(args, "--set=processors.gateway_identity.auth_type=kubeConfig")
			env = append(slices.Clone(clusterEnv), "KUBECONFIG="+opts.Kubeconfig)
		}
	}
	text, err := c.config.YAML()
	require.NoError(tb, err)
	dir := tb.TempDir()
	file := filepath.Join(dir, "config.yaml")
	require.NoError(tb, os.WriteFile(file, []byte(text), 0o600))
	c.Process = Start(tb, Command{
		Name:  "otelcol-gatehouse",
		Path:  CollectorBinary(tb),
		Args:  append([]string{"--config", file}, args...),
		Env:   env,
		Dir:   dir,
		Ready: HTTPReady("http://" + c.config.Health + "/"),
	})
	return c
}

// OTLPGRPC is the address (host:port) of the OTLP receiver over gRPC.
func (c *Collector) OTLPGRPC() string { return c.config.OTLPGRPC }

// OTLPHTTP is the address (host:port) of the OTLP receiver over HTTP.
func (c *Collector) OTLPHTTP() string { return c.config.OTLPHTTP }

// Zipkin is the address (host:port) of the Zipkin receiver.
func (c *Collector) Zipkin() string { return c.config.Zipkin }

// EnvoyALS is the address (host:port) of the receiver of Envoy's access log service.
func (c *Collector) EnvoyALS() string { return c.config.EnvoyALS }

// KongHTTP is the URL of the receiver of Kong's http-log plugin, with a path as operators write one.
func (c *Collector) KongHTTP() string { return "http://" + c.config.KongHTTP + "/kong" }

// KongTCP is the address (host:port) of the receiver of Kong's tcp-log plugin.
func (c *Collector) KongTCP() string { return c.config.KongTCP }

// KongUDP is the address (host:port) of the receiver of Kong's udp-log plugin.
func (c *Collector) KongUDP() string { return c.config.KongUDP }

// Wait returns when at least that many spans and log records have come in and gone out, and fails the test when that
// takes longer than ItemTimeout.
func (c *Collector) Wait(tb testing.TB, spans, records int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), ItemTimeout)
	defer cancel()
	require.NoError(tb, c.Before.Wait(ctx, spans, records), "the gateway sent less than expected")
	require.NoError(tb, c.After.Wait(ctx, spans, records), "the Collector passed on less than it got")
}

// Reset forgets what came in and went out so far.
func (c *Collector) Reset() {
	c.Before.Reset()
	c.After.Reset()
}

func startSink(tb testing.TB) *replay.Sink {
	tb.Helper()
	sink, err := replay.StartSink()
	require.NoError(tb, err)
	tb.Cleanup(func() {
		if err := sink.Close(); err != nil {
			tb.Errorf("close sink: %v", err)
		}
	})
	return sink
}
