package envoyalsreceiver

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	accesslogdata "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	accesslog "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/receiver/envoyalsreceiver/internal/metadata"
)

// patience is how long a test waits for what must happen; a machine under load is slow, so it is long.
const patience = 30 * time.Second

// running is a started receiver with its own telemetry.
type running struct {
	*alsReceiver
	telemetry *componenttest.Telemetry
}

// start starts a receiver on a free port and stops it at the end of the test.
func start(t *testing.T, next consumer.Logs, change ...func(*Config)) *running {
	t.Helper()
	return startWith(t, next, componenttest.NewNopHost(), change...)
}

func startWith(t *testing.T, next consumer.Logs, host component.Host, change ...func(*Config)) *running {
	t.Helper()
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	cfg.ServerConfig.NetAddr.Endpoint = "localhost:0"
	for _, c := range change {
		c(cfg)
	}
	require.NoError(t, cfg.Validate())
	tel := componenttest.NewTelemetry()
	set := receivertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	r, err := newReceiver(set, cfg, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), host))
	t.Cleanup(func() {
		_ = r.Shutdown(context.Background())
		require.NoError(t, tel.Shutdown(context.Background()))
	})
	return &running{alsReceiver: r, telemetry: tel}
}

// dial connects as Envoy does, without TLS.
func (r *running) dial(t *testing.T, opts ...grpc.DialOption) accesslog.AccessLogServiceClient {
	t.Helper()
	if len(opts) == 0 {
		opts = append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
	conn, err := grpc.NewClient(r.address, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return accesslog.NewAccessLogServiceClient(conn)
}

// stream opens a stream that ends with the test.
func (r *running) stream(t *testing.T) grpc.ClientStreamingClient[accesslog.StreamAccessLogsMessage, accesslog.StreamAccessLogsResponse] {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	s, err := r.dial(t).StreamAccessLogs(ctx)
	require.NoError(t, err)
	return s
}

// metric returns the sum of a metric of ours over all its attributes; those given must match.
func (r *running) metric(t *testing.T, name string, pairs ...string) int64 {
	t.Helper()
	m, err := r.telemetry.GetMetric(name)
	if err != nil {
		return 0 // nothing was counted so far
	}
	return sum(t, m, pairs...)
}

// sink keeps what arrives. accept, if set, decides about every call before that.
type sink struct {
	mu      sync.Mutex
	batches []plog.Logs
	calls   int
	accept  func(call int, ld plog.Logs) error
}

func (*sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *sink) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.accept != nil {
		if err := s.accept(s.calls, ld); err != nil {
			return err
		}
	}
	s.batches = append(s.batches, ld)
	return nil
}

func (s *sink) records() []plog.LogRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []plog.LogRecord
	for _, ld := range s.batches {
		out = append(out, gatewaytest.Records(ld)...)
	}
	return out
}

// wait returns the records when there are n.
func (s *sink) wait(t *testing.T, n int) []plog.LogRecord {
	t.Helper()
	require.Eventually(t, func() bool { return len(s.records()) >= n }, patience, time.Millisecond, "records that were sent arrive")
	got := s.records()
	require.Len(t, got, n)
	return got
}

var errBusy = errors.New("busy")

// capture returns the recorded messages of one file.
func capture(tb testing.TB, name string) []*accesslog.StreamAccessLogsMessage {
	tb.Helper()
	captures, err := replay.Of(filepath.FromSlash("../../tests/captures"), replay.FormatALS)
	require.NoError(tb, err)
	for _, c := range captures {
		if c.String() != name {
			continue
		}
		lines, err := c.Payloads()
		require.NoError(tb, err)
		var out []*accesslog.StreamAccessLogsMessage
		for _, line := range lines {
			m := &accesslog.StreamAccessLogsMessage{}
			require.NoError(tb, protojson.Unmarshal(line, m))
			out = append(out, m)
		}
		return out
	}
	require.Failf(tb, "no capture", "%s", name)
	return nil
}

const kgatewayCapture = "kgateway/2.4.2-default-als.jsonl"

// httpMessage is a message with HTTP entries.
func httpMessage(entries ...*accesslogdata.HTTPAccessLogEntry) *accesslog.StreamAccessLogsMessage {
	return &accesslog.StreamAccessLogsMessage{LogEntries: &accesslog.StreamAccessLogsMessage_HttpLogs{
		HttpLogs: &accesslog.StreamAccessLogsMessage_HTTPAccessLogEntries{LogEntry: entries},
	}}
}

// path is an entry about a request for a path.
func path(path string) *accesslogdata.HTTPAccessLogEntry {
	return &accesslogdata.HTTPAccessLogEntry{
		CommonProperties: &accesslogdata.AccessLogCommon{UpstreamCluster: "kube_shop_cart_8080"},
		Request:          &accesslogdata.HTTPRequestProperties{RequestMethod: 1, Path: path, Authority: "shop.example.com"},
	}
}

// paths are the url.path of records.
func paths(t *testing.T, records []plog.LogRecord) []string {
	t.Helper()
	var out []string
	for _, r := range records {
		v, ok := r.Attributes().Get("url.path")
		assert.True(t, ok)
		out = append(out, v.Str())
	}
	return out
}

// unstarted is a receiver that the test starts by itself.
func unstarted(t *testing.T, cfg *Config) *alsReceiver {
	t.Helper()
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, &sink{})
	require.NoError(t, err)
	return r
}
