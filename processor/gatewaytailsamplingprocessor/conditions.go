package gatewaytailsamplingprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"go.opentelemetry.io/collector/component"
)

// condition is asked of every item when it arrives. Its answer is one bit in the summary of the trace, so that an item
// is never read again to decide.
type condition struct {
	key string            // equal conditions of several rules share a bit
	met func(*facts) bool // nil: a policy's, see spanPolicy
}

// conditions of all rules. Those about the request and those about any item have bits of their own.
type conditions struct {
	request, any []condition
}

// bit returns the bit of a condition, which is added unless it is there.
func bit(list *[]condition, key string, met func(*facts) bool) uint64 {
	at := slices.IndexFunc(*list, func(c condition) bool { return c.key == key })
	if at < 0 {
		at = len(*list)
		*list = append(*list, condition{key: key, met: met})
	}
	if at >= maxConditions {
		return 0 // reported by compileRules
	}
	return 1 << at
}

// eval asks all conditions of a list.
func eval(list []condition, f *facts) uint64 {
	var bits uint64
	for i := range list {
		if met := list[i].met; met != nil && met(f) {
			bits |= 1 << i
		}
	}
	return bits
}

// texts are the conditions of a match that compare texts.
func (m *MatchConfig) texts() []textCondition {
	return []textCondition{
		{"method", textMethod, m.Method, true},
		{"path", textPath, m.Path, true},
		{"host", textHost, m.Host, true},
		{"user_agent", textUserAgent, m.UserAgent, true},
		{"route", textRoute, m.Route, true},
		{"gateway", textGateway, m.Gateway, true},
		{"gateway_namespace", textGatewayNamespace, m.GatewayNamespace, true},
		{"listener", textListener, m.Listener, true},
		{"upstream", textUpstream, m.Upstream, false},
		{"response_flags", textResponseFlags, m.ResponseFlags, false},
		{"grpc_status", textGRPCStatus, m.GRPCStatus, false},
		{"model", textModel, m.Model, false},
	}
}

type textCondition struct {
	name    string
	text    text
	values  []string
	request bool // asks the request, else any item
}

// empty reports whether the match has no condition.
func (m *MatchConfig) empty() bool {
	for _, t := range m.texts() {
		if len(t.values) > 0 {
			return false
		}
	}
	return len(m.StatusClass) == 0 && len(m.StatusCode) == 0 && m.Duration == (RangeConfig{}) && m.Tokens == (TokensConfig{}) &&
		m.Error == nil && len(m.Spans) == 0 && len(m.LogRecords) == 0
}

// masks are the bits a trace must have and must not have to match.
type masks struct {
	request, any, not uint64
}

// compile turns a match into bits.
func (cs *conditions) compile(field string, m *MatchConfig, set component.TelemetrySettings) (masks, error) {
	var k masks
	for _, t := range m.texts() {
		if len(t.values) == 0 {
			continue
		}
		key := t.name + " " + strings.Join(t.values, "\x00")
		met := textIs(t.text, t.values)
		if t.request {
			k.request |= bit(&cs.request, key, met)
		} else {
			k.any |= bit(&cs.any, key, met)
		}
	}
	if len(m.StatusClass) > 0 {
		k.request |= bit(&cs.request, fmt.Sprint("status_class", m.StatusClass), func(f *facts) bool {
			return slices.Contains(m.StatusClass, f.statusClass())
		})
	}
	if len(m.StatusCode) > 0 {
		k.request |= bit(&cs.request, fmt.Sprint("status_code", m.StatusCode), func(f *facts) bool {
			return slices.Contains(m.StatusCode, int(f.status))
		})
	}
	if d := m.Duration; d != (RangeConfig{}) {
		k.request |= bit(&cs.request, fmt.Sprint("duration", d), func(f *facts) bool {
			return f.duration >= d.Min && (d.Max == 0 || f.duration < d.Max)
		})
	}
	if n := m.Tokens; n != (TokensConfig{}) {
		k.any |= bit(&cs.any, fmt.Sprint("tokens", n), func(f *facts) bool {
			return f.tokens >= n.Min && (n.Max == 0 || f.tokens < n.Max)
		})
	}
	if m.Error != nil {
		b := bit(&cs.any, "error", func(f *facts) bool { return f.failed })
		if *m.Error {
			k.any |= b
		} else {
			k.not |= b
		}
	}
	var errs error
	for _, o := range []struct {
		name    string
		list    []string
		compile func([]string, ottl.ErrorMode, component.TelemetrySettings) (asked, error)
	}{{"spans", m.Spans, onSpans}, {"log_records", m.LogRecords, onLogRecords}} {
		if len(o.list) == 0 {
			continue
		}
		asks := make([]asked, len(o.list))
		for i, text := range o.list {
			var err error
			if asks[i], err = o.compile([]string{text}, ottl.PropagateError, set); err != nil {
				errs = errors.Join(errs, fmt.Errorf("%s::%s::%d: %q cannot be read: %w", field, o.name, i, text, err))
			}
		}
		k.any |= bit(&cs.any, o.name+" "+strings.Join(o.list, "\x00"), func(f *facts) bool {
			for _, ask := range asks {
				ok, err := ask(f)
				if ok && err == nil {
					return true
				}
				f.askedInVain = f.askedInVain || err != nil
			}
			return false
		})
	}
	return k, errs
}

// textIs compares one of the texts with values that may end with '*'. Of response flags, a list, one must be it.
func textIs(which text, values []string) func(*facts) bool {
	var whole, prefixes []string
	for _, v := range values {
		if p, ok := strings.CutSuffix(v, "*"); ok {
			prefixes = append(prefixes, p)
		} else {
			whole = append(whole, v)
		}
	}
	is := func(s string) bool {
		if s == "" {
			return false
		}
		if slices.Contains(whole, s) {
			return true
		}
		for _, p := range prefixes {
			if strings.HasPrefix(s, p) {
				return true
			}
		}
		return false
	}
	switch which {
	case textResponseFlags:
		return func(f *facts) bool {
			for flag := range strings.SplitSeq(f.texts[which], ",") {
				if is(flag) {
					return true
				}
			}
			return false
		}
	case textModel:
		return func(f *facts) bool { return is(f.texts[which]) || is(f.responseModel) }
	default:
		return func(f *facts) bool { return is(f.texts[which]) }
	}
}
