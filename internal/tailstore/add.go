package tailstore

import (
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// PutSpan stores a span that belongs to no trace yet: Attach makes it one of its trace, Discard takes it back. So a
// caller with many spans, in several stores, finds out whether all of them fit before anything is done that others see.
// The span is only read. Errors are ErrFull, ErrTooLarge and ErrPutsTooLarge, and then nothing has changed.
func (s *Store[S]) PutSpan(puts *Puts, from Origin, span ptrace.Span) error {
	id := TraceID(span.TraceID())
	for s.openYoung() {
		s.young.begin(from)
		s.young.span(span)
		switch s.fitting() {
		case fitsHere:
			return s.putShared(puts, id, from)
		case fitsAlone:
			s.plain.begin(from)
			s.plain.span(span)
			return s.putAlone(puts, id, from)
		}
	}
	s.plain.begin(from)
	s.plain.span(span)
	return s.refusal(puts)
}

// PutLogRecord is PutSpan for a log record.
func (s *Store[S]) PutLogRecord(puts *Puts, from Origin, lr plog.LogRecord) error {
	id := TraceID(lr.TraceID())
	for s.openYoung() {
		s.young.begin(from)
		s.young.logRecord(lr)
		switch s.fitting() {
		case fitsHere:
			return s.putShared(puts, id, from)
		case fitsAlone:
			s.plain.begin(from)
			s.plain.logRecord(lr)
			return s.putAlone(puts, id, from)
		}
	}
	s.plain.begin(from)
	s.plain.logRecord(lr)
	return s.refusal(puts)
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

// putShared keeps the item that the young encoder wrote to the open segment.
func (s *Store[S]) putShared(puts *Puts, id TraceID, from Origin) error {
	e := &s.young
	promise := puts.promise(id)
	s.promised += promise
	if !s.ensure(func() int { return s.records.growth(1) + s.segments[e.segment].noteGrowth() }) {
		s.promised -= promise
		size := e.size()
		e.rollback()
		return s.full(puts, size)
	}
	size := e.size()
	rec := s.hold(puts, id, from, promise, record{off: uint32(e.start), seg: uint16(e.segment), size: uint16(size)}, size)
	putHeader(e.data[e.start:], rec, true)
	s.commit(e, from, youngSegments)
	return nil
}

// putAlone makes the item that the plain encoder wrote a segment of its own.
func (s *Store[S]) putAlone(puts *Puts, id TraceID, from Origin) error {
	e := &s.plain
	defer s.clearPlain()
	size := e.size()
	if s.tooLarge() {
		return ErrTooLarge
	}
	promise := puts.promise(id)
	s.promised += promise
	if len(s.freeSegments) == 0 && len(s.segments) >= noSegment ||
		!s.ensure(func() int { return s.records.growth(1) + size + 4 + s.listGrowth() }) {
		s.promised -= promise
		return s.full(puts, size)
	}
	g := s.newSegment()
	rec := s.hold(puts, id, from, promise, record{seg: g}, size)
	putHeader(e.data, rec, false)
	s.serial++
	seg := segment{
		data: append(make([]byte, 0, size), e.data...), origins: []uint32{uint32(from)}, base: e.base,
		live: 1, liveBytes: size, state: segmentSealed, moved: true, serial: s.serial,
	}
	s.segments[g] = seg
	s.origins.at(uint32(from)).refs++
	s.segmentSum += seg.bytes()
	s.counts.addedBytes(size)
	return nil
}

// refusal says why the item that the plain encoder wrote cannot be stored while there is no segment for it: it matters
// to the caller whether waiting would help.
func (s *Store[S]) refusal(puts *Puts) error {
	defer s.clearPlain()
	if s.tooLarge() {
		return ErrTooLarge
	}
	return s.full(puts, s.plain.size())
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

// commit makes what an encoder wrote part of its segment.
func (s *Store[S]) commit(o *opened, from Origin, kind int) {
	g := &s.segments[o.segment]
	size := o.size()
	o.home = o.data
	o.full = cap(o.home)-len(o.home) < sealRoom
	g.data = o.data
	g.base = o.base
	g.live++
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
