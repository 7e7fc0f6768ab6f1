package tailstore

import (
	"slices"
	"time"
	"unsafe"
)

// Puts are items that were put into a store together and belong to no trace yet. Each of them must be attached or
// discarded. The zero value is none.
type Puts struct {
	Items []Item // in the order in which they were put
	last  TraceID
	from  Origin // of the last one
	bytes int    // what they take, with the traces that were promised and the origins
}

// Item refers to an item from PutSpan or PutLogRecord until Attach or Discard.
type Item uint32

// Reset forgets the items, which have been attached or discarded.
func (p *Puts) Reset() { *p = Puts{Items: p.Items[:0]} }

// promise returns how many traces, 0 or 1, the next item may begin. Items of one trace in a row are attached together.
func (p *Puts) promise(id TraceID) int {
	if len(p.Items) > 0 && p.last == id {
		return 0
	}
	return 1
}

// hold notes an item that is being put. Until it is attached, its record's next says whether a trace was promised for it.
func (s *Store[S]) hold(puts *Puts, id TraceID, from Origin, promise int, rec record, size int) uint32 {
	n := s.records.alloc()
	rec.next = uint32(promise)
	*s.records.at(n) = rec
	s.unattached++
	puts.Items = append(puts.Items, Item(n))
	puts.last = id
	puts.bytes += size + int(unsafe.Sizeof(record{})) + promise*int(unsafe.Sizeof(trace[S]{}))
	if len(puts.Items) == 1 || puts.from != from {
		puts.from = from
		puts.bytes += len(s.origins.at(uint32(from)).blob)
	}
	return n
}

// Full says why nothing more can be put beside these: ErrFull or ErrPutsTooLarge.
func (s *Store[S]) Full(puts *Puts) error { return s.full(puts, 0) }

// full is Full when an item of a size was to be put.
func (s *Store[S]) full(puts *Puts, size int) error {
	if puts.bytes+size > s.limit/2 {
		return ErrPutsTooLarge
	}
	return ErrFull
}

// Attach makes an item one of its trace, which is a new one in queue 0 unless one of that id is pending. It needs no
// room that was not there when the item was put, so it always succeeds.
func (s *Store[S]) Attach(now time.Time, id TraceID, item Item) Ref {
	s.tick(now)
	n := uint32(item)
	rec := s.records.at(n)
	s.promised -= int(rec.next)
	s.unattached--
	rec.next = noRecord
	at := s.recent
	t := s.traces.peek(at)
	var hash uint64
	if t == nil || t.id != id || t.place() == free || t.turn&hiddenBit != 0 {
		hash = s.hash(id)
		at = s.lookup(hash, id)
	}
	if at == noRecord {
		at = s.traces.alloc()
		t = s.traces.at(at)
		s.turn = max(1, (s.turn+1)&(1<<(32-turnBits)-1))
		t.id, t.head, t.turn = id, n, s.turn<<turnBits
		s.index.insert(hash, at)
		s.push(at, t, 0)
	} else {
		t = s.traces.at(at)
		s.records.at(t.tail).next = n
	}
	t.tail = n
	t.items++
	s.recent = at
	return t.ref(at)
}

// Discard takes items back that were not attached. Where nothing was stored behind them, so is the room they took in
// their segment.
func (s *Store[S]) Discard(items ...Item) {
	cut := false
	for _, item := range slices.Backward(items) {
		n := uint32(item)
		rec := *s.records.at(n)
		s.promised -= int(rec.next)
		s.unattached--
		if o := &s.young; int(rec.seg) == o.segment && rec.off+uint32(rec.size) == uint32(len(o.home)) {
			o.home = o.home[:rec.off]
			s.segments[rec.seg].data = o.home
			cut = true
		}
		s.release(n)
	}
	if cut {
		o := &s.young
		o.data = o.home
		o.full = cap(o.home)-len(o.home) < sealRoom
		o.forget(len(o.home))
	}
}

// release gives an item's record back and counts the item off its segment. It returns the trace's next one.
func (s *Store[S]) release(n uint32) (next uint32) {
	rec := s.records.at(n)
	next, seg, size := rec.next, rec.seg, int(rec.size)
	rec.seg = noSegment
	s.records.release(n)
	g := &s.segments[seg]
	if size == 0 {
		size = len(g.data)
	}
	g.live--
	g.liveBytes -= size
	s.settle(seg)
	return next
}

// promises returns how many bytes the tables may grow by when what was put is attached.
func (s *Store[S]) promises() int {
	if s.promised == 0 {
		return 0
	}
	return s.traces.growth(s.promised) + s.index.growths(s.promised)
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
