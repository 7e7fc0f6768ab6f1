package tailstore

import (
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// AddSpan stores a span with its trace, which is a new one in queue 0 unless one of that id is pending. The span is
// only read. Errors are ErrFull and ErrTooLarge, and then nothing has changed.
func (s *Store[S]) AddSpan(now time.Time, from Origin, span ptrace.Span) (Ref, error) {
	s.tick(now)
	id := TraceID(span.TraceID())
	for s.openYoung() {
		s.young.begin(from)
		s.young.span(span)
		switch s.fitting() {
		case fitsHere:
			return s.addShared(id, from)
		case fitsAlone:
			s.plain.begin(from)
			s.plain.span(span)
			return s.addAlone(id, from)
		}
	}
	s.plain.begin(from)
	s.plain.span(span)
	return 0, s.refusal()
}

// AddLogRecord is AddSpan for a log record.
func (s *Store[S]) AddLogRecord(now time.Time, from Origin, lr plog.LogRecord) (Ref, error) {
	s.tick(now)
	id := TraceID(lr.TraceID())
	for s.openYoung() {
		s.young.begin(from)
		s.young.logRecord(lr)
		switch s.fitting() {
		case fitsHere:
			return s.addShared(id, from)
		case fitsAlone:
			s.plain.begin(from)
			s.plain.logRecord(lr)
			return s.addAlone(id, from)
		}
	}
	s.plain.begin(from)
	s.plain.logRecord(lr)
	return 0, s.refusal()
}

// fit is where an item that was written to the open segment can stay.
type fit uint8

const (
	fitsHere  fit = iota
	fitsNext      // the segment was full and is sealed now
	fitsAlone     // the item is too long to share a segment
)

// fitting decides about the item that the young encoder wrote, and takes it back unless it can stay.
func (s *Store[S]) fitting() fit {
	switch {
	case s.young.size() > s.ownFrom || s.young.expanded > longestItem:
		s.young.rollback()
		return fitsAlone
	case !s.young.fits():
		s.young.rollback()
		s.young.full = true
		return fitsNext
	}
	return fitsHere
}

// addShared makes the item in the open segment one of its trace.
func (s *Store[S]) addShared(id TraceID, from Origin) (Ref, error) {
	e := &s.young
	hash := s.hash(id)
	n := s.lookup(hash, id)
	if !s.ensure(func() int { return s.tableGrowth(hash, n) + s.segments[e.segment].noteGrowth() }) {
		e.rollback()
		return 0, ErrFull
	}
	off := e.start
	ref, rec := s.attach(id, hash, n, uint16(e.segment), uint32(off), uint16(e.size()))
	putHeader(e.data[off:], rec, true)
	s.commit(e, from, youngSegments)
	return ref, nil
}

// addAlone makes the item that the plain encoder wrote a segment of its own.
func (s *Store[S]) addAlone(id TraceID, from Origin) (Ref, error) {
	e := &s.plain
	defer s.clearPlain()
	size := e.size()
	if s.tooLarge() {
		return 0, ErrTooLarge
	}
	hash := s.hash(id)
	n := s.lookup(hash, id)
	if len(s.freeSegments) == 0 && len(s.segments) >= noSegment || !s.ensure(func() int { return s.tableGrowth(hash, n) + size + 4 + s.listGrowth() }) {
		return 0, ErrFull
	}
	g := s.newSegment()
	ref, rec := s.attach(id, hash, n, g, 0, 0)
	putHeader(e.data, rec, false)
	s.serial++
	seg := segment{
		data: append(make([]byte, 0, size), e.data...), origins: []uint32{uint32(from)}, base: e.base,
		live: 1, liveBytes: size, total: 1, state: segmentSealed, moved: true, serial: s.serial,
	}
	s.segments[g] = seg
	s.origins.at(uint32(from)).refs++
	s.segmentSum += seg.bytes()
	s.counts.addedBytes(size)
	return ref, nil
}

// refusal says why the item that the plain encoder wrote cannot be stored while there is no segment for it: it matters
// to the caller whether waiting would help.
func (s *Store[S]) refusal() error {
	defer s.clearPlain()
	if s.tooLarge() {
		return ErrTooLarge
	}
	return ErrFull
}

// tooLarge reports whether the item that the plain encoder wrote would never fit.
func (s *Store[S]) tooLarge() bool {
	return s.plain.expanded > longestItem || s.plain.size() > s.limit/2
}

// clearPlain makes the plain encoder ready for the next item.
func (s *Store[S]) clearPlain() {
	e := &s.plain
	e.home, e.data, e.base = e.data[:0], nil, 0
	e.shrink()
	s.young.shrink()
}

// attach appends a record to a trace, number n or a new one, and returns the reference to the trace and the record's
// number.
func (s *Store[S]) attach(id TraceID, hash uint64, n uint32, seg uint16, off uint32, size uint16) (Ref, uint32) {
	rec := s.records.alloc()
	*s.records.at(rec) = record{next: noRecord, off: off, seg: seg, size: size}
	var t *trace[S]
	if n == noRecord {
		n = s.traces.alloc()
		t = s.traces.at(n)
		s.turn = max(1, (s.turn+1)&(1<<(32-turnBits)-1))
		t.id, t.head, t.turn = id, rec, s.turn<<turnBits
		s.index.insert(hash, n)
		s.push(n, t, 0)
	} else {
		t = s.traces.at(n)
		s.records.at(t.tail).next = rec
	}
	t.tail = rec
	t.items++
	return t.ref(n), rec
}

// commit makes what an encoder wrote part of its segment.
func (s *Store[S]) commit(o *opened, from Origin, kind int) {
	g := &s.segments[o.segment]
	size := o.size()
	o.home = o.data
	o.full = cap(o.home)-len(o.home) < sealRoom
	g.data = o.data
	g.base = o.base
	g.live++
	g.total++
	g.liveBytes += size
	s.note(g, from, kind)
	s.counts.addedBytes(size)
}

// sealRoom: a segment with less room than this is full. Most items fit into it, and one that does not is written to
// other memory first, at the price of a copy of the segment.
const sealRoom = 2 << 10

// Kinds of shared segments, in origin.in.
const (
	youngSegments = 0
	movedSegments = 1
)

// note makes a segment hold an origin.
func (s *Store[S]) note(g *segment, from Origin, kind int) {
	at := s.origins.at(uint32(from))
	if at.in[kind] == g.serial {
		return
	}
	at.in[kind] = g.serial
	at.refs++
	if len(g.origins) == cap(g.origins) {
		s.segmentSum += noteStep * 4
		g.origins = append(make([]uint32, 0, cap(g.origins)+noteStep), g.origins...)
	}
	g.origins = append(g.origins, uint32(from))
}

// noteStep is by how many origins a segment's list of them grows.
const noteStep = 64

// noteGrowth is how many bytes noting one more origin may take.
func (g *segment) noteGrowth() int {
	if len(g.origins) < cap(g.origins) {
		return 0
	}
	return noteStep * 4
}

// hash of a trace id. Ids come from outside: without a secret, ids could be made that meet in one place.
func (s *Store[S]) hash(id TraceID) uint64 {
	a, b := id.words()
	return mix(a^s.secret[0], b^s.secret[1])
}

// lookup returns the pending trace of an id, or noRecord.
func (s *Store[S]) lookup(hash uint64, id TraceID) uint32 {
	for p := s.index.probe(hash); p.next(); {
		if s.traces.at(p.number).id == id {
			return p.number
		}
	}
	return noRecord
}

// tableGrowth is how many bytes the tables grow by with one more item, of trace n or a new one.
func (s *Store[S]) tableGrowth(hash uint64, n uint32) int {
	growth := s.records.growth()
	if n == noRecord {
		growth += s.traces.growth() + s.index.growth(hash)
	}
	return growth
}
