package tailstore

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// value is an attribute's value, or a text like a span's name, in the form the codec compares and writes.
type value struct {
	text string // kindText: the text; kindRaw: the AnyValue message as OTLP bytes
	bits uint64 // kindInt: zigzag; kindDouble: IEEE 754; kindConst: one of the constants below
	kind uint64
}

// Kinds of stored values: the low three bits of the number that starts one. The rest of that number is given here.
const (
	kindText   = 0 // length, then the text
	kindInt    = 1 // the value, zigzag
	kindConst  = 2 // which
	kindDouble = 3 // nothing; 8 bytes
	kindUUID   = 4 // nothing; 16 bytes for the 36 characters of a lower-case UUID
	kindRaw    = 5 // length, then the bytes
	kindBack   = 6 // place in the segment of an equal value that is none of this kind
	kindPrefix = 7 // length of the beginning; then where a text stands that begins alike, and length and text of the rest
	kindBits   = 3 // width of the kind
	kindMask   = 1<<kindBits - 1

	constEmpty = 0
	constFalse = 1
	constTrue  = 2
)

// valueReader turns pdata's values into this form.
type valueReader struct {
	any     anyWriter
	scratch []byte
}

// value reads a value. Arrays, maps, bytes and the few integers that leave no room for the kind become OTLP bytes, which
// hold until the next call.
func (r *valueReader) value(v pcommon.Value) value {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return value{text: v.Str()}
	case pcommon.ValueTypeInt:
		i := v.Int()
		if z := uint64(i)<<1 ^ uint64(i>>63); z < 1<<(64-kindBits) {
			return value{kind: kindInt, bits: z}
		}
	case pcommon.ValueTypeDouble:
		return value{kind: kindDouble, bits: math.Float64bits(v.Double())}
	case pcommon.ValueTypeBool:
		if v.Bool() {
			return value{kind: kindConst, bits: constTrue}
		}
		return value{kind: kindConst, bits: constFalse}
	case pcommon.ValueTypeEmpty:
		return value{kind: kindConst, bits: constEmpty}
	}
	r.scratch = r.any.append(r.scratch[:0], v)
	return value{kind: kindRaw, text: textOf(r.scratch)}
}

// textOf looks at bytes as text without copying them. The text must not outlive them.
func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// hash is equal for equal values.
func (v *value) hash(seed maphash.Seed) uint64 {
	if v.kind == kindText || v.kind == kindRaw {
		return hashText(seed, v.text) + v.kind
	}
	return (v.bits<<kindBits | v.kind) * 0x9e3779b97f4a7c15
}

// hashText hashes a text for the dictionary, which compares what it finds: texts that collide on purpose are stored in
// full, as texts that are all different are, and harm nobody else. So most are hashed in a few multiplications.
func hashText(seed maphash.Seed, s string) uint64 {
	const k0, k1 = 0xa0761d6478bd642f, 0xe7037ed1a0b428db
	n := len(s)
	b := unsafe.Slice(unsafe.StringData(s), n)
	switch {
	case n > 32:
		return maphash.String(seed, s)
	case n > 16:
		return mix(binary.LittleEndian.Uint64(b)^k0, binary.LittleEndian.Uint64(b[8:])^k1) ^
			mix(binary.LittleEndian.Uint64(b[n-16:])^k1, binary.LittleEndian.Uint64(b[n-8:])^k0^uint64(n))
	case n >= 8:
		return mix(binary.LittleEndian.Uint64(b)^k0, binary.LittleEndian.Uint64(b[n-8:])^k1^uint64(n))
	case n >= 4:
		return mix(uint64(binary.LittleEndian.Uint32(b))^k0, uint64(binary.LittleEndian.Uint32(b[n-4:]))^k1^uint64(n)<<32)
	case n > 0:
		return mix(uint64(b[0])<<16^uint64(b[n/2])<<8^uint64(b[n-1])^k0, uint64(n)^k1)
	}
	return k0
}

// append writes the value.
func (v *value) append(dst []byte) []byte {
	switch v.kind {
	case kindText:
		if len(v.text) == uuidText {
			if id, ok := parseUUID(v.text); ok {
				return append(append(dst, kindUUID), id[:]...)
			}
		}
		fallthrough
	case kindRaw:
		dst = appendUvarint(dst, uint64(len(v.text))<<kindBits|v.kind)
		return append(dst, v.text...)
	case kindDouble:
		return binary.LittleEndian.AppendUint64(append(dst, kindDouble), v.bits)
	default:
		return appendUvarint(dst, v.bits<<kindBits|v.kind)
	}
}

