package builtin

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// variants are the settings under which everything recorded is sent through.
func variants(t *testing.T) map[string]*gateway.Engine {
	t.Helper()
	out := make(map[string]*gateway.Engine)
	for _, mode := range []gateway.Mode{gateway.ModeReplace, gateway.ModeDuplicate} {
		for _, content := range []gateway.Content{gateway.ContentKeep, gateway.ContentDrop, gateway.ContentConvert} {
			out[fmt.Sprintf("%s_%s", mode, content)] = compile(t, func(o *gateway.Options) {
				o.Mode, o.Content = mode, content
			})
		}
	}
	out["replace_keep_names_and_status"] = compile(t, func(o *gateway.Options) {
		o.SpanNames, o.SpanStatus, o.LogBodies = gateway.SpanNamesKeep, gateway.SpanStatusKeep, gateway.LogBodiesKeep
	})
	out["replace_header_sizes"] = compile(t, func(o *gateway.Options) { o.BodySizeAs = gateway.BodySizeHeader })
	out["replace_all_optional"] = compile(t, allOptional)
	return out
}

// TestUntouched checks what no setting may ever change: that an item is there, whose it is, and when it happened.
func TestUntouched(t *testing.T) {
	t.Parallel()
	for name, e := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range gatewaytest.Captures(t) {
				for i, b := range c.Clone() {
					stats := total(pass(e, b))
					require.Equal(t, c.Batches[i].Len(), stats.Rewritten+stats.Unchanged, "%s: every item is counted once", c)
					if b.IsLogs {
						sameRecords(t, c.String(), c.Batches[i].Logs, b.Logs, strings.HasSuffix(name, "drop"))
					} else {
						sameSpans(t, c.String(), c.Batches[i].Traces, b.Traces)
					}
				}
			}
		})
	}
}

func sameSpans(t *testing.T, where string, before, after ptrace.Traces) {
	t.Helper()
	require.Equal(t, before.ResourceSpans().Len(), after.ResourceSpans().Len(), where)
	for i, rs := range before.ResourceSpans().All() {
		require.Equal(t, rs.ScopeSpans().Len(), after.ResourceSpans().At(i).ScopeSpans().Len(), where)
		for j, ss := range rs.ScopeSpans().All() {
			got := after.ResourceSpans().At(i).ScopeSpans().At(j)
			require.Equal(t, ss.Spans().Len(), got.Spans().Len(), where)
			for k, s := range ss.Spans().All() {
				sameSpan(t, where, s, got.Spans().At(k))
			}
		}
	}
}

func sameSpan(t *testing.T, where string, a, b ptrace.Span) {
	t.Helper()
	require.Equal(t, a.TraceID(), b.TraceID(), where)
	require.Equal(t, a.SpanID(), b.SpanID(), where)
	require.Equal(t, a.ParentSpanID(), b.ParentSpanID(), where)
	require.Equal(t, a.Flags(), b.Flags(), where)
	require.Equal(t, a.TraceState().AsRaw(), b.TraceState().AsRaw(), where)
	require.Equal(t, a.StartTimestamp(), b.StartTimestamp(), where)
	require.Equal(t, a.EndTimestamp(), b.EndTimestamp(), where)
	require.Equal(t, a.DroppedAttributesCount(), b.DroppedAttributesCount(), where)
	require.Equal(t, a.DroppedEventsCount(), b.DroppedEventsCount(), where)
	require.Equal(t, a.DroppedLinksCount(), b.DroppedLinksCount(), where)
	require.Equal(t, a.Kind(), b.Kind(), where)
	require.NotEmpty(t, b.Name(), where)
	require.Equal(t, a.Links().Len(), b.Links().Len(), where)
	for i, l := range a.Links().All() {
		require.True(t, l.Attributes().Equal(b.Links().At(i).Attributes()), where)
		require.Equal(t, l.TraceID(), b.Links().At(i).TraceID(), where)
		require.Equal(t, l.SpanID(), b.Links().At(i).SpanID(), where)
		require.Equal(t, l.Flags(), b.Links().At(i).Flags(), where)
		require.Equal(t, l.TraceState().AsRaw(), b.Links().At(i).TraceState().AsRaw(), where)
	}
	require.Equal(t, a.Events().Len(), b.Events().Len(), where)
	for i, e := range a.Events().All() {
		require.Equal(t, e.Name(), b.Events().At(i).Name(), where)
		require.Equal(t, e.Timestamp(), b.Events().At(i).Timestamp(), where)
	}
}

// sameRecords: where texts of models are dropped, a line that was read goes with them.
func sameRecords(t *testing.T, where string, before, after plog.Logs, dropped bool) {
	t.Helper()
	was, is := gatewaytest.Records(before), gatewaytest.Records(after)
	require.Len(t, is, len(was), where)
	for i, a := range was {
		b := is[i]
		if a.Timestamp() != 0 {
			require.Equal(t, a.Timestamp(), b.Timestamp(), where)
		}
		if !a.TraceID().IsEmpty() {
			require.Equal(t, a.TraceID(), b.TraceID(), where)
		}
		if !a.SpanID().IsEmpty() {
			require.Equal(t, a.SpanID(), b.SpanID(), where)
		}
		require.Equal(t, a.ObservedTimestamp(), b.ObservedTimestamp(), where)
		require.Equal(t, a.Flags(), b.Flags(), where)
		require.Equal(t, a.DroppedAttributesCount(), b.DroppedAttributesCount(), where)
		if !dropped || b.Body().Type() != pcommon.ValueTypeEmpty {
			require.Equal(t, a.Body().Type(), b.Body().Type(), where)
		}
		require.GreaterOrEqual(t, b.SeverityNumber(), a.SeverityNumber(), where)
	}
}

