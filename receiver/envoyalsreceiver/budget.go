package envoyalsreceiver

import (
	"sync"
	"time"
)

// heldPatience is how long a message that was read finds no room before it is lost: long enough for a component that
// works, short enough that not many wait beside those of a component that does not.
const heldPatience = time.Second

// budget bounds the bytes of the messages that all streams hold, from when they are read until their records are taken.
type budget struct {
	mu        sync.Mutex
	max, held int64
	// freed is closed, and made anew, when there is more room than before.
	freed chan struct{}
}

func newBudget(limit int64) *budget { return &budget{max: limit, freed: make(chan struct{})} }

// try takes n bytes if there is room, and else returns what is closed when it is worth trying again.
func (b *budget) try(n int64) (ok bool, freed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held+n > b.max {
		return false, b.freed
	}
	b.held += n
	return true, nil
}

// give returns bytes that were taken.
func (b *budget) give(n int64) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held -= n
	close(b.freed)
	b.freed = make(chan struct{})
}

// room waits until n bytes would fit, without taking them; false if stop or gone came first.
func (b *budget) room(n int64, stop, gone <-chan struct{}) bool {
	for {
		b.mu.Lock()
		ok, freed := b.held+n <= b.max, b.freed
		b.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-freed:
		case <-stop:
			return false
		case <-gone:
			return false
		}
	}
}

// take takes n bytes and waits for them no longer than patience; false when they were not to be had.
func (b *budget) take(n int64, patience time.Duration, stop <-chan struct{}) bool {
	ok, freed := b.try(n)
	if ok {
		return true
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for !ok {
		select {
		case <-freed:
			ok, freed = b.try(n)
		case <-stop:
			return false
		case <-timer.C:
			return false
		}
	}
	return true
}
