package tailstore

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// A trace of 100,000 items, and items of a megabyte, larger than a segment.
func TestLarge(t *testing.T) {
	t.Parallel()
	s := newStore(t, Config{MaxBytes: 64 << 20, SegmentBytes: 64 << 10})
	now := time.Now()
	const many, large = 100_000, 20
	for range many {
		_, err := add(t, s, now, oneSpan(numbered(1), nil))
		require.NoError(t, err)
	}
	for i := range large {
		_, err := add(t, s, now, oneSpan(numbered(i), func(span ptrace.Span) {
			span.Attributes().PutStr("payload", strings.Repeat("z", 1<<20))
		}))
		require.NoError(t, err)
	}
	checkAccounts(t, s)
	st := s.Stats()
	assert.Greater(t, st.SegmentBytes, large<<20)
	assert.LessOrEqual(t, st.Bytes, 64<<20)
	ref, ok := s.Find(numbered(1))
	require.True(t, ok)
	assert.Equal(t, many+1, s.Items(ref))
	var b Batch
	require.NoError(t, s.Read(ref, &b))
	td, err := b.Traces()
	require.NoError(t, err)
	assert.Equal(t, many+1, td.SpanCount())
	require.NoError(t, s.Drop(ref))
	checkAccounts(t, s)
	drain(t, s)
	checkAccounts(t, s)
	assert.Less(t, s.Stats().Bytes, 2<<20)
}

// A full store says so and stays as it is, forgets nothing, and has room again after a drop.
func TestFull(t *testing.T) {
	t.Parallel()
	const bound = 1 << 20
	s := newStore(t, Config{MaxBytes: bound, SegmentBytes: minSegmentBytes})
	now := time.Now()
	text := unguessable(500)
	n := 0
	for ; ; n++ {
		_, err := add(t, s, now, oneSpan(numbered(n), func(span ptrace.Span) {
			span.Attributes().PutStr("n", text())
		}))
		if err != nil {
			require.ErrorIs(t, err, ErrFull)
			break
		}
		require.LessOrEqual(t, s.Stats().Bytes, bound)
	}
	before := s.Stats()
	assert.Greater(t, before.LiveBytes, bound*6/10, "most of the bound is for items")
	_, err := add(t, s, now, oneSpan(numbered(n), func(span ptrace.Span) {
		span.Attributes().PutStr("n", strings.Repeat("u", 30_000))
	}))
	require.ErrorIs(t, err, ErrFull)
	assert.Equal(t, before, s.Stats())
	_, err = add(t, s, now, oneSpan(numbered(n), func(span ptrace.Span) {
		span.Attributes().PutStr("n", strings.Repeat("u", bound))
	}))
	require.ErrorIs(t, err, ErrTooLarge)
	assert.Equal(t, before, s.Stats())

	for range 200 {
		ref, ok := s.Oldest()
		require.True(t, ok)
		require.NoError(t, s.Drop(ref))
	}
	for range 100 {
		_, err = add(t, s, now, oneSpan(numbered(n), func(span ptrace.Span) {
			span.Attributes().PutStr("n", text())
		}))
		require.NoError(t, err)
		n++
	}
	checkAccounts(t, s)
	assert.Equal(t, n-200, drain(t, s).Spans())
}

// unguessable returns a source of texts of n characters that have nothing in common.
func unguessable(n int) func() string {
	r := rand.New(rand.NewPCG(3, 4))
	return func() string {
		b := make([]byte, n)
		for i := range b {
			b[i] = 'a' + byte(r.IntN(26))
		}
		return string(b)
	}
}

// What the dictionary remembers of an item that was taken back is not believed, even where the header of a later item
// looks like it before it is filled in.
func TestTakenBack(t *testing.T) {
	t.Parallel()
	e := encoder{dict: newDict(minSegmentBytes), home: make([]byte, 0, minSegmentBytes)}
	e.reset()
	e.begin(0)
	e.pair("key", 0, value{text: "one"})
	e.home = e.data
	e.begin(0)
	for range 20 {
		e.data = append(e.data, 1)
	}
	e.pair("key", 0, value{}) // an empty text is a zero, as the header is
	at := len(e.data) - 1
	e.rollback()
	e.begin(0)
	e.data = append(e.data, make([]byte, at-len(e.data))...)
	e.home = e.data
	e.begin(0)
	require.Equal(t, at, e.start)
	for range 3 {
		e.pair("key", 0, value{})
	}
	putHeader(e.data[e.start:], 0xffffffff, true)
	var r reader
	r.open(e.data, e.entries, 0, e.start+headerBytes+1, len(e.data))
	for range 3 {
		key, v := r.pair()
		require.Equal(t, "key", string(key))
		require.Empty(t, v.text)
	}
	require.False(t, r.failed)
	require.Equal(t, r.end, r.at)
}

