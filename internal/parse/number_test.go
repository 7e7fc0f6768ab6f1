package parse

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestInt(t *testing.T) {
	t.Parallel()
	f := func(in string, want int64) {
		t.Helper()
		got, ok := Int(in)
		assert.True(t, ok, in)
		assert.Equal(t, want, got, in)
	}
	f("200", 200)
	f("0", 0)
	f("-1", -1)
	f("+7", 7)
	f("007", 7)
	f("-0", 0)
	f("999999999999999999", 999999999999999999)
	f("9223372036854775807", math.MaxInt64)
	f("+9223372036854775807", math.MaxInt64)
	f("-9223372036854775807", -math.MaxInt64)
	f("-9223372036854775808", math.MinInt64)
	f("000000000000000000000000000009223372036854775807", math.MaxInt64)

	f("200.0", 200)
	f("200.000", 200)
	f("-0.0", 0)
	f("-8000.0", -8000)
	f("1e+05", 100000)
	f("1E5", 100000)
	f("1e05", 100000)
	f("1e0", 1)
	f("1e-0", 1)
	f("-1e+05", -100000)
	f("1.7267838395395e+18", 1726783839539500000)
	f("1.7952749177401e+18", 1795274917740100000)
	f("1.5e1", 15)
	f("100e-2", 1)
	f("120.50e1", 1205)
	f("0.00002e5", 2)
	f("9.223372036854775807e18", math.MaxInt64) // exact: no float64 in between
	f("-9223372036854775808.0", math.MinInt64)
	f("92233720368547758070e-1", math.MaxInt64)
	f("0e999999999999999999999", 0)
	f("0.0e-999999999999999999999", 0)
	f("1"+strings.Repeat("0", 5000)+"e-5000", 1)
	f("0."+strings.Repeat("0", 4999)+"1e5000", 1)
}

func TestIntRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "-", "+", "--1", "+-1", " 1", "1 ", "1,000", "1_000", "0x10", "abc", "1a", "12a4", "200ms", "\uff11", "\xff",
		".", ".5", "5.", "-.5", "1..0", "1.0.0", "1.2", "0.1", "200.5", "1e", "1e+", "1e-", "e5", "1e5.0", "1e5x", "1e+-5",
		"1e-1", "15e-1", "1.25e1", "1e-999999999999999999999", "inf", "nan", "NaN", "Infinity", "true",
		"9223372036854775808", "-9223372036854775809", "9.3e18", "1e19", "1e999999999999999999999", "18446744073709551616",
		"99999999999999999999999999", "9223372036854775807.5", "1" + strings.Repeat("0", 5000),
	} {
		got, ok := Int(in)
		assert.False(t, ok, in)
		assert.Zero(t, got, in)
	}
}

func TestIntFromFloat(t *testing.T) {
	t.Parallel()
	f := func(in float64, want int64) {
		t.Helper()
		got, ok := IntFromFloat(in)
		assert.True(t, ok, in)
		assert.Equal(t, want, got, in)
	}
	f(0, 0)
	f(math.Copysign(0, -1), 0)
	f(18080, 18080)
	f(-3, -3)
	f(1<<53, 1<<53)
	f(-1<<63, math.MinInt64)
	f(math.Nextafter(1<<63, 0), 1<<63-1024)

	for _, in := range []float64{
		0.5, -0.5, 1.1, 1e-300, 1 << 63, math.Nextafter(-1<<63, -math.MaxFloat64), 1e300, -1e300,
		math.Inf(1), math.Inf(-1), math.NaN(),
	} {
		got, ok := IntFromFloat(in)
		assert.False(t, ok, in)
		assert.Zero(t, got, in)
	}
}

