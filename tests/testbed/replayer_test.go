package testbed

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// kongRecordings are the bodies of Kong's log plugins, recorded from Kong 3.9.3.
const kongRecordings = "../captures/kong"

// received is one request as a plain HTTP server got it.
type received struct {
	method, path string
	header       http.Header
	length       int64
	transfer     []string
	body         []byte
}

// stubborn is a server that refuses the first requests and keeps all of them.
type stubborn struct {
	mu       sync.Mutex
	refusals []int // status codes still to be given
	got      []received
}

func (s *stubborn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err) // a test's client
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, received{r.Method, r.URL.Path, r.Header, r.ContentLength, r.TransferEncoding, body})
	if len(s.refusals) > 0 {
		w.WriteHeader(s.refusals[0])
		s.refusals = s.refusals[1:]
	}
}

// fromFile returns the file as it is and its bodies.
func fromFile(t *testing.T, path string) (whole []byte, bodies [][]byte) {
	t.Helper()
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	bodies, err = RecordedBodies(path)
	require.NoError(t, err)
	require.NotEmpty(t, bodies)
	return whole, bodies
}

// A plain server takes what the replayer sends: each byte arrives, those that are no UTF-8 included, in requests that look like
// Kong's. What the receiver makes of it is shown in tests/e2e.
func TestKongHTTPLogIsByteExact(t *testing.T) {
	for _, file := range []string{"3.9.3-http-log.jsonl", "3.9.3-http-log-batch.jsonl"} {
		t.Run(file, func(t *testing.T) {
			whole, bodies := fromFile(t, filepath.Join(kongRecordings, file))
			require.Contains(t, string(whole), "\xff\xfe", "bytes that are no UTF-8")
			server := &stubborn{}
			listening := httptest.NewServer(server)
			defer listening.Close()
			kong := NewKongReplayer()
			defer kong.Close()
			require.NoError(t, kong.HTTPLog(t.Context(), listening.URL+"/single", bodies))

			var joined []byte
			for _, r := range server.got {
				joined = append(append(joined, r.body...), '\n')
				assert.Equal(t, "POST /single", r.method+" "+r.path)
				assert.EqualValues(t, len(r.body), r.length)
				assert.Empty(t, r.transfer)
				assert.Equal(t, http.Header{
					"Content-Type":   {"application/json"},
					"Content-Length": r.header["Content-Length"],
					"User-Agent":     {"lua-resty-http/0.17.2 (Lua) ngx_lua/10026"},
				}, r.header)
			}
			assert.True(t, bytes.Equal(whole, joined), "all bytes, in order")
		})
	}
}

func TestKongTCPLogIsByteExact(t *testing.T) {
	whole, bodies := fromFile(t, filepath.Join(kongRecordings, "3.9.3-tcp-log.jsonl"))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { assert.NoError(t, listener.Close()) }()
	type result struct {
		bytes []byte
		err   error
	}
	got := make(chan result, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			got <- result{nil, err}
			return
		}
		all, err := io.ReadAll(conn)
		_ = conn.Close() // nothing was written
		got <- result{all, err}
	}()
	kong := NewKongReplayer()
	defer kong.Close()
	require.NoError(t, kong.TCPLog(t.Context(), listener.Addr().String(), bodies))
	r := <-got
	require.NoError(t, r.err)
	assert.True(t, bytes.Equal(whole, r.bytes), "all bytes, in order")
}

func TestKongUDPLogIsByteExact(t *testing.T) {
	_, bodies := fromFile(t, filepath.Join(kongRecordings, "3.9.3-udp-log.jsonl"))
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { assert.NoError(t, conn.Close()) }()
	require.NoError(t, UDPLog(t.Context(), conn.LocalAddr().String(), bodies[:3]))
	buffer := make([]byte, 1<<16)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(readyTimeout)))
	for _, want := range bodies[:3] {
		n, _, err := conn.ReadFrom(buffer)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(want, buffer[:n]), "one datagram for each record, without a newline")
	}
}

// Kong 3.9.3 sends the same body again after any status from 300 on, 400 included.
func TestKongRetries(t *testing.T) {
	server := &stubborn{refusals: []int{http.StatusInternalServerError, http.StatusBadRequest, http.StatusFound}}
	listening := httptest.NewServer(server)
	defer listening.Close()
	kong := NewKongReplayer()
	defer kong.Close()
	bodies := [][]byte{[]byte(`{"a":1}`), []byte(`{"b":2}`)}
	require.NoError(t, kong.HTTPLog(t.Context(), listening.URL, bodies))
	var texts []string
	for _, r := range server.got {
		texts = append(texts, string(r.body))
	}
	assert.Equal(t, []string{`{"a":1}`, `{"a":1}`, `{"a":1}`, `{"a":1}`, `{"b":2}`}, texts)
	assert.Equal(t, map[int]int{500: 1, 400: 1, 302: 1}, kong.Refused())
}

// The opentelemetry plugin's requests as they were on the wire.
func TestKongOTLPIsByteExact(t *testing.T) {
	captures, err := replay.All("../captures")
	require.NoError(t, err)
	kong := NewKongReplayer()
	defer kong.Close()
	seen := 0
	for _, c := range captures {
		if c.Format != replay.FormatOTLPProto {
			continue
		}
		seen++
		bodies, err := c.Payloads()
		require.NoError(t, err)
		server := &stubborn{}
		listening := httptest.NewServer(server)
		require.NoError(t, kong.OTLP(t.Context(), listening.URL+"/v1/"+string(c.Signal), bodies))
		listening.Close()
		require.Len(t, server.got, 1)
		assert.Equal(t, "application/x-protobuf", server.got[0].header.Get("Content-Type"))
		assert.True(t, bytes.Equal(bodies[0], server.got[0].body), c)
	}
	assert.Equal(t, 8, seen)
}
