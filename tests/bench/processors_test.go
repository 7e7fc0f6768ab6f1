package bench

import (
	"context"
	"slices"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.opentelemetry.io/collector/processor/processortest"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/processor/gatewaysemconvprocessor"
)

// contestant is one processor to measure.
type contestant struct {
	name    string
	factory processor.Factory
	section string // of transform.yaml; "" for the default configuration
	idle    bool   // it changes nothing, so it can have the same spans again
}

const (
	none      = "none"
	ours      = "gateway_semconv"
	transform = "transform"
	tuned     = "transform-tuned"
	types     = "transform-types"
	floor     = "floor"
)

// contestants in the order of the result tables. "none" calls nothing but the Collector's own helper: that much of
// every result is not the processor's.
var contestants = []contestant{
	{name: none, factory: nop(), idle: true},
	{name: ours, factory: gatewaysemconvprocessor.NewFactory()},
	{name: transform, factory: transformprocessor.NewFactory(), section: "transform"},
	{name: tuned, factory: transformprocessor.NewFactory(), section: "transform/tuned"},
	{name: types, factory: transformprocessor.NewFactory(), section: "transform/types"},
	{name: floor, factory: newFloor()},
}

func byName(name string) contestant { return contestants[place(name)] }

func place(name string) int {
	return slices.IndexFunc(contestants, func(c contestant) bool { return c.name == name })
}

// nop is the factory of a processor that hands on what it gets.
func nop() processor.Factory {
	kind := component.MustNewType("none")
	create := func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
		same := func(_ context.Context, td ptrace.Traces) (ptrace.Traces, error) { return td, nil }
		return processorhelper.NewTraces(ctx, set, cfg, next, same,
			processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}))
	}
	config := func() component.Config { return &struct{}{} }
	return processor.NewFactory(kind, config, processor.WithTraces(create, component.StabilityLevelDevelopment))
}

// start makes a processor as a Collector does: configuration through confmap, validated, and a real meter, because
// every processor counts what it does and that is part of its price.
func (c contestant) start(tb testing.TB, next consumer.Traces, logger *zap.Logger) processor.Traces {
	tb.Helper()
	if c.name == floor {
		teach(tb)
	}
	cfg := c.factory.CreateDefaultConfig()
	if c.section != "" {
		require.NoError(tb, section(tb, c.section).Unmarshal(cfg))
	}
	require.NoError(tb, confmap.Validate(cfg))
	set := processortest.NewNopSettings(c.factory.Type())
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	set.MeterProvider, set.Logger = meters, logger
	p, err := c.factory.CreateTraces(tb.Context(), set, cfg, next)
	require.NoError(tb, err)
	require.NoError(tb, p.Start(tb.Context(), componenttest.NewNopHost()))
	tb.Cleanup(func() {
		require.NoError(tb, p.Shutdown(context.Background()))
		require.NoError(tb, meters.Shutdown(context.Background()))
	})
	return p
}

// section reads one processor's part of transform.yaml.
func section(tb testing.TB, name string) *confmap.Conf {
	tb.Helper()
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              []string{"file:transform.yaml"},
		ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory()},
	})
	require.NoError(tb, err)
	conf, err := resolver.Resolve(tb.Context())
	require.NoError(tb, err)
	require.NoError(tb, resolver.Shutdown(tb.Context()))
	processors, err := conf.Sub("processors")
	require.NoError(tb, err)
	require.True(tb, processors.IsSet(name), "transform.yaml has no processor %s", name)
	out, err := processors.Sub(name)
	require.NoError(tb, err)
	return out
}
