package gateway

import (
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// detector finds the gateway of a scope. All evidence of all profiles is numbered; one look at the resource,
// and at the attributes of a few items where that does not settle it, marks what holds.
type detector struct {
	signs      []*Evidence
	byResource keyIndex // keyInfo.signs
	byItem     keyIndex
	scope      []int
	spanName   []int
	profiles   []candidate // children before their bases
}

// candidate is a profile with its evidence as sets of signs; all of one set must hold.
type candidate struct {
	*compiled
	sets []signSet
	leaf bool // no other profile is built on this one
}

// maxSigns bounds the evidence of all profiles together; compile reports when there is more.
const maxSigns = 256

type signSet [maxSigns / 64]uint64

func (s *signSet) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s *signSet) within(of *signSet) bool {
	for i := range s {
		if s[i]&^of[i] != 0 {
			return false
		}
	}
	return true
}

// newDetector numbers the evidence. profiles are in order: children before their bases.
func newDetector(profiles []*compiled) (*detector, error) {
	d := &detector{}
	resource, item := make(map[string]*keyInfo), make(map[string]*keyInfo)
	for _, p := range profiles {
		c := candidate{compiled: p, leaf: !slices.ContainsFunc(profiles, func(q *compiled) bool { return q.Base == p.ID })}
		for i := range p.Detect {
			var set signSet
			for ev := &p.Detect[i]; ev != nil; ev = ev.And {
				n := len(d.signs)
				if n == maxSigns {
					return nil, fmt.Errorf("gateways: more than %d pieces of evidence in all: use fewer", maxSigns)
				}
				d.signs = append(d.signs, ev)
				set.add(n)
				switch ev.In {
				case InScope:
					d.scope = append(d.scope, n)
				case InSpanName:
					d.spanName = append(d.spanName, n)
				case InResource:
					note(resource, ev.Key, n)
				case InAttributes:
					note(item, ev.Key, n)
				}
			}
			c.sets = append(c.sets, set)
		}
		d.profiles = append(d.profiles, c)
	}
	d.byResource, d.byItem = newKeyIndex(resource), newKeyIndex(item)
	return d, nil
}

func note(m map[string]*keyInfo, key string, n int) {
	if m[key] == nil {
		m[key] = &keyInfo{}
	}
	m[key].signs = append(m[key].signs, n)
}

// sampled is how many items of a scope are searched for telling attributes: one request's worth.
const sampled = 8

// items are the items of a scope, of either signal.
type items struct {
	spans ptrace.SpanSlice
	logs  plog.LogRecordSlice
	isLog bool
}

func (it items) len() int {
	if it.isLog {
		return it.logs.Len()
	}
	return it.spans.Len()
}

// detect names the gateway of one resource and scope, from evidence, never from service.name alone. What the
// resource or scope says settles it, unless other profiles build on the one that was found: then the items
// decide which of them it is.
func (d *detector) detect(resource pcommon.Map, scope string, it items) *compiled {
	var held signSet
	d.mark(&held, &d.byResource, resource)
	if scope != "" {
		for _, n := range d.scope {
			if d.signs[n].matches(scope) {
				held.add(n)
			}
		}
	}
	found := d.best(&held, nil)
	if found != nil && found.leaf {
		return found.compiled
	}
	for i := range min(it.len(), sampled) {
		if it.isLog {
			d.mark(&held, &d.byItem, it.logs.At(i).Attributes())
		} else {
			span := it.spans.At(i)
			d.mark(&held, &d.byItem, span.Attributes())
			for _, s := range d.spanName {
				if d.signs[s].matches(span.Name()) {
					held.add(s)
				}
			}
		}
		if found = d.best(&held, found); found != nil && found.leaf {
			break
		}
	}
	if found == nil {
		return nil
	}
	return found.compiled
}

// fields names the gateway of one record by its attributes alone; nil when nothing tells.
func (d *detector) fields(m pcommon.Map) *compiled {
	var held signSet
	d.mark(&held, &d.byItem, m)
	if found := d.best(&held, nil); found != nil {
		return found.compiled
	}
	return nil
}

// mark adds the signs that a map shows.
func (d *detector) mark(held *signSet, ix *keyIndex, m pcommon.Map) {
	looked := 0
	for key, v := range m.All() {
		if looked++; looked > maxAttributes {
			return
		}
		info := ix.get(key)
		if info == nil {
			continue
		}
		for _, n := range info.signs {
			if d.signs[n].holds(v) {
				held.add(n)
			}
		}
	}
}

// best returns the first profile that the signs prove; so far is returned when there is no other.
func (d *detector) best(held *signSet, soFar *candidate) *candidate {
	if *held == (signSet{}) {
		return soFar
	}
	for i := range d.profiles {
		c := &d.profiles[i]
		for j := range c.sets {
			if c.sets[j].within(held) {
				return c
			}
		}
	}
	return soFar
}

// holds tells whether an attribute's value is evidence.
func (ev *Evidence) holds(v pcommon.Value) bool {
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
