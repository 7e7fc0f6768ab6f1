package gateway

import (
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata"
)

// ascii tells strings that need no further look: almost all of them.
func ascii(s string) bool {
	n := len(s)
	if n < 8 {
		var b byte
		for i := range n {
			b |= s[i]
		}
		return b < utf8.RuneSelf
	}
	var w uint64
	for i := 0; i+8 <= n; i += 8 {
		w |= load64(s[i:])
	}
	w |= load64(s[n-8:])
	return w&0x8080808080808080 == 0
}

// sound tells whether s is valid UTF-8.
func sound(s string) bool { return ascii(s) || utf8.ValidString(s) }

const replacement = "\uFFFD"

// valid returns s with every invalid sequence replaced by U+FFFD. Real Kong sends such bytes in http.url; a
// strict protobuf decoder refuses the whole export because of one of them.
func (w *work) valid(s string) string {
	if sound(s) {
		return s
	}
	w.stats.Repaired++
	w.changed = true
	return strings.ToValidUTF8(s, replacement)
}

func (w *work) repair(v pcommon.Value) { v.SetStr(w.valid(v.Str())) }

// repairKey renames an attribute whose key is not valid, after the rule of its template, if it has one.
func (w *work) repairKey(i int32, key string, v pcommon.Value, kind int) {
	fixed, before := w.valid(key), len(w.dyn)
	if info := w.p.prefixes.get(fixed); info != nil {
		s := w.step(info, kind)
		w.known(i, fixed, v, &s)
	}
	switch {
	case w.removes(i):
	case len(w.dyn) > before: // the template's rule has taken the value
		w.drop(i)
	case w.addDynamic(dynamic{key: fixed, attr: i, val: v}):
		w.drop(i)
	}
}

// maxDepth bounds the nesting that is looked into; protobuf decoders stop at 100 as well.
const maxDepth = 64

func (w *work) repairNested(v pcommon.Value, depth int) {
	if depth == maxDepth {
		return
	}
	switch v.Type() {
	case pcommon.ValueTypeStr:
		if !sound(v.Str()) {
			w.repair(v)
		}
	case pcommon.ValueTypeSlice:
		for _, e := range v.Slice().All() {
			w.repairNested(e, depth+1)
		}
	case pcommon.ValueTypeMap:
		w.repairMap(v.Map(), depth+1)
	}
}

// repairMap repairs values and keys of a nested map.
func (w *work) repairMap(m pcommon.Map, depth int) {
	bad := false
	for k, e := range m.All() {
		bad = bad || !sound(k)
		if e.Type() != pcommon.ValueTypeStr || !ascii(e.Str()) {
			w.repairNested(e, depth)
		}
	}
	if !bad {
		return
	}
	var fixed xpdata.MapBuilder // it does not look for equal keys: that would cost the square of their number
	fixed.EnsureCapacity(m.Len())
	for k, e := range m.All() {
		e.MoveTo(fixed.AppendEmpty(w.valid(k)))
	}
	fixed.UnsafeIntoMap(m)
}
