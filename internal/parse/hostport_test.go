package parse

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHostPort(t *testing.T) {
	t.Parallel()
	f := func(in, wantHost string, wantPort int) {
		t.Helper()
		host, port, ok := HostPort(in)
		require.True(t, ok, in)
		assert.Equal(t, wantHost, host, in)
		assert.Equal(t, wantPort, port, in)
	}
	f("localhost", "localhost", 0)
	f("10.244.0.5:18080", "10.244.0.5", 18080)
	f("10.244.0.5", "10.244.0.5", 0)
	f("generativelanguage.googleapis.com:443", "generativelanguage.googleapis.com", 443)
	f("kube_shop_authz_9000", "kube_shop_authz_9000", 0)
	f("h:1", "h", 1)
	f("h:65535", "h", 65535)
	f("h:00080", "h", 80)
	f("-", "-", 0) // absent to Envoy, but only the key tells

	f("[::1]:8080", "::1", 8080)
	f("[::]:15020", "::", 15020)
	f("[2001:db8::1]", "2001:db8::1", 0)
	f("[fe80::1%eth0]:80", "fe80::1%eth0", 80)
	f("[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", 80)
	f("fe80::1", "fe80::1", 0)
	f("fe80::1%eth0", "fe80::1%eth0", 0)
	f("::", "::", 0)
	f("2001:db8::1:443", "2001:db8::1:443", 0) // bare IPv6 has no port
	f("[name]:80", "[name]", 80)               // not an address: the brackets are part of the name
	f("[10.0.0.1]", "[10.0.0.1]", 0)

	f("/run/x.sock", "/run/x.sock", 0)
	f("/run/a b:80", "/run/a b:80", 0)
	f("@abstract", "@abstract", 0)
	f("@/abstract", "@/abstract", 0)
	f("unix:/run/x.sock", "unix:/run/x.sock", 0)
	f("unix:///run/x.sock", "unix:///run/x.sock", 0)
	f("unix:@abstract", "unix:@abstract", 0)
	f("unix:", "unix:", 0)
	f("unix:80", "unix", 80)
	f("unix", "unix", 0)
}

func TestHostPortRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", ":", ":80", "h:", "h:0", "h:65536", "h:x", "h:-1", "h:+1", "h:80x", "h:99999999999999999999", "h:80:90", "a:b:c",
		"::1::", "1:2:3:4:5:6:7:8:9", "[", "[]", "[]:80", "[::1", "[::1]80", "[::1]:", "[::1]:0", "[::1]:80:90", "[::1]x",
		"a b", "a b:80", " h", "h ", "h:80 ", "h\x00", "h\x7f", "h\n", "10.0.0.1:80, 10.0.0.2:80", "10.0.0.1, 10.0.0.2",
		"http://h/p", "http://h", "h/p", "h?q", "h#f", "u@h", "u:p@h:80", `h\x`, `"h"`, "<h>", "h:80/",
		"envoy://internal_client_address/",
	} {
		host, port, ok := HostPort(in)
		assert.False(t, ok, in)
		assert.Empty(t, host, in)
		assert.Zero(t, port, in)
	}
}

func TestHostPortLongInput(t *testing.T) {
	t.Parallel()
	for _, c := range []string{":", "[", "1", "a:", "[:", "]"} {
		_, _, _ = HostPort(strings.Repeat(c, 1<<20))
	}
	host, port, ok := HostPort(strings.Repeat("a", 1<<20) + ":80")
	assert.True(t, ok)
	assert.Equal(t, 80, port)
	assert.Len(t, host, 1<<20)
}
