package logline

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	clfTime = "[21/Nov/2026:15:22:30 +0000]"
	clfAt   = "2026-11-21T15:22:30Z"
)

func TestParseNginx(t *testing.T) {
	t.Parallel()
	f := func(line string, want attributes) {
		t.Helper()
		got, at := parsed(t, FormatNginxCombined, line)
		assert.Equal(t, want, got)
		assert.Equal(t, unixNano(t, clfAt), at)
	}
	f(`10.0.0.9 - alice `+clfTime+` "GET /a?b=c HTTP/1.1" 200 6 "http://r/" "curl/7.88.1" kong_request_id: "14e6"`, attributes{
		"remote_addr": "10.0.0.9", "remote_user": "alice", "method": "GET", "path": "/a?b=c", "protocol": "HTTP/1.1", "status": int64(200),
		"body_bytes_sent": int64(6), "http_referer": "http://r/", "http_user_agent": "curl/7.88.1", "kong.request.id": "14e6",
	})
	f(`2001:db8::7 - - [21/Nov/2026:17:22:30 +0200] "GET / HTTP/2.0" 304 0 "-" "-"`+"\n", attributes{
		"remote_addr": "2001:db8::7", "method": "GET", "path": "/", "protocol": "HTTP/2.0", "status": int64(304), "body_bytes_sent": int64(0),
	})
	f(`10.0.0.9 - - `+clfTime+` "GET / HTTP/1.1" 200 6 "-" "-" "203.0.113.7, 10.0.0.9"`, attributes{
		"remote_addr": "10.0.0.9", "method": "GET", "path": "/", "protocol": "HTTP/1.1", "status": int64(200), "body_bytes_sent": int64(6),
		"http_x_forwarded_for": "203.0.113.7, 10.0.0.9",
	})
	f(`unix: - John [x] - Doe\x22 `+clfTime+` "GET /sp ace HTTP/1.1" 200 6 "\x22r\x22" "\xC3\xA9\x5C\x0A \xFF\xFE \xZZ" kong_request_id: "-"`, attributes{
		"remote_addr": "unix:", "remote_user": `John [x] - Doe"`, "method": "GET", "path": "/sp ace", "protocol": "HTTP/1.1", "status": int64(200),
		"body_bytes_sent": int64(6), "http_referer": `"r"`, "http_user_agent": "é\\\n \uFFFD \\xZZ",
	})

	// What is no HTTP request has no method and no path.
	for _, request := range []string{"", "-", `\x16\x03\x01\x00\xA5garbage`, "get / HTTP/1.1", "GET / x", "GET", "GET ", " / HTTP/1.1", "GET  HTTP/1.1", `\x00 / HTTP/1.1`, "quit now"} {
		f(`10.0.0.9 - - `+clfTime+` "`+request+`" 400 57 "-" "-"`, attributes{
			"remote_addr": "10.0.0.9", "status": int64(400), "body_bytes_sent": int64(57),
		})
	}
	f(`10.0.0.9 - - `+clfTime+` "GET /old" 200 57 "-" "-"`, attributes{ // HTTP/0.9
		"remote_addr": "10.0.0.9", "method": "GET", "path": "/old", "status": int64(200), "body_bytes_sent": int64(57),
	})

	f(`127.0.0.1 `+clfTime+` TCP 200 6 7 0.303`, attributes{
		"remote_addr": "127.0.0.1", "stream_protocol": "TCP", "stream_status": int64(200), "bytes_sent": int64(6), "bytes_received": int64(7), "session_time": 0.303,
	})
	f(`unix: `+clfTime+` UDP 502 0 0 0.000`+"\n", attributes{
		"remote_addr": "unix:", "stream_protocol": "UDP", "stream_status": int64(502), "bytes_sent": int64(0), "bytes_received": int64(0), "session_time": 0.0,
	})
}

