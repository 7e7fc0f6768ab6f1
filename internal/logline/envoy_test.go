package logline

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	envoyStart = "2026-11-21T13:31:35.615Z"
	envoyTail  = ` "10.244.0.1" "curl" "id" "host" "10.0.0.1:80"`
	istioTail  = ` outbound|80||c 1.1.1.1:1 2.2.2.2:2 3.3.3.3:3 sni.example main`
)

func TestParseEnvoy(t *testing.T) {
	t.Parallel()
	base := attributes{
		"start_time": envoyStart, "method": "GET", "path": "/ok", "protocol": "HTTP/1.1", "response_code": int64(200),
		"bytes_received": int64(0), "bytes_sent": int64(6), "duration": int64(2), "upstream_service_time": int64(1),
		"x_forwarded_for": "10.244.0.1", "user_agent": "curl", "request_id": "id", "authority": "host",
		"upstream_host": "10.0.0.1:80",
	}
	// f expects the base line's attributes with the given differences; nil stands for none.
	f := func(line string, different attributes) {
		t.Helper()
		want := maps.Clone(base)
		for key, value := range different {
			if value == nil {
				delete(want, key)
			} else {
				want[key] = value
			}
		}
		for _, format := range []Format{FormatEnvoyText, FormatIstioText} {
			got, at := parsed(t, format, line)
			assert.Equal(t, want, got)
			assert.Equal(t, unixNano(t, envoyStart), at)
		}
	}
	const start = "[" + envoyStart + "] "
	f(start+`"GET /ok HTTP/1.1" 200 - 0 6 2 1`+envoyTail, nil)
	f(start+`"GET /ok HTTP/1.1" 200 - 0 6 2 1`+envoyTail+"\n", nil)
	f(start+`"GET /ok HTTP/1.1" 503 URX,UF 0 6 - -`+envoyTail, attributes{
		"response_code": int64(503), "response_flags": "URX,UF", "duration": nil, "upstream_service_time": nil,
	})
	// A client that hung up has code 0; a TCP proxy has neither request nor headers.
	f(start+`"GET /ok HTTP/1.1" 0 DC 0 6 2 1`+envoyTail, attributes{"response_code": int64(0), "response_flags": "DC"})
	f(start+`"- - -" 0 - 0 6 2 - "-" "-" "-" "-" "10.0.0.1:80"`, attributes{
		"method": nil, "path": nil, "protocol": nil, "response_code": int64(0), "upstream_service_time": nil,
		"x_forwarded_for": nil, "user_agent": nil, "request_id": nil, "authority": nil,
	})
	f(start+`"- - HTTP/1.1" 400 DPE 0 6 2 - "-" "-" "-" "-" "-"`, attributes{
		"method": nil, "path": nil, "response_code": int64(400), "response_flags": "DPE", "upstream_service_time": nil,
		"x_forwarded_for": nil, "user_agent": nil, "request_id": nil, "authority": nil, "upstream_host": nil,
	})
	f(start+`"GET /ok HTTP/1.1" 200 - 0 6 2 1 "" "" "id" "host" "10.0.0.1:80"`, attributes{
		"x_forwarded_for": "", "user_agent": "",
	})
	// An upstream's own header where Envoy is told to keep it.
	f(start+`"GET /ok HTTP/1.1" 200 - 0 6 2 1.5 s`+envoyTail, attributes{"upstream_service_time": "1.5 s"})

	// Nothing is escaped: what clients send may look like the format itself.
	f(start+`"GET /a b "c" d HTTP/1.1" 200 - 0 6 2 1`+envoyTail, attributes{"path": `/a b "c" d`})
	f(start+`"GET /x HTTP/1.1" 200 nothing HTTP/2" 200 - 0 6 2 1`+envoyTail, attributes{
		"path": `/x HTTP/1.1" 200 nothing`, "protocol": "HTTP/2",
	})
	f(start+`"GET /ok HTTP/1.1" 200 - 0 6 2 1 "10.244.0.1" "evil" "quoted" "" "id" "host" "10.0.0.1:80"`, attributes{
		"user_agent": `evil" "quoted" "`,
	})
	f(start+`"GET /ok HTTP/1.1" 200 - 0 6 2 1 "10.244.0.1" "two`+"\n"+`lines" "id" "host" "10.0.0.1:80"`, attributes{
		"user_agent": "two\nlines",
	})
	f(start+`"GET /ok HTTP/1.1" 200 - 0 6 2 1 "10.244.0.1" "x HTTP/1.1" 500 - 9 9 9 9 "" "id" "host" "10.0.0.1:80"`, attributes{
		"user_agent": `x HTTP/1.1" 500 - 9 9 9 9 "`,
	})
	f(start+`"GET /ok HTTP/1.1" 200 - 0 6 2 1 "a "b", 10.244.0.1" "curl" "id" "host" "10.0.0.1:80"`, attributes{
		"x_forwarded_for": `a "b", 10.244.0.1`,
	})

	istio := attributes{
		"response_code_details": "via_upstream", "upstream_cluster": "outbound|80||c", "upstream_local_address": "1.1.1.1:1",
		"downstream_local_address": "2.2.2.2:2", "downstream_remote_address": "3.3.3.3:3",
		"requested_server_name": "sni.example", "route_name": "main",
	}
	g := func(line string, different attributes) {
		t.Helper()
		want := maps.Clone(istio)
		maps.Copy(want, different)
		f(line, want)
	}
	g(start+`"GET /ok HTTP/1.1" 200 - via_upstream - "-" 0 6 2 1`+envoyTail+istioTail, nil)
	g(start+`"GET /ok HTTP/1.1" 200 - via_upstream - "-" 0 6 2 1`+envoyTail+` - - - - - -`+"\n", attributes{
		"upstream_cluster": nil, "upstream_local_address": nil, "downstream_local_address": nil,
		"downstream_remote_address": nil, "requested_server_name": nil, "route_name": nil,
	})
	g(start+`"GET /ok HTTP/1.1" 200 - via_upstream - "-" 0 6 2 1`+envoyTail+` c 1 2 3 - a route`, attributes{
		"upstream_cluster": "c", "upstream_local_address": "1", "downstream_local_address": "2",
		"downstream_remote_address": "3", "requested_server_name": nil, "route_name": "a route",
	})
	g(start+`"GET /ok HTTP/1.1" 200 - - - "-" 0 6 2 1`+envoyTail+istioTail, attributes{"response_code_details": nil})
	g(start+`"GET /ok HTTP/1.1" 200 UF details{a|b} rbac denied "TLS error: "x" 1 2" 0 6 2 1`+envoyTail+istioTail, attributes{
		"response_flags": "UF", "response_code_details": "details{a|b}", "connection_termination_details": "rbac denied",
		"upstream_transport_failure_reason": `TLS error: "x" 1 2`,
	})
	g(start+`"GET /ok HTTP/1.1" 200 UF reset{a b, c} - "-" 0 6 2 1`+envoyTail+istioTail, attributes{
		"response_flags": "UF", "response_code_details": "reset{a b, c}",
	})
	// The server name is the client's word.
	g(start+`"GET /ok HTTP/1.1" 200 - via_upstream - "-" 0 6 2 1`+envoyTail+` c 1 2 3 "x" main`, attributes{
		"upstream_cluster": "c", "upstream_local_address": "1", "downstream_local_address": "2",
		"downstream_remote_address": "3", "requested_server_name": `"x"`,
	})
}

