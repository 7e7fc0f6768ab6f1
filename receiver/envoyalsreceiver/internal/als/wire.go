package als

import (
	"encoding/binary"
	"math"
)

// Wire types of the protobuf encoding.
const (
	varint  = 0
	fixed64 = 1
	text    = 2 // strings, bytes and messages
	group   = 3
	end     = 4
	fixed32 = 5
)

// reader walks over the fields of one message. A field is told by its tag, number<<3 | wire type, so that a known
// number with an unexpected type falls to skip, as in every protobuf library. What cannot be read ends the walk: fields
// before it stand.
type reader struct {
	s      string
	at     int
	broken bool
	// last is the last field's tag. Envoy writes fields in the order of their numbers, so again, that one came which is
	// not above it, means that a field may have come twice.
	last  uint64
	again bool
}

// repeated says that the field just read may come again: it is a list or a map.
func (r *reader) repeated() { r.last-- }

// tag returns the next field's tag; false at the end.
func (r *reader) tag() (uint64, bool) {
	if r.broken || r.at >= len(r.s) {
		return 0, false
	}
	t := r.varint()
	if t>>3 == 0 || t > math.MaxUint32 {
		r.fail()
	}
	r.again = r.again || t <= r.last
	r.last = t
	return t, !r.broken
}

func (r *reader) fail() { r.broken = true }

func (r *reader) varint() uint64 {
	if r.at < len(r.s) && r.s[r.at] < 0x80 {
		r.at++
		return uint64(r.s[r.at-1])
	}
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		if r.at >= len(r.s) {
			break
		}
		b := r.s[r.at]
		r.at++
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if shift == 63 && b > 1 {
				break
			}
			return n
		}
	}
	r.fail()
	return 0
}

// text returns a length-delimited field's content, a part of the reader's string.
func (r *reader) text() string {
	n := r.varint()
	if r.broken || n > uint64(len(r.s)-r.at) {
		r.fail()
		return ""
	}
	begin := r.at
	r.at += int(n)
	return r.s[begin:r.at]
}

func (r *reader) double() float64 {
	if len(r.s)-r.at < 8 {
		r.fail()
		return 0
	}
	r.at += 8
	return math.Float64frombits(binary.LittleEndian.Uint64([]byte(r.s[r.at-8 : r.at])))
}

func (r *reader) float() float32 {
	if len(r.s)-r.at < 4 {
		r.fail()
		return 0
	}
	r.at += 4
	return math.Float32frombits(binary.LittleEndian.Uint32([]byte(r.s[r.at-4 : r.at])))
}

// skip passes over a field that nobody asked for. A group, which no message of Envoy has, ends with its end tag,
// however deep it is nested.
func (r *reader) skip(tag uint64) {
	for depth := 0; ; {
		switch tag & 7 {
		case varint:
			r.varint()
		case fixed64:
			r.double()
		case text:
			r.text()
		case fixed32:
			r.float()
		case group:
			depth++
		case end:
			depth--
		default:
			r.fail()
		}
		if r.broken || depth == 0 {
			return
		}
		if depth < 0 {
			r.fail()
			return
		}
		if tag = r.varint(); tag>>3 == 0 {
			r.fail()
			return
		}
	}
}
