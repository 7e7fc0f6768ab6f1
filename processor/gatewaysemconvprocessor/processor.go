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
	return &semconvProcessor{engine: engine, telemetry: telemetry}, nil
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
		id := attribute.String("gateway", string(s.Gateway))
		add(ctx, items, s.Rewritten, id, attribute.String("outcome", "rewritten"))
		add(ctx, items, s.Unchanged, id, attribute.String("outcome", "unchanged"))
		add(ctx, p.telemetry.ProcessorGatewaySemconvConflicts, s.Conflicts, id)
		add(ctx, p.telemetry.ProcessorGatewaySemconvRepaired, s.Repaired, id)
		for reason, n := range s.Unparseable {
			add(ctx, p.telemetry.ProcessorGatewaySemconvUnparseable, n, id, attribute.String("reason", gateway.Reason(reason).String()))
		}
	}
}

func add(ctx context.Context, counter metric.Int64Counter, n int, attrs ...attribute.KeyValue) {
	if n > 0 {
		counter.Add(ctx, int64(n), metric.WithAttributeSet(attribute.NewSet(attrs...)))
	}
}
