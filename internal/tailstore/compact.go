package tailstore

// compactionsAtOnce bounds how much of a call that fills a segment goes into compaction. One segment is filled
// meanwhile, so one would do if all could be compacted as soon as they are sparse.
const compactionsAtOnce = 2

// compactSparse moves the living out of segments that are nearly dead.
//
// Traces are due about in the order they came, so a segment that is a quarter alive mostly dies by itself a moment
// later, and moving that quarter would be in vain. It is not moved before a younger segment is as thin: then the tide
// of expiry has passed, and what is left are stragglers.
func (s *Store[S]) compactSparse() {
	if s.sparse == 0 {
		return
	}
	left := compactionsAtOnce
	for n := range s.segments {
		g := &s.segments[n]
		if g.state != segmentSparse || g.serial >= s.lastThin {
			continue
		}
		if !s.compact(uint16(n)) {
			return
		}
		if left--; left == 0 {
			return
		}
	}
}

// compact moves the living items of a segment to the open segment of the moved, and frees it. It reports false when
// there is no room for that even in what is set aside; then the items that were moved are where they were moved to,
// and the others stay.
//
// Segments of the moved are not compacted again: no item is copied more than once, and they go when their last item
// does.
func (s *Store[S]) compact(n uint16) bool {
	s.counts.Compactions++
	r := &s.expand.r
	for at := 0; ; {
		g := &s.segments[n]
		if at >= len(g.data) {
			break
		}
		h, ok := readHeader(g.data, at)
		if !ok {
			// Nothing is moved that cannot be read. Read will say so when the trace is wanted.
			g.state = segmentSealed
			g.moved = true
			s.sparse--
			return false
		}
		off := at
		at += h.size
		rec := s.records.peek(h.record)
		if rec == nil || rec.seg != n || rec.off != uint32(off) {
			continue
		}
		from := Origin(h.origin)
		signal := Signal(s.origins.at(uint32(from)).blob[0])
		for {
			if !s.openMoved() {
				return false
			}
			g = &s.segments[n]
			r.open(g.data, g.entries, g.base, h.body, off+h.size)
			s.moved.begin(from)
			if transcode(r, &s.moved.encoder, signal) != nil || s.moved.size() > longestShared ||
				!s.moved.fits() && s.moved.start == 0 {
				// As above: the item stays where it is, and the segment with it. That is also the way of an item
				// that takes more in another segment than a segment has, as it referred to much of its old one.
				s.moved.rollback()
				g.state = segmentSealed
				g.moved = true
				s.sparse--
				return false
			}
			if s.moved.fits() {
				break
			}
			s.moved.rollback()
			s.moved.full = true
		}
		size := s.moved.size()
		putHeader(s.moved.data[s.moved.start:], h.record, true)
		rec.seg, rec.off, rec.size = uint16(s.moved.segment), uint32(s.moved.start), uint16(size)
		s.commit(&s.moved, from, movedSegments)
		s.counts.MovedItems++
		s.counts.MovedBytes += uint64(size)
		g = &s.segments[n]
		g.live--
		g.liveBytes -= h.size
	}
	s.settle(n)
	return true
}

// openMoved is openYoung for what is moved, with all of MaxBytes to use.
func (s *Store[S]) openMoved() bool {
	o := &s.moved
	if o.segment >= 0 && !o.full && s.segments[o.segment].noteGrowth() == 0 {
		return true
	}
	need := s.segmentBytes + s.listGrowth()
	if o.segment >= 0 && !o.full {
		need = s.segments[o.segment].noteGrowth()
		return s.bytes()+need <= s.max
	}
	if len(s.spare) > 0 {
		need -= s.segmentBytes
	}
	if o.segment >= 0 {
		need += len(o.entries) * entryBytes
	}
	if s.bytes()+need > s.max || len(s.freeSegments) == 0 && len(s.segments) >= noSegment {
		return false
	}
	s.roll(o)
	return true
}
