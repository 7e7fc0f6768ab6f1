package testbed

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// Upstream is the service behind a gateway: an HTTP server (1.1 and 2 without TLS) whose answer is told by the last parts
// of the path:
//
//	…/status/503    that code
//	…/flaky/2       503 twice for one x-request-id, then 200
//	…/hang          nothing until the request is cancelled
//	…/reset         the connection is closed without an answer
//	anything else   200 with the body "ok"
//
// The body is read to its end before the answer.
type Upstream struct {
	server  *http.Server
	address string

	mu       sync.Mutex
	attempts map[string]int           // of flaky requests, by x-request-id
	hanging  map[string]chan struct{} // by user agent, closed once a request of it hangs
}

// maxRemembered bounds how many flaky and how many hanging requests one Upstream remembers.
const maxRemembered = 10_000

// StartUpstream listens on a free loopback port until the end of the test.
func StartUpstream(tb testing.TB) *Upstream {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	u := &Upstream{address: listener.Addr().String(), attempts: map[string]int{}, hanging: map[string]chan struct{}{}}
	u.server = &http.Server{Handler: u, ReadHeaderTimeout: 10 * time.Second, Protocols: new(http.Protocols)}
	u.server.Protocols.SetHTTP1(true)
	u.server.Protocols.SetUnencryptedHTTP2(true)
	served := make(chan error, 1)
	go func() { served <- u.server.Serve(listener) }()
	tb.Cleanup(func() {
		closeErr := u.server.Close()
		if err := <-served; closeErr != nil || !errors.Is(err, http.ErrServerClosed) {
			tb.Errorf("upstream: %v, %v", err, closeErr)
		}
	})
	return u
}

// Address is host:port.
func (u *Upstream) Address() string { return u.address }

// Port is the port of Address.
func (u *Upstream) Port() int { return PortOf(u.address) }

func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // a client that went away is what some tests are about
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	last := parts[len(parts)-1]
	verb := last
	if len(parts) > 1 {
		verb = parts[len(parts)-2]
	}
	switch {
	case verb == "status":
		if code, err := strconv.Atoi(last); err == nil {
			w.WriteHeader(code)
			return
		}
	case verb == "flaky":
		if failures, err := strconv.Atoi(last); err == nil && u.attempt(r.Header.Get("x-request-id")) <= failures {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
	case last == "hang":
		u.announce(r.UserAgent())
		<-r.Context().Done()
		return
	case last == "reset":
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close() // that is the answer
		}
		return
	}
	_, _ = io.WriteString(w, "ok") // as above
}

func (u *Upstream) attempt(id string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.attempts) >= maxRemembered {
		clear(u.attempts)
	}
	u.attempts[id]++
	return u.attempts[id]
}

func (u *Upstream) hang(userAgent string) chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.hanging) >= maxRemembered {
		clear(u.hanging)
	}
	if u.hanging[userAgent] == nil {
		u.hanging[userAgent] = make(chan struct{})
	}
	return u.hanging[userAgent]
}

// announce says that a request of that user agent hangs.
func (u *Upstream) announce(userAgent string) {
	arrived := u.hang(userAgent)
	u.mu.Lock()
	defer u.mu.Unlock()
	select {
	case <-arrived:
	default:
		close(arrived)
	}
}

// Hanging is closed when the first request of that user agent has arrived and hangs.
func (u *Upstream) Hanging(userAgent string) <-chan struct{} { return u.hang(userAgent) }

// StartGRPCUpstream serves grpc.health.v1.Health on a free loopback port until the end of the test and returns its
// address. Check answers with the status code whose number the service name of the request holds, OK for none.
func StartGRPCUpstream(tb testing.TB) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, healthServer{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	tb.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			tb.Errorf("gRPC upstream: %v", err)
		}
	})
	return listener.Addr().String()
}

type healthServer struct {
	grpc_health_v1.UnimplementedHealthServer
}

func (healthServer) Check(
	_ context.Context, req *grpc_health_v1.HealthCheckRequest,
) (*grpc_health_v1.HealthCheckResponse, error) {
	if code, err := strconv.Atoi(req.GetService()); err == nil && code != 0 {
		return nil, status.Error(codes.Code(code), "as asked")
	}
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}, nil
}

// PortOf is the port of an address host:port. It panics when there is none.
func PortOf(address string) int {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		panic(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		panic(err)
	}
	return number
}
