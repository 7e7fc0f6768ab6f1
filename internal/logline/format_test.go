package logline

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFormatString(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for f := FormatUnknown; f <= FormatTraefikCommon; f++ {
		assert.NotEmpty(t, f.String())
		assert.False(t, seen[f.String()], f.String())
		seen[f.String()] = true
	}
	assert.Equal(t, "unknown", Format(200).String())
}

func TestParseUnknownFormat(t *testing.T) {
	t.Parallel()
	for _, f := range []Format{FormatUnknown, Format(200)} {
		err := refusal(t, f, "{}")
		require.ErrorIs(t, err, errUnknownFormat)
		for known := FormatEnvoyText; known <= FormatTraefikCommon; known++ {
			assert.ErrorContains(t, err, known.String())
		}
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	f := func(line string, want Format) {
		t.Helper()
		assert.Equal(t, want, Sniff(line))
		assert.Equal(t, want, Sniff(line+"\n"))
		assert.Equal(t, want, Sniff(line+"\r\n"))
	}
	f("", FormatUnknown)
	f("x", FormatUnknown)
	f("plain text", FormatUnknown)
	f(`{}`, FormatJSON)
	f(` {"a":1}`, FormatJSON)
	f(` x`, FormatUnknown)
	f(`[{"a":1}]`, FormatUnknown)

	const envoy = `[2026-11-21T13:31:35.615Z] "GET /ok HTTP/1.1" 200 - 0 6 2 1 "10.244.0.1" "curl" "id" "host" "10.0.0.1:80"`
	const istio = `[2026-11-21T13:31:35.615Z] "GET /ok HTTP/1.1" 200 - via_upstream - "-" 0 6 2 1 "-" "curl" "id" "host" "h:1" c a b d - r`
	f(envoy, FormatEnvoyText)
	f(istio, FormatIstioText)
	f(`[2026-11-21T13:31:35.615Z] "custom`, FormatEnvoyText)
	// Envoy's application log, and Nginx's error log.
	f(`[2026-11-21 13:31:35.615][1][info][main] [source/server/server.cc:459] initializing`, FormatUnknown)
	f(`2026/11/21 15:22:30 [error] 1#0: *5 connect() failed`, FormatUnknown)

	f("2026-11-21T14:10:49.74673Z\tinfo\trequest gateway=x", FormatAgentgatewayText)
	f("2026-11-21T14:10:49.74673Z\twarn\tagent_llm\tfailed", FormatAgentgatewayText)
	f("2026-11-21T14:10:49.74673Z info request gateway=x", FormatUnknown)
	f("2026-11-21T14:10:49.74673Z\tno second tab in the next sixteen bytes\t", FormatUnknown)

	const head = `10.0.0.9 - - [21/Nov/2026:15:22:30 +0000] `
	f(head+`"GET / HTTP/1.1" 200 6 "-" "curl"`, FormatNginxCombined)
	f(head+`"GET / HTTP/1.1" 200 6 "-" "curl" kong_request_id: "1"`, FormatNginxCombined)
	f(`127.0.0.1 [21/Nov/2026:15:22:35 +0000] TCP 200 6 6 0.298`, FormatNginxCombined)
	f(`127.0.0.1 [21/Nov/2026:15:22:35 +0000] 200 6 6 0.298`, FormatUnknown)
	f(`127.0.0.1 [21/Nov/2026:15:22:35 +0000]`, FormatUnknown)
	f(head+`"GET / HTTP/1.1" 200 6 "-" "curl" 1 "r@file" "http://10.0.0.1:80" 12ms`, FormatTraefikCommon)
	f(`1.1.1.1, 2.2.2.2 - a [x] b [21/Nov/2026:15:22:30 +0000] "GET / HTTP/1.1" 200 6 "-" "-" 1 "-" "-" 0ms`, FormatTraefikCommon)
	f(head+`"GET / HTTP/1.1" 200 6 "-" "curl" 400 0.001 [ns-svc-80] [] 10.0.0.1:80 6 0.001 200 abc`, FormatIngressNginx)
	f(head+`"GET / HTTP/1.1" 200 6`, FormatUnknown)
	// The date is looked for in the first bytes only.
	f(strings.Repeat("1", sniffHead)+` - - [21/Nov/2026:15:22:30 +0000] "GET / HTTP/1.1" 200 6 "-" "curl"`, FormatUnknown)
}

// An error names the format, the place and what should be there; never what the line holds, which may be secret.
func TestErrors(t *testing.T) {
	t.Parallel()
	f := func(format Format, line, want string) {
		t.Helper()
		err := refusal(t, format, line)
		require.EqualError(t, err, format.String()+" line: want "+want)
		assert.NotContains(t, err.Error(), "secret")
	}
	f(FormatEnvoyText, "secret", "'[' at byte 0")
	f(FormatEnvoyText, "[secret", "a start time and ']' at byte 1")
	f(FormatEnvoyText, `[secret] "`, "a start time in RFC 3339 at byte 1")
	f(FormatEnvoyText, `[2026-11-21T13:31:35.615Z] secret`, "a space and a quoted request at byte 26")
	f(FormatEnvoyText, `[2026-11-21T13:31:35.615Z] "GET /secret HTTP/1.1" 200`,
		"a request with its closing quote, a response code, flags, sizes and durations at byte 28")
	f(FormatEnvoyText, `[2026-11-21T13:31:35.615Z] "secret HTTP/1.1" 200 - 0 0 0 0 "a" "b" "c" "d" "e"`,
		"method, path and protocol at byte 28")
	f(FormatEnvoyText, `[2026-11-21T13:31:35.615Z] "GET / HTTP/1.1" 200 - 0 0 0 0 "secret" "b" "c" "d"`,
		"five quoted fields at byte 59")
	f(FormatIstioText, `[2026-11-21T13:31:35.615Z] "GET / HTTP/1.1" 200 - x - "-" 0 0 0 0 "a" "b" "c" "d" "e" secret`,
		"five quoted fields and then six more at byte 67")
	f(FormatJSON, `secret`, "a JSON object at byte 0")
	f(FormatJSON, `{"a":secret}`, "a JSON value at byte 5")
	f(FormatAgentgatewayText, "secret", "a timestamp and a tab at byte 0")
	f(FormatAgentgatewayText, "secret\tinfo\trequest a=1", "a timestamp in UTC with a fraction at byte 0")
	f(FormatAgentgatewayText, "2026-11-21T14:10:49.7Z\tsecret", "a level and a tab at byte 23")
	f(FormatAgentgatewayText, "2026-11-21T14:10:49.7Z\tinfo\trequest secret", "a space and key=value at byte 35")
	f(FormatNginxCombined, "secret", "an address, a user and a time in brackets at byte 0")
	f(FormatNginxCombined, `secret - - [99/Nov/2026:15:22:30 +0000] "`, "a time like 21/Nov/2026:15:22:30 +0000 at byte 12")
	f(FormatNginxCombined, `secret - - [21/Nov/2026:15:22:30 +0000] secret`, "a quoted request at byte 40")
	f(FormatIngressNginx, `secret [21/Nov/2026:15:22:30 +0000] secret`, "an address and a user at byte 0")
	f(FormatTraefikCommon, `secret - - [21/Nov/2026:15:22:30 +0000] secret`,
		"a user before and a quoted request behind the time at byte 40")
}
