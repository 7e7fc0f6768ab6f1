package logline

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// readKong reads a whole message: the records it holds and the faults between them.
func readKong(tb testing.TB, message string, opts KongOptions) (records []attributes, info []KongRecord, faults []*KongError) {
	tb.Helper()
	r := ReadKong(message, opts)
	defer r.Close()
	for {
		attrs := pcommon.NewMap()
		rec, err := r.Next(attrs)
		if errors.Is(err, io.EOF) {
			return records, info, faults
		}
		if err != nil {
			require.Zero(tb, attrs.Len())
			fault, ok := errors.AsType[*KongError](err)
			require.True(tb, ok, "%T", err)
			faults = append(faults, fault)
			require.Less(tb, len(faults), 10_000, "the reader does not move on")
			continue
		}
		raw := attrs.AsRaw()
		require.Len(tb, raw, attrs.Len(), "a key occurs twice")
		records, info = append(records, raw), append(info, rec)
	}
}

// one reads one record, without the two attributes that all have.
func one(tb testing.TB, message string) attributes {
	tb.Helper()
	records, _, faults := readKong(tb, message, KongOptions{})
	require.Empty(tb, faults)
	require.Len(tb, records, 1)
	maps.DeleteFunc(records[0], func(key string, _ any) bool { return key == "kong.subsystem" || key == "log.type" })
	return records[0]
}

