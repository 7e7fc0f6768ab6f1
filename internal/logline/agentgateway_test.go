package logline

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	agwHead  = "2026-11-21T14:10:49.74673Z\tinfo\trequest"
	agwFront = " gateway=ns/gw listener=main route=ns/r endpoint=10.0.0.1:80 src.addr=127.0.0.1:1 http.method=POST http.host=h" +
		" http.path=/v1?key=s http.version=HTTP/1.1 http.status=200 trace.id=t1 span.id=s1"
)

var agwFrontAttributes = attributes{
	"gateway": "ns/gw", "listener": "main", "route": "ns/r", "endpoint": "10.0.0.1:80", "src.addr": "127.0.0.1:1",
	"http.method": "POST", "http.host": "h", "http.path": "/v1?key=s", "http.version": "HTTP/1.1", "http.status": int64(200),
	"trace.id": "t1", "span.id": "s1", "duration": "5ms",
}

func TestAgentgatewayKeys(t *testing.T) {
	t.Parallel()
	require.Len(t, agwRanks, len(agwKeys), "a key is listed twice")
	longest := 0
	for _, key := range agwKeys {
		longest = max(longest, len(key.name))
	}
	assert.Equal(t, agwMaxKey, longest)
	assert.Equal(t, agwDuration, agwKeys[len(agwKeys)-1].name)
}

// The fraction of the second counts microseconds and has no leading zeros.
func TestParseAgentgatewayTime(t *testing.T) {
	t.Parallel()
	f := func(written, meant string) {
		t.Helper()
		_, at := parsed(t, FormatAgentgatewayText, written+"\tinfo\trequest src.addr=a duration=0ms")
		assert.Equal(t, unixNano(t, meant), at)
	}
	f("2026-11-21T14:10:49.5Z", "2026-11-21T14:10:49.000005Z")
	f("2026-11-21T14:10:49.45Z", "2026-11-21T14:10:49.000045Z")
	f("2026-11-21T14:10:49.123Z", "2026-11-21T14:10:49.000123Z")
	f("2026-11-21T14:10:49.74673Z", "2026-11-21T14:10:49.074673Z")
	f("2026-11-21T14:10:49.123456Z", "2026-11-21T14:10:49.123456Z")
	f("2026-11-21T14:10:49.0Z", "2026-11-21T14:10:49Z")
}

func TestParseAgentgatewayNotAccessLog(t *testing.T) {
	t.Parallel()
	f := func(line string) {
		t.Helper()
		assert.ErrorIs(t, refusal(t, FormatAgentgatewayText, line), ErrNotAccessLog)
	}
	f("2026-11-21T14:03:08.361995Z\tinfo\tagent_core::signal::imp\treceived signal SIGTERM, starting shutdown\t")
	f("2026-11-21T14:03:00.229892Z\twarn\tagent_llm\tfailed request gateway=x")
	f("2026-11-21T14:03:00.229892Z\twarn\tproxy:request{x=1}\tmessage")
	f("2026-11-21T14:03:00.229892Z\tinfo\trequests a=b")
	f("2026-11-21T14:03:00.229892Z\tinfo\trequest\tmessage")
	f("2026-11-21T14:03:00.229892Z\tinfo\t")

	for _, line := range []string{
		"", "\t", "\t\t", "x\tinfo\trequest a=b", "2026-11-21T14:03:00Z\tinfo\trequest a=b", "2026-11-21T14:03:00.1Z", "2026-11-21T14:03:00.1Z\t",
		"2026-11-21T14:03:00.1Z\tinfo", "2026-11-21T14:03:00.1Z\tinfo\trequest", "2026-11-21T14:03:00.1Z\tinfo\trequest ",
		"2026-11-21T14:03:00.1Z\tinfo\trequest =b", "2026-11-21T14:03:00.1Z\tinfo\trequest a b=c", "injected llm.request.tokens=21 duration=43ms",
	} {
		assert.NotErrorIs(t, refusal(t, FormatAgentgatewayText, line), ErrNotAccessLog)
	}
}

