package logline

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// maxTraefikTries bounds how many quotes in a request are examined as its end.
const maxTraefikTries = 8

// parseTraefik reads Traefik's common format (Traefik 3.7, pkg/middlewares/accesslog/logger_formatters.go)
//
//	ClientHost - ClientUsername [time] "METHOD path PROTO" status size "Referer" "User-Agent"
//	RequestCount "RouterName" "ServiceURL" <n>ms
//
// and genericCLF, which stops behind the user agent. ClientHost is the whole X-Forwarded-For list if there is one.
//
// Releases differ in whether they escape a quote inside a header as \"; a bare one is accepted, so the line is
// cut from both ends: the router and the service, which the operator names, from the right.
func parseTraefik(line string, attrs pcommon.Map) (int64, error) {
	const f = FormatTraefikCommon
	head, err := parseCLFHead(f, line)
	if err != nil {
		return 0, err
	}
	if !head.hasUser || !strings.HasPrefix(line[head.next:], `"`) {
		return 0, &syntaxError{f, head.next, "a user before and a quoted request behind the time"}
	}
	request := head.next + 1
	m, ok := findTraefikMiddle(line, request)
	if !ok {
		return 0, &syntaxError{f, request, "a request with its closing quote, a status, a size and a quoted referer"}
	}
	method, path, protocol, ok := splitRequest(line[request:m.quote])
	if !ok {
		return 0, &syntaxError{f, request, "method, path and protocol"}
	}
	t, ok := cutTraefikTail(line[m.headers:])
	if !ok {
		return 0, &syntaxError{f, m.headers, "two quoted headers, then nothing or count, router, service and duration"}
	}
	referer, agent, ok := strings.Cut(t.headers, `" "`)
	if !ok {
		return 0, &syntaxError{f, m.headers, "quoted referer and user agent"}
	}

	attrs.EnsureCapacity(14)
	out := fields{m: attrs}
	out.text("ClientHost", head.address)
	out.text("ClientUsername", head.user)
	out.text("RequestMethod", method)
	out.text("RequestPath", path)
	out.text("RequestProtocol", protocol)
	out.number("DownstreamStatus", m.status)
	out.number("DownstreamContentSize", m.size)
	out.text("request_Referer", unescapeQuotes(referer))
	out.text("request_User-Agent", unescapeQuotes(agent))
	if t.duration != "" {
		out.number("RequestCount", t.count)
		out.text("RouterName", unescapeQuotes(t.router))
		out.text("ServiceURL", unescapeQuotes(t.service))
		out.str("duration", t.duration)
	}
	return head.unixNano, nil
}

// traefikMiddle is what stands between the request and the referer.
type traefikMiddle struct {
	quote, headers int // of the request's closing quote, and of the referer's first byte
	status, size   string
}

// findTraefikMiddle looks for the first quote behind from that a status, a size and another quote follow. The
// request comes before the headers, and net/http refuses a request line with spaces in its target.
func findTraefikMiddle(line string, from int) (traefikMiddle, bool) {
	quote := from
	for range maxTraefikTries {
		i := strings.Index(line[quote:], `" `)
		if i < 0 {
			break
		}
		quote += i
		m := traefikMiddle{quote: quote}
		var next int
		var ok1, ok2 bool
		m.status, next, ok1 = numberToken(line, quote+2)
		m.size, next, ok2 = numberToken(line, next)
		if ok1 && ok2 && strings.HasPrefix(line[next:], `"`) {
			m.headers = next + 1
			return m, true
		}
		quote++
	}
	return traefikMiddle{}, false
}

// traefikTail is what follows the opening quote of the referer. duration is "" for genericCLF.
type traefikTail struct {
	headers                          string // `referer" "user agent`
	count, router, service, duration string
}

// cutTraefikTail cuts `referer" "agent" count "router" "service" 12ms` from the right, or `referer" "agent"`.
func cutTraefikTail(s string) (t traefikTail, ok bool) {
	i := strings.LastIndex(s, `" `)
	if i < 0 {
		return t, false
	}
	t.duration = s[i+2:]
	if digits, ms := strings.CutSuffix(t.duration, "ms"); !ms || !allDigits(digits) {
		if !strings.HasSuffix(s, `"`) {
			return t, false
		}
		return traefikTail{headers: s[:len(s)-1]}, true
	}
	s = s[:i]
	if i = strings.LastIndex(s, `" "`); i < 0 {
		return t, false
	}
	s, t.service = s[:i], s[i+3:]
	if i = strings.LastIndex(s, ` "`); i < 0 {
		return t, false
	}
	s, t.router = s[:i], s[i+2:]
	if i = strings.LastIndex(s, `" `); i < 0 || !isNumberOrDash(s[i+2:]) {
		return t, false
	}
	t.headers, t.count = s[:i], s[i+2:]
	return t, true
}

// unescapeQuotes turns \" into a quote; without one it is s itself.
func unescapeQuotes(s string) string {
	if !strings.Contains(s, `\"`) {
		return s
	}
	return strings.ReplaceAll(s, `\"`, `"`)
}
