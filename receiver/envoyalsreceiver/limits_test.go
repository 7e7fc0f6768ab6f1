package envoyalsreceiver

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/gatehouse-otel/gatehouse/receiver/envoyalsreceiver/internal/als"
)

// TestHeldSize holds the next component shut under more streams with large messages than may be held together: what is
// over the limit ends its stream and is counted, further streams wait, and all that remains arrives.
func TestHeldSize(t *testing.T) {
	t.Parallel()
	next := &door{taken: map[string]int{}}
	next.shut.Store(true)
	const streams = 6
	r := start(t, next, quickly, func(c *Config) {
		c.ServerConfig.MaxRecvMsgSizeMiB = 1
		c.MaxHeldSize = 2 << 20
	})
	padding := strings.Repeat("x", 900<<10) // two fit
	for i := range streams {
		s := r.stream(t)
		e := path("/" + string(rune('a'+i)))
		e.Request.UserAgent = padding
		require.NoError(t, s.Send(httpMessage(e)))
	}
	lost := func() int64 { return r.metric(t, "otelcol_receiver_envoy_als_dropped", "reason", "max_held_size") }
	require.Eventually(t, func() bool { return r.metric(t, "otelcol_receiver_envoy_als_paused_streams") == 2 }, patience,
		time.Millisecond, "two messages are held")
	r.held.mu.Lock()
	held := r.held.held
	r.held.mu.Unlock()
	assert.LessOrEqual(t, held, r.cfg.MaxHeldSize)
	// Whichever streams were being read already lose their message; the others are not read.
	late := r.stream(t)
	require.NoError(t, late.Send(httpMessage(path("/late"))))
	next.shut.Store(false)
	require.Eventually(t, func() bool { return int64(next.count())+lost() == streams+1 }, patience, time.Millisecond,
		"what was not lost arrives, and what was lost is counted")
	assert.Equal(t, lost(), r.metric(t, "otelcol_receiver_envoy_als_refused_streams", "limit", "max_held_size"))
	require.Eventually(t, func() bool {
		r.held.mu.Lock()
		defer r.held.mu.Unlock()
		return r.held.held == 0
	}, patience, time.Millisecond, "all room is free again")
}

// TestHeldTooLong checks the message that finds no room in time: its entries are counted, and the stream ends.
func TestHeldTooLong(t *testing.T) {
	t.Parallel()
	next := &sink{}
	r := start(t, next)
	require.True(t, r.held.take(r.cfg.MaxHeldSize, 0, nil))
	b, err := proto.Marshal(httpMessage(path("/a"), path("/b")))
	require.NoError(t, err)
	s := &stream{alsReceiver: r.alsReceiver, ctx: t.Context(), decoder: als.NewDecoder(r.decoding), resource: pcommon.NewMap()}
	err = s.work(&message{buffer: mem.SliceBuffer(b)})
	assert.Equal(t, codes.ResourceExhausted, status.Code(err), err)
	assert.EqualValues(t, 2, r.metric(t, "otelcol_receiver_envoy_als_dropped", "reason", "max_held_size"))
	assert.EqualValues(t, 1, r.metric(t, "otelcol_receiver_envoy_als_refused_streams", "limit", "max_held_size"))
	assert.Empty(t, next.records())

	r.held.give(r.cfg.MaxHeldSize)
	require.NoError(t, s.work(&message{buffer: mem.SliceBuffer(b)}))
	assert.Len(t, next.records(), 2)
	assert.Zero(t, r.held.held)
}

// TestHeldUnread checks that a stream is not read while there is no room, so that its messages stay with Envoy.
func TestHeldUnread(t *testing.T) {
	t.Parallel()
	next := &sink{}
	r := start(t, next)
	require.True(t, r.held.take(r.cfg.MaxHeldSize, 0, nil))
	require.NoError(t, r.stream(t).Send(httpMessage(path("/a"))))
	require.Eventually(t, func() bool { return r.metric(t, "otelcol_receiver_envoy_als_streams") == 1 }, patience, time.Millisecond,
		"the stream is open")
	// A message that was read would be lost by then.
	assert.Never(t, func() bool {
		return r.metric(t, "otelcol_receiver_envoy_als_dropped") > 0 || len(next.records()) > 0
	}, heldPatience+heldPatience/2, 50*time.Millisecond, "the message was read")
	r.held.give(r.cfg.MaxHeldSize)
	next.wait(t, 1)
}

// TestBudget is the arithmetic of it.
func TestBudget(t *testing.T) {
	t.Parallel()
	b := newBudget(10)
	never := make(chan struct{})
	over := make(chan struct{})
	close(over)
	assert.True(t, b.room(10, never, never))
	assert.True(t, b.take(7, 0, never))
	assert.False(t, b.room(4, over, never), "stopped")
	assert.False(t, b.room(4, never, over), "the client left")
	assert.False(t, b.take(4, time.Millisecond, never), "nothing is given back")
	assert.False(t, b.take(4, patience, over), "stopped")
	assert.True(t, b.take(3, 0, never))
	done := make(chan bool)
	go func() { done <- b.room(10, never, never) }()
	go func() { done <- b.take(1, patience, never) }()
	b.give(7)
	assert.True(t, <-done, "the one that wants little")
	b.give(3)
	b.give(1)
	assert.True(t, <-done)
	assert.Zero(t, b.held)
}

// TestRefusedStreams counts what the limits of streams and messages refuse.
func TestRefusedStreams(t *testing.T) {
	t.Parallel()
	next := &sink{}
	r := start(t, next, func(c *Config) { c.MaxStreams, c.ServerConfig.MaxRecvMsgSizeMiB = 1, 1 })
	one := r.stream(t)
	require.NoError(t, one.Send(httpMessage(path("/1"))))
	next.wait(t, 1)
	_, err := r.stream(t).CloseAndRecv()
	assert.Equal(t, codes.ResourceExhausted, status.Code(err), err)
	assert.EqualValues(t, 1, r.metric(t, "otelcol_receiver_envoy_als_refused_streams", "limit", "max_streams"))
	long := path("/long")
	long.Request.UserAgent = strings.Repeat("x", 2<<20)
	_ = one.Send(httpMessage(long)) // the answer tells
	_, err = one.CloseAndRecv()
	assert.Equal(t, codes.ResourceExhausted, status.Code(err), err)
	assert.EqualValues(t, 1, r.metric(t, "otelcol_receiver_envoy_als_refused_streams", "limit", "max_recv_msg_size_mib"))
}

// TestLonger checks that waits stay within their bounds, whatever grows.
func TestLonger(t *testing.T) {
	t.Parallel()
	retry := createDefaultConfig().(*Config).RetryOnFailure
	assert.Equal(t, 150*time.Millisecond, longer(100*time.Millisecond, &retry))
	assert.Equal(t, retry.MaxInterval, longer(retry.MaxInterval, &retry))
	retry.Multiplier, retry.MaxInterval = maxMultiplier, 200*365*24*time.Hour
	assert.Equal(t, retry.MaxInterval, longer(retry.MaxInterval, &retry), "the product is above what a Duration holds")
}
