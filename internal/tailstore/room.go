package tailstore

// openYoung makes sure that there is an open segment with room, and reports whether there is.
func (s *Store[S]) openYoung() bool {
	o := &s.young
	if o.segment >= 0 && !o.full {
		return true
	}
	// A full segment is about the only time at which memory is needed, so here is where what is sparse is collected.
	s.compactSparse()
	need := func() int {
		n := s.segmentBytes + s.listGrowth()
		if len(s.spare) > 0 {
			n -= s.segmentBytes
		}
		if o.segment >= 0 {
			n += len(o.entries) * entryBytes
		}
		return n
	}
	if len(s.freeSegments) == 0 && len(s.segments) >= noSegment {
		return false
	}
	if !s.ensure(need) {
		return false
	}
	s.roll(o)
	return true
}

// roll seals an encoder's segment, if it has one, and gives it a new one.
func (s *Store[S]) roll(o *opened) {
	if o.segment >= 0 {
		s.seal(o)
	}
	var data []byte
	if last := len(s.spare) - 1; last >= 0 {
		data = s.spare[last][:0]
		s.spare[last] = nil
		s.spare = s.spare[:last]
		s.segmentSum -= cap(data)
	} else {
		data = make([]byte, 0, s.segmentBytes)
	}
	s.serial++
	n := s.newSegment()
	s.segments[n] = segment{data: data, state: segmentOpen, moved: o == &s.moved, serial: s.serial}
	s.segmentSum += cap(data)
	o.segment = int(n)
	o.full = false
	o.home, o.data, o.base = data, data, 0
	o.reset()
}

// seal closes an encoder's segment. Its dictionary becomes the segment's own, in as much memory as it needs.
func (s *Store[S]) seal(o *opened) {
	g := &s.segments[o.segment]
	g.entries = append(make([]entry, 0, len(o.entries)), o.entries...)
	s.segmentSum += cap(g.entries) * entryBytes
	g.state = segmentSealed
	n := uint16(o.segment)
	o.segment = -1
	o.home, o.data = nil, nil
	s.settle(n)
}

// newSegment returns the number of a free place in the list of segments.
func (s *Store[S]) newSegment() uint16 {
	if last := len(s.freeSegments) - 1; last >= 0 {
		n := s.freeSegments[last]
		s.freeSegments = s.freeSegments[:last]
		return n
	}
	if len(s.segments) == cap(s.segments) {
		n := cap(s.segments) + segmentStep
		s.segments = append(make([]segment, 0, n), s.segments...)
		s.freeSegments = make([]uint16, 0, n) // it is empty
	}
	s.segments = append(s.segments, segment{})
	return uint16(len(s.segments) - 1)
}

// segmentStep is by how many the list of segments grows.
const segmentStep = 64

// listGrowth is how many bytes the lists of segments grow by with one more.
func (s *Store[S]) listGrowth() int {
	if len(s.freeSegments) > 0 || len(s.segments) < cap(s.segments) {
		return 0
	}
	return segmentStep * (segmentStructBytes + 2)
}

// settle looks at a segment that is sealed or lost items: without living ones it is freed, with few of them it becomes
// a candidate for compaction.
func (s *Store[S]) settle(n uint16) {
	g := &s.segments[n]
	switch {
	case g.state == segmentOpen:
	case g.live == 0:
		s.freeSegment(n)
	case g.state == segmentSealed && !g.moved && g.liveBytes*sparseShare <= len(g.data):
		g.state = segmentSparse
		s.sparse++
		s.lastThin = max(s.lastThin, g.serial)
	}
}

// sparseShare: a segment is a candidate for compaction when no more than this share of it is alive.
const sparseShare = 4

// maxSpare is how many freed segments' memory is kept for the next ones. Traces are due in waves, so some are freed
// together.
const maxSpare = 2

func (s *Store[S]) freeSegment(n uint16) {
	g := &s.segments[n]
	if g.state == segmentSparse {
		s.sparse--
	}
	s.lastThin = max(s.lastThin, g.serial)
	s.segmentSum -= g.bytes()
	for _, from := range g.origins {
		s.origins.release(from)
	}
	if cap(g.data) == s.segmentBytes && len(s.spare) < maxSpare {
		s.spare = append(s.spare, g.data)
		s.segmentSum += cap(g.data)
	}
	*g = segment{}
	s.freeSegments = append(s.freeSegments, n)
}

// ensure makes room for need bytes more, beside what is promised, and reports whether it could. The need is asked for
// again after each thing that was given back, as that may change it.
func (s *Store[S]) ensure(need func() int) bool {
	for s.bytes()+s.promises()+need() > s.limit {
		if !s.reclaim() {
			s.starved = true
			return false
		}
	}
	return true
}

// sealDead frees the open segments if nothing in them is alive. They hold the origins of what was, which can be nearly all
// of the store. It must not be called while an item is being written.
func (s *Store[S]) sealDead() {
	s.starved = false
	for _, o := range []*opened{&s.young, &s.moved} {
		if o.segment >= 0 && s.segments[o.segment].live == 0 {
			s.seal(o)
		}
	}
}

// reclaim gives something back that is not in use, and reports whether there was anything.
func (s *Store[S]) reclaim() bool {
	if last := len(s.spare) - 1; last >= 0 {
		s.segmentSum -= cap(s.spare[last])
		s.spare[last] = nil
		s.spare = s.spare[:last]
		return true
	}
	if s.traces.trim() || s.records.trim() || s.origins.trim() {
		return true
	}
	if s.sparse > 0 {
		for n := range s.segments {
			if s.segments[n].state == segmentSparse {
				return s.compact(uint16(n))
			}
		}
	}
	return false
}

// bytes is everything the store keeps.
func (s *Store[S]) bytes() int {
	return s.segmentSum + s.traces.bytes() + s.records.bytes() + s.index.bytes() + s.origins.bytes() + s.fixedBytes()
}

// fixedBytes is what does not depend on what is stored, but for the lists of segments.
func (s *Store[S]) fixedBytes() int {
	return s.young.bytes() + s.moved.bytes() + cap(s.segments)*segmentStructBytes + cap(s.freeSegments)*2
}