// TestKongFields has a line for every field of the serializer.
func TestKongFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		want attributes
	}{
		"request": {
			`{"request":{"id":"ab","method":"GET","uri":"/a?b=1","url":"http://h:8000/a?b=1","size":96,"querystring":{"b":"1","c":[true,{}]}}}`,
			attributes{
				"kong.request.id": "ab", "http.request.method": "GET", "kong.request.uri": "/a?b=1",
				"kong.request.url": "http://h:8000/a?b=1", "http.request.size": int64(96),
			},
		},
		"headers": {
			`{"request":{"headers":{"accept":"*/*","x-dup":["one","two"],"user-agent":"curl","n":5,"t":true,"e":{}}},"response":{"headers":{"via":"kong"}}}`,
			attributes{
				"http.request.header.accept": []any{"*/*"}, "http.request.header.x-dup": []any{"one", "two"},
				"http.request.header.user-agent": []any{"curl"}, "user_agent.original": "curl", "http.request.header.n": int64(5),
				"http.request.header.t": true, "http.response.header.via": []any{"kong"},
			},
		},
		"tls": {
			`{"request":{"tls":{"version":"TLSv1.3","cipher":"X","client_verify":"NONE","supported_client_ciphers":"A:B"}}}`,
			attributes{
				"kong.tls.version": "TLSv1.3", "kong.tls.cipher": "X", "kong.tls.client_verify": "NONE",
				"kong.tls.supported_client_ciphers": "A:B",
			},
		},
		"response": {`{"response":{"status":200,"size":5,"headers":{}}}`, attributes{"http.response.status_code": int64(200), "http.response.size": int64(5)}},
		"latencies": {
			`{"latencies":{"request":4,"kong":2,"proxy":-1,"receive":0,"session":297,"client":1.5}}`,
			attributes{
				"kong.latency.total": int64(4), "kong.latency.internal": int64(2), "kong.latency.upstream": int64(-1),
				"kong.latency.receive": int64(0), "kong.latency.session": int64(297), "kong.latency.client": 1.5,
			},
		},
		"tries": {
			`{"tries":[{"ip":"1.1.1.1","port":80,"state":"failed","code":502},{"ip":"1.1.1.2","port":81,"balancer_start_ns":1.79527455062e+18,"keepalive":true}]}`,
			attributes{
				"kong.upstream.tries": int64(2), "kong.upstream.ip": "1.1.1.2", "kong.upstream.port": int64(81),
				"kong.upstream.try.1.ip": "1.1.1.1", "kong.upstream.try.1.port": int64(80), "kong.upstream.try.1.state": "failed",
				"kong.upstream.try.1.code": int64(502), "kong.upstream.try.2.ip": "1.1.1.2", "kong.upstream.try.2.port": int64(81),
				"kong.upstream.try.2.balancer_start_ns": int64(1795274550620000000), "kong.upstream.try.2.keepalive": true,
			},
		},
		"no tries": {`{"tries":[]}`, attributes{"kong.upstream.tries": int64(0)}},
		"route and service": {
			`{"route":{"id":"r","paths":["/a","~/b"],"protocols":["http"],"headers":{"x-t":["a"]},"destinations":[{"port":9100}],"service":{"id":"s"},"tags":{}},"service":{"name":"n","tags":["x"],"client_certificate":{"id":"c"}}}`,
			attributes{
				"kong.route.id": "r", "kong.route.paths.1": "/a", "kong.route.paths.2": "~/b", "kong.route.protocols.1": "http",
				"kong.route.headers.x-t.1": "a", "kong.route.destinations.1.port": int64(9100), "kong.route.service.id": "s",
				"kong.service.name": "n", "kong.service.tags.1": "x", "kong.service.client_certificate.id": "c",
			},
		},
		"the only path": {`{"route":{"paths":["/a"]}}`, attributes{"kong.route.paths.1": "/a", "kong.route.path": "/a"}},
		"who": {
			`{"consumer":{"id":"c","tags":["gold"]},"authenticated_entity":{"id":"e"},"client_ip":"10.0.0.9"}`,
			attributes{
				"kong.auth.consumer.id": "c", "kong.auth.consumer.tags.1": "gold", "kong.auth.authenticated_entity.id": "e",
				"client.address": "10.0.0.9",
			},
		},
		"where": {
			`{"workspace":"w","workspace_name":"default","correlation_id":"x#1","started_at":1795274550617}`,
			attributes{
				"kong.workspace.id": "w", "kong.workspace.name": "default", "kong.correlation_id": "x#1",
				"kong.request.started_at": int64(1795274550617),
			},
		},
		"session": {
			`{"session":{"received":6,"sent":7,"status":200,"server_port":"","tls":{"version":"TLSv1.2"}},"upstream":{"received":"0, 512","sent":"0, x"},"route":{"protocols":["tls"]}}`,
			attributes{
				"kong.session.received": int64(6), "kong.session.sent": int64(7), "kong.session.status": int64(200),
				"kong.session.server_port": "", "kong.tls.version": "TLSv1.2", "kong.upstream.received": int64(512),
				"kong.upstream.sent": "0, x", "kong.route.protocols.1": "tls", "stream_protocol": "tcp",
			},
		},
		"an operator's": {
			`{"my":{"nested":{"key":42}},"list":["a",{"b":1}],"empty":{},"none":[],"num":1.5,"null":null,"big":1.2345678901235e+16,"tiny":5.5e-05}`,
			attributes{
				"my.nested.key": int64(42), "list": []any{"a", map[string]any{"b": int64(1)}}, "num": 1.5,
				"big": int64(12345678901235000), "tiny": 5.5e-05,
			},
		},
		"replaced by an operator": {
			`{"route":"gone","client_ip":{"v4":"1.2.3.4"},"tries":"none","trace_id":"0af7651916cd43dd8448eb211c80319c"}`,
			attributes{
				"kong.route": "gone", "client.address.v4": "1.2.3.4", "kong.upstream.try": "none",
				"kong.trace_id": "0af7651916cd43dd8448eb211c80319c",
			},
		},
		"the last of two": {`{"client_ip":"1","client_ip":"2","request":{"size":1},"request":{"size":2}}`, attributes{"client.address": "2", "http.request.size": int64(2)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, one(t, c.in))
		})
	}
}

