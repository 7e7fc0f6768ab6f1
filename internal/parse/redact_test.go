package parse

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRedactorQuery(t *testing.T) {
	t.Parallel()
	exact := NewRedactor(DefaultSensitiveQuery, false)
	folding := NewRedactor([]string{"Token", "api key", "a&b", "\u00dcber", ""}, true)

	f := func(r *Redactor, in, want string) {
		t.Helper()
		got, changed := r.Query(in)
		assert.Equal(t, want, got, in)
		assert.Equal(t, in != want, changed, in)
		again, changed := r.Query(got)
		assert.Equal(t, got, again, "second pass over %q", in)
		assert.False(t, changed, "second pass over %q", in)
	}
	keep := func(r *Redactor, in string) {
		t.Helper()
		f(r, in, in)
	}

	f(exact, "sig=abcd", "sig=REDACTED")
	f(exact, "user=1&token=s3cret&sig=abcd", "user=1&token=s3cret&sig=REDACTED")
	f(exact, "sig=abcd&user=1", "sig=REDACTED&user=1")
	f(exact, "sig=a&sig=b&x&sig=c", "sig=REDACTED&sig=REDACTED&x&sig=REDACTED")
	f(exact, "sig=a=b?c/d#e;f g", "sig=REDACTED")
	f(exact, "sig=REDACTED2", "sig=REDACTED")
	f(exact, "sig=redacted", "sig=REDACTED")
	f(exact, "sig=x", "sig=REDACTED")
	f(exact, "&&sig=x&&", "&&sig=REDACTED&&")
	for _, name := range DefaultSensitiveQuery {
		f(exact, "a=1&"+name+"=secret&b=2", "a=1&"+name+"=REDACTED&b=2")
	}

	// Encoded names.
	f(exact, "s%69g=abc", "s%69g=REDACTED")
	f(exact, "%73%69%67=abc", "%73%69%67=REDACTED")
	f(exact, "%53ignature=a&x=%73", "%53ignature=REDACTED&x=%73")
	f(exact, "X%2dAmz%2DSignature=a", "X%2dAmz%2DSignature=REDACTED")
	f(exact, encodedName+"=a", encodedName+"=REDACTED")
	keep(exact, "s%2569g=abc") // decodes to "s%69g"
	keep(exact, "s%6=abc")
	keep(exact, "s%6gg=abc")
	keep(exact, "%=abc")
	keep(exact, "%73%69=abc")
	keep(exact, "%73%69%67%67=abc")
	keep(exact, "sig%00=abc")
	keep(exact, "sig%=abc")

	// Nothing to hide.
	keep(exact, "")
	keep(exact, "&")
	keep(exact, "=")
	keep(exact, "=sig")
	keep(exact, "sig")
	keep(exact, "sig=")
	keep(exact, "sig&x=1")
	keep(exact, "sig=&x=1")
	keep(exact, "sig=REDACTED")
	keep(exact, "x=1&Signature=REDACTED&y=2")
	keep(exact, "SIG=abc") // the conventions match case-sensitively
	keep(exact, "signature=abc")
	keep(exact, "sigx=abc&xsig=abc&si=abc")
	keep(exact, "a=sig=b")
	keep(exact, "a=1;sig=abc") // ';' separates nothing
	keep(exact, "sig;x=abc")
	keep(exact, "a=1+sig=b")

	f(folding, "TOKEN=a&token=b&tOkEn=c", "TOKEN=REDACTED&token=REDACTED&tOkEn=REDACTED")
	f(folding, "%54oken=a", "%54oken=REDACTED")
	f(folding, "%74OKEN=a", "%74OKEN=REDACTED")
	f(folding, "api+key=a&API%20KEY=b&api key=c", "api+key=REDACTED&API%20KEY=REDACTED&api key=REDACTED")
	f(folding, "a%26b=c", "a%26b=REDACTED")
	f(folding, "\u00dcber=c&%C3%9cber=d", "\u00dcber=REDACTED&%C3%9cber=REDACTED")
	keep(folding, "\u00fcber=c") // only ASCII letters are folded
	keep(folding, "sig=abc")
	keep(folding, "a&b=c")
	keep(folding, "api_key=c")
	keep(folding, "=c")

	spaced := NewRedactor([]string{"api key", " x"}, false)
	f(spaced, "api+key=a&api%20key=b&api key=c&+x=d&%20x=e& x=f", "api+key=REDACTED&api%20key=REDACTED&api key=REDACTED&+x=REDACTED&%20x=REDACTED& x=REDACTED")
	keep(spaced, "api%2bkey=a&API+key=b&apikey=c&x=d&++x=e")

	none := NewRedactor(nil, false)
	keep(none, "sig=abc&%73ig=x")
	keep(&Redactor{}, "sig=abc")
}