func TestParseNginxRefused(t *testing.T) {
	t.Parallel()
	const head = `10.0.0.9 - - ` + clfTime + ` `
	for _, line := range []string{
		"", " ", "10.0.0.9", "10.0.0.9 - - ", head, ` - - ` + clfTime + ` "GET / HTTP/1.1" 200 6 "-" "-"`, head + `"`, head + `"GET / HTTP/1.1`,
		head + `"GET / HTTP/1.1"`, head + `"GET / HTTP/1.1"200 6 "-" "-"`, head + `"GET / HTTP/1.1" x 6 "-" "-"`, head + `"GET / HTTP/1.1" 200 x "-" "-"`,
		head + `"GET / HTTP/1.1" 200 6`, head + `"GET / HTTP/1.1" 200 6 - "-"`, head + `"GET / HTTP/1.1" 200 6 "-"`, head + `"GET / HTTP/1.1" 200 6 "-" "-`,
		head + `"GET / HTTP/1.1" 200 6 "-" "-" x`, head + `"GET / HTTP/1.1" 200 6 "-" "-" "x" y`, head + `"GET / HTTP/1.1" 200 6 "-" "-" kong_request_id: x`,
		head + `"GET / HTTP/1.1"  200 6 "-" "-"`, `10.0.0.9 - - [21/Foo/2026:15:22:30 +0000] "GET / HTTP/1.1" 200 6 "-" "-"`,
		`127.0.0.1 ` + clfTime, `127.0.0.1 ` + clfTime + ` TCP`, `127.0.0.1 ` + clfTime + ` TCP 200 6 7`, `127.0.0.1 ` + clfTime + ` tcp 200 6 7 0.3`,
		`127.0.0.1 ` + clfTime + ` TCP 200 6 7 0.3 x`, `127.0.0.1 ` + clfTime + ` TCP x 6 7 0.3`, `127.0.0.1 ` + clfTime + ` "GET / HTTP/1.1" 200 6 "-" "-"`,
	} {
		refused(t, FormatNginxCombined, line)
	}
}

func TestUnescapeNginx(t *testing.T) {
	t.Parallel()
	f := func(s, want string) {
		t.Helper()
		assert.Equal(t, want, unescapeNginx(s))
	}
	f("", "")
	f("plain \xff", "plain \xff") // not decoded, so not touched
	f(`\x22`, `"`)
	f(`a\x22b\x5Cx22c`, `a"b\x22c`)
	f(`\x`, `\x`)
	f(`\x2`, `\x2`)
	f(`\x2g\x41`, `\x2gA`)
	f(`\x\x41`, `\xA`)
	f(`\xe2\x82\xAC`, "€")
	f(`\xE2\x82`, "\uFFFD")
	f("\\x41\xff", "A\uFFFD")
}

func TestParseIngressNginx(t *testing.T) {
	t.Parallel()
	const head = `10.0.0.9 - - ` + clfTime + ` "GET /a HTTP/2.0" 200 6 "-" "curl" 431 0.012 `
	f := func(rest string, more attributes) {
		t.Helper()
		want := attributes{
			"remote_addr": "10.0.0.9", "method": "GET", "path": "/a", "protocol": "HTTP/2.0", "status": int64(200), "body_bytes_sent": int64(6),
			"http_user_agent": "curl", "request_length": int64(431), "request_time": 0.012,
		}
		maps.Copy(want, more)
		got, at := parsed(t, FormatIngressNginx, head+rest)
		assert.Equal(t, want, got)
		assert.Equal(t, unixNano(t, clfAt), at)
		assert.Equal(t, FormatIngressNginx, Sniff(head+rest))
	}
	f(`[shop-cart-80] [] 10.0.0.1:8080 6 0.011 200 7d1f`, attributes{
		"proxy_upstream_name": "shop-cart-80", "upstream_addr": "10.0.0.1:8080", "upstream_response_length": int64(6), "upstream_response_time": 0.011,
		"upstream_status": int64(200), "req_id": "7d1f",
	})
	f(`[] [shop-canary-80] - - - - 7d1f`+"\n", attributes{"proxy_alternative_upstream_name": "shop-canary-80", "req_id": "7d1f"})
	f(`[-] [-] [2001:db8::1]:80 0 0.000 502 -`, attributes{
		"upstream_addr": "[2001:db8::1]:80", "upstream_response_length": int64(0), "upstream_response_time": 0.0, "upstream_status": int64(502),
	})
	f(`[shop-cart-80] [] 10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80 0, 0 : 6 0.001, 0.002 : 0.003 502, 504 : 200 7d1f`, attributes{
		"proxy_upstream_name": "shop-cart-80", "upstream_addr": "10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80", "upstream_response_length": "0, 0 : 6",
		"upstream_response_time": "0.001, 0.002 : 0.003", "upstream_status": "502, 504 : 200", "req_id": "7d1f",
	})
	f(`[shop-cart-80] [] 10.0.0.1:80, 10.0.0.1:80 -, 6 -, 0.002 -, 200 7d1f`, attributes{
		"proxy_upstream_name": "shop-cart-80", "upstream_addr": "10.0.0.1:80, 10.0.0.1:80", "upstream_response_length": "-, 6",
		"upstream_response_time": "-, 0.002", "upstream_status": "-, 200", "req_id": "7d1f",
	})

	for _, rest := range []string{
		``, `[a]`, `[a] []`, `[a] [] `, `[a [] b 1 2 3 x`, `a [] 1.1.1.1:1 1 1 1 x`, `[a] [] 1.1.1.1:1 1 1 1`, `[a] [] 1.1.1.1:1 1 1 1 x y`,
		`[a] [] 1.1.1.1:1, 1 1 1 x`, `[a] [] : 1 1 1 x`, `[a] []  1 1 1 1 x`, `[a] [] 1.1.1.1:1 1 1 1, `, `[a] [] 1 1 1 1 : `,
	} {
		refused(t, FormatIngressNginx, head+rest)
	}
	refused(t, FormatIngressNginx, strings.Replace(head, " 431 ", " x ", 1)+`[a] [] 1.1.1.1:1 1 1 1 x`)
	refused(t, FormatIngressNginx, `127.0.0.1 `+clfTime+` TCP 200 6 7 0.303`)
}

