package logline

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// parseIngressNginx reads ingress-nginx's default format "upstreaminfo" (ingress-nginx controller 1.15.1,
// internal/ingress/controller/config/config.go): nginx's combined fields, then
//
//	request_length request_time [proxy_upstream_name] [proxy_alternative_upstream_name]
//	upstream_addr upstream_response_length upstream_response_time upstream_status req_id
//
// With retries each of the four upstream fields is a list, so the number of words varies; a list stays text.
// Times are in seconds.
func parseIngressNginx(line string, attrs pcommon.Map) (int64, error) {
	const f = FormatIngressNginx
	head, err := parseCLFHead(f, line)
	if err != nil {
		return 0, err
	}
	if !head.hasUser {
		return 0, &syntaxError{f, 0, "an address and a user"}
	}
	c := cursor{s: line, i: head.next}
	out, err := putCombined(f, &head, &c, attrs)
	if err != nil {
		return 0, err
	}
	length, ok1 := c.word()
	duration, ok2 := c.word()
	if !ok1 || !ok2 || !isNumberOrDash(length) {
		return 0, &syntaxError{f, c.i, "request length and request time before this place"}
	}
	upstream, ok1 := c.bracketed()
	alternative, ok2 := c.bracketed()
	if !ok1 || !ok2 {
		return 0, &syntaxError{f, c.i, "two upstream names in brackets"}
	}
	var lists [4]string
	for n := range lists {
		at := c.i
		if lists[n], ok1 = c.list(); !ok1 {
			return 0, &syntaxError{f, at, "address, length, time and status of the upstream"}
		}
	}
	id, ok := c.word()
	if !ok || !c.done() {
		return 0, &syntaxError{f, c.i, "a request id and the end of the line"}
	}
	out.number("request_length", length)
	out.seconds("request_time", duration)
	if upstream != "" {
		out.text("proxy_upstream_name", upstream)
	}
	if alternative != "" {
		out.text("proxy_alternative_upstream_name", alternative)
	}
	out.text("upstream_addr", lists[0])
	out.number("upstream_response_length", lists[1])
	out.seconds("upstream_response_time", lists[2])
	out.number("upstream_status", lists[3])
	out.text("req_id", id)
	return head.unixNano, nil
}

// list returns words joined by ", " (the next server) and " : " (an internal redirect), as nginx writes its
// upstream variables.
func (c *cursor) list() (s string, ok bool) {
	start := c.i
	for {
		word, ok := c.word()
		if !ok || word == ":" {
			return "", false
		}
		if strings.HasSuffix(word, ",") {
			continue
		}
		if strings.HasPrefix(c.s[min(c.i, len(c.s)):], ": ") {
			c.i += 2
			continue
		}
		return c.s[start : c.i-1], true
	}
}
