package replay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // the Collector's OTLP exporter compresses by default
	"google.golang.org/grpc/status"
)

const (
	// maxRequest is the largest export request that is sent or received, in bytes.
	maxRequest = 64 << 20
	// maxItems is how many spans and log records together a Sink keeps before it refuses more.
	maxItems = 1 << 20
)

// ErrSinkClosed is returned by the waiting methods of a Sink that was closed meanwhile.
var ErrSinkClosed = errors.New("sink is closed")

// Sink is an OTLP/gRPC receiver in this process that keeps what arrives until Reset. It refuses with
// RESOURCE_EXHAUSTED past a million items. All methods are safe for concurrent use.
type Sink struct {
	server   *grpc.Server
	endpoint string
	served   chan error // Serve's result

	mu      sync.Mutex
	changed sync.Cond // something arrived, was resumed or closed
	traces  []ptrace.Traces
	logs    []plog.Logs
	spans   int
	records int
	paused  bool
	closed  bool
}

// StartSink listens on a free loopback port.
func StartSink() (*Sink, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start sink: %w", err)
	}
	s := &Sink{
		server:   grpc.NewServer(grpc.MaxRecvMsgSize(maxRequest)),
		endpoint: listener.Addr().String(),
		served:   make(chan error, 1),
	}
	s.changed.L = &s.mu
	ptraceotlp.RegisterGRPCServer(s.server, &traceService{sink: s})
	plogotlp.RegisterGRPCServer(s.server, &logService{sink: s})
	go func() { s.served <- s.server.Serve(listener) }()
	return s, nil
}

// Endpoint is the host:port that exporters send to.
func (s *Sink) Endpoint() string { return s.endpoint }

// Counts returns how many spans and log records are held.
func (s *Sink) Counts() (spans, records int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spans, s.records
}

// Traces returns the requests received since the last Reset, in order of arrival. The caller must not change them.
func (s *Sink) Traces() []ptrace.Traces {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.traces)
}

// Logs returns the requests received since the last Reset, in order of arrival. The caller must not change them.
func (s *Sink) Logs() []plog.Logs {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.logs)
}

// Reset forgets everything received so far.
func (s *Sink) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traces, s.logs, s.spans, s.records = nil, nil, 0, 0
}

// Wait returns when at least that many spans and log records are held, or when ctx ends or the sink is closed; the
// error then says what was missing.
func (s *Sink) Wait(ctx context.Context, spans, records int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.await(ctx, func() bool { return s.spans >= spans && s.records >= records })
	if err != nil {
		return fmt.Errorf("received %d of %d spans and %d of %d log records: %w", s.spans, spans, s.records, records, err)
	}
	return nil
}

// Pause makes exporters wait for their answer until Resume: the sink looks like a backend that hangs.
func (s *Sink) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = true
}

// Resume ends Pause. What was waiting is received.
func (s *Sink) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = false
	s.changed.Broadcast()
}

// Close stops the server and waits for it. Closing twice does nothing.
func (s *Sink) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.changed.Broadcast()
	s.mu.Unlock()
	s.server.Stop()
	if err := <-s.served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("close sink: %w", err)
	}
	return nil
}

// await blocks until done holds, ctx ends or the sink is closed. The caller holds s.mu.
func (s *Sink) await(ctx context.Context, done func() bool) error {
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer stop()
	for !done() {
		switch {
		case s.closed:
			return ErrSinkClosed
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		s.changed.Wait()
	}
	return nil
}

// receive runs keep once the sink is not paused and has room for that many items.
func (s *Sink) receive(ctx context.Context, items int, keep func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.await(ctx, func() bool { return !s.paused }); err != nil {
		return status.Error(codes.Unavailable, err.Error())
	}
	if held := s.spans + s.records; held+items > maxItems {
		return status.Errorf(codes.ResourceExhausted, "sink holds %d items, want at most %d: reset it", held, maxItems)
	}
	keep()
	s.changed.Broadcast()
	return nil
}

type traceService struct {
	ptraceotlp.UnimplementedGRPCServer
	sink *Sink
}

func (t *traceService) Export(ctx context.Context, req ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	td := req.Traces()
	count := td.SpanCount()
	return ptraceotlp.NewExportResponse(), t.sink.receive(ctx, count, func() {
		t.sink.traces = append(t.sink.traces, td)
		t.sink.spans += count
	})
}

type logService struct {
	plogotlp.UnimplementedGRPCServer
	sink *Sink
}

func (l *logService) Export(ctx context.Context, req plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	ld := req.Logs()
	count := ld.LogRecordCount()
	return plogotlp.NewExportResponse(), l.sink.receive(ctx, count, func() {
		l.sink.logs = append(l.sink.logs, ld)
		l.sink.records += count
	})
}
