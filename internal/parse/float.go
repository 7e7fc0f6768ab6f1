package parse

import (
	"strconv"
	"strings"
)

// Float reads a finite decimal number: an optional sign, digits, optionally '.' and digits, optionally an exponent. The
// result is the nearest float64. ok is false for anything else: hexadecimal, underscores, "inf", "nan", a missing digit
// on either side of the point, and numbers too large for a float64. A number too small becomes zero. Only to refuse a
// number between 1.8e308 and 1e309 it allocates, an error value of strconv.
func Float(s string) (f float64, ok bool) {
	i := 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		i = 1
	}
	mant, frac, n, exact := scanFixed(s[i:])
	if n == 0 {
		return 0, false
	}
	exp, ok := exponent(s[i+n:])
	if !ok {
		return 0, false
	}
	if f, ok = scaled(mant, exp-int64(frac)); ok && exact {
		if s[0] == '-' {
			f = -f
		}
		return f, true
	}
	if magnitude(s[i:i+n])+exp > 309 {
		return 0, false // refused here because the error value of strconv is an allocation
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, false
	}
	return f, true
}

// scanFixed reads digits, optionally '.' and digits, from the start of s. The value is mant / 10^frac when exact; with
// more digits than a uint64 surely holds exact is false and mant only tells zero from non-zero. n counts the bytes
// read, 0 if s does not start with a digit; a '.' without a digit behind it is not read.
func scanFixed(s string) (mant uint64, frac, n int, exact bool) {
	const room = 1e18 // below it one more digit fits
	exact = true
	for n < len(s) && isDigit(s[n]) {
		if mant >= room {
			exact = false
		} else {
			mant = mant*10 + uint64(s[n]-'0')
		}
		n++
	}
	if n == 0 || n+1 >= len(s) || s[n] != '.' || !isDigit(s[n+1]) {
		return mant, 0, n, exact
	}
	n++
	for n < len(s) && isDigit(s[n]) {
		if mant >= room {
			exact = false
		} else {
			mant = mant*10 + uint64(s[n]-'0')
		}
		n++
		frac++
	}
	return mant, frac, n, exact
}

// magnitude is the position of the decimal point behind the first significant digit of fixed, what scanFixed has read:
// the value is at least 10^(magnitude-1) and below 10^magnitude. It is 0 for zero.
func magnitude(fixed string) int64 {
	point := strings.IndexByte(fixed, '.')
	if point < 0 {
		point = len(fixed)
	}
	for i := range len(fixed) {
		if fixed[i] == '0' || fixed[i] == '.' {
			continue
		}
		if i > point {
			i-- // the point itself is no digit
		}
		return int64(point - i)
	}
	return 0
}

var powersOfTen = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// scaled is mant * 10^exp, correctly rounded; ok is false where one float64 operation cannot promise that. Both
// operands are exact below 2^53 and up to 10^22, so the operation rounds once.
func scaled(mant uint64, exp int64) (f float64, ok bool) {
	if mant == 0 {
		return 0, true
	}
	if mant > 1<<53 || exp < -22 || exp > 22 {
		return 0, false
	}
	if exp < 0 {
		return float64(mant) / powersOfTen[-exp], true
	}
	return float64(mant) * powersOfTen[exp], true
}
