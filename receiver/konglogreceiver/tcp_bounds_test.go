package konglogreceiver

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestUnfinishedLines: connections share the room for lines that do not end, and give it back.
func TestUnfinishedLines(t *testing.T) {
	const size = 4 * firstBuffer
	next := newPipeline()
	r := start(t, next, nil, func(c *Config) {
		c.Protocols.TCP.Get().MaxLineSize = size
		c.Protocols.TCP.Get().MaxUnfinishedSize = size
	})
	var server *tcpServer
	for _, s := range r.servers {
		if s, ok := s.(*tcpServer); ok {
			server = s
		}
	}
	long := strings.Repeat("x", size-10)
	first := r.dial(t)
	write(t, first, long)
	eventually(t, func() bool { return server.lines.left.Load() < size/2 }, "the first line holds most of the room")
	second := r.dial(t)
	write(t, second, long+"\n"+line("1"))
	eventually(t, func() bool { return r.counter(t, "malformed", "transport", "tcp", "fault", "too_long") == 1 }, "the second line has none")
	eventually(t, func() bool { return next.len() == 1 }, "the connection goes on")
	assert.GreaterOrEqual(t, server.lines.left.Load(), int64(0))
	require.NoError(t, first.Close())
	require.NoError(t, second.Close())
	eventually(t, func() bool { return server.lines.left.Load() == size }, "all room is free again")
}

// TestTrickle: single bytes do not keep a connection open for ever, and lines do.
func TestTrickle(t *testing.T) {
	next := newPipeline()
	const idle = time.Second
	r := start(t, next, nil, func(c *Config) { c.Protocols.TCP.Get().IdleTimeout = idle })
	trickle, lines := r.dial(t), r.dial(t)
	tick := time.NewTicker(idle / 20)
	defer tick.Stop()
	began, sent := time.Now(), 0
	for r.counter(t, "connections") != 1 || time.Since(began) < 2*idle {
		require.Less(t, time.Since(began), patience, "the trickle is still served")
		_, _ = trickle.Write([]byte("x")) // fails once it is closed
		write(t, lines, line("1"))
		sent++
		<-tick.C
	}
	eventually(t, func() bool { return next.len() == sent }, "the other connection was served all the time")
	require.NoError(t, trickle.SetReadDeadline(time.Now().Add(patience)))
	_, err := io.ReadAll(trickle)
	if err != nil {
		assert.NotContains(t, err.Error(), "timeout")
	}
}
