package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares text with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// A server span of kgateway with a redacted query, and what Gatehouse makes of it.
const (
	spanBefore = `
(name) - ingress
(kind) - Server
(status) - Unset
(start) - 2026-11-21T14:24:39.283Z
resource service.name str http.kgateway-system
resource node_name str http-1.kgateway-system
node_id str http-1.kgateway-system
zone str region-1a
http.url str http://shop.example.com/ok?user=1&token=s3cret&sig=abcd
http.method str GET
http.status_code str 503
http.protocol str HTTP/1.1
user_agent str curl/8.7.1
peer.address str 127.0.0.1
request_size str 0
response_flags str UF,URX
guid:x-request-id str 5a3dd5c7-dcfe-9718-acee-05d00e0f3cb2
upstream_cluster str kube_shop_cart_8080
upstream_cluster.name str kube_shop_cart_8080
component str proxy
error str true
downstream_cluster str -
`
	spanAfter = `
(name) - GET
(kind) - Server
(status) - Error
(start) - 2026-11-21T14:24:39.283Z
resource service.name str http.kgateway-system
resource node_name str http-1.kgateway-system
resource k8s.pod.name str http-1
node_id str http-1.kgateway-system
zone str region-1a
http.request.method str GET
http.response.status_code int 503
error.type str 503
url.scheme str http
url.path str /ok
url.query str user=1&token=s3cret&sig=REDACTED
server.address str shop.example.com
network.peer.address str 127.0.0.1
client.address str 127.0.0.1
network.protocol.version str 1.1
user_agent.original str curl/8.7.1
http.request.body.size int 0
http.request.header.x-request-id list ["5a3dd5c7-dcfe-9718-acee-05d00e0f3cb2"]
response_flags str UF,URX
upstream_cluster str kube_shop_cart_8080
gateway.upstream.service.namespace str shop
gateway.upstream.service.name str cart
gateway.upstream.service.port int 8080
component str proxy
`
)

// An access log line of Kong.
const (
	lineBefore = `
(observed) - 2026-11-21T16:00:00Z
(body) - 127.0.0.1 - - [21/Nov/2026:15:22:30 +0000] "GET /ok?user=1&sig=abcd HTTP/1.1" 200 6 "-" "curl/8.7.1" kong_request_id: "cf9e194e897b1f64826669669c052b57"
log.file.name str access.log
`
	lineAfter = `
(severity) - 9 INFO
(time) - 2026-11-21T15:22:30Z
(observed) - 2026-11-21T16:00:00Z
(body) - 127.0.0.1 - - [21/Nov/2026:15:22:30 +0000] "GET /ok?user=1&sig=REDACTED HTTP/1.1" 200 6 "-" "curl/8.7.1" kong_request_id: "cf9e194e897b1f64826669669c052b57"
log.file.name str access.log
client.address str 127.0.0.1
http.request.method str GET
url.path str /ok
url.query str user=1&sig=REDACTED
network.protocol.version str 1.1
http.response.status_code int 200
http.response.body.size int 6
user_agent.original str curl/8.7.1
kong.request.id str cf9e194e897b1f64826669669c052b57
`
)

func TestTable(t *testing.T) {
	t.Parallel()
	span := compare(parse(t, spanBefore), parse(t, spanAfter))
	line := compare(parse(t, lineBefore), parse(t, lineAfter))
	render := func(name string, l layout, c comparison) {
		t.Helper()
		golden(t, name, strings.Join(l.table(c), "\n")+"\n")
	}
	render("span", layout{width: 120}, span)
	render("span-short", layout{width: 120, rows: 8}, span)
	render("span-narrow", layout{width: minWidth}, span)
	render("span-colors", layout{width: 120, palette: palette{on: true}}, span)
	render("line", layout{width: 120}, line)
	render("line-short", layout{width: 120, rows: 7}, line)
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Colors change nothing but colors, except that secrets are struck out instead of marked.
func TestTableColorsOnly(t *testing.T) {
	t.Parallel()
	c := compare(parse(t, strings.ReplaceAll(spanBefore, "sig=", "x=")), parse(t, strings.ReplaceAll(spanAfter, "sig=REDACTED", "x=abcd")))
	plain := strings.Join(layout{width: 120}.table(c), "\n")
	colored := strings.Join(layout{width: 120, palette: palette{on: true}}.table(c), "\n")
	assert.NotContains(t, plain, "\x1b")
	assert.Contains(t, colored, "\x1b")
	var stripped []string
	for line := range strings.SplitSeq(escapes.ReplaceAllString(colored, ""), "\n") {
		stripped = append(stripped, strings.TrimRight(line, " "))
	}
	assert.Equal(t, plain, strings.Join(stripped, "\n"))
}

func TestTableKeepsItsWidth(t *testing.T) {
	t.Parallel()
	c := compare(parse(t, spanBefore), parse(t, spanAfter))
	for width := minWidth; width <= maxWidth; width += 7 {
		for _, line := range (layout{width: width}).table(c) {
			assert.LessOrEqual(t, utf8.RuneCountInString(line), width, line)
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	f := func(s string, width, limit int, want ...string) {
		t.Helper()
		var got []string
		for _, line := range plain(s).wrap(width, limit) {
			got = append(got, string(line.runes))
		}
		assert.Equal(t, want, got, s)
	}
	f("", 3, 2, "")
	f("abc", 3, 2, "abc")
	f("abcd", 3, 2, "abc", "d")
	f("abcdefg", 3, 2, "abc", "de…")
	f("äöüß", 3, 1, "äö…")
}

func TestShorten(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "short", shorten("short", 5))
	assert.Equal(t, "ab…ef", shorten("abcdef", 5))
	assert.Equal(t, "a…ef", shorten("abcdef", 4))
}

func TestPhrases(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"  a · b"}, layout{width: 80}.phrases([]string{"a", "b"}))
	assert.Equal(t, []string{"  aaaa · bbb", "  cccc"}, layout{width: 12}.phrases([]string{"aaaa", "bbb", "cccc"}))
}

func TestTitle(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "━━ Kong ━━", layout{width: 10}.title("Kong"))
	assert.Equal(t, "━━ a title that is too long ", layout{width: 10}.title("a title that is too long"))
}
