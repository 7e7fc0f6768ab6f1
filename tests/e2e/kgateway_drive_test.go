//go:build e2e

package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
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
	kgwShop     = "shop.example.com:8080"
	kgwUntraced = "untraced.example.com:8080"
	kgwPlain    = "shop.example.com:8090" // the listener without a span for each attempt
	kgwGRPCHost = "grpc.example.com:8080"
	kgwService  = "/grpc.health.v1.Health/Check" // the path of a health check

	kgwRequestTimeout = 20 * time.Second // the slowest ends after a route's timeout
)

// kgwRequest is one request to the gateway. Its name makes its trace id and its user agent.
type kgwRequest struct {
	name     string
	method   string // GET when empty
	host     string // kgwShop when empty
	path     string // with query
	body     string
	header   map[string]string
	parent   kgwParent
	protocol kgwProtocol
	status   int // wanted: the HTTP status code, with gRPC its own
	attempts int // wanted: client spans, one each time the gateway tries to reach the upstream
}

// kgwParent is what a request says about the trace it belongs to.
type kgwParent int

const (
	kgwSampled kgwParent = iota
	kgwUnsampled
	kgwNoParent
)

// kgwProtocol is how a request is made.
type kgwProtocol int

const (
	kgwHTTP1 kgwProtocol = iota
	kgwHTTP2
	kgwGRPC   // a health check that the upstream answers with the status
	kgwHangUp // HTTP/1.1; the client closes its connection once the upstream has the request
	kgwNoHost // HTTP/1.1 without a Host header
)

// kgwRequests are one for each kind of end.
var kgwRequests = []kgwRequest{
	{name: "ok", path: "/ok?user=1&page=2", status: http.StatusOK, attempts: 1},
	{name: "post", method: http.MethodPost, path: "/status/201", body: "eleven byte", status: http.StatusCreated, attempts: 1},
	{name: "tenant", path: "/ok", header: map[string]string{"x-tenant": "acme"}, status: http.StatusOK, attempts: 1},
	{name: "tracestate", path: "/ok", header: map[string]string{"tracestate": "vendor=1"}, status: http.StatusOK, attempts: 1},
	{name: "no-parent", path: "/ok", parent: kgwNoParent, status: http.StatusOK, attempts: 1},
	{name: "unsampled", path: "/ok", parent: kgwUnsampled, status: http.StatusOK, attempts: 1},
	{name: "untraced", host: kgwUntraced, path: "/ok", parent: kgwNoParent, status: http.StatusOK, attempts: 1},
	{name: "untraced-parent", host: kgwUntraced, path: "/ok", status: http.StatusOK, attempts: 1},
	{name: "secret", path: "/ok?sig=" + kgwSecret + "&page=2", status: http.StatusOK, attempts: 1},
	{name: "http2", path: "/ok", protocol: kgwHTTP2, status: http.StatusOK, attempts: 1},
	{name: "rewritten", path: "/api/cart", status: http.StatusOK, attempts: 1},
	{name: "not-found", path: "/status/404", status: http.StatusNotFound, attempts: 1},
	{name: "error", path: "/status/503", status: http.StatusServiceUnavailable, attempts: 1},
	{name: "flaky", path: "/flaky/1", status: http.StatusOK, attempts: 2},
	{name: "timeout", path: "/slow/hang", status: http.StatusGatewayTimeout, attempts: 1},
	{name: "tries", path: "/hung/hang", status: http.StatusGatewayTimeout, attempts: 2},
	{name: "dead", path: "/dead", status: http.StatusServiceUnavailable, attempts: 1},
	{name: "reset", path: "/reset", status: http.StatusServiceUnavailable, attempts: 1},
	{name: "redirect", path: "/old", status: http.StatusFound},
	{name: "no-route", host: "unknown.example.org", path: "/nothing", status: http.StatusNotFound},
	{name: "missing", path: "/missing", status: http.StatusInternalServerError},
	{name: "plain", host: kgwPlain, path: "/ok", status: http.StatusOK},
	{name: "plain-error", host: kgwPlain, path: "/status/503", status: http.StatusServiceUnavailable},
	{name: "plain-dead", host: kgwPlain, path: "/dead", status: http.StatusServiceUnavailable},
	{name: "hang-up", path: "/left/hang", protocol: kgwHangUp, attempts: 1},
	{name: "no-host", path: "/ok", protocol: kgwNoHost, parent: kgwNoParent, status: http.StatusBadRequest},
	{name: "grpc", host: kgwGRPCHost, path: kgwService, protocol: kgwGRPC, attempts: 1},
	{name: "grpc-unavailable", host: kgwGRPCHost, path: kgwService, protocol: kgwGRPC, status: 14, attempts: 1},
	{name: "grpc-not-found", host: kgwGRPCHost, path: kgwService, protocol: kgwGRPC, status: 5, attempts: 1},
}

