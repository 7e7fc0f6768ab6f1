package konglogreceiver

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestSocketDrops: what the kernel dropped is counted although no datagram comes after it: while idle, and at a stop.
func TestSocketDrops(t *testing.T) {
	for _, network := range []string{"127.0.0.1:0", "[::1]:0"} {
		r := start(t, newPipeline(), nil, nil)
		core, logs := observer.New(zap.WarnLevel)
		r.set.Logger = zap.New(core)
		// A server whose socket nobody reads.
		s, err := newUDPServer(r.kongReceiver, &UDPConfig{Endpoint: network, MaxDatagramSize: minLine, QueueSize: minLine})
		require.NoError(t, err)
		conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", network)
		if err != nil {
			require.Contains(t, network, "::1", "this machine has IPv4")
			t.Log("no IPv6 here:", err)
			continue
		}
		s.conn = conn.(*net.UDPConn)
		s.ctx, s.cancel = context.WithCancel(t.Context())
		require.NoError(t, s.conn.SetReadBuffer(minLine))
		require.True(t, countDrops(s.conn))
		sender, err := (&net.Dialer{}).DialContext(t.Context(), "udp", s.conn.LocalAddr().String())
		require.NoError(t, err)
		defer sender.Close()
		burst := func() {
			for range 200 {
				write(t, sender, strings.Repeat("x", 500))
			}
		}
		lost := func() int64 { return r.counter(t, "lost", "transport", "udp", "cause", "socket_full") }
		burst()
		s.wg.Go(func() { s.watchDrops(time.Millisecond) })
		eventually(t, func() bool { return lost() >= 100 }, "counted while idle")
		close(s.stop)
		s.wg.Wait()
		before := lost()
		burst()
		s.lastDrops()
		assert.Equal(t, before+200, lost(), "counted at the stop")
		entries := logs.FilterMessageSnippet("the kernel dropped datagrams").All()
		require.Len(t, entries, 1)
		assert.EqualValues(t, lost(), entries[0].ContextMap()["datagrams"])
		s.cancel()
		require.NoError(t, s.conn.Close())
	}
}

func TestDropCounter(t *testing.T) {
	var c dropCounter
	assert.Zero(t, c.more(5, false))
	assert.Equal(t, 5, c.more(5, true))
	assert.Zero(t, c.more(3, true), "older than what was seen")
	assert.Zero(t, c.more(5, true))
	c.seen = 1<<32 - 2
	assert.Equal(t, 4, c.more(2, true), "it wraps around")
	assert.Equal(t, 9, c.all())
}
