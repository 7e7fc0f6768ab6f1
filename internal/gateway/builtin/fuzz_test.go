package builtin

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// fuzzEngines are the settings a fuzz input chooses from by its first byte.
var fuzzEngines = sync.OnceValue(func() (engines []*gateway.Engine) {
	for _, change := range []func(*gateway.Options){
		func(*gateway.Options) {},
		func(o *gateway.Options) { o.Mode = gateway.ModeDuplicate },
		func(o *gateway.Options) { o.Content = gateway.ContentConvert },
		func(o *gateway.Options) { o.Content = gateway.ContentDrop },
		allOptional,
		func(o *gateway.Options) { o.BodySizeAs, o.SpanNames = gateway.BodySizeHeader, gateway.SpanNamesKeep },
		func(o *gateway.Options) { o.SpanStatus, o.LogBodies = gateway.SpanStatusKeep, gateway.LogBodiesKeep },
		func(o *gateway.Options) { o.Mode, o.Content = gateway.ModeDuplicate, gateway.ContentConvert },
	} {
		opts := gateway.DefaultOptions()
		change(&opts)
		e, err := gateway.Compile(Profiles(), opts)
		if err != nil {
			panic(err) // the test binary cannot start: no input is to blame
		}
		engines = append(engines, e)
	}
	return engines
})

// fuzzKeys are all keys any rule knows, and a few that only derivation writes.
var fuzzKeys = sync.OnceValue(func() []string {
	keys := []string{"custom", "http.request.header.x", "http.request.header.authorization", "gen_ai.prompt.1.role", "k8s.pod.name"}
	for _, p := range Profiles() {
		keys = append(keys, knownKeys(p)...)
	}
	for _, byType := range types {
		keys = append(keys, byType...)
	}
	return keys
})

var fuzzScopes = []string{
	"", "envoy", "kong-internal", "agentgateway", "request", "api-access", "github.com/traefik/traefik", "nginx", "io.krakend.krakend-otel",
	"opentelemetry-lua", "envoyproxy/ai-gateway", "traefik",
}

var fuzzNames = []string{
	"n", "ingress", "router kube_a_b_1 egress", "egress x", "async p.S.M egress", "mirror", "kong", "kong.balancer", "GET /a?b", "/a",
	"unknown", "ChatCompletion", "kong.gen_ai", "handler", "",
}

// source hands out the bytes of a fuzz input.
type source struct {
	data []byte
}

func (s *source) byte() int {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return int(b)
}

func (s *source) pick(n int) int { return (s.byte()<<8 | s.byte()) % n }

func (s *source) text() string {
	n := min(s.byte()%32, len(s.data))
	out := string(s.data[:n])
	s.data = s.data[n:]
	return out
}

// value fills v with something: often what gateways send, sometimes anything.
func (s *source) value(v pcommon.Value, depth int) {
	switch s.byte() % 12 {
	case 0:
	case 1:
		v.SetInt(int64(s.byte()))
	case 2:
		v.SetInt(int64(s.byte()) << 55)
	case 3:
		v.SetDouble(float64(s.byte()))
	case 4:
		v.SetDouble(float64(s.byte()) / 7)
	case 5:
		v.SetBool(s.byte()%2 == 0)
	case 6:
		v.SetEmptyBytes().FromRaw([]byte(s.text()))
	case 7:
		if depth < 3 {
			m := v.SetEmptyMap()
			for range s.byte() % 4 {
				s.value(m.PutEmpty(s.text()), depth+1)
			}
		}
	case 8:
		if depth < 3 {
			list := v.SetEmptySlice()
			for range s.byte() % 4 {
				s.value(list.AppendEmpty(), depth+1)
			}
		}
	case 9:
		v.SetStr(commonValues[s.byte()%len(commonValues)])
	default:
		v.SetStr(s.text())
	}
}

// commonValues are values of some meaning to some rule.
var commonValues = []string{
	"", "-", "0", "200", "404", "503", "GET", "get", "PURGE", "_OTHER", "true", "false", "HTTP/1.1", "HTTP/2.0", "1.1", "kube_a_b_1", "outbound|1||h",
	"httproute/a/b/rule/0", "a/b", "bind/80", "10.0.0.1", "10.0.0.1:80", "[::1]:80", "http://u:p@h:1/p?sig=a&b=c", "/p?sig=a", "h:80", "$(X)", "UF,URX", "DC",
	"3165ms", "5", "1e5", "2026-08-21T10:15:01.5Z", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736",
	"00f067aa0ba902b7", `{"model":"m","n":1,"x":2}`, `{"input":1,"output":2,"total":3}`, `[{"role":"user","content":"hi"}]`, "LLM", "gemini", "tool", "grpc", "/p.S/M",
	"p.S/M", "router~1.2.3.4~p.q.ns~ns.svc", "pod.ns", "OK", "Unknown", "14", "502, 200", "postgres", "unix", "chat", "a, b", "\xff\xfe",
}

func (s *source) attributes(m pcommon.Map) {
	keys := fuzzKeys()
	for range s.byte() % 12 {
		key := keys[s.pick(len(keys))]
		if s.byte() == 0 {
			key = s.text()
		}
		s.value(m.PutEmpty(key), 0)
	}
}

