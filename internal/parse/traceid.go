package parse

import "encoding/binary"

// TraceID decodes a trace id of 32 hexadecimal digits, or of 16, which fill the right half (64-bit ids, as B3 and
// Zipkin have them). Either case is read. ok is false for any other length, a byte that is no digit, and the invalid id
// of zeros.
func TraceID(s string) (id [16]byte, ok bool) {
	switch len(s) {
	case 32:
		ok = hex16(s[:16], id[:8]) && hex16(s[16:], id[8:])
	case 16:
		ok = hex16(s, id[8:])
	}
	if !ok || id == [16]byte{} {
		return [16]byte{}, false
	}
	return id, true
}

// SpanID decodes a span id of 16 hexadecimal digits of either case. ok is false for any other length, a byte that is
// no digit, and the invalid id of zeros.
func SpanID(s string) (id [8]byte, ok bool) {
	if len(s) != 16 || !hex16(s, id[:]) || id == [8]byte{} {
		return [8]byte{}, false
	}
	return id, true
}

// Traceparent decodes a W3C traceparent header, "version-traceid-parentid-flags" (W3C Trace Context, section
// "traceparent Header Field Values"). Version 00 is exactly 55 bytes. Of a later version the same four fields are read
// if the header ends behind them or goes on with '-', and only the sampled bit of its flags is returned, as the section
// "Versioning of traceparent" asks. Version ff and ids of zeros are invalid.
//
// Upper-case digits are read although the recommendation wants lower case: Envoy takes them as well (1.40.0,
// source/extensions/tracers/opentelemetry/span_context_extractor.cc) and continues that trace, which a log record must
// be able to join.
func Traceparent(s string) (trace [16]byte, span [8]byte, flags byte, ok bool) {
	const length = 55
	if len(s) < length || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return trace, span, 0, false
	}
	version, okVersion := hex2(s[0], s[1])
	flags, okFlags := hex2(s[53], s[54])
	if !okVersion || !okFlags || version == 0xff {
		return trace, span, 0, false
	}
	if len(s) > length && (version == 0 || s[length] != '-') {
		return trace, span, 0, false
	}
	if trace, ok = TraceID(s[3:35]); !ok {
		return trace, span, 0, false
	}
	if span, ok = SpanID(s[36:52]); !ok {
		return [16]byte{}, span, 0, false
	}
	if version != 0 {
		flags &= 1
	}
	return trace, span, flags, true
}

// hex2 decodes two digits.
func hex2(hi, lo byte) (b byte, ok bool) {
	h, l := unhex(hi), unhex(lo)
	return h<<4 | l, h|l != 0xff
}

// hex16 decodes 16 digits of s into 8 bytes of dst.
func hex16(s string, dst []byte) bool {
	x, y := load8(s[:8]), load8(s[8:16])
	binary.LittleEndian.PutUint64(dst, hexValue(x)|hexValue(y)<<32)
	return hexDigits(x)&hexDigits(y) == topBits
}

// load8 reads 8 bytes, first one lowest. The compiler makes one load of it.
func load8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

const (
	eachByte = 0x0101010101010101
	topBits  = 0x80 * eachByte
)

// hexDigits has the top bit of every byte of x set that is a hexadecimal digit, and only those bits. For a byte below
// 0x80 the sum with 0x80-n has its top bit set if the byte is n or more, and no carry reaches the next byte. Where a
// byte is above, its own bit is cleared at the end; the carries it causes can then no longer make all eight bits set.
func hexDigits(x uint64) uint64 {
	lower := x | 0x20*eachByte
	digit := (x + (0x80-'0')*eachByte) &^ (x + (0x80-'9'-1)*eachByte)
	letter := (lower + (0x80-'a')*eachByte) &^ (lower + (0x80-'f'-1)*eachByte)
	return (digit | letter) &^ x & topBits
}

// hexValue decodes eight digits, one per byte of x, into the four low bytes of the result, first pair lowest. Other
// bytes give nonsense.
func hexValue(x uint64) uint64 {
	nibbles := x&(0x0f*eachByte) + x>>6&eachByte*9 // bit 6 tells letters from digits
	pairs := (nibbles<<4 | nibbles>>8) & 0x00ff00ff00ff00ff
	pairs = (pairs | pairs>>8) & 0x0000ffff0000ffff
	return (pairs | pairs>>16) & 0xffffffff
}
