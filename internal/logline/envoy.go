package logline

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// maxEnvoyTries bounds how many places that look like the end of the request are examined closely.
// More than one only exists when a path or header imitates a log line.
const maxEnvoyTries = 8

// parseEnvoy reads Envoy's default text format and Istio's extension of it; either Format accepts both.
//
// Envoy escapes nothing: a path, X-Forwarded-For or user agent may hold quotes, spaces and even line breaks
// (Envoy 1.40.0, source/common/formatter/substitution_formatter.cc). So the numbers in the middle are found from
// the left, where only the path precedes them, and the quoted headers are cut from the right, where Envoy's own
// fields stand: upstream host, authority and request id. What is left between belongs to X-Forwarded-For, up to
// its first closing quote, and the user agent.
func parseEnvoy(f Format, line string, attrs pcommon.Map) (int64, error) {
	if !strings.HasPrefix(line, "[") {
		return 0, &syntaxError{f, 0, "'['"}
	}
	end := strings.IndexByte(line[:min(len(line), 64)], ']')
	if end < 0 {
		return 0, &syntaxError{f, 1, "a start time and ']'"}
	}
	start := line[1:end]
	unixNano, ok := parse.Timestamp(start)
	if !ok {
		return 0, &syntaxError{f, 1, "a start time in RFC 3339"}
	}
	if !strings.HasPrefix(line[end:], `] "`) {
		return 0, &syntaxError{f, end + 1, "a space and a quoted request"}
	}
	request := end + 3
	m, ok := findEnvoyMiddle(line, request)
	if !ok {
		return 0, &syntaxError{f, request, "a request with its closing quote, a response code, flags, sizes and durations"}
	}
	method, path, protocol, ok := splitRequest(line[request:m.quote])
	if !ok {
		return 0, &syntaxError{f, request, "method, path and protocol"}
	}

	attrs.EnsureCapacity(24)
	out := fields{m: attrs}
	headers := line[m.headers:]
	if m.istio {
		cut := cutIstioTail(headers)
		if cut < 0 {
			return 0, &syntaxError{f, m.headers, "five quoted fields and then six more"}
		}
		putIstioTail(&out, headers[cut+2:])
		headers = headers[:cut+1]
	}
	if !putEnvoyHeaders(&out, headers) {
		return 0, &syntaxError{f, m.headers, "five quoted fields"}
	}
	out.str("start_time", start)
	out.text("method", method)
	out.text("path", path)
	out.text("protocol", protocol)
	out.number("response_code", m.code)
	out.text("response_flags", m.flags)
	if m.istio {
		out.text("response_code_details", m.details)
		out.text("connection_termination_details", m.termination)
		out.text("upstream_transport_failure_reason", m.failure)
	}
	out.number("bytes_received", m.received)
	out.number("bytes_sent", m.sent)
	out.number("duration", m.duration)
	out.number("upstream_service_time", m.upstream)
	return unixNano, nil
}

// envoyMiddle is what stands between the request and the quoted headers.
type envoyMiddle struct {
	quote   int // of the request's closing quote
	headers int // of the first byte of X-Forwarded-For

	code, flags                   string
	istio                         bool
	details, termination, failure string
	received, sent                string // bytes of the bodies
	duration, upstream            string // milliseconds
}

// findEnvoyMiddle looks for the end of the request, which starts at from: a protocol and a quote with a response
// code, flags and the numbers behind it. The first place that fits is taken, because Envoy refuses a path
// with spaces, while headers, which come later, may hold anything.
func findEnvoyMiddle(line string, from int) (envoyMiddle, bool) {
	for tries, quote := 0, from; tries < maxEnvoyTries; quote++ {
		i := strings.Index(line[quote:], `" `)
		if i < 0 {
			break
		}
		quote += i
		if !endsWithProtocol(line[from:quote]) {
			continue
		}
		code, next, ok := numberToken(line, quote+2)
		if !ok {
			continue
		}
		tries++
		m := envoyMiddle{quote: quote, code: code}
		if m.flags, next, ok = token(line, next); !ok {
			continue
		}
		// Envoy continues with a byte count, Istio with the response code details, which are no number.
		if m.numbers(line, next) || m.istioDetails(line, next) {
			return m, true
		}
	}
	return envoyMiddle{}, false
}