// spans is how many the request makes: one of its own and one for each attempt, if any.
func (r kgwRequest) spans() int {
	switch {
	case r.parent == kgwUnsampled, r.protocol == kgwNoHost, r.host == kgwUntraced && r.parent == kgwNoParent:
		return 0
	}
	return 1 + r.attempts
}

func (r kgwRequest) userAgent() string { return "testbed/" + r.name }

func (r kgwRequest) traceID() string { return r.hash()[:32] }

func (r kgwRequest) parentID() string { return r.hash()[32:48] }

func (r kgwRequest) hash() string {
	sum := sha256.Sum256([]byte(r.name))
	return hex.EncodeToString(sum[:])
}

func (r kgwRequest) hostName() string {
	if r.host == "" {
		return kgwShop
	}
	return r.host
}

func (r kgwRequest) headers() http.Header {
	headers := http.Header{"User-Agent": {r.userAgent()}}
	for name, value := range r.header {
		headers.Set(name, value)
	}
	switch r.parent {
	case kgwSampled:
		headers.Set("traceparent", "00-"+r.traceID()+"-"+r.parentID()+"-01")
	case kgwUnsampled:
		headers.Set("traceparent", "00-"+r.traceID()+"-"+r.parentID()+"-00")
	case kgwNoParent:
	}
	return headers
}

// port is the listener's.
func (r kgwRequest) port() string {
	if r.host == kgwPlain {
		return "8090"
	}
	return "8080"
}

// send makes the request from the client's address and checks the status of the answer.
func (r kgwRequest) send(t *testing.T, proxy string, upstream *testbed.Upstream) {
	t.Helper()
	address := net.JoinHostPort(proxy, r.port())
	ctx, cancel := context.WithTimeout(t.Context(), kgwRequestTimeout)
	defer cancel()
	switch r.protocol {
	case kgwHTTP1, kgwHTTP2:
		r.sendHTTP(ctx, t, address)
	case kgwGRPC:
		r.sendGRPC(ctx, t, address)
	case kgwHangUp:
		conn := r.write(ctx, t, address, "Host: "+r.hostName()+"\r\n")
		select {
		case <-upstream.Hanging(r.userAgent()):
		case <-ctx.Done():
			require.Fail(t, r.name+": the request did not reach the upstream")
		}
		require.NoError(t, conn.Close())
	case kgwNoHost:
		conn := r.write(ctx, t, address, "")
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		require.Contains(t, string(answer), " 400 ", r.name)
	}
}

func (r kgwRequest) sendHTTP(ctx context.Context, t *testing.T, address string) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, kgwMethod(r), "http://"+address+r.path, strings.NewReader(r.body))
	require.NoError(t, err)
	req.Host, req.Header = r.hostName(), r.headers()
	transport := &http.Transport{
		DialContext: kgwDialer.DialContext, DisableKeepAlives: true, DisableCompression: true, Protocols: new(http.Protocols),
	}
	transport.Protocols.SetHTTP1(r.protocol == kgwHTTP1)
	transport.Protocols.SetUnencryptedHTTP2(r.protocol == kgwHTTP2)
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	require.NoError(t, err, r.name)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err, r.name)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, r.status, resp.StatusCode, r.name)
}

func (r kgwRequest) sendGRPC(ctx context.Context, t *testing.T, address string) {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithAuthority(r.hostName()), grpc.WithUserAgent(r.userAgent()),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return kgwDialer.DialContext(ctx, "tcp", address)
		}))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	ctx = metadata.AppendToOutgoingContext(ctx, "traceparent", r.headers().Get("traceparent"))
	service := "" // answered with OK
	if r.status != 0 {
		service = strconv.Itoa(r.status)
	}
	_, err = grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
	require.Equal(t, r.status, int(status.Code(err)), "%s: %v", r.name, err)
}

// write sends a request without a body by hand.
func (r kgwRequest) write(ctx context.Context, t *testing.T, address, host string) net.Conn {
	t.Helper()
	conn, err := kgwDialer.DialContext(ctx, "tcp", address)
	require.NoError(t, err)
	deadline, _ := ctx.Deadline()
	require.NoError(t, conn.SetDeadline(deadline))
	var text strings.Builder
	text.WriteString(kgwMethod(r) + " " + r.path + " HTTP/1.1\r\n" + host + "connection: close\r\n")
	require.NoError(t, r.headers().Write(&text))
	_, err = io.WriteString(conn, text.String()+"\r\n")
	require.NoError(t, err)
	return conn
}

// kgwDialer connects from an address that is nobody's pod, so that no two addresses can be mixed up.
var kgwDialer = &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(kgwClient)}}
