package konglogreceiver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"
)

// udpServer takes the datagrams of Kong's udp-log and loggly plugins. One goroutine does nothing but empty the socket; the
// other hands on.
type udpServer struct {
	r       *kongReceiver
	cfg     *UDPConfig
	deliver deliverer
	queue   *queue
	drops   dropCounter

	conn   *net.UDPConn
	stop   chan struct{}
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func newUDPServer(r *kongReceiver, cfg *UDPConfig) (*udpServer, error) {
	obs, err := newObsReport(r, transportUDP)
	if err != nil {
		return nil, err
	}
	s := &udpServer{r: r, cfg: cfg, queue: newQueue(cfg.QueueSize), stop: make(chan struct{})}
	s.deliver = deliverer{r: r, obs: obs, tr: transportUDP, stop: s.stop}
	return s, nil
}

func (s *udpServer) start(ctx context.Context, _ component.Host) error {
	var listen net.ListenConfig
	conn, err := listen.ListenPacket(ctx, "udp", s.cfg.Endpoint)
	if err != nil {
		return fmt.Errorf("protocols::udp::endpoint: %w", err)
	}
	s.conn = conn.(*net.UDPConn)
	if s.cfg.ReadBufferSize > 0 {
		if err := s.conn.SetReadBuffer(s.cfg.ReadBufferSize); err != nil {
			return errors.Join(fmt.Errorf("protocols::udp: read_buffer_size: %d: %w", s.cfg.ReadBufferSize, err), s.conn.Close())
		}
	}
	counting := countDrops(s.conn)
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.r.set.Logger.Info("listening for Kong's udp-log", zap.Stringer("address", s.conn.LocalAddr()), zap.Bool("kernel_drops_counted", counting))
	s.wg.Go(s.read)
	s.wg.Go(s.work)
	if counting {
		s.wg.Go(func() { s.watchDrops(lookForDrops) })
	}
	return nil
}

// read empties the socket into the queue until it is closed.
func (s *udpServer) read() {
	defer s.queue.close()
	buf := make([]byte, s.cfg.MaxDatagramSize)
	oob := make([]byte, dropsOOB)
	for {
		n, oobn, flags, from, err := s.conn.ReadMsgUDPAddrPort(buf, oob)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		s.countDropped(dropsIn(oob[:oobn]))
		switch {
		case isCut(flags, err):
			s.r.tel.countMalformed(s.ctx, transportUDP, faultTruncated, 1, errCut, from.String())
		case err != nil:
			// What the network reports about an earlier datagram, such as an ICMP message: nothing of ours is lost.
			s.r.set.Logger.Debug("reading the UDP socket", zap.Error(err))
			if !wait(s.deliver.stop, firstPause) {
				return
			}
		case !s.queue.put(datagram{string(buf[:n]), from}):
			s.r.tel.countLost(s.ctx, transportUDP, causeQueueFull, 1, errQueueFull)
		}
	}
}

var (
	errCut       = errors.New("a datagram is longer than max_datagram_size")
	errQueueFull = errors.New("queue_size is used up: the next component does not take records fast enough")
)

// work hands on until the queue is closed and empty.
func (s *udpServer) work() {
	for {
		part, ok := s.queue.take()
		if !ok {
			return
		}
		from := part[0].from
		ctx := client.NewContext(s.ctx, client.Info{Addr: net.UDPAddrFromAddrPort(from)})
		s.deliver.deliver(ctx, from.String(), s.messages(part))
	}
}

func (s *udpServer) messages(part []datagram) messages {
	size := 0
	for i := range part {
		size += len(part[i].text)
	}
	return messages{size: size, observed: s.r.decoder.observed(), at: func(i int) (string, int, bool) {
		if i == len(part) {
			return "", i, false
		}
		return part[i].text, i + 1, true
	}}
}

// shutdown stops reading. What is queued is handed on, with one more attempt a batch where the next component is busy.
func (s *udpServer) shutdown(ctx context.Context) error {
	s.lastDrops()
	err := s.conn.Close()
	close(s.stop)
	return errors.Join(err, await(ctx, &s.wg, s.cancel))
}

// datagram is one message and its sender.
type datagram struct {
	text string
	from netip.AddrPort
}

// queue holds datagrams up to a number of bytes. One goroutine puts, one takes.
type queue struct {
	mu     sync.Mutex
	filled sync.Cond
	items  []datagram
	head   int // of items: those before it are taken
	left   int
	closed bool
}

// inQueue is what a datagram costs beside its bytes.
const inQueue = 64

// inBatch is how many datagrams are handed on at once.
const inBatch = 200

func newQueue(size int) *queue {
	q := &queue{left: size + inQueue} // one of the full size fits
	q.filled.L = &q.mu
	return q
}

// put returns false when there is no room.
func (q *queue) put(d datagram) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if cost := len(d.text) + inQueue; cost <= q.left {
		q.left -= cost
		q.items = append(q.items, d)
		q.filled.Signal()
		return true
	}
	return false
}

// take waits for datagrams and returns the oldest ones of one sender; false when the queue is closed and empty. Their
// room is free at once: what is being handed on is one batch.
func (q *queue) take() ([]datagram, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.head == len(q.items) {
		if q.closed {
			return nil, false
		}
		q.filled.Wait()
	}
	waiting := q.items[q.head:]
	n := 1
	for n < len(waiting) && n < inBatch && waiting[n].from.Addr() == waiting[0].from.Addr() {
		n++
	}
	part := slices.Clone(waiting[:n])
	clear(waiting[:n])
	if q.head += n; q.head >= len(q.items)-q.head { // at least half is taken: each datagram moves once or twice in all
		q.items = q.items[:copy(q.items, q.items[q.head:])]
		clear(q.items[len(q.items):cap(q.items)])
		q.head = 0
	}
	for i := range part {
		q.left += len(part[i].text) + inQueue
	}
	return part, true
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.filled.Signal()
}