func TestParseAgentgateway(t *testing.T) {
	t.Parallel()
	// f parses a line that has the front, what is given, and a duration, and expects the front's attributes and more.
	f := func(rest string, more attributes) {
		t.Helper()
		want := maps.Clone(agwFrontAttributes)
		for key, value := range more {
			if value == nil {
				delete(want, key)
			} else {
				want[key] = value
			}
		}
		got, _ := parsed(t, FormatAgentgatewayText, agwHead+agwFront+rest)
		assert.Equal(t, want, got)
		got, _ = parsed(t, FormatAgentgatewayText, agwHead+agwFront+rest+"\n")
		assert.Equal(t, want, got)
	}
	f(" duration=5ms", nil)
	f(" llm.provider=gemini llm.request.model= llm.request.tokens=8 llm.response.model=g llm.response.tokens=313 duration=5ms", attributes{
		"llm.provider": "gemini", "llm.request.model": "", "llm.request.tokens": int64(8), "llm.response.model": "g", "llm.response.tokens": int64(313),
	})
	f(" protocol=mcp mcp.method=tools/call mcp.target=t mcp.resource.type=tool mcp.resource.name=echo mcp.session.id=s duration=5ms", attributes{
		"protocol": "mcp", "mcp.method": "tools/call", "mcp.target": "t", "mcp.resource.type": "tool", "mcp.resource.name": "echo", "mcp.session.id": "s",
	})
	f(` mcp.error.code=-32602 mcp.error.message="Unknown tool: \"nope\"" error="a=b duration=9ms \u{7f}\n" reason=MCP duration=5ms`, attributes{
		"mcp.error.code": int64(-32602), "mcp.error.message": `Unknown tool: "nope"`, "error": "a=b duration=9ms \u007f\n", "reason": "MCP",
	})
	// Doubles are doubles also where they are printed without a point; costs are text, as on OTLP.
	f(" agw.ai.time_to_first_token=0.412 agw.ai.usage.cost.total=0.000123 gen_ai.request.temperature=1 gen_ai.request.top_p=0.8999999761581421"+
		" gen_ai.request.seed=-7 retry.attempt=1 duration=5ms", attributes{
		"agw.ai.time_to_first_token": 0.412, "agw.ai.usage.cost.total": "0.000123", "gen_ai.request.temperature": 1.0,
		"gen_ai.request.top_p": 0.8999999761581421, "gen_ai.request.seed": int64(-7), "retry.attempt": int64(1),
	})
	f(" gen_ai.request.model=a model with spaces, = and \" duration=5ms", attributes{"gen_ai.request.model": `a model with spaces, = and "`})
	f(" jwt.sub=Doe, Jane protocol=http duration=5ms", attributes{"jwt.sub": "Doe, Jane", "protocol": "http"})
	f(` agw.ai.guardrails=[{"a b": "c"}] retry.attempt=2 duration=5ms`, attributes{
		"agw.ai.guardrails": `[{"a b": "c"}]`, "retry.attempt": int64(2),
	})
	// Releases before 0.9 wrote the error bare.
	f(" error=no route found duration=5ms", attributes{"error": "no route found"})
	// A key of a later release, and one whose text has a space.
	f(" protocol=http brand.new=value another=two words reason=X duration=5ms", attributes{
		"protocol": "http", "brand.new": "value", "another": "two words", "reason": "X",
	})
	// Lines that were cut, by a model's line break or by a length limit.
	f(" llm.request.model=weird model=x status=999", attributes{"llm.request.model": "weird model=x status=999", "duration": nil})
	f(` error="upstream call fai`, attributes{"error": `"upstream call fai`, "duration": nil})
	f(" gen_ai.usage.input_to", attributes{"span.id": "s1 gen_ai.usage.input_to", "duration": nil})
	f("", attributes{"duration": nil})
}

