package logline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func TestParseJSON(t *testing.T) {
	t.Parallel()
	f := func(line string, want attributes) {
		t.Helper()
		got, at := parsed(t, FormatJSON, line)
		assert.Equal(t, want, got, line)
		assert.Zero(t, at)
	}
	f(`{}`, attributes{})
	f(" \t{ } \r\n", attributes{})
	f(`{"a":"b"}`, attributes{"a": "b"})
	f(`{ "a" : "b" , "c" : 1 }`, attributes{"a": "b", "c": int64(1)})
	f(`{":authority":"h","http.status":200,"duration":"3165ms"}`, attributes{":authority": "h", "http.status": int64(200), "duration": "3165ms"})
	f(`{"t":true,"f":false,"n":null}`, attributes{"t": true, "f": false})
	f(`{"o":{"p":{"q":[1,"x",null,[],{}]}}}`, attributes{"o": map[string]any{"p": map[string]any{"q": []any{int64(1), "x", nil, []any{}, map[string]any{}}}}})
	f(`{"ts":1795267895.615,"duration":0.000123}`, attributes{"ts": 1795267895.615, "duration": 0.000123})

	// Times stay what they are.
	f(`{"start_time":"2026-11-21T13:31:35.615Z","time":"2026-11-21T14:03:20.57642Z"}`, attributes{
		"start_time": "2026-11-21T13:31:35.615Z", "time": "2026-11-21T14:03:20.57642Z",
	})

	// Of duplicates the last wins, a null included.
	f(`{"a":1,"b":2,"a":"x"}`, attributes{"a": "x", "b": int64(2)})
	f(`{"a":1,"a":null}`, attributes{})
	f(`{"a":null,"a":1}`, attributes{"a": int64(1)})
	f(`{"a":{"b":1,"c":2},"a":{"b":3,"b":4}}`, attributes{"a": map[string]any{"b": int64(4)}})
	f(`{"":1}`, attributes{"": int64(1)})
}

func TestParseJSONNumbers(t *testing.T) {
	t.Parallel()
	f := func(number string, want any) {
		t.Helper()
		got, _ := parsed(t, FormatJSON, `{"n":`+number+`}`)
		assert.Equal(t, want, got["n"], number)
		got, _ = parsed(t, FormatJSON, `{"n":[`+number+` ]}`)
		assert.Equal(t, []any{want}, got["n"], number)
	}
	f("0", int64(0))
	f("-0", int64(0))
	f("-1", int64(-1))
	f("9223372036854775807", int64(9223372036854775807))
	f("-9223372036854775808", int64(-9223372036854775808))
	f("9223372036854775808", float64(9223372036854775808))
	f("18446744073709551615", float64(18446744073709551615))
	f("1.0", 1.0)
	f("-0.5", -0.5)
	f("0.699999988079071", 0.699999988079071)
	// Envoy before 1.40, and Kong.
	f("1e+05", int64(100000))
	f("1E5", int64(100000))
	f("1.7267838395395e+18", int64(1726783839539500000))
	f("1.5e1", int64(15))
	f("5.5e-05", 5.5e-05)
	f("1e19", 1e19)
	f("1e400", "1e400")
	f("-1e400", "-1e400")
	f("1e-400", 0.0)

	for _, bad := range []string{"", "-", "+1", "01", "-01", ".5", "1.", "1.e5", "1e", "1e+", "0x10", "1_0", "NaN", "Infinity", "--1", "1-"} {
		refused(t, FormatJSON, `{"n":`+bad+`}`)
	}
}

