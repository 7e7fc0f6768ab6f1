package gatewaytailsamplingprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-otel/gatehouse/internal/configcheck"
)

const (
	maxShards = 256
	// minShardBytes is what a shard needs to hold items: a store works with 16 segments at least, the smallest of
	// which is 64 KiB here.
	minShardBytes = 16 * minSegmentBytes
	// roomyShardBytes is what a shard has by default: with less, one large trace has all others in it decided early.
	roomyShardBytes = 16 << 20
	minSegmentBytes = 64 << 10
	// maxRules: a trace's summary has one byte for the number of its rule, and some numbers mean other things.
	maxRules = 200
	// maxConditions: a trace's summary has a bit for each condition.
	maxConditions = 64
	// maxKeyParts: a trace's summary has room for this many different properties in all keys together.
	maxKeyParts = 4
	maxRate     = 1e9
	// maxDecisions that are remembered: 8 GB of dropped traces.
	maxDecisions = 1_000_000_000
)

// Validate reports every problem at once, each line naming the field, the value and the way out.
func (c *Config) Validate() error {
	p := &problems{}
	p.oneOf("unit", string(c.Unit), string(UnitTrace))
	p.durationFrom("linger", c.Linger, 0)
	p.durationFrom("wait", c.Wait, time.Millisecond)
	if c.Linger > c.Wait && c.Linger > 0 && c.Wait > 0 {
		p.add("linger: %v is longer than wait, %v: the entry span would delay the decision; make linger the shorter of the two", c.Linger, c.Wait)
	}
	if c.Shards < 0 || c.Shards > maxShards {
		p.add("shards: %d is not possible, want 1 to %d, or 0 for twice the number of processors", c.Shards, maxShards)
	}
	if shards := min(max(1, c.Shards), maxShards); c.MaxBytes < shards*minShardBytes {
		p.add("max_bytes: %d is too small for %d shards, want at least %d", c.MaxBytes, shards, shards*minShardBytes)
	}
	p.oneOf("logs::without_trace", string(c.Logs.WithoutTrace), string(WithoutTraceKeep), string(WithoutTraceDrop), string(WithoutTraceRatio))
	if c.Logs.WithoutTrace == WithoutTraceRatio {
		p.ratio("logs::ratio", c.Logs.Ratio)
	} else if c.Logs.Ratio != 0 {
		p.add("logs::ratio: %v does nothing with without_trace: %s: remove it, or set without_trace: ratio", c.Logs.Ratio, c.Logs.WithoutTrace)
	}
	for i, mark := range c.Marks {
		p.oneOf(fmt.Sprintf("marks::%d", i), string(mark), string(MarkRule), string(MarkTrigger))
	}
	p.decisions("decisions::dropped", c.Decisions.Dropped)
	p.decisions("decisions::kept", c.Decisions.Kept)
	p.durationFrom("retry::initial_interval", c.Retry.InitialInterval, time.Millisecond)
	p.durationFrom("retry::max_interval", c.Retry.MaxInterval, c.Retry.InitialInterval)
	p.durationFrom("shutdown_timeout", c.ShutdownTimeout, 0)
	c.validateRules(p)
	return p.err
}

func (c *Config) validateRules(p *problems) {
	if len(c.Rules)+len(c.Policies) == 0 {
		p.add("rules: the list is empty, so every trace would be dropped: name at least one rule, or leave the field out")
	}
	if n := len(c.Rules) + len(c.Policies); n > maxRules {
		p.add("rules: %d of them and policies, want at most %d: join rules with the same action by giving a condition more values", n, maxRules)
	}
	names := make(map[string]int)
	for i := range c.Rules {
		r := &c.Rules[i]
		field := fmt.Sprintf("rules::%d", i)
		if r.Name == "" || r.Name == noRule {
			p.add("%s::name: %q is not possible: give the rule a name of its own, it shows in marks and metrics", field, r.Name)
		} else if first, ok := names[r.Name]; ok {
			p.add("%s::name: %q is the name of rules::%d already: give each its own", field, r.Name, first)
		} else {
			names[r.Name] = i
		}
		r.validate(field, p)
		if r.Match.empty() && (i != len(c.Rules)-1 || len(c.Policies) > 0) {
			p.add("%s::match: is empty, so rule %q decides about every trace and what is behind it never does: add a condition, or move it to the end", field, r.Name)
		}
	}
	// What only shows when all rules are put together: too many conditions or properties, OTTL that does not parse.
	if _, err := compileRules(c.Rules, c.Policies, nopSettings()); err != nil {
		p.err = errors.Join(p.err, err)
	}
}

