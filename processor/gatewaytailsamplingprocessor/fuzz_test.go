package gatewaytailsamplingprocessor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// everyRule has rules and policies that read all that can be read of an item.
func everyRule(c *Config) {
	yes := true
	c.Rules = []RuleConfig{
		{Name: "errors", Match: MatchConfig{Error: &yes, Duration: RangeConfig{Min: time.Second}}, Action: ActionKeep},
		{Name: "odd", Match: MatchConfig{
			ResponseFlags: []string{"UF"}, Model: []string{"gpt-*"}, Tokens: TokensConfig{Min: 1},
		}, Action: ActionRatio, Ratio: 0.5, Key: []KeyPart{"host"}, Floor: 1},
		{Name: "said", Match: MatchConfig{
			Spans:      []string{`Substring(attributes["url.path"], 0, 9) == "/checkout"`, `attributes["n"] / attributes["m"] > 2`},
			LogRecords: []string{`body["a"]["b"][0] == 1`},
		}, Action: ActionRate, PerSecond: 1, Key: []KeyPart{"route", "method"}},
		{Name: "some", Match: MatchConfig{StatusClass: []string{"2xx"}}, Action: ActionAdaptive, PerSecond: 1, Key: []KeyPart{"model"}},
	}
	leaf := func(name, kind string) LeafPolicyConfig { return LeafPolicyConfig{Name: name, Type: kind} }
	c.Policies = []PolicyConfig{
		{Leaf: leaf("slow", "latency")},
		{Leaf: leaf("bytes", "bytes_limiting")},
		{Leaf: leaf("state", "trace_state")},
		{Leaf: leaf("conditions", "ottl_condition")},
	}
	c.Policies[0].Leaf.Latency.ThresholdMs = 1000
	c.Policies[1].Leaf.BytesLimiting.BytesPerSecond = 10
	c.Policies[2].Leaf.TraceState = TraceStateConfig{Key: "v", Values: []string{"1"}}
	c.Policies[3].Leaf.OTTLCondition.SpanEvent = []string{`attributes["a"] == Len(attributes["b"])`}
	c.Marks = []Mark{MarkRule, MarkTrigger}
}

// hostile are items that nobody should send, by what is wrong with them.
func hostile() map[string]spanOption {
	return map[string]spanOption{
		"keys twice": func(s ptrace.Span) {
			s.Attributes().PutStr("url.path", "/a")
			s.Attributes().PutStr("url.patx", "/b")
			b, _ := (&ptrace.ProtoMarshaler{}).MarshalTraces(wrap(s)) // of what was just made
			td, _ := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces([]byte(strings.ReplaceAll(string(b), "url.patx", "url.path")))
			at(td).MoveTo(s)
		},
		"10,000 deep": func(s ptrace.Span) {
			v := s.Attributes().PutEmpty("deep")
			for range 5000 {
				v = v.SetEmptySlice().AppendEmpty().SetEmptyMap().PutEmpty("")
			}
		},
		"no UTF-8": func(s ptrace.Span) { s.SetName("\xff\xfe"); s.Attributes().PutStr("\xc3", "\x00\x80") },
		"values of wrong kind": func(s ptrace.Span) {
			for _, key := range []string{"http.response.status_code", "http.route", "url.path", "gen_ai.usage.input_tokens", "response_flags"} {
				s.Attributes().PutEmptyBytes(key).FromRaw([]byte{1, 2})
			}
			s.Attributes().PutEmptyMap("server.address")
			s.Attributes().PutEmpty("http.request.method")
		},
		"numbers out of range": func(s ptrace.Span) {
			s.Attributes().PutInt("http.response.status_code", -1<<63)
			s.Attributes().PutInt("gen_ai.usage.input_tokens", 1<<63-1)
			s.Attributes().PutInt("gen_ai.usage.output_tokens", 1<<63-1)
			s.SetKind(-7)
			s.Status().SetCode(1 << 30)
			s.SetFlags(1<<32 - 1)
			s.SetDroppedAttributesCount(1<<32 - 1)
			s.SetStartTimestamp(1<<64 - 1)
			s.SetEndTimestamp(1<<63 + 1)
		},
		"a trace state of 2 kB": func(s ptrace.Span) { s.TraceState().FromRaw("ot=th:" + strings.Repeat("f", 2000)) },
		"no randomness":         func(s ptrace.Span) { s.TraceState().FromRaw("ot=rv:zz;th:zz,,=,") },
		"itself as parent":      func(s ptrace.Span) { s.SetParentSpanID(s.SpanID()) },
		"links to itself": func(s ptrace.Span) {
			for range 1000 {
				link := s.Links().AppendEmpty()
				link.SetTraceID(s.TraceID())
				link.TraceState().FromRaw("\n")
			}
		},
		"events without end": func(s ptrace.Span) {
			for range 10_000 {
				s.Events().AppendEmpty().SetTimestamp(1<<64 - 1)
			}
		},
		"no span id": func(s ptrace.Span) { s.SetSpanID(pcommon.SpanID{}) },
	}
}

