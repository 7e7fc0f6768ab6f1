package gatewaytailsamplingprocessor

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/big"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/configcheck"
)

// What follows does what the policies of contrib's tail_sampling processor do, v0.158.0, as its sources and its answers
// say (processor.go, makeDecision, and internal/sampling). What a policy asks of each span is a condition like those of
// rules; what it asks of the trace as a whole is asked when it is decided.

// answer is what a policy says about a trace.
type answer uint8

const (
	notSampled answer = iota
	sampled
	noAnswer // it failed: as if the policy were not there
)

// asking is a trace that policies are asked about.
type asking struct {
	id    pcommon.TraceID
	s     *summary
	spans int64
	now   time.Time
	read  func() ptrace.Traces // the spans, for the few policies that cannot do without
}

// ask is a compiled policy.
type ask func(*asking) answer

// policies are all of a configuration, those that drop apart.
type policies struct {
	drop, keep []ask
	dropNames  []int // numbers of rules, see ruleSet.name
	keepNames  []int
}

// policyTypes are the legal types of a policy, and of one within and, drop and composite.
var (
	leafTypes = []string{
		"always_sample", "latency", "numeric_attribute", "probabilistic", "status_code", "string_attribute", "rate_limiting",
		"bytes_limiting", "span_count", "trace_state", "trace_flags", "boolean_attribute", "ottl_condition",
	}
	policyTypes = append(slices.Clone(leafTypes), "composite", "and", "not", "drop")
)

// compilePolicies turns policies into questions. Names are those of rules too, as both are counted as one.
func (rs *ruleSet) compilePolicies(cfgs []PolicyConfig, set component.TelemetrySettings) error {
	var errs error
	names := make(map[string]int)
	for i := range rs.rules {
		names[rs.rules[i].name] = -1
	}
	for i := range cfgs {
		cfg := &cfgs[i]
		field := fmt.Sprintf("policies::%d", i)
		first, ok := names[cfg.Leaf.Name]
		switch {
		case cfg.Leaf.Name == "" || cfg.Leaf.Name == noRule:
			errs = errors.Join(errs, fmt.Errorf("%s::name: %q is not possible: give the policy a name of its own", field, cfg.Leaf.Name))
		case ok && first < 0:
			errs = errors.Join(errs, fmt.Errorf("%s::name: %q is the name of a rule already: give each its own", field, cfg.Leaf.Name))
		case ok:
			errs = errors.Join(errs, fmt.Errorf("%s::name: %q is the name of policies::%d already: give each its own", field, cfg.Leaf.Name, first))
		}
		names[cfg.Leaf.Name] = i
		p := policyCompiler{rs: rs, set: set}
		a := p.policy(field, anyPolicy{&cfg.Leaf, &cfg.Composite, &cfg.And, &cfg.Not, &cfg.Drop}, policyTypes)
		errs = errors.Join(errs, p.err)
		number := len(rs.rules) + i
		if cfg.Leaf.Type == "drop" {
			rs.policies.drop = append(rs.policies.drop, a)
			rs.policies.dropNames = append(rs.policies.dropNames, number)
		} else {
			rs.policies.keep = append(rs.policies.keep, a)
			rs.policies.keepNames = append(rs.policies.keepNames, number)
		}
		rs.policyNames = append(rs.policyNames, cfg.Leaf.Name)
	}
	return errs
}

// decide asks all policies and returns the number of the one that decided and whether it is to keep. Dropping goes
// first. The others are all asked, even when one has said yes, because those that limit rates count.
func (p *policies) decide(q *asking, none int) (number int, keep bool) {
	for i, a := range p.drop {
		if a(q) == sampled {
			return p.dropNames[i], false
		}
	}
	number = none
	for i, a := range p.keep {
		if a(q) == sampled && !keep {
			number, keep = p.keepNames[i], true
		}
	}
	return number, keep
}

type policyCompiler struct {
	rs  *ruleSet
	set component.TelemetrySettings
	err error
}

// anyPolicy is a policy of any level. What is not legal where it stands is nil.
type anyPolicy struct {
	leaf      *LeafPolicyConfig
	composite *CompositeConfig
	and       *AndConfig
	not       *NotConfig
	drop      *DropConfig
}

