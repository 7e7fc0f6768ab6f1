package logline

import (
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// string reads a quoted string at the parser's position: a slice of the line when it holds no escape.
func (p *jsonParser) string() (string, error) {
	start := p.i + 1
	end := special(p.s, start)
	if end == len(p.s) {
		return "", p.fail("a closing quote for the string that starts")
	}
	if p.s[end] == '\\' {
		return p.escaped(start, end)
	}
	p.i = end + 1
	return p.s[start:end], nil
}

// special returns where the first quote or backslash at i or behind it stands, len(s) when there is none. Eight bytes at a
// time: most strings are short, so that looking for either with strings.IndexByte costs more than they do.
func special(s string, i int) int {
	for ; i+8 <= len(s); i += 8 {
		x := load64(s[i:])
		quote, slash := x^('"'*eachByte), x^('\\'*eachByte)
		// A byte that is zero now borrows from its top bit; the lowest such bit is exact.
		if found := ((quote-eachByte)&^quote | (slash-eachByte)&^slash) & (0x80 * eachByte); found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			break
		}
	}
	return i
}

const eachByte = 0x0101010101010101

// load64 reads eight bytes, the first one lowest. The compiler makes one load of it.
func load64(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// escaped reads a string whose content starts at start and whose first backslash is at i.
func (p *jsonParser) escaped(start, i int) (string, error) {
	s := p.s
	buf := make([]byte, 0, 2*(i-start)+32)
	run := start // first byte not copied yet
	for i < len(s) {
		buf = append(buf, s[run:i]...)
		if s[i] == '"' {
			p.i = i + 1
			return string(buf), nil
		}
		buf, run = appendJSONEscape(buf, s, i+1)
		i = special(s, run)
	}
	return "", p.fail("a closing quote for the string that starts")
}

// appendJSONEscape appends what the escape means whose letter is at i, and returns the index behind it.
func appendJSONEscape(buf []byte, s string, i int) ([]byte, int) {
	if i == len(s) {
		return buf, i
	}
	switch c := s[i]; c {
	case '"', '\\', '/':
		return append(buf, c), i + 1
	case 'b':
		return append(buf, '\b'), i + 1
	case 'f':
		return append(buf, '\f'), i + 1
	case 'n':
		return append(buf, '\n'), i + 1
	case 'r':
		return append(buf, '\r'), i + 1
	case 't':
		return append(buf, '\t'), i + 1
	case 'u':
		r, next := hex4(s, i+1)
		if utf16.IsSurrogate(r) {
			if strings.HasPrefix(s[next:], `\u`) {
				low, after := hex4(s, next+2)
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					return utf8.AppendRune(buf, pair), after
				}
			}
			r = utf8.RuneError
		}
		return utf8.AppendRune(buf, r), next
	default:
		buf = utf8.AppendRune(buf, utf8.RuneError)
		if c >= utf8.RuneSelf {
			return buf, i // the first byte of a character that stays whole
		}
		return buf, i + 1
	}
}

// hex4 reads four hexadecimal digits at i. With fewer the result is U+FFFD and the index behind those found.
func hex4(s string, i int) (r rune, next int) {
	for n := range 4 {
		if i+n == len(s) {
			return utf8.RuneError, i + n
		}
		v, ok := hexDigit(s[i+n])
		if !ok {
			return utf8.RuneError, i + n
		}
		r = r<<4 | rune(v)
	}
	return r, i + 4
}

func hexDigit(c byte) (v byte, ok bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
