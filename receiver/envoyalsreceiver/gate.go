package envoyalsreceiver

import "sync"

// gate knows the streams and their work, so that there are not too many and the receiver can stop when none is at work.
type gate struct {
	mu      sync.Mutex
	limit   int
	streams int // open, or ended by the client while their last message still waits
	busy    int // working on a message
	// closing is closed when the receiver begins to stop: what is being worked on is finished, nothing is begun.
	closing chan struct{}
	// idle and empty are closed when, after that, no stream is at work any more, and no stream is there any more.
	idle, empty chan struct{}
	stopped     bool
}

func newGate(limit int) *gate {
	return &gate{limit: limit, closing: make(chan struct{}), idle: make(chan struct{}), empty: make(chan struct{})}
}

// enter lets a stream in; full and stopping say why it does not.
func (g *gate) enter() (ok, stopping bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped || g.streams >= g.limit {
		return false, g.stopped
	}
	g.streams++
	return true, false
}

// leave is the end of a stream that was let in.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.streams--
	g.settle()
}

// begin is the start of work on a message; false when it must not begin any more.
func (g *gate) begin() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return false
	}
	g.busy++
	return true
}

// end is the end of work on a message; false when it was the last one of the stream, because the receiver stops.
func (g *gate) end() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy--
	g.settle()
	return !g.stopped
}

// stop closes the gate. It may be called twice.
func (g *gate) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.stopped {
		g.stopped = true
		close(g.closing)
	}
	g.settle()
}

func (g *gate) settle() {
	if !g.stopped {
		return
	}
	if g.busy == 0 {
		shut(g.idle)
	}
	if g.streams == 0 {
		shut(g.empty)
	}
}

// shut closes a channel that may be closed already. Only settle calls it, under the lock.
func shut(c chan struct{}) {
	select {
	case <-c:
	default:
		close(c)
	}
}
