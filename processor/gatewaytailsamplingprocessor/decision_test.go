package gatewaytailsamplingprocessor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
)

// bubble runs a test with a clock of its own, which stands still while anything works.
func bubble(t *testing.T, change func(*Config), test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, change)
		test(r)
		r.end()
	})
}

// sleep lets time pass and waits until everything that it set off is done.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// TestWhen: linger after the entry span, wait without one.
func TestWhen(t *testing.T) {
	t.Parallel()
	remote := func(s ptrace.Span) { s.SetFlags(flagHasIsRemote | flagIsRemote) }
	local := func(s ptrace.Span) { s.SetFlags(flagHasIsRemote) }
	for _, tc := range []struct {
		name    string
		options []spanOption
		scope   string
		after   time.Duration
		trigger trigger
	}{
		{"server span without a parent", []spanOption{server}, "envoy", 6 * time.Second, triggerEntry},
		{"of somebody unknown", []spanOption{server}, "app", 6 * time.Second, triggerEntry},
		{"gateway's with a parent", []spanOption{server, parented}, "envoy", 6 * time.Second, triggerEntry},
		{"gateway's with a parent that is said to be remote", []spanOption{server, parented, remote}, "envoy", 6 * time.Second, triggerEntry},
		{"gateway's by its attributes", []spanOption{server, parented, attr("gateway.name", "edge")}, "app", 6 * time.Second, triggerEntry},
		{"gateway's with a parent in the same process", []spanOption{server, parented, local}, "envoy", 30 * time.Second, triggerWait},
		{"an application's server span behind the gateway", []spanOption{server, parented, remote}, "app", 30 * time.Second, triggerWait},
		{"client span", []spanOption{client}, "envoy", 30 * time.Second, triggerWait},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, keepAll, func(r *rig) {
				t := r.t
				td := span(traceID(1), tc.options...)
				td.ResourceSpans().At(0).ScopeSpans().At(0).Scope().SetName(tc.scope)
				r.consumeSpans(td)
				sleep(tc.after - time.Millisecond)
				spans, _ := r.out.got(1)
				assert.Zero(t, spans, "before its time")
				sleep(300 * time.Millisecond)
				spans, _ = r.out.got(1)
				assert.Equal(t, 1, spans)
				a := r.balanced()
				assert.EqualValues(t, 1, a.traces[0].kept[tc.trigger])
			})
		})
	}
}

// TestEntryComesLast: the client span is there first, as Envoy sends it, and the linger counts from the server span on.
func TestEntryComesLast(t *testing.T) {
	t.Parallel()
	bubble(t, keepAll, func(r *rig) {
		t := r.t
		r.consumeSpans(span(traceID(1), client))
		sleep(10 * time.Second)
		r.consumeSpans(span(traceID(1), server))
		sleep(5 * time.Second)
		r.consumeLogs(record(traceID(1)))
		spans, _ := r.out.got(1)
		assert.Zero(t, spans)
		sleep(1500 * time.Millisecond)
		spans, records := r.out.got(1)
		assert.Equal(t, 2, spans)
		assert.Equal(t, 1, records)
	})
}

// TestOneDecision: spans and log records of a trace live and die together, whichever of them tells what was wrong.
func TestOneDecision(t *testing.T) {
	t.Parallel()
	bubble(t, errorsOnly, func(r *rig) {
		t := r.t
		r.consumeSpans(span(traceID(1), server, failed))
		r.consumeLogs(record(traceID(1)))
		r.consumeLogs(record(traceID(2), "http.response.status_code", 503))
		r.consumeSpans(span(traceID(2), server))
		r.consumeSpans(span(traceID(3), server))
		r.consumeLogs(record(traceID(3), "http.response.status_code", 404))
		r.consumeLogs(record(traceID(4), "error.type", "UF"))
		r.consumeLogs(record(traceID(5)))
		sleep(31 * time.Second)
		for n, want := range map[int][2]int{1: {1, 1}, 2: {1, 1}, 3: {0, 0}, 4: {0, 1}, 5: {0, 0}} {
			spans, records := r.out.got(n)
			assert.Equal(t, want, [2]int{spans, records}, "trace %d", n)
		}
	})
}

// TestLate: what comes after the decision follows it.
func TestLate(t *testing.T) {
	t.Parallel()
	bubble(t, errorsOnly, func(r *rig) {
		t := r.t
		r.consumeSpans(span(traceID(1), server, failed))
		r.consumeSpans(span(traceID(2), server))
		sleep(7 * time.Second)
		r.consumeSpans(span(traceID(1), client))
		r.consumeLogs(record(traceID(1)))
		r.consumeSpans(span(traceID(2), client, failed)) // an error that comes too late to be kept for
		r.consumeLogs(record(traceID(2)))
		sleep(2 * time.Second)
		spans, records := r.out.got(1)
		assert.Equal(t, [2]int{2, 1}, [2]int{spans, records})
		spans, records = r.out.got(2)
		assert.Equal(t, [2]int{0, 0}, [2]int{spans, records})
		a := r.balanced()
		assert.Equal(t, [2]perSignal{{1, 1}, {1, 1}}, a.late)
		assert.Equal(t, perSignal{2, 1}, a.dropped)
		assert.Equal(t, perSignal{2, 1}, a.kept)
	})
}

