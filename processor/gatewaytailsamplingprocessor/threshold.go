package gatewaytailsamplingprocessor

import (
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/tailstore"
)

// Attributes that log records carry in place of a trace state (contrib v0.158.0, processor/probabilisticsamplerprocessor).
const (
	logThreshold  = "sampling.threshold"
	logRandomness = "sampling.randomness"
)

func decisionName(keep bool) string {
	if keep {
		return "keep"
	}
	return "drop"
}

// decided is what is written on the items of a trace on their way out.
type decided struct {
	threshold uint64
	rule      uint8
	trigger   trigger
	drop      bool // only with dry_run
	random    uint64
}

// marker writes decisions on items.
type marker struct {
	rules         *ruleSet
	dryRun        bool
	rule, trigger bool
}

func newMarker(cfg *Config, rules *ruleSet) marker {
	m := marker{rules: rules, dryRun: cfg.DryRun}
	for _, mark := range cfg.Marks {
		m.rule = m.rule || mark == MarkRule
		m.trigger = m.trigger || mark == MarkTrigger
	}
	return m
}

// needed reports whether anything is to be written for a decision.
func (m *marker) needed(d decided) bool {
	return m.dryRun || m.rule || m.trigger || d.threshold > 0
}

func (m *marker) attributes(attributes pcommon.Map, d decided) {
	if m.dryRun {
		attributes.PutStr(attrs.GatewaySamplingDecision, decisionName(!d.drop))
	}
	if m.rule || m.dryRun {
		attributes.PutStr(attrs.GatewaySamplingRule, m.rules.name(int(d.rule)))
	}
	if m.trigger {
		attributes.PutStr(attrs.GatewaySamplingTrigger, triggerNames[d.trigger])
	}
}

// spans writes the decisions about their traces on spans.
func (m *marker) spans(td ptrace.Traces, of map[tailstore.TraceID]decided) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				d, ok := of[tailstore.TraceID(span.TraceID())]
				if !ok {
					continue
				}
				m.attributes(span.Attributes(), d)
				if !m.dryRun {
					raiseSpanThreshold(span, d)
				}
			}
		}
	}
}

// logRecords writes the decisions about their traces on log records.
func (m *marker) logRecords(ld plog.Logs, of map[tailstore.TraceID]decided) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				d, ok := of[tailstore.TraceID(lr.TraceID())]
				if !ok {
					continue
				}
				m.attributes(lr.Attributes(), d)
				if !m.dryRun && d.threshold > 0 {
					raiseLogThreshold(lr, d.threshold, d.random)
				}
			}
		}
	}
}

// raiseSpanThreshold makes the threshold in a span's trace state the higher of what it is and what was decided (OTEP
// 235). One that the trace's randomness does not reach cannot be true, as the span would not be here, and is replaced.
// Without a decision by probability, and when it cannot be read, a trace state stays as it is.
func raiseSpanThreshold(span ptrace.Span, d decided) {
	if d.threshold == 0 {
		return
	}
	state, err := sampling.NewW3CTraceState(span.TraceState().AsRaw())
	if err != nil {
		return
	}
	ot := state.OTelValue()
	has, ok := ot.TValueThreshold()
	if ok && has.Unsigned() > d.random {
		ot.ClearTValue()
		ok = false
	}
	if !ok || has.Unsigned() < d.threshold {
		th, err := sampling.UnsignedToThreshold(d.threshold)
		if err != nil {
			return
		}
		if err := ot.UpdateTValueWithSampling(th); err != nil {
			return
		}
	}
	var b strings.Builder
	if err := state.Serialize(&b); err != nil {
		return
	}
	span.TraceState().FromRaw(b.String())
}

// raiseLogThreshold does the same for a log record, which has an attribute in place of the trace state.
func raiseLogThreshold(lr plog.LogRecord, threshold, random uint64) {
	th, err := sampling.UnsignedToThreshold(threshold)
	if err != nil {
		return
	}
	if v, ok := lr.Attributes().Get(logThreshold); ok {
		has, err := sampling.TValueToThreshold(v.Str())
		if err == nil && !sampling.ThresholdLessThan(has, th) && has.Unsigned() <= random {
			return
		}
	}
	lr.Attributes().PutStr(logThreshold, th.TValue())
}
