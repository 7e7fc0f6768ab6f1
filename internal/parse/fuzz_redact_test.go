package parse

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secretText joins pieces in an order the fuzzer picks, so that it meets delimiters more often than in random bytes.
func secretText(order []byte) string {
	pieces := []string{
		"://", "?", "&", "=", "#", "@", ":", "/", `\u0026`, `:\/\/`, "&amp;", "sig", "sig=", "s%69g", "Signature", "REDACTED",
		"REDACTED:REDACTED", "secret", "u", "p", "http", "h.example", " ", `"`, "'", "<", ">", `\`, "\n", "%", "%73", "+", ";",
		"amp;", "x=1", "token", "\xff", "\x00", "[::1]", "u0026",
	}
	var b strings.Builder
	for _, i := range order {
		b.WriteString(pieces[int(i)%len(pieces)])
	}
	return b.String()
}

var fuzzRedactors = map[string]*Redactor{
	"default": NewRedactor(DefaultSensitiveQuery, false),
	"folding": NewRedactor([]string{"SIG", "a b", "token"}, true),
	"odd":     NewRedactor([]string{"/", "x:", "u/p", "REDACTED", "a://b", "'", "h.example", "amp;sig", "&"}, false),
	"none":    NewRedactor(nil, false),
}

// FuzzRedactorQuery decodes the query before and after: only values of sensitive names may differ, and none is left.
func FuzzRedactorQuery(f *testing.F) {
	for _, s := range []string{"", "sig=abcd", "a=1&s%69g=x&sig=REDACTED&sig", "&&=&sig==", "SIG=1&a+b=2&a%20b=3", "%=%&%7"} {
		f.Add(s, []byte{})
	}
	f.Add("", []byte{11, 3, 17, 2, 13, 3, 17, 2, 30})
	f.Fuzz(func(t *testing.T, s string, order []byte) {
		s += secretText(order)
		for name, r := range fuzzRedactors {
			out, changed := r.Query(s)
			require.Equal(t, out != s, changed, "%s %q", name, s)
			again, changed := r.Query(out)
			require.False(t, changed, "%s %q: %q, then %q", name, s, out, again)

			before, after := strings.Split(s, "&"), strings.Split(out, "&")
			require.Len(t, after, len(before))
			for i := range before {
				key, value, hasValue := strings.Cut(before[i], "=")
				if hasValue && value != "" && sensitiveByDecoding(r, key) {
					require.Equal(t, key+"=REDACTED", after[i], "%s %q", name, s)
				} else {
					require.Equal(t, before[i], after[i], "%s %q", name, s)
				}
			}
		}
	})
}

// sensitiveByDecoding is the plain way to ask what Redactor.sensitive answers.
func sensitiveByDecoding(r *Redactor, raw string) bool {
	var decoded, form strings.Builder
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '%' && i+2 < len(raw) {
			if b, err := hex.DecodeString(raw[i+1 : i+3]); err == nil {
				decoded.WriteByte(b[0])
				form.WriteByte(b[0])
				i += 2
				continue
			}
		}
		decoded.WriteByte(c)
		if c == '+' {
			c = ' '
		}
		form.WriteByte(c)
	}
	for _, names := range r.byLen {
		for _, name := range names {
			for _, s := range []string{decoded.String(), form.String()} {
				if s == name || r.fold && asciiLower(s) == name {
					return true
				}
			}
		}
	}
	return false
}

// FuzzRedactorText checks against a slow statement of the rule that no secret is left, and that nothing else changed.
func FuzzRedactorText(f *testing.F) {
	for _, s := range []string{
		"", "http://u:p@h/ok?user=1&sig=abcd#f", `"/x?a=1\u0026sig=abc"`, `http:\/\/u:p@h`, "x://h&sig=v/x&z@y", "://u@y://v@z",
		"&amp;sig=x", "?sig=x://u&w@h", "'http://h','a@b'", "?a://u@h=v",
	} {
		f.Add(s, []byte{})
	}
	f.Add("", []byte{20, 0, 18, 6, 19, 5, 21, 1, 12, 17, 2, 13, 3, 17})
	f.Fuzz(func(t *testing.T, s string, order []byte) {
		s += secretText(order)
		for name, r := range fuzzRedactors {
			out, changed := r.Text(s)
			require.Equal(t, out != s, changed, "%s %q", name, s)
			again, changed := r.Text(out)
			require.False(t, changed, "%s %q: %q, then %q", name, s, out, again)
			assertNoUserinfo(t, out)
			assertNoParameter(t, r, out)
			assertOnlyHidden(t, s, out)
		}
	})
}

// assertOnlyHidden checks that out is s with some pieces replaced by REDACTED: what lies between must be in s, in order.
func assertOnlyHidden(t *testing.T, s, out string) {
	t.Helper()
	rest := s
	for piece := range strings.SplitSeq(out, "REDACTED") {
		if piece == ":" {
			continue // of REDACTED:REDACTED
		}
		_, after, found := strings.Cut(rest, piece)
		require.True(t, found, "%q became %q: no %q", s, out, piece)
		rest = after
	}
}

// assertNoParameter looks behind every separator for a sensitive value that is not hidden.
func assertNoParameter(t *testing.T, r *Redactor, out string) {
	t.Helper()
	for i := range len(out) {
		tail := out[i:]
		var name string
		switch {
		case strings.HasPrefix(tail, "&amp;"):
			name = tail[len("&amp;"):]
		case strings.HasPrefix(tail, `\u0026`):
			name = tail[len(`\u0026`):]
		case tail[0] == '?' || tail[0] == '&':
			name = tail[1:]
		default:
			continue
		}
		name, value, found := strings.Cut(name, "=")
		if !found || strings.ContainsAny(name, "&?#\"'<>\\ \t\n\v\f\r\x00\x7f") || strings.Contains(name, "://") || !sensitiveByDecoding(r, name) {
			continue
		}
		if end := strings.IndexAny(value, "&# \t\n\v\f\r\"'<>\\"); end >= 0 {
			value = value[:end]
		}
		if insideAuthority(out, i) { // which ends the value
			if strings.Contains(name, "/") {
				continue
			}
			if end := strings.IndexFunc(value, endsAuthority); end >= 0 {
				value = value[:end]
			}
		}
		assert.Contains(t, []string{"", "REDACTED"}, value, "%q", out)
	}
}

// insideAuthority reports whether the last URL that starts before s[i] is still in its authority there.
func insideAuthority(s string, i int) bool {
	start := -1
	for _, mark := range []string{"://", `:\/\/`} {
		if k := strings.LastIndex(s[:i], mark); k >= 0 {
			start = max(start, k+len(mark))
		}
	}
	return start >= 0 && strings.IndexFunc(s[start:i], endsAuthority) < 0
}

func endsAuthority(c rune) bool {
	return c <= ' ' || c == 0x7f || strings.ContainsRune(`/?#"<>\`, c)
}

// assertNoUserinfo looks behind every "://" for userinfo that is not hidden.
func assertNoUserinfo(t *testing.T, out string) {
	t.Helper()
	for i := 0; ; {
		k := strings.Index(out[i:], "://")
		if k < 0 {
			return
		}
		i += k + len("://")
		authority := out[i:]
		if end := strings.IndexFunc(authority, endsAuthority); end >= 0 {
			authority = authority[:end]
		}
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			assert.Contains(t, []string{"", "REDACTED", "REDACTED:REDACTED"}, authority[:at], "%q", out)
		}
	}
}
