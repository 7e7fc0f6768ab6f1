package logline

import (
	"strings"
	"unicode/utf8"
)

// debugEnd returns the index behind the value at s[i:] in Rust's Debug notation: a quoted string, a bracketed list,
// map or unit with such values inside, or a word without quotes. ok is false when it is not closed, or when neither
// a space nor the end follows. Text inside a quoted string can therefore not be read as values of its own: its
// closing quote is left over.
func debugEnd(s string, i int) (end int, ok bool) {
	if i == len(s) {
		return i, true
	}
	switch s[i] {
	case '"':
		end = quotedEnd(s, i)
	case '{', '[', '(':
		end = bracketEnd(s, i)
	default:
		end = len(s)
		if space := strings.IndexByte(s[i:], ' '); space >= 0 {
			end = i + space
		}
		return end, strings.IndexByte(s[i:end], '"') < 0
	}
	return end, end > 0 && (end == len(s) || s[end] == ' ')
}

// quotedEnd returns the index behind the quote that closes the string at i, 0 when nothing does.
func quotedEnd(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// bracketEnd returns the index behind the bracket that closes the one at i, 0 when nothing does. It counts brackets
// without telling their kinds apart: what a gateway writes is balanced.
func bracketEnd(s string, i int) int {
	for depth := 0; i < len(s); i++ {
		switch s[i] {
		case '{', '[', '(':
			depth++
		case '}', ']', ')':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			end := quotedEnd(s, i)
			if end == 0 {
				return 0
			}
			i = end - 1
		}
	}
	return 0
}

// putDebug adds the attribute of a CEL field: strings without their quotes, integers as Int, numbers with a point
// as Double, booleans as Bool, lists and maps as the text they are. A double without fraction is printed like an
// integer and cannot be told from one.
func putDebug(out *fields, key, value string) {
	switch {
	case value == "true" || value == "false":
		out.bool(key, value == "true")
	case strings.HasPrefix(value, `"`):
		out.str(key, unquoteDebug(value))
	case value != "" && (isDigit(value[0]) || value[0] == '-'):
		if strings.IndexByte(value, '.') < 0 {
			out.number(key, value)
			return
		}
		out.seconds(key, value)
	default:
		out.str(key, value)
	}
}

// unquoteDebug removes the quotes of a Rust Debug string and decodes its escapes: \" \\ \' \n \r \t \0 and \u{7f}.
// An escape that Rust does not write becomes U+FFFD. Text without quotes is returned as it is.
func unquoteDebug(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	buf := make([]byte, 0, len(s))
	run := 0
	for {
		buf = append(buf, s[run:i]...)
		buf, run = appendDebugEscape(buf, s, i+1)
		next := strings.IndexByte(s[run:], '\\')
		if next < 0 {
			return string(append(buf, s[run:]...))
		}
		i = run + next
	}
}

// appendDebugEscape appends what the escape means whose letter is at i, and returns the index behind it.
func appendDebugEscape(buf []byte, s string, i int) ([]byte, int) {
	if i == len(s) {
		return utf8.AppendRune(buf, utf8.RuneError), i
	}
	switch c := s[i]; c {
	case '"', '\\', '\'':
		return append(buf, c), i + 1
	case 'n':
		return append(buf, '\n'), i + 1
	case 'r':
		return append(buf, '\r'), i + 1
	case 't':
		return append(buf, '\t'), i + 1
	case '0':
		return append(buf, 0), i + 1
	case 'u':
		r, next := debugRune(s, i+1)
		return utf8.AppendRune(buf, r), next // U+FFFD for surrogates and beyond Unicode
	default:
		buf = utf8.AppendRune(buf, utf8.RuneError)
		if c >= utf8.RuneSelf {
			return buf, i // the first byte of a character that stays whole
		}
		return buf, i + 1
	}
}

// debugRune reads "{7f}" at i, one to six hexadecimal digits. Anything else is U+FFFD, and nothing behind i is used
// up.
func debugRune(s string, i int) (r rune, next int) {
	if i >= len(s) || s[i] != '{' {
		return utf8.RuneError, i
	}
	for n := i + 1; n < len(s) && n <= i+7; n++ {
		if s[n] == '}' && n > i+1 {
			return r, n + 1
		}
		v, ok := hexDigit(s[n])
		if !ok {
			break
		}
		r = r<<4 | rune(v)
	}
	return utf8.RuneError, i
}
