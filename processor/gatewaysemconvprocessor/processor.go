package gatewaysemconvprocessor

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/processor/gatewaysemconvprocessor/internal/metadata"
)

type semconvProcessor struct {
	engine    *gateway.Engine
	telemetry *metadata.TelemetryBuilder
	labels    map[gateway.ID]*labels
}

// labels are the metric attributes of one gateway, made once, as the lists of options that counters take: a batch costs a
// few additions.
type labels struct {
	gateway, rewritten, unchanged []metric.AddOption
	reasons                       [gateway.ReasonCount][]metric.AddOption
}

func newProcessor(set processor.Settings, cfg *Config) (*semconvProcessor, error) {
	engine, err := cfg.compile()
	if err != nil {
		return nil, err
	}
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	p := &semconvProcessor{engine: engine, telemetry: telemetry, labels: make(map[gateway.ID]*labels)}
	for _, id := range engine.Gateways() {
		p.labels[id] = newLabels(id)
	}
	return p, nil
}

func newLabels(id gateway.ID) *labels {
	option := func(more ...attribute.KeyValue) []metric.AddOption {
		set := attribute.NewSet(append(more, attribute.String("gateway", string(id)))...)
		return []metric.AddOption{metric.WithAttributeSet(set)}
	}
	l := &labels{
		gateway:   option(),
		rewritten: option(attribute.String("outcome", "rewritten")),
		unchanged: option(attribute.String("outcome", "unchanged")),
	}
	for r := range l.reasons {
		l.reasons[r] = option(attribute.String("reason", gateway.Reason(r).String()))
	}
	return l
}

func (p *semconvProcessor) processTraces(ctx context.Context, td ptrace.Traces) (ptrace.Traces, error) {
	p.record(ctx, p.telemetry.ProcessorGatewaySemconvSpans, p.engine.Traces(td))
	return td, nil
}

func (p *semconvProcessor) processLogs(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
	p.record(ctx, p.telemetry.ProcessorGatewaySemconvLogRecords, p.engine.Logs(ld))
	return ld, nil
}

func (p *semconvProcessor) shutdown(context.Context) error {
	p.telemetry.Shutdown()
	return nil
}

// record adds up what happened, a few calls per batch and gateway, none per item.
func (p *semconvProcessor) record(ctx context.Context, items metric.Int64Counter, stats gateway.Stats) {
	for i := range stats {
		s := &stats[i]
		l := p.labels[s.Gateway]
		add(ctx, items, s.Rewritten, l.rewritten)
		add(ctx, items, s.Unchanged, l.unchanged)
		add(ctx, p.telemetry.ProcessorGatewaySemconvConflicts, s.Conflicts, l.gateway)
		add(ctx, p.telemetry.ProcessorGatewaySemconvRepaired, s.Repaired, l.gateway)
		for reason, n := range s.Unparseable {
			add(ctx, p.telemetry.ProcessorGatewaySemconvUnparseable, n, l.reasons[reason])
		}
	}
}

func add(ctx context.Context, counter metric.Int64Counter, n int, labels []metric.AddOption) {
	if n > 0 {
		counter.Add(ctx, int64(n), labels...)
	}
}
