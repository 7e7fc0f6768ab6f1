package konglogreceiver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"
)

// tcpServer takes the lines of Kong's tcp-log plugin. While the next component is busy, the connection is not read, and
// Kong's own queue holds what comes.
type tcpServer struct {
	r       *kongReceiver
	cfg     *TCPConfig
	deliver deliverer
	lines   budget // max_unfinished_size

	listener net.Listener
	stop     chan struct{} // closed when the receiver stops
	ctx      context.Context
	cancel   context.CancelFunc // ends what a stop did not wait for
	wg       sync.WaitGroup

	mu      sync.Mutex
	conns   map[net.Conn]struct{}
	stopped bool
}

func newTCPServer(r *kongReceiver, cfg *TCPConfig) (*tcpServer, error) {
	obs, err := newObsReport(r, transportTCP)
	if err != nil {
		return nil, err
	}
	s := &tcpServer{r: r, cfg: cfg, stop: make(chan struct{}), conns: make(map[net.Conn]struct{})}
	s.lines.left.Store(cfg.MaxUnfinishedSize)
	s.deliver = deliverer{r: r, obs: obs, tr: transportTCP, stop: s.stop}
	return s, nil
}

func (s *tcpServer) start(ctx context.Context, _ component.Host) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", s.cfg.Endpoint)
	if err != nil {
		return fmt.Errorf("protocols::tcp::endpoint: %w", err)
	}
	if s.cfg.TLS.HasValue() {
		settings, err := s.cfg.TLS.Get().LoadTLSConfig(ctx)
		if err != nil {
			return errors.Join(fmt.Errorf("protocols::tcp::tls: %w", err), listener.Close())
		}
		listener = tls.NewListener(listener, settings)
	}
	s.listener = listener
	// The collector's start context ends with the start.
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.r.set.Logger.Info("listening for Kong's tcp-log", zap.Stringer("address", listener.Addr()))
	s.wg.Go(s.accept)
	return nil
}

// accept serves connections until the listener is closed. An error that passes, such as too many open files, is waited out.
func (s *tcpServer) accept() {
	pause := firstPause
	for {
		conn, err := s.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			s.r.set.Logger.Warn("cannot accept a TCP connection, trying again", zap.Duration("after", pause), zap.Error(err))
			if !wait(s.deliver.stop, pause) {
				return
			}
			pause = min(2*pause, lastPause)
			continue
		}
		pause = firstPause
		if !s.add(conn) {
			s.r.tel.builder.ReceiverKongLogConnectionsRefused.Add(s.ctx, 1)
			_ = conn.Close()
			continue
		}
		s.wg.Go(func() { s.serve(conn) })
	}
}

// add enters a connection unless there are too many already.
func (s *tcpServer) add(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || len(s.conns) >= s.cfg.MaxConnections {
		return false
	}
	s.conns[conn] = struct{}{}
	s.r.tel.builder.ReceiverKongLogConnections.Add(s.ctx, 1)
	return true
}

func (s *tcpServer) remove(conn net.Conn) {
	_ = conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
	s.r.tel.builder.ReceiverKongLogConnections.Add(context.WithoutCancel(s.ctx), -1)
}

// serve reads one connection to its end.
func (s *tcpServer) serve(conn net.Conn) {
	defer s.remove(conn)
	from := conn.RemoteAddr()
	ctx := client.NewContext(s.ctx, client.Info{Addr: from})
	lines := &lineReader{max: s.cfg.MaxLineSize, shared: &s.lines}
	lines.r = &idleReader{s: s, conn: conn, lines: lines}
	defer lines.close()
	for {
		block, skipped, err := lines.next()
		if err != nil {
			s.noteHandshake(ctx, conn, err)
			return
		}
		s.r.tel.countMalformed(ctx, transportTCP, faultTooLong, skipped, errTooLong, from.String())
		if block != "" {
			s.deliver.deliver(ctx, from.String(), s.messages(block))
		}
	}
}

// noteHandshake counts a connection that ended with an error before TLS was agreed on: a plugin without tls: true takes
// what it wrote for sent. Who says nothing, as a probe does, is none.
func (s *tcpServer) noteHandshake(ctx context.Context, conn net.Conn, err error) {
	c, ok := conn.(*tls.Conn)
	if !ok || c.ConnectionState().HandshakeComplete ||
		errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	s.r.tel.countHandshake(ctx, conn.RemoteAddr(), err)
}

var errTooLong = errors.New("a line is longer than max_line_size, or than what max_unfinished_size leaves for it")

// messages are the lines of a block that are not blank; their numbers are where in the block they start.
func (s *tcpServer) messages(block string) messages {
	return messages{size: len(block), observed: s.r.decoder.observed(), at: func(start int) (string, int, bool) {
		for start < len(block) {
			end := len(block)
			if i := strings.IndexByte(block[start:], '\n'); i >= 0 {
				end = start + i + 1
			}
			if line := block[start:end]; strings.TrimSpace(line) != "" {
				return line, end, true
			}
			start = end
		}
		return "", start, false
	}}
}

// idleReader reads a connection whose next line may not take too long, and not at all once the receiver stops. Bytes alone
// win no time: a line that comes in a trickle would otherwise keep its place for ever.
type idleReader struct {
	s     *tcpServer
	conn  net.Conn
	lines *lineReader
	since time.Time // when the wait for the end of the line began
	ends  int       // of lines, at that time
}

func (r *idleReader) Read(p []byte) (int, error) {
	r.s.mu.Lock()
	if r.s.stopped {
		r.s.mu.Unlock()
		return 0, net.ErrClosed
	}
	var deadline time.Time
	if r.s.cfg.IdleTimeout > 0 {
		if r.lines.between() || r.lines.ends != r.ends || r.since.IsZero() {
			r.since, r.ends = time.Now(), r.lines.ends
		}
		deadline = r.since.Add(r.s.cfg.IdleTimeout)
	}
	err := r.conn.SetReadDeadline(deadline) // under the lock: shutdown sets it to the past
	r.s.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return r.conn.Read(p)
}

// shutdown stops reading. Lines that were read are handed on, with one more attempt where the next component is busy.
func (s *tcpServer) shutdown(ctx context.Context) error {
	err := s.listener.Close()
	s.mu.Lock()
	s.stopped = true
	for conn := range s.conns {
		_ = conn.SetReadDeadline(time.Unix(1, 0)) // an error means that it has just been closed
	}
	s.mu.Unlock()
	close(s.stop)
	return errors.Join(err, await(ctx, &s.wg, s.cancel))
}

// await waits for goroutines, until ctx ends: then it cancels what they wait for, and waits for them to notice.
func await(ctx context.Context, wg *sync.WaitGroup, cancel context.CancelFunc) error {
	defer cancel()
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		cancel()
		<-done
		return ctx.Err()
	}
}
