package policies

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"
	"testing/synctest"
	"time"

	contrib "github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	gatehouse "github.com/gatehouse-otel/gatehouse/processor/gatewaytailsamplingprocessor"
)

// cases are policies as users of contrib write them. Each is one entry of the list, or several.
var cases = map[string]string{
	"always":                  `[{name: a, type: always_sample}]`,
	"latency":                 `[{name: a, type: latency, latency: {threshold_ms: 500}}]`,
	"latency within":          `[{name: a, type: latency, latency: {threshold_ms: 200, upper_threshold_ms: 900}}]`,
	"status code":             `[{name: a, type: status_code, status_code: {status_codes: [ERROR]}}]`,
	"status codes":            `[{name: a, type: status_code, status_code: {status_codes: [OK, ERROR]}}]`,
	"numeric":                 `[{name: a, type: numeric_attribute, numeric_attribute: {key: http.response.status_code, min_value: 400, max_value: 499}}]`,
	"numeric from":            `[{name: a, type: numeric_attribute, numeric_attribute: {key: http.response.status_code, min_value: 500}}]`,
	"numeric inverted":        `[{name: a, type: numeric_attribute, numeric_attribute: {key: http.response.status_code, min_value: 200, max_value: 399, invert_match: true}}]`,
	"numeric of a text":       `[{name: a, type: numeric_attribute, numeric_attribute: {key: url.path, max_value: 10}}]`,
	"string":                  `[{name: a, type: string_attribute, string_attribute: {key: url.path, values: [/a, /b]}}]`,
	"string of the resource":  `[{name: a, type: string_attribute, string_attribute: {key: service.name, values: [edge-1]}}]`,
	"string of a number":      `[{name: a, type: string_attribute, string_attribute: {key: http.response.status_code, values: ["200"]}}]`,
	"string inverted":         `[{name: a, type: string_attribute, string_attribute: {key: url.path, values: [/a, ""], invert_match: true}}]`,
	"regular expression":      `[{name: a, type: string_attribute, string_attribute: {key: url.path, values: ["^/[ab]$", "z"], enabled_regex_matching: true, cache_max_size: 10}}]`,
	"expression for nothing":  `[{name: a, type: string_attribute, string_attribute: {key: empty, values: [".*"], enabled_regex_matching: true}}]`,
	"boolean":                 `[{name: a, type: boolean_attribute, boolean_attribute: {key: cached, value: true}}]`,
	"boolean false":           `[{name: a, type: boolean_attribute, boolean_attribute: {key: cached, value: false}}]`,
	"boolean inverted":        `[{name: a, type: boolean_attribute, boolean_attribute: {key: cached, value: false, invert_match: true}}]`,
	"span count":              `[{name: a, type: span_count, span_count: {min_spans: 2, max_spans: 3}}]`,
	"span count from":         `[{name: a, type: span_count, span_count: {min_spans: 3}}]`,
	"trace state":             `[{name: a, type: trace_state, trace_state: {key: tier, values: [gold, silver]}}]`,
	"trace flags":             `[{name: a, type: trace_flags}]`,
	"probabilistic":           `[{name: a, type: probabilistic, probabilistic: {sampling_percentage: 12.5}}]`,
	"probabilistic salted":    `[{name: a, type: probabilistic, probabilistic: {hash_salt: pepper, sampling_percentage: 33.3}}]`,
	"probabilistic nothing":   `[{name: a, type: probabilistic, probabilistic: {sampling_percentage: 0}}]`,
	"ottl":                    `[{name: a, type: ottl_condition, ottl_condition: {error_mode: ignore, span: ['attributes["url.path"] == "/a" and kind == SPAN_KIND_SERVER', 'span.status.code == STATUS_CODE_OK']}}]`,
	"ottl of events":          `[{name: a, type: ottl_condition, ottl_condition: {error_mode: ignore, spanevent: ['name == "exception"']}}]`,
	"ottl of both":            `[{name: a, type: ottl_condition, ottl_condition: {error_mode: propagate, span: ['IsRootSpan() and attributes["url.path"] == "/c"'], spanevent: ['name == "exception"']}}]`,
	"ottl that fails":         `[{name: a, type: ottl_condition, ottl_condition: {error_mode: propagate, span: ['Int(attributes["url.path"]) > attributes["cached"]', 'attributes["http.response.status_code"] == 500']}}, {name: b, type: status_code, status_code: {status_codes: [ERROR]}}]`,
	"ottl that fails ignored": `[{name: a, type: ottl_condition, ottl_condition: {error_mode: ignore, span: ['Substring(attributes["url.path"], 0, 9) == "x"', 'attributes["http.response.status_code"] == 500']}}]`,
	"ottl that fails aloud":   `[{name: a, type: ottl_condition, ottl_condition: {error_mode: propagate, span: ['attributes["http.response.status_code"] == 500', 'Substring(attributes["url.path"], 0, 9) == "x"']}}]`,
	"and": `[{name: a, type: and, and: {and_sub_policy: [
		{name: x, type: status_code, status_code: {status_codes: [ERROR]}},
		{name: y, type: string_attribute, string_attribute: {key: url.path, values: [/a]}},
		{name: z, type: not, not: {not_sub_policy: {name: q, type: latency, latency: {threshold_ms: 800}}}}]}}]`,
	"and of inverted": `[{name: a, type: and, and: {and_sub_policy: [
		{name: x, type: probabilistic, probabilistic: {sampling_percentage: 50}},
		{name: y, type: string_attribute, string_attribute: {key: url.path, values: [/a], invert_match: true}}]}}]`,
	"not":            `[{name: a, type: not, not: {not_sub_policy: {name: x, type: status_code, status_code: {status_codes: [UNSET]}}}}]`,
	"not that fails": `[{name: a, type: not, not: {not_sub_policy: {name: x, type: ottl_condition, ottl_condition: {error_mode: propagate, span: ['Substring(attributes["url.path"], 0, 9) == "x"']}}}}]`,
	"drop first": `[{name: a, type: always_sample}, {name: b, type: drop, drop: {drop_sub_policy: [
		{name: x, type: string_attribute, string_attribute: {key: url.path, values: [/b]}},
		{name: y, type: not, not: {not_sub_policy: {name: q, type: status_code, status_code: {status_codes: [ERROR]}}}}]}}]`,
	"several": `[{name: a, type: status_code, status_code: {status_codes: [ERROR]}},
		{name: b, type: latency, latency: {threshold_ms: 900}},
		{name: c, type: string_attribute, string_attribute: {key: url.path, values: [/a], invert_match: true}},
		{name: d, type: probabilistic, probabilistic: {sampling_percentage: 10}}]`,
	"composite without a limit": `[{name: a, type: composite, composite: {max_total_spans_per_second: 1000000, policy_order: [x, y],
		composite_sub_policy: [
			{name: x, type: status_code, status_code: {status_codes: [ERROR]}},
			{name: y, type: and, and: {and_sub_policy: [{name: q, type: latency, latency: {threshold_ms: 300}}, {name: r, type: boolean_attribute, boolean_attribute: {key: cached, value: true}}]}}],
		rate_allocation: [{policy: x, percent: 50}, {policy: y, percent: 0}]}}]`,
	"composite without an allocation": `[{name: a, type: composite, composite: {max_total_spans_per_second: 1000000,
		composite_sub_policy: [{name: x, type: always_sample}]}}]`,
}

