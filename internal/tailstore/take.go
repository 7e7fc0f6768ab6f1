package tailstore

import (
	"fmt"
	"time"
)

// Next hands out the trace that is due first, if one is due. From then on the trace is the caller's: it takes no more
// items - later ones of its id start a new trace - and stays until Drop, unless Schedule puts it back into a queue.
func (s *Store[S]) Next(now time.Time) (Ref, bool) {
	s.tick(now)
	n, due := s.earliest()
	if n == noRecord || due > s.now {
		return 0, false
	}
	return s.handOut(n), true
}

// Oldest hands out the trace that will be due first, due or not: for memory pressure and for the end.
func (s *Store[S]) Oldest() (Ref, bool) {
	n, _ := s.earliest()
	if n == noRecord {
		return 0, false
	}
	return s.handOut(n), true
}

// Take hands a pending trace out before it is due, and reports whether it was pending.
func (s *Store[S]) Take(ref Ref) bool {
	n, t := s.resolve(ref)
	if t == nil || t.place() >= maxQueues {
		return false
	}
	s.handOut(n)
	return true
}

// Due returns when the next trace is due, if any is in a queue.
func (s *Store[S]) Due() (time.Time, bool) {
	n, due := s.earliest()
	if n == noRecord {
		return time.Time{}, false
	}
	return s.epoch.Add(time.Duration(due)), true
}

func (s *Store[S]) handOut(n uint32) Ref {
	t := s.traces.at(n)
	s.pull(t)
	t.setPlace(held)
	s.hide(n, t)
	return t.ref(n)
}

// hide takes a trace out of the index.
func (s *Store[S]) hide(n uint32, t *trace[S]) {
	if t.turn&hiddenBit == 0 {
		s.index.remove(s.hash(t.id), n)
		t.turn |= hiddenBit
	}
}

// Schedule moves a trace to the end of a queue: a pending one to where it is due by another delay from now on, one that
// was handed out to where it is handed out again. The queue is one of Config.Delays, by its place.
func (s *Store[S]) Schedule(now time.Time, ref Ref, queue int) error {
	s.tick(now)
	if queue < 0 || queue >= len(s.queues) {
		return fmt.Errorf("queue %d, want one of 0 to %d", queue, len(s.queues)-1)
	}
	n, t := s.resolve(ref)
	if t == nil {
		return ErrStale
	}
	if t.place() < maxQueues {
		s.pull(t)
	}
	s.push(n, t, queue)
	return nil
}

// Queue returns the queue a trace is in, and false when it was handed out.
func (s *Store[S]) Queue(ref Ref) (int, bool) {
	_, t := s.resolve(ref)
	if t == nil || t.place() >= maxQueues {
		return 0, false
	}
	return t.place(), true
}

// Find returns the pending trace of an id.
func (s *Store[S]) Find(id TraceID) (Ref, bool) {
	n := s.lookup(s.hash(id), id)
	if n == noRecord {
		return 0, false
	}
	return s.traces.at(n).ref(n), true
}

// Summary returns what the caller keeps about a trace, to read and to change until the trace is dropped, or nil when
// it was.
func (s *Store[S]) Summary(ref Ref) *S {
	_, t := s.resolve(ref)
	if t == nil {
		return nil
	}
	return &t.summary
}

// ID returns the id of a trace, and false when the trace was dropped.
func (s *Store[S]) ID(ref Ref) (TraceID, bool) {
	_, t := s.resolve(ref)
	if t == nil {
		return TraceID{}, false
	}
	return t.id, true
}

// Items returns how many items a trace has, 0 when it was dropped.
func (s *Store[S]) Items(ref Ref) int {
	_, t := s.resolve(ref)
	if t == nil {
		return 0
	}
	return int(t.items)
}

// PutBytes returns about how long the item that was put last is as OTLP bytes, and no less than that. Stored, it may take
// a thousandth of it.
func (s *Store[S]) PutBytes() int { return s.young.expanded }

// Drop forgets a trace and its items, whether it was handed out or is pending. Dropping a trace that is gone does
// nothing, and says so.
func (s *Store[S]) Drop(ref Ref) error {
	n, t := s.resolve(ref)
	if t == nil {
		return ErrStale
	}
	if t.place() < maxQueues {
		s.pull(t)
	}
	s.hide(n, t)
	for rec := t.head; rec != noRecord; {
		rec = s.release(rec)
	}
	t.setPlace(free)
	s.traces.release(n)
	return nil
}

// ref is the trace's number below its generation.
func (t *trace[S]) ref(n uint32) Ref { return Ref(t.generation())<<32 | Ref(n) }

// resolve returns a reference's trace, nil when that was dropped.
func (s *Store[S]) resolve(ref Ref) (uint32, *trace[S]) {
	n := uint32(ref)
	t := s.traces.peek(n)
	if t == nil || t.place() == free || t.generation() != uint32(ref>>32) {
		return n, nil
	}
	return n, t
}
