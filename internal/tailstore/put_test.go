package tailstore

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// modelPuts are items that were put together.
type modelPuts struct {
	puts  Puts
	items []modelItem
}

type modelItem struct {
	id    TraceID
	isLog bool
	bytes string
}

// put puts an item and reports whether it was taken.
func (m *model) put(p *modelPuts) bool {
	one := modelItem{id: m.id(), isLog: m.rand.IntN(3) == 0}
	if n := len(p.items); n > 0 && m.rand.IntN(3) == 0 {
		one.id = p.items[n-1].id
	}
	sc := m.scopes[m.rand.IntN(len(m.scopes))]
	before := m.s.Stats()
	var err error
	if one.isLog {
		ld := plog.NewLogs()
		sc.ld.CopyTo(ld)
		lr := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty()
		lr.SetTraceID(pcommon.TraceID(one.id))
		lr.SetTimestamp(pcommon.Timestamp(m.now.UnixNano()))
		lr.SetSeverityText([]string{"", "INFO"}[m.rand.IntN(2)])
		lr.Body().SetStr(strings.Repeat("line ", m.size()/5))
		m.attributes(lr.Attributes())
		from, ferr := m.s.LogOrigin(ld.ResourceLogs().At(0), ld.ResourceLogs().At(0).ScopeLogs().At(0))
		if m.refused(ferr) {
			return false
		}
		err = m.s.PutLogRecord(&p.puts, from, lr)
		m.s.ReleaseOrigin(from)
		one.bytes = recordBytes(m.tb, ld)[0]
	} else {
		td := ptrace.NewTraces()
		sc.td.CopyTo(td)
		span := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty()
		m.span(one.id, span)
		from, ferr := m.s.SpanOrigin(td.ResourceSpans().At(0), td.ResourceSpans().At(0).ScopeSpans().At(0))
		if m.refused(ferr) {
			return false
		}
		err = m.s.PutSpan(&p.puts, from, span)
		m.s.ReleaseOrigin(from)
		one.bytes = spanBytes(m.tb, td)[0]
	}
	after := m.s.Stats()
	require.Equal(m.tb, before.Items, after.Items, "put is not attached")
	require.Equal(m.tb, before.Traces, after.Traces)
	if m.refused(err) {
		return false
	}
	p.items = append(p.items, one)
	return true
}

// attach gives items that were put to their traces.
func (m *model) attach(p *modelPuts) {
	require.Len(m.tb, p.puts.Items, len(p.items))
	before := m.s.Stats().Bytes
	for i, one := range p.items {
		ref := m.s.Attach(m.now, one.id, p.puts.Items[i])
		t := m.pending[one.id]
		if t == nil {
			t = &modelTrace{ref: ref, id: one.id, since: m.now.Sub(m.epoch), order: m.next()}
			m.pending[one.id] = t
			m.traces = append(m.traces, t)
		}
		require.Equal(m.tb, t.ref, ref)
		if one.isLog {
			t.logs = append(t.logs, one.bytes)
		} else {
			t.items = append(t.items, one.bytes)
		}
		t.sum += uint64(len(one.bytes))
		*m.s.Summary(ref) += uint64(len(one.bytes))
	}
	require.LessOrEqual(m.tb, m.s.Stats().Bytes, max(before, m.s.limit), "attaching needs no room that was not there")
}

// add puts the items of a request, all or none of them. Some requests wait until others have come and gone.
func (m *model) add() {
	p := &modelPuts{}
	n := 1
	if m.rand.IntN(40) == 0 {
		n = m.rand.IntN(100)
	}
	for range n {
		if !m.put(p) {
			m.s.Discard(p.puts.Items...)
			return
		}
	}
	m.waiting = append(m.waiting, p)
	for len(m.waiting) > m.rand.IntN(4) {
		i := m.rand.IntN(len(m.waiting))
		p := m.waiting[i]
		m.waiting = slices.Delete(m.waiting, i, i+1)
		if m.rand.IntN(20) == 0 {
			m.s.Discard(p.puts.Items...)
		} else {
			m.attach(p)
		}
	}
}

