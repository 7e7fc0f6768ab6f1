package parse

import "strings"

// DefaultSensitiveQuery lists the query parameters whose values are hidden by default (semantic conventions 1.45.0,
// url registry, url.full and url.query).
var DefaultSensitiveQuery = []string{
	"X-Amz-Signature",
	"X-Amz-Credential",
	"X-Amz-Security-Token",
	"AWSAccessKeyId",
	"Signature",
	"sig",
	"X-Goog-Signature",
}

// redacted replaces a secret; the word is the convention's.
const redacted = "REDACTED"

// Redactor hides secrets in URLs. It is immutable and safe for concurrent use.
type Redactor struct {
	byLen  [][]string // names by their length in bytes, in lower case if fold
	first  [256]bool  // bytes that a sensitive name can start with as it is written
	maxRaw int        // most bytes a name can take when every byte of it is percent-encoded
	fold   bool       // compare without ASCII case
	spaces bool       // some name holds a space, which forms write as '+'
}

// NewRedactor takes the names of the query parameters whose values are hidden, as they are after decoding. They match
// case-sensitively, as the conventions ask, or without regard to ASCII case if foldCase. Empty names are ignored; with
// no names at all only userinfo is hidden. The slice is not kept.
func NewRedactor(names []string, foldCase bool) *Redactor {
	r := &Redactor{fold: foldCase}
	for _, name := range names {
		if name == "" {
			continue
		}
		if foldCase {
			name = asciiLower(name)
		}
		for len(r.byLen) <= len(name) {
			r.byLen = append(r.byLen, nil)
		}
		r.byLen[len(name)] = append(r.byLen[len(name)], name)
		r.maxRaw = max(r.maxRaw, 3*len(name))
		r.spaces = r.spaces || strings.IndexByte(name, ' ') >= 0

		r.first[name[0]] = true
		r.first['%'] = true
		if foldCase && 'a' <= name[0] && name[0] <= 'z' {
			r.first[name[0]-0x20] = true
		}
		if name[0] == ' ' {
			r.first['+'] = true
		}
	}
	return r
}

// Query hides the values of sensitive parameters of a query string without its leading '?': each becomes REDACTED,
// name and order stay. Parameters are separated by '&' alone; an empty value and a name without '=' hide nothing. When
// nothing has to change, out is q itself and nothing is allocated; in particular Query(Query(q)) changes nothing.
func (r *Redactor) Query(q string) (out string, changed bool) {
	var b strings.Builder
	done := 0 // q[:done] is in b
	for i := 0; i < len(q); {
		end := pairEnd(q, i)
		if r.first[q[i]] {
			pair := q[i:end]
			if eq := strings.IndexByte(pair, '='); eq > 0 && hides(pair[eq+1:]) && r.sensitive(pair[:eq]) {
				replace(&b, q, done, i+eq+1, redacted)
				done = end
			}
		}
		i = end + 1
	}
	if done == 0 {
		return q, false
	}
	b.WriteString(q[done:])
	return b.String(), true
}

// pairEnd is the offset of the first '&' at or after q[i], len(q) if there is none. Most pairs are shorter than the
// start of a vector search takes.
func pairEnd(q string, i int) int {
	for near := min(len(q), i+16); i < near; i++ {
		if q[i] == '&' {
			return i
		}
	}
	return indexByteFrom(q, '&', i)
}

// hides reports whether value is a secret still to be hidden.
func hides(value string) bool { return value != "" && value != redacted }

// replace appends s[done:start] and text to b, which is sized at its first use for all of s and a little more.
func replace(b *strings.Builder, s string, done, start int, text string) {
	if b.Cap() == 0 {
		b.Grow(len(s) + 2*len(redacted))
	}
	b.WriteString(s[done:start])
	b.WriteString(text)
}

// sensitive reports whether raw, a parameter name as written, is one of the names once decoded.
func (r *Redactor) sensitive(raw string) bool {
	if len(raw) > r.maxRaw {
		return false
	}
	escapes := 0
	for i := 0; i+2 < len(raw); i++ {
		if _, ok := unescape(raw, i); ok {
			escapes++
			i += 2
		}
	}
	n := len(raw) - 2*escapes
	if n >= len(r.byLen) {
		return false
	}
	literal := escapes == 0 && !r.fold && !r.spaces
	for _, name := range r.byLen[n] {
		if raw == name || !literal && r.equal(raw, name) {
			return true
		}
	}
	return false
}

// equal compares raw, decoded byte by byte, with name, which has the decoded length.
func (r *Redactor) equal(raw, name string) bool {
	i := 0
	for k := range len(name) {
		c := raw[i]
		if d, ok := unescape(raw, i); ok {
			c = d
			i += 2
		} else if c == '+' && name[k] == ' ' {
			c = ' '
		}
		if r.fold {
			c = lowerByte(c)
		}
		if c != name[k] {
			return false
		}
		i++
	}
	return true
}

// unescape decodes "%XX" at s[i:]; ok is false if there is none.
func unescape(s string, i int) (c byte, ok bool) {
	if s[i] != '%' || len(s)-i < 3 {
		return 0, false
	}
	return hex2(s[i+1], s[i+2])
}

// asciiLower is s with ASCII letters in lower case.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lowerByte(c)
	}
	return string(b)
}

// indexByteFrom is the offset of the first c at or after s[i], len(s) if there is none.
func indexByteFrom(s string, c byte, i int) int {
	if k := strings.IndexByte(s[i:], c); k >= 0 {
		return i + k
	}
	return len(s)
}