func (p *policyCompiler) fail(format string, args ...any) ask {
	p.err = errors.Join(p.err, fmt.Errorf(format, args...))
	return func(*asking) answer { return noAnswer }
}

// policy compiles a policy that stands where these types are legal.
func (p *policyCompiler) policy(field string, a anyPolicy, legal []string) ask {
	c := a.leaf
	if err := configcheck.OneOf(field+"::type", c.Type, legal...); err != nil {
		return p.fail("%w", err)
	}
	switch c.Type {
	case "and":
		return and(p.within(field+"::and::and_sub_policy", a.and.SubPolicies))
	case "drop":
		return and(p.within(field+"::drop::drop_sub_policy", a.drop.SubPolicies))
	case "not":
		return not(p.policy(field+"::not::not_sub_policy", anyPolicy{leaf: &a.not.SubPolicy}, leafTypes))
	case "composite":
		return p.composite(field+"::composite", a.composite)
	case "always_sample":
		return func(*asking) answer { return sampled }
	case "latency":
		if l := c.Latency; l.UpperThresholdMs != 0 && l.UpperThresholdMs <= l.ThresholdMs {
			return p.fail("%s::latency: from %d to %d is no range, want threshold_ms below upper_threshold_ms, or no upper_threshold_ms", field, l.ThresholdMs, l.UpperThresholdMs)
		}
		return latency(c.Latency)
	case "probabilistic":
		if share := c.Probabilistic.SamplingPercentage; !(share >= 0 && share <= 100) {
			return p.fail("%s::probabilistic::sampling_percentage: %v is not possible, want 0 to 100", field, share)
		}
		return probabilistic(c.Probabilistic)
	case "span_count":
		n := c.SpanCount
		if n.MaxSpans != 0 && n.MaxSpans < n.MinSpans {
			return p.fail("%s::span_count: from %d to %d is no range, want min_spans up to max_spans, or no max_spans", field, n.MinSpans, n.MaxSpans)
		}
		return func(q *asking) answer {
			return yes(q.spans >= int64(n.MinSpans) && (n.MaxSpans == 0 || q.spans <= int64(n.MaxSpans)))
		}
	case "rate_limiting":
		b := newBucketOf(c.RateLimiting.SpansPerSecond, c.RateLimiting.BurstCapacity)
		return func(q *asking) answer { return yes(b.take(q.now, q.spans)) }
	case "bytes_limiting":
		b := newBucketOf(c.BytesLimiting.BytesPerSecond, c.BytesLimiting.BurstCapacity)
		return func(q *asking) answer {
			return yes(b.take(q.now, int64((&ptrace.ProtoMarshaler{}).TracesSize(q.read()))))
		}
	default:
		return p.ofSpans(field, c)
	}
}

// within compiles policies within and or drop.
func (p *policyCompiler) within(field string, cfgs []AndPolicyConfig) []ask {
	if len(cfgs) == 0 {
		p.fail("%s: is empty, which every trace meets: name at least one policy", field)
	}
	legal := append(slices.Clone(leafTypes), "not")
	list := make([]ask, len(cfgs))
	for i := range cfgs {
		list[i] = p.policy(fmt.Sprintf("%s::%d", field, i), anyPolicy{leaf: &cfgs[i].Leaf, not: &cfgs[i].Not}, legal)
	}
	return list
}

func yes(is bool) answer {
	if is {
		return sampled
	}
	return notSampled
}

func and(list []ask) ask {
	return func(q *asking) answer {
		for _, a := range list {
			if said := a(q); said != sampled {
				return said
			}
		}
		return sampled
	}
}

func not(a ask) ask {
	return func(q *asking) answer {
		switch a(q) {
		case sampled:
			return notSampled
		case notSampled:
			return sampled
		}
		return noAnswer
	}
}

