package parse

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTraceID(t *testing.T) {
	t.Parallel()
	f := func(in, wantHex string) {
		t.Helper()
		id, ok := TraceID(in)
		require.True(t, ok, in)
		assert.Equal(t, wantHex, hex.EncodeToString(id[:]), in)
	}
	f("4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4736")
	f("4BF92F3577B34DA6A3CE929D0E0E4736", "4bf92f3577b34da6a3ce929d0e0e4736")
	f("0123456789abcdefABCDEF0123456789", "0123456789abcdefabcdef0123456789")
	f("00000000000000000000000000000001", "00000000000000000000000000000001")
	f("10000000000000000000000000000000", "10000000000000000000000000000000")
	f("ffffffffffffffffffffffffffffffff", "ffffffffffffffffffffffffffffffff")
	f("a3ce929d0e0e4736", "0000000000000000a3ce929d0e0e4736")

	for _, in := range []string{
		"", "-", "0", "0000000000000000", strings.Repeat("0", 32), "4bf92f3577b34da6a3ce929d0e0e473", "4bf92f3577b34da6a3ce929d0e0e47367",
		"4bf92f35-77b34da6-a3ce929d0e0e47", "4bf92f3577b34da6a3ce929d0e0e473g", " bf92f3577b34da6a3ce929d0e0e4736",
		"a3ce929d0e0e473", "0x3ce929d0e0e473", "a3ce929d0e0e473\xff", strings.Repeat("\xb0", 32),
	} {
		id, ok := TraceID(in)
		assert.False(t, ok, in)
		assert.Zero(t, id, in)
	}
}

// TestHexEveryByte puts every byte into every place: the digits are decoded eight at a time, and none may pass or
// change because of its neighbors.
func TestHexEveryByte(t *testing.T) {
	t.Parallel()
	for _, fill := range []byte{'1', 'f', 'A', '9'} {
		for place := range 16 {
			for c := range 256 {
				digits := []byte(strings.Repeat(string(rune(fill)), 16))
				digits[place] = byte(c)
				want, err := hex.DecodeString(string(digits))
				id, ok := SpanID(string(digits))
				require.Equal(t, err == nil, ok, "%q", digits)
				if ok {
					require.Equal(t, want, id[:], "%q", digits)
				}
			}
		}
	}
}

func TestSpanID(t *testing.T) {
	t.Parallel()
	id, ok := SpanID("00f067aa0ba902B7")
	assert.True(t, ok)
	assert.Equal(t, [8]byte{0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7}, id)

	for _, in := range []string{"", "-", "0000000000000000", "00f067aa0ba902b", "00f067aa0ba902b70", "00f067aa0ba902bx", strings.Repeat("1", 32)} {
		id, ok := SpanID(in)
		assert.False(t, ok, in)
		assert.Zero(t, id, in)
	}
}

func TestTraceparent(t *testing.T) {
	t.Parallel()
	const (
		traceHex = "4bf92f3577b34da6a3ce929d0e0e4736"
		spanHex  = "00f067aa0ba902b7"
		ids      = "-" + traceHex + "-" + spanHex + "-"
	)
	f := func(in string, wantFlags byte) {
		t.Helper()
		trace, span, flags, ok := Traceparent(in)
		require.True(t, ok, in)
		assert.Equal(t, traceHex, hex.EncodeToString(trace[:]), in)
		assert.Equal(t, spanHex, hex.EncodeToString(span[:]), in)
		assert.Equal(t, wantFlags, flags, in)
	}
	f("00"+ids+"01", 1)
	f("00"+ids+"00", 0)
	f("00"+ids+"03", 3)
	f("00"+ids+"ff", 0xff)
	f("00-"+strings.ToUpper(traceHex)+"-"+strings.ToUpper(spanHex)+"-0A", 10)
	f("01"+ids+"01", 1)
	f("01"+ids+"03", 1) // only the sampled bit is known to mean the same in later versions
	f("cc"+ids+"fe-what-comes-later", 0)
	f("fe"+ids+"01-", 1)

	for _, in := range []string{
		"", "-", "00", "00" + ids, "00" + ids + "0", "00" + ids + "011", "00" + ids + "01-", "00" + ids + "01-x", "00" + ids + "01 ",
		"ff" + ids + "01", "FF" + ids + "01", "ff" + ids + "01-x", "01" + ids + "01x", "01" + ids + "011", "0g" + ids + "01", "00" + ids + "0g",
		" 00" + ids + "01", "00_" + traceHex + "-" + spanHex + "-01", "00-" + traceHex + "_" + spanHex + "-01", "00-" + traceHex + "-" + spanHex + "_01",
		"00-" + strings.Repeat("0", 32) + "-" + spanHex + "-01", "00-" + traceHex + "-" + strings.Repeat("0", 16) + "-01",
		"00-" + traceHex[1:] + "x-" + spanHex + "-01", "00-" + traceHex + "-" + spanHex[1:] + "x-01",
		strings.Repeat("-", 55), strings.Repeat("0", 55), strings.Repeat("\xff", 55),
	} {
		trace, span, flags, ok := Traceparent(in)
		assert.False(t, ok, in)
		assert.Zero(t, trace, in)
		assert.Zero(t, span, in)
		assert.Zero(t, flags, in)
	}
}
