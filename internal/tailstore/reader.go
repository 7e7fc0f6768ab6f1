package tailstore

import (
	"encoding/binary"
	"errors"
	"math"
)

// errCorrupt is what reading an item ends with when its bytes are not what encoder writes.
var errCorrupt = errors.New("stored item is corrupt")

// reader reads an item of a segment. Whatever the bytes are, it stays within them: the first thing that is not right
// makes it fail, and from then on it reads zeros.
type reader struct {
	data    []byte // of the segment
	entries []entry
	base    uint64
	at, end int // of what is left of the item
	prev    uint16
	run     int
	failed  bool
	uuid    [uuidText]byte
	joined  []byte // text that is stored in two parts
}

// open makes the reader read the item between two places of a segment's data.
func (r *reader) open(data []byte, entries []entry, base uint64, at, end int) {
	r.data, r.entries, r.base, r.at, r.end = data, entries, base, at, end
	r.prev, r.run, r.failed = 0, 0, false
}

func (r *reader) fail() {
	r.failed = true
	r.at = r.end
}

func (r *reader) uvarint() uint64 {
	if r.at < r.end {
		if b := r.data[r.at]; b < 0x80 {
			r.at++
			return uint64(b)
		}
	}
	x, n := binary.Uvarint(r.data[r.at:r.end])
	if n <= 0 {
		r.fail()
		return 0
	}
	r.at += n
	return x
}

// take returns the next n bytes.
func (r *reader) take(n uint64) []byte {
	if n > uint64(r.end-r.at) {
		r.fail()
		return nil
	}
	b := r.data[r.at : r.at+int(n)]
	r.at += int(n)
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// time reads what encoder.time wrote.
func (r *reader) time() uint64 { return r.base + unzigzag(r.uvarint()) }

// more bounds a number of parts that the item says it has: a part takes no less than a bit of an item, so a number
// beyond that is wrong, and believing it would cost memory or time that has nothing to do with the item's size.
func (r *reader) more(n uint64) int {
	if n > math.MaxInt32 {
		r.fail()
		return 0
	}
	return int(n)
}

// pair reads a token, or one step of a run. Key and text of the value hold until the next call; the key of what is not
// an attribute is empty.
func (r *reader) pair() (key []byte, v value) {
	if r.run == 0 {
		head := r.uvarint()
		x := head >> opBits
		switch head & opMask {
		case opRun:
			r.run = r.more(x)
		case opPair:
			return r.pairOf(x)
		case opKey:
			key = r.keyOf(x)
			r.prev = uint16(x)
			return key, r.value()
		case opNewKey:
			key = r.take(r.uvarint())
			r.prev = noExpectation
			return key, r.value()
		case opNext:
			n := r.entry(uint64(r.prev)).succ
			if at := r.entry(uint64(n)); at.key < pseudoEntry {
				n = at.key
			}
			if n == 0 {
				r.fail()
			}
			key = r.keyOf(uint64(n))
			r.prev = n
			return key, r.value()
		}
	}
	if r.run == 0 || r.failed {
		r.fail()
		return nil, value{}
	}
	r.run--
	return r.pairOf(uint64(r.entry(uint64(r.prev)).succ))
}

func (r *reader) entry(n uint64) entry {
	if n >= uint64(len(r.entries)) {
		r.fail()
		return entry{key: pseudoEntry}
	}
	return r.entries[n]
}

// pairOf returns an entry's key and value, and makes it the one read last.
func (r *reader) pairOf(n uint64) (key []byte, v value) {
	at := r.entry(n)
	if at.key >= pseudoEntry {
		r.fail()
		return nil, v
	}
	r.prev = uint16(n)
	return r.keyOf(uint64(at.key)), r.valueAt(at.off)
}

func (r *reader) keyOf(n uint64) []byte {
	switch at := r.entry(n); at.key {
	case pseudoEntry:
		return nil
	case keyEntry:
		if key, ok := keyText(r.data, at.off); ok {
			return key
		}
	}
	r.fail()
	return nil
}

// valueAt reads a value that stands elsewhere in the segment.
func (r *reader) valueAt(off uint32) value {
	at, end := r.at, r.end
	if int64(off) >= int64(len(r.data)) {
		r.fail()
		return value{}
	}
	r.at, r.end = int(off), len(r.data)
	v := r.literal(r.uvarint())
	if !r.failed {
		r.at = at
	} else {
		r.at = end
	}
	r.end = end
	return v
}

func (r *reader) value() value {
	head := r.uvarint()
	if head&kindMask != kindBack {
		return r.literal(head)
	}
	if head>>kindBits > math.MaxUint32 {
		r.fail()
		return value{}
	}
	return r.valueAt(uint32(head >> kindBits))
}

// literal reads the rest of a value that is not a reference.
func (r *reader) literal(head uint64) value {
	x := head >> kindBits
	switch head & kindMask {
	case kindText:
		return value{text: textOf(r.take(x))}
	case kindRaw:
		return value{kind: kindRaw, text: textOf(r.take(x))}
	case kindUUID:
		if id := r.take(uuidBytes); id != nil {
			return value{text: textOf(appendUUID(r.uuid[:0], id))}
		}
	case kindDouble:
		return value{kind: kindDouble, bits: r.uint64()}
	case kindInt, kindConst:
		return value{kind: head & kindMask, bits: x}
	case kindPrefix:
		other := r.uvarint()
		rest := r.take(r.uvarint())
		base, ok := textAt(r.data, uint32(min(other, math.MaxUint32)))
		if !ok || x > uint64(len(base)) {
			r.fail()
			return value{}
		}
		r.joined = append(append(r.joined[:0], base[:x]...), rest...)
		return value{text: textOf(r.joined)}
	default:
		r.fail()
	}
	return value{}
}
