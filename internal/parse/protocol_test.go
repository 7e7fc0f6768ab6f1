package parse

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFlavor(t *testing.T) {
	t.Parallel()
	f := func(in, wantName, wantVersion string) {
		t.Helper()
		name, version, ok := Flavor(in)
		assert.True(t, ok, in)
		assert.Equal(t, wantName, name, in)
		assert.Equal(t, wantVersion, version, in)
	}
	f("HTTP/0.9", "http", "0.9")
	f("HTTP/1.0", "http", "1.0")
	f("HTTP/1.1", "http", "1.1")
	f("HTTP/2", "http", "2")
	f("HTTP/2.0", "http", "2")
	f("HTTP/3", "http", "3")
	f("HTTP/3.0", "http", "3")
	f("http/1.1", "http", "1.1")
	f("Http/2", "http", "2")
	f("0.9", "http", "0.9")
	f("1.0", "http", "1.0")
	f("1.1", "http", "1.1")
	f("2", "http", "2")
	f("2.0", "http", "2")
	f("3", "http", "3")
	f("3.0", "http", "3")
	f("h2", "http", "2")
	f("H2", "http", "2")
	f("h2c", "http", "2")
	f("H2C", "http", "2")
	f("h3", "http", "3")
	f("QUIC", "http", "3")
	f("quic", "http", "3")
	f("SPDY", "spdy", "")
	f("spdy", "spdy", "")

	for _, in := range []string{
		"", "-", "HTTP", "HTTP/", "HTTP/-", "HTTP/1", "HTTP/1.2", "HTTP/4", "HTTP/2.1", "HTTP/1.1 ", " HTTP/1.1", "HTTP 1.1",
		"HTTP/h2", "HTTP/HTTP/2", "HTTPS/1.1", "1", "1.2", "1.10", "11", "4", "2.", ".9", "h1", "h2d", "spdy/3", "tcp", "grpc",
		"\xff", "h\xb2", "@PDY", "[2", "HTTP\x0f1.1",
	} {
		name, version, ok := Flavor(in)
		assert.False(t, ok, in)
		assert.Empty(t, name, in)
		assert.Empty(t, version, in)
	}
}

func TestGRPCCodeName(t *testing.T) {
	t.Parallel()
	want := []string{
		"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
		"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
		"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
	}
	for code, name := range want {
		assert.Equal(t, name, GRPCCodeName(int64(code)))
	}
	for _, code := range []int64{-1, 17, 1 << 32, -1 << 63, 1<<63 - 1} {
		assert.Empty(t, GRPCCodeName(code))
	}
}
