package tailstore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// model is the store as one would write it without thinking of memory: a list of traces.
type model struct {
	tb      testing.TB
	rand    *rand.Rand
	s       *Store[uint64]
	now     time.Time
	epoch   time.Time
	delays  []time.Duration
	traces  []*modelTrace           // there
	pending map[TraceID]*modelTrace // of these, found by id
	scopes  []modelScope
	waiting []*modelPuts
	order   uint64 // of what is put into a queue
	full    int
	peak    int
}

type modelTrace struct {
	ref   Ref
	id    TraceID
	items []string
	logs  []string
	queue int // -1: handed out
	since time.Duration
	order uint64
	sum   uint64
}

type modelScope struct {
	td ptrace.Traces // one scope without spans
	ld plog.Logs
}

func newModel(tb testing.TB, seed uint64, cfg Config) *model {
	tb.Helper()
	m := &model{
		tb: tb, rand: rand.New(rand.NewPCG(seed, 7)), s: newStore(tb, cfg), now: time.Now(),
		delays: cfg.Delays, pending: make(map[TraceID]*modelTrace),
	}
	m.epoch = m.now
	for i := range 6 {
		var sc modelScope
		sc.td, sc.ld = ptrace.NewTraces(), plog.NewLogs()
		rs, rl := sc.td.ResourceSpans().AppendEmpty(), sc.ld.ResourceLogs().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "gateway-"+strconv.Itoa(i/2))
		rs.Resource().Attributes().CopyTo(rl.Resource().Attributes())
		rs.SetSchemaUrl([]string{"", "https://opentelemetry.io/schemas/1.40.0"}[i%2])
		ss, sl := rs.ScopeSpans().AppendEmpty(), rl.ScopeLogs().AppendEmpty()
		ss.Scope().SetName("scope-" + strconv.Itoa(i%3))
		ss.Scope().CopyTo(sl.Scope())
		sl.SetSchemaUrl(rs.SchemaUrl())
		m.scopes = append(m.scopes, sc)
	}
	return m
}

// size draws how long a text is: mostly short, rarely longer than a segment.
func (m *model) size() int {
	switch m.rand.IntN(2000) {
	case 0:
		return m.rand.IntN(40_000)
	case 1, 2, 3, 4:
		return m.rand.IntN(5_000)
	}
	return m.rand.IntN(30)
}

func (m *model) attributes(to pcommon.Map) {
	for range m.rand.IntN(8) {
		key := "key." + strconv.Itoa(m.rand.IntN(40))
		switch m.rand.IntN(12) {
		case 0:
			to.PutInt(key, int64(m.rand.Uint64()))
		case 1:
			to.PutInt(key, m.rand.Int64N(3)-1)
		case 2:
			to.PutDouble(key, m.rand.NormFloat64())
		case 3:
			to.PutBool(key, m.rand.IntN(2) == 0)
		case 4:
			to.PutEmpty(key)
		case 5:
			to.PutEmptySlice(key).AppendEmpty().SetStr(strconv.Itoa(m.rand.IntN(5)))
		case 6:
			m.attributes(to.PutEmptyMap(key))
		case 7:
			to.PutStr(key, fmt.Sprintf("%08x-0000-4000-8000-%012x", m.rand.IntN(3), m.rand.Uint64()>>16))
		case 8:
			to.PutStr(key, strings.Repeat("x", m.size()))
		default:
			to.PutStr(key, "/path/to/value/"+strconv.Itoa(m.rand.IntN(200)))
		}
	}
}

// id draws a trace id, often one that is pending.
func (m *model) id() TraceID {
	var id TraceID
	if len(m.traces) > 0 && m.rand.IntN(3) > 0 {
		return m.traces[m.rand.IntN(len(m.traces))].id
	}
	if m.rand.IntN(100) > 0 { // else zero
		for i := range id {
			id[i] = byte(m.rand.Uint32())
		}
	}
	return id
}

func (m *model) span(id TraceID, to ptrace.Span) {
	to.SetTraceID(pcommon.TraceID(id))
	to.SetSpanID(pcommon.SpanID{byte(m.rand.IntN(256)), 1})
	if m.rand.IntN(2) == 0 {
		to.SetParentSpanID(pcommon.SpanID{2, byte(m.rand.IntN(256))})
	}
	to.SetName([]string{"ingress", "egress", "", "GET /"}[m.rand.IntN(4)])
	to.SetKind(ptrace.SpanKind(m.rand.IntN(6)))
	if m.rand.IntN(10) > 0 {
		to.SetStartTimestamp(pcommon.Timestamp(m.now.UnixNano()))
		to.SetEndTimestamp(pcommon.Timestamp(m.now.UnixNano() + m.rand.Int64N(1e9) - 1e6))
	}
	m.attributes(to.Attributes())
	if m.rand.IntN(10) == 0 {
		to.Status().SetCode(ptrace.StatusCode(m.rand.IntN(3)))
		to.Status().SetMessage("message")
		to.TraceState().FromRaw("ot=th:c")
		to.SetFlags(m.rand.Uint32())
		to.SetDroppedAttributesCount(1)
		e := to.Events().AppendEmpty()
		e.SetName("event")
		m.attributes(e.Attributes())
		l := to.Links().AppendEmpty()
		l.SetSpanID(pcommon.SpanID{3})
		m.attributes(l.Attributes())
	}
}

func (m *model) next() uint64 { m.order++; return m.order }

