package gatewayidentityprocessor

import (
	"context"
	"fmt"
	"math/bits"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/internal/identity"
	"github.com/gatehouse-otel/gatehouse/processor/gatewayidentityprocessor/internal/metadata"
)

type identityProcessor struct {
	factory   *factory
	cfg       *Config
	resolver  *resolver
	hinter    hinter
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	over      sync.Once
}

// The metric attributes, made once: a batch costs a few additions.
var (
	byLabels      [identity.Ways]metric.MeasurementOption
	outcomeLabels [identity.Outcomes]metric.MeasurementOption
	ignoredLabels [len(identity.IgnoredNames)]metric.MeasurementOption
)

func init() {
	for by := range byLabels {
		byLabels[by] = metric.WithAttributeSet(attribute.NewSet(attribute.String("by", identity.By(by).String())))
	}
	for i, name := range identity.IgnoredNames {
		ignoredLabels[i] = metric.WithAttributeSet(attribute.NewSet(attribute.String("evidence", name)))
	}
	for o := range outcomeLabels {
		outcomeLabels[o] = metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", identity.Outcome(o).String())))
	}
}

func (f *factory) newProcessor(set processor.Settings, cfg *Config) (*identityProcessor, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	hinter, err := newHinter()
	if err != nil {
		return nil, err
	}
	return &identityProcessor{factory: f, cfg: cfg, resolver: f.acquire(cfg), hinter: hinter, logger: set.Logger, telemetry: telemetry}, nil
}

func (p *identityProcessor) start(ctx context.Context, _ component.Host) error {
	return p.resolver.start(ctx, p.cfg, p.logger, p.telemetry)
}

func (p *identityProcessor) shutdown(context.Context) error {
	p.over.Do(func() {
		p.factory.release(p.cfg, p.resolver)
		p.telemetry.Shutdown()
	})
	return nil
}

// tally is what happened to one batch.
type tally struct {
	by                [identity.Ways]int
	routes, upstreams [identity.Outcomes]int
	ignored           [len(identity.IgnoredNames)]int
	resolutions       int
}

func (t *tally) resource(id *identity.Identity, remembered bool) {
	t.by[id.By]++
	for rest := id.Ignored; rest != 0; rest &= rest - 1 {
		t.ignored[bits.TrailingZeros8(uint8(rest))]++
	}
	if !remembered {
		t.resolutions++
	}
}

func (t *tally) item(route, upstream identity.Outcome) {
	t.routes[route]++
	t.upstreams[upstream]++
}

func (p *identityProcessor) processTraces(ctx context.Context, td ptrace.Traces) (ptrace.Traces, error) {
	var t tally
	peer := peerOf(ctx)
	for _, rs := range td.ResourceSpans().All() {
		id, remembered := p.resolver.Resource(rs.Resource(), p.hinter.spans(rs, peer))
		t.resource(id, remembered)
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				t.item(p.resolver.Item(id, span.Attributes(), span.Kind() == ptrace.SpanKindClient))
			}
		}
	}
	p.record(ctx, &t)
	return td, nil
}

func (p *identityProcessor) processLogs(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
	var t tally
	peer := peerOf(ctx)
	for _, rl := range ld.ResourceLogs().All() {
		id, remembered := p.resolver.Resource(rl.Resource(), p.hinter.logs(rl, peer))
		t.resource(id, remembered)
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				t.item(p.resolver.Item(id, lr.Attributes(), false))
			}
		}
	}
	p.record(ctx, &t)
	return ld, nil
}

func (p *identityProcessor) processMetrics(ctx context.Context, md pmetric.Metrics) (pmetric.Metrics, error) {
	var t tally
	peer := peerOf(ctx)
	for _, rm := range md.ResourceMetrics().All() {
		t.resource(p.resolver.Resource(rm.Resource(), p.hinter.metrics(rm, peer)))
	}
	p.record(ctx, &t)
	return md, nil
}

func (p *identityProcessor) record(ctx context.Context, t *tally) {
	for by, n := range t.by {
		add(ctx, p.telemetry.ProcessorGatewayIdentityResources, n, byLabels[by])
	}
	for i, n := range t.ignored {
		add(ctx, p.telemetry.ProcessorGatewayIdentityContradictions, n, ignoredLabels[i])
	}
	for _, o := range [...]identity.Outcome{identity.Found, identity.Unknown} {
		add(ctx, p.telemetry.ProcessorGatewayIdentityRoutes, t.routes[o], outcomeLabels[o])
		add(ctx, p.telemetry.ProcessorGatewayIdentityUpstreams, t.upstreams[o], outcomeLabels[o])
	}
	if t.resolutions > 0 {
		p.telemetry.ProcessorGatewayIdentityResolutions.Add(ctx, int64(t.resolutions))
	}
}

func add(ctx context.Context, counter metric.Int64Counter, n int, labels metric.MeasurementOption) {
	if n > 0 {
		counter.Add(ctx, int64(n), labels)
	}
}
