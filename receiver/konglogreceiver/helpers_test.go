package konglogreceiver

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/gatehouse-otel/gatehouse/receiver/konglogreceiver/internal/metadatatest"
)

// patience bounds what waits for another goroutine. Far more than is ever needed: it decides only how long a failure takes.
const patience = 30 * time.Second

// running is a receiver with all three protocols on free ports.
type running struct {
	*kongReceiver
	http, tcp, udp string
	tel            *componenttest.Telemetry
}

// start starts a receiver and stops it at the end of the test. host may be nil, and so may change.
func start(tb testing.TB, next consumer.Logs, host component.Host, change func(*Config)) *running {
	tb.Helper()
	return startOffering(tb, busyTime, next, host, change)
}

// startOffering is start, with bodies offered to a busy pipeline for that long.
func startOffering(tb testing.TB, busy time.Duration, next consumer.Logs, host component.Host, change func(*Config)) *running {
	tb.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Protocols.HTTP.Get().ServerConfig.NetAddr.Endpoint = "localhost:0"
	tcp, udp := defaultOf(cfg.Protocols.TCP), defaultOf(cfg.Protocols.UDP)
	tcp.Endpoint, udp.Endpoint = "localhost:0", "localhost:0"
	cfg.Protocols.TCP, cfg.Protocols.UDP = configoptional.Some(tcp), configoptional.Some(udp)
	if change != nil {
		change(cfg)
	}
	require.NoError(tb, cfg.Validate())
	tel := componenttest.NewTelemetry()
	tb.Cleanup(func() { require.NoError(tb, tel.Shutdown(context.Background())) })
	r, err := newReceiver(metadatatest.NewSettings(tel), cfg, next)
	require.NoError(tb, err)
	if host == nil {
		host = componenttest.NewNopHost()
	}
	r.busy = busy
	require.NoError(tb, r.Start(tb.Context(), host))
	tb.Cleanup(func() { require.NoError(tb, r.Shutdown(context.Background())) })
	out := &running{kongReceiver: r, tel: tel}
	for _, s := range r.servers {
		switch s := s.(type) {
		case *httpServer:
			out.http = "http://" + s.address.String()
		case *tcpServer:
			out.tcp = s.listener.Addr().String()
		case *udpServer:
			out.udp = s.conn.LocalAddr().String()
		}
	}
	return out
}

// defaultOf is the configuration of a protocol that is off.
func defaultOf[T any](o configoptional.Optional[T]) T { return *o.GetOrInsertDefault() }

// counter reads one of the receiver's own counters with the given attributes, 0 when it has not counted.
func (r *running) counter(tb testing.TB, name string, kv ...string) int64 {
	tb.Helper()
	m, err := r.tel.GetMetric("otelcol_receiver_kong_log_" + name)
	if err != nil {
		return 0
	}
	var attrs []attribute.KeyValue
	for i := 0; i < len(kv); i += 2 {
		attrs = append(attrs, attribute.String(kv[i], kv[i+1]))
	}
	want := attribute.NewSet(attrs...)
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		if p.Attributes.Equals(&want) {
			return p.Value
		}
	}
	return 0
}

// eventually waits for something that another goroutine does.
func eventually(tb testing.TB, condition func() bool, what string) {
	tb.Helper()
	require.Eventually(tb, condition, patience, time.Millisecond, what)
}

// pipeline is the next component: it takes records, refuses them, or lets them wait.
type pipeline struct {
	mu      sync.Mutex
	refuse  error         // what it answers; nil: it takes them
	blocked chan struct{} // what it waits for; nil: it does not
	ids     map[string]int
	records []plog.LogRecord
	calls   int
	ctx     context.Context // of the last call
}

func newPipeline() *pipeline { return &pipeline{ids: make(map[string]int)} }

func (*pipeline) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

func (p *pipeline) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	p.mu.Lock()
	p.calls++
	p.ctx = ctx
	blocked, refuse := p.blocked, p.refuse
	p.mu.Unlock()
	if blocked != nil {
		select {
		case <-blocked:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	if refuse != nil {
		// What refuses may have changed the records before.
		records.RemoveIf(func(plog.LogRecord) bool { return true })
		return refuse
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, lr := range records.All() {
		p.records = append(p.records, lr)
		if id, ok := lr.Attributes().Get("kong.request.id"); ok {
			p.ids[id.Str()]++
		}
	}
	return nil
}

func (p *pipeline) set(refuse error, blocked chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse, p.blocked = refuse, blocked
}

func (p *pipeline) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.records)
}

func (p *pipeline) called() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// once checks that each of the ids arrived, and exactly once.
func (p *pipeline) once(tb testing.TB, ids []string) {
	tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range ids {
		if !assert.Equal(tb, 1, p.ids[id], "record %s", id) {
			return
		}
	}
	assert.Len(tb, p.ids, len(ids))
}

var errPipelineBusy = errors.New("queue is full")

// dial opens a TCP connection to the receiver.
func (r *running) dial(tb testing.TB) net.Conn {
	tb.Helper()
	conn, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", r.tcp)
	require.NoError(tb, err)
	tb.Cleanup(func() { conn.Close() })
	return conn
}

// datagrams opens a UDP socket to the receiver.
func (r *running) datagrams(tb testing.TB) net.Conn {
	tb.Helper()
	conn, err := (&net.Dialer{}).DialContext(tb.Context(), "udp", r.udp)
	require.NoError(tb, err)
	tb.Cleanup(func() { conn.Close() })
	return conn
}

// write sends a text whole.
func write(tb testing.TB, conn net.Conn, text string) {
	tb.Helper()
	_, err := conn.Write([]byte(text))
	require.NoError(tb, err)
}
