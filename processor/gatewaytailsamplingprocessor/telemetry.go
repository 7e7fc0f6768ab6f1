package gatewaytailsamplingprocessor

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/gatehouse-otel/gatehouse/processor/gatewaytailsamplingprocessor/internal/metadata"
)

// meters show the accounts as metrics. They are read when somebody asks; nothing is counted twice on the data path.
type meters struct{ telemetry *metadata.TelemetryBuilder }

func newMeters(set component.TelemetrySettings, s *sampler) (*meters, error) {
	tb, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	signals := make([]metric.MeasurementOption, signalCount)
	for sig, name := range signalNames {
		signals[sig] = labels("signal", name)
	}
	perSignals := func(o metric.Int64Observer, p *perSignal) {
		for sig, n := range p {
			o.Observe(n, signals[sig])
		}
	}
	type outcome struct {
		labels [signalCount]metric.MeasurementOption
		of     func(*accounts) *perSignal
	}
	outcomeOf := func(key, name string, of func(*accounts) *perSignal) outcome {
		out := outcome{of: of}
		for sig := range out.labels {
			out.labels[sig] = labels("signal", signalNames[sig], key, name)
		}
		return out
	}
	observe := func(o metric.Int64Observer, outcomes []outcome) {
		a, _ := s.totals()
		for i := range outcomes {
			for sig, n := range outcomes[i].of(&a) {
				o.Observe(n, outcomes[i].labels[sig])
			}
		}
	}
	items := []outcome{
		outcomeOf("outcome", "kept", func(a *accounts) *perSignal { return &a.kept }),
		outcomeOf("outcome", "dropped", func(a *accounts) *perSignal { return &a.dropped }),
		outcomeOf("outcome", "refused", func(a *accounts) *perSignal { return &a.refused }),
		outcomeOf("outcome", "lost", func(a *accounts) *perSignal { return &a.lost }),
	}
	late := []outcome{
		outcomeOf("decision", decisionName(false), func(a *accounts) *perSignal { return &a.late[0] }),
		outcomeOf("decision", decisionName(true), func(a *accounts) *perSignal { return &a.late[1] }),
	}
	err = errors.Join(
		tb.RegisterProcessorGatewayTailSamplingReceivedCallback(func(_ context.Context, o metric.Int64Observer) error {
			a, _ := s.totals()
			perSignals(o, &a.received)
			return nil
		}),
		tb.RegisterProcessorGatewayTailSamplingPendingCallback(func(_ context.Context, o metric.Int64Observer) error {
			a, _ := s.totals()
			perSignals(o, &a.pending)
			return nil
		}),
		tb.RegisterProcessorGatewayTailSamplingItemsCallback(func(_ context.Context, o metric.Int64Observer) error {
			observe(o, items)
			return nil
		}),
		tb.RegisterProcessorGatewayTailSamplingLateItemsCallback(func(_ context.Context, o metric.Int64Observer) error {
			observe(o, late)
			return nil
		}),
		tb.RegisterProcessorGatewayTailSamplingIrregularCallback(func(_ context.Context, o metric.Int64Observer) error {
			a, _ := s.totals()
			for r, n := range a.irregular {
				o.Observe(n, labels("reason", reasonNames[r]))
			}
			return nil
		}),
		tb.RegisterProcessorGatewayTailSamplingTracesCallback(func(_ context.Context, o metric.Int64Observer) error {
			a, _ := s.totals()
			for rule := range a.traces {
				for t := range triggerCount {
					s.observeTraces(o, rule, t, decisionName(true), a.traces[rule].kept[t])
					s.observeTraces(o, rule, t, decisionName(false), a.traces[rule].dropped[t])
				}
			}
			return nil
		}),
		tb.RegisterProcessorGatewayTailSamplingRetriesCallback(func(_ context.Context, o metric.Int64Observer) error {
			a, _ := s.totals()
			o.Observe(a.retries)
			return nil
		}),
		tb.RegisterProcessorGatewayTailSamplingBytesCallback(func(_ context.Context, o metric.Int64Observer) error {
			_, bytes := s.totals()
			o.Observe(bytes)
			return nil
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("register own metrics: %w", err)
	}
	return &meters{telemetry: tb}, nil
}

// observeTraces leaves out what never happened: most rules only ever keep, or only ever drop.
func (s *sampler) observeTraces(o metric.Int64Observer, rule int, t trigger, decision string, n int64) {
	if n > 0 {
		o.Observe(n, labels("decision", decision, "rule", s.rules.name(rule), "trigger", triggerNames[t]))
	}
}

// labels makes metric attributes of keys and values.
func labels(pairs ...string) metric.MeasurementOption {
	list := make([]attribute.KeyValue, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, attribute.String(pairs[i], pairs[i+1]))
	}
	return metric.WithAttributeSet(attribute.NewSet(list...))
}

func (m *meters) shutdown() { m.telemetry.Shutdown() }
