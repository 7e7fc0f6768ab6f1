package als

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata"
)

// compactAbove is the size in bytes from which on an entry is looked at for what its record does not show.
const compactAbove = 16 << 10

// compact copies the strings of attributes that are parts of one string of size bytes, if less than half of it is in
// use: fields that nobody knows, or that were left out, would otherwise live as long as the record does.
func compact(m pcommon.Map, size int) {
	if weigh(m) < size/2 {
		copyMap(m).MoveTo(m)
	}
}

// weigh returns the bytes of the strings in a map.
func weigh(m pcommon.Map) (n int) {
	for key, v := range m.All() {
		n += len(key) + weighValue(v)
	}
	return n
}

func weighValue(v pcommon.Value) (n int) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return len(v.Str())
	case pcommon.ValueTypeMap:
		return weigh(v.Map())
	case pcommon.ValueTypeSlice:
		for _, e := range v.Slice().All() {
			n += weighValue(e)
		}
	}
	return n // bytes are a copy already
}

// copyMap returns the map with strings of its own. A key has to be made anew too.
func copyMap(m pcommon.Map) pcommon.Map {
	var b xpdata.MapBuilder
	b.EnsureCapacity(m.Len())
	for key, v := range m.All() {
		own := b.AppendEmpty(strings.Clone(key))
		v.MoveTo(own)
		copyValue(own)
	}
	out := pcommon.NewMap()
	b.UnsafeIntoMap(out)
	return out
}

func copyValue(v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		v.SetStr(strings.Clone(v.Str()))
	case pcommon.ValueTypeMap:
		copyMap(v.Map()).MoveTo(v.Map())
	case pcommon.ValueTypeSlice:
		for _, e := range v.Slice().All() {
			copyValue(e)
		}
	}
}
