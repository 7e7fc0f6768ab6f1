package logline

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// maxCLFTries bounds how many brackets before the date are examined: a user name may hold some.
const maxCLFTries = 16

// clfHead is the start of every format that descends from the Common Log Format:
// `address - user [time] `. Without " - " the address is all there is, as in Kong's stream lines.
type clfHead struct {
	address, user string
	hasUser       bool
	unixNano      int64
	next          int // index behind the bracket and the space after it
}

// parseCLFHead finds the first bracketed time that is followed by a space.
func parseCLFHead(f Format, line string) (clfHead, error) {
	from := 0
	for range maxCLFTries {
		i := strings.Index(line[from:], " [")
		if i < 0 {
			break
		}
		from += i + 2
		if !isCLFDate(line[from:]) || !strings.HasPrefix(line[from+clfTimeLen:], "] ") {
			continue
		}
		unixNano, ok := parse.TimestampCLF(line[from : from+clfTimeLen])
		if !ok {
			return clfHead{}, &syntaxError{f, from, "a time like 21/Nov/2026:15:22:30 +0000"}
		}
		head := clfHead{unixNano: unixNano, next: from + clfTimeLen + 2}
		head.address, head.user, head.hasUser = strings.Cut(line[:from-2], " - ")
		if head.address == "" {
			return clfHead{}, &syntaxError{f, 0, "an address"}
		}
		return head, nil
	}
	return clfHead{}, &syntaxError{f, 0, "an address, a user and a time in brackets"}
}

// cursor walks over a line whose remaining fields are separated by single spaces.
type cursor struct {
	s string
	i int // of the field's first byte, behind its separator
}

// word returns the text up to the next space or the end; ok is false when it is empty.
func (c *cursor) word() (s string, ok bool) {
	if c.i >= len(c.s) {
		return "", false
	}
	s = c.s[c.i:]
	if end := strings.IndexByte(s, ' '); end >= 0 {
		s = s[:end]
	}
	c.i += len(s) + 1
	return s, s != ""
}

// bracketed returns the text between '[' and the first ']' that a space or the end follows.
func (c *cursor) bracketed() (s string, ok bool) {
	if c.i >= len(c.s) || c.s[c.i] != '[' {
		return "", false
	}
	s = c.s[c.i+1:]
	end := strings.Index(s, "] ")
	if end < 0 {
		if !strings.HasSuffix(s, "]") {
			return "", false
		}
		end = len(s) - 1
	}
	c.i += end + 3
	return s[:end], true
}

// quoted returns the text between '"' and the next '"', which must end the field. nginx escapes quotes.
func (c *cursor) quoted() (s string, ok bool) {
	if c.i >= len(c.s) || c.s[c.i] != '"' {
		return "", false
	}
	s = c.s[c.i+1:]
	end := strings.IndexByte(s, '"')
	if end < 0 || end+1 < len(s) && s[end+1] != ' ' {
		return "", false
	}
	c.i += end + 3
	return s[:end], true
}

// done reports whether the line has been read.
func (c *cursor) done() bool { return c.i >= len(c.s) }

// putCombined reads nginx's combined format from head on and leaves the cursor behind the user agent.
func putCombined(f Format, head *clfHead, c *cursor, attrs pcommon.Map) (fields, error) {
	var status, sent, referer, agent string
	request, ok := c.quoted()
	if !ok {
		return fields{}, &syntaxError{f, c.i, "a quoted request"}
	}
	if status, ok = c.word(); !ok || !isNumberOrDash(status) {
		return fields{}, &syntaxError{f, c.i, "a status code before this place"}
	}
	if sent, ok = c.word(); !ok || !isNumberOrDash(sent) {
		return fields{}, &syntaxError{f, c.i, "a body size before this place"}
	}
	if referer, ok = c.quoted(); !ok {
		return fields{}, &syntaxError{f, c.i, "a quoted referer"}
	}
	if agent, ok = c.quoted(); !ok {
		return fields{}, &syntaxError{f, c.i, "a quoted user agent"}
	}

	attrs.EnsureCapacity(18)
	out := fields{m: attrs}
	out.text("remote_addr", head.address)
	out.text("remote_user", unescapeNginx(head.user))
	putNginxRequest(&out, request)
	out.number("status", status)
	out.number("body_bytes_sent", sent)
	out.text("http_referer", unescapeNginx(referer))
	out.text("http_user_agent", unescapeNginx(agent))
	return out, nil
}

func isNumberOrDash(s string) bool { return s == "-" || allDigits(s) }
