package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// parse reads facts from lines "name type value"; the type of a field is "-".
func parse(t *testing.T, lines string) []attribute {
	t.Helper()
	var attrs []attribute
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		words := strings.SplitN(line, " ", 3)
		require.Len(t, words, 3, line)
		if words[0] == strings.TrimSpace(resourceLabel) {
			rest := strings.SplitN(words[2], " ", 2)
			require.Len(t, rest, 2, line)
			words = []string{resourceLabel + words[1], rest[0], rest[1]}
		}
		if words[1] == "-" {
			words[1] = ""
		}
		attrs = append(attrs, attribute{words[0], words[1], words[2]})
	}
	return attrs
}

// sketch writes groups as "before → after » after", the shape that these tests are about.
func sketch(c comparison) []string {
	var lines []string
	for _, g := range c.groups {
		words := []string{g.before.name}
		for _, a := range g.after {
			words = append(words, marks[a.change], a.name)
		}
		if g.change() == dropped {
			words = append(words, marks[dropped])
		}
		lines = append(lines, strings.TrimSpace(strings.Join(words, " ")))
	}
	return lines
}

func TestCompare(t *testing.T) {
	t.Parallel()
	f := func(what, before, after string, want ...string) {
		t.Helper()
		assert.Equal(t, want, sketch(compare(parse(t, before), parse(t, after))), what)
	}
	f("known rename", "http.method str GET", "http.request.method str GET", "http.method → http.request.method")
	f("same name, another type", "gen_ai.usage.input_tokens str 8", "gen_ai.usage.input_tokens int 8",
		"gen_ai.usage.input_tokens → gen_ai.usage.input_tokens")
	f("one becomes many, in the table's order",
		"http.url str http://shop/ok?a=1", "url.query str a=1\nserver.address str shop\nurl.path str /ok\nurl.scheme str http",
		"http.url → url.scheme → url.path → url.query → server.address")
	f("an equal value is the better source",
		"http.url str http://shop/ok\nhttp.host str shop\nhttp.scheme str http",
		"server.address str shop\nurl.scheme str http\nurl.path str /ok",
		"http.url → url.path", "http.scheme → url.scheme", "http.host → server.address")
	f("unknown rename, by value", "acme.tenant str blue", "tenant.name str blue", "acme.tenant → tenant.name")
	f("a value that says nothing pairs nothing", "a bool true\nb str -", "c bool true\nd str -", "a ×", "b ×", "+ c", "+ d")
	f("read out of an attribute that stays",
		"upstream_cluster str kube_shop_cart_8080",
		"upstream_cluster str kube_shop_cart_8080\ngateway.upstream.service.name str cart\ngateway.upstream.service.port int 8080",
		"upstream_cluster » gateway.upstream.service.name » gateway.upstream.service.port")
	f("not amid a word", "upstream_cluster str cartoon", "upstream_cluster str cartoon\ngateway.x str cart", "+ gateway.x")
	f("read out of a line", "(body) - GET /ok 200", "(body) - GET /ok 200\nurl.path str /ok\nhttp.response.status_code int 200",
		"(body) » http.response.status_code » url.path")
	f("dropped stands where it would have been", "b str 1\nhttp.status_code str 0\nuser_agent str curl", "user_agent.original str curl",
		"http.status_code ×", "user_agent → user_agent.original", "b ×")
	f("an old name beside the new one", "gen_ai.system str openai\ngen_ai.provider.name str openai", "gen_ai.provider.name str openai",
		"gen_ai.system = gen_ai.provider.name")
	f("an id that the record has", "(trace_id) - 4bf9\ntrace.id str 4bf9", "(trace_id) - 4bf9", "trace.id = (trace_id)")
	f("a changed line keeps its parts beside it", "(body) - GET /ok?sig=1 200", "(body) - GET /ok?sig=REDACTED 200\nurl.path str /ok",
		"(body) → (body) » url.path")
	f("fields pair with fields only", "(name) - ingress\nx str ingress", "(name) - GET\ny str ingress", "(name) → (name)", "x → y")
	f("status read out of the code", "http.status_code str 503\n(status) - Unset",
		"http.response.status_code int 503\nerror.type str 503\n(status) - Error",
		"(status) → (status)", "http.status_code → http.response.status_code → error.type")
	f("resource comes last",
		"resource node_name str http-1.kgateway-system\nhttp.method str GET",
		"resource node_name str http-1.kgateway-system\nresource k8s.pod.name str http-1\nhttp.request.method str GET",
		"http.method → http.request.method", "resource node_name » resource k8s.pod.name")
	f("a key that is there twice counts once", "a str 1\na str 2", "a str 1")
	f("nothing", "", "")
}

func TestCompareUnchanged(t *testing.T) {
	t.Parallel()
	c := compare(parse(t, "(name) - x\nb str 1\na int 2\nupstream_cluster str svc"),
		parse(t, "a int 2\n(name) - x\nb str 1\nupstream_cluster str svc\ngateway.x str svc"))
	assert.Equal(t, []string{"a", "b"}, c.unchanged, "neither fields nor attributes that are shown with what was read out of them")
}

