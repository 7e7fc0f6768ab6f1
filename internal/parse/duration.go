package parse

import "math"

// Duration reads a duration with units into seconds: "3165ms" (agentgateway, Traefik's common log format), "1.5s",
// "250us" or "250µs" (U+00B5 and U+03BC), "12ns", "2m", "1h", and compounds with falling units as Go prints them:
// "1m30s". A component of up to 15 digits becomes the nearest float64; components are added as float64.
//
// ok is false for a bare number, whose unit only its key can tell, for a sign (no duration of a request is negative),
// spaces, unknown or repeated units, and values too large for a float64.
func Duration(s string) (seconds float64, ok bool) {
	last := -1
	for s != "" || last < 0 {
		mant, frac, n, exact := scanFixed(s)
		if n == 0 {
			return 0, false
		}
		u, width := timeUnit(s[n:])
		if width == 0 || u <= last {
			return 0, false
		}
		unit := &timeUnits[u]
		v, fits := 0.0, false
		if exact && mant <= 1<<53/unit.times {
			v, fits = scaled(mant*unit.times, unit.exp-int64(frac))
		}
		if !fits { // more digits than any clock has: two roundings will do
			if v, fits = Float(s[:n]); !fits {
				return 0, false
			}
			v = v * float64(unit.times) / powersOfTen[-unit.exp]
		}
		seconds += v
		last, s = u, s[n+width:]
	}
	if seconds > math.MaxFloat64 {
		return 0, false
	}
	return seconds, true
}

// timeUnits lists the units from long to short: one is times * 10^exp seconds.
var timeUnits = [...]struct {
	times uint64
	exp   int64
}{{3600, 0}, {60, 0}, {1, 0}, {1, -3}, {1, -6}, {1, -9}}

// timeUnit finds the unit s starts with: its index in timeUnits and its length in bytes, 0 if it starts with none.
func timeUnit(s string) (index, width int) {
	if s == "" {
		return 0, 0
	}
	switch s[0] {
	case 'h':
		return 0, 1
	case 'm':
		if len(s) > 1 && s[1] == 's' {
			return 3, 2
		}
		return 1, 1
	case 's':
		return 2, 1
	case 'u', 'n':
		if len(s) > 1 && s[1] == 's' {
			if s[0] == 'u' {
				return 4, 2
			}
			return 5, 2
		}
	case 0xc2, 0xce: // first byte of 'µ' (U+00B5) and 'μ' (U+03BC)
		if len(s) > 2 && (s[:2] == "\u00b5" || s[:2] == "\u03bc") && s[2] == 's' {
			return 4, 3
		}
	}
	return 0, 0
}
