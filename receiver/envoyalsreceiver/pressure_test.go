package envoyalsreceiver

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	accesslog "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// door is a component that refuses records while it is shut, and remembers the paths of those it took.
type door struct {
	shut    atomic.Bool
	refused atomic.Int64
	mu      sync.Mutex
	taken   map[string]int
}

func (*door) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (d *door) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	if d.shut.Load() {
		d.refused.Add(1)
		return errBusy
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, rec := range gatewaytest.Records(ld) {
		v, _ := rec.Attributes().Get("url.path")
		d.taken[v.Str()]++
	}
	return nil
}

func (d *door) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.taken)
}

// TestStalled holds the next component shut while clients send as fast as they can: every stream pauses, what the
// receiver holds stays bounded whatever is sent, and when the door opens every record that was sent arrives once.
//
// It runs alone: memory is the process's.
func TestStalled(t *testing.T) {
	const (
		streams = 8
		perMsg  = 20
	)
	next := &door{taken: map[string]int{}}
	next.shut.Store(true)
	r := start(t, next, quickly)

	var sent [streams]atomic.Int64 // messages that a stream's client got rid of
	stop := make(chan struct{})
	var clients sync.WaitGroup
	padding := strings.Repeat("x", 800) // 16 KiB a message, as Envoy's buffer has by default
	for i := range streams {
		s, err := r.dial(t).StreamAccessLogs(t.Context())
		require.NoError(t, err)
		clients.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					if _, err := s.CloseAndRecv(); err != nil {
						t.Error(err)
					}
					return
				default:
				}
				m := httpMessage()
				for j := range perMsg {
					e := path(fmt.Sprintf("/%d/%d/%d", i, n, j))
					e.Request.UserAgent = padding
					m.GetHttpLogs().LogEntry = append(m.GetHttpLogs().LogEntry, e)
				}
				if err := s.Send(m); err != nil { // it blocks while the stream is paused: the client's flow control
					t.Error(err)
					return
				}
				sent[i].Add(1)
			}
		})
	}
	total := func() (n int64) {
		for i := range sent {
			n += sent[i].Load()
		}
		return n
	}
	require.Eventually(t, func() bool {
		return r.metric(t, "otelcol_receiver_envoy_als_paused_streams") == streams && next.refused.Load() > 10*streams
	}, patience, 10*time.Millisecond, "every stream pauses and is retried")
	// Paused: nothing moves any more but retries. A client gets rid of what fits into the windows of its connection.
	var before int64
	require.Eventually(t, func() bool {
		now := total()
		still := now == before && now > 0
		before = now
		return still
	}, patience, 100*time.Millisecond, "flow control stops the clients")
	assert.Less(t, before, int64(streams*64), "64 messages are 1 MiB a stream: the clients are not read")
	runtime.GC()
	var m1, m2 runtime.MemStats
	runtime.ReadMemStats(&m1)
	tries := next.refused.Load()
	require.Eventually(t, func() bool { return next.refused.Load() > tries+20*streams }, patience, 10*time.Millisecond,
		"the stall lasts many retries longer")
	runtime.GC()
	runtime.ReadMemStats(&m2)
	assert.Less(t, int64(m2.HeapAlloc)-int64(m1.HeapAlloc), int64(8<<20), "what is held does not grow while nothing is taken")
	assert.Equal(t, before, total(), "no client got anything through meanwhile")
	assert.Zero(t, next.count())

	next.shut.Store(false)
	require.Eventually(t, func() bool { return total() > before+10*streams }, patience, 10*time.Millisecond, "the streams go on")
	close(stop)
	clients.Wait()
	want := int(total()) * perMsg
	require.Eventually(t, func() bool { return next.count() == want }, patience, 10*time.Millisecond, "what was sent arrives")
	for path, n := range next.taken {
		require.Equal(t, 1, n, "%s arrived more than once", path)
	}
	assert.Zero(t, r.metric(t, "otelcol_receiver_envoy_als_dropped"))
	assert.EqualValues(t, want, r.metric(t, "otelcol_receiver_envoy_als_entries", "outcome", "record"))
	assert.EqualValues(t, want, r.metric(t, "otelcol_receiver_accepted_log_records"))
	require.Eventually(t, func() bool { return r.metric(t, "otelcol_receiver_envoy_als_paused_streams") == 0 }, patience,
		time.Millisecond, "no stream is paused any more")
}