func TestParseAgentgatewayCEL(t *testing.T) {
	t.Parallel()
	f := func(rest string, more attributes) {
		t.Helper()
		want := maps.Clone(agwFrontAttributes)
		maps.Copy(want, more)
		got, _ := parsed(t, FormatAgentgatewayText, agwHead+agwFront+rest)
		assert.Equal(t, want, got)
	}
	f(` duration=5ms user.agent="curl/7.88.1" x.bool=true x.no=false x.int=42 x.neg=-3 x.half=0.5 x.small=0.0000001`, attributes{
		"user.agent": "curl/7.88.1", "x.bool": true, "x.no": false, "x.int": int64(42), "x.neg": int64(-3), "x.half": 0.5, "x.small": 0.0000001,
	})
	f(` duration=5ms x.list=["a", "b]", 1, true, ()] x.map={"a": 1, "b": "}"} x.null=() x.empty="" x.bare=3s`, attributes{
		"x.list": `["a", "b]", 1, true, ()]`, "x.map": `{"a": 1, "b": "}"}`, "x.null": "()", "x.empty": "", "x.bare": "3s",
	})
	f(` duration=5ms x="say \"hi\"\n\ttab\r\\ \'\0\u{7f}\u{1f600}"`, attributes{"x": "say \"hi\"\n\ttab\r\\ '\x00\u007f😀"})
	f(` duration=5ms x="\q\u{d800}\u{110000}\u{1234567}\u{}\u7\é"`, attributes{
		"x": "\uFFFD\uFFFD\uFFFD\uFFFD{1234567}\uFFFD{}\uFFFD7\uFFFDé",
	})
	f(` duration=5ms x=1 x=2`, attributes{"x": int64(2)})
	f(` duration=5ms x=99999999999999999999 y=1.2.3`, attributes{"x": "99999999999999999999", "y": "1.2.3"})
	// What an operator puts in the place of a built-in is at the end and has the type of the expression.
	f(` gen_ai.response.model=gpt duration=5ms gen_ai.operation.name="chat" gen_ai.usage.input_tokens=7`, attributes{
		"gen_ai.response.model": "gpt", "gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": int64(7),
	})
	// Client text in a CEL field, where it is quoted.
	f(` duration=5ms user.agent="x duration=7ms y=1" x=1`, attributes{"user.agent": "x duration=7ms y=1", "x": int64(1)})
	f(` duration=5ms user.agent="x\" duration=7ms y=\"" x=1`, attributes{"user.agent": `x" duration=7ms y="`, "x": int64(1)})

	// An operator may remove the duration, or put an own one in its place.
	line := strings.Replace(agwHead+agwFront+` protocol=http user.agent="a b" x=1`, " duration=5ms", "", 1)
	got, _ := parsed(t, FormatAgentgatewayText, line)
	assert.Equal(t, "a b", got["user.agent"])
	assert.Equal(t, int64(1), got["x"])
	assert.Equal(t, "http", got["protocol"])
	got, _ = parsed(t, FormatAgentgatewayText, line+` duration="five"`)
	assert.Equal(t, "five", got["duration"])
}

// What a client writes into a model name, a tool name or a JWT must not replace a field of the gateway's own.
func TestParseAgentgatewayInjection(t *testing.T) {
	t.Parallel()
	f := func(rest string, more attributes) {
		t.Helper()
		want := maps.Clone(agwFrontAttributes)
		maps.Copy(want, more)
		got, _ := parsed(t, FormatAgentgatewayText, agwHead+agwFront+rest)
		assert.Equal(t, want, got)
	}
	const llm = " protocol=llm gen_ai.provider.name=openai gen_ai.request.model="
	const rest = " gen_ai.response.model=real gen_ai.usage.input_tokens=21 reason=Timeout duration=5ms"
	for _, model := range []string{
		"x http.status=500",
		"x http.status=500 trace.id=0 span.id=0",
		"x gateway=evil listener=evil route=evil endpoint=evil src.addr=evil http.method=evil http.host=evil http.path=evil http.version=evil" +
			" http.status=500 grpc.status=1 tls.sni=x trace.id=0 span.id=0 protocol=mcp a2a.method=x mcp.target=y gen_ai.provider.name=evil",
		"x duration=1ms",
		"x reason=None duration=1ms",
		`x error="none" reason=None duration=1ms`,
		`x error="`,
		`x duration=1ms a="`,
		`x duration=1ms a={`,
		"x gen_ai.usage.input_tokens=999999",
		"x gen_ai.usage.output_tokens=1 duration=1ms http.status=500",
		"x gen_ai.response.model=evil",
		"x gen_ai.response.model=evil gen_ai.usage.input_tokens=9 reason=None duration=9ms",
		"x retry.attempt=many",
		"x =", "=", "x foo=bar baz", `x "quoted"`, " ", "a  b ",
	} {
		f(llm+model+rest, attributes{
			"protocol": "llm", "gen_ai.provider.name": "openai", "gen_ai.request.model": model, "gen_ai.response.model": "real",
			"gen_ai.usage.input_tokens": int64(21), "reason": "Timeout",
		})
		f(llm+model+rest+` user.agent="x duration=1ms y" z=1`, attributes{
			"protocol": "llm", "gen_ai.provider.name": "openai", "gen_ai.request.model": model, "gen_ai.response.model": "real",
			"gen_ai.usage.input_tokens": int64(21), "reason": "Timeout", "user.agent": "x duration=1ms y", "z": int64(1),
		})
	}
	f(" protocol=mcp mcp.method.name=tools/call mcp.target=t mcp.resource.type=tool gen_ai.tool.name=x mcp.target=evil mcp.session.id=e"+
		" mcp.session.id=s duration=5ms", attributes{
		"protocol": "mcp", "mcp.method.name": "tools/call", "mcp.target": "t", "mcp.resource.type": "tool",
		"gen_ai.tool.name": "x mcp.target=evil mcp.session.id=e", "mcp.session.id": "s",
	})
	// Should an HTTP parser let a space through, the path cannot replace the status either.
	got, _ := parsed(t, FormatAgentgatewayText, agwHead+" gateway=g http.host=h http.path=/a http.status=500 http.version=HTTP/1.1 http.status=200 duration=5ms")
	assert.Equal(t, attributes{
		"gateway": "g", "http.host": "h", "http.path": "/a http.status=500", "http.version": "HTTP/1.1", "http.status": int64(200), "duration": "5ms",
	}, got)
}