func (m *model) refused(err error) bool {
	if errors.Is(err, ErrFull) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrPutsTooLarge) {
		m.full++
		return true
	}
	require.NoError(m.tb, err)
	return false
}

// first returns the trace that is due first.
func (m *model) first() (*modelTrace, time.Duration) {
	var best *modelTrace
	var due time.Duration
	for q, delay := range m.delays {
		var head *modelTrace
		for _, t := range m.traces {
			if t.queue == q && (head == nil || t.order < head.order) {
				head = t
			}
		}
		if head != nil && (best == nil || head.since+delay < due) {
			best, due = head, head.since+delay
		}
	}
	return best, due
}

func (m *model) handOut(force bool) {
	want, due := m.first()
	var ref Ref
	var ok bool
	if force {
		ref, ok = m.s.Oldest()
	} else {
		ref, ok = m.s.Next(m.now)
		if want != nil && due > m.now.Sub(m.epoch) {
			want = nil
		}
	}
	require.Equal(m.tb, want != nil, ok)
	if want == nil {
		return
	}
	require.Equal(m.tb, want.ref, ref)
	want.queue = -1
	if m.pending[want.id] == want {
		delete(m.pending, want.id)
	}
	m.check(want)
	if m.rand.IntN(10) == 0 {
		m.schedule(want)
		return
	}
	m.drop(want)
}

func (m *model) schedule(t *modelTrace) {
	t.queue = m.rand.IntN(len(m.delays))
	t.since = m.now.Sub(m.epoch)
	t.order = m.next()
	require.NoError(m.tb, m.s.Schedule(m.now, t.ref, t.queue))
}

func (m *model) drop(t *modelTrace) {
	require.NoError(m.tb, m.s.Drop(t.ref))
	require.ErrorIs(m.tb, m.s.Drop(t.ref), ErrStale)
	if m.pending[t.id] == t {
		delete(m.pending, t.id)
	}
	for i := range m.traces {
		if m.traces[i] == t {
			m.traces[i] = m.traces[len(m.traces)-1]
			m.traces = m.traces[:len(m.traces)-1]
			break
		}
	}
}

// check reads a trace and compares all of it.
func (m *model) check(t *modelTrace) {
	var b Batch
	require.NoError(m.tb, m.s.Read(t.ref, &b))
	td, err := b.Traces()
	require.NoError(m.tb, err)
	sameItems(m.tb, t.items, spanBytes(m.tb, td))
	ld, err := b.Logs()
	require.NoError(m.tb, err)
	sameItems(m.tb, t.logs, recordBytes(m.tb, ld))
	require.Equal(m.tb, len(t.items)+len(t.logs), m.s.Items(t.ref))
	require.Equal(m.tb, t.sum, *m.s.Summary(t.ref))
}

func (m *model) step() {
	switch n := m.rand.IntN(100); {
	case n < 70:
		m.add()
	case n < 80:
		m.handOut(false)
	case n < 84:
		m.now = m.now.Add(time.Duration(m.rand.Int64N(int64(200 * time.Millisecond))))
	case n < 85:
		m.now = m.now.Add(-time.Second) // the store does not follow
		m.s.tick(m.now)
		m.now = m.now.Add(time.Second)
	case n < 90 && len(m.traces) > 0:
		m.schedule(m.traces[m.rand.IntN(len(m.traces))])
	case n < 93 && len(m.traces) > 0:
		m.drop(m.traces[m.rand.IntN(len(m.traces))])
	case n < 95 && len(m.traces) > 0:
		m.check(m.traces[m.rand.IntN(len(m.traces))])
	case n < 96:
		m.handOut(true)
	}
	for len(m.traces) > 600 {
		m.handOut(true)
	}
}

// settled compares what the store says of itself with what it is.
func (m *model) settled() {
	for _, p := range m.waiting {
		m.attach(p)
	}
	m.waiting = nil
	st := m.s.Stats()
	items := 0
	for _, t := range m.traces {
		items += len(t.items) + len(t.logs)
	}
	require.Len(m.tb, m.traces, st.Traces)
	require.Equal(m.tb, items, st.Items)
	require.LessOrEqual(m.tb, st.Bytes, m.s.max)
	m.peak = max(m.peak, st.Bytes)
	checkAccounts(m.tb, m.s)
}

// modelSteps is how many operations a model test takes; TAILSTORE_STEPS sets another number.
func modelSteps(tb testing.TB) int {
	tb.Helper()
	if v := os.Getenv("TAILSTORE_STEPS"); v != "" {
		n, err := strconv.Atoi(v)
		require.NoError(tb, err)
		return n
	}
	return 40_000
}

func TestModel(t *testing.T) {
	t.Parallel()
	for _, bound := range []int{256 << 10, 1 << 20, 16 << 20} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprintf("%d/%d", bound, seed), func(t *testing.T) {
				t.Parallel()
				m := newModel(t, seed, Config{
					MaxBytes: bound, SegmentBytes: minSegmentBytes,
					Delays: []time.Duration{2 * time.Second, 500 * time.Millisecond, 5 * time.Second},
				})
				for i := range modelSteps(t) {
					m.step()
					if i%500 == 0 {
						m.settled()
					}
				}
				m.settled()
				st := m.s.Stats()
				t.Logf("%+v refused %d peak %d", st, m.full, m.peak)
				for len(m.traces) > 0 {
					m.check(m.traces[0])
					m.drop(m.traces[0])
				}
				m.settled()
			})
		}
	}
}