func TestParseEnvoyRefused(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "[", "[]", `[] "`, "[" + envoyStart, "[" + envoyStart + "]", "[" + envoyStart + `] "`,
		"[" + envoyStart + `] "GET / HTTP/1.1"`,
		"[" + envoyStart + `] "GET / HTTP/1.1" 200 - 0 6 2 1`,
		"[" + envoyStart + `] "GET / HTTP/1.1" 200 - 0 6 2 1 "a" "b" "c" "d"`,
		"[" + envoyStart + `] "GET / HTTP/1.1" x - 0 6 2 1` + envoyTail,
		"[" + envoyStart + `] "GET / FTP/1.1" 200 - 0 6 2 1` + envoyTail,
		"[" + envoyStart + `] "GET / HTTP/1.1" 200 - 0 6 2 1` + envoyTail + istioTail,
		"[" + envoyStart + `] "GET / HTTP/1.1" 200 - via_upstream - "-" 0 6 2 1` + envoyTail,
	} {
		refused(t, FormatEnvoyText, line)
	}
}

// Whatever a user agent holds, it comes out whole, and nothing else changes.
func TestEnvoyHostileUserAgent(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	pieces := []string{
		`"`, `" "`, ` "`, `" `, " ", "-", "\n", `\`, `HTTP/1.1" 200 - 0 0 0 0 "`, `via_upstream - "-" 0 6 2 1 "`, "a", "200",
		`" "id" "host" "up"`, "é", "\xff", "[" + envoyStart + `] "GET / HTTP/1.1" 500 - 1 1 1 1 "x" "y" "z" "v" "w"`,
	}
	for range 3000 {
		var agent strings.Builder
		for range rng.IntN(6) {
			agent.WriteString(pieces[rng.IntN(len(pieces))])
		}
		line := fmt.Sprintf(`[%s] "GET /ok HTTP/1.1" 200 - 0 6 2 1 "10.244.0.1" "%s" "id" "host" "10.0.0.1:80"`,
			envoyStart, agent.String())
		want, _ := parsed(t, FormatEnvoyText, strings.Replace(line, agent.String()+`" "id"`, `x" "id"`, 1))
		want["user_agent"] = agent.String()
		if agent.String() == "-" {
			delete(want, "user_agent")
		}
		got, _ := parsed(t, FormatEnvoyText, line)
		assert.Equal(t, want, got)

		line = strings.Replace(line, `200 - 0 6 2 1`, `200 - via_upstream - "-" 0 6 2 1`, 1) + istioTail
		got, _ = parsed(t, FormatIstioText, line)
		assert.Equal(t, want["user_agent"], got["user_agent"])
		assert.Equal(t, "via_upstream", got["response_code_details"])
		assert.Equal(t, "main", got["route_name"])
	}
}