func (r *RuleConfig) validate(field string, p *problems) {
	p.oneOf(field+"::action", string(r.Action), string(ActionKeep), string(ActionDrop), string(ActionRatio), string(ActionRate), string(ActionAdaptive))
	needless := func(name string, set bool, use string) {
		if set {
			p.add("%s::%s: does nothing with action: %s: remove it, or use %s", field, name, r.Action, use)
		}
	}
	switch r.Action {
	case ActionKeep, ActionDrop:
		needless("ratio", r.Ratio != 0, "action: ratio")
		needless("per_second", r.PerSecond != 0, "action: rate or adaptive")
		needless("floor", r.Floor != 0, "action: ratio or adaptive")
		needless("key", len(r.Key) > 0, "action: ratio, rate or adaptive")
	case ActionRatio:
		p.ratio(field+"::ratio", r.Ratio)
		needless("per_second", r.PerSecond != 0, "action: rate or adaptive")
		if r.Floor == 0 {
			needless("key", len(r.Key) > 0, "floor beside it")
		}
	case ActionRate:
		p.rate(field+"::per_second", r.PerSecond)
		needless("ratio", r.Ratio != 0, "action: ratio")
		needless("floor", r.Floor != 0, "action: ratio or adaptive")
	case ActionAdaptive:
		p.rate(field+"::per_second", r.PerSecond)
		needless("ratio", r.Ratio != 0, "action: ratio")
		if len(r.Key) == 0 {
			p.add("%s::key: is empty, so there is nothing to share per_second between: name one of %s, or use action: rate", field, strings.Join(keyPartNames(), ", "))
		}
	}
	if r.Floor != 0 {
		p.rate(field+"::floor", r.Floor)
	}
	for i, k := range r.Key {
		name := fmt.Sprintf("%s::key::%d", field, i)
		p.oneOf(name, string(k), keyPartNames()...)
		if slices.Index(r.Key, k) != i {
			p.add("%s: %q is in the key already: name it once", name, k)
		}
	}
	r.Match.validate(field+"::match", p)
}

func (m *MatchConfig) validate(field string, p *problems) {
	for i, class := range m.StatusClass {
		p.oneOf(fmt.Sprintf("%s::status_class::%d", field, i), class, statusClasses...)
	}
	for i, code := range m.StatusCode {
		if code < 100 || code > 599 {
			p.add("%s::status_code::%d: %d is not an HTTP status code, want 100 to 599", field, i, code)
		}
	}
	if m.Duration.Min < 0 || m.Duration.Max < 0 || m.Duration.Max != 0 && m.Duration.Max <= m.Duration.Min {
		p.add("%s::duration: from %v to %v is no range, want min below max, or no max", field, m.Duration.Min, m.Duration.Max)
	}
	if m.Tokens.Min < 0 || m.Tokens.Max < 0 || m.Tokens.Max != 0 && m.Tokens.Max <= m.Tokens.Min {
		p.add("%s::tokens: from %d to %d is no range, want min below max, or no max", field, m.Tokens.Min, m.Tokens.Max)
	}
	for _, t := range m.texts() {
		for i, text := range t.values {
			name := fmt.Sprintf("%s::%s::%d", field, t.name, i)
			if text == "" {
				p.add("%s: %q matches nothing: remove it, or write * for any value", name, text)
			} else if at := strings.IndexByte(text, '*'); at >= 0 && at != len(text)-1 {
				p.add("%s: %q: a '*' stands for the rest of the text and can only be at the end", name, text)
			}
		}
	}
}

// problems collects what is wrong.
type problems struct{ err error }

func (p *problems) add(format string, args ...any) {
	p.err = errors.Join(p.err, fmt.Errorf(format, args...))
}

func (p *problems) oneOf(field, value string, legal ...string) {
	p.err = errors.Join(p.err, configcheck.OneOf(field, value, legal...))
}

func (p *problems) durationFrom(field string, value, least time.Duration) {
	if value < least {
		p.add("%s: %v is too short, want %v or more", field, value, least)
	}
}

func (p *problems) decisions(field string, value int) {
	if value < 1 || value > maxDecisions {
		p.add("%s: %d is not possible, want 1 to %d", field, value, maxDecisions)
	}
}

func (p *problems) ratio(field string, value float64) {
	if !(value >= minRatio && value <= 1) {
		p.add("%s: %v is not possible, want above 0 and up to 1", field, value)
	}
}

func (p *problems) rate(field string, value float64) {
	if !(value > 0 && value <= maxRate) {
		p.add("%s: %v traces a second is not possible, want above 0 and up to %v", field, value, maxRate)
	}
}
