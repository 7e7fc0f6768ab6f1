package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // the Collector's OTLP exporter compresses by default

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

// sink is the backend: it counts what arrives of each trace.
type sink struct {
	server *grpc.Server
	served chan error

	mu     sync.Mutex
	traces []arrival // by sequence number
}

// arrival is what arrived of a trace.
type arrival struct {
	spans, records uint16
	must           bool // it failed or was slow, and was not late
	late           bool
}

// maxRequest is the largest request that is taken, in bytes.
const maxRequest = 64 << 20

// startSink listens on a free loopback port and returns its address.
func startSink(ctx context.Context) (*sink, string, error) {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", fmt.Errorf("start the backend: %w", err)
	}
	s := &sink{server: grpc.NewServer(grpc.MaxRecvMsgSize(maxRequest)), served: make(chan error, 1)}
	ptraceotlp.RegisterGRPCServer(s.server, &spanSink{sink: s})
	plogotlp.RegisterGRPCServer(s.server, &recordSink{sink: s})
	go func() { s.served <- s.server.Serve(listener) }()
	return s, listener.Addr().String(), nil
}

func (s *sink) stop() error {
	s.server.Stop()
	if err := <-s.served; !errors.Is(err, grpc.ErrServerStopped) { // it was stopped before it began to serve
		return err
	}
	return nil
}

// of returns what arrived of a trace.
func (s *sink) of(id pcommon.TraceID) *arrival {
	t := traffic.TraceOf(id)
	for uint64(len(s.traces)) <= t.Seq {
		s.traces = append(s.traces, arrival{})
	}
	a := &s.traces[t.Seq]
	a.must, a.late = (t.Failed || t.Slow) && !t.Late, t.Late
	return a
}

type spanSink struct {
	ptraceotlp.UnimplementedGRPCServer
	*sink
}

// Export is called by the server.
func (s *spanSink) Export(_ context.Context, request ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rs := range request.Traces().ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				s.of(span.TraceID()).spans++
			}
		}
	}
	return ptraceotlp.NewExportResponse(), nil
}

type recordSink struct {
	plogotlp.UnimplementedGRPCServer
	*sink
}

// Export is called by the server.
func (s *recordSink) Export(_ context.Context, request plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rl := range request.Logs().ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				s.of(lr.TraceID()).records++
			}
		}
	}
	return plogotlp.NewExportResponse(), nil
}

// arrivals are the traces that were sent, by what arrived of them.
type arrivals struct {
	must, others, late, dropped int // whole: failed or slow, others, late ones; and those of which nothing came
	part, repeated              int // some of it, and more than all of it
}

// count counts all traces that were sent, each with so many spans and log records.
func (s *sink) count(sent uint64, spans, records int) arrivals {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := arrivals{dropped: int(sent) - len(s.traces)} // of the last ones nothing came
	for _, one := range s.traces {
		switch got := [2]int{int(one.spans), int(one.records)}; {
		case got == [2]int{}:
			a.dropped++
		case got[0] > spans || got[1] > records:
			a.repeated++
		case got != [2]int{spans, records}:
			a.part++
		case one.must:
			a.must++
		case one.late:
			a.late++
		default:
			a.others++
		}
	}
	return a
}
