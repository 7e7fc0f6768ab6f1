package konglogreceiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

var (
	errBusy     = errors.New("too many bodies at once")
	errEncoding = errors.New("broken compression")
)

// body is what a request brought, and what it holds of the budget for that.
type body struct {
	text  string // the bytes of buf: whoever keeps a part of it keeps a copy
	buf   []byte
	taken int64
}

// firstBody is the room a body gets before its first byte has arrived, in bytes: whoever announces a long one and then
// is silent holds no more of max_in_flight_size than that.
const firstBody = 16 << 10

// read reads the body. [httpServer.release] is for the caller to call, whatever happened. The budget is taken while the
// body arrives, and covers the buffer it is read into. Errors: errBusy, errEncoding, an [http.MaxBytesError], and
// whatever the connection reports.
func (s *httpServer) read(req *http.Request) (b body, err error) {
	limit := s.cfg.ServerConfig.MaxRequestBodySize
	if req.ContentLength > limit {
		return b, &http.MaxBytesError{Limit: limit}
	}
	if req.ContentLength >= 0 {
		limit = req.ContentLength
	}
	if req.ContentLength > s.inFlight.left.Load() {
		return b, errBusy // it cannot fit: better said before it is sent
	}
	for {
		if len(b.buf) == cap(b.buf) {
			size := min(max(firstBody, 2*int64(cap(b.buf))), limit+1) // one more, so that the end is seen without growing
			if size <= int64(cap(b.buf)) {                            // longer than limit, which confighttp has let pass: not possible today
				return b, &http.MaxBytesError{Limit: limit}
			}
			if more := min(size, limit) - b.taken; more > 0 {
				if !s.inFlight.take(more) {
					return b, errBusy
				}
				b.taken += more
			}
			grown := append(newBuffer(int(size)), b.buf...)
			freeBuffer(b.buf)
			b.buf = grown
		}
		n, err := req.Body.Read(b.buf[len(b.buf):cap(b.buf)])
		b.buf = b.buf[:len(b.buf)+n]
		if err == nil {
			continue
		}
		if errors.Is(err, io.EOF) {
			b.text = unsafe.String(unsafe.SliceData(b.buf), len(b.buf)) // until it is released
			return b, nil
		}
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return b, err
		}
		if a := arrival(req); a.compressed && a.failed() == nil {
			return b, fmt.Errorf("%w: %w", errEncoding, err)
		}
		return b, err
	}
}

// release gives back what a body held. Its text must not be used any more.
func (s *httpServer) release(b body) {
	freeBuffer(b.buf)
	s.inFlight.give(b.taken)
}

// Buffers of bodies are used again: they are most of what a body would leave to the garbage collector. There is a pool
// for every power of two, so that a body that has only begun does not get, for its first bytes, the room of a long one.
const (
	smallestBuffer = 14 // 16 KiB, as a power of two
	largestBuffer  = 20 // 1 MiB; Kong's default queue holds less than that, whoever sends more makes garbage
)

var buffers [largestBuffer + 1]sync.Pool

// newBuffer returns an empty buffer with room for at least size bytes.
func newBuffer(size int) []byte {
	power := max(bits.Len(uint(size-1)), smallestBuffer)
	if power > largestBuffer {
		return make([]byte, 0, size)
	}
	if p, ok := buffers[power].Get().(*byte); ok {
		return unsafe.Slice(p, 1<<power)[:0]
	}
	return make([]byte, 0, 1<<power)
}

// freeBuffer takes back what newBuffer has returned, or nothing.
func freeBuffer(buf []byte) {
	if power := bits.Len(uint(cap(buf))) - 1; power >= smallestBuffer && power <= largestBuffer && cap(buf) == 1<<power {
		buffers[power].Put(unsafe.SliceData(buf))
	}
}

// arriving is a request's body as it comes from the network, before confighttp decompresses it. Only here can data that
// is broken be told from a sender that broke off: both end the decompression with an unexpected EOF.
type arriving struct {
	io.ReadCloser
	compressed bool
	err        error // of the last read
}

func (a *arriving) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err != nil {
		a.err = err
	}
	return n, err
}

// failed returns what kept the body from arriving whole, nil when it arrived, or as much of it as was asked for.
func (a *arriving) failed() error {
	if errors.Is(a.err, io.EOF) {
		return nil
	}
	return a.err
}

type arrivingKey struct{}

// watchBody makes [arrival] possible in the handlers behind it, and names the body's encoding so that they know it.
func watchBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		a := &arriving{ReadCloser: req.Body, compressed: normalizeEncoding(req.Header)}
		req = req.WithContext(context.WithValue(req.Context(), arrivingKey{}, a))
		req.Body = a
		next.ServeHTTP(w, req)
	})
}

// normalizeEncoding writes Content-Encoding as confighttp knows it, which compares it byte by byte (collector v0.158.0,
// compression.go): names are the same in any case, "identity" is none, "x-gzip" is gzip (RFC 9110, section 8.4.1). It
// tells whether the body is encoded.
func normalizeEncoding(h http.Header) bool {
	var codings []string
	for coding := range strings.SplitSeq(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		switch coding = strings.ToLower(strings.TrimSpace(coding)); coding {
		case "", "identity":
		case "x-gzip":
			codings = append(codings, "gzip")
		default:
			codings = append(codings, coding)
		}
	}
	if len(codings) == 0 {
		h.Del("Content-Encoding")
		return false
	}
	h.Set("Content-Encoding", strings.Join(codings, ", "))
	return true
}

// arrival returns the request's body as it comes from the network.
func arrival(req *http.Request) *arriving {
	if a, ok := req.Context().Value(arrivingKey{}).(*arriving); ok {
		return a
	}
	return &arriving{}
}

// budget is a number of bytes that several requests or connections share.
type budget struct{ left atomic.Int64 }

func (b *budget) take(n int64) bool {
	if b.left.Add(-n) < 0 {
		b.left.Add(n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.left.Add(n) }
