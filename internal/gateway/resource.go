package gateway

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// hint is a part of an item's attribute that says something about its resource.
type hint struct {
	slot slot
	text string
}

// finishResource applies the rules for resource attributes, then fills in what the items or the resource's
// own opaque strings say about the proxy: only what is missing, and only if all items agree.
func (w *work) finishResource(resource pcommon.Resource, clean bool, url string, set func(string)) {
	m := resource.Attributes()
	w.changed, w.leftover = false, false
	w.repairMap(m, 0)
	rules, empty := false, false
	for key, v := range m.All() {
		empty = empty || parse.Unexpanded(v.Str())
		info := w.p.resource.get(key)
		if info == nil {
			info = w.p.resPrefix.get(key)
		}
		if info != nil {
			rules = rules || info.rules[signalSpan][0] != 0
			w.resourcePatterns(info, v)
		}
	}
	if empty && !w.p.generic {
		m.RemoveIf(func(_ string, v pcommon.Value) bool { return parse.Unexpanded(v.Str()) })
		w.changed = true
	}
	if rules {
		w.renameAll(m, &w.p.resource, &w.p.resPrefix)
	}
	for i, h := range w.hint {
		if w.agreed(i) {
			w.fillResource(m, h)
		}
	}
	w.hint = w.hint[:0]
	if w.changed && clean && !w.leftover && !w.p.generic && w.e.replace && url != attrs.SchemaURL {
		set(attrs.SchemaURL)
	}
}

// agreed tells whether no other hint for the same key differs.
func (w *work) agreed(i int) bool {
	for j := range w.hint {
		if w.hint[j].slot == w.hint[i].slot && w.hint[j].text != w.hint[i].text {
			return false
		}
	}
	return true
}

// fillResource never overwrites what the sender set; placeholders do not count as set.
func (w *work) fillResource(m pcommon.Map, h hint) {
	key := w.e.slotKeys[h.slot]
	v, exists := m.GetOrPutEmpty(key)
	if exists && (v.Type() != pcommon.ValueTypeStr || !placeholder(key, v.Str())) && v.Type() != pcommon.ValueTypeEmpty {
		return
	}
	v.SetStr(h.text)
	w.changed = true
}

func placeholder(key, value string) bool {
	return parse.Absent(value) || key == attrs.ServiceName && parse.UnknownService(value)
}

// resourcePatterns reads the resource's own opaque strings.
func (w *work) resourcePatterns(info *keyInfo, v pcommon.Value) {
	for i := range info.patterns {
		p := &info.patterns[i]
		parts := &w.parts
		if parse.Absent(v.Str()) || !p.match(v.Str(), parts) {
			continue
		}
		for j, f := range p.fields {
			if f.slot != noSlot && parts[j] != "" {
				w.addHint(f.slot, parts[j])
			}
		}
		return
	}
}

// maxHints bounds what is remembered of one resource: hints that repeat are not kept twice.
const maxHints = 32

func (w *work) addHint(s slot, text string) {
	for i := range w.hint {
		if w.hint[i].slot == s && w.hint[i].text == text {
			return
		}
	}
	if len(w.hint) < maxHints {
		w.hint = append(w.hint, hint{s, text})
	}
}

// renameAll applies rules to a map of plain attributes: resources and span events. Only operations on single
// values are known there; the tables' own test sees to it.
func (w *work) renameAll(m pcommon.Map, ix *keyIndex, px *prefixIndex) {
	w.old = w.old[:0]
	for key := range m.All() {
		if len(w.old) == maxAttributes {
			w.fail(ReasonTooMany)
			break
		}
		if r := w.plainRule(key, ix, px); r != nil {
			w.old = append(w.old, key)
		}
	}
	for _, key := range w.old {
		w.renameOne(m, key, w.plainRule(key, ix, px))
	}
	clear(w.old)
}

func (w *work) plainRule(key string, ix *keyIndex, px *prefixIndex) *rule {
	info := ix.get(key)
	if info == nil && px != nil {
		info = px.get(key)
	}
	if info == nil || info.rules[signalSpan][0] == 0 {
		return nil
	}
	r := &w.p.rules[info.rules[signalSpan][0]-1]
	if r.Op == OpKeep {
		return nil
	}
	return r
}

func (w *work) renameOne(m pcommon.Map, key string, r *rule) {
	v, ok := m.Get(key)
	if !ok {
		return
	}
	s := v.Str()
	if (r.Dash || r.Op == OpDropAbsent) && v.Type() == pcommon.ValueTypeStr && parse.Absent(s) {
		m.Remove(key)
		w.changed = true
		return
	}
	target := key
	if len(r.To) > 0 {
		target = r.To[0]
		if r.chop > 0 && r.chop < len(key) {
			target = r.prefix + key[r.chop:]
		}
	}
	value := pcommon.NewValueEmpty()
	switch r.Op {
	case OpRename, OpText, OpTemplate:
		v.CopyTo(value)
	case OpString:
		value.SetStr(v.AsString())
	case OpStrings:
		if v.Type() == pcommon.ValueTypeSlice {
			v.CopyTo(value)
		} else {
			value.SetEmptySlice().AppendEmpty().SetStr(v.AsString())
		}
	case OpMap:
		if mapped, known := r.values[strings.ToLower(s)]; known {
			value.SetStr(mapped.value)
		} else {
			v.CopyTo(value)
		}
	case OpDrop:
		if w.e.replace {
			m.Remove(key)
			w.changed = true
		}
		return
	default:
		return
	}
	if target == key {
		if !v.Equal(value) {
			value.MoveTo(v)
			w.changed = true
		}
		return
	}
	if now, exists := m.Get(target); !exists {
		value.MoveTo(m.PutEmpty(target))
		w.changed = true
	} else if !now.Equal(value) && !r.Yield {
		w.conflict()
	}
	if w.e.replace && !r.Keep {
		m.Remove(key)
		w.changed = true
	}
}