// TestKongAI has every layout of the ai section.
func TestKongAI(t *testing.T) {
	t.Parallel()
	call := `{"meta":{"provider_name":"openai","request_model":"m","response_model":"UNSPECIFIED"},"usage":{"prompt_tokens":1},"payload":{"request":"q","response":"a"},"cache":{}}`
	want := attributes{
		"kong.gen_ai.meta.provider_name": "openai", "kong.gen_ai.meta.request_model": "m", "kong.gen_ai.usage.prompt_tokens": int64(1),
		"kong.gen_ai.payload.request": "q", "kong.gen_ai.payload.response": "a",
	}
	for _, layout := range []string{`{"ai":` + call + `}`, `{"ai":{"ai-proxy":` + call + `}}`, `{"ai":{"ai-proxy-advanced":` + call + `}}`, `{"ai":{"proxy":` + call + `}}`} {
		assert.Equal(t, want, one(t, layout), layout)
	}
	assert.Equal(t, attributes{
		"kong.gen_ai.ai-request-transformer.meta.request_model": "m", "kong.gen_ai.content.ai-request-transformer.payload.request": "text",
		"kong.gen_ai.content.aws-guardrails.input_faulty_prompt": "bad", "kong.gen_ai.aws-guardrails.mode": "BOTH",
		"kong.gen_ai.content.sanitizer.sanitized_items": []any{map[string]any{"original_text": "x"}}, "kong.gen_ai.sanitizer.pii_identified": int64(1),
		"kong.gen_ai.usage.prompt_tokens_details.cached_tokens": int64(3), "kong.gen_ai.payload.request": "q",
	}, one(t, `{"ai":{"ai-request-transformer":{"meta":{"request_model":"m"},"payload":{"request":"text"},"cache":{}},`+
		`"proxy":{"aws-guardrails":{"mode":"BOTH","input_faulty_prompt":"bad"},"usage":{"prompt_tokens_details":{"cached_tokens":3}}},`+
		`"sanitizer":{"sanitized_items":[{"original_text":"x"}],"pii_identified":1},"payload":{"request":"q"}}}`))
	assert.Equal(t, attributes{
		"kong.gen_ai.mcp.mcp_session_id": "s", "kong.gen_ai.mcp.rpc.method": "tools/call", "kong.gen_ai.mcp.rpc.tool_name": "t",
		"kong.gen_ai.content.mcp.rpc.payload.request": "{}", "kong.gen_ai.mcp.audit.1.primitive": "tool",
	}, one(t, `{"ai":{"mcp":{"mcp_session_id":"s","rpc":[{"method":"tools/call","tool_name":"t","payload":{"request":"{}"}}],"audit":[{"primitive":"tool"}]}}}`))
	assert.Equal(t, attributes{
		"kong.gen_ai.a2a.rpc.1.method": "message/send", "kong.gen_ai.a2a.rpc.2.method": "tasks/get", "kong.gen_ai.content.a2a.rpc.2.payload.response": "r",
	}, one(t, `{"ai":{"a2a":{"rpc":[{"method":"message/send"},{"method":"tasks/get","payload":{"response":"r"}}]}}}`))
}

// TestKongTraceID: one id, whatever its notation.
func TestKongTraceID(t *testing.T) {
	t.Parallel()
	const w3c = "0af7651916cd43dd8448eb211c80319c"
	for in, want := range map[string]attributes{
		`"w3c":"` + w3c + `"`:             {"kong.trace_id": w3c},
		`"b3":"64fe8b2a57d3eff7"`:         {"kong.trace_id": "000000000000000064fe8b2a57d3eff7"},
		`"datadog":"1234567890123456789"`: {"kong.trace_id": "0000000000000000112210f47de98115"},
		`"datadog":"9532127138774266268"`: {"kong.trace_id": "00000000000000008448eb211c80319c"},
		`"datadog":"9532127138774266268","ot":"8448eb211c80319c","gcp":"` + w3c + `","w3c":"` + w3c + `"`: {"kong.trace_id": w3c},
		`"b3":"80f198ee56343ba864fe8b2a57d3eff7","w3c":"` + w3c + `"`:                                     {"kong.trace_id": w3c, "kong.trace_id.b3": "80f198ee56343ba864fe8b2a57d3eff7"},
		`"w3c":"zz","jaeger":"` + w3c + `"`:                                                               {"kong.trace_id": w3c, "kong.trace_id.w3c": "zz"},
		`"w3c":"","datadog":"0","new":"x"`:                                                                {"kong.trace_id.datadog": "0", "kong.trace_id.new": "x"},
		`"w3c":5`:                                                                                         {"kong.trace_id.w3c": int64(5)},
	} {
		assert.Equal(t, want, one(t, `{"trace_id":{`+in+`}}`), in)
	}
}