func TestParseTraefik(t *testing.T) {
	t.Parallel()
	f := func(line string, want attributes) {
		t.Helper()
		got, at := parsed(t, FormatTraefikCommon, line)
		assert.Equal(t, want, got)
		assert.Equal(t, unixNano(t, clfAt), at)
	}
	base := func(more attributes) attributes {
		want := attributes{
			"ClientHost": "10.0.0.9", "RequestMethod": "GET", "RequestPath": "/a?b=c", "RequestProtocol": "HTTP/1.1", "DownstreamStatus": int64(200),
			"DownstreamContentSize": int64(6), "request_User-Agent": "curl", "RequestCount": int64(17), "RouterName": "web@file",
			"ServiceURL": "http://10.0.0.1:80", "duration": "12ms",
		}
		for key, value := range more {
			if value == nil {
				delete(want, key)
			} else {
				want[key] = value
			}
		}
		return want
	}
	const head = `10.0.0.9 - - ` + clfTime + ` "GET /a?b=c HTTP/1.1" 200 6 `
	const tail = ` 17 "web@file" "http://10.0.0.1:80" 12ms`
	f(head+`"-" "curl"`+tail+"\n", base(nil))
	f(`1.2.3.4, 10.0.0.1 - alice `+clfTime+` "GET /a?b=c HTTP/1.1" 200 6 "http://r/" "curl" 17 "-" "-" 0ms`, base(attributes{
		"ClientHost": "1.2.3.4, 10.0.0.1", "ClientUsername": "alice", "request_Referer": "http://r/", "RouterName": nil, "ServiceURL": nil, "duration": "0ms",
	}))
	f(head+`"-" "evil \"quoted\" agent"`+tail, base(attributes{"request_User-Agent": `evil "quoted" agent`}))
	f(head+`"-" "evil "quoted" agent"`+tail, base(attributes{"request_User-Agent": `evil "quoted" agent`}))
	f(head+`"-" "x" 1 "evil" "http://evil" 1ms"`+tail, base(attributes{"request_User-Agent": `x" 1 "evil" "http://evil" 1ms`}))
	f(head+`"-" "x HTTP/1.1" 500 1 "-" "y"`+tail, base(attributes{"request_User-Agent": `x HTTP/1.1" 500 1 "-" "y`}))
	f(`10.0.0.9 - - `+clfTime+` "GET /a?b="c" HTTP/1.1" 200 6 "-" "curl"`+tail, base(attributes{"RequestPath": `/a?b="c"`}))
	f(`10.0.0.9 - - `+clfTime+` "- - -" - - "-" "-" - "-" "-" 1ms`, attributes{"ClientHost": "10.0.0.9", "duration": "1ms"})
	f(`- - - `+clfTime+` "GET / HTTP/1.1" 404 19 "-" "-" 1 "-" "-" 1ms`, attributes{
		"RequestMethod": "GET", "RequestPath": "/", "RequestProtocol": "HTTP/1.1", "DownstreamStatus": int64(404), "DownstreamContentSize": int64(19),
		"RequestCount": int64(1), "duration": "1ms",
	})
	// genericCLF
	f(head+`"-" "curl"`, base(attributes{"RequestCount": nil, "RouterName": nil, "ServiceURL": nil, "duration": nil}))
	f(head+`"http://r/" "a "b" c"`, base(attributes{
		"request_Referer": "http://r/", "request_User-Agent": `a "b" c`, "RequestCount": nil, "RouterName": nil, "ServiceURL": nil, "duration": nil,
	}))

	for _, line := range []string{
		"", "10.0.0.9", head, head + `"-"`, head + `"-" "curl`, head + `"-" "curl" 17`, head + `"-" "curl" x "web" "url" 1ms`,
		head + `"-" "curl" 17 "web" "url" 12`, head + `"-" "curl" 17 "web" "url" ms`, head + `"-" 17 "web" "url" 12ms`,
		`10.0.0.9 - - ` + clfTime + ` "GET" 200 6 "-" "curl"` + tail, `10.0.0.9 ` + clfTime + ` "GET / HTTP/1.1" 200 6 "-" "curl"` + tail,
		`10.0.0.9 - - ` + clfTime + ` "GET / HTTP/1.1" x 6 "-" "curl"` + tail,
	} {
		refused(t, FormatTraefikCommon, line)
	}
}
