//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.opentelemetry.io/collector/processor/processortest"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/processor/gatewaytailsamplingprocessor"
)

// The contestants.
const (
	none    = "none"
	ours    = "gateway_tail_sampling"
	contrib = "tail_sampling"
)

// setup is what a sampler is asked to do, in no contestant's words.
type setup struct {
	keep   float64       // share of traces to keep
	linger time.Duration // from the gateway's span to the decision
	wait   time.Duration // to the decision when no gateway span comes
	traces int           // how many traces will be pending at most
}

// contestant is one sampler to measure.
type contestant struct {
	name    string
	factory processor.Factory
	config  func(setup) map[string]any // as in a Collector's YAML
}

// contestants in the order of the tables. "none" hands on what it gets at once: that much of every result is not the
// sampler's.
var contestants = []contestant{
	{name: none, factory: newNone(), config: func(setup) map[string]any { return nil }},
	{name: ours, factory: gatewaytailsamplingprocessor.NewFactory(), config: oursConfig},
	{name: contrib, factory: tailsamplingprocessor.NewFactory(), config: contribConfig},
}

// samplers are the contestants that sample.
func samplers() []contestant {
	return slices.DeleteFunc(slices.Clone(contestants), func(c contestant) bool { return c.name == none })
}

// oursConfig is gateway_tail_sampling's for a setup. It is bounded in bytes, and here no contestant is to meet its bound.
func oursConfig(s setup) map[string]any {
	return map[string]any{
		"linger":    s.linger,
		"wait":      s.wait,
		"max_bytes": 1 << 30,
		"rules":     []any{map[string]any{"name": "share", "action": "ratio", "ratio": s.keep}},
	}
}

// contribConfig is tail_sampling's for a setup. num_traces bounds it, in traces, and what is over it is dropped
// undecided; so it has to be large enough.
func contribConfig(s setup) map[string]any {
	return map[string]any{
		"decision_wait":                     s.wait,
		"decision_wait_after_root_received": s.linger,
		"num_traces":                        s.traces,
		"policies": []any{map[string]any{
			"name": "share", "type": "probabilistic",
			"probabilistic": map[string]any{"sampling_percentage": s.keep * 100},
		}},
	}
}

func newNone() processor.Factory {
	create := func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
		same := func(_ context.Context, td ptrace.Traces) (ptrace.Traces, error) { return td, nil }
		return processorhelper.NewTraces(ctx, set, cfg, next, same,
			processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}))
	}
	config := func() component.Config { return &struct{}{} }
	return processor.NewFactory(component.MustNewType(none), config, processor.WithTraces(create, component.StabilityLevelDevelopment))
}

// running is a processor that was started. Stop has to be called; it returns when everything has been decided and
// handed on.
type running struct {
	processor.Traces
	reader *sdkmetric.ManualReader // its own metrics
	meters *sdkmetric.MeterProvider
	name   string
}

// start makes a processor as a Collector does: configuration through confmap, validated, and a real meter, because
// every processor counts what it does and that is part of its price.
func (c contestant) start(ctx context.Context, s setup, next consumer.Traces, logger *zap.Logger) (*running, error) {
	return start(ctx, c.factory, c.config(s), next, logger)
}

func start(ctx context.Context, factory processor.Factory, config map[string]any, next consumer.Traces, logger *zap.Logger) (*running, error) {
	name := factory.Type().String()
	cfg := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(config).Unmarshal(cfg); err != nil {
		return nil, fmt.Errorf("configuration of %s: %w", name, err)
	}
	if err := confmap.Validate(cfg); err != nil {
		return nil, fmt.Errorf("configuration of %s: %w", name, err)
	}
	r := &running{name: name, reader: sdkmetric.NewManualReader()}
	r.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader))
	set := processortest.NewNopSettings(factory.Type())
	set.MeterProvider, set.Logger = r.meters, logger
	var err error
	if r.Traces, err = factory.CreateTraces(ctx, set, cfg, next); err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	if err = r.Start(ctx, componenttest.NewNopHost()); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, errors.Join(err, r.stop(ctx)))
	}
	return r, nil
}

func (r *running) stop(ctx context.Context) error {
	if err := errors.Join(r.Shutdown(ctx), r.meters.Shutdown(ctx)); err != nil {
		return fmt.Errorf("stop %s: %w", r.name, err)
	}
	return nil
}
