package tailstore

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// encoder appends items to the open segment in the codec's form (doc.go has the grammar). What it writes becomes part
// of the segment by commit only.
type encoder struct {
	dict
	values   valueReader
	home     []byte // the segment's data, without the item that is being written
	data     []byte // the same, with it. Another array when the item did not fit
	start    int    // where the item begins
	mark     int    // entries before it
	base     uint64 // of the segment; 0: it has none yet
	prev     uint16 // entry of what was written last, which says what to expect
	run      int    // expectations that came true and are not written yet
	expanded int    // no less than the item's size as OTLP bytes
	plain    bool   // do without the dictionary: for items in a segment of their own
}

// Tokens: the low three bits of the number that starts one. The rest of that number is given here. A token stands for
// a key with a value, a run for several.
const (
	opRun    = 0 // how many times what was expected came
	opPair   = 1 // entry of a pair
	opKey    = 2 // entry of a key; a value follows
	opNewKey = 3 // nothing; length and text of the key, then a value
	opNext   = 4 // nothing; the expected key, then a value
	opBits   = 3
	opMask   = 1<<opBits - 1

	longestLearned = 256 // bytes; longer texts are not looked up, as they hardly come twice
	shortestBack   = 4   // bytes; what is written in so few is not worth a reference
)

// begin starts an item with its header.
func (e *encoder) begin(origin Origin) {
	e.data = e.home
	e.start, e.mark = len(e.data), len(e.entries)
	e.prev, e.run = 0, 0
	e.expanded = 0
	e.data = append(e.data, 0, 0, 0, 0, 0, 0) // headerBytes
	e.data = appendUvarint(e.data, uint64(origin))
}

// size is how long the item is.
func (e *encoder) size() int { return len(e.data) - e.start }

// fits reports whether the item is in the segment's own memory.
func (e *encoder) fits() bool { return len(e.data) <= cap(e.home) }

// rollback takes the item back.
func (e *encoder) rollback() {
	e.data = e.home
	if len(e.entries) > e.mark {
		e.truncate(e.mark)
	}
}

func (e *encoder) uvarint(x uint64) { e.data = appendUvarint(e.data, x) }

// time writes a point in time as its distance to the segment's base, which the first one becomes.
func (e *encoder) time(t uint64) {
	if e.base == 0 {
		e.base = t
	}
	e.uvarint(zigzag(t - e.base))
}

// zigzag maps small differences, either way, to small numbers.
func zigzag(d uint64) uint64   { return d<<1 ^ uint64(int64(d)>>63) }
func unzigzag(z uint64) uint64 { return z>>1 ^ -(z & 1) }

func (e *encoder) attributes(m pcommon.Map) {
	for k, v := range m.All() {
		at := e.values.value(v)
		e.expanded += len(k) + len(at.text) + fieldOverhead
		e.pair(k, 0, at)
	}
}

// fieldOverhead is more than an attribute has in tags, lengths and numbers, and a text that is no attribute.
const fieldOverhead = 40

// shrink gives up buffers that an unusual item made large.
func (e *encoder) shrink() {
	if cap(e.home) > scratchKept && e.plain {
		e.home = nil
	}
	if cap(e.values.scratch) > scratchKept {
		e.values.scratch = nil
	}
	e.values.any.shrink()
}

// text writes a text that is no attribute, under its pseudo key. An empty one is not written.
func (e *encoder) text(pseudo uint16, s string) {
	if s != "" {
		e.expanded += len(s) + fieldOverhead
		e.pair("", pseudo, value{text: s})
	}
}

// pair writes a key with a value. The key is an attribute's, or a pseudo key that is not 0.
func (e *encoder) pair(key string, pseudo uint16, v value) {
	if e.plain {
		e.newKey(key)
		e.data = v.append(e.data)
		return
	}
	known, expected := uint16(0), false
	if next := e.entries[e.prev].succ; next != 0 {
		switch at := &e.entries[next]; {
		case at.key >= pseudoEntry:
			if e.isKey(next, key, pseudo) {
				known, expected = next, true
			}
		case e.isKey(at.key, key, pseudo):
			if v.equal(e.data, at.off) {
				e.run++
				e.prev = next
				return
			}
			known, expected = at.key, true
		}
	}
	e.flush()
	keyHash := uint64(pseudo)
	if pseudo == 0 {
		keyHash = hashText(e.seed, key)
	}
	if len(v.text) > longestLearned {
		known, fresh := e.key(key, pseudo, keyHash, known, expected)
		e.literal(known, &v)
		e.after(known, fresh, true)
		return
	}
	hash := pairHash(keyHash, v.hash(e.seed))
	s := e.find(hash, key, pseudo, known, &v)
	if s != nil && s.pair != seenOnce {
		if n := e.entryOf(s); n != 0 {
			e.uvarint(uint64(n)<<opBits | opPair)
			e.link(n)
			return
		}
	}
	twin := s != nil
	var place uint32
	if twin {
		// Noted here, as the key may take the slot.
		place = s.off
		if s.pair == seenOnce {
			s.pair = seenTwice
		}
	}
	known, fresh := e.key(key, pseudo, keyHash, known, expected)
	off := len(e.data)
	e.literal(known, &v)
	switch {
	case twin && len(e.data)-off > shortestBack:
		e.uvarintAt(off, uint64(place)<<kindBits|kindBack)
	case !twin && known != 0:
		e.put(hash, slot{hash: uint32(hash), off: uint32(off), key: known})
	}
	e.after(known, fresh, !twin)
}

