package konglogreceiver

import (
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
)

// lookForDrops is how often the kernel's count is looked up. It also comes with every datagram, but after a burst there
// may be none for long.
const lookForDrops = 10 * time.Second

var errSocketFull = errors.New("the socket's receive buffer is full: raise read_buffer_size, and net.core.rmem_max with it")

// dropCounter remembers the kernel's count of datagrams it dropped on the socket, which wraps around.
type dropCounter struct {
	mu    sync.Mutex
	seen  uint32
	total int
}

// more returns how many datagrams were dropped since the last call. A count that is older than one seen already, because
// it waited with its datagram, is nothing new.
func (c *dropCounter) more(now uint32, ok bool) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := int32(now - c.seen)
	if !ok || n <= 0 {
		return 0
	}
	c.seen = now
	c.total += int(n)
	return int(n)
}

// all is how many were dropped so far.
func (c *dropCounter) all() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// countDropped adds to the metric what is new in a count of the kernel's.
func (s *udpServer) countDropped(now uint32, ok bool) {
	s.r.tel.countLost(s.ctx, transportUDP, causeSocketFull, s.drops.more(now, ok), errSocketFull)
}

// watchDrops counts what is dropped while no datagram comes, until the receiver stops.
func (s *udpServer) watchDrops(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
			s.countDropped(socketDrops(s.conn))
		}
	}
}

// lastDrops counts what was dropped until now and says how much it was in all; the socket is still open.
func (s *udpServer) lastDrops() {
	s.countDropped(socketDrops(s.conn))
	if n := s.drops.all(); n > 0 {
		s.r.set.Logger.Warn("the kernel dropped datagrams of Kong because the socket's receive buffer was full",
			zap.Int("datagrams", n), zap.Int("read_buffer_size", s.cfg.ReadBufferSize))
	}
}