func TestParseJSONStrings(t *testing.T) {
	t.Parallel()
	f := func(literal, want string) {
		t.Helper()
		got, _ := parsed(t, FormatJSON, `{"s":"`+literal+`"}`)
		assert.Equal(t, attributes{"s": want}, got)
		got, _ = parsed(t, FormatJSON, `{"`+literal+`":["`+literal+`"]}`)
		assert.Equal(t, attributes{want: []any{want}}, got)
	}
	f(``, "")
	f(`plain é`, "plain é")
	f(`\"\\\/\b\f\n\r\t`, "\"\\/\b\f\n\r\t")
	f(`a\"b`, `a"b`)
	f(`\\`, `\`)
	f(`\\\\"`[:4], `\\`)
	f(`\u0041\u00e9\u20ac`, "Aé€")
	f(`\ud83d\ude00!`, "😀!")
	f(`\uD83D\uDE00`, "😀")
	f(`\u0000`, "\x00")

	// Broken escapes: U+FFFD, and what stands around them stays.
	f(`a\ud83d`, "a\uFFFD")
	f(`\ud83dx`, "\uFFFDx")
	f(`\ud83d\u0041`, "\uFFFDA")
	f(`\ude00\ud83d`, "\uFFFD\uFFFD")
	f(`\ud83d\ud83d\ude00`, "\uFFFD😀")
	f(`\u12`, "\uFFFD")
	f(`\u12g4`, "\uFFFDg4")
	f(`\u`, "\uFFFD")
	f(`\u\n`, "\uFFFD\n")
	f(`\q\x41`, "\uFFFD\uFFFD41")
	f(`\é`, "\uFFFDé")
	f(`\ud83d\q`, "\uFFFD\uFFFD")

	// Raw control characters and raw bytes that are not UTF-8 pass.
	f("a\tb\nc\x00", "a\tb\nc\x00")
	f("a\xff", "a\xff")
	f("\\n\xff", "\n\xff")
}

func TestParseJSONRefused(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		``, ` `, `[]`, `"a"`, `1`, `null`, `{`, `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{a:1}`, `{'a':1}`,
		`{"a" 1}`, `{"a":1 "b":2}`, `{"a":1;}`, `{"a":tru}`, `{"a":True}`, `{"a":nul}`, `{"a":fals`, `{"a":[}`, `{"a":[1}`, `{"a":[1,]}`, `{"a":[,1]}`,
		`{"a":[1 2]}`, `{"a":{}`, `{"a":"\`, `{"a":"\"`, `{"a":"\u`, `{}x`, `{} {}`, `{}{}`, `{"a":1}}`, "{}\x00", `{"a":"b"c}`, "\ufeff{}",
	} {
		refused(t, FormatJSON, line)
	}
}

func TestParseJSONDepth(t *testing.T) {
	t.Parallel()
	objects := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	arrays := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}" }
	parsed(t, FormatJSON, objects(maxJSONDepth))
	parsed(t, FormatJSON, arrays(maxJSONDepth-1))
	require.ErrorContains(t, refusal(t, FormatJSON, objects(maxJSONDepth+1)), "64 levels")
	require.ErrorContains(t, refusal(t, FormatJSON, arrays(maxJSONDepth)), "64 levels")
	refused(t, FormatJSON, strings.Repeat(`{"a":`, 1_000_000))
	refused(t, FormatJSON, `{"a":`+strings.Repeat("[", 1_000_000))
}

// Objects with more keys than a map should be scanned for, at the top and inside, with duplicates across the border.
func TestParseJSONManyKeys(t *testing.T) {
	t.Parallel()
	var members strings.Builder
	want := attributes{}
	for i := range 1000 {
		fmt.Fprintf(&members, `"k%d":%d,"n%d":null,`, i%300, i, i%300)
		want[fmt.Sprintf("k%d", i%300)] = int64(i)
	}
	members.WriteString(`"s":"x","s":"y","o":{"p":1},"o":{"q":[1]},"d":0.5,"b":true,"k7":null,"gone":1,"gone":null,"k8":"text"`)
	delete(want, "k7")
	want["k8"] = "text"
	want["s"], want["d"], want["b"] = "y", 0.5, true
	want["o"] = map[string]any{"q": []any{int64(1)}}
	got, _ := parsed(t, FormatJSON, "{"+members.String()+"}")
	assert.Equal(t, want, got)
	got, _ = parsed(t, FormatJSON, `{"in":[{`+members.String()+`}]}`)
	assert.Equal(t, attributes{"in": []any{want}}, got)
}

// linear fails when a line of a given shape takes much longer per byte as it grows.
func linear(t *testing.T, f Format, line func(n int) string) {
	t.Helper()
	cost := func(n int) time.Duration {
		s := line(n)
		best := time.Duration(1 << 62)
		for range 3 {
			start := time.Now()
			_, _ = Parse(f, s, pcommon.NewMap())
			best = min(best, time.Since(start))
		}
		return best
	}
	const grow = 16
	var small, large time.Duration
	// Quadratic would be 256 times, every time; the slack and the attempts are for the garbage collector and other people's
	// work.
	for range 10 {
		small, large = cost(1<<11), cost(grow<<11)
		if large < 10*grow*small+20*time.Millisecond {
			return
		}
	}
	assert.Fail(t, "not linear", "%s: %v, then %v for %d times the input", f, small, large, grow)
}

func TestLinear(t *testing.T) { //nolint:paralleltest // it measures time
	repeat := func(head, piece, tail string) func(int) string {
		return func(n int) string { return head + strings.Repeat(piece, n) + tail }
	}
	numbered := func(head, piece, tail string) func(int) string {
		return func(n int) string {
			var b strings.Builder
			b.WriteString(head)
			for i := range n {
				fmt.Fprintf(&b, piece, i)
			}
			b.WriteString(tail)
			return b.String()
		}
	}
	linear(t, FormatJSON, numbered("{", `"k%d":1,`, `"z":1}`))
	linear(t, FormatJSON, repeat("{", `"k":1,"n":null,`, `"z":1}`))
	linear(t, FormatJSON, numbered("{", `"k%d":{},`, `"z":1}`))
	linear(t, FormatJSON, repeat(`{"a":[`, `[[1]],`, `1]}`))
	linear(t, FormatJSON, repeat(`{"a":"`, `\"`, `"}`))
	linear(t, FormatJSON, repeat(`{"a":"`, `\ud83d`, `"}`))
	linear(t, FormatJSON, repeat(`{"a":1`, `0`, `}`))

	const start = "[" + envoyStart + "] "
	linear(t, FormatEnvoyText, repeat(start+`"GET /`, ` HTTP/1.1" 200 x `, ` HTTP/1.1" 200 - 0 0 0 0`+envoyTail))
	linear(t, FormatEnvoyText, repeat(start+`"GET /`, ` HTTP/1.1" 200 x y "`, ``))
	linear(t, FormatEnvoyText, repeat(start+`"GET / HTTP/1.1" 200 - 0 0 0 0 "`, `" "`, `"`))
	linear(t, FormatIstioText, repeat(start+`"GET / HTTP/1.1" 200 - a b "-" 0 0 0 0`+envoyTail, ` "x" `, ``))

	const agw = "2026-11-21T14:10:49.7Z\tinfo\trequest"
	linear(t, FormatAgentgatewayText, repeat(agw+" gen_ai.request.model=x", " duration=1ms", " duration=2ms"))
	linear(t, FormatAgentgatewayText, repeat(agw+" gen_ai.request.model=x", " duration=1ms a={", ""))
	linear(t, FormatAgentgatewayText, repeat(agw+" gen_ai.request.model=x", ` duration=1ms a="`, ""))
	linear(t, FormatAgentgatewayText, repeat(agw+" gen_ai.request.model=x", ` error="`, " duration=2ms"))
	linear(t, FormatAgentgatewayText, repeat(agw+" gen_ai.request.model=x", " http.status=1 reason=x", " duration=2ms"))
	linear(t, FormatAgentgatewayText, repeat(agw+" gateway=x", " http.status=1", " duration=2ms"))
	linear(t, FormatAgentgatewayText, repeat(agw+" gateway=x", " junk", " duration=2ms"))
	linear(t, FormatAgentgatewayText, repeat(agw+" gen_ai.request.model=x", "=", ""))
	linear(t, FormatAgentgatewayText, numbered(agw+" gateway=x", " k%d=1", " duration=2ms"))
	linear(t, FormatAgentgatewayText, numbered(agw+" gateway=x duration=2ms", ` k%d="\n"`, ""))
	linear(t, FormatAgentgatewayText, repeat(agw+" gateway=x duration=2ms", ` http.status=1`, ""))

	const clf = `1.1.1.1 - - [21/Nov/2026:15:22:30 +0000] "`
	linear(t, FormatNginxCombined, repeat(clf, `\x41`, ` / HTTP/1.1" 200 6 "-" "-"`))
	linear(t, FormatNginxCombined, repeat(clf+`GET /`, `\x`, ` HTTP/1.1" 200 6 "-" "-"`))
	linear(t, FormatNginxCombined, repeat(`1.1.1.1 - `, ` [21/Nov/2026:15:22:30`, clf))
	linear(t, FormatIngressNginx, repeat(clf+`GET / HTTP/1.1" 200 6 "-" "-" 1 0.1 [a] [] `, `1.1.1.1:1, `, `1 2 3 4 x`))
	linear(t, FormatTraefikCommon, repeat(clf+`GET /`, `" 200 6 `, ` HTTP/1.1" 200 6 "-" "-"`))
	linear(t, FormatTraefikCommon, repeat(clf+`GET / HTTP/1.1" 200 6 "`, `\"`, `" "-" 1 "r" "s" 1ms`))
}
