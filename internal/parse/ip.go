package parse

import "strings"

// IsIP reports whether s is the text of an IPv4 or IPv6 address, the latter with or without a zone, without brackets or
// port. It accepts exactly what netip.ParseAddr accepts (an octet with a leading zero is refused, a zone may hold
// anything); that function itself allocates for every refused text and every zone.
func IsIP(s string) bool { return isIPv4(s) || isIPv6(s) }

func isIPv4(s string) bool {
	if len(s) < 7 || len(s) > 15 {
		return false
	}
	octets, digits, value := 1, 0, 0
	for i := range len(s) {
		c := s[i]
		switch {
		case isDigit(c):
			if digits > 0 && value == 0 {
				return false // leading zero: decimal to some readers, octal to others
			}
			value = value*10 + int(c-'0')
			if value > 255 {
				return false
			}
			digits++
		case c == '.':
			if digits == 0 || octets == 4 {
				return false
			}
			octets, digits, value = octets+1, 0, 0
		default:
			return false
		}
	}
	return octets == 4 && digits > 0
}

func isIPv6(s string) bool {
	if i := strings.IndexByte(s, '%'); i >= 0 {
		if i+1 == len(s) {
			return false
		}
		s = s[:i]
	}
	const longest = len("0000:0000:0000:0000:0000:0000:255.255.255.255")
	if len(s) < 2 || len(s) > longest {
		return false
	}
	groups, gap, i := 0, false, 0
	if s[0] == ':' {
		if s[1] != ':' {
			return false
		}
		gap, i = true, 2
		if i == len(s) {
			return true
		}
	}
	for groups < 8 {
		start := i
		for i < len(s) && unhex(s[i]) != 0xff {
			i++
		}
		if i == start || i-start > 4 {
			return false
		}
		if i < len(s) && s[i] == '.' {
			if !isIPv4(s[start:]) {
				return false
			}
			groups, i = groups+2, len(s) // the last two groups, or one too many
			break
		}
		groups++
		if i == len(s) {
			break
		}
		if s[i] != ':' || i+1 == len(s) {
			return false
		}
		i++
		if s[i] == ':' {
			if gap {
				return false
			}
			gap = true
			if i++; i == len(s) {
				break
			}
		}
	}
	if i != len(s) {
		return false
	}
	if gap {
		return groups < 8 // "::" stands for at least one group
	}
	return groups == 8
}
