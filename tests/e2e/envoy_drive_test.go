//go:build e2e

package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

const (
	shopHost = "shop.example.com:8080" // what clients ask for, whatever the port really is
	// requestTimeout bounds one request; the slowest ends after a route's timeout.
	requestTimeout = 20 * time.Second
	// clientIP is where requests come from: another address than the upstream's, so that the two cannot be mixed up. All
	// of 127.0.0.0/8 is local on Linux.
	clientIP = "127.0.0.5"
)

var clientDialer = &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(clientIP)}}

// parent is what a request says about the trace it belongs to.
type parent int

const (
	sampledParent parent = iota
	unsampledParent
	noParent
)

// request is one real request to a gateway. Its name is used once for a listener, so that its telemetry can be found by
// user agent.
type request struct {
	name   string
	method string // GET when empty
	host   string // shopHost when empty
	path   string
	query  string
	body   string
	parent parent
	header map[string]string
	h2     bool
	grpc   string                                              // service name in a gRPC health check instead of the above
	send   func(context.Context, *testing.T, *target, request) // instead of an HTTP client
	end    end
}

// target is a listener of a gateway.
type target struct {
	name     string // of the listener, in messages
	prefix   string // of the user agents, one for each listener
	address  string
	upstream *testbed.Upstream
	spawns   bool // a span for each attempt to reach the upstream, and custom tags
	b3       bool // the tracer takes its parent from the b3 header and not from traceparent
}

// userAgent and traceID identify a request in the telemetry.
func (g *target) userAgent(r request) string { return "testbed/" + g.prefix + "-" + r.name }

func (g *target) traceID(r request) string { return g.hash(r)[:32] }

func (g *target) parentID(r request) string { return g.hash(r)[32:48] }

func (g *target) hash(r request) string {
	sum := sha256.Sum256([]byte(g.prefix + r.name))
	return hex.EncodeToString(sum[:])
}

// headers are what the request carries besides its own.
func (g *target) headers(r request) map[string]string {
	headers := map[string]string{"user-agent": g.userAgent(r)}
	maps.Copy(headers, r.header)
	if r.parent == noParent {
		return headers
	}
	sampled := "1"
	if r.parent == unsampledParent {
		sampled = "0"
	}
	if g.b3 {
		headers["b3"] = g.traceID(r) + "-" + g.parentID(r) + "-" + sampled
	} else {
		headers["traceparent"] = "00-" + g.traceID(r) + "-" + g.parentID(r) + "-0" + sampled
	}
	return headers
}

// do sends the request and checks that the answer has the wanted code.
func (g *target) do(t *testing.T, r request) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), requestTimeout)
	defer cancel()
	switch {
	case r.send != nil:
		r.send(ctx, t, g, r)
	case r.grpc != "":
		g.callGRPC(ctx, t, r)
	default:
		g.callHTTP(ctx, t, r)
	}
}

func (g *target) callHTTP(ctx context.Context, t *testing.T, r request) {
	t.Helper()
	method := r.method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+g.address+r.target(), strings.NewReader(r.body))
	require.NoError(t, err)
	if r.body == "" {
		req.Body = http.NoBody
	}
	req.Host = r.hostName()
	for name, value := range g.headers(r) {
		req.Header.Set(name, value)
	}
	transport := &http.Transport{
		DialContext: clientDialer.DialContext, DisableKeepAlives: true, DisableCompression: true, Protocols: new(http.Protocols),
	}
	transport.Protocols.SetHTTP1(!r.h2)
	transport.Protocols.SetUnencryptedHTTP2(r.h2)
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	require.NoError(t, err, r.name)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err, r.name)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, r.end.code, resp.StatusCode, r.name)
}

func (r request) hostName() string {
	if r.host != "" {
		return r.host
	}
	return shopHost
}

// target is the path with the query.
func (r request) target() string {
	if r.query == "" {
		return r.path
	}
	return r.path + "?" + r.query
}

// callGRPC asks for the health of a service whose name is the status code to answer with.
func (g *target) callGRPC(ctx context.Context, t *testing.T, r request) {
	t.Helper()
	conn, err := grpc.NewClient(g.address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithAuthority(shopHost), grpc.WithUserAgent(g.userAgent(r)),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return clientDialer.DialContext(ctx, "tcp", address)
		}))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	for name, value := range g.headers(r) {
		if name != "user-agent" { // the connection's
			ctx = metadata.AppendToOutgoingContext(ctx, name, value)
		}
	}
	_, err = grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: r.grpc})
	require.Equal(t, r.grpc, strconv.Itoa(int(status.Code(err))), "%s: %v", r.name, err)
}

// hangUp sends a request that the upstream does not answer and closes the connection once it has arrived there.
func hangUp(ctx context.Context, t *testing.T, g *target, r request) {
	t.Helper()
	conn := g.write(ctx, t, r, "Host: "+r.hostName()+"\r\n")
	select {
	case <-g.upstream.Hanging(g.userAgent(r)):
	case <-ctx.Done():
		require.Fail(t, r.name+": the request did not reach the upstream")
	}
	require.NoError(t, conn.Close())
}

// withoutHost sends a request that Envoy refuses before it looks for a route.
func withoutHost(ctx context.Context, t *testing.T, g *target, r request) {
	t.Helper()
	conn := g.write(ctx, t, r, "")
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), " 400 ", r.name)
	require.NoError(t, conn.Close())
}

func (g *target) write(ctx context.Context, t *testing.T, r request, host string) net.Conn {
	t.Helper()
	conn, err := clientDialer.DialContext(ctx, "tcp", g.address)
	require.NoError(t, err)
	deadline, _ := ctx.Deadline()
	require.NoError(t, conn.SetDeadline(deadline))
	var text strings.Builder
	text.WriteString("GET " + r.target() + " HTTP/1.1\r\n" + host)
	for name, value := range g.headers(r) {
		text.WriteString(name + ": " + value + "\r\n")
	}
	text.WriteString("connection: close\r\n\r\n")
	_, err = io.WriteString(conn, text.String())
	require.NoError(t, err)
	return conn
}
