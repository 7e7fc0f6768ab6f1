package builtin

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/otel"
)

type (
	attrMap    = gatewaytest.Attrs
	spanSpec   = gatewaytest.SpanSpec
	recordSpec = gatewaytest.RecordSpec
)

const (
	server   = ptrace.SpanKindServer
	client   = ptrace.SpanKindClient
	internal = ptrace.SpanKindInternal
)

// compile builds an engine over all built-in profiles.
func compile(tb testing.TB, change ...func(*gateway.Options)) *gateway.Engine {
	tb.Helper()
	opts := gateway.DefaultOptions()
	for _, c := range change {
		c(&opts)
	}
	e, err := gateway.Compile(Profiles(), opts)
	require.NoError(tb, err)
	return e
}

var compileOnce = sync.OnceValues(func() (*gateway.Engine, error) {
	return gateway.Compile(Profiles(), gateway.DefaultOptions())
})

// engine is the one with default options, shared by all tests: engines are immutable.
func engine(tb testing.TB) *gateway.Engine {
	tb.Helper()
	e, err := compileOnce()
	require.NoError(tb, err)
	return e
}

// pass runs a batch through an engine, in place.
func pass(e *gateway.Engine, b gatewaytest.Batch) gateway.Stats {
	if b.IsLogs {
		return e.Logs(b.Logs)
	}
	return e.Traces(b.Traces)
}

// rewriteSpan runs one span through the default engine.
func rewriteSpan(tb testing.TB, spec spanSpec) ptrace.Span {
	tb.Helper()
	span, _, _ := rewriteSpanBy(tb, engine(tb), spec)
	return span
}

// rewriteSpanBy runs one span through an engine and returns it with its resource and what was counted.
func rewriteSpanBy(tb testing.TB, e *gateway.Engine, spec spanSpec) (ptrace.Span, pcommon.Map, gateway.Stats) {
	tb.Helper()
	td := gatewaytest.Span(tb, spec)
	stats := e.Traces(td)
	spans := gatewaytest.Spans(td)
	require.Len(tb, spans, 1)
	return spans[0], td.ResourceSpans().At(0).Resource().Attributes(), stats
}

// rewriteSpans runs a family of spans, as one export request.
func rewriteSpans(tb testing.TB, specs ...spanSpec) []ptrace.Span {
	tb.Helper()
	td := gatewaytest.Span(tb, specs...)
	engine(tb).Traces(td)
	return gatewaytest.Spans(td)
}

// rewriteRecord runs one log record through the default engine.
func rewriteRecord(tb testing.TB, spec recordSpec) plog.LogRecord {
	tb.Helper()
	record, _, _ := rewriteRecordBy(tb, engine(tb), spec)
	return record
}

func rewriteRecordBy(tb testing.TB, e *gateway.Engine, spec recordSpec) (plog.LogRecord, pcommon.Map, gateway.Stats) {
	tb.Helper()
	ld := gatewaytest.Record(tb, spec)
	stats := e.Logs(ld)
	records := gatewaytest.Records(ld)
	require.Len(tb, records, 1)
	return records[0], ld.ResourceLogs().At(0).Resource().Attributes(), stats
}

// requireAttrs checks attributes by value and type. A nil value means that the key must not be there.
func requireAttrs(tb testing.TB, want attrMap, got pcommon.Map) {
	tb.Helper()
	raw := got.AsRaw()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		value := want[key]
		if n, isInt := value.(int); isInt {
			value = int64(n)
		}
		if value == nil {
			require.NotContains(tb, raw, key)
			continue
		}
		require.Contains(tb, raw, key)
		require.Equal(tb, value, raw[key], key)
	}
}

// requireExactly checks that there are these attributes and no others.
func requireExactly(tb testing.TB, want attrMap, got pcommon.Map) {
	tb.Helper()
	all := make(attrMap, len(want))
	for key, value := range want {
		if n, isInt := value.(int); isInt {
			value = int64(n)
		}
		all[key] = value
	}
	require.Equal(tb, all, got.AsRaw())
}

// strs is an array of strings as pdata returns it.
func strs(values ...string) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

// firstDiff returns the first line that differs.
func firstDiff(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		switch {
		case i >= len(y):
			return "missing: " + x[i]
		case x[i] != y[i]:
			return x[i] + "\n  became\n" + y[i]
		}
	}
	if len(y) > len(x) {
		return "new: " + y[len(x)]
	}
	return ""
}

// total adds up what was counted for all gateways.
func total(stats gateway.Stats) (sum gateway.Count) {
	for _, s := range stats {
		sum.Rewritten += s.Rewritten
		sum.Unchanged += s.Unchanged
		sum.Conflicts += s.Conflicts
		sum.Repaired += s.Repaired
		for i, n := range s.Unparseable {
			sum.Unparseable[i] += n
		}
	}
	return sum
}

// allOptional turns every optional rule on.
func allOptional(o *gateway.Options) {
	o.Optional = slices.Sorted(maps.Keys(otel.Options))
}

// rewriteOrdered rewrites a server span whose attributes come in the given order.
func rewriteOrdered(tb testing.TB, pairs [][2]any) map[string]any {
	tb.Helper()
	td := gatewaytest.Span(tb, spanSpec{Scope: "my-lib", Name: "n", Kind: server})
	m := gatewaytest.Spans(td)[0].Attributes()
	for _, p := range pairs {
		require.NoError(tb, m.PutEmpty(p[0].(string)).FromRaw(p[1]))
	}
	engine(tb).Traces(td)
	return m.AsRaw()
}
