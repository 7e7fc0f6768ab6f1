package tailstore

import "time"

// A queue hands its traces out a fixed delay after they were put in. The delay is the same for all, so the order in
// which they came is the order in which they are due: a linked list is enough where other designs need a timer wheel,
// and its times are exact.
type queue struct {
	delay      int64 // ns
	head, tail uint32
}

// Where a trace is: in the queue of that number, or
const (
	held      = 0x1e // handed out by Next or Oldest, decided by the caller
	free      = 0x1f
	maxQueues = 16

	placeMask = 0x1f
	hiddenBit = 0x80 // not in the index any more
	turnBits  = 8
)

func (t *trace[S]) place() int         { return int(t.turn & placeMask) }
func (t *trace[S]) setPlace(place int) { t.turn = t.turn&^placeMask | uint32(place) }
func (t *trace[S]) generation() uint32 { return t.turn >> turnBits }

// push puts a trace at the end of a queue.
func (s *Store[S]) push(n uint32, t *trace[S], place int) {
	q := &s.queues[place]
	t.setPlace(place)
	t.since = s.now
	t.prev, t.next = q.tail, noRecord
	if q.tail == noRecord {
		q.head = n
	} else {
		s.traces.at(q.tail).next = n
	}
	q.tail = n
}

// pull takes a trace out of the queue it is in.
func (s *Store[S]) pull(t *trace[S]) {
	q := &s.queues[t.place()]
	if t.prev == noRecord {
		q.head = t.next
	} else {
		s.traces.at(t.prev).next = t.next
	}
	if t.next == noRecord {
		q.tail = t.prev
	} else {
		s.traces.at(t.next).prev = t.prev
	}
}

// earliest returns the trace that is due first, over all queues, and when. Without one the number is noRecord.
func (s *Store[S]) earliest() (n uint32, due int64) {
	n = noRecord
	for i := range s.queues {
		q := &s.queues[i]
		if q.head == noRecord {
			continue
		}
		if at := s.traces.at(q.head).since + q.delay; n == noRecord || at < due {
			n, due = q.head, at
		}
	}
	return n, due
}

// tick moves the clock of the store, which counts from the first time it was told. It never goes back: a queue is in
// order only if time is. Steps of the wall clock do not show when now carries a monotonic reading, as time.Now does.
func (s *Store[S]) tick(now time.Time) {
	if s.epoch.IsZero() {
		s.epoch = now
	}
	s.now = max(s.now, int64(now.Sub(s.epoch)))
	if s.starved { // no item is being written
		s.sealDead()
	}
}
