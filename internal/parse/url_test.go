package parse

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSplitURL(t *testing.T) {
	t.Parallel()
	f := func(in string, want URL) {
		t.Helper()
		got, ok := SplitURL(in)
		require.True(t, ok, in)
		assert.Equal(t, want, got, in)
	}

	// Envoy and Kong as recorded.
	f("http://127.0.0.1/any", URL{Scheme: "http", Host: "127.0.0.1", Path: "/any"})
	f("http://shop.example.com:8443/ok", URL{Scheme: "http", Host: "shop.example.com", Port: 8443, Path: "/ok"})
	f("http://shop.example.com/api/orders?x=%20y", URL{
		Scheme: "http", Host: "shop.example.com", Path: "/api/orders", Query: "x=%20y", HasQuery: true,
	})
	f("http://127.0.0.1/any/h%C3%A9llo/%c3%bc", URL{Scheme: "http", Host: "127.0.0.1", Path: "/any/h%C3%A9llo/%c3%bc"})
	f("https://shop.example.com/ok?user=1&token=s3cret&sig=abcd&flag&empty=&a=1&a=2", URL{
		Scheme: "https", Host: "shop.example.com", Path: "/ok",
		Query: "user=1&token=s3cret&sig=abcd&flag&empty=&a=1&a=2", HasQuery: true,
	})

	// Every part, and parts that are there but empty.
	f("https://user:pa:ss@example.com:443/p/q?a=b?c#f?g#h", URL{
		Scheme: "https", Userinfo: "user:pa:ss", Host: "example.com", Port: 443,
		Path: "/p/q", Query: "a=b?c", HasQuery: true, Fragment: "f?g#h",
	})
	f("http://h", URL{Scheme: "http", Host: "h"})
	f("http://h?", URL{Scheme: "http", Host: "h", HasQuery: true})
	f("http://h?q", URL{Scheme: "http", Host: "h", Query: "q", HasQuery: true})
	f("http://h#f", URL{Scheme: "http", Host: "h", Fragment: "f"})
	f("http://h/p?#", URL{Scheme: "http", Host: "h", Path: "/p", HasQuery: true})
	f("http://h/p#f?x", URL{Scheme: "http", Host: "h", Path: "/p", Fragment: "f?x"})
	f("http://", URL{Scheme: "http"})
	f("file:///etc/hosts", URL{Scheme: "file", Path: "/etc/hosts"})
	f("http://:8080/x", URL{Scheme: "http", Port: 8080, Path: "/x"})
	f("http://h:/x", URL{Scheme: "http", Host: "h", Path: "/x"}) // RFC 3986: an empty port is none
	f("http://h:0080/", URL{Scheme: "http", Host: "h", Port: 80, Path: "/"})
	f("http://h:65535/", URL{Scheme: "http", Host: "h", Port: 65535, Path: "/"})

	// Schemes.
	f("HTTP://H/", URL{Scheme: "HTTP", Host: "H", Path: "/"})
	f("coap+tcp://h", URL{Scheme: "coap+tcp", Host: "h"})
	f("a1.b-c://h", URL{Scheme: "a1.b-c", Host: "h"})

	// Userinfo: the last '@' of the authority, none of those behind it.
	f("http://@h/", URL{Scheme: "http", Host: "h", Path: "/"})
	f("http://u@h", URL{Scheme: "http", Userinfo: "u", Host: "h"})
	f("http://:p@h", URL{Scheme: "http", Userinfo: ":p", Host: "h"})
	f("http://u:p@q@h:1", URL{Scheme: "http", Userinfo: "u:p@q", Host: "h", Port: 1})
	f("http://u:1:2@[::1]:3/", URL{Scheme: "http", Userinfo: "u:1:2", Host: "::1", Port: 3, Path: "/"})
	f("http://h/p@x", URL{Scheme: "http", Host: "h", Path: "/p@x"})
	f("http://h?a=b@c", URL{Scheme: "http", Host: "h", Query: "a=b@c", HasQuery: true})
	f("http://h#a@c", URL{Scheme: "http", Host: "h", Fragment: "a@c"})

	// IPv6 and other hosts.
	f("http://[::1]/", URL{Scheme: "http", Host: "::1", Path: "/"})
	f("http://[2001:db8::1]:8080/", URL{Scheme: "http", Host: "2001:db8::1", Port: 8080, Path: "/"})
	f("http://[fe80::1%25eth0]:80", URL{Scheme: "http", Host: "fe80::1%25eth0", Port: 80})
	f("http://[v1.fe:x]:80/", URL{Scheme: "http", Host: "[v1.fe:x]", Port: 80, Path: "/"}) // IPvFuture keeps its brackets
	f("http://fe80::1/", URL{Scheme: "http", Host: "fe80::1", Path: "/"})
	f("http://b\u00fccher.example/", URL{Scheme: "http", Host: "b\u00fccher.example", Path: "/"})
	f("http://a_b,c;d!$&'()*+=~%41\"<>\\^`{|}/x", URL{Scheme: "http", Host: "a_b,c;d!$&'()*+=~%41\"<>\\^`{|}", Path: "/x"})
	f("http://\xff\xfe/\xff", URL{Scheme: "http", Host: "\xff\xfe", Path: "/\xff"})

	// Behind the authority nothing is validated.
	f("http://h/a b\x00\n?c d", URL{Scheme: "http", Host: "h", Path: "/a b\x00\n", Query: "c d", HasQuery: true})
	f("http://h//x://y", URL{Scheme: "http", Host: "h", Path: "//x://y"})
}

func TestSplitURLRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "-", "/", "/path?q", "//host/p", "host", "host:80", "host/p", "*", "://h/p", ":", ":/", "http", "http:",
		"http:/", "http:/h", "http:h", "mailto:a@b", "data:text/plain,x", "1http://h", "+a://h", ".a://h", "ht tp://h",
		" http://h", "h\u00e9://h", "ht_tp://h", "http//h", "http;//h", "http:\\\\h",
		"http://h:x/", "http://h:0/", "http://h:65536/", "http://h:99999999999999999999/", "http://h:-1/", "http://h:+1/",
		"http://h:8 0/", "http://h:80a", "http://h:80:90/", "http://a:b:80/", "http://a:b:/", "http://:::::",
		"http://h h/", "http://h\t/", "http://h\x00/", "http://h\x7f/", "http://h\n", "http://u :p@h/", " http://h/",
		"http://[/", "http://[]/", "http://[]:80/", "http://[::1/", "http://[::1]80/", "http://[::1]x/", "http://[::1]:x/",
		"http://[::1]:0/", "http://[::1]:80:90/", "http://[::1]:65536",
	} {
		got, ok := SplitURL(in)
		assert.False(t, ok, in)
		assert.Zero(t, got, in)
	}
}

func TestSplitURLLongInput(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 1<<20)
	u, ok := SplitURL(long + "://" + long + "/" + long + "?" + long + "#" + long)
	require.True(t, ok)
	assert.Equal(t, URL{Scheme: long, Host: long, Path: "/" + long, Query: long, HasQuery: true, Fragment: long}, u)
	_, ok = SplitURL("http://" + strings.Repeat(":", 1<<20))
	assert.False(t, ok)
	_, ok = SplitURL("http://h:" + strings.Repeat("0", 1<<20) + "1")
	assert.True(t, ok)
}

func TestSplitTarget(t *testing.T) {
	t.Parallel()
	f := func(in, wantPath, wantQuery string) {
		t.Helper()
		path, query := SplitTarget(in)
		assert.Equal(t, wantPath, path, in)
		assert.Equal(t, wantQuery, query, in)
	}
	f("", "", "")
	f("*", "*", "")
	f("/", "/", "")
	f("/gemini?alt=sse", "/gemini", "alt=sse")
	f("/a?b?c&d=?", "/a", "b?c&d=?")
	f("?", "", "")
	f("?q", "", "q")
	f("/a?", "/a", "")
	f("/a#f", "/a", "")
	f("/a?b#f", "/a", "b")
	f("/a#f?b", "/a", "")
	f("#", "", "")
	f("http://h/p?q", "http://h/p", "q")
	f("/\xff?\xfe", "/\xff", "\xfe")
}
