package gateway

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// hideInLine hides the credentials in a line of JSON that was read: of members named like a header that holds one, or
// like a sensitive query parameter. As attributes they are hidden by their names; the line repeats them. It goes over
// the line once.
func (w *work) hideInLine(body pcommon.Value) {
	s := body.Str()
	if !strings.HasPrefix(strings.TrimLeft(s, " \t"), "{") {
		return
	}
	var out strings.Builder
	done := 0 // what stands before is in out
	for i := 0; i < len(s); {
		quote := strings.IndexByte(s[i:], '"')
		if quote < 0 {
			break
		}
		start := i + quote
		end := afterString(s, start)
		value := afterSpace(s, end)
		if value >= len(s) || s[value] != ':' {
			i = end
			continue
		}
		value = afterSpace(s, value+1)
		i = value
		if !w.secretMember(s[start+1 : end-1]) {
			continue
		}
		i = afterValue(s, value)
		if s[value:i] != redactedJSON {
			out.WriteString(s[done:value])
			out.WriteString(redactedJSON)
			done = i
		}
	}
	if done > 0 {
		out.WriteString(s[done:])
		body.SetStr(out.String())
		w.changed = true
	}
}

const redactedJSON = `"` + redacted + `"`

func (w *work) secretMember(name string) bool {
	return name != "" && len(name) <= 64 && (w.e.secrets[strings.ToLower(name)] || slices.Contains(w.e.opts.SensitiveQuery, name))
}

// afterString is behind the string that starts at i, or the end of the line.
func afterString(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

func afterSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return i
}

// afterValue is behind the value that starts at i.
func afterValue(s string, i int) int {
	open := 0
	for i < len(s) {
		switch s[i] {
		case '"':
			if i = afterString(s, i); open == 0 {
				return i
			}
			continue
		case '{', '[':
			open++
		case '}', ']':
			if open--; open <= 0 {
				return i + 1 + min(open, 0)
			}
		case ',':
			if open == 0 {
				return i
			}
		}
		i++
	}
	return len(s)
}
