package gatewaytailsamplingprocessor

import (
	"context"
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/gatehouse-otel/gatehouse/processor/gatewaytailsamplingprocessor/internal/metadata"
)

// rig is a traces and a logs pipeline with one sampler between them and what stands for the next consumers.
type rig struct {
	t       *testing.T
	cfg     *Config
	traces  processor.Traces
	logs    processor.Logs
	sampler *sampler
	out     *sink
	set     *componenttest.Telemetry
	ended   bool
}

// newRig starts both pipelines. They are shut down at the end of the test, and then every item must be accounted for.
func newRig(t *testing.T, change func(*Config)) *rig {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Shards = 2
	cfg.Decisions = DecisionsConfig{Dropped: 100_000, Kept: 100_000}
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	r := &rig{t: t, cfg: cfg, out: &sink{}, set: componenttest.NewTelemetry()}
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = r.set.NewTelemetrySettings()
	set.ID = component.NewID(metadata.Type)
	f := NewFactory()
	var err error
	r.traces, err = f.CreateTraces(t.Context(), set, cfg, r.out)
	require.NoError(t, err)
	r.logs, err = f.CreateLogs(t.Context(), set, cfg, r.out)
	require.NoError(t, err)
	r.sampler = r.traces.(*tracesPart).sampler
	require.Same(t, r.sampler, r.logs.(*logsPart).sampler, "one sampler for both signals")
	require.NoError(t, r.traces.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, r.logs.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { r.end() })
	return r
}

// end shuts both pipelines down and checks the accounts.
func (r *rig) end() {
	if r.ended {
		return
	}
	r.ended = true
	r.balanced()
	assert.NoError(r.t, r.traces.Shutdown(context.Background()))
	assert.NoError(r.t, r.logs.Shutdown(context.Background()))
	a := r.balanced()
	assert.Zero(r.t, a.pending, "nothing is pending after the shutdown")
	assert.NoError(r.t, r.set.Shutdown(context.Background()))
}

// balanced checks in = kept + dropped + refused + lost + pending, and pending against the stores themselves.
func (r *rig) balanced() accounts {
	r.t.Helper()
	items := int64(0)
	for _, sh := range r.sampler.shards {
		sh.mu.Lock()
		if !r.sampler.closed {
			assert.EqualValues(r.t, sh.store.Stats().Items, sh.accounts.pending[0]+sh.accounts.pending[1], "pending")
		}
		sh.mu.Unlock()
		items += sh.accounts.pending[0] + sh.accounts.pending[1]
	}
	a, _ := r.sampler.totals()
	for sig := range signalCount {
		assert.Equal(r.t, a.received[sig], a.kept[sig]+a.dropped[sig]+a.refused[sig]+a.lost[sig]+a.pending[sig], "%s: %+v", signalNames[sig], a)
		assert.GreaterOrEqual(r.t, a.pending[sig], int64(0))
	}
	return a
}

func (r *rig) consumeSpans(td ptrace.Traces) {
	r.t.Helper()
	require.NoError(r.t, r.traces.ConsumeTraces(context.Background(), td))
}

func (r *rig) consumeLogs(ld plog.Logs) {
	r.t.Helper()
	require.NoError(r.t, r.logs.ConsumeLogs(context.Background(), ld))
}

// sink is the next consumer of both signals. With fail set, it answers with what that returns.
type sink struct {
	mu      sync.Mutex
	traces  []ptrace.Traces
	logs    []plog.Logs
	spans   map[pcommon.TraceID]int
	records map[pcommon.TraceID]int
	fail    func(sig signal) error
	tries   int
}

func (s *sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (s *sink) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.fail != nil {
		if err := s.fail(signalTraces); err != nil {
			return err
		}
	}
	s.traces = append(s.traces, td)
	if s.spans == nil {
		s.spans = make(map[pcommon.TraceID]int)
	}
	for span := range allSpans(td) {
		s.spans[span.TraceID()]++
	}
	return nil
}

func (s *sink) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.fail != nil {
		if err := s.fail(signalLogs); err != nil {
			return err
		}
	}
	s.logs = append(s.logs, ld)
	if s.records == nil {
		s.records = make(map[pcommon.TraceID]int)
	}
	for lr := range allRecords(ld) {
		s.records[lr.TraceID()]++
	}
	return nil
}

