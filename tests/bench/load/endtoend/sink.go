package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // the Collector's OTLP exporter compresses by default

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

// sink is the backend: it counts what arrives.
type sink struct {
	ptraceotlp.UnimplementedGRPCServer
	server *grpc.Server
	served chan error

	mu   sync.Mutex
	must int // spans of traces that failed or were slow
	rest int
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
	ptraceotlp.RegisterGRPCServer(s.server, s)
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

// Export is called by the server.
func (s *sink) Export(_ context.Context, request ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rs := range request.Traces().ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if t := traffic.TraceOf(span.TraceID()); t.Failed || t.Slow {
					s.must++
				} else {
					s.rest++
				}
			}
		}
	}
	return ptraceotlp.NewExportResponse(), nil
}
