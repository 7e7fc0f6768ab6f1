package logline

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// maxScanned is the number of keys up to which a duplicate is found by scanning the map, as pcommon.Map does.
// Real access logs stay below it; above it an index takes over so that a hostile object stays linear.
const maxScanned = 64

// fields collects attributes into a map; of duplicate keys the last wins. Call done at the end.
//
// pcommon.Map can only append after a scan for the key, which is quadratic. Past maxScanned keys the values
// therefore wait in a slice with an index beside it, and done moves them into the map in one go.
type fields struct {
	m     pcommon.Map
	index map[string]int // nil while the map itself holds everything
	wide  pcommon.Slice
}

// slot returns an empty value for key, to be filled before the next call.
func (f *fields) slot(key string) pcommon.Value {
	if f.index == nil {
		if f.m.Len() < maxScanned {
			return f.m.PutEmpty(key)
		}
		f.spill()
	}
	if i, ok := f.index[key]; ok {
		v := f.wide.At(i)
		pcommon.NewValueEmpty().MoveTo(v)
		return v
	}
	f.index[key] = f.wide.Len()
	return f.wide.AppendEmpty()
}

// spill moves what the map holds to the indexed slice.
func (f *fields) spill() {
	f.index = make(map[string]int, 4*maxScanned)
	f.wide = pcommon.NewSlice()
	for k, v := range f.m.All() {
		f.index[k] = f.wide.Len()
		v.MoveTo(f.wide.AppendEmpty())
	}
}

func (f *fields) str(key, value string) {
	if f.index == nil && f.m.Len() < maxScanned {
		f.m.PutStr(key, value)
		return
	}
	f.slot(key).SetStr(value)
}

func (f *fields) int(key string, value int64) {
	if f.index == nil && f.m.Len() < maxScanned {
		f.m.PutInt(key, value)
		return
	}
	f.slot(key).SetInt(value)
}

func (f *fields) double(key string, value float64) {
	if f.index == nil && f.m.Len() < maxScanned {
		f.m.PutDouble(key, value)
		return
	}
	f.slot(key).SetDouble(value)
}

func (f *fields) bool(key string, value bool) {
	if f.index == nil && f.m.Len() < maxScanned {
		f.m.PutBool(key, value)
		return
	}
	f.slot(key).SetBool(value)
}

// drop removes key: a later null takes back an earlier value.
func (f *fields) drop(key string) {
	if f.index == nil {
		f.m.Remove(key)
		return
	}
	delete(f.index, key)
}

// done completes the map.
func (f *fields) done() {
	if f.index == nil {
		return
	}
	names := make(map[string]any, len(f.index))
	for k := range f.index {
		names[k] = nil
	}
	// FromRaw with nil values cannot fail: it makes one empty value per key without scanning.
	_ = f.m.FromRaw(names)
	for k, v := range f.m.All() {
		f.wide.At(f.index[k]).MoveTo(v)
	}
}

// text puts value unless it is "-", the mark for absent.
func (f *fields) text(key, value string) {
	if value != "-" {
		f.str(key, value)
	}
}

// number puts a decimal integer as Int, anything else as text; "-" and "" are absent.
func (f *fields) number(key, value string) {
	if value == "-" || value == "" {
		return
	}
	if n, ok := parse.Int(value); ok {
		f.int(key, n)
		return
	}
	f.str(key, value)
}

// seconds puts a decimal number as Double, anything else as text; "-" and "" are absent.
func (f *fields) seconds(key, value string) {
	if value == "-" || value == "" {
		return
	}
	if n, ok := parse.Float(value); ok {
		f.double(key, n)
		return
	}
	f.str(key, value)
}