// TestKongUpstreamPart: what the serializer says of an upstream that had no part in the answer is no truth.
func TestKongUpstreamPart(t *testing.T) {
	t.Parallel()
	const failed = `{"state":"failed","code":502}`
	for name, c := range map[string]struct {
		in                  string
		status, source, uri any
	}{
		"answered":                     {`"upstream_status":"200","source":"upstream","tries":[{}]`, "200", "upstream", "/u"},
		"retried":                      {`"upstream_status":"502, 200","source":"upstream","tries":[` + failed + `,{}]`, "502, 200", "upstream", "/u"},
		"a number":                     {`"upstream_status":200,"source":"upstream","tries":[{}]`, int64(200), "upstream", "/u"},
		"its own 503 counts as failed": {`"upstream_status":"503","source":"upstream","tries":[{"state":"failed","code":503}]`, "503", "upstream", "/u"},
		"nobody answered":              {`"upstream_status":"502, 502","source":"kong","tries":[` + failed + `,` + failed + `]`, nil, "kong", "/u"},
		"nobody answered, up to 3.5":   {`"upstream_status":"502","tries":[` + failed + `]`, nil, nil, "/u"},
		"a 503 up to 3.5":              {`"upstream_status":"503","tries":[{"state":"failed","code":503}]`, "503", nil, "/u"},
		"a plugin took over":           {`"upstream_status":"200","source":"kong","tries":[{}]`, "200", "kong", "/u"},
		"the client hung up":           {`"upstream_status":"-","source":"upstream","tries":[{}]`, nil, nil, "/u"},
		"it hung up while reading":     {`"upstream_status":"200","source":"upstream","tries":[{}]`, "200", "upstream", "/u"},
		"an upload broke off":          {`"upstream_status":"","source":"upstream","tries":[]`, nil, nil, nil},
		"refused":                      {`"upstream_status":"","source":"kong","tries":[]`, nil, "kong", nil},
		"no route":                     {`"upstream_status":"","source":"kong"`, nil, "kong", nil},
		"taken out by an operator":     {`"source":"upstream"`, nil, "upstream", "/u"},
	} {
		got := one(t, `{"upstream_uri":"/u","latencies":{"proxy":5},`+c.in+`}`)
		assert.Equal(t, c.status, got["kong.upstream.status_code"], name)
		assert.Equal(t, c.source, got["kong.response.source"], name)
		assert.Equal(t, c.uri, got["kong.upstream.uri"], name)
		assert.Equal(t, c.uri != nil, got["kong.latency.upstream"] != nil, name)
	}
}

// TestKongDropConsumer: nothing is left that says who called.
func TestKongDropConsumer(t *testing.T) {
	t.Parallel()
	const message = `{"consumer":{"id":"ALICE"},"authenticated_entity":{"id":"ALICE"},"client_ip":"1.2.3.4","request":{"headers":{` +
		`"x-consumer-username":"ALICE","x-consumer-custom-id":"ALICE","x-credential-identifier":"ALICE","x-anonymous-consumer":"ALICE",` +
		`"x-authenticated-userid":"ALICE","x-case":"kept"}},"ai":{"mcp":{"audit":[{"consumer":{"name":"ALICE"},"action":"allow"}]},` +
		`"proxy":{"lakera-guard":{"input_block_consumer_id":"ALICE","mode":"BOTH"}}}}`
	kept, _, _ := readKong(t, message, KongOptions{})
	text, err := json.Marshal(kept)
	require.NoError(t, err)
	assert.Equal(t, 9, strings.Count(string(text), "ALICE"))
	dropped, _, faults := readKong(t, message, KongOptions{DropConsumer: true})
	require.Empty(t, faults)
	assert.Equal(t, attributes{
		"client.address": "1.2.3.4", "http.request.header.x-case": []any{"kept"}, "kong.gen_ai.mcp.audit.1.action": "allow",
		"kong.gen_ai.lakera-guard.mode": "BOTH", "kong.subsystem": "http", "log.type": "access",
	}, dropped[0])
}

