package testbed

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// complaints collects what a check reports.
type complaints struct {
	testing.TB
	texts []string
}

func (c *complaints) Helper() {}

func (c *complaints) Errorf(format string, args ...any) {
	c.texts = append(c.texts, fmt.Sprintf(format, args...))
}

func oneSpan(change func(ptrace.Span)) []ptrace.Traces {
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID([16]byte{1})
	span.SetSpanID([8]byte{2})
	span.SetName("GET")
	span.SetKind(ptrace.SpanKindServer)
	span.SetStartTimestamp(1)
	span.SetEndTimestamp(2)
	span.Attributes().PutInt("http.response.status_code", 200)
	change(span)
	return []ptrace.Traces{td}
}

func oneRecord(change func(plog.LogRecord)) []plog.Logs {
	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetObservedTimestamp(1)
	lr.Body().SetStr("line")
	change(lr)
	return []plog.Logs{ld}
}

func unchanged[T any](T) {}

func TestJudgeSpans(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(ptrace.Span)
		want   string
	}{
		"nothing":     {unchanged[ptrace.Span], ""},
		"new names":   {func(s ptrace.Span) { s.Attributes().PutStr("url.path", "/") }, ""},
		"legacy key":  {func(s ptrace.Span) { s.Attributes().PutStr("http.method", "GET") }, "legacy key http.method"},
		"wrong type":  {func(s ptrace.Span) { s.Attributes().PutStr("server.port", "80") }, "server.port is Str, want Int"},
		"end":         {func(s ptrace.Span) { s.SetEndTimestamp(3) }, "lost or changed: span.end = 2; new: span.end = 3"},
		"flags":       {func(s ptrace.Span) { s.SetFlags(1) }, "new: span.flags = 1"},
		"trace state": {func(s ptrace.Span) { s.TraceState().FromRaw("a=b") }, `new: span.trace_state = "a=b"`},
		"event":       {func(s ptrace.Span) { s.Events().AppendEmpty().SetName("e") }, `new: span.events[0].name = "e"`},
		"link":        {func(s ptrace.Span) { s.Links().AppendEmpty().SetSpanID([8]byte{9}) }, "new: span.links[0].span_id"},
		"span id":     {func(s ptrace.Span) { s.SetSpanID([8]byte{9}) }, "went in and never came out"},
		"secret": {
			func(s ptrace.Span) { s.Attributes().PutStr("url.query", "sig=hush") },
			`secret "hush" left in span.attributes["url.query"]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := &complaints{TB: t}
			x := NewExchange(oneSpan(unchanged), oneSpan(tc.change), nil, nil)
			x.judge(c, Subject{Program: "p", Version: "1", Case: "c", Secrets: []string{"hush"}})
			if tc.want == "" {
				assert.Empty(t, c.texts)
				return
			}
			require.Len(t, c.texts, 1)
			assert.Contains(t, c.texts[0], tc.want)
			assert.Contains(t, c.texts[0], "before")
			assert.Contains(t, c.texts[0], `"GET"`, "the payload is shown")
		})
	}
}

func TestJudgeRecords(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(plog.LogRecord)
		want   string
	}{
		"nothing":   {unchanged[plog.LogRecord], ""},
		"filled in": {func(r plog.LogRecord) { r.SetTimestamp(5); r.SetTraceID([16]byte{1}); r.SetSeverityNumber(9) }, ""},
		"time":      {func(r plog.LogRecord) { r.SetObservedTimestamp(5) }, "went in and never came out"},
		"body type": {func(r plog.LogRecord) { r.Body().SetEmptyMap() }, "went in and never came out"},
		"header":    {func(r plog.LogRecord) { r.Attributes().PutStr("http.request.header.a", "b") }, "is Str, want Slice"},
		"secret":    {func(r plog.LogRecord) { r.Body().SetStr("hush") }, `secret "hush" left in log.body`},
	} {
		t.Run(name, func(t *testing.T) {
			c := &complaints{TB: t}
			x := NewExchange(nil, nil, oneRecord(unchanged), oneRecord(tc.change))
			x.judge(c, Subject{Program: "p", Version: "1", Case: "c", Secrets: []string{"hush"}})
			if tc.want == "" {
				assert.Empty(t, c.texts)
				return
			}
			require.Len(t, c.texts, 1)
			assert.Contains(t, c.texts[0], tc.want)
		})
	}
}

func TestJudgeCounts(t *testing.T) {
	c := &complaints{TB: t}
	in := append(oneSpan(unchanged), oneSpan(func(s ptrace.Span) { s.SetSpanID([8]byte{7}) })...)
	out := oneSpan(func(s ptrace.Span) {
		s.Attributes().PutStr("http.method", "GET")
		s.Attributes().PutStr("server.port", "80")
	})
	row := NewExchange(in, out, oneRecord(unchanged), oneRecord(unchanged)).judge(c, Subject{Program: "p", Version: "1", Case: "c"})
	assert.Equal(t, Row{Program: "p", Version: "1", Case: "c", Signals: "traces+logs", In: 3, Out: 2, Legacy: 1, Types: 1}, row)

	c = &complaints{TB: t}
	Exchange{}.judge(c, Subject{Program: "p", Version: "1", Case: "c"})
	assert.Equal(t, []string{"p 1, c: nothing came in"}, c.texts)
}

func TestWrongTypes(t *testing.T) {
	attrs := pcommon.NewMap()
	require.NoError(t, attrs.FromRaw(map[string]any{
		"http.response.status_code": "200", "rpc.status_code": 3, "network.peer.port": 80, "gateway.request.duration": 1,
		"http.request.body.size": 1.5, "http.request.header.x": []any{1}, "gen_ai.usage.input_tokens": "7", "url.path": "/",
		"service.name": "x",
	}))
	assert.ElementsMatch(t, []string{
		"http.response.status_code is Str, want Int", "rpc.status_code is Int, want Str",
		"gateway.request.duration is Int, want Double", "http.request.body.size is Double, want Int",
		"http.request.header.x holds Int, want strings", "gen_ai.usage.input_tokens is Str, want Int",
	}, WrongTypes(attrs))
}

func TestWantSpan(t *testing.T) {
	want := WantSpan{Name: "GET", Kind: ptrace.SpanKindServer, Attributes: Attributes{"http.response.status_code": 200}}
	for name, tc := range map[string]struct {
		change func(ptrace.Span)
		want   string
	}{
		"same":    {unchanged[ptrace.Span], ""},
		"name":    {func(s ptrace.Span) { s.SetName("x") }, `name: want "GET", have "x"`},
		"kind":    {func(s ptrace.Span) { s.SetKind(ptrace.SpanKindClient) }, "kind: want Server, have Client"},
		"status":  {func(s ptrace.Span) { s.Status().SetCode(ptrace.StatusCodeError) }, "status: want Unset, have Error"},
		"missing": {func(s ptrace.Span) { s.Attributes().Clear() }, "attribute http.response.status_code is missing"},
		"type":    {func(s ptrace.Span) { s.Attributes().PutStr("http.response.status_code", "200") }, "want int 200, have string 200"},
		"more":    {func(s ptrace.Span) { s.Attributes().PutBool("x", true) }, "attribute x was not expected: bool true"},
	} {
		t.Run(name, func(t *testing.T) {
			c := &complaints{TB: t}
			want.Check(c, NewExchange(oneSpan(unchanged), oneSpan(tc.change), nil, nil).Spans[0])
			if tc.want == "" {
				assert.Empty(t, c.texts)
				return
			}
			require.Len(t, c.texts, 1)
			assert.Contains(t, c.texts[0], tc.want)
		})
	}
}

func TestMatchers(t *testing.T) {
	for _, good := range []string{
		Seconds(0.0), Seconds(1.5), Count(int64(0)), Port(int64(80)), IP("::1"), One(IP)([]any{"10.0.0.1"}),
		UUID("01cfc53b-5c19-97a6-9c9a-c4a54298298f"), Matches("a+")("aa"),
	} {
		assert.Empty(t, good)
	}
	for _, bad := range []string{
		Seconds(int64(1)), Seconds(-1.0), Count("0"), Port(int64(0)), Port("80"), IP("host"), One(IP)([]any{}), One(IP)("::1"),
		UUID("x"), Matches("a+")("aab"), Matches("a+")(1),
	} {
		assert.NotEmpty(t, bad)
	}
}

func TestKnownFault(t *testing.T) {
	passes, fails := func(testing.TB) {}, func(tb testing.TB) { tb.Helper(); tb.Errorf("no") }
	c := &complaints{TB: t}
	KnownFault(c, "test fault", fails, passes)
	assert.Empty(t, c.texts)
	KnownFault(c, "test fault", fails, fails)
	assert.Equal(t, []string{"no"}, c.texts, "today's outcome is checked too")
	c.texts = nil
	KnownFault(c, "test fault", passes, passes)
	assert.Equal(t, []string{"this fault is gone, do not expect it any more: test fault"}, c.texts)
}

func TestMentions(t *testing.T) {
	lines := []string{`log.body = Str "GET \"agent-grpc-x\" \"agent-grpc\""`, `a = Str "agent-ok 1.0"`, "b = agent-end"}
	for word, want := range map[string]bool{
		"agent-grpc": true, "agent-grpc-x": true, "agent-ok": true, "agent-end": true, "agent": false, "agent-g": false, "none": false,
	} {
		assert.Equal(t, want, mentions(lines, word), word)
	}
}