// equal reports whether what stands at a place in a segment's data is the value. Whatever that is, a reader of it gets
// this value, so that is all it takes for a reference to it to be right.
func (v *value) equal(data []byte, off uint32) bool {
	if uint64(off) >= uint64(len(data)) {
		return false
	}
	stored := data[off:]
	var head uint64
	n := 1
	if b := stored[0]; b < 0x80 {
		head = uint64(b)
	} else if head, n = binary.Uvarint(stored); n <= 0 {
		return false
	}
	switch head & kindMask {
	case kindText, kindRaw:
		return head&kindMask == v.kind && head>>kindBits == uint64(len(v.text)) && len(stored)-n >= len(v.text) &&
			string(stored[n:n+len(v.text)]) == v.text
	case kindUUID:
		if v.kind != kindText || len(v.text) != uuidText || len(stored)-n < uuidBytes {
			return false
		}
		id, ok := parseUUID(v.text)
		return ok && id == [uuidBytes]byte(stored[n:])
	case kindDouble:
		return v.kind == kindDouble && len(stored)-n >= 8 && binary.LittleEndian.Uint64(stored[n:]) == v.bits
	case kindInt, kindConst:
		return head&kindMask == v.kind && head>>kindBits == v.bits
	case kindPrefix:
		begin, rest, ok := readPrefix(data, off)
		return ok && v.kind == kindText && len(v.text) == len(begin)+len(rest) &&
			v.text[:len(begin)] == string(begin) && v.text[len(begin):] == string(rest)
	}
	return false
}

// shortestPrefix is how long the common beginning of two texts must be to be worth a reference.
const shortestPrefix = 10

// appendPrefixed writes a text as the beginning of another, which stands at a place in stored and is literal, and a
// rest. It does nothing and reports false when the two have too little in common.
func appendPrefixed(dst, stored []byte, text string, other uint32) ([]byte, bool) {
	base, ok := textAt(stored, other)
	if !ok {
		return dst, false
	}
	n := 0
	for most := min(len(base), len(text)); n < most && base[n] == text[n]; {
		n++
	}
	if n < shortestPrefix {
		return dst, false
	}
	dst = appendUvarint(dst, uint64(n)<<kindBits|kindPrefix)
	dst = appendUvarint(dst, uint64(other))
	dst = appendUvarint(dst, uint64(len(text)-n))
	return append(dst, text[n:]...), true
}

// readPrefix reads what appendPrefixed wrote.
func readPrefix(data []byte, off uint32) (begin, rest []byte, ok bool) {
	at := data[off:]
	head, n := binary.Uvarint(at)
	if n <= 0 || head&kindMask != kindPrefix {
		return nil, nil, false
	}
	other, w := binary.Uvarint(at[n:])
	if w <= 0 || other > math.MaxUint32 {
		return nil, nil, false
	}
	base, ok := textAt(data, uint32(other))
	if !ok || head>>kindBits > uint64(len(base)) {
		return nil, nil, false
	}
	rest, ok = keyText(at[n+w:], 0)
	return base[:head>>kindBits], rest, ok
}

// textAt returns the literal text at a place in data.
func textAt(data []byte, off uint32) ([]byte, bool) {
	if uint64(off) >= uint64(len(data)) {
		return nil, false
	}
	head, n := binary.Uvarint(data[off:])
	if n <= 0 || head&kindMask != kindText || head>>kindBits > uint64(len(data)-int(off)-n) {
		return nil, false
	}
	return data[int(off)+n:][:head>>kindBits], true
}

const (
	uuidText  = 36
	uuidBytes = 16
	hexDigits = "0123456789abcdef"
)

// unhex is the value of a lower-case hex digit, and 16 or more for any other byte.
var unhex = func() (table [256]byte) {
	for i := range table {
		table[i] = 0xff
	}
	for i, c := range []byte(hexDigits) {
		table[c] = byte(i)
	}
	return table
}()

// parseUUID reads a UUID in the one form that appendUUID writes: lower case, with hyphens. Envoy's request ids are
// such; half of what they take is saved.
func parseUUID(s string) (id [uuidBytes]byte, ok bool) {
	if s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, false
	}
	var bad byte
	for i, at := range uuidDigits {
		hi, lo := unhex[s[at]], unhex[s[at+1]]
		bad |= hi | lo
		id[i] = hi<<4 | lo
	}
	return id, bad < 16
}

// uuidDigits is where each byte's two digits stand in the text.
var uuidDigits = [uuidBytes]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

func appendUUID(dst, id []byte) []byte {
	text := [uuidText]byte{8: '-', 13: '-', 18: '-', 23: '-'}
	for i, at := range uuidDigits {
		text[at], text[at+1] = hexDigits[id[i]>>4], hexDigits[id[i]&15]
	}
	return append(dst, text[:]...)
}