// limited are policies that count. Contrib decides the traces of a second in no order, so it is how many that is
// compared, of traces that are all alike.
var limited = map[string]string{
	"rate":       `[{name: a, type: rate_limiting, rate_limiting: {spans_per_second: 30}}]`,
	"bytes":      `[{name: a, type: bytes_limiting, bytes_limiting: {bytes_per_second: 1000}}]`,
	"rate burst": `[{name: a, type: rate_limiting, rate_limiting: {spans_per_second: 30, burst_capacity: 200}}]`,
	"rate and other": `[{name: a, type: and, and: {and_sub_policy: [
		{name: x, type: always_sample}, {name: y, type: rate_limiting, rate_limiting: {spans_per_second: 50}}]}}]`,
	"composite": `[{name: a, type: composite, composite: {max_total_spans_per_second: 100,
		composite_sub_policy: [{name: x, type: always_sample}, {name: y, type: always_sample}],
		rate_allocation: [{policy: x, percent: 25}]}}]`,
}

// maker makes the same requests for each processor.
type maker struct{ rng *rand.Rand }

func id(n int) pcommon.TraceID {
	rng := rand.New(rand.NewPCG(uint64(n), 99))
	var id pcommon.TraceID
	binary.BigEndian.PutUint64(id[:], rng.Uint64())
	binary.BigEndian.PutUint64(id[8:], rng.Uint64())
	return id
}

func (m maker) span(s ptrace.Span, n int) {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(m.rng.IntN(400)) * time.Millisecond)
	s.SetTraceID(id(n))
	s.SetSpanID(pcommon.SpanID{1, byte(m.rng.IntN(256))})
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(m.rng.IntN(800)) * time.Millisecond)))
	s.SetKind(ptrace.SpanKind(1 + m.rng.IntN(3)))
	if m.rng.IntN(2) == 0 {
		s.SetParentSpanID(pcommon.SpanID{2})
	}
	s.Status().SetCode([]ptrace.StatusCode{0, 0, 0, 1, 2}[m.rng.IntN(5)])
	s.SetFlags([]uint32{0, 1, 0x101, 0x300}[m.rng.IntN(4)])
	s.TraceState().FromRaw([]string{"", "", "tier=gold", "a=b,tier=silver", "tier=wood", "=broken", "ot=th:8"}[m.rng.IntN(7)])
	some := func(put func()) {
		if m.rng.IntN(3) > 0 {
			put()
		}
	}
	some(func() { s.Attributes().PutStr("url.path", []string{"/a", "/b", "/c", ""}[m.rng.IntN(4)]) })
	some(func() { s.Attributes().PutInt("http.response.status_code", []int64{0, 200, 404, 500}[m.rng.IntN(4)]) })
	some(func() { s.Attributes().PutBool("cached", m.rng.IntN(2) == 0) })
	if m.rng.IntN(10) == 0 {
		s.Attributes().PutStr("cached", "text")
	}
	s.Attributes().PutStr("empty", "")
	if m.rng.IntN(6) == 0 {
		s.Events().AppendEmpty().SetName("exception")
	}
}