func TestKongRecordInfo(t *testing.T) {
	t.Parallel()
	_, info, _ := readKong(t, `{"request":{"method":"GET","uri":"/a?token=s"},"response":{"status":200},"latencies":{"request":4,"kong":1},"started_at":1795274550617}`+
		`{"started_at":1.795274550617e+12,"session":{"status":200},"latencies":{"kong":0}}{"started_at":1795274550617.25}{"started_at":-1,"response":{"status":400}}{"started_at":"x"}`, KongOptions{})
	require.Len(t, info, 5)
	assert.Equal(t, KongRecord{UnixNano: 1795274550617000000, Summary: "GET /a 200 4ms", whole: true}, info[0])
	assert.Equal(t, KongRecord{UnixNano: 1795274550617000000, whole: true}, info[1])
	assert.Equal(t, KongRecord{UnixNano: 1795274550617250000}, info[2])
	assert.Equal(t, KongRecord{Summary: "400"}, info[3])
	assert.Equal(t, KongRecord{}, info[4])
}

// TestKongReader: a message may hold one or more records, and a bad one costs only itself.
func TestKongReader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in     string
		want   []int // the "n" of the records
		faults []string
		at     int // of the first fault
	}{
		"object":                 {`{"n":1}`, []int{1}, nil, 0},
		"array":                  {` [ {"n":1} , {"n":2} ] `, []int{1, 2}, nil, 0},
		"empty array":            {`[]`, nil, nil, 0},
		"nothing":                {" \n ", nil, nil, 0},
		"one behind the other":   {`{"n":1}{"n":2}[{"n":3}]` + "\n" + `{"n":4}`, []int{1, 2, 3, 4}, nil, 0},
		"loggly's frame":         {`<14>1 2026-11-21T15:22:30Z vm kong - - [abcd-key@41058 tag="kong"] {"n":1}`, []int{1}, nil, 0},
		"a frame without object": {`<14>1 x`, nil, []string{"syntax"}, 0},
		"bad in the middle":      {`[{"n":1},{"n":2,},{"n":3}]`, []int{1, 3}, []string{"syntax"}, 16},
		"wrong types":            {`[{"n":1},5,"x",null,[{"n":9}],true,{"n":3}]`, []int{1, 3}, []string{"not_an_object", "not_an_object", "not_an_object", "not_an_object", "not_an_object"}, 9},
		"no object at all":       {`"text"`, nil, []string{"not_an_object"}, 0},
		"no JSON":                {`hello`, nil, []string{"syntax"}, 0},
		"truncated":              {`[{"n":1},{"n":2`, []int{1}, []string{"truncated"}, 15},
		"truncated string":       {`{"n":1,"a":"b`, nil, []string{"truncated"}, 11},
		"truncated array":        {`[{"n":1}`, []int{1}, []string{"truncated"}, 8},
		"truncated after comma":  {`[{"n":1},`, []int{1}, []string{"truncated"}, 9},
		"comma at the end":       {`[{"n":1},]{"n":2}`, []int{1, 2}, []string{"syntax"}, 9},
		"comma at the start":     {`[,{"n":1}]`, []int{1}, []string{"syntax"}, 1},
		"no comma":               {`[{"n":1}{"n":2}]`, []int{1, 2}, nil, 0},
		"junk between":           {`[{"n":1} x {"n":2}]`, []int{1, 2}, []string{"syntax"}, 9},
		"too many brackets":      {`{"n":1}}` + "\n" + `{"n":2}`, []int{1, 2}, []string{"syntax"}, 7},
		"brackets in strings":    {`[{"n":1,"a":"}]{[\"}"},{"n":2,"b":"\\"}]`, []int{1, 2}, nil, 0},
		"too deep":               {`[` + strings.Repeat(`{"a":`, 70) + `1` + strings.Repeat(`}`, 70) + `,{"n":1}]`, []int{1}, []string{"limit"}, 321},
		"too wide":               {`[{` + strings.Repeat(`"a":1,`, 5000) + `"b":1},{"n":1}]`, []int{1}, []string{"limit"}, 24583},
		"unquoted key":           {`{n:1}`, nil, []string{"syntax"}, 1},
		"no colon":               {`{"n" 1}`, nil, []string{"syntax"}, 5},
		"broken number":          {`[{"n":-},{"n":1}]`, []int{1}, []string{"syntax"}, 6},
		"broken querystring":     {`{"request":{"querystring":{"a":}},"n":1}`, []int{1}, nil, 0},
		"unclosed querystring":   {`{"request":{"querystring":{"a":"b},"n":1}`, nil, []string{"truncated"}, 26},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records, _, faults := readKong(t, c.in, KongOptions{})
			var got []int
			for _, r := range records {
				n, _ := r["n"].(int64)
				got = append(got, int(n))
			}
			assert.Equal(t, c.want, got)
			var kinds []string
			for _, f := range faults {
				kinds = append(kinds, f.Fault.String())
				assert.NotEmpty(t, f.Error())
			}
			assert.Equal(t, c.faults, kinds)
			if len(faults) > 0 {
				assert.Equal(t, c.at, faults[0].Offset)
			}
		})
	}
}

