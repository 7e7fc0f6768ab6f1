package envoyalsreceiver

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	accesslogdata "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	accesslog "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gatehouse-otel/gatehouse/receiver/envoyalsreceiver/internal/metadata"
)

// TestRecording streams what a real kgateway streamed: every entry is one record, in order, on the pod's resource.
func TestRecording(t *testing.T) {
	t.Parallel()
	next := &sink{}
	r := start(t, next)
	client := r.dial(t)
	want := 0
	// Two workers had a stream each; the messages without identifier belong to either.
	messages := capture(t, kgatewayCapture)
	for _, of := range [][]*accesslog.StreamAccessLogsMessage{{messages[0], messages[2]}, {messages[1], messages[3]}} {
		s, err := client.StreamAccessLogs(t.Context())
		require.NoError(t, err)
		for _, m := range of {
			want += len(m.GetHttpLogs().GetLogEntry())
			require.NoError(t, s.Send(m))
		}
		_, err = s.CloseAndRecv()
		require.NoError(t, err, "a stream that the client ends is answered")
	}
	records := next.wait(t, want)
	assert.Equal(t, 35, want)
	for _, ld := range next.batches {
		assert.Equal(t, "http-c7f65bbb-8dh28", str(t, ld, "k8s.pod.name"))
		assert.Equal(t, "kgateway-system", str(t, ld, "k8s.namespace.name"))
		assert.Equal(t, "http.kgateway-system", str(t, ld, "service.name"))
	}
	for _, rec := range records {
		assert.NotZero(t, rec.Timestamp())
		assert.NotZero(t, rec.ObservedTimestamp())
	}
	assert.EqualValues(t, 35, r.metric(t, "otelcol_receiver_envoy_als_entries", "kind", "http", "outcome", "record"))
	assert.EqualValues(t, 35, r.metric(t, "otelcol_receiver_accepted_log_records"))
	assert.Zero(t, r.metric(t, "otelcol_receiver_envoy_als_malformed"))
	require.Eventually(t, func() bool { return r.metric(t, "otelcol_receiver_envoy_als_streams") == 0 }, patience, time.Millisecond,
		"the streams are over")
}

// str is a resource attribute of a batch.
func str(t *testing.T, ld plog.Logs, key string) string {
	t.Helper()
	v, ok := ld.ResourceLogs().At(0).Resource().Attributes().Get(key)
	require.True(t, ok, key)
	return v.Str()
}

// TestIdentifier checks that a stream remembers its node, that a later identifier replaces it, and what the engine found
// out by entries of a control plane holds for those that show none.
func TestIdentifier(t *testing.T) {
	t.Parallel()
	next := &sink{}
	r := start(t, next)
	s := r.stream(t)
	unrouted := &accesslogdata.HTTPAccessLogEntry{
		CommonProperties: &accesslogdata.AccessLogCommon{ResponseFlags: &accesslogdata.ResponseFlags{NoRouteFound: true}},
		Request:          &accesslogdata.HTTPRequestProperties{RequestMethod: 1, Path: "/none", Authority: "shop.example.com"},
	}
	first := httpMessage(path("/a"))
	first.Identifier = &accesslog.StreamAccessLogsMessage_Identifier{
		LogName: "edge", Node: &core.Node{Id: "http-0.gw", Cluster: "http.gw"},
	}
	later := httpMessage(path("/c"))
	later.Identifier = &accesslog.StreamAccessLogsMessage_Identifier{LogName: "edge", Node: &core.Node{Id: "http-1.gw"}}
	for _, m := range []*accesslog.StreamAccessLogsMessage{first, httpMessage(unrouted), later} {
		require.NoError(t, s.Send(m))
	}
	next.wait(t, 3)
	for i, pod := range []string{"http-0", "http-0", "http-1"} {
		assert.Equal(t, pod, str(t, next.batches[i], "k8s.pod.name"), i)
		assert.Equal(t, "edge", str(t, next.batches[i], "log_name"), i)
	}
	assert.Equal(t, next.batches[0].ResourceLogs().At(0).SchemaUrl(), next.batches[1].ResourceLogs().At(0).SchemaUrl())
}

// TestWithoutIdentifier checks that a stream whose first message has none is read all the same.
func TestWithoutIdentifier(t *testing.T) {
	t.Parallel()
	next := &sink{}
	s := start(t, next).stream(t)
	require.NoError(t, s.Send(httpMessage(path("/a?sig=x"))))
	rec := next.wait(t, 1)[0]
	assert.Equal(t, []string{"/a"}, paths(t, []plog.LogRecord{rec}))
	query, _ := rec.Attributes().Get("url.query")
	assert.Equal(t, "sig=REDACTED", query.Str())
	assert.Empty(t, str(t, next.batches[0], "log_name"))
}