// latency grows with each span, and a trace that was within the bounds at some span is kept, even if a later span
// takes it above: contrib v0.158.0, internal/sampling/latency.go.
func latency(c LatencyConfig) ask {
	return func(q *asking) answer {
		var first, last pcommon.Timestamp
		for _, rs := range q.read().ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					if first == 0 || span.StartTimestamp() < first {
						first = span.StartTimestamp()
					}
					last = max(last, span.EndTimestamp())
					ms := last.AsTime().Sub(first.AsTime()).Milliseconds()
					if ms > c.ThresholdMs && (c.UpperThresholdMs == 0 || ms <= c.UpperThresholdMs) {
						return sampled
					}
				}
			}
		}
		return notSampled
	}
}

// probabilistic compares a hash of the id, FNV-1a of 64 bits, with the share: internal/sampling/probabilistic.go.
func probabilistic(c ProbabilisticConfig) ask {
	salt := c.HashSalt
	if salt == "" {
		salt = "default-hash-seed"
	}
	whole := new(big.Float).SetInt(new(big.Int).SetUint64(math.MaxUint64))
	limit, _ := whole.Mul(whole, big.NewFloat(c.SamplingPercentage/100)).Uint64()
	return func(q *asking) answer {
		h := fnv.New64a()
		_, _ = h.Write([]byte(salt)) // a hash takes everything
		_, _ = h.Write(q.id[:])
		return yes(h.Sum64() <= limit)
	}
}

// composite shares a rate, counted in whole seconds, between policies.
func (p *policyCompiler) composite(field string, c *CompositeConfig) ask {
	legal := append(slices.Clone(leafTypes), "and")
	list := make([]ask, len(c.SubPolicies))
	names := make([]string, len(c.SubPolicies))
	for i := range c.SubPolicies {
		sub := &c.SubPolicies[i]
		at := fmt.Sprintf("%s::composite_sub_policy::%d", field, i)
		list[i] = p.policy(at, anyPolicy{leaf: &sub.Leaf, and: &sub.And}, legal)
		if first := slices.Index(names, sub.Leaf.Name); first >= 0 && first < i {
			p.fail("%s::name: %q is the name of composite_sub_policy::%d already: give each its own", at, sub.Leaf.Name, first)
		}
		names[i] = sub.Leaf.Name
	}
	for i, a := range c.RateAllocation {
		if err := configcheck.OneOf(fmt.Sprintf("%s::rate_allocation::%d::policy", field, i), a.Policy, names...); err != nil {
			p.fail("%w", err)
		}
		if a.Percent < 0 || a.Percent > 100 {
			p.fail("%s::rate_allocation::%d::percent: %d is not possible, want 0 to 100", field, i, a.Percent)
		}
	}
	share := make([]int64, len(list))
	taken := make([]int64, len(list))
	total := float64(c.MaxTotalSpansPerSecond)
	for _, a := range c.RateAllocation {
		for i := range c.SubPolicies {
			if c.SubPolicies[i].Leaf.Name != a.Policy {
				continue
			}
			share[i] = int64(total / float64(len(list)))
			if a.Percent > 0 {
				share[i] = int64(float64(a.Percent) / 100 * total)
			}
		}
	}
	var mu sync.Mutex
	var second int64
	return func(q *asking) answer {
		mu.Lock()
		defer mu.Unlock()
		if now := q.now.Unix(); now != second {
			second = now
			clear(taken)
		}
		for i, a := range list {
			switch a(q) {
			case noAnswer:
				return noAnswer
			case sampled:
				if n := taken[i] + q.spans; n <= share[i] && n <= c.MaxTotalSpansPerSecond {
					taken[i] = n
					return sampled
				}
				return notSampled
			}
		}
		return notSampled
	}
}

// tokens is a bucket that fills steadily, and is full at first.
type tokens struct {
	mu          sync.Mutex
	rate, burst float64
	have        float64
	at          time.Time
}

func newBucketOf(perSecond, burst int64) *tokens {
	if burst <= 0 {
		burst = 2 * perSecond
	}
	return &tokens{rate: float64(perSecond), burst: float64(burst), have: float64(burst)}
}

// take takes n tokens, all or none.
func (b *tokens) take(now time.Time, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.at.IsZero() && now.After(b.at) {
		b.have = min(b.burst, b.have+now.Sub(b.at).Seconds()*b.rate)
	}
	b.at = now
	if float64(n) > b.have {
		return false
	}
	b.have -= float64(n)
	return true
}