// TestSecondPassChangesNothing: twice equals once, in every setting.
func TestSecondPassChangesNothing(t *testing.T) {
	t.Parallel()
	for name, e := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range gatewaytest.Captures(t) {
				for i, b := range c.Clone() {
					where := fmt.Sprintf("%s: request %d", c, i+1)
					first := total(pass(e, b))
					assertStable(t, e, b, where)
					assert.LessOrEqual(t, total(pass(e, b)).Conflicts, first.Conflicts, "%s: what we wrote contradicts itself", where)
				}
			}
		})
	}
}

// unstable passes a rewritten batch through once more and says what that changed.
func unstable(e *gateway.Engine, once gatewaytest.Batch) (string, error) {
	want, err := once.Bytes()
	if err != nil {
		return "", err
	}
	twice := once.Clone()
	stats := total(pass(e, twice))
	got, err := twice.Bytes()
	switch {
	case err != nil:
		return "", err
	case !bytes.Equal(want, got):
		return "the second pass changed " + firstDiff(once.Text(), twice.Text()), nil
	case stats.Rewritten+stats.Repaired > 0:
		return fmt.Sprintf("the second pass changed nothing, but counts %d items as rewritten", stats.Rewritten), nil
	}
	return "", nil
}

func assertStable(t *testing.T, e *gateway.Engine, once gatewaytest.Batch, where string) {
	t.Helper()
	diff, err := unstable(e, once)
	require.NoError(t, err, where)
	if diff != "" {
		t.Errorf("%s: %s", where, diff)
	}
}

// TestStatsTellTheTruth: an item counts as rewritten if and only if it differs.
func TestStatsTellTheTruth(t *testing.T) {
	t.Parallel()
	e := engine(t)
	for _, c := range gatewaytest.Captures(t) {
		for i, b := range c.Clone() {
			stats := total(pass(e, b))
			was, is := items(c.Batches[i]), items(b)
			changed := 0
			for j := range was {
				if was[j] != is[j] {
					changed++
				}
			}
			assert.Equal(t, changed, stats.Rewritten, "%s: request %d", c, i+1)
		}
	}
}

// items renders each item of a batch by itself.
func items(b gatewaytest.Batch) []string {
	var out []string
	if b.IsLogs {
		for _, r := range gatewaytest.Records(b.Logs) {
			ld := plog.NewLogs()
			r.CopyTo(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
			out = append(out, gatewaytest.Logs(ld))
		}
		return out
	}
	for _, s := range gatewaytest.Spans(b.Traces) {
		td := ptrace.NewTraces()
		s.CopyTo(td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty())
		out = append(out, gatewaytest.Traces(td))
	}
	return out
}

// TestOutputIsValidUTF8 looks into every string: a strict protobuf decoder downstream refuses the whole request
// because of one bad byte. The recordings of Kong hold such bytes on purpose.
func TestOutputIsValidUTF8(t *testing.T) {
	t.Parallel()
	e := engine(t)
	for _, c := range gatewaytest.Captures(t) {
		for _, b := range c.Clone() {
			pass(e, b)
			for s := range allStrings(b) {
				if !utf8.ValidString(s) {
					t.Errorf("%s: %q", c, s)
				}
			}
		}
	}
}

// TestConcurrentUse: an engine is shared by all pipelines of a process. The race detector has its say as well.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	e := engine(t)
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for _, name := range []string{"kgateway/2.4.2-spawn-traces.jsonl", "kong/3.9.3-traces.jsonl", "agentgateway/1.4.1-stdout.txt"} {
				c := gatewaytest.Find(t, name)
				for i, b := range c.Clone() {
					alone := c.Batches[i].Clone()
					pass(e, b)
					pass(compile(t), alone)
					require.Equal(t, alone.Text(), b.Text(), name)
				}
			}
		})
	}
}

// allStrings goes through every string of a batch: names, states, messages, bodies, keys and values, nested ones too.
func allStrings(b gatewaytest.Batch) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		more := true
		see := func(s string) {
			if more && s != "" {
				more = yield(s)
			}
		}
		for m := range b.Maps() {
			mapStrings(m, see)
		}
		if b.IsLogs {
			for _, r := range gatewaytest.Records(b.Logs) {
				valueStrings(r.Body(), see)
				see(r.SeverityText())
				see(r.EventName())
			}
			return
		}
		for _, s := range gatewaytest.Spans(b.Traces) {
			see(s.Name())
			see(s.TraceState().AsRaw())
			see(s.Status().Message())
			for _, e := range s.Events().All() {
				see(e.Name())
			}
		}
	}
}

func mapStrings(m pcommon.Map, see func(string)) {
	for k, v := range m.All() {
		see(k)
		valueStrings(v, see)
	}
}

func valueStrings(v pcommon.Value, see func(string)) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		see(v.Str())
	case pcommon.ValueTypeMap:
		mapStrings(v.Map(), see)
	case pcommon.ValueTypeSlice:
		for _, e := range v.Slice().All() {
			valueStrings(e, see)
		}
	}
}
