//go:build unix

package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// undone is what transform.yaml cannot do, and why. What is not in here, it does just as gateway_semconv does.
var undone = map[string]string{
	"span name":                    parentMethod,
	"http.request.method":          parentMethod,
	"http.request.method_original": parentMethod,
	"rpc.method":                   parentMethod,
	"status code":                  parentTimeout,
	"error.type":                   parentTimeout,
}

const (
	parentMethod  = "Envoy's upstream spans have no method; their parent has, and a statement sees one span only"
	parentTimeout = "a route's timeout: the upstream span looks canceled, only its parent says UT"
)

// What transform leaves undone is what is listed above, no more and no less: a difference that nobody explained would
// mean that the two do not do the same work, and then their times could not be compared.
func TestWhatTransformLeavesUndone(t *testing.T) {
	t.Parallel()
	found := compare(t, byName(transform))
	assert.ElementsMatch(t, slices.Collect(maps.Keys(undone)), slices.Collect(maps.Keys(found)))
	for what, d := range found {
		assert.NotEmpty(t, d.ours, "%s: gateway_semconv has nothing where transform has %s", what, d.theirs)
	}
	assert.Equal(t, found, compare(t, byName(tuned)), "the tuned form is the same work")
	lean := compare(t, byName(types))
	assert.Greater(t, len(lean), len(found))
	var out strings.Builder
	writeUndone(&out, transform, found, undone)
	writeUndone(&out, types, lean, nil)
	t.Log("\n" + out.String())
}

// No statement fails on any of the spans: errors are costly, and a configuration with some would be slow for a reason
// that a user would have removed.
func TestTransformHasNoErrors(t *testing.T) {
	t.Parallel()
	for _, c := range contestants {
		core, logs := observer.New(zapcore.InfoLevel)
		p := c.start(t, new(consumertest.TracesSink), zap.New(core))
		for _, size := range sizes {
			for _, payload := range batches(t, size) {
				td, err := decoder.UnmarshalTraces(payload)
				require.NoError(t, err)
				require.NoError(t, p.ConsumeTraces(t.Context(), td))
			}
		}
		assert.Empty(t, logs.All(), c.name)
	}
}

// difference is one way in which a processor's result is not gateway_semconv's.
type difference struct {
	items        int    // spans, or resources and scopes
	theirs, ours string // of the first one found; "" for nothing
}

// compare runs both processors over the recorded export requests and returns what differs, by what it is about.
func compare(tb testing.TB, other contestant) map[string]difference {
	tb.Helper()
	out := make(map[string]difference)
	add := func(what, theirs, ours string) {
		if theirs == ours {
			return
		}
		d, seen := out[what]
		if !seen {
			d = difference{theirs: theirs, ours: ours}
		}
		d.items++
		out[what] = d
	}
	mine, theirs := result(tb, byName(ours)), result(tb, other)
	require.Len(tb, theirs, len(mine))
	for i := range mine {
		a, b := mine[i].ResourceSpans().At(0), theirs[i].ResourceSpans().At(0)
		compareMaps("resource ", a.Resource().Attributes(), b.Resource().Attributes(), add)
		x, y := a.ScopeSpans().At(0), b.ScopeSpans().At(0)
		add("schema URL", y.SchemaUrl(), x.SchemaUrl())
		require.Equal(tb, x.Spans().Len(), y.Spans().Len())
		for j, s := range x.Spans().All() {
			t := y.Spans().At(j)
			require.Equal(tb, s.SpanID(), t.SpanID())
			add("span name", t.Name(), s.Name())
			add("status code", t.Status().Code().String(), s.Status().Code().String())
			add("status message", t.Status().Message(), s.Status().Message())
			compareMaps("", s.Attributes(), t.Attributes(), add)
		}
	}
	return out
}

func compareMaps(prefix string, ours, theirs pcommon.Map, add func(what, theirs, ours string)) {
	for key, v := range ours.All() {
		there := ""
		if w, ok := theirs.Get(key); ok {
			there = show(w)
		}
		add(prefix+key, there, show(v))
	}
	for key, w := range theirs.All() {
		if _, ok := ours.Get(key); !ok {
			add(prefix+key, show(w), "")
		}
	}
}

// show writes a value so that types can be told apart: strings are in quotes.
func show(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeStr {
		return fmt.Sprintf("%q", v.Str())
	}
	return v.AsString()
}

// result is what a processor makes of the recorded export requests.
func result(tb testing.TB, c contestant) []ptrace.Traces {
	tb.Helper()
	sink := new(consumertest.TracesSink)
	p := c.start(tb, sink, zap.NewNop())
	for _, td := range recorded(tb) {
		require.NoError(tb, p.ConsumeTraces(tb.Context(), td))
	}
	return sink.AllTraces()
}

// writeUndone writes differences as a table, the most frequent ones first, with the reasons that are given.
func writeUndone(out io.Writer, name string, found map[string]difference, why map[string]string) {
	_, _ = fmt.Fprintf(out, "\nWhat %s leaves undone of the 124 recorded spans: %d things\n\n", name, len(found))
	order := slices.SortedFunc(maps.Keys(found), func(a, b string) int {
		if n := found[b].items - found[a].items; n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "times\twhat\t%s\t%s\t\n", name, ours)
	for _, what := range order {
		d := found[what]
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", d.items, what, orNothing(d.theirs), orNothing(d.ours), why[what])
	}
	_ = w.Flush()
}

func orNothing(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