func (s *sink) setFail(fail func(signal) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

// got returns how many spans and log records of a trace have arrived.
func (s *sink) got(n int) (spans, records int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spans[traceID(n)], s.records[traceID(n)]
}

func (s *sink) allSpans() []ptrace.Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []ptrace.Span
	for _, td := range s.traces {
		for span := range allSpans(td) {
			list = append(list, span)
		}
	}
	return list
}

func (s *sink) allRecords() []plog.LogRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []plog.LogRecord
	for _, ld := range s.logs {
		for lr := range allRecords(ld) {
			list = append(list, lr)
		}
	}
	return list
}

func allSpans(td ptrace.Traces) func(func(ptrace.Span) bool) {
	return func(yield func(ptrace.Span) bool) {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					if !yield(span) {
						return
					}
				}
			}
		}
	}
}

func allRecords(ld plog.Logs) func(func(plog.LogRecord) bool) {
	return func(yield func(plog.LogRecord) bool) {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					if !yield(lr) {
						return
					}
				}
			}
		}
	}
}

// traceID is a trace id that looks random and is always the same for a number.
func traceID(n int) pcommon.TraceID {
	var id pcommon.TraceID
	x := uint64(n)*0x9e3779b97f4a7c15 + 1
	for i := range 2 {
		x ^= x >> 30
		x *= 0xbf58476d1ce4e5b9
		x ^= x >> 27
		x *= 0x94d049bb133111eb
		x ^= x >> 31
		binary.BigEndian.PutUint64(id[i*8:], x)
		x += uint64(n) + 1
	}
	return id
}

// lowID is the id of a trace whose randomness is 0: no threshold lets it pass.
func lowID(n int) pcommon.TraceID {
	id := traceID(n)
	clear(id[9:])
	return id
}

// highID is the id of a trace with the highest randomness: every threshold lets it pass.
func highID(n int) pcommon.TraceID {
	id := traceID(n)
	for i := 9; i < 16; i++ {
		id[i] = 0xff
	}
	return id
}

// spanOption changes a span.
type spanOption func(ptrace.Span)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// with makes a request of one span of a gateway: an Envoy, as gateway_semconv leaves its spans.
func span(id pcommon.TraceID, options ...spanOption) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "edge")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("envoy")
	s := ss.Spans().AppendEmpty()
	s.SetTraceID(id)
	s.SetSpanID(pcommon.SpanID{1, id[1], id[2], 3})
	s.SetName("GET")
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(day))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(day.Add(10 * time.Millisecond)))
	for _, o := range options {
		o(s)
	}
	return td
}

func server(s ptrace.Span) { s.SetKind(ptrace.SpanKindServer) }
func client(s ptrace.Span) {
	s.SetKind(ptrace.SpanKindClient)
	s.SetParentSpanID(pcommon.SpanID{9})
}
func failed(s ptrace.Span)   { s.Status().SetCode(ptrace.StatusCodeError) }
func parented(s ptrace.Span) { s.SetParentSpanID(pcommon.SpanID{7}) }

func took(d time.Duration) spanOption {
	return func(s ptrace.Span) { s.SetEndTimestamp(s.StartTimestamp() + pcommon.Timestamp(d)) }
}

func attr(key string, value any) spanOption {
	return func(s ptrace.Span) {
		if err := s.Attributes().PutEmpty(key).FromRaw(value); err != nil {
			panic(err)
		}
	}
}

func traceState(raw string) spanOption { return func(s ptrace.Span) { s.TraceState().FromRaw(raw) } }

// record makes a request of one access log record.
func record(id pcommon.TraceID, pairs ...any) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "edge")
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetTraceID(id)
	lr.SetTimestamp(pcommon.NewTimestampFromTime(day))
	lr.Attributes().PutStr("http.request.method", "GET")
	for i := 0; i < len(pairs); i += 2 {
		if err := lr.Attributes().PutEmpty(pairs[i].(string)).FromRaw(pairs[i+1]); err != nil {
			panic(err)
		}
	}
	return ld
}

// keepAll and dropAll are rules without conditions.
func keepAll(c *Config) { c.Rules = []RuleConfig{{Name: "all", Action: ActionKeep}} }
func dropAll(c *Config) { c.Rules = []RuleConfig{{Name: "all", Action: ActionDrop}} }

func errorsOnly(c *Config) {
	yes := true
	c.Rules = []RuleConfig{{Name: "errors", Match: MatchConfig{Error: &yes}, Action: ActionKeep}}
}

func ratio(p float64) func(*Config) {
	return func(c *Config) { c.Rules = []RuleConfig{{Name: "share", Action: ActionRatio, Ratio: p}} }
}
