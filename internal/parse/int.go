package parse

import "math"

// Int reads a decimal integer exactly as gateways write it: an optional sign and digits, or an integral number in the
// forms doubles are printed in: "200.0", "1e+05" (Envoy before 1.40 in JSON logs), "1.7267838395395e+18" (Kong's
// nanosecond fields). Nothing goes through a float64, so every int64 is exact.
//
// ok is false for text that is not such a number (spaces, "-", "0x10", ".5", "5." included), for a number with a
// fraction, and outside int64.
func Int(s string) (n int64, ok bool) {
	i := 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		i = 1
	}
	digits := len(s) - i
	if digits == 0 || digits > 18 {
		return intFromDecimal(s, i)
	}
	for j := i; j < len(s); j++ {
		d := s[j] - '0'
		if d > 9 {
			return intFromDecimal(s, i)
		}
		n = n*10 + int64(d) // 18 digits fit
	}
	if s[0] == '-' {
		n = -n
	}
	return n, true
}

// intFromDecimal reads digits [ "." digits ] [ "e" [sign] digits ] from s[i:]; s[:i] is the sign.
func intFromDecimal(s string, i int) (int64, bool) {
	limit := uint64(math.MaxInt64)
	if i > 0 && s[0] == '-' {
		limit++
	}
	whole := i
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	wholeEnd := i
	if i == whole {
		return 0, false
	}
	if i < len(s) && s[i] == '.' {
		i++
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		if i == wholeEnd+1 {
			return 0, false
		}
	}
	fracEnd := i
	exp, ok := exponent(s[i:])
	if !ok {
		return 0, false
	}

	// place counts the digits left of the decimal point, the exponent applied: what lies right of it must be zero.
	place := int64(wholeEnd-whole) + exp
	var n uint64
	for j := whole; j < fracEnd; j++ {
		if s[j] == '.' {
			continue
		}
		d := uint64(s[j] - '0')
		if place > 0 {
			if n > (limit-d)/10 {
				return 0, false
			}
			n = n*10 + d
			place--
		} else if d != 0 {
			return 0, false
		}
	}
	for ; place > 0 && n != 0; place-- {
		if n > limit/10 {
			return 0, false
		}
		n *= 10
	}
	if s[0] == '-' {
		return -int64(n), true // -int64(1<<63) is the least int64
	}
	return int64(n), true
}

// exponent reads "" (zero) or 'e' or 'E', an optional sign and digits. Its size is capped where no number that fits in
// memory can bring it back into range.
func exponent(s string) (exp int64, ok bool) {
	if s == "" {
		return 0, true
	}
	if s[0]|0x20 != 'e' {
		return 0, false
	}
	i, neg := 1, false
	if len(s) > 1 && (s[1] == '-' || s[1] == '+') {
		i, neg = 2, s[1] == '-'
	}
	if i == len(s) {
		return 0, false
	}
	for ; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, false
		}
		if exp < 1<<50 {
			exp = exp*10 + int64(s[i]-'0')
		}
	}
	if neg {
		exp = -exp
	}
	return exp, true
}

// IntFromFloat converts f exactly. ok is false when f is not integral, outside int64, infinite or not a number.
func IntFromFloat(f float64) (int64, bool) {
	// -2^63 is a float64 and an int64; 2^63 is the first float64 past the end. NaN fails both comparisons.
	if f >= -1<<63 && f < 1<<63 && f == math.Trunc(f) {
		return int64(f), true
	}
	return 0, false
}
