package gatewaytailsamplingprocessor

import (
	"errors"
	"fmt"
	"slices"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

// trigger is why a trace was decided when it was.
type trigger uint8

const (
	triggerEntry    trigger = iota // linger after the gateway's entry span
	triggerWait                    // wait after the first item
	triggerPressure                // the store was full
	triggerShutdown
	triggerCount
	triggerLate = triggerCount // only in marks: the item came after the decision
)

var triggerNames = [...]string{"entry", "wait", "pressure", "shutdown", "late"}

// noRule is the name under which traces are counted that no rule matched.
const noRule = "none"

// never is the threshold that no randomness reaches.
const never = sampling.MaxAdjustedCount

// ruleSet is the rules, compiled. It is not changed any more, but for what limiters learn.
type ruleSet struct {
	conditions conditions
	keyParts   []KeyPart
	rules      []rule

	policies     policies
	spanPolicies []spanPolicy
	policyNames  []string
}

type rule struct {
	name    string
	masks   masks
	action  Action
	limiter *limiter // of ratio, rate and adaptive
	key     []int    // its parts, by their place in ruleSet.keyParts
}

func compileRules(cfgs []RuleConfig, policies []PolicyConfig, set component.TelemetrySettings) (*ruleSet, error) {
	rs := &ruleSet{rules: make([]rule, len(cfgs))}
	var errs error
	for i := range cfgs {
		cfg := &cfgs[i]
		r := &rs.rules[i]
		r.name, r.action = cfg.Name, cfg.Action
		var err error
		if r.masks, err = rs.conditions.compile(fmt.Sprintf("rules::%d::match", i), &cfg.Match, set); err != nil {
			errs = errors.Join(errs, err)
		}
		if cfg.Action == ActionKeep || cfg.Action == ActionDrop {
			continue
		}
		r.limiter = newLimiter(cfg)
		for _, part := range cfg.Key {
			at := slices.Index(rs.keyParts, part)
			if at < 0 {
				at = len(rs.keyParts)
				rs.keyParts = append(rs.keyParts, part)
			}
			r.key = append(r.key, at)
		}
	}
	errs = errors.Join(errs, rs.compilePolicies(policies, set))
	if n := max(len(rs.conditions.request), len(rs.conditions.any)); n > maxConditions {
		errs = errors.Join(errs, fmt.Errorf("rules and policies: %d different conditions, want at most %d: join some by giving them more values", n, maxConditions))
	}
	if len(rs.keyParts) > maxKeyParts {
		errs = errors.Join(errs, fmt.Errorf("rules: the keys of all rules have %d different parts, %v, want at most %d", len(rs.keyParts), rs.keyParts, maxKeyParts))
	}
	return rs, errs
}

// nopSettings are for compiling rules just to see whether they do.
func nopSettings() component.TelemetrySettings {
	return component.TelemetrySettings{
		Logger: zap.NewNop(), MeterProvider: noop.NewMeterProvider(), TracerProvider: tracenoop.NewTracerProvider(),
	}
}

// matches reports whether a trace meets every condition.
func (m masks) matches(s *summary) bool {
	return s.request&m.request == m.request && s.any&m.any == m.any && s.any&m.not == 0
}

// decide returns the first rule that matches, by its number, and the threshold that the randomness of the trace must
// reach to be kept. When none matches it is the number that follows the last, and the threshold never.
func (rs *ruleSet) decide(s *summary, texts *interner, scratch []byte) (number int, threshold uint64) {
	for i := range rs.rules {
		r := &rs.rules[i]
		if !r.masks.matches(s) {
			continue
		}
		switch r.action {
		case ActionKeep:
			return i, 0
		case ActionDrop:
			return i, never
		}
		key := scratch[:0]
		for _, part := range r.key {
			key = append(append(key, texts.text(s.keys[part])...), 0)
		}
		return i, r.limiter.threshold(key, float64(s.arrived)/ticksPerSecond)
	}
	return rs.none(), never
}

// decidePolicies is decide for policies. What they keep they keep whole: contrib publishes no probability either.
func (rs *ruleSet) decidePolicies(q *asking) (number int, threshold uint64) {
	number, keep := rs.policies.decide(q, rs.none())
	if keep {
		return number, 0
	}
	return number, never
}

// none is the number that stands for no rule and no policy.
func (rs *ruleSet) none() int { return len(rs.rules) + len(rs.policyNames) }

// name returns the name of a rule or policy by its number.
func (rs *ruleSet) name(number int) string {
	if number < len(rs.rules) {
		return rs.rules[number].name
	}
	if number -= len(rs.rules); number < len(rs.policyNames) {
		return rs.policyNames[number]
	}
	return noRule
}
