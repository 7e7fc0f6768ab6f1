package konglogreceiver

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestSecretsInTexts puts a URL with a password and a signature into every text of a record, one the serializer knows or
// an operator's, and looks for them in the bytes that go on.
func TestSecretsInTexts(t *testing.T) {
	const (
		secret = "s3cr3t"
		text   = "see https://user:" + secret + "@a.example/?a=b&sig=" + secret + " there"
	)
	d, read := testReceiver(t, nil).decoder, 0
	for name, message := range recordings(t) {
		if !strings.Contains(name, "http-log") {
			continue
		}
		for _, m := range message {
			if !json.Valid([]byte(m)) {
				continue // a recording of what is no JSON
			}
			b := decode(t, d, withText(t, m, text))
			require.NotZero(t, b.records.Len(), name)
			read++
			wire, err := (&plog.ProtoMarshaler{}).MarshalLogs(b.logs)
			require.NoError(t, err)
			assert.NotContains(t, string(wire), secret, name)
			assert.Contains(t, string(wire), "https://REDACTED:REDACTED@a.example/?a=b&sig=REDACTED there", name)
		}
	}

	require.Greater(t, read, 10)

	own := `{"own":"` + text + `","list":["` + text + `",{"deep":{"url":"` + text + `"}}],"request":{"uri":"/a?next=https://u:` + secret + `@h/&sig=` + secret +
		`","url":"https://user:` + secret + `@a.example/a?sig=` + secret + `","headers":{"host":"user:` + secret + `@a.example","user-agent":"` + text + `","referer":"` + text + `","x-callback":["` + text + `"]}},` +
		`"upstream_uri":"/a?sig=` + secret + `","ai":{"proxy":{"payload":{"request":"{\"messages\":[{\"role\":\"user\",\"content\":\"` + text + `\"}]}"}}}}`
	b := decode(t, d, own)
	require.Equal(t, 1, b.records.Len())
	wire, err := (&plog.ProtoMarshaler{}).MarshalLogs(b.logs)
	require.NoError(t, err)
	assert.NotContains(t, string(wire), secret)
	agent, _ := b.records.At(0).Attributes().Get("user_agent.original")
	assert.Equal(t, "see https://REDACTED:REDACTED@a.example/?a=b&sig=REDACTED there", agent.Str())
}

// withText puts a text behind every string value of a message that Kong's serializer wrote.
func withText(tb testing.TB, message, text string) string {
	tb.Helper()
	in := json.NewDecoder(strings.NewReader(message))
	in.UseNumber()
	var v any
	require.NoError(tb, in.Decode(&v))
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case string:
			return v + " " + text
		case map[string]any:
			for key, e := range v {
				v[key] = walk(e)
			}
		case []any:
			for i, e := range v {
				v[i] = walk(e)
			}
		}
		return v
	}
	out, err := json.Marshal(walk(v))
	require.NoError(tb, err)
	return string(out)
}

// TestWithoutNames: a field or header without a name is left out and counted; nothing else is lost.
func TestWithoutNames(t *testing.T) {
	next := newPipeline()
	r := start(t, next, nil, nil)
	record := func(id int, name string) string {
		return `{"` + name + `":"v","own":{"":"kept"},"list":[{"":"kept"}],"request":{"id":"` + strconv.Itoa(id) +
			`","headers":{"` + name + `":"v","x-a":"v"}},"response":{"status":200,"headers":{"` + name + `":"v","x-b":"v"}}}`
	}
	next.set(errPipelineBusy, nil)
	code, _, _ := post(t, r.http, record(1, ""))
	require.Equal(t, 503, code)
	assert.Zero(t, r.counter(t, "unnamed"), "it comes again")
	next.set(nil, nil)
	for id, name := range []string{"", "named"} {
		code, answer, _ := post(t, r.http, record(id, name))
		require.Equal(t, 200, code, answer)
	}
	require.Equal(t, 2, next.len())
	got, want := next.records[0].Attributes().AsRaw(), next.records[1].Attributes().AsRaw()
	for _, key := range []string{"named", "http.request.header.named", "http.response.header.named", "kong.request.id"} {
		assert.Contains(t, want, key)
		delete(want, key)
	}
	delete(got, "kong.request.id")
	assert.Equal(t, want, got)
	assert.Equal(t, []any{map[string]any{"": "kept"}}, got["list"], "inside of a value, keys may be empty")
	assert.EqualValues(t, 3, r.counter(t, "unnamed"))

	conn := r.dial(t)
	write(t, conn, record(3, "")+"\n")
	eventually(t, func() bool { return r.counter(t, "unnamed") == 6 }, "the line's are counted too")

	const many = maxBatchRecords + 1
	code, answer, _ := post(t, r.http, "["+strings.Repeat(`{"":1,"a":1},`, many-1)+`{"":1,"a":1}]`)
	require.Equal(t, 200, code, answer)
	assert.EqualValues(t, 6+many, r.counter(t, "unnamed"), "of every part of a body")
}