// TestEntries checks which entries become records.
func TestEntries(t *testing.T) {
	t.Parallel()
	entry := func(kind accesslogdata.AccessLogType, name string) *accesslogdata.HTTPAccessLogEntry {
		e := path("/" + name)
		e.CommonProperties.AccessLogType = kind
		return e
	}
	message := httpMessage(
		entry(accesslogdata.AccessLogType_DownstreamStart, "start"),
		entry(accesslogdata.AccessLogType_DownstreamPeriodic, "periodic"),
		entry(accesslogdata.AccessLogType_UpstreamEnd, "attempt"),
		entry(accesslogdata.AccessLogType_DownstreamEnd, "end"),
		entry(accesslogdata.AccessLogType_NotSet, "unset"),
	)
	f := func(entries Entries, skipped int64, want ...string) {
		t.Helper()
		next := &sink{}
		r := start(t, next, func(c *Config) { c.Entries = entries })
		require.NoError(t, r.stream(t).Send(message))
		assert.Equal(t, want, paths(t, next.wait(t, len(want))))
		assert.Equal(t, skipped, r.metric(t, "otelcol_receiver_envoy_als_entries", "outcome", "skipped"))
	}
	f(EntriesEnds, 2, "/attempt", "/end", "/unset")
	f(EntriesAll, 0, "/start", "/periodic", "/attempt", "/end", "/unset")
}

// TestLargeMessages checks the limit of the message size: a long string within it passes, above it the stream ends with
// RESOURCE_EXHAUSTED and another one can be opened.
func TestLargeMessages(t *testing.T) {
	t.Parallel()
	next := &sink{}
	r := start(t, next, func(c *Config) { c.ServerConfig.MaxRecvMsgSizeMiB = 12 })
	long := path("/long")
	long.Request.UserAgent = strings.Repeat("x", 10<<20)
	s := r.stream(t)
	require.NoError(t, s.Send(httpMessage(long)))
	rec := next.wait(t, 1)[0]
	agent, _ := rec.Attributes().Get("user_agent.original")
	assert.Len(t, agent.Str(), 10<<20)

	long.Request.UserAgent = strings.Repeat("x", 13<<20)
	_ = s.Send(httpMessage(long)) // the answer tells
	_, err := s.CloseAndRecv()
	assert.Equal(t, codes.ResourceExhausted, status.Code(err), err)
	require.NoError(t, r.stream(t).Send(httpMessage(path("/after"))))
	next.wait(t, 2)
}

// TestManyEntries checks that a message becomes batches of bounded size, each entry once and in order.
func TestManyEntries(t *testing.T) {
	t.Parallel()
	next := &sink{}
	r := start(t, next)
	const n = 2*maxBatch + 7
	entries := make([]*accesslogdata.HTTPAccessLogEntry, n)
	want := make([]string, n)
	for i := range entries {
		want[i] = fmt.Sprintf("/%d", i)
		entries[i] = path(want[i])
	}
	require.NoError(t, r.stream(t).Send(httpMessage(entries...)))
	assert.Equal(t, want, paths(t, next.wait(t, n)))
	assert.Equal(t, 3, next.calls)
	for _, ld := range next.batches {
		assert.LessOrEqual(t, ld.LogRecordCount(), maxBatch)
	}
}

// TestMaxStreams checks that a stream too many is refused, and served when another one is over.
func TestMaxStreams(t *testing.T) {
	t.Parallel()
	next := &sink{}
	r := start(t, next, func(c *Config) { c.MaxStreams = 1 })
	one := r.stream(t)
	require.NoError(t, one.Send(httpMessage(path("/1"))))
	next.wait(t, 1)
	_, err := r.stream(t).CloseAndRecv()
	assert.Equal(t, codes.ResourceExhausted, status.Code(err), err)
	_, err = one.CloseAndRecv()
	require.NoError(t, err)
	require.NoError(t, r.stream(t).Send(httpMessage(path("/2"))))
	next.wait(t, 2)
}

// TestPermanent checks that records nobody will ever take are counted and do not stop the stream.
func TestPermanent(t *testing.T) {
	t.Parallel()
	next := &sink{accept: func(call int, _ plog.Logs) error {
		if call == 1 {
			return consumererror.NewPermanent(errBusy)
		}
		return nil
	}}
	r := start(t, next)
	s := r.stream(t)
	require.NoError(t, s.Send(httpMessage(path("/a"), path("/b"))))
	require.NoError(t, s.Send(httpMessage(path("/c"))))
	assert.Equal(t, []string{"/c"}, paths(t, next.wait(t, 1)))
	assert.EqualValues(t, 2, r.metric(t, "otelcol_receiver_envoy_als_dropped", "reason", "permanent"))
	assert.EqualValues(t, 2, r.metric(t, "otelcol_receiver_refused_log_records"))
	assert.EqualValues(t, 1, r.metric(t, "otelcol_receiver_accepted_log_records"))
}