// TestKongErrorsQuoteNothing: messages hold secrets.
func TestKongErrorsQuoteNothing(t *testing.T) {
	t.Parallel()
	for _, in := range []string{`{"SECRET" 1}`, `{"a":SECRET}`, `SECRET`, `{"a":"SECRET`, `{"request":{"headers":{"cookie":SECRET}}}`} {
		_, _, faults := readKong(t, in, KongOptions{})
		require.NotEmpty(t, faults)
		assert.NotContains(t, faults[0].Error(), "SECRET")
	}
}

// TestKongLine: as a line of a file it must be the whole line, and a record of Kong.
func TestKongLine(t *testing.T) {
	t.Parallel()
	const line = `{"latencies":{"kong":1,"request":4},"started_at":1795274550617,"client_ip":"1.2.3.4","request":{"method":"GET"}}`
	require.Equal(t, FormatKong, Sniff(line+"\n"))
	got, at := parsed(t, FormatKong, line+"\n")
	assert.Equal(t, int64(1795274550617000000), at)
	assert.Equal(t, "GET", got["http.request.method"])
	refused(t, FormatKong, line+` x`)
	refused(t, FormatKong, line[:50])
	refused(t, FormatKong, ``)
	_, err := Parse(FormatKong, `{"a":{"latencies":{},"started_at":1,"client_ip":"x"}}`, pcommon.NewMap())
	require.ErrorIs(t, err, ErrNotAccessLog)
	assert.Equal(t, FormatJSON, Sniff(`{"path":"\"latencies\":{ \"started_at\": \"client_ip\":"}`))
	for _, line := range recording(t, "kong-3.9.3-tcp-log.jsonl") {
		got, at := parsed(t, FormatKong, line)
		assert.Positive(t, at)
		assert.NotEmpty(t, got["client.address"])
	}
}

