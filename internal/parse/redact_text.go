package parse

import "strings"

// Text hides the secrets of every URL in s, which may be a URL, a referer, a log line or any other text:
//
//   - Userinfo, what stands between "://" and the last '@' of an authority, becomes REDACTED:REDACTED, or REDACTED if it
//     has no ':'. An authority ends at '/', '?', '#', '"', '<', '>', '\', a space or control byte, so an '@' in a path or
//     query is none of its business. An apostrophe may stand in a password (RFC 3986, sub-delims) and does not end it.
//   - The value of a sensitive parameter in "?name=value" or "&name=value" becomes REDACTED. It ends at '&', '#', white
//     space, '"', an apostrophe, '<', '>' or '\'.
//
// The delimiters are known in the escapes of JSON and HTML writers too: "\u0026" (encoding/json, Gson) and "&amp;" for
// '&', ":\/\/" (PHP, Lua) for "://". A URL that is percent-encoded inside another is not looked into.
//
// When nothing has to change, out is s itself and nothing is allocated; in particular Text(Text(s)) changes nothing.
// Time is linear in len(s).
func (r *Redactor) Text(s string) (out string, changed bool) {
	t := textRedactor{Redactor: r, s: s}
	t.at = indexByteFrom(s, '@', 0)
	t.scheme = t.indexScheme(0)
	t.question = indexByteFrom(s, '?', 0)
	t.ampersand = indexByteFrom(s, '&', 0)
	t.backslash = indexByteFrom(s, '\\', 0)
	for t.next() {
	}
	if t.done == 0 {
		return s, false
	}
	t.b.WriteString(s[t.done:])
	return t.b.String(), true
}

// textRedactor walks through s from one delimiter to the next. The position of the next delimiter of each kind is kept
// until the walk has passed it, so every byte is searched once per kind, and by vector instructions. The walk never goes
// back.
type textRedactor struct {
	*Redactor
	s    string
	b    strings.Builder
	done int // s[:done] is in b
	pos  int // the walk goes on here

	// Offset of the next one, len(s) if there is none. While no '@' follows, no scheme is looked for.
	at, scheme, question, ampersand, backslash int

	// What authorityEnd knows.
	authSeen  int // where it has looked for authorities up to
	authStart int // where the last authority starts, 0 if there was none
	authEnd   int // where that ends, 0 if it was not needed yet
}

// next goes to the first delimiter at or after pos and behind what belongs to it; false at the end of s.
func (t *textRedactor) next() bool {
	s := t.s
	p := min(t.scheme, t.question, t.ampersand, t.backslash)
	switch {
	case p == len(s):
		return false
	case p == t.ampersand:
		if strings.HasPrefix(s[p:], "&amp;") {
			t.parameter(p, p+len("&amp;"))
		} else {
			t.parameter(p, p+1)
		}
		if t.ampersand < t.pos {
			t.ampersand = indexByteFrom(s, '&', t.pos)
		}
		if t.pos == p+1 {
			return true // the common case: not sensitive, and no other delimiter was passed
		}
	case p == t.question:
		t.authSeen, t.authStart, t.authEnd = p, 0, 0 // no authority goes on behind a '?'
		t.parameter(p, p+1)
	case p == t.scheme:
		t.authority(p + len("://"))
	case strings.HasPrefix(s[p:], `\u0026`):
		t.parameter(p, p+len(`\u0026`))
	case p > 0 && s[p-1] == ':' && strings.HasPrefix(s[p:], `\/\/`):
		t.authority(p + len(`\/\/`))
	default:
		t.pos = p + 1
	}

	if t.at < t.pos {
		t.at = indexByteFrom(s, '@', t.pos)
	}
	if t.scheme < t.pos {
		t.scheme = t.indexScheme(t.pos)
	}
	if t.question < t.pos {
		t.question = indexByteFrom(s, '?', t.pos)
	}
	if t.ampersand < t.pos {
		t.ampersand = indexByteFrom(s, '&', t.pos)
	}
	if t.backslash < t.pos {
		t.backslash = indexByteFrom(s, '\\', t.pos)
	}
	return true
}

// indexScheme is the offset of the first "://" at or after i that may have userinfo behind it.
func (t *textRedactor) indexScheme(i int) int {
	if t.at < len(t.s) {
		if k := strings.Index(t.s[i:], "://"); k >= 0 {
			return i + k
		}
	}
	return len(t.s)
}

// authority hides the userinfo of the authority that starts at start.
func (t *textRedactor) authority(start int) {
	t.pos = start
	last := -1
	for i := start; i < len(t.s); i++ {
		if c := class[t.s[i]]; c&(classAuthEnd|classUnsafe|classTextEnd|classAt) != 0 {
			if c&classAt == 0 {
				break
			}
			last = i
		}
	}
	if last < 0 {
		return
	}
	t.pos = last + 1
	userinfo := t.s[start:last]
	hidden := redacted
	if strings.IndexByte(userinfo, ':') >= 0 {
		hidden = redacted + ":" + redacted
	}
	if userinfo != "" && userinfo != hidden {
		replace(&t.b, t.s, t.done, start, hidden)
		t.done = last
	}
}

// parameter hides the value of the parameter whose name starts at name, if it is a sensitive one. sep is where its
// separator stands.
func (t *textRedactor) parameter(sep, name int) {
	s := t.s
	t.pos = name
	if name >= len(s) || !t.first[s[name]] {
		return
	}
	eq, most := name, min(len(s), name+t.maxRaw+1)
	for eq < most && class[s[eq]]&classNameEnd == 0 {
		eq++
	}
	if eq == most || s[eq] != '=' || !t.sensitive(s[name:eq]) || strings.Contains(s[name:eq], "://") {
		return // with "://" in it, it is a URL that may have userinfo, and no name
	}
	value := eq + 1
	stop := value
	for stop < len(s) && class[s[stop]]&classValueEnd == 0 {
		stop++
	}
	if end := t.authorityEnd(sep); sep < end {
		// A '&' inside an authority. Its value must not reach past the authority, or hiding a '/' would make the
		// authority longer and turn what follows, up to the next '@', into userinfo.
		stop = min(stop, end)
	}
	if stop <= value {
		return
	}
	if hides(s[value:stop]) {
		replace(&t.b, s, t.done, value, redacted)
		t.done = stop
	}
	t.pos, t.authSeen = stop, stop // an authority inside a hidden value is gone
}

// authorityEnd is where the last authority that starts before sep ends, 0 if there is none. Only a sensitive parameter
// makes it look.
func (t *textRedactor) authorityEnd(sep int) int {
	if t.authSeen < sep {
		if unseen := t.s[t.authSeen:sep]; strings.IndexByte(unseen, ':') >= 0 {
			start := -1
			if k := strings.LastIndex(unseen, "://"); k >= 0 {
				start = k + len("://")
			}
			if k := strings.LastIndex(unseen, `:\/\/`); k >= 0 {
				start = max(start, k+len(`:\/\/`))
			}
			if start >= 0 {
				t.authStart, t.authEnd = t.authSeen+start, 0
			}
		}
		t.authSeen = sep
	}
	if t.authStart > 0 && t.authEnd == 0 {
		i := t.authStart
		for i < len(t.s) && class[t.s[i]]&(classAuthEnd|classUnsafe|classTextEnd) == 0 {
			i++
		}
		t.authEnd = i
	}
	return t.authEnd
}