// TestPartlyTaken checks that of a batch that was taken in part only the rest is offered again.
func TestPartlyTaken(t *testing.T) {
	t.Parallel()
	next := &sink{accept: func(call int, ld plog.Logs) error {
		if call > 2 {
			return nil
		}
		rest := plog.NewLogs()
		ld.CopyTo(rest)
		first := true
		rest.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().RemoveIf(func(plog.LogRecord) bool {
			remove := first
			first = false
			return remove
		})
		return consumererror.NewLogs(errBusy, rest)
	}}
	r := start(t, next, quickly)
	require.NoError(t, r.stream(t).Send(httpMessage(path("/a"), path("/b"), path("/c"))))
	assert.Equal(t, []string{"/c"}, paths(t, next.wait(t, 1)))
	assert.EqualValues(t, 2, r.metric(t, "otelcol_receiver_envoy_als_retries"))
	assert.Zero(t, r.metric(t, "otelcol_receiver_envoy_als_dropped"))
}

// quickly makes retries as short as a test wants them.
func quickly(c *Config) {
	c.RetryOnFailure.InitialInterval, c.RetryOnFailure.MaxInterval = time.Millisecond, 5*time.Millisecond
}

// TestRetryKeepsRecords checks that records are the same when they are taken at last, although the component that
// refused them had changed them.
func TestRetryKeepsRecords(t *testing.T) {
	t.Parallel()
	next := &sink{accept: func(call int, ld plog.Logs) error {
		if call > 3 {
			return nil
		}
		ld.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { return true })
		return errBusy
	}}
	r := start(t, next, quickly)
	require.NoError(t, r.stream(t).Send(httpMessage(path("/a"), path("/b"))))
	assert.Equal(t, []string{"/a", "/b"}, paths(t, next.wait(t, 2)))
	assert.EqualValues(t, 3, r.metric(t, "otelcol_receiver_envoy_als_retries"))
	assert.EqualValues(t, 2, r.metric(t, "otelcol_receiver_envoy_als_entries"), "counted once")
}

// TestGivingUp checks retry_on_failure::enabled and max_elapsed_time.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	f := func(change func(*Config)) {
		t.Helper()
		next := &sink{accept: func(_ int, ld plog.Logs) error {
			if paths(t, records(ld))[0] == "/refused" {
				return errBusy
			}
			return nil
		}}
		r := start(t, next, quickly, change)
		s := r.stream(t)
		require.NoError(t, s.Send(httpMessage(path("/refused"))))
		require.NoError(t, s.Send(httpMessage(path("/taken"))))
		assert.Equal(t, []string{"/taken"}, paths(t, next.wait(t, 1)))
		assert.EqualValues(t, 1, r.metric(t, "otelcol_receiver_envoy_als_dropped", "reason", "gave_up"))
	}
	f(func(c *Config) { c.RetryOnFailure.Enabled = false })
	f(func(c *Config) { c.RetryOnFailure.MaxElapsedTime = 10 * time.Millisecond })
}

func records(ld plog.Logs) []plog.LogRecord {
	var out []plog.LogRecord
	for _, r := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		out = append(out, r)
	}
	return out
}

// TestClientGone checks that records which were read are delivered although their client has left.
func TestClientGone(t *testing.T) {
	t.Parallel()
	open := make(chan struct{})
	next := &sink{accept: func(int, plog.Logs) error {
		select {
		case <-open:
			return nil
		default:
			return errBusy
		}
	}}
	r := start(t, next, quickly)
	ctx, leave := context.WithCancel(t.Context())
	s, err := r.dial(t).StreamAccessLogs(ctx)
	require.NoError(t, err)
	require.NoError(t, s.Send(httpMessage(path("/a"))))
	require.Eventually(t, func() bool { return r.metric(t, "otelcol_receiver_envoy_als_paused_streams") == 1 }, patience,
		time.Millisecond, "the stream pauses when its records are refused")
	leave()
	close(open)
	assert.Equal(t, []string{"/a"}, paths(t, next.wait(t, 1)))
	require.Eventually(t, func() bool { return r.metric(t, "otelcol_receiver_envoy_als_paused_streams") == 0 }, patience,
		time.Millisecond, "it goes on when they are taken")
	assert.Zero(t, r.metric(t, "otelcol_receiver_envoy_als_dropped"))
}

// TestAddressTaken checks that Start tells when it cannot listen.
func TestAddressTaken(t *testing.T) {
	t.Parallel()
	first := start(t, consumertest.NewNop())
	cfg := createDefaultConfig().(*Config)
	cfg.ServerConfig.NetAddr.Endpoint = first.address
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, r.Start(t.Context(), componenttest.NewNopHost()), first.address)
	require.NoError(t, r.Shutdown(t.Context()))
}
