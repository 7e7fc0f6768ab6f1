package gatewaytailsamplingprocessor

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/trace"
)

// ofSpans compiles a policy that asks each span.
func (p *policyCompiler) ofSpans(field string, c *LeafPolicyConfig) ask {
	switch c.Type {
	case "status_code":
		codes := make([]ptrace.StatusCode, 0, len(c.StatusCode.StatusCodes))
		for i, name := range c.StatusCode.StatusCodes {
			code, ok := map[string]ptrace.StatusCode{"OK": ptrace.StatusCodeOk, "ERROR": ptrace.StatusCodeError, "UNSET": ptrace.StatusCodeUnset}[name]
			if !ok {
				p.fail("%s::status_code::status_codes::%d: %q is not possible, want one of OK, ERROR, UNSET", field, i, name)
			}
			codes = append(codes, code)
		}
		if len(codes) == 0 {
			return p.fail("%s::status_code::status_codes: is empty: name at least one of OK, ERROR, UNSET", field)
		}
		return p.any(func(f *facts) (bool, error) { return slices.Contains(codes, f.span.Status().Code()), nil })
	case "trace_flags":
		return p.any(func(f *facts) (bool, error) { return byte(f.span.Flags())&byte(trace.FlagsSampled) != 0, nil })
	case "trace_state":
		return p.any(traceStateHas(c.TraceState))
	case "numeric_attribute":
		n := c.NumericAttribute
		if n.MinValue == 0 && n.MaxValue == 0 {
			return p.fail("%s::numeric_attribute: has neither min_value nor max_value: set one, 0 is none", field)
		}
		if n.MaxValue != 0 && n.MaxValue < n.MinValue {
			return p.fail("%s::numeric_attribute: from %d to %d is no range, want min_value up to max_value, 0 is none", field, n.MinValue, n.MaxValue)
		}
		return p.attribute(field, n.Key, n.InvertMatch, func(v pcommon.Value) bool {
			return (n.MinValue == 0 || v.Int() >= n.MinValue) && (n.MaxValue == 0 || v.Int() <= n.MaxValue)
		})
	case "boolean_attribute":
		b := c.BooleanAttribute
		return p.attribute(field, b.Key, b.InvertMatch, func(v pcommon.Value) bool { return v.Bool() == b.Value })
	case "string_attribute":
		s := c.StringAttribute
		is := func(text string) bool { return text != "" && slices.Contains(s.Values, text) }
		if s.EnabledRegexMatching {
			list := make([]*regexp.Regexp, len(s.Values))
			for i, value := range s.Values {
				re, err := regexp.Compile(value)
				if err != nil {
					p.fail("%s::string_attribute::values::%d: %q is no regular expression: %w", field, i, value, err)
				}
				list[i] = re
			}
			is = func(text string) bool {
				return slices.ContainsFunc(list, func(re *regexp.Regexp) bool { return re.MatchString(text) })
			}
		}
		return p.text(field, s.Key, s.InvertMatch, is)
	default:
		return p.ottl(field, c.OTTLCondition)
	}
}

// ottl asks the conditions on spans, then those on events.
func (p *policyCompiler) ottl(field string, c OTTLConditionConfig) ask {
	var list []asked
	for _, o := range []struct {
		name       string
		conditions []string
		compile    func([]string, ottl.ErrorMode, component.TelemetrySettings) (asked, error)
	}{{"span", c.Span, onSpans}, {"spanevent", c.SpanEvent, onSpanEvents}} {
		if len(o.conditions) == 0 {
			continue
		}
		a, err := o.compile(o.conditions, c.ErrorMode, p.set)
		if err != nil {
			return p.fail("%s::ottl_condition::%s: %q cannot be read: %w", field, o.name, o.conditions, err)
		}
		list = append(list, a)
	}
	if len(list) == 0 {
		return p.fail("%s::ottl_condition: has no condition: name at least one under span or spanevent", field)
	}
	return p.any(func(f *facts) (bool, error) {
		for _, a := range list {
			if ok, err := a(f); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	})
}

// any is met by a trace with a span that meets a condition. A span for which it fails, before one that meets it, makes
// the policy fail.
func (p *policyCompiler) any(met asked) ask {
	cs := &p.rs.conditions
	at := len(cs.any)
	ok := bit(&cs.any, fmt.Sprint("policy ", at), nil)
	failed := bit(&cs.any, fmt.Sprint("policy ", at, " failed"), nil)
	p.rs.spanPolicies = append(p.rs.spanPolicies, spanPolicy{met: met, ok: ok, failed: failed})
	return func(q *asking) answer {
		switch {
		case q.s.any&failed != 0:
			return noAnswer
		case q.s.any&ok != 0:
			return sampled
		}
		return notSampled
	}
}

// spanPolicy is a condition that can fail. Once it is met or failed, the spans behind are not asked.
type spanPolicy struct {
	met        asked
	ok, failed uint64
}

// eval asks the spans' policies about an item.
func (rs *ruleSet) evalPolicies(known uint64, f *facts) uint64 {
	if f.log {
		return known
	}
	for i := range rs.spanPolicies {
		sp := &rs.spanPolicies[i]
		if known&(sp.ok|sp.failed) != 0 {
			continue
		}
		switch ok, err := sp.met(f); {
		case err != nil:
			known |= sp.failed
		case ok:
			known |= sp.ok
		}
	}
	return known
}

// attribute asks an attribute of spans and their resources.
func (p *policyCompiler) attribute(field, key string, invert bool, is func(pcommon.Value) bool) ask {
	p.needsKey(field, key)
	a := p.any(func(f *facts) (bool, error) {
		if v, ok := f.origin.resource.Attributes().Get(key); ok && is(v) {
			return true, nil
		}
		v, ok := f.span.Attributes().Get(key)
		return ok && is(v), nil
	})
	if invert {
		return not(a)
	}
	return a
}

// text asks an attribute with a text. One of a span that is empty is as good as none; one of a resource is not.
func (p *policyCompiler) text(field, key string, invert bool, is func(string) bool) ask {
	p.needsKey(field, key)
	a := p.any(func(f *facts) (bool, error) {
		if v, ok := f.origin.resource.Attributes().Get(key); ok && is(v.Str()) {
			return true, nil
		}
		v, ok := f.span.Attributes().Get(key)
		return ok && v.Str() != "" && is(v.Str()), nil
	})
	if invert {
		return not(a)
	}
	return a
}

// needsKey reports a policy about an attribute that names none.
func (p *policyCompiler) needsKey(field, key string) {
	if key == "" {
		p.fail("%s: key is empty, which no attribute has: name one", field)
	}
}

func traceStateHas(c TraceStateConfig) asked {
	return func(f *facts) (bool, error) {
		raw := f.span.TraceState().AsRaw()
		if raw == "" {
			return false, nil
		}
		ts, err := trace.ParseTraceState(raw)
		if err != nil {
			return false, nil //nolint:nilerr // a trace state that cannot be read has no value, as in contrib
		}
		v := ts.Get(c.Key)
		// A member is at most 256 characters long with its '='.
		return v != "" && len(c.Key)+len(v) < 256 && slices.Contains(c.Values, v), nil
	}
}