// literal writes a value of a key, 0 for one without entry, that is not in the dictionary. Paths of one service and lines
// of one log begin alike.
func (e *encoder) literal(key uint16, v *value) {
	if v.kind != kindText || len(v.text) < shortestPrefix || key == 0 {
		e.data = v.append(e.data)
		return
	}
	off := len(e.data)
	var ok bool
	if base := e.bases[key]; base != 0 {
		if e.data, ok = appendPrefixed(e.data, e.data[:e.start], v.text, base); ok {
			return
		}
	}
	e.data = v.append(e.data)
	e.bases[key] = uint32(off)
}

// uvarintAt writes a number in place of what the item holds from off on.
func (e *encoder) uvarintAt(off int, x uint64) { e.data = appendUvarint(e.data[:off], x) }

// find returns the slot of a pair, moved to the front, or nil; known is the entry of the key if that was found. It looks
// at stored items only: a slot may be left from an item that was taken back, and say of the one being written, whose
// header is still to come, what will not hold.
func (e *encoder) find(hash uint64, key string, pseudo, known uint16, v *value) *slot {
	stored := e.data[:e.start]
	set := e.set(hash)
	for i := range set {
		s := &set[i]
		if s.hash != uint32(hash) || s.pair == keySlot || s.key == 0 || int(s.key) >= len(e.entries) {
			continue
		}
		if s.key != known && (known != 0 || !e.isKey(s.key, key, pseudo)) || !v.equal(stored, s.off) {
			continue
		}
		if i == 1 {
			set[0], set[1] = set[1], set[0]
		}
		return &set[0]
	}
	return nil
}

// entryOf returns the entry of a pair that comes for at least the third time. It makes one if there is none; when the
// dictionary is full, it returns 0.
func (e *encoder) entryOf(s *slot) uint16 {
	if int(s.pair) < len(e.entries) {
		if at := &e.entries[s.pair]; at.off == s.off && at.key == s.key {
			return s.pair
		}
	}
	if len(e.entries) == e.limit {
		return 0
	}
	s.pair = uint16(len(e.entries))
	e.entries = append(e.entries, entry{off: s.off, key: s.key})
	return s.pair
}

// key writes the key part of a token. It returns the key's entry, 0 when the dictionary has no room for it, and whether
// the key was new.
func (e *encoder) key(key string, pseudo uint16, hash uint64, known uint16, expected bool) (n uint16, fresh bool) {
	switch {
	case expected:
		e.data = append(e.data, opNext)
		return known, false
	case pseudo != 0:
		known = pseudo
	default:
		known = e.findKey(hash, key)
	}
	if known != 0 {
		e.uvarint(uint64(known)<<opBits | opKey)
		return known, false
	}
	off := e.newKey(key)
	if len(e.entries) == e.limit {
		return 0, true
	}
	known = uint16(len(e.entries))
	e.entries = append(e.entries, entry{off: uint32(off), key: keyEntry})
	e.misses[known], e.bases[known] = 0, 0
	e.put(hash, slot{hash: uint32(hash), key: known, pair: keySlot})
	return known, true
}

// newKey writes a key in full and returns where its length and text stand.
func (e *encoder) newKey(key string) (off int) {
	e.data = append(e.data, opNewKey)
	off = len(e.data)
	e.uvarint(uint64(len(key)))
	e.data = append(e.data, key...)
	return off
}

func (e *encoder) findKey(hash uint64, key string) uint16 {
	set := e.set(hash)
	for i := range set {
		s := &set[i]
		if s.hash == uint32(hash) && s.pair == keySlot && int(s.key) < len(e.entries) && e.isKey(s.key, key, 0) {
			n := s.key
			if i == 1 {
				set[0], set[1] = set[1], set[0]
			}
			return n
		}
	}
	return 0
}

// isKey reports whether an entry is that of a key.
func (e *encoder) isKey(n uint16, key string, pseudo uint16) bool {
	if pseudo != 0 {
		return n == pseudo
	}
	at := &e.entries[n]
	if at.key != keyEntry {
		return false
	}
	off := int(at.off)
	if size := len(key); size < 0x80 {
		end := off + 1 + size
		return end <= len(e.data) && int(e.data[off]) == size && string(e.data[off+1:end]) == key
	}
	text, ok := keyText(e.data, at.off)
	return ok && string(text) == key
}

// flush writes the expectations that came true.
func (e *encoder) flush() {
	if e.run > 0 {
		e.uvarint(uint64(e.run)<<opBits | opRun)
		e.run = 0
	}
}

// link notes that an entry came after the last one, and makes it the last.
func (e *encoder) link(n uint16) {
	if at := &e.entries[e.prev]; at.succ == 0 && e.prev != noExpectation {
		at.succ = n
	}
	e.prev = n
}

// after is link for a key whose value was written. Only a key that keeps getting new values is worth expecting.
func (e *encoder) after(key uint16, fresh, newValue bool) {
	switch {
	case fresh:
		e.prev = noExpectation
	case e.misses[key] >= rareAfter:
		e.link(key)
	default:
		if newValue {
			e.misses[key]++
		}
		e.prev = key
	}
}