// wrap makes a request of a copy of a span.
func wrap(s ptrace.Span) ptrace.Traces {
	td := ptrace.NewTraces()
	s.CopyTo(td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty())
	return td
}

// TestHostileItems: each comes out as it went in, byte by byte, and so do the traces beside it.
func TestHostileItems(t *testing.T) {
	t.Parallel()
	for name, change := range hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, keepAll, func(r *rig) {
				t := r.t
				want := make(map[pcommon.TraceID]string)
				for n, options := range [][]spanOption{{server}, {server, change}, {server}} {
					td := span(traceID(n), options...)
					b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(wrap(at(td)))
					require.NoError(t, err)
					want[traceID(n)] = string(b)
					r.consumeSpans(td)
				}
				sleep(31 * time.Second)
				spans := r.out.allSpans()
				assert.Len(t, spans, len(want))
				for _, s := range spans {
					b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(wrap(s))
					require.NoError(t, err)
					assert.Equal(t, want[s.TraceID()], string(b))
				}
			})
		})
	}
}

// FuzzConsume: whatever a receiver lets through is accounted for, with every rule there is, and takes nobody with it.
func FuzzConsume(f *testing.F) {
	for _, change := range hostile() {
		b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(span(traceID(1), server, change))
		require.NoError(f, err)
		f.Add(b, []byte(nil))
	}
	b, err := (&plog.ProtoMarshaler{}).MarshalLogs(record(traceID(1), logThreshold, "?", "gateway.request.duration", 1e308))
	require.NoError(f, err)
	f.Add([]byte(nil), b)
	f.Fuzz(func(t *testing.T, spans, records []byte) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(spans)
		if err != nil {
			return
		}
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(records)
		if err != nil {
			return
		}
		r := newRig(t, func(c *Config) {
			everyRule(c)
			small(c)
			c.Linger, c.Wait, c.Decisions = 0, time.Hour, DecisionsConfig{Dropped: 100, Kept: 100}
		})
		fails := true
		r.out.setFail(func(signal) error {
			if fails = !fails; fails {
				return errors.New("now and then")
			}
			return nil
		})
		offered := perSignal{int64(td.SpanCount()) + 1, int64(ld.LogRecordCount())}
		_ = r.traces.ConsumeTraces(context.Background(), td) // what is refused is counted
		_ = r.logs.ConsumeLogs(context.Background(), ld)
		other := span(traceID(99), server, failed, took(time.Minute))
		r.consumeSpans(other)
		r.balanced()
		r.out.setFail(nil)
		r.end()
		a, _ := r.sampler.totals()
		assert.Equal(t, offered, a.received)
		kept, _ := r.out.got(99)
		assert.Equal(t, 1, kept)
	})
}
