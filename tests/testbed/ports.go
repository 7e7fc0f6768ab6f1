package testbed

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

const (
	// The ports handed out are below the range that Linux takes outgoing connections' ports from (32768 and up), so that
	// none of those can be in the way of a program that is just starting.
	firstPort = 15000
	lastPort  = 32000
	// portAttempts is how many are tried before giving up; few are in use on any machine.
	portAttempts = 200
)

var ports struct {
	mu    sync.Mutex
	given map[int]bool
}

// FreePort returns a TCP and UDP port that is free on 127.0.0.1 and that this process has not handed out before. It is
// not held: Envoy listens with SO_REUSEPORT and would share it without a word, a program without that could not listen.
// Numbers are drawn at random, so another run on this machine hardly draws the same within the moment it takes to listen.
func FreePort(tb testing.TB) int {
	tb.Helper()
	ports.mu.Lock()
	defer ports.mu.Unlock()
	if ports.given == nil {
		ports.given = make(map[int]bool)
	}
	for range portAttempts {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if !ports.given[port] && isFree(port) {
			ports.given[port] = true
			return port
		}
	}
	tb.Fatalf("none of %d ports tried between %d and %d is free", portAttempts, firstPort, lastPort)
	return 0
}

// FreeAddress is FreePort as 127.0.0.1:port.
func FreeAddress(tb testing.TB) string {
	tb.Helper()
	return Loopback(FreePort(tb))
}

// Loopback is 127.0.0.1:port.
func Loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func isFree(port int) bool {
	stream, err := net.Listen("tcp", Loopback(port))
	if err != nil {
		return false
	}
	packet, err := net.ListenPacket("udp", Loopback(port))
	if err == nil {
		err = packet.Close()
	}
	return stream.Close() == nil && err == nil
}