// TestRulesInOrder: the first that matches decides, and none is a drop.
func TestRulesInOrder(t *testing.T) {
	t.Parallel()
	change := func(c *Config) {
		c.Rules = []RuleConfig{
			{Name: "probes", Match: MatchConfig{Path: []string{"/healthz"}}, Action: ActionDrop},
			{Name: "shop", Match: MatchConfig{Path: []string{"/shop/*"}, Method: []string{"POST", "PUT"}}, Action: ActionKeep},
			{Name: "probes-too", Match: MatchConfig{Path: []string{"*"}, StatusClass: []string{"5xx"}}, Action: ActionKeep},
		}
		c.Marks = []Mark{MarkRule, MarkTrigger}
	}
	bubble(t, change, func(r *rig) {
		t := r.t
		path, method, status := "url.path", "http.request.method", "http.response.status_code"
		r.consumeSpans(span(traceID(1), server, attr(path, "/healthz"), attr(status, 500)))
		r.consumeSpans(span(traceID(2), server, attr(path, "/shop/cart"), attr(method, "PUT")))
		r.consumeSpans(span(traceID(3), server, attr(path, "/shop/cart"), attr(method, "GET")))
		r.consumeSpans(span(traceID(4), server, attr(path, "/shop/cart"), attr(method, "GET"), attr(status, 502)))
		sleep(7 * time.Second)
		rules := make(map[string]string)
		for _, s := range r.out.allSpans() {
			rule, ok := s.Attributes().Get(attrs.GatewaySamplingRule)
			require.True(t, ok)
			trigger, ok := s.Attributes().Get(attrs.GatewaySamplingTrigger)
			require.True(t, ok)
			assert.Equal(t, "entry", trigger.Str())
			id := s.TraceID()
			rules[id.String()] = rule.Str()
		}
		assert.Equal(t, map[string]string{traceID(2).String(): "shop", traceID(4).String(): "probes-too"}, rules)
		a := r.balanced()
		assert.EqualValues(t, 1, a.traces[0].dropped[triggerEntry])
		assert.EqualValues(t, 1, a.traces[3].dropped[triggerEntry], "no rule matched")
	})
}

// TestDryRun keeps everything, says what would have been done, and changes nothing else.
func TestDryRun(t *testing.T) {
	t.Parallel()
	change := func(c *Config) { errorsOnly(c); c.DryRun = true }
	bubble(t, change, func(r *rig) {
		t := r.t
		r.consumeSpans(span(traceID(1), server, failed))
		r.consumeSpans(span(traceID(2), server))
		r.consumeLogs(record(traceID(2)))
		sleep(7 * time.Second)
		r.consumeSpans(span(traceID(2), client))
		sleep(2 * time.Second)
		got := make(map[string]int)
		for _, s := range r.out.allSpans() {
			id := s.TraceID()
			got[id.String()+" "+mark(t, s.Attributes().AsRaw(), attrs.GatewaySamplingDecision)+" "+mark(t, s.Attributes().AsRaw(), attrs.GatewaySamplingRule)]++
			assert.Empty(t, s.TraceState().AsRaw())
		}
		assert.Equal(t, map[string]int{
			traceID(1).String() + " keep errors": 1, traceID(2).String() + " drop none": 2,
		}, got)
		for _, lr := range r.out.allRecords() {
			assert.Equal(t, "drop", mark(t, lr.Attributes().AsRaw(), attrs.GatewaySamplingDecision))
		}
		a := r.balanced()
		assert.Equal(t, perSignal{3, 1}, a.kept)
		assert.EqualValues(t, 1, a.traces[1].dropped[triggerEntry], "decisions are counted as taken")
	})
}

func mark(t *testing.T, attributes map[string]any, key string) string {
	t.Helper()
	require.Contains(t, attributes, key)
	return attributes[key].(string)
}

// TestLogsWithoutTrace are log records that belong to no trace.
func TestLogsWithoutTrace(t *testing.T) {
	t.Parallel()
	const n = 4000
	for policy, want := range map[WithoutTrace]int{WithoutTraceKeep: n, WithoutTraceDrop: 0, WithoutTraceRatio: n / 4} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(c *Config) {
				keepAll(c)
				c.Logs.WithoutTrace = policy
				if policy == WithoutTraceRatio {
					c.Logs.Ratio = 0.25
				}
			}, func(r *rig) {
				t := r.t
				ld := record([16]byte{})
				records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
				for records.Len() < n {
					records.At(0).CopyTo(records.AppendEmpty())
				}
				records.At(0).CopyTo(records.AppendEmpty())
				records.At(n).SetTraceID(traceID(1))
				r.consumeLogs(ld)
				got := len(r.out.allRecords())
				assert.InDelta(t, want, got, n/20, "at once, as there is nothing to wait for")
				if policy == WithoutTraceRatio {
					for _, lr := range r.out.allRecords() {
						assert.Equal(t, "c", mark(t, lr.Attributes().AsRaw(), logThreshold))
					}
				} else {
					assert.Equal(t, want, got)
				}
				a := r.balanced()
				assert.EqualValues(t, n, a.kept[signalLogs]+a.dropped[signalLogs])
				sleep(31 * time.Second)
				_, records1 := r.out.got(1)
				assert.Equal(t, 1, records1, "the one with a trace id goes the usual way")
			})
		})
	}
}
