package logline

import (
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// parseNginx reads
//
//	remote_addr - remote_user [time_local] "request" status body_bytes_sent "referer" "user_agent"
//
// followed by nothing, by ` kong_request_id: "id"` (Kong 3.5 and later, kong/templates/nginx_kong.lua) or by a
// quoted X-Forwarded-For list, as in the "main" format of nginx's packages. The lines of Kong's stream module,
// which share the file, are read by parseKongStream.
//
// nginx escapes quotes, backslashes, control characters and bytes above 126 in every variable as \xHH (nginx,
// src/http/modules/ngx_http_log_module.c), so the quotes in a line are the format's own.
func parseNginx(line string, attrs pcommon.Map) (int64, error) {
	const f = FormatNginxCombined
	head, err := parseCLFHead(f, line)
	if err != nil {
		return 0, err
	}
	if !head.hasUser {
		return parseKongStream(line, &head, attrs)
	}
	c := cursor{s: line, i: head.next}
	out, err := putCombined(f, &head, &c, attrs)
	if err != nil {
		return 0, err
	}
	if c.done() {
		return head.unixNano, nil
	}
	key := "http_x_forwarded_for"
	const kong = "kong_request_id: "
	if strings.HasPrefix(line[c.i:], kong) {
		key = "kong.request.id"
		c.i += len(kong)
	}
	value, ok := c.quoted()
	if !ok || !c.done() {
		return 0, &syntaxError{f, c.i, "the end of the line or one more quoted field"}
	}
	out.text(key, unescapeNginx(value))
	return head.unixNano, nil
}

// parseKongStream reads `remote_addr [time_local] protocol status bytes_sent bytes_received session_time`, the
// default of Kong's proxy_stream_access_log (Kong 3.9.3, kong.conf.default). The session time is in seconds.
func parseKongStream(line string, head *clfHead, attrs pcommon.Map) (int64, error) {
	c := cursor{s: line, i: head.next}
	var words [5]string
	for n := range words {
		at := c.i
		word, ok := c.word()
		if !ok || n == 0 && !isUpper(word[0]) || n > 0 && !isDigit(word[0]) && word != "-" {
			return 0, &syntaxError{FormatNginxCombined, at, "protocol, status, bytes sent, bytes received and session time"}
		}
		words[n] = word
	}
	if !c.done() {
		return 0, &syntaxError{FormatNginxCombined, c.i, "the end of the line after the session time"}
	}
	attrs.EnsureCapacity(6)
	out := fields{m: attrs}
	out.text("remote_addr", head.address)
	out.str("stream_protocol", words[0])
	out.number("stream_status", words[1])
	out.number("bytes_sent", words[2])
	out.number("bytes_received", words[3])
	out.seconds("session_time", words[4])
	return head.unixNano, nil
}

// putNginxRequest puts method, path and protocol of a request line. What nginx could not read as one, such as
// a TLS hello on a plain port or an empty connection, has none of the three.
func putNginxRequest(out *fields, request string) {
	method, path, protocol, ok := splitRequest(request)
	if !ok {
		// HTTP/0.9 has no protocol.
		if method, path, ok = strings.Cut(request, " "); !ok || !strings.HasPrefix(path, "/") {
			return
		}
	} else if !strings.HasPrefix(protocol, "HTTP/") {
		return
	}
	if !isNginxMethod(method) || path == "" {
		return
	}
	out.str("method", method)
	out.str("path", unescapeNginx(path))
	if protocol != "" {
		out.str("protocol", unescapeNginx(protocol))
	}
}

// isNginxMethod reports whether nginx would read s as a method: upper-case letters, '_' and '-'.
func isNginxMethod(s string) bool {
	for i := range len(s) {
		if !isUpper(s[i]) && s[i] != '_' && s[i] != '-' {
			return false
		}
	}
	return s != ""
}

// unescapeNginx decodes \xHH. The result is valid UTF-8 even when the escaped bytes were not; without an escape
// it is s itself.
func unescapeNginx(s string) string {
	i := strings.Index(s, `\x`)
	if i < 0 {
		return s
	}
	buf := make([]byte, 0, len(s))
	run := 0
	for i+3 < len(s) {
		high, ok1 := hexDigit(s[i+2])
		low, ok2 := hexDigit(s[i+3])
		next := i + 2
		if ok1 && ok2 {
			buf = append(buf, s[run:i]...)
			buf = append(buf, high<<4|low)
			run, next = i+4, i+4
		}
		j := strings.Index(s[next:], `\x`)
		if j < 0 {
			break
		}
		i = next + j
	}
	if run == 0 {
		return s
	}
	return strings.ToValidUTF8(string(append(buf, s[run:]...)), string(utf8.RuneError))
}