// Random lines as agentgateway writes them, with one client text made of imitations.
func TestAgentgatewayRandom(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	value := func(class agwClass) (text string, want any) {
		switch class {
		case agwInt:
			n := rng.Int64N(1000)
			return strconv.FormatInt(n, 10), n
		case agwDouble:
			n := float64(rng.IntN(100)) / 4
			return fmt.Sprint(n), n
		case agwQuoted:
			return `"q \"x\" a=1 duration=1ms"`, `q "x" a=1 duration=1ms`
		case agwNested:
			return `[1, {"a b": ")"}]`, `[1, {"a b": ")"}]`
		case agwFree, agwReply:
			words := []string{"a", "free text", "x=1", `"`, ""}
			s := words[rng.IntN(len(words))]
			return s, s
		default:
			s := fmt.Sprintf("t%d/x", rng.IntN(1000))
			return s, s
		}
	}
	for range 5000 {
		want := attributes{}
		var present, free []int
		for rank, key := range agwKeys[:len(agwKeys)-1] {
			if rng.IntN(3) == 0 {
				present = append(present, rank)
				if key.class.outsiders() {
					free = append(free, rank)
				}
			}
		}
		hostile := -1
		if len(free) > 0 {
			hostile = free[rng.IntN(len(free))]
		}
		var line strings.Builder
		line.WriteString(agwHead)
		for _, rank := range present {
			key := agwKeys[rank]
			text, expected := value(key.class)
			if rank == hostile {
				// Imitations of keys that the line has, in any order, and of none that it lacks.
				var imitation strings.Builder
				for range rng.IntN(5) {
					other := agwKeys[present[rng.IntN(len(present))]]
					if other == key && key.class == agwReply {
						continue // taken for the work of the key in front
					}
					fake, _ := value(other.class)
					imitation.WriteString(" " + other.name + "=" + fake)
				}
				if rng.IntN(2) == 0 {
					imitation.WriteString(" duration=1ms")
				}
				text = "hostile" + imitation.String()
				expected = text
			}
			line.WriteString(" " + key.name + "=" + text)
			want[key.name] = expected
		}
		line.WriteString(" duration=77ms")
		want["duration"] = "77ms"
		if rng.IntN(2) == 0 {
			line.WriteString(` user.agent="a \"b\" duration=1ms" n=3`)
			want["user.agent"], want["n"] = `a "b" duration=1ms`, int64(3)
		}
		got, _ := parsed(t, FormatAgentgatewayText, line.String())
		assert.Equal(t, want["duration"], got["duration"], line.String())
		if hostile < 0 || hostile == free[len(free)-1] {
			assert.Equal(t, want, got, line.String())
			continue
		}
		for key, expected := range want {
			// Nothing can change what stands in front of the hostile text, or what is quoted behind the duration.
			if rank, known := agwRanks[key]; !known || int(rank) < hostile {
				assert.Equal(t, expected, got[key], "%s in %s", key, line.String())
			}
		}
	}
}
