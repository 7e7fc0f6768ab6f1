package tailstore

import (
	"encoding/binary"
	"hash/maphash"
	"unsafe"
)

// dict remembers what the open segment holds: which keys and which pairs of key and value, and where. It is a guess in
// all but the entries: a slot may be overwritten by a newer pair or be left from an attempt that was taken back, so
// whatever it says is compared with the segment's bytes before it is used.
type dict struct {
	seed    maphash.Seed
	slots   []slot // two for each hash, the one used last in front
	entries []entry
	misses  []uint8  // for each key: how often it came with a value that was new, up to rareAfter
	bases   []uint32 // for each key: where a text stands that the next new one may begin like
	limit   int      // of entries
}

type slot struct {
	hash uint32
	off  uint32 // of the pair's value in the segment; unused for a key
	key  uint16 // entry of the key
	pair uint16 // the pair's entry, or seenOnce or seenTwice. For a key: keySlot
}

const (
	seenOnce  = 0
	seenTwice = 0xffff
	keySlot   = 0xfffe

	// rareAfter is how many new values a key must have had to be expected as a key, with an unknown value: before that
	// an entry of the pair may yet come, which would be the better thing to expect, and what is expected is written
	// once.
	rareAfter = 8

	slotBytes = int(unsafe.Sizeof(slot{}))
)

// Keys of what is not an attribute. They have the first entries of every dictionary.
const (
	pseudoName = iota + 1
	pseudoTraceState
	pseudoStatusMessage
	pseudoSeverityText
	pseudoBody
	pseudoEventName
	pseudoSpanEventName
	pseudoLinkState
	noExpectation // after a new key, which has no number yet for who reads it: nothing is expected
	firstEntry    // of those that data defines
)

// newDict makes one for segments of the given size: room for the pairs that about the last tenth of it introduced.
func newDict(segment int) dict {
	slots := 1 << 10
	for slots < 1<<14 && slots*128 < segment {
		slots *= 2
	}
	limit := min(maxEntries, slots/2)
	return dict{
		seed:    maphash.MakeSeed(),
		slots:   make([]slot, slots),
		entries: make([]entry, firstEntry, limit),
		misses:  make([]uint8, limit),
		bases:   make([]uint32, limit),
		limit:   limit,
	}
}

func (d *dict) bytes() int {
	return len(d.slots)*slotBytes + cap(d.entries)*entryBytes + len(d.misses) + len(d.bases)*4
}

// reset forgets everything, for the next segment.
func (d *dict) reset() {
	clear(d.slots)
	clear(d.misses)
	clear(d.bases)
	d.entries = d.entries[:firstEntry]
	for i := range d.entries {
		d.entries[i] = entry{key: pseudoEntry}
	}
}

// truncate takes back entries from n on.
func (d *dict) truncate(n int) {
	d.entries = d.entries[:n]
	for i := range d.entries {
		if int(d.entries[i].succ) >= n {
			d.entries[i].succ = 0
		}
	}
}

// forget takes back the entries of what stood in the segment from a place on, and all that came after the first of them.
func (d *dict) forget(off int) {
	for n := firstEntry; n < len(d.entries); n++ {
		if int(d.entries[n].off) >= off {
			d.truncate(n)
			return
		}
	}
}

// pairHash is the hash of a pair of a key's and a value's.
func pairHash(key, value uint64) uint64 { return mix(key^0xa0761d6478bd642f, value^0xe7037ed1a0b428db) }

// set returns the two slots of a hash.
func (d *dict) set(hash uint64) *[2]slot {
	i := int(hash>>32) & (len(d.slots) - 1) &^ 1
	return (*[2]slot)(d.slots[i : i+2])
}

// put makes s the slot used last.
func (d *dict) put(hash uint64, s slot) {
	set := d.set(hash)
	set[1] = set[0]
	set[0] = s
}

// keyText returns the text of a key's entry in data.
func keyText(data []byte, off uint32) (key []byte, ok bool) {
	if int(off) >= len(data) {
		return nil, false
	}
	n, w := binary.Uvarint(data[off:])
	rest := data[off:]
	if w <= 0 || n > uint64(len(rest)-w) {
		return nil, false
	}
	return rest[w : w+int(n)], true
}
