package gateway

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// detector is a profile that can be recognised.
type detector struct{ *compiled }

// sampled is how many items of a scope are searched for telling attributes: one request's worth.
const sampled = 8

// items are the first items of a scope, of either signal.
type items struct {
	spans ptrace.SpanSlice
	logs  plog.LogRecordSlice
	isLog bool
}

func (it items) len() int {
	if it.isLog {
		return min(it.logs.Len(), sampled)
	}
	return min(it.spans.Len(), sampled)
}

func (it items) attributes(i int) pcommon.Map {
	if it.isLog {
		return it.logs.At(i).Attributes()
	}
	return it.spans.At(i).Attributes()
}

// detect names the gateway of one resource and scope, from evidence, never from service.name alone. A
// profile built on another one is tried before it.
func (e *Engine) detect(resource pcommon.Map, scope string, it items) *compiled {
	for i := range e.detectors {
		d := e.detectors[i].compiled
		for j := range d.Detect {
			if d.Detect[j].holds(resource, scope, it) {
				return d
			}
		}
	}
	return e.unknown
}

func (ev *Evidence) holds(resource pcommon.Map, scope string, it items) bool {
	if !ev.found(resource, scope, it) {
		return false
	}
	return ev.And == nil || ev.And.holds(resource, scope, it)
}

func (ev *Evidence) found(resource pcommon.Map, scope string, it items) bool {
	switch ev.In {
	case InScope:
		return scope != "" && ev.matches(scope)
	case InResource:
		return ev.in(resource)
	case InAttributes:
		for i := range it.len() {
			if ev.in(it.attributes(i)) {
				return true
			}
		}
	case InSpanName:
		for i := range it.len() {
			if !it.isLog && ev.matches(it.spans.At(i).Name()) {
				return true
			}
		}
	}
	return false
}

func (ev *Evidence) in(m pcommon.Map) bool {
	v, ok := m.Get(ev.Key)
	if !ok {
		return false
	}
	if v.Type() != pcommon.ValueTypeStr {
		return ev.Equal == "" && ev.Prefix == ""
	}
	return ev.matches(v.Str())
}

func (ev *Evidence) matches(s string) bool {
	switch {
	case ev.Equal != "":
		return s == ev.Equal
	case ev.Prefix != "":
		return strings.HasPrefix(s, ev.Prefix)
	}
	return true
}