// TestShutdownIdle ends streams that wait for nothing: Envoy's have no end of their own.
func TestShutdownIdle(t *testing.T) {
	t.Parallel()
	next := &sink{}
	r := start(t, next)
	s := r.stream(t)
	require.NoError(t, s.Send(httpMessage(path("/a"))))
	next.wait(t, 1)
	require.NoError(t, r.Shutdown(t.Context()))
	err := s.RecvMsg(&accesslog.StreamAccessLogsResponse{})
	assert.Equal(t, codes.Unavailable, status.Code(err), err)
	require.NoError(t, r.Shutdown(t.Context()), "a second time")
}

// TestShutdownAtWork finishes the message that a stream works on, refusals included.
func TestShutdownAtWork(t *testing.T) {
	t.Parallel()
	next := &door{taken: map[string]int{}}
	next.shut.Store(true)
	r := start(t, next, quickly)
	s := r.stream(t)
	require.NoError(t, s.Send(httpMessage(path("/a"), path("/b"))))
	require.Eventually(t, func() bool { return next.refused.Load() > 0 }, patience, time.Millisecond, "the stream is at work")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	done := make(chan error)
	go func() { done <- r.Shutdown(ctx) }()
	<-r.gate.closing
	next.shut.Store(false)
	require.NoError(t, <-done)
	assert.Equal(t, 2, next.count())
	assert.Zero(t, r.metric(t, "otelcol_receiver_envoy_als_dropped"))
	err := s.RecvMsg(&accesslog.StreamAccessLogsResponse{})
	assert.Equal(t, codes.Unavailable, status.Code(err), err)
}

// TestShutdownTooLate counts what nobody took within the time that Shutdown has.
func TestShutdownTooLate(t *testing.T) {
	t.Parallel()
	next := &door{taken: map[string]int{}}
	next.shut.Store(true)
	r := start(t, next, quickly)
	require.NoError(t, r.stream(t).Send(httpMessage(path("/a"), path("/b"))))
	require.Eventually(t, func() bool { return next.refused.Load() > 0 }, patience, time.Millisecond, "the stream is at work")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorContains(t, r.Shutdown(ctx), "still held records")
	assert.EqualValues(t, 2, r.metric(t, "otelcol_receiver_envoy_als_dropped", "reason", "shutdown"))
	assert.EqualValues(t, 2, r.metric(t, "otelcol_receiver_refused_log_records"))
}

// TestShutdownMeanwhile counts what a stream reads when it is too late to work on it.
func TestShutdownMeanwhile(t *testing.T) {
	t.Parallel()
	next := &sink{}
	r := start(t, next)
	s := r.stream(t)
	require.NoError(t, s.Send(httpMessage(path("/a"))))
	next.wait(t, 1)
	r.gate.stop() // as Shutdown does before anything else
	require.NoError(t, s.Send(httpMessage(path("/b"), path("/c"))))
	err := s.RecvMsg(&accesslog.StreamAccessLogsResponse{})
	assert.Equal(t, codes.Unavailable, status.Code(err), err)
	next.wait(t, 1)
	assert.EqualValues(t, 2, r.metric(t, "otelcol_receiver_envoy_als_dropped", "reason", "shutdown"))
}

// TestShutdownRefuses checks that a receiver that stops lets nobody in any more.
func TestShutdownRefuses(t *testing.T) {
	t.Parallel()
	r := start(t, &sink{})
	r.gate.stop()
	_, err := r.stream(t).CloseAndRecv()
	assert.Equal(t, codes.Unavailable, status.Code(err), err)
}

// TestOtherMethods checks that the server has no other service: its codec could not read their messages.
func TestOtherMethods(t *testing.T) {
	t.Parallel()
	r := start(t, &sink{})
	conn, err := grpc.NewClient(r.address, insecureOption())
	require.NoError(t, err)
	defer conn.Close()
	err = conn.Invoke(t.Context(), "/grpc.health.v1.Health/Check", &accesslog.StreamAccessLogsResponse{}, &accesslog.StreamAccessLogsResponse{})
	assert.Equal(t, codes.Unimplemented, status.Code(err), err)
}
