package konglogreceiver

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rawRequest opens a connection and writes the beginning of a request: its header and some of its body.
func (r *running) rawRequest(tb testing.TB, headers, body string) net.Conn {
	tb.Helper()
	conn, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", strings.TrimPrefix(r.http, "http://"))
	require.NoError(tb, err)
	tb.Cleanup(func() { conn.Close() })
	write(tb, conn, "POST / HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"+headers+"\r\n"+body)
	return conn
}

// httpBudget is what is left of max_in_flight_size.
func (r *running) httpBudget(tb testing.TB) (left, all int64) {
	tb.Helper()
	for _, s := range r.servers {
		if s, ok := s.(*httpServer); ok {
			return s.inFlight.left.Load(), s.cfg.MaxInFlightSize
		}
	}
	require.Fail(tb, "no HTTP server")
	return 0, 0
}

// TestSilentBodies: whoever announces long bodies and sends none of them keeps nobody else from sending.
func TestSilentBodies(t *testing.T) {
	next := newPipeline()
	r := start(t, next, nil, nil)
	const silent = 8
	for range silent {
		r.rawRequest(t, fmt.Sprintf("Content-Length: %d\r\n", 20<<20), "[")
	}
	eventually(t, func() bool { left, all := r.httpBudget(t); return all-left >= silent*firstBody }, "all are being read")
	left, all := r.httpBudget(t)
	assert.EqualValues(t, silent*firstBody, all-left)
	code, answer, _ := post(t, r.http, record1)
	assert.Equal(t, http.StatusOK, code, answer)
	next.once(t, []string{"1"})
}

// TestSilentBodyEnds: a body that stops arriving is answered, and its room is free again.
func TestSilentBodyEnds(t *testing.T) {
	r := start(t, newPipeline(), nil, func(c *Config) {
		c.Protocols.HTTP.Get().ServerConfig.ReadTimeout = 100 * time.Millisecond
	})
	conn := r.rawRequest(t, "Content-Length: 1000\r\n", "[")
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusRequestTimeout, resp.StatusCode)
	eventually(t, func() bool { left, all := r.httpBudget(t); return left == all }, "its room is free")
	assert.EqualValues(t, 1, r.counter(t, "requests", "outcome", "unreadable"))

	d := createDefaultConfig().(*Config).Protocols.HTTP.Get().ServerConfig
	assert.Positive(t, d.ReadTimeout)
	assert.Positive(t, d.ReadHeaderTimeout)
	assert.Positive(t, d.IdleTimeout)
	assert.Less(t, d.ReadTimeout, d.WriteTimeout, "or the answer would not get out")
}

// TestReadTimeoutEndsWithTheBody: a pipeline that takes longer than read_timeout is not broken off.
func TestReadTimeoutEndsWithTheBody(t *testing.T) {
	next := newPipeline()
	release := make(chan struct{})
	next.set(nil, release)
	const timeout = 100 * time.Millisecond
	r := start(t, next, nil, func(c *Config) { c.Protocols.HTTP.Get().ServerConfig.ReadTimeout = timeout })
	conn := r.rawRequest(t, fmt.Sprintf("Content-Length: %d\r\n", len(record1)), record1)
	eventually(t, func() bool { return next.called() == 1 }, "it is being worked on")
	// Nothing happens, so there is nothing to wait for but the time itself.
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(3*timeout)))
	_, err := conn.Read(make([]byte, 1))
	require.ErrorContains(t, err, "timeout", "no answer yet")
	close(release)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	next.once(t, []string{"1"})
}

// TestBrokenCompression: broken data is malformed however the body is framed; a sender that broke off is not.
func TestBrokenCompression(t *testing.T) {
	broken := gzipped(t, record1)[:40]
	r := start(t, newPipeline(), nil, nil)
	for i, body := range []string{broken, record1} {
		code, answer, _ := send(t, http.MethodPost, r.http, io.MultiReader(strings.NewReader(body)), "Content-Encoding", "gzip")
		assert.Equal(t, http.StatusOK, code, answer)
		assert.EqualValues(t, i+1, r.counter(t, "malformed", "transport", "http", "fault", "encoding"))
	}
	for i, headers := range []string{"Content-Length: 1000\r\n", "Transfer-Encoding: chunked\r\n"} {
		for j, body := range []string{broken, broken[:5]} {
			sent := body
			if i == 1 {
				sent = fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
			}
			conn := r.rawRequest(t, headers+"Content-Encoding: gzip\r\n", sent)
			require.NoError(t, conn.(*net.TCPConn).CloseWrite())
			want := int64(2*i + j + 1)
			eventually(t, func() bool { return r.counter(t, "requests", "outcome", "unreadable") == want }, "it did not arrive whole")
		}
	}
	assert.EqualValues(t, 2, r.counter(t, "malformed", "transport", "http", "fault", "encoding"))
}
