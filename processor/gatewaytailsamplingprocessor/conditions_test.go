package gatewaytailsamplingprocessor

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TestConditions: each condition, one trace that meets it and one that nearly does.
func TestConditions(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	one := func(options ...spanOption) []any {
		return []any{span(traceID(1), append([]spanOption{server}, options...)...)}
	}
	status := func(code int) spanOption { return attr("http.response.status_code", code) }
	for name, tc := range map[string]struct {
		match      MatchConfig
		meets, not []any
	}{
		"status_class":       {MatchConfig{StatusClass: []string{"4xx", "5xx"}}, one(status(404)), one(status(302))},
		"status_class none":  {MatchConfig{StatusClass: []string{"none"}}, one(), one(status(200))},
		"status_code":        {MatchConfig{StatusCode: []int{429}}, one(status(429)), one(status(428))},
		"duration from":      {MatchConfig{Duration: RangeConfig{Min: time.Second}}, one(took(time.Second)), one(took(time.Second - 1))},
		"duration below":     {MatchConfig{Duration: RangeConfig{Max: time.Second}}, one(took(time.Second - 1)), one(took(time.Second))},
		"method":             {MatchConfig{Method: []string{"PUT"}}, one(attr("http.request.method", "PUT")), one(attr("http.request.method", "PUTS"))},
		"path":               {MatchConfig{Path: []string{"/a/*"}}, one(attr("url.path", "/a/")), one(attr("url.path", "/a"))},
		"any path":           {MatchConfig{Path: []string{"*"}}, one(attr("url.path", "/")), one(attr("url.path", ""))},
		"host":               {MatchConfig{Host: []string{"shop"}}, one(attr("server.address", "shop")), one(attr("server.address", "Shop"))},
		"user_agent":         {MatchConfig{UserAgent: []string{"curl/*"}}, one(attr("user_agent.original", "curl/8")), one()},
		"route":              {MatchConfig{Route: []string{"/x/{id}"}}, one(attr("http.route", "/x/{id}"), attr("gateway.route.name", "y")), one(attr("gateway.route.id", "y"))},
		"route by name":      {MatchConfig{Route: []string{"y"}}, one(attr("gateway.route.name", "y")), one(attr("http.route", "/x"), attr("gateway.route.name", "y"))},
		"gateway":            {MatchConfig{Gateway: []string{"http"}}, one(attr("gateway.name", "http")), one()},
		"gateway by service": {MatchConfig{Gateway: []string{"edge"}}, one(), one(attr("gateway.name", "http"))},
		"gateway_namespace":  {MatchConfig{GatewayNamespace: []string{"a"}}, one(attr("gateway.namespace", "a")), one()},
		"listener":           {MatchConfig{Listener: []string{"https"}}, one(attr("gateway.listener.name", "https")), one(attr("gateway.listener.name", "http"))},
		"error":              {MatchConfig{Error: &yes}, one(failed), one(status(499))},
		"no error":           {MatchConfig{Error: &no}, one(status(404)), one(status(500))},
		"error of a client span with 404": {
			MatchConfig{Error: &yes},
			[]any{span(traceID(1), client, failed, status(503)), span(traceID(1), server)},
			[]any{span(traceID(1), client, failed, status(404)), span(traceID(1), server, status(404))},
		},
		"error of a client span without an answer": {
			MatchConfig{Error: &yes},
			[]any{span(traceID(1), client, failed), span(traceID(1), server)},
			[]any{span(traceID(1), client), span(traceID(1), server)},
		},
		"error of a log record": {
			MatchConfig{Error: &yes},
			[]any{record(traceID(1), "error.type", "UH"), span(traceID(1), server)},
			[]any{record(traceID(1)), span(traceID(1), server)},
		},
		"upstream": {
			MatchConfig{Upstream: []string{"cart"}},
			[]any{span(traceID(1), server), span(traceID(1), client, attr("gateway.upstream.service.name", "cart"))},
			[]any{span(traceID(1), server), span(traceID(1), client, attr("server.address", "cart"))},
		},
		"response_flags": {MatchConfig{ResponseFlags: []string{"UF", "URX"}}, one(attr("response_flags", "DC,URX")), one(attr("response_flags", "UFX"))},
		"grpc_status":    {MatchConfig{GRPCStatus: []string{"UNAVAILABLE"}}, one(attr("rpc.status_code", "UNAVAILABLE")), one(attr("rpc.status_code", "OK"))},
		"model": {
			MatchConfig{Model: []string{"gpt-*"}},
			one(attr("gen_ai.request.model", "default"), attr("gen_ai.response.model", "gpt-5")), one(attr("gen_ai.request.model", "claude")),
		},
		"tokens": {
			MatchConfig{Tokens: TokensConfig{Min: 100, Max: 200}},
			one(attr("gen_ai.usage.input_tokens", 60), attr("gen_ai.usage.output_tokens", 60)), one(attr("gen_ai.usage.input_tokens", 200)),
		},
		"spans":       {MatchConfig{Spans: []string{`attributes["a"] == 1`, `span.name == "x"`}}, one(attr("a", 1)), one(attr("a", "1"))},
		"log_records": {MatchConfig{LogRecords: []string{`log.attributes["a"] == 1`}}, []any{record(traceID(1), "a", 1)}, one(attr("a", 1))},
		"the entry span counts, not the application's": {
			MatchConfig{Path: []string{"/healthz"}},
			[]any{span(traceID(1), client), span(traceID(1), server, attr("url.path", "/healthz"))},
			[]any{
				span(traceID(1), server, attr("url.path", "/shop")),
				span(traceID(1), client, attr("url.path", "/healthz")),
				record(traceID(1), "url.path", "/healthz"),
			},
		},
		"of two gateways the outer one": {
			MatchConfig{Host: []string{"outer"}},
			[]any{
				span(traceID(1), server, parented, attr("server.address", "inner")),
				span(traceID(1), server, attr("server.address", "outer")),
			},
			[]any{
				span(traceID(1), server, parented, attr("server.address", "inner")),
				span(traceID(1), server, parented, attr("server.address", "outer"), func(s ptrace.Span) { s.SetStartTimestamp(s.StartTimestamp() + 1) }),
			},
		},
		"the access log record where there is no span": {
			MatchConfig{StatusClass: []string{"4xx"}, Path: []string{"/x"}},
			[]any{record(traceID(1), "http.response.status_code", 404, "url.path", "/x")},
			[]any{record(traceID(1), "http.response.status_code", 404), record(traceID(1), "url.path", "/x")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(c *Config) { c.Rules = []RuleConfig{{Name: "it", Match: tc.match, Action: ActionKeep}} }, func(r *rig) {
				for i, items := range [][]any{tc.meets, tc.not} {
					r.out.spans, r.out.records = nil, nil
					for _, item := range items {
						switch item := item.(type) {
						case ptrace.Traces:
							for s := range allSpans(item) {
								s.SetTraceID(traceID(1 + i))
							}
							r.consumeSpans(item)
						case plog.Logs:
							for lr := range allRecords(item) {
								lr.SetTraceID(traceID(1 + i))
							}
							r.consumeLogs(item)
						}
					}
					sleep(31 * time.Second)
					spans, records := r.out.got(1 + i)
					assert.Equal(t, (1-i)*len(items), spans+records, []string{"meets", "does not"}[i])
				}
			})
		})
	}
}