// What a burst of tiny traces took is there for large ones afterwards.
func TestTablesShrink(t *testing.T) {
	t.Parallel()
	s := newStore(t, Config{MaxBytes: 32 << 20})
	fixed := s.Stats().Bytes
	for i := range 100_000 {
		_, err := add(t, s, time.Now(), oneSpan(numbered(i), nil))
		require.NoError(t, err)
	}
	assert.Greater(t, s.Stats().TableBytes, 6<<20)
	for ref, ok := s.Oldest(); ok; ref, ok = s.Oldest() {
		require.NoError(t, s.Drop(ref))
	}
	checkAccounts(t, s)
	assert.Less(t, s.Stats().TableBytes, 300<<10)
	assert.Less(t, s.Stats().Bytes-fixed, 4<<20)
}

// A resource that would fill the store is refused for good, and one that is smaller is stored.
func TestLargeOrigin(t *testing.T) {
	t.Parallel()
	s := newStore(t, Config{MaxBytes: 1 << 20, SegmentBytes: minSegmentBytes})
	of := func(n int) ptrace.Traces {
		td := oneSpan(numbered(n), nil)
		td.ResourceSpans().At(0).Resource().Attributes().PutStr("note", strings.Repeat("z", n))
		return td
	}
	_, err := add(t, s, time.Now(), of(300<<10))
	require.ErrorIs(t, err, ErrTooLarge)
	assert.Zero(t, s.Stats().Origins)
	_, err = add(t, s, time.Now(), of(100<<10))
	require.NoError(t, err)
	checkAccounts(t, s)
}

// After a flood of resources of one item each, nothing is left of what the store needed for them.
func TestManyOrigins(t *testing.T) {
	t.Parallel()
	s := newStore(t, Config{MaxBytes: 16 << 20, SegmentBytes: 64 << 10})
	empty := s.Stats().Bytes
	n := 0
	for ; ; n++ {
		td := oneSpan(numbered(1), nil)
		td.ResourceSpans().At(0).Resource().Attributes().PutInt("n", int64(n))
		if _, err := add(t, s, time.Now(), td); err != nil {
			require.ErrorIs(t, err, ErrFull)
			break
		}
	}
	assert.Greater(t, n, 50_000)
	checkAccounts(t, s)
	drain(t, s)
	checkAccounts(t, s)
	assert.Less(t, s.Stats().Bytes-empty, 1<<20)
}

// The store is also full when its segments run out of numbers, which large items in segments of their own bring about.
func TestSegmentNumbers(t *testing.T) {
	t.Parallel()
	s := newStore(t, Config{MaxBytes: 1 << 30, SegmentBytes: minSegmentBytes})
	text := strings.Repeat("z", minSegmentBytes/ownShare+1)
	for n := range noSegment + 2 {
		_, err := add(t, s, time.Now(), oneSpan(numbered(n), func(span ptrace.Span) { span.SetName(text) }))
		if err != nil {
			require.ErrorIs(t, err, ErrFull)
			break
		}
	}
	assert.LessOrEqual(t, len(s.segments), noSegment)
	checkAccounts(t, s)
	drain(t, s)
	_, err := add(t, s, time.Now(), oneSpan(numbered(1), nil))
	require.NoError(t, err)
}

// Resources whose items are gone do not fill the store because the segment that these were in is still open.
func TestDeadOrigins(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]ptrace.Traces{
		"an item of a new resource": func() ptrace.Traces {
			td := oneSpan(numbered(1), nil)
			td.ResourceSpans().At(0).Resource().Attributes().PutStr("note", strings.Repeat("x", 60<<10))
			return td
		}(),
		"a large item of a known one": oneSpan(numbered(1), func(span ptrace.Span) { span.SetName(strings.Repeat("z", 100<<10)) }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, Config{MaxBytes: 1 << 20, SegmentBytes: minSegmentBytes})
			_, err := add(t, s, time.Now(), oneSpan(numbered(0), nil))
			require.NoError(t, err)
			for n := 0; ; n++ {
				td := oneSpan(numbered(n), nil)
				td.ResourceSpans().At(0).Resource().Attributes().PutStr("note", strings.Repeat("y", 50<<10)+string(rune('a'+n)))
				if _, err := add(t, s, time.Now(), td); err != nil {
					require.ErrorIs(t, err, ErrFull)
					break
				}
			}
			drain(t, s)
			checkAccounts(t, s)
			if _, err = add(t, s, time.Now(), next); err != nil {
				require.ErrorIs(t, err, ErrFull)
				_, err = add(t, s, time.Now(), next) // as a client does
			}
			require.NoError(t, err)
			checkAccounts(t, s)
		})
	}
}
