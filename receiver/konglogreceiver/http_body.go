package konglogreceiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"unsafe"
)

var (
	errBusy     = errors.New("too many bodies at once")
	errEncoding = errors.New("broken compression")
)

// firstBody is the room a body gets before its first byte has arrived, in bytes: whoever announces a long one and then
// is silent holds no more of max_in_flight_size than that.
const firstBody = 16 << 10

// read reads the body, of which taken bytes are on the budget afterwards, whatever happened. They are taken while the
// body arrives, and cover the buffer it is read into. Errors: errBusy, errEncoding, an [http.MaxBytesError], and
// whatever the connection reports.
func (s *httpServer) read(req *http.Request) (body string, taken int64, err error) {
	limit := s.cfg.ServerConfig.MaxRequestBodySize
	if req.ContentLength > limit {
		return "", 0, &http.MaxBytesError{Limit: limit}
	}
	if req.ContentLength >= 0 {
		limit = req.ContentLength
	}
	if req.ContentLength > s.inFlight.left.Load() {
		return "", 0, errBusy // it cannot fit: better said before it is sent
	}
	var buf []byte
	for {
		if len(buf) == cap(buf) {
			size := min(max(firstBody, 2*int64(cap(buf))), limit+1) // one more, so that the end is seen without growing
			more := min(size, limit) - taken
			if more > 0 {
				if !s.inFlight.take(more) {
					return "", taken, errBusy
				}
				taken += more
			}
			if size <= int64(cap(buf)) { // longer than limit, which confighttp has let pass: not possible today
				return "", taken, &http.MaxBytesError{Limit: limit}
			}
			grown := make([]byte, len(buf), size)
			copy(grown, buf)
			buf = grown
		}
		n, err := req.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == nil {
			continue
		}
		if errors.Is(err, io.EOF) {
			// Nothing writes to the bytes any more, so they can be a string without another copy.
			return unsafe.String(unsafe.SliceData(buf), len(buf)), taken, nil
		}
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return "", taken, err
		}
		if a := arrival(req); a.compressed && a.failed() == nil {
			return "", taken, fmt.Errorf("%w: %w", errEncoding, err)
		}
		return "", taken, err
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
