package logline

import (
	"hash/maphash"
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata"
)

// kongField is one attribute to be.
type kongField struct {
	key  string
	kind pcommon.ValueType // Empty: taken back
	one  bool              // with kind Slice: an array of the one string in str
	str  string
	num  int64         // an int, a bool as 0 or 1, a double as its bits
	val  pcommon.Value // for Slice and Map
}

func (f *kongField) double() float64 { return math.Float64frombits(uint64(f.num)) }

// kongSeed makes the hash of a key unknown to whoever writes keys.
var kongSeed = maphash.MakeSeed()

// own copies the fields' texts out of the message, into one text per record.
func (p *kongParser) own() {
	size := 0
	for i := range p.out {
		size += p.out[i].text()
	}
	var b strings.Builder
	b.Grow(size)
	for i := range p.out {
		if p.out[i].text() > 0 {
			b.WriteString(p.out[i].str)
		}
	}
	rest := b.String()
	for i := range p.out {
		if n := p.out[i].text(); n > 0 {
			p.out[i].str, rest = rest[:n], rest[n:]
		}
	}
}

// text is the length of the text that the field writes, in bytes.
func (f *kongField) text() int {
	if f.kind == pcommon.ValueTypeStr || f.kind == pcommon.ValueTypeSlice && f.one {
		return len(f.str)
	}
	return 0
}

// write puts the fields into attrs. Of a key that comes twice the last one counts.
func (p *kongParser) write(attrs pcommon.Map) {
	places := 64
	for places < 2*len(p.out) {
		places *= 2
	}
	if cap(p.table) < places {
		p.table = make([]uint16, places)
	}
	p.table = p.table[:places]
	clear(p.table)
	kept := 0
	for i := range p.out {
		f := &p.out[i]
		if f.kind == pcommon.ValueTypeEmpty {
			continue
		}
		at := int(maphash.String(kongSeed, f.key)) & (places - 1)
		for {
			other := p.table[at]
			if other == 0 {
				kept++
				break
			}
			if old := &p.out[other-1]; old.key == f.key {
				old.kind = pcommon.ValueTypeEmpty
				break
			}
			at = (at + 1) & (places - 1)
		}
		p.table[at] = uint16(i + 1)
	}
	var b xpdata.MapBuilder
	b.EnsureCapacity(kept)
	for i := range p.out {
		p.out[i].write(&b)
	}
	b.UnsafeIntoMap(attrs)
}

func (f *kongField) write(b *xpdata.MapBuilder) {
	switch f.kind {
	case pcommon.ValueTypeStr:
		b.AppendEmpty(f.key).SetStr(f.str)
	case pcommon.ValueTypeInt:
		b.AppendEmpty(f.key).SetInt(f.num)
	case pcommon.ValueTypeDouble:
		b.AppendEmpty(f.key).SetDouble(f.double())
	case pcommon.ValueTypeBool:
		b.AppendEmpty(f.key).SetBool(f.num != 0)
	case pcommon.ValueTypeSlice, pcommon.ValueTypeMap:
		v := b.AppendEmpty(f.key)
		if f.one {
			v.SetEmptySlice().AppendEmpty().SetStr(f.str)
			return
		}
		f.val.MoveTo(v)
	case pcommon.ValueTypeEmpty, pcommon.ValueTypeBytes:
	}
}