// TestFailingCondition: a condition that fails for an item is counted and not met; others beside it are asked.
func TestFailingCondition(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *Config) {
		c.Rules = []RuleConfig{{Name: "some", Action: ActionKeep, Match: MatchConfig{
			Spans: []string{`Substring(attributes["url.path"], 0, 9) == "/checkout"`, `attributes["tenant"] == "gold"`},
		}}}
	}, func(r *rig) {
		r.consumeSpans(span(traceID(1), server, attr("url.path", "/")))
		r.consumeSpans(span(traceID(2), server, attr("url.path", "/"), attr("tenant", "gold")))
		r.consumeSpans(span(traceID(3), server, attr("url.path", "/checkout/3")))
		sleep(7 * time.Second)
		assert.Len(r.t, r.out.allSpans(), 2)
		a := r.balanced()
		assert.Equal(r.t, perSignal{1, 0}, a.dropped)
		assert.EqualValues(r.t, 2, a.irregular[reasonCondition])
	})
}

// TestDefaultRules: errors and slow requests are kept, health checks dropped, and of each route something is kept.
func TestDefaultRules(t *testing.T) {
	t.Parallel()
	bubble(t, nil, func(r *rig) {
		t := r.t
		r.consumeSpans(span(lowID(1), server, failed))
		r.consumeSpans(span(lowID(2), server, took(2*time.Second)))
		r.consumeSpans(span(highID(3), server, attr("url.path", "/healthz")))
		r.consumeSpans(span(highID(4), server, attr("user_agent.original", "kube-probe/1.34"), attr("url.path", "/")))
		r.consumeSpans(span(lowID(5), server, attr("url.path", "/healthz"), attr("http.response.status_code", 503)))
		const many = 3000
		for n := range many {
			r.consumeSpans(span(traceID(n+1000), server, attr("http.route", "/busy")))
		}
		r.consumeSpans(span(lowID(6), server, attr("http.route", "/seldom")))
		sleep(7 * time.Second)
		got := make(map[string]bool)
		busy := 0
		for _, s := range r.out.allSpans() {
			if route, ok := s.Attributes().Get("http.route"); ok && route.Str() == "/busy" {
				busy++
				continue
			}
			got[s.TraceID().String()] = true
		}
		assert.Equal(t, map[string]bool{lowID(1).String(): true, lowID(2).String(): true, lowID(5).String(): true, lowID(6).String(): true}, got)
		assert.Positive(t, busy)
		assert.Less(t, busy, many/5)
	})
}