// Whatever comes in, every fact is accounted for exactly once.
func FuzzCompare(f *testing.F) {
	f.Add("http.url=http://u:p@h/p?sig=1\x00http.method=GET", "url.path=/p\x00url.query=sig=REDACTED\x00http.request.method=GET")
	f.Add("(body)=a b c\x00a=1\x00a=2", "(body)=a b c\x00x=b\x00y=c")
	f.Add("upstream_cluster=a_b\x00resource x=y", "upstream_cluster=a_b\x00gateway.n=b\x00resource x=z")
	f.Fuzz(func(t *testing.T, beforeText, afterText string) {
		split := func(text string) []attribute {
			var attrs []attribute
			for part := range strings.SplitSeq(text, "\x00") {
				name, value, ok := strings.Cut(part, "=")
				if ok {
					attrs = append(attrs, attribute{clean(name), "str", clean(value)})
				}
			}
			return attrs
		}
		before, after := split(beforeText), split(afterText)
		c := compare(before, after)

		var left, right []attribute
		for _, g := range c.groups {
			if g.change() != added {
				left = append(left, g.before)
			}
			for _, a := range g.after {
				if a.change != merged {
					right = append(right, a.attribute)
				}
			}
			if g.kept {
				right = append(right, g.before)
			}
			require.Equal(t, g.change() == dropped, len(g.after) == 0)
			last := 0
			for _, r := range secrets(g.before.value, g.after) {
				require.True(t, last <= r[0] && r[0] <= r[1] && r[1] <= len(g.before.value), "%v in %q", r, g.before.value)
				last = r[1]
			}
		}
		shown := func(attrs, shown []attribute) {
			for _, a := range unique(attrs) {
				times := 0
				for _, s := range shown {
					if s == a {
						times++
					}
				}
				if slices.Contains(c.unchanged, a.name) {
					times++
				}
				same := slices.Contains(unique(before), a) && slices.Contains(unique(after), a)
				if isField(a.name) && same && times == 0 {
					continue // an unchanged field is not listed
				}
				require.Equal(t, 1, times, "%v", a)
			}
		}
		shown(before, left)
		shown(after, right)

		for _, l := range []layout{{width: minWidth}, {width: 120, rows: 5}} {
			for _, line := range l.table(c) {
				require.LessOrEqual(t, len([]rune(line)), l.width, "%q", line)
			}
		}
	})
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	f := func(before, after, want string) {
		t.Helper()
		got := string(palette{}.strike(before, secrets(before, []outcome{{attribute: attribute{value: after}}})).runes)
		assert.Equal(t, want, got, before)
	}
	f("http://h/ok?user=1&sig=abcd&x=2", "user=1&sig=REDACTED&x=2", "http://h/ok?user=1&sig=~~abcd~~&x=2")
	f("sig=abcd", "sig=REDACTED", "sig=~~abcd~~")
	f("sig=a&sig=b", "sig=REDACTED&sig=REDACTED", "sig=~~a~~&sig=~~b~~")
	f("sig=REDACTED", "sig=REDACTED", "sig=REDACTED")
	f("sig=", "sig=", "sig=")
	f("design=1&sig=2", "design=1&sig=REDACTED", "design=1&sig=~~2~~")
	f(`"GET /ok?sig=ab HTTP/1.1" 200`, "sig=REDACTED", `"GET /ok?sig=~~ab~~ HTTP/1.1" 200`)
	f("http://u:p@h/x", "http://REDACTED:REDACTED@h/x", "http://~~u:p~~@h/x")
	f("http://h/p@x", "http://h/p@x", "http://h/p@x")
	f("plain", "REDACTED", "plain")
	f("", "sig=REDACTED", "")
}

func TestStats(t *testing.T) {
	t.Parallel()
	c := compare(
		parse(t, "(name) - ingress\n(status) - Unset\nhttp.status_code str 503\nhttp.url str http://h/?sig=1\nsame str x\nupstream_cluster str a|b"),
		parse(t, "(name) - GET\n(status) - Error\nhttp.response.status_code int 503\nerror.type str 503\nurl.query str sig=REDACTED\nsame str x\nupstream_cluster str a|b\ngateway.x str b"),
	)
	var s stats
	s.count(c)
	assert.Equal(t, stats{renamed: 2, types: 1, secrets: 1, names: 1, statuses: 1, derived: 1}, s)

	s.add(stats{spansIn: 1234, spansOut: 1234, recordsIn: 5, recordsOut: 5})
	assert.Equal(t, "spans 1,234 in, 1,234 out · log records 5 in, 5 out · 2 attributes renamed · 1 type mended · "+
		"1 fact derived · 1 span name set · 1 status set · 1 secret hidden", strings.Join(s.parts(), " · "))
	assert.Equal(t, "spans 0 in, 0 out", strings.Join(stats{}.parts(), " · "))
}
