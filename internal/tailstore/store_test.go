package tailstore

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := New[struct{ s []string }](Config{MaxBytes: 1, SegmentBytes: 1, Delays: []time.Duration{-1}})
	require.ErrorContains(t, err, "segment bytes: 1, want 16384 to 16777216")
	require.ErrorContains(t, err, "max bytes: 1, want at least 16, which is 16 segments")
	require.ErrorContains(t, err, "delays: -1ns, want 0 or more")
	require.ErrorContains(t, err, "holds pointers")
	_, err = New[int](Config{MaxBytes: 16 << 20, Delays: make([]time.Duration, 17)})
	require.ErrorContains(t, err, "delays: 17 of them, want 1 to 16")
	_, err = New[struct {
		a [3]uint64
		b struct{ c bool }
	}](Config{MaxBytes: 16 << 20, Delays: make([]time.Duration, 1)})
	require.NoError(t, err)
}

// oneSpan returns a request of one span.
func oneSpan(id TraceID, change func(ptrace.Span)) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "gateway")
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID(pcommon.TraceID(id))
	if change != nil {
		change(span)
	}
	return td
}

func numbered(n int) (id TraceID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func add(tb testing.TB, s *Store[uint64], now time.Time, td ptrace.Traces) (Ref, error) {
	tb.Helper()
	rs := td.ResourceSpans().At(0)
	from, err := s.SpanOrigin(rs, rs.ScopeSpans().At(0))
	if err != nil {
		return 0, err
	}
	defer s.ReleaseOrigin(from)
	return s.AddSpan(now, from, rs.ScopeSpans().At(0).Spans().At(0))
}

// A trace is due a delay after it was put into its queue, whatever the order of the queues.
func TestDue(t *testing.T) {
	t.Parallel()
	s := newStore(t, Config{Delays: []time.Duration{30 * time.Second, 6 * time.Second}})
	start := time.Now()
	_, ok := s.Due()
	assert.False(t, ok)
	first, err := add(t, s, start, oneSpan(numbered(1), nil))
	require.NoError(t, err)
	second, err := add(t, s, start.Add(time.Second), oneSpan(numbered(2), nil))
	require.NoError(t, err)
	require.NoError(t, s.Schedule(start.Add(2*time.Second), second, 1))

	at, ok := s.Due()
	require.True(t, ok)
	assert.Equal(t, start.Add(8*time.Second), at)
	_, ok = s.Next(start.Add(8*time.Second - 1))
	assert.False(t, ok)
	ref, ok := s.Next(start.Add(8 * time.Second))
	require.True(t, ok)
	assert.Equal(t, second, ref)

	// Handed out, it takes no more items: a late one starts a trace of its own.
	late, err := add(t, s, start.Add(8*time.Second), oneSpan(numbered(2), nil))
	require.NoError(t, err)
	assert.NotEqual(t, second, late)
	assert.Equal(t, 1, s.Items(second))
	require.NoError(t, s.Drop(second))
	found, ok := s.Find(numbered(2))
	require.True(t, ok)
	assert.Equal(t, late, found)

	ref, ok = s.Next(start.Add(time.Minute))
	require.True(t, ok)
	assert.Equal(t, first, ref)
	// Back in a queue it is due again, and still takes no items.
	require.NoError(t, s.Schedule(start.Add(time.Minute), first, 1))
	queue, ok := s.Queue(first)
	require.True(t, ok)
	assert.Equal(t, 1, queue)
	_, ok = s.Find(numbered(1))
	assert.False(t, ok)
	ref, ok = s.Next(start.Add(time.Minute))
	require.True(t, ok)
	assert.Equal(t, late, ref)
	_, ok = s.Next(start.Add(time.Minute))
	assert.False(t, ok)
	_, ok = s.Queue(late)
	assert.False(t, ok)
}

// Items come back in the order in which they arrived, grouped by where they are from.
func TestOrderAndGrouping(t *testing.T) {
	t.Parallel()
	s := newStore(t, Config{})
	td := ptrace.NewTraces()
	ld := plog.NewLogs()
	for r := range 2 {
		rs, rl := td.ResourceSpans().AppendEmpty(), ld.ResourceLogs().AppendEmpty()
		rs.Resource().Attributes().PutInt("resource", int64(r))
		rs.Resource().SetDroppedAttributesCount(7)
		rs.SetSchemaUrl("https://opentelemetry.io/schemas/1.40.0")
		ref := entity.ResourceEntityRefs(rs.Resource()).AppendEmpty()
		ref.SetType("service")
		ref.SetSchemaUrl("schema")
		ref.IdKeys().Append("resource")
		ref.DescriptionKeys().Append("a", "b")
		rs.Resource().CopyTo(rl.Resource())
		for sc := range 2 {
			ss, sl := rs.ScopeSpans().AppendEmpty(), rl.ScopeLogs().AppendEmpty()
			ss.Scope().SetName("scope")
			ss.Scope().SetVersion("v1")
			ss.Scope().Attributes().PutInt("scope", int64(sc))
			ss.Scope().SetDroppedAttributesCount(2)
			ss.SetSchemaUrl("https://opentelemetry.io/schemas/1.2.0")
			ss.Scope().CopyTo(sl.Scope())
			for i := range 3 {
				span, lr := ss.Spans().AppendEmpty(), sl.LogRecords().AppendEmpty()
				span.SetTraceID(pcommon.TraceID(numbered(1)))
				span.SetName(strings.Repeat("x", i))
				lr.SetTraceID(span.TraceID())
				lr.Body().SetInt(int64(i))
			}
		}
	}
	addTraces(t, s, time.Now(), td)
	addLogs(t, s, time.Now(), ld)
	assert.Equal(t, 1, s.Stats().Traces)
	assert.Equal(t, 24, s.Stats().Items)
	assert.Equal(t, 8, s.Stats().Origins)
	b := drain(t, s)
	assert.Equal(t, 12, b.Spans())
	assert.Equal(t, 12, b.LogRecords())
	gotTraces, err := b.Traces()
	require.NoError(t, err)
	gotLogs, err := b.Logs()
	require.NoError(t, err)
	sameTraces(t, td, gotTraces)
	assert.Equal(t, td, gotTraces)
	assert.Equal(t, ld, gotLogs)
	assert.Zero(t, s.Stats().Items)
	b.Reset()
	empty, err := b.Traces()
	require.NoError(t, err)
	assert.Zero(t, empty.ResourceSpans().Len())
}

func sameTraces(tb testing.TB, want, got ptrace.Traces) {
	tb.Helper()
	w, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(want)
	require.NoError(tb, err)
	g, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(got)
	require.NoError(tb, err)
	require.Equal(tb, w, g)
}

// strange is a span of everything that is not usual.
func strange(span ptrace.Span) {
	span.SetSpanID(pcommon.SpanID{})
	span.SetParentSpanID(pcommon.SpanID{1})
	span.SetKind(-3)
	span.Status().SetCode(1 << 30)
	span.Status().SetMessage("\xff\x00")
	span.SetFlags(0xffffffff)
	span.SetStartTimestamp(1<<64 - 1)
	span.SetEndTimestamp(1)
	span.SetDroppedAttributesCount(1)
	span.SetDroppedEventsCount(2)
	span.SetDroppedLinksCount(1<<32 - 1)
	span.TraceState().FromRaw("ot=th:c;rv:aabbccddeeff00,vendor=x")
	a := span.Attributes()
	a.PutStr("", "")
	a.PutStr("text", "")
	a.PutInt("min", -1<<63)
	a.PutInt("max", 1<<63-1)
	a.PutInt("one", -1)
	a.PutDouble("nan", 0)
	a.PutEmpty("empty")
	a.PutEmptyBytes("bytes").FromRaw([]byte{0, 1, 2})
	a.PutEmptyMap("map").PutEmptyMap("").PutEmptySlice("s").AppendEmpty().SetBool(true)
	a.PutEmptySlice("slice").AppendEmpty()
	a.PutStr("uuid", "6fd22d75-6a9c-908a-914a-879bb86748c3")
	a.PutStr("UUID", "6FD22D75-6a9c-908a-914a-879bb86748c3")
	a.PutStr("long", strings.Repeat("y", 300))
	for range 2 {
		e := span.Events().AppendEmpty()
		e.SetTimestamp(5)
		e.SetDroppedAttributesCount(3)
		e.Attributes().PutStr("exception.message", "m")
		span.Events().AppendEmpty().SetName("named")
		l := span.Links().AppendEmpty()
		l.SetTraceID(pcommon.TraceID{9})
		l.SetFlags(0x300)
		l.SetDroppedAttributesCount(4)
		l.TraceState().FromRaw("a=b")
		l.Attributes().PutBool("no", false)
		span.Links().AppendEmpty()
	}
}

func TestStrangeSpan(t *testing.T) {
	t.Parallel()
	s := newStore(t, Config{})
	for range 4 {
		_, err := add(t, s, time.Now(), oneSpan(TraceID{}, strange))
		require.NoError(t, err)
	}
	td, err := drain(t, s).Traces()
	require.NoError(t, err)
	want := spanBytes(t, oneSpan(TraceID{}, strange))[0]
	sameItems(t, []string{want, want, want, want}, spanBytes(t, td))
}

// Reading what was overwritten ends in an error, not in a panic, and costs the one trace only.
func TestCorrupt(t *testing.T) {
	t.Parallel()
	for at := range 200 {
		s := newStore(t, Config{})
		for i := range 3 {
			_, err := add(t, s, time.Now(), oneSpan(numbered(i), strange))
			require.NoError(t, err)
		}
		ref, ok := s.Find(numbered(1))
		require.True(t, ok)
		rec := s.records.at(s.traces.at(uint32(ref)).head)
		data := s.segments[rec.seg].data
		data[int(rec.off)+4+at%int(rec.size-4)] ^= 0xff
		s.expand.limit = 1 << 20
		var b Batch
		if err := s.Read(ref, &b); err != nil {
			require.ErrorIs(t, err, errCorrupt)
			assert.Zero(t, b.Spans())
		}
		require.NoError(t, s.Drop(ref))
		checkAccounts(t, s)
	}
}

func TestStale(t *testing.T) {
	t.Parallel()
	s := newStore(t, Config{})
	ref, err := add(t, s, time.Now(), oneSpan(numbered(1), nil))
	require.NoError(t, err)
	require.NoError(t, s.Drop(ref))
	again, err := add(t, s, time.Now(), oneSpan(numbered(1), nil))
	require.NoError(t, err)
	for _, stale := range []Ref{0, ref, ^Ref(0)} {
		require.ErrorIs(t, s.Drop(stale), ErrStale)
		require.ErrorIs(t, s.Read(stale, &Batch{}), ErrStale)
		require.ErrorIs(t, s.Schedule(time.Now(), stale, 0), ErrStale)
		assert.Nil(t, s.Summary(stale))
		assert.Zero(t, s.Items(stale))
		_, ok := s.ID(stale)
		assert.False(t, ok)
	}
	require.ErrorContains(t, s.Schedule(time.Now(), again, 2), "queue 2, want one of 0 to 1")
	id, ok := s.ID(again)
	require.True(t, ok)
	assert.Equal(t, numbered(1), id)
}

// Adding allocates segments and chunks of tables, and nothing for an item.
func TestAddAllocates(t *testing.T) {
	f := newTraffic(t, 2)
	requests := make([]ptrace.Traces, 60)
	for i := range requests {
		requests[i] = f.request(25, 2)
	}
	s := newStore(t, Config{MaxBytes: 1 << 30})
	now := time.Now()
	for _, td := range requests[:5] {
		addTraces(t, s, now, td)
	}
	i := 5
	var w ScopeWriter
	var puts Puts
	perRequest := testing.AllocsPerRun(50, func() {
		rs := requests[i].ResourceSpans().At(0)
		from, err := s.Origin(w.Spans(rs, rs.ScopeSpans().At(0)))
		if err != nil {
			panic(err)
		}
		w.Reset()
		spans := rs.ScopeSpans().At(0).Spans()
		for j := range spans.Len() {
			if err := s.PutSpan(&puts, from, spans.At(j)); err != nil {
				panic(err)
			}
		}
		s.ReleaseOrigin(from)
		for j, item := range puts.Items {
			s.Attach(now, TraceID(spans.At(j).TraceID()), item)
		}
		puts.Reset()
		i++
	})
	// The index grows in 64 parts, each a few times on the way to 2,500 spans.
	assert.Less(t, perRequest/50, 0.1, "allocations per span")
}