// putAll puts spans of different traces until one does not fit.
func putAll(tb testing.TB, s *Store[uint64], puts *Puts, first, n int, change func(ptrace.Span)) (int, error) {
	tb.Helper()
	for i := range n {
		td := oneSpan(numbered(first+i), change)
		rs := td.ResourceSpans().At(0)
		from, err := s.SpanOrigin(rs, rs.ScopeSpans().At(0))
		if err != nil {
			return i, err
		}
		err = s.PutSpan(puts, from, rs.ScopeSpans().At(0).Spans().At(0))
		s.ReleaseOrigin(from)
		if err != nil {
			return i, err
		}
	}
	return n, nil
}

// What is discarded leaves the store as it was: its room is there for what comes next, and nothing of it is read.
func TestDiscard(t *testing.T) {
	t.Parallel()
	s := newStore(t, Config{MaxBytes: 1 << 20, SegmentBytes: minSegmentBytes})
	text := unguessable(100)
	for i := range 50 {
		_, err := add(t, s, time.Now(), oneSpan(numbered(i), nil))
		require.NoError(t, err)
	}
	newKey := func(span ptrace.Span) { span.Attributes().PutStr(text(), "value") }
	segment, entries := s.young.segment, len(s.young.entries)
	for range 2000 { // far more than the store has room for
		before := s.Stats()
		var puts Puts
		_, err := putAll(t, s, &puts, 50, 20, newKey)
		require.NoError(t, err)
		assert.Equal(t, before.Items, s.Stats().Items)
		s.Discard(puts.Items...)
		after := s.Stats()
		require.Equal(t, before.LiveBytes, after.LiveBytes)
		require.Equal(t, before.Traces, after.Traces)
	}
	checkAccounts(t, s)
	assert.Zero(t, s.Stats().DeadBytes, "what was put last is taken out of its segment")
	assert.Equal(t, segment, s.young.segment)
	assert.Len(t, s.young.entries, entries, "and out of its dictionary")
	assert.Equal(t, 50, drain(t, s).Spans())
}

// Whatever fits can be attached, though every item begins a trace.
func TestAttachNeedsNoRoom(t *testing.T) {
	t.Parallel()
	s := newStore(t, Config{MaxBytes: 1 << 20, SegmentBytes: minSegmentBytes})
	var requests []*Puts
	n := 0
	for err := error(nil); err == nil; {
		puts := &Puts{}
		var put int
		put, err = putAll(t, s, puts, n, 10, nil)
		n += put
		requests = append(requests, puts)
	}
	require.Greater(t, n, 1000)
	i := 0
	for _, puts := range requests {
		for _, item := range puts.Items {
			s.Attach(time.Now(), numbered(i), item)
			i++
		}
	}
	assert.LessOrEqual(t, s.Stats().Bytes, s.limit)
	checkAccounts(t, s)
	assert.Equal(t, n, drain(t, s).Spans())
}

// Items that together take more than half of the store are told from items that only came at a bad time.
func TestPutsTooLarge(t *testing.T) {
	t.Parallel()
	s := newStore(t, Config{MaxBytes: 1 << 20, SegmentBytes: minSegmentBytes})
	text := unguessable(1000)
	large := func(span ptrace.Span) { span.Attributes().PutStr("n", text()) }
	var puts Puts
	put, err := putAll(t, s, &puts, 0, 2000, large)
	require.ErrorIs(t, err, ErrPutsTooLarge)
	require.Greater(t, put, 500)
	var other Puts
	_, err = putAll(t, s, &other, 2000, 10, large)
	require.ErrorIs(t, err, ErrFull)
	s.Discard(other.Items...)
	s.Discard(puts.Items...)
	other.Reset()
	_, err = putAll(t, s, &other, 2000, 10, large)
	require.NoError(t, err)
	s.Discard(other.Items...)
	checkAccounts(t, s)
}
