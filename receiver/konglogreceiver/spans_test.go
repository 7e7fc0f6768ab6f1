package konglogreceiver

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// semconvEngine is what gateway_semconv runs in its default configuration, but for one option.
func semconvEngine(tb testing.TB, content gateway.Content) *gateway.Engine {
	tb.Helper()
	opts := gateway.DefaultOptions()
	opts.Content = content
	engine, err := gateway.Compile(builtin.Profiles(), opts)
	require.NoError(tb, err)
	return engine
}

func defaultEngine(tb testing.TB) *gateway.Engine {
	tb.Helper()
	return semconvEngine(tb, gateway.ContentKeep)
}

// traceSpans are the spans of one trace: one request, or several where clients of the recording used an id again.
type traceSpans struct{ roots, tries []ptrace.Span }

// of returns the spans of the request that a record is about; false when there are none.
func (s *traceSpans) of(lr plog.LogRecord) (root ptrace.Span, tries []ptrace.Span, ok bool) {
	if s == nil {
		return root, nil, false
	}
	at := slices.IndexFunc(s.roots, func(root ptrace.Span) bool { return sameRequest(lr, root) })
	if at < 0 {
		return root, nil, false
	}
	root = s.roots[at]
	for _, try := range s.tries {
		if try.ParentSpanID() == root.SpanID() {
			tries = append(tries, try)
		}
	}
	return root, tries, true
}

// spansByTrace reads the spans that the same Kong sent over OTLP at the same time, brought to the conventions.
func spansByTrace(t *testing.T, file string) map[pcommon.TraceID]*traceSpans {
	t.Helper()
	c := replay.Capture{Signal: replay.SignalTraces, Format: replay.FormatOTLPJSON, Path: capturesRoot + "/kong/" + file}
	batches, err := c.Traces()
	require.NoError(t, err)
	engine := defaultEngine(t)
	out := make(map[pcommon.TraceID]*traceSpans)
	for _, td := range batches {
		type named struct {
			name string
			span ptrace.Span
		}
		var spans []named
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					spans = append(spans, named{s.Name(), s}) // the engine renames
				}
			}
		}
		engine.Traces(td)
		for _, s := range spans {
			of := out[s.span.TraceID()]
			if of == nil {
				of = &traceSpans{}
				out[s.span.TraceID()] = of
			}
			switch s.name {
			case "kong":
				of.roots = append(of.roots, s.span)
			case "kong.balancer":
				of.tries = append(of.tries, s.span)
			}
		}
	}
	return out
}

// differs are the values that a request's span and its record do not share, by attribute and X-Case, each with the
// reason. A field that only one of them has is no difference: the root span has the first configured path as http.route
// whether it matched or not, the record only where there is no other; the span of an aborted request has no code.
var differs = map[[2]string]string{
	{"http.response.status_code", "ai-abort"}: "the client hung up in the middle of the answer: 200 was sent, and 499 is what nginx calls the end",
	{"error.type", "nxname"}:                  "Kong 3.4.2 ends this span without a code, so that it is _OTHER; its record has 503",
}

// TestSpansSayTheSame compares each record with the root span of its request, attribute by attribute, wherever both have
// the attribute; and with the spans of its tries.
func TestSpansSayTheSame(t *testing.T) {
	d := testReceiver(t, nil).decoder
	all := recordings(t)
	excepted := make(map[[2]string]bool)
	for _, c := range []struct {
		logs, traces string
		compared     int
		attributes   map[string]int // how often both had it, at least
	}{
		{"kong/3.9.3-http-log.jsonl", "3.9.3-traces.jsonl", 90, map[string]int{"kong.request.id": 90, "http.route": 60}},
		{"kong/3.8.1-http-log.jsonl", "3.8.1-traces.jsonl", 90, map[string]int{"kong.request.id": 90, "http.route": 60}},
		{"kong/3.4.2-http-log.jsonl", "3.4.2-traces.jsonl", 55, map[string]int{"http.route": 35}},
	} {
		spans := spansByTrace(t, c.traces)
		compared := 0
		both := make(map[string]int)
		for _, m := range all[c.logs] {
			lr := decode(t, d, m).records.At(0)
			root, tries, ok := spans[lr.TraceID()].of(lr)
			if !ok {
				continue
			}
			compared++
			where := c.logs + " " + lr.Body().Str() + " " + lr.TraceID().String()
			for key, want := range root.Attributes().All() {
				got, ok := lr.Attributes().Get(key)
				if !ok {
					continue
				}
				both[key]++
				if exception := [2]string{key, caseOf(lr)}; differs[exception] != "" && got.AsString() != want.AsString() {
					excepted[exception] = true
					continue
				}
				assert.Equal(t, want.AsRaw(), got.AsRaw(), "%s: %s", where, key)
			}
			checkTries(t, where, lr, tries)
		}
		assert.GreaterOrEqual(t, compared, c.compared, c.logs)
		for _, key := range []string{"http.request.method", "http.response.status_code", "url.path", "url.scheme", "server.address", "client.address"} {
			assert.GreaterOrEqual(t, both[key], compared*9/10, "%s: %s", c.logs, key)
		}
		for key, n := range c.attributes {
			assert.GreaterOrEqual(t, both[key], n, "%s: %s", c.logs, key)
		}
	}
	assert.Len(t, excepted, len(differs), "an exception that is none any more")
}

// caseOf is the X-Case header: what the recording's client did.
func caseOf(lr plog.LogRecord) string {
	v, ok := lr.Attributes().Get("http.request.header.x-case")
	if !ok {
		return ""
	}
	return v.Slice().At(0).Str()
}

// sameRequest tells the root span of a record's request, by Kong's request id, before 3.5 by the time.
func sameRequest(lr plog.LogRecord, root ptrace.Span) bool {
	id, ok := lr.Attributes().Get("kong.request.id")
	other, has := root.Attributes().Get("kong.request.id")
	if ok && has {
		return id.Str() == other.Str()
	}
	const tolerance = 1e6 // both have one clock of a millisecond, of which the span's is a double
	return max(lr.Timestamp(), root.StartTimestamp())-min(lr.Timestamp(), root.StartTimestamp()) < tolerance
}

// checkTries compares what the record says of its upstream with the balancer's spans.
func checkTries(t *testing.T, where string, lr plog.LogRecord, tries []ptrace.Span) {
	t.Helper()
	attempts, ok := lr.Attributes().Get("gateway.upstream.attempts")
	if !ok || len(tries) == 0 {
		return
	}
	if !assert.Len(t, tries, int(attempts.Int()), where) {
		return
	}
	last := tries[0]
	for _, s := range tries {
		if s.StartTimestamp() > last.StartTimestamp() || resends(s) > resends(last) {
			last = s
		}
	}
	assert.Equal(t, attempts.Int()-1, resends(last), where)
	for record, span := range map[string]string{"gateway.upstream.address": "network.peer.address", "gateway.upstream.port": "network.peer.port"} {
		got, _ := lr.Attributes().Get(record)
		want, has := last.Attributes().Get(span)
		if has {
			assert.Equal(t, want.AsRaw(), got.AsRaw(), "%s: %s", where, record)
		}
	}
}

func resends(s ptrace.Span) int64 {
	if n, ok := s.Attributes().Get("http.request.resend_count"); ok {
		return n.Int()
	}
	return 0
}