// encodedName is X-Amz-Security-Token, the longest of the default names, with every byte percent-encoded.
const encodedName = "%58%2d%41%6d%7a%2d%53%65%63%75%72%69%74%79%2d%54%6f%6b%65%6e"

func TestRedactorText(t *testing.T) {
	t.Parallel()
	r := NewRedactor(DefaultSensitiveQuery, false)
	f := func(in, want string) {
		t.Helper()
		got, changed := r.Text(in)
		assert.Equal(t, want, got, in)
		assert.Equal(t, in != want, changed, in)
		again, changed := r.Text(got)
		assert.Equal(t, got, again, "second pass over %q", in)
		assert.False(t, changed, "second pass over %q", in)
	}
	keep := func(in string) {
		t.Helper()
		f(in, in)
	}

	// Userinfo.
	f("https://user:pass@example.com/", "https://REDACTED:REDACTED@example.com/")
	f("https://user@example.com/", "https://REDACTED@example.com/")
	f("https://:pass@example.com/", "https://REDACTED:REDACTED@example.com/")
	f("https://user:@example.com/", "https://REDACTED:REDACTED@example.com/")
	f("https://:@example.com/", "https://REDACTED:REDACTED@example.com/")
	f("https://u:p@q@example.com:80?x", "https://REDACTED:REDACTED@example.com:80?x")
	f("https://u:p'q@h/", "https://REDACTED:REDACTED@h/")
	f("https://u:p&sig=x@h/", "https://REDACTED:REDACTED@h/")
	f("https://u%40:p@[::1]:80/", "https://REDACTED:REDACTED@[::1]:80/")
	f("://u@", "://REDACTED@")
	f("x://u@y://v@z", "x://REDACTED@y://REDACTED@z")
	f("://a://b@c", "://a://REDACTED@c")
	f("https://REDACTED:x@h", "https://REDACTED:REDACTED@h")
	f(`{"url":"http:\/\/u:p@h\/x"}`, `{"url":"http:\/\/REDACTED:REDACTED@h\/x"}`)
	keep("https://REDACTED:REDACTED@example.com/")
	keep("https://REDACTED@example.com/")
	keep("https://@example.com/")
	keep("http://h/p@x")
	keep("http://h?a=b@c")
	keep("http://h#a@c")
	keep("http://h mail a@b")
	keep("http://h\n a@b")
	keep(`"http://h","a@b"`)
	keep("<http://h>,<a@b>")
	keep(`"http://h\nmail:a@b"`)
	keep(`{\"url\":\"http://h\",\"mail\":\"a@b\"}`)
	keep("mailto:a@b")
	keep("//u:p@h/")
	keep("a@b ://")
	keep(`\/\/u@h`)
	keep(`:\/u@h`)

	// Parameters.
	f("/ok?user=1&sig=abcd", "/ok?user=1&sig=REDACTED")
	f("/ok?sig=abcd&user=1#f", "/ok?sig=REDACTED&user=1#f")
	f("/ok?sig=abcd#f&sig=x", "/ok?sig=REDACTED#f&sig=REDACTED")
	f("?sig=a/b:c?d=e;f,g)h", "?sig=REDACTED")
	f("http://u:p@h/ok?s%69g=abcd", "http://REDACTED:REDACTED@h/ok?s%69g=REDACTED")
	f("?a?sig=x", "?a?sig=REDACTED")
	f("?sig=x?sig=y", "?sig=REDACTED")
	f("?next=http://u:p@h/&sig=x", "?next=http://REDACTED:REDACTED@h/&sig=REDACTED")
	f("?sig=http://u:p@h/&x", "?sig=REDACTED&x")
	f("?"+encodedName+"=a", "?"+encodedName+"=REDACTED")
	f("?sig=\x00\x1b\u00a0&x", "?sig=REDACTED&x")
	for _, end := range []string{"&", "#", " ", "\t", "\n", "\v", "\f", "\r", `"`, "'", "<", ">", `\`} {
		f("GET /?sig=abc"+end+"sig=x tail", "GET /?sig=REDACTED"+end+strings.Replace("sig=x tail", "x", map[bool]string{true: "REDACTED", false: "x"}[end == "&"], 1))
	}
	f(`{"path":"/x?sig=abc","n":1}`, `{"path":"/x?sig=REDACTED","n":1}`)
	f(`"/x?a=1\u0026sig=abc\u0026b=2"`, `"/x?a=1\u0026sig=REDACTED\u0026b=2"`)
	f(`<a href="/x?a=1&amp;sig=abc&amp;b=2">`, `<a href="/x?a=1&amp;sig=REDACTED&amp;b=2">`)
	f("&amp;sig=a&ampsig=b&amp;", "&amp;sig=REDACTED&ampsig=b&amp;")
	f("two http://a/?sig=1 and http://b/?Signature=2.", "two http://a/?sig=REDACTED and http://b/?Signature=REDACTED")
	for _, name := range DefaultSensitiveQuery {
		f("http://h/?"+name+"=secret", "http://h/?"+name+"=REDACTED")
	}
	keep("")
	keep("?")
	keep("&")
	keep("://")
	keep(`\`)
	keep(`\u0026`)
	keep("sig=abc")
	keep(" sig=abc")
	keep(";sig=abc")
	keep("?sig")
	keep("?sig=")
	keep("?sig=&x=1")
	keep("?sig= abc")
	keep("?sig =abc")
	keep("?sig=REDACTED")
	keep("?sig=REDACTED&Signature=REDACTED#f")
	keep("?SIG=abc")
	keep("?sigx=abc&xsig=abc")
	keep("?X-Amz-Signature-but-much-longer-than-any-name-of-the-list-could-be-when-every-byte-is-percent-encoded=abc")
	keep("is it true? sig=abc")
	keep("?? && :// ??")
	keep("\xff\xfe?\xff=1")

	// A parameter in a place where only the authority can be.
	f("x://h&sig=v", "x://h&sig=REDACTED")
	f("x://h&sig=v/x&z@y", "x://h&sig=REDACTED/x&z@y")
	f("x://h&sig=v@y", "x://REDACTED@y")
	f("x://u@h&sig=v/w", "x://REDACTED@h&sig=REDACTED/w")
	f("x://h&sig=v/w ?sig=a@b", "x://h&sig=REDACTED/w ?sig=REDACTED")
	f("x://h&sig=v/ y://k&sig=v/w", "x://h&sig=REDACTED/ y://k&sig=REDACTED/w")
	f(`x:\/\/h&sig=v/w`, `x:\/\/h&sig=REDACTED/w`)
	f(`x:\/\/h y://k&sig=v/w`, `x:\/\/h y://k&sig=REDACTED/w`)
	f("x://h?a&sig=v/w", "x://h?a&sig=REDACTED")
	f("?sig=x://h&sig=v/w", "?sig=REDACTED&sig=REDACTED")
	keep("x://h&sig=/w")
}

// TestTextNameHoldsURL has a name that only userinfo redaction could bring about.
func TestTextNameHoldsURL(t *testing.T) {
	t.Parallel()
	r := NewRedactor([]string{"a://REDACTED@h"}, false)
	once, changed := r.Text("?a://u@h=v")
	assert.True(t, changed)
	assert.Equal(t, "?a://REDACTED@h=v", once)
	twice, changed := r.Text(once)
	assert.False(t, changed)
	assert.Equal(t, once, twice)
}

func TestRedactorKeepsInput(t *testing.T) {
	t.Parallel()
	names := []string{"token"}
	r := NewRedactor(names, true)
	names[0] = "other"
	out, _ := r.Query("token=a&other=b")
	assert.Equal(t, "token=REDACTED&other=b", out)
}
