package tailstore

import (
	"encoding/binary"
	"math"
	"math/bits"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Writing OTLP protobuf by way of pdata's public API, byte for byte as pdata v1.64.0 marshals it: fields in the order
// of its generated MarshalProto, ids and messages always present, zero scalars left out.
// Field numbers: opentelemetry-proto v1.10.0, common/v1, resource/v1, trace/v1, logs/v1.

// Protobuf tags: field number << 3 | wire type, with the types
const (
	wireVarint = 0
	wireI64    = 1
	wireLen    = 2
	wireI32    = 5
)

func tag(field, wire byte) byte { return field<<3 | wire }

func appendUvarint(dst []byte, x uint64) []byte {
	if x < 0x80 {
		return append(dst, byte(x))
	}
	return binary.AppendUvarint(dst, x)
}

func sizeUvarint(x uint64) int { return (bits.Len64(x|1) + 6) / 7 }

// sizeField is the size of a field with a tag of one byte and n bytes of content.
func sizeField(n int) int { return 1 + sizeUvarint(uint64(n)) + n }

func appendLen(dst []byte, field byte, n int) []byte {
	return appendUvarint(append(dst, tag(field, wireLen)), uint64(n))
}

func appendText[T string | []byte](dst []byte, field byte, s T) []byte {
	return append(appendLen(dst, field, len(s)), s...)
}

// appendOptionalText leaves an empty text out.
func appendOptionalText[T string | []byte](dst []byte, field byte, s T) []byte {
	if len(s) == 0 {
		return dst
	}
	return appendText(dst, field, s)
}

// appendOptionalVarint leaves zero out.
func appendOptionalVarint(dst []byte, field byte, x uint64) []byte {
	if x == 0 {
		return dst
	}
	return appendUvarint(append(dst, tag(field, wireVarint)), x)
}

func appendOptionalFixed64(dst []byte, field byte, x uint64) []byte {
	if x == 0 {
		return dst
	}
	return binary.LittleEndian.AppendUint64(append(dst, tag(field, wireI64)), x)
}

// Fields of AnyValue and KeyValue.
const (
	anyString, anyBool, anyInt, anyDouble = 1, 2, 3, 4
	anyArray, anyMap, anyBytes            = 5, 6, 7

	keyValueKey, keyValueValue = 1, 2
	listValues                 = 1 // of ArrayValue and KeyValueList
)

// anyWriter writes AnyValue messages. What is nested is preceded by its length, so a first pass notes the lengths in
// the order in which the second one needs them: a value takes time in proportion to its size, however deep it is.
type anyWriter struct {
	lengths []int // of every nested message, outer before inner
	next    int
}

// append writes the content of an AnyValue message.
func (w *anyWriter) append(dst []byte, v pcommon.Value) []byte {
	w.lengths, w.next = w.lengths[:0], 0
	w.measure(v)
	return w.write(dst, v)
}

// shrink gives up a buffer that an unusual value made large.
func (w *anyWriter) shrink() {
	if cap(w.lengths) > scratchKept {
		w.lengths = nil
	}
}

// note reserves the place of a length.
func (w *anyWriter) note() int {
	w.lengths = append(w.lengths, 0)
	return len(w.lengths) - 1
}

func (w *anyWriter) length() int {
	w.next++
	return w.lengths[w.next-1]
}

func (w *anyWriter) measure(v pcommon.Value) int {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return sizeField(len(v.Str()))
	case pcommon.ValueTypeBool:
		return 2
	case pcommon.ValueTypeInt:
		return 1 + sizeUvarint(uint64(v.Int()))
	case pcommon.ValueTypeDouble:
		return 9
	case pcommon.ValueTypeBytes:
		return sizeField(v.Bytes().Len())
	case pcommon.ValueTypeSlice:
		at, n := w.note(), 0
		for _, e := range v.Slice().All() {
			element := w.note()
			w.lengths[element] = w.measure(e)
			n += sizeField(w.lengths[element])
		}
		w.lengths[at] = n
		return sizeField(n)
	case pcommon.ValueTypeMap:
		at, n := w.note(), 0
		for k, e := range v.Map().All() {
			entry := w.note()
			element := w.note()
			w.lengths[element] = w.measure(e)
			w.lengths[entry] = sizeKeyValue(len(k), w.lengths[element])
			n += sizeField(w.lengths[entry])
		}
		w.lengths[at] = n
		return sizeField(n)
	}
	return 0
}

func (w *anyWriter) write(dst []byte, v pcommon.Value) []byte {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return appendText(dst, anyString, v.Str())
	case pcommon.ValueTypeBool:
		return appendBool(dst, v.Bool())
	case pcommon.ValueTypeInt:
		return appendInt(dst, v.Int())
	case pcommon.ValueTypeDouble:
		return appendDouble(dst, math.Float64bits(v.Double()))
	case pcommon.ValueTypeBytes:
		b := v.Bytes()
		dst = appendLen(dst, anyBytes, b.Len())
		for _, c := range b.All() {
			dst = append(dst, c)
		}
	case pcommon.ValueTypeSlice:
		dst = appendLen(dst, anyArray, w.length())
		for _, e := range v.Slice().All() {
			dst = w.write(appendLen(dst, listValues, w.length()), e)
		}
	case pcommon.ValueTypeMap:
		dst = appendLen(dst, anyMap, w.length())
		for k, e := range v.Map().All() {
			dst = appendLen(dst, listValues, w.length())
			dst = appendOptionalText(dst, keyValueKey, k)
			dst = w.write(appendLen(dst, keyValueValue, w.length()), e)
		}
	}
	return dst
}

// appendAttributes writes a map's entries, each as one field.
func (w *anyWriter) appendAttributes(dst []byte, field byte, m pcommon.Map) []byte {
	for k, v := range m.All() {
		w.lengths, w.next = w.lengths[:0], 0
		n := w.measure(v)
		dst = appendLen(dst, field, sizeKeyValue(len(k), n))
		dst = appendOptionalText(dst, keyValueKey, k)
		dst = w.write(appendLen(dst, keyValueValue, n), v)
	}
	return dst
}

// sizeKeyValue is the size of a KeyValue message's content.
func sizeKeyValue(key, value int) int {
	n := sizeField(value)
	if key > 0 {
		n += sizeField(key)
	}
	return n
}

func appendBool(dst []byte, b bool) []byte {
	dst = append(dst, tag(anyBool, wireVarint), 0)
	if b {
		dst[len(dst)-1] = 1
	}
	return dst
}

func appendInt(dst []byte, i int64) []byte {
	return appendUvarint(append(dst, tag(anyInt, wireVarint)), uint64(i))
}

func appendDouble(dst []byte, bits uint64) []byte {
	return binary.LittleEndian.AppendUint64(append(dst, tag(anyDouble, wireI64)), bits)
}