// endsWithProtocol reports whether the last word of s is an HTTP protocol or "-".
func endsWithProtocol(s string) bool {
	tail := s[max(0, len(s)-12):]
	i := strings.LastIndexByte(tail, ' ')
	if i < 0 {
		return false
	}
	return tail[i+1:] == "-" || strings.HasPrefix(tail[i+1:], "HTTP/")
}

// numbers reads "received sent duration upstream_time \"" at i.
func (m *envoyMiddle) numbers(line string, i int) (ok bool) {
	if m.received, i, ok = numberToken(line, i); !ok {
		return false
	}
	if m.sent, i, ok = numberToken(line, i); !ok {
		return false
	}
	if m.duration, i, ok = numberToken(line, i); !ok {
		return false
	}
	// The upstream's header can be anything when Envoy is told not to overwrite it.
	window := line[i:min(len(line), i+64)]
	end := strings.Index(window, ` "`)
	if end < 0 {
		return false
	}
	m.upstream = window[:end]
	m.headers = i + end + 2
	return true
}

// istioDetails reads `details termination "failure" numbers` at i.
func (m *envoyMiddle) istioDetails(line string, i int) bool {
	end := strings.Index(line[i:], ` "`)
	if end < 0 {
		return false
	}
	between := line[i : i+end]
	cut := strings.IndexByte(between, ' ')
	if cut < 0 {
		return false
	}
	if braces := between[:cut]; strings.Contains(braces, "{") && !strings.Contains(braces, "}") {
		// Details in braces with spaces in them, where the format lets white space through.
		if j := strings.Index(between, "} "); j >= 0 {
			cut = j + 1
		}
	}
	m.details, m.termination = between[:cut], between[cut+1:]

	start := i + end + 2
	for tries, quote := 0, start; tries < maxEnvoyTries; tries, quote = tries+1, quote+1 {
		j := strings.Index(line[quote:], `" `)
		if j < 0 {
			return false
		}
		quote += j
		if m.numbers(line, quote+2) {
			m.failure = line[start:quote]
			m.istio = true
			return true
		}
	}
	return false
}

// token returns the text up to the next space at i and the index behind that space.
func token(line string, i int) (s string, next int, ok bool) {
	end := strings.IndexByte(line[i:], ' ')
	if end <= 0 {
		return "", i, false
	}
	return line[i : i+end], i + end + 1, true
}

// numberToken is token for a decimal number or "-". Numbers have at most 20 digits, so a miss costs little.
func numberToken(line string, i int) (s string, next int, ok bool) {
	window := line[i:min(len(line), i+21)]
	end := strings.IndexByte(window, ' ')
	if end <= 0 {
		return "", i, false
	}
	s = window[:end]
	return s, i + end + 1, s == "-" || allDigits(s)
}

// putEnvoyHeaders reads `xff" "user agent" "request id" "authority" "upstream host"`.
func putEnvoyHeaders(out *fields, s string) bool {
	if !strings.HasSuffix(s, `"`) {
		return false
	}
	s = s[:len(s)-1]
	var last [3]string // upstream host, authority, request id
	for n := range last {
		i := strings.LastIndex(s, `" "`)
		if i < 0 {
			return false
		}
		last[n], s = s[i+3:], s[:i]
	}
	forwarded, agent, ok := strings.Cut(s, `" "`)
	if !ok {
		return false
	}
	out.text("x_forwarded_for", forwarded)
	out.text("user_agent", agent)
	out.text("request_id", last[2])
	out.text("authority", last[1])
	out.text("upstream_host", last[0])
	return true
}

// cutIstioTail returns the index of the quote that ends the upstream host: the last quote with six words
// behind it. The words are Envoy's own except the server name, which comes from the client's TLS hello, so
// a few earlier quotes are tried when that holds one. -1: there is none.
func cutIstioTail(s string) int {
	end := len(s)
	for range maxEnvoyTries {
		i := strings.LastIndex(s[:end], `" `)
		if i < 0 {
			return -1
		}
		if strings.Count(s[i+2:], " ") >= 5 {
			return i
		}
		end = i + 1
	}
	return -1
}

// putIstioTail reads the six words behind the upstream host. A route name is free text, so it takes the rest.
func putIstioTail(out *fields, s string) {
	for _, key := range [...]string{
		"upstream_cluster", "upstream_local_address", "downstream_local_address",
		"downstream_remote_address", "requested_server_name",
	} {
		var value string
		value, s, _ = strings.Cut(s, " ")
		out.text(key, value)
	}
	out.text("route_name", s)
}