// TestInterner: a text has a number as long as somebody holds it, and there is an end to how many.
func TestInterner(t *testing.T) {
	t.Parallel()
	in := newInterner(1 << 30)
	a := in.intern("a")
	assert.Equal(t, a, in.intern("a"))
	assert.NotEqual(t, a, in.intern("b"))
	assert.Equal(t, "a", in.text(a))
	in.release(a)
	assert.Equal(t, "a", in.text(a))
	in.release(a)
	assert.NotContains(t, in.numbers, "a")
	assert.Equal(t, a, in.intern("c"), "its place is taken again")
	in.release(0)
	for i := range maxInterned {
		in.intern(strconv.Itoa(i))
	}
	assert.Len(t, in.texts, maxInterned)
	assert.EqualValues(t, otherText, in.intern("one more"))
	in.release(otherText)
	long := in.text(in.intern(string(make([]byte, 1000)))) // over the number and over the length
	assert.Empty(t, long)
	small := newInterner(64 << 10)
	for i := range 10_000 {
		small.intern(strings.Repeat("x", 200) + strconv.Itoa(i))
	}
	assert.LessOrEqual(t, small.bytes(), 64<<10)
	assert.EqualValues(t, otherText, small.intern("one more"))
}

// TestMemory: the newest decisions are remembered, exactly, and in bounded space.
func TestMemory(t *testing.T) {
	t.Parallel()
	const n = 20_000
	m := newMemory(n, n)
	for i := range n / 4 {
		m.drop(traceID(i), 7)
		m.keep(traceID(n+i), newVerdict(uint64(i)<<40, 9))
	}
	remembered := 0
	for i := range n / 4 {
		v, keep, known := m.recall(traceID(i))
		if known {
			remembered++
			require.False(t, keep)
			require.EqualValues(t, 7, v.rule())
		}
		v, keep, known = m.recall(traceID(n + i))
		if known {
			remembered++
			require.True(t, keep)
			require.Equal(t, newVerdict(uint64(i)<<40, 9), v)
		}
		_, _, known = m.recall(traceID(10*n + i))
		require.False(t, known, "a trace that was never decided")
	}
	assert.Greater(t, remembered, n/2*99/100)
	for i := range 10 * n {
		m.drop(traceID(100*n+i), 1)
	}
	_, _, known := m.recall(traceID(0))
	assert.False(t, known, "forgotten for newer ones")
	_, _, known = m.recall(traceID(100*n + 10*n - 1))
	assert.True(t, known)
}