// TestKongReuse: a reader that has seen much gives the same result as a new one, and forgets the messages.
func TestKongReuse(t *testing.T) {
	t.Parallel()
	p := newKongParser()
	lines := recording(t, "kong-3.9.3-tcp-log.jsonl")
	for range 2 {
		for _, line := range lines {
			p.s, p.i = line, 0
			attrs, fresh := pcommon.NewMap(), pcommon.NewMap()
			got, err := p.record(attrs)
			require.NoError(t, err)
			q := newKongParser()
			q.s = line
			want, err := q.record(fresh)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, fresh.AsRaw(), attrs.AsRaw())
		}
	}
	p.forget()
	assert.Empty(t, p.s)
	for _, f := range p.out[:cap(p.out)] {
		assert.Equal(t, kongField{}, f)
	}
	for _, pair := range p.keys {
		for _, key := range pair {
			assert.Equal(t, key.prefix+key.name, key.key)
			assert.LessOrEqual(t, len(key.key), maxInternedKey)
		}
	}
	for i := range 5000 {
		prefix, name := strings.Repeat("p", i%50), strings.Repeat("y", i%200)+strings.Repeat("z", i/200)
		require.Equal(t, prefix+name, p.join(prefix, name))
		require.Equal(t, prefix+name, p.join(prefix, name))
	}
}

// TestKongLinear: hostile messages cost no more per byte than others.
func TestKongLinear(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]string{
		"headers":       `"h$":"v",`,
		"custom fields": `"a$":{"b":1},`,
	} {
		var b strings.Builder
		for i := range 3000 {
			b.WriteString(strings.ReplaceAll(part, "$", strings.Repeat("x", i%7)+string(rune('a'+i%26))+strings.Repeat("y", i/26)))
		}
		message := `{"request":{"headers":{` + strings.TrimSuffix(b.String(), ",") + `}}}`
		records, _, faults := readKong(t, message, KongOptions{})
		assert.Empty(t, faults, name)
		assert.Len(t, records, 1, name)
	}
	// Every one of these is bad, and each is looked at once more to find its end.
	_, _, faults := readKong(t, "["+strings.Repeat(`{"a":[[[[{"b":}]]]]},`, 9000)+"1]", KongOptions{})
	assert.Len(t, faults, 9001)
}

// FuzzKong: whatever the message, the reader ends, makes valid records, and takes what encoding/json takes.
func FuzzKong(f *testing.F) {
	addRecordings(f, "kong-*-tcp-log.jsonl")
	f.Add(`[{"n":1},{"n":2,},5,{"a":{"b":[1,{}]},"trace_id":{"datadog":"12"}}]`)
	f.Add(`{"ai":{"mcp":{"rpc":[{"payload":{"request":"x"}}]},"proxy":{"payload":{"request":"x"}}},"session":{"status":1}}`)
	f.Add(`<14>1 - [x] {"upstream_status":"-","source":"upstream","tries":[{"ip":"::1"}],"route":{"paths":["/"]}}`)
	f.Fuzz(func(t *testing.T, message string) {
		// What an earlier input left in a pooled reader would make two runs of one input look different.
		kongParsers = sync.Pool{New: func() any { return newKongParser() }}
		for _, opts := range []KongOptions{{}, {DropConsumer: true}} {
			records, _, faults := readKong(t, message, opts)
			require.LessOrEqual(t, len(records)+len(faults), len(message)+1)
			for _, fault := range faults {
				require.GreaterOrEqual(t, fault.Offset, 0)
				require.LessOrEqual(t, fault.Offset, len(message))
				require.Less(t, fault.Fault, KongFaults)
			}
			again, _, _ := readKong(t, message, opts)
			require.Equal(t, records, again)
			for _, r := range records {
				if opts.DropConsumer {
					require.False(t, slices.ContainsFunc(slices.Collect(maps.Keys(r)), func(key string) bool {
						return strings.HasPrefix(key, "kong.auth.") && !strings.Contains(message, "kong")
					}))
				}
			}
			var object map[string]any
			if json.Unmarshal([]byte(message), &object) == nil && object != nil && len(records) == 0 {
				require.NotEmpty(t, faults)
				// encoding/json takes it. An object without fields is no record.
				require.Contains(t, []KongFault{KongFaultLimit, KongFaultType}, faults[0].Fault)
			}
		}
		attrs := pcommon.NewMap()
		if _, err := Parse(FormatKong, message, attrs); err != nil {
			require.Zero(t, attrs.Len())
		}
	})
}