func TestFloat(t *testing.T) {
	t.Parallel()
	f := func(in string, want float64) {
		t.Helper()
		got, ok := Float(in)
		assert.True(t, ok, in)
		assert.Equal(t, math.Float64bits(want), math.Float64bits(got), "%s: want %v, got %v", in, want, got)
	}
	f("0", 0)
	f("-0", math.Copysign(0, -1))
	f("0.303", 0.303)
	f("0.000", 0)
	f("+1.5", 1.5)
	f("-1.5", -1.5)
	f("200", 200)
	f("0.000123", 0.000123)
	f("5.5e-05", 5.5e-05)
	f("1e+05", 1e5)
	f("1E22", 1e22)
	f("1e23", 1e23)
	f("0.699999988079071", 0.699999988079071)
	f("1.7267838395395e+18", 1.7267838395395e+18)
	f("9007199254740993", 9007199254740992) // a tie, to even
	f("9007199254740993e1", 90071992547409930)
	f("18446744073709551621", 18446744073709551621) // 2^64 + 5
	f("1e-22", 1e-22)
	f("1e-23", 1e-23)
	f("0.1e-400", 0)
	f("123456789012345678901234567890", 123456789012345678901234567890)
	f("0.1234567890123456789012345678901234567890", 0.12345678901234568)
	f("1.7976931348623157e308", math.MaxFloat64)
	f("5e-324", 5e-324)
	f("0e999999", 0)
	f("0.0000e-999999", 0)
	f("1"+strings.Repeat("0", 308), 1e308)
	f("0."+strings.Repeat("0", 307)+"1", 1e-308)
}

func TestFloatRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "-", "+", ".", ".5", "5.", "-.5", "1..2", "1.2.3", "1e", "1e+", "e1", "1e1.5", "1,5", " 1", "1 ", "1_0", "0x1p4",
		"0b1", "inf", "Inf", "+Inf", "infinity", "nan", "NaN", "abc", "1s", "0.303s", "--1", "\xff", "\u0661",
		"1e309", "-1e309", "1.8e308", "99e307", "1e999999999999999999999", "1" + strings.Repeat("0", 309),
	} {
		got, ok := Float(in)
		assert.False(t, ok, in)
		assert.Zero(t, got, in)
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	f := func(in string, want float64) {
		t.Helper()
		got, ok := Duration(in)
		assert.True(t, ok, in)
		assert.Equal(t, math.Float64bits(want), math.Float64bits(got), "%s: want %v, got %v", in, want, got)
	}
	f("3165ms", 3.165)
	f("0ms", 0)
	f("12ms", 0.012)
	f("1.5s", 1.5)
	f("0s", 0)
	f("0.303s", 0.303)
	f("250us", 0.00025)
	f("250\u00b5s", 0.00025)
	f("250\u03bcs", 0.00025)
	f("12ns", 12e-9)
	f("2m", 120)
	f("1h", 3600)
	f("1m30s", 90)
	f("1m30.5s", 90.5)
	f("1.5h", 5400)
	f("0.1m", 6)
	f("1.000000001s", 1.000000001)
	f("4611686018427387904ns", 4611686018.427387904)
	f("0.000000000000000000001s", 1e-21)
	f("0.0000000000000000000000001s", 1e-25)
	f("9007199254740992h", 9007199254740992*3600)
	f("5124095576030432h", 5124095576030432*3600) // 2^64 + 3584 seconds
	f("18446744073709551621s", 18446744073709551621)
	f("1"+strings.Repeat("0", 100)+"s", 1e100)

	all, ok := Duration("1h2m3s4ms5us6ns")
	assert.True(t, ok)
	assert.InDelta(t, 3723.004005006, all, 1e-12)
}

func TestDurationRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "-", "0", "12", "1.5", "ms", "s", "m", "h", "1", "1 s", " 1s", "1s ", "1.s", ".5s", "-1s", "+1s", "1d", "1w", "1sec",
		"1mss", "1S", "1MS", "1u", "1n", "1\u00b5", "1\u03bc", "1\u00b5x", "1\xc2s", "1\xce\xb5s", "1\xc2\xbcs", "1e3s", "1_0s", "0x1s", "infs", "nans",
		"1s1", "1s1m", "1ms1s", "1s1s", "1m1m", "1ns1us", "1h1h", "1,5s", "1m30", "\xff",
		"1" + strings.Repeat("0", 309) + "s", "1" + strings.Repeat("0", 308) + "h",
	} {
		got, ok := Duration(in)
		assert.False(t, ok, in)
		assert.Zero(t, got, in)
	}
}