// batch builds an export request out of a fuzz input, or decodes it as one.
func (s *source) batch(logs bool) (gatewaytest.Batch, bool) {
	if s.byte()%4 == 0 { // the wire form, as captures are
		if logs {
			ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(s.data)
			return gatewaytest.Batch{IsLogs: true, Logs: ld}, err == nil
		}
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(s.data)
		return gatewaytest.Batch{Traces: td}, err == nil
	}
	if logs {
		return s.logs(), true
	}
	return s.traces(), true
}

func (s *source) traces() gatewaytest.Batch {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	s.attributes(rs.Resource().Attributes())
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(fuzzScopes[s.byte()%len(fuzzScopes)])
	for i := range 1 + s.byte()%3 {
		span := ss.Spans().AppendEmpty()
		span.SetTraceID(pcommon.TraceID{1})
		span.SetSpanID(pcommon.SpanID{byte(i + 1)})
		span.SetParentSpanID(pcommon.SpanID{byte(i)})
		span.SetKind(ptrace.SpanKind(s.byte() % 7))
		span.SetName(fuzzNames[s.byte()%len(fuzzNames)])
		span.Status().SetCode(ptrace.StatusCode(s.byte() % 3))
		s.attributes(span.Attributes())
		for range s.byte() % 2 {
			event := span.Events().AppendEmpty()
			event.SetName("exception")
			s.attributes(event.Attributes())
		}
	}
	return gatewaytest.Batch{Traces: td}
}

func (s *source) logs() gatewaytest.Batch {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	s.attributes(rl.Resource().Attributes())
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(fuzzScopes[s.byte()%len(fuzzScopes)])
	for range 1 + s.byte()%3 {
		r := sl.LogRecords().AppendEmpty()
		s.attributes(r.Attributes())
		if s.byte()%2 == 0 {
			s.value(r.Body(), 0)
		}
	}
	return gatewaytest.Batch{IsLogs: true, Logs: ld}
}

// violation says what of all that must hold of any input does not, or nothing.
func violation(data []byte, logs bool) string {
	s := &source{data}
	e := fuzzEngines()[s.byte()%len(fuzzEngines())]
	b, ok := s.batch(logs)
	if !ok {
		return ""
	}
	count := b.Len()
	first := pass(e, b)
	stats := total(first)
	if stats.Rewritten+stats.Unchanged != count || b.Len() != count {
		return fmt.Sprintf("%d items became %d, %d of them counted", count, b.Len(), stats.Rewritten+stats.Unchanged)
	}
	for text := range allStrings(b) {
		if !utf8.ValidString(text) {
			return fmt.Sprintf("invalid UTF-8 left: %q", text)
		}
	}
	// An input may hold the evidence of several gateways, and the first pass moves some of it: then the second one
	// takes the item for another's.
	if second := pass(e, b.Clone()); !slices.Equal(gateways(first), gateways(second)) {
		return ""
	}
	diff, err := unstable(e, b)
	if err != nil {
		return err.Error()
	}
	return diff
}

// gateways are those that items were counted for.
func gateways(stats gateway.Stats) (ids []gateway.ID) {
	for _, s := range stats {
		if s.Rewritten+s.Unchanged > 0 {
			ids = append(ids, s.Gateway)
		}
	}
	slices.Sort(ids)
	return ids
}

// seed adds single recorded items in their wire form.
func seed(f *testing.F, logs bool) {
	f.Helper()
	for _, c := range gatewaytest.Captures(f) {
		for i, b := range c.Batches {
			if b.IsLogs != logs || i > 1 {
				continue
			}
			wire, err := (gatewaytest.Batch{IsLogs: b.IsLogs, Traces: firstSpans(b), Logs: firstRecords(b)}).Bytes()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(append([]byte{byte(i), 0}, wire...))
		}
	}
	for i := range byte(16) { // built ones, of growing size
		f.Add(append([]byte{i, 1}, []byte("\x01\x02\x03\x04\x09\x17\x2f\x41\x5d\x6b\x77\x83\x95\xa7\xb3\xc5")[:i]...))
	}
}

func firstSpans(b gatewaytest.Batch) ptrace.Traces {
	out := ptrace.NewTraces()
	if b.IsLogs {
		return out
	}
	b.Traces.CopyTo(out)
	for _, rs := range out.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			n := 0
			ss.Spans().RemoveIf(func(ptrace.Span) bool { n++; return n > 2 })
		}
	}
	return out
}

func firstRecords(b gatewaytest.Batch) plog.Logs {
	out := plog.NewLogs()
	if !b.IsLogs {
		return out
	}
	b.Logs.CopyTo(out)
	for _, rl := range out.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			n := 0
			sl.LogRecords().RemoveIf(func(plog.LogRecord) bool { n++; return n > 2 })
		}
	}
	return out
}

// FuzzSpan: whatever decodes stays whole, becomes valid UTF-8, and is finished after one pass.
func FuzzSpan(f *testing.F) {
	seed(f, false)
	f.Fuzz(func(t *testing.T, data []byte) { assert.Empty(t, violation(data, false)) })
}

// FuzzLog is FuzzSpan for log records and access log lines.
func FuzzLog(f *testing.F) {
	seed(f, true)
	for _, line := range []string{kongLine, caddyLine, agentLine("2026-08-21T10:15:01.5Z", "m", "")} {
		b := gatewaytest.Record(f, recordSpec{Body: line})
		wire, err := (&plog.ProtoMarshaler{}).MarshalLogs(b)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append([]byte{0, 0}, wire...))
	}
	f.Fuzz(func(t *testing.T, data []byte) { assert.Empty(t, violation(data, true)) })
}
