package gatewaytailsamplingprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
)

// part is what one pipeline holds of a sampler.
type part struct {
	cfg     *Config
	sampler *sampler
	signal  signal
}

// Start starts deciding. It returns at once.
func (p *part) Start(context.Context, component.Host) error {
	p.sampler.start()
	return nil
}

// Shutdown decides about everything that is there and sends what is kept, within shutdown_timeout.
func (p *part) Shutdown(ctx context.Context) error {
	last, err := p.sampler.shutdown(ctx, p.signal)
	if last {
		release(p.cfg, p.sampler)
	}
	return err
}

// Capabilities: items are copied into the store, and never changed.
func (*part) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: false} }

type tracesPart struct{ part }

func (p *tracesPart) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	return p.sampler.consumeTraces(ctx, td)
}

type logsPart struct{ part }

func (p *logsPart) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	return p.sampler.consumeLogs(ctx, ld)
}

func newTraces(set processor.Settings, cfg *Config, next consumer.Traces) (processor.Traces, error) {
	s, err := acquire(set, cfg, signalTraces)
	if err != nil {
		return nil, err
	}
	s.next.traces = next
	return &tracesPart{part{cfg: cfg, sampler: s, signal: signalTraces}}, nil
}

func newLogs(set processor.Settings, cfg *Config, next consumer.Logs) (processor.Logs, error) {
	s, err := acquire(set, cfg, signalLogs)
	if err != nil {
		return nil, err
	}
	s.next.logs = next
	return &logsPart{part{cfg: cfg, sampler: s, signal: signalLogs}}, nil
}