// requests are the same traces for everybody: one to four spans, over one or two requests and resources.
func requests(traces int) []ptrace.Traces {
	m := maker{rand.New(rand.NewPCG(1, 2))}
	list := make([]ptrace.Traces, 20)
	for i := range list {
		list[i] = ptrace.NewTraces()
		for r := range 3 {
			rs := list[i].ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", fmt.Sprintf("edge-%d", r))
			rs.ScopeSpans().AppendEmpty().Scope().SetName("envoy")
		}
	}
	for n := range traces {
		// All spans of a trace of one resource: contrib keeps a copy of the resource for each request, and asks spans in
		// the order of requests.
		resource := m.rng.IntN(3)
		for range 1 + m.rng.IntN(4) {
			td := list[m.rng.IntN(len(list))]
			m.span(td.ResourceSpans().At(resource).ScopeSpans().At(0).Spans().AppendEmpty(), n)
		}
	}
	return list
}

// alike are traces of one span.
func alike(traces int) []ptrace.Traces {
	td := ptrace.NewTraces()
	ss := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	for n := range traces {
		s := ss.Spans().AppendEmpty()
		s.SetTraceID(id(n))
		s.SetSpanID(pcommon.SpanID{1})
	}
	return []ptrace.Traces{td}
}

// kept runs a processor and returns the traces it keeps with their number of spans.
func kept(t *testing.T, f processor.Factory, config map[string]any, input []ptrace.Traces) []string {
	t.Helper()
	counts := make(map[string]int)
	synctest.Test(t, func(t *testing.T) {
		cfg := f.CreateDefaultConfig()
		require.NoError(t, confmap.NewFromStringMap(config).Unmarshal(cfg))
		require.NoError(t, confmap.Validate(cfg))
		set := processortest.NewNopSettings(f.Type())
		set.ID = component.NewID(f.Type())
		sink := new(consumertest.TracesSink)
		p, err := f.CreateTraces(t.Context(), set, cfg, sink)
		require.NoError(t, err)
		require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
		for _, td := range input {
			copied := ptrace.NewTraces()
			td.CopyTo(copied)
			require.NoError(t, p.ConsumeTraces(t.Context(), copied))
		}
		time.Sleep(20 * time.Second)
		require.NoError(t, p.Shutdown(context.Background()))
		for _, td := range sink.AllTraces() {
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					for _, s := range ss.Spans().All() {
						counts[s.TraceID().String()]++
					}
				}
			}
		}
	})
	list := make([]string, 0, len(counts))
	for id, n := range counts {
		list = append(list, fmt.Sprintf("%s %d", id, n))
	}
	sort.Strings(list)
	return list
}

func both(t *testing.T, policies string, input []ptrace.Traces) (ours, theirs []string) {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte("policies: " + policies))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	list := conf.Get("policies")
	ours = kept(t, gatehouse.NewFactory(), map[string]any{"policies": list, "wait": "10s", "linger": "10s"}, input)
	theirs = kept(t, contrib.NewFactory(), map[string]any{"policies": list, "decision_wait": "10s", "num_traces": 100_000}, input)
	return ours, theirs
}

// TestSameTraces: every trace that contrib keeps is kept and no other, with all of its spans.
func TestSameTraces(t *testing.T) {
	const traces = 1500
	input := requests(traces)
	// Where all or no traces are kept, the case would show nothing, unless that is its point.
	nothing := map[string]bool{
		"probabilistic nothing": true, "expression for nothing": true, "string of a number": true,
		"not that fails": true, "composite without an allocation": true,
	}
	for name, policies := range cases {
		t.Run(name, func(t *testing.T) {
			ours, theirs := both(t, policies, input)
			assert.Equal(t, theirs, ours)
			t.Logf("%d of %d traces", len(theirs), traces)
			assert.Equal(t, nothing[name], len(theirs) == 0)
			assert.Equal(t, name == "always", len(theirs) == traces)
		})
	}
}

// TestSameNumber is for policies that limit rates.
func TestSameNumber(t *testing.T) {
	for name, policies := range limited {
		t.Run(name, func(t *testing.T) {
			ours, theirs := both(t, policies, alike(1000))
			assert.Len(t, ours, len(theirs))
			assert.NotEmpty(t, theirs)
			assert.Less(t, len(theirs), 1000)
		})
	}
}
