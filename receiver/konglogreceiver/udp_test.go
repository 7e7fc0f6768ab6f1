package konglogreceiver

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUDPRecordings(t *testing.T) {
	next := newPipeline()
	r := start(t, next, nil, nil)
	conn := r.datagrams(t)
	want := 0
	for name, messages := range recordings(t) {
		if !strings.HasSuffix(name, "udp-log.jsonl") && !strings.HasSuffix(name, "loggly.txt") {
			continue
		}
		for _, m := range messages {
			write(t, conn, m)
			want++
			eventually(t, func() bool { return next.len() == want }, "every datagram becomes a record") // or the socket may overflow
		}
	}
	assert.Equal(t, 70, want)
}

// TestUDPCut: a datagram longer than the buffer is no record, and counted; so is one that the sender cut.
func TestUDPCut(t *testing.T) {
	next := newPipeline()
	r := start(t, next, nil, func(c *Config) { c.Protocols.UDP.Get().MaxDatagramSize = minLine })
	conn := r.datagrams(t)
	write(t, conn, line("1")+strings.Repeat(" ", minLine))
	eventually(t, func() bool { return r.counter(t, "malformed", "transport", "udp", "fault", "truncated") == 1 }, "too long")
	write(t, conn, line("2")[:40])
	eventually(t, func() bool { return r.counter(t, "malformed", "transport", "udp", "fault", "truncated") == 2 }, "cut by the sender")
	write(t, conn, "")
	eventually(t, func() bool { return r.counter(t, "malformed", "transport", "udp", "fault", "truncated") == 3 }, "empty")
	write(t, conn, line("3"))
	eventually(t, func() bool { return next.len() == 1 }, "the next one is read")
	next.once(t, []string{"3"})
}

func TestQueue(t *testing.T) {
	a, b := netip.MustParseAddrPort("10.0.0.1:1"), netip.MustParseAddrPort("10.0.0.2:1")
	q := newQueue(1000)
	require.True(t, q.put(datagram{strings.Repeat("x", 1000), a}), "one of the full size fits")
	require.False(t, q.put(datagram{"", a}))
	part, ok := q.take()
	require.True(t, ok)
	require.Len(t, part, 1)
	for _, d := range []datagram{{"1", a}, {"2", a}, {"3", b}, {"4", a}} {
		require.True(t, q.put(d))
	}
	var got []string
	for range 3 {
		part, ok = q.take()
		require.True(t, ok)
		var text strings.Builder
		for _, d := range part {
			assert.Equal(t, part[0].from, d.from, "one sender a batch")
			text.WriteString(d.text)
		}
		got = append(got, text.String())
	}
	assert.Equal(t, []string{"12", "3", "4"}, got)
	for i := range 10_000 { // it does not grow with what passed through
		require.True(t, q.put(datagram{"x", a}), i)
		require.True(t, q.put(datagram{"y", b}), i)
		_, ok = q.take()
		require.True(t, ok)
		_, ok = q.take()
		require.True(t, ok)
	}
	assert.Less(t, cap(q.items), 64)
	assert.Equal(t, 1000+inQueue, q.left)
	require.True(t, q.put(datagram{"last", a}))
	q.close()
	_, ok = q.take()
	assert.True(t, ok, "what is queued is handed on")
	_, ok = q.take()
	assert.False(t, ok)
}
