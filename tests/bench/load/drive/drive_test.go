package drive

import (
	"context"
	"encoding/json"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

// server is an OTLP/gRPC receiver that counts spans by trace and answers as the test says.
type server struct {
	ptraceotlp.UnimplementedGRPCServer
	answer func(request int) error

	mu       sync.Mutex
	requests int
	traces   map[pcommon.TraceID]int
	records  map[pcommon.TraceID]int
}

func (s *server) Export(_ context.Context, request ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if s.answer != nil {
		if err := s.answer(s.requests); err != nil {
			return ptraceotlp.NewExportResponse(), err
		}
	}
	for _, span := range request.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		s.traces[span.TraceID()]++
	}
	return ptraceotlp.NewExportResponse(), nil
}

// serve starts a server on a free loopback port, for the length of the test.
func serve(t *testing.T, answer func(int) error) (*server, string) {
	t.Helper()
	var listen net.ListenConfig
	listener, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{answer: answer, traces: make(map[pcommon.TraceID]int), records: make(map[pcommon.TraceID]int)}
	g := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(g, s)
	plogotlp.RegisterGRPCServer(g, &recordServer{server: s})
	done := make(chan error, 1)
	go func() { done <- g.Serve(listener) }()
	t.Cleanup(func() {
		g.Stop()
		assert.NoError(t, <-done)
	})
	return s, listener.Addr().String()
}

func newTraffic(t *testing.T) *traffic.Traffic {
	t.Helper()
	from, err := traffic.New("../../../captures", traffic.Shape{SpansPerTrace: 3, SpansPerRequest: 5})
	require.NoError(t, err)
	return from
}

func (s *server) assertWhole(t *testing.T, r Result) {
	t.Helper()
	assert.Len(t, s.traces, int(r.Traces))
	spans := 0
	for _, n := range s.traces {
		spans += n
		assert.Equal(t, 3, n)
	}
	assert.Equal(t, r.Taken, spans)
}

func TestOpenLoopKeepsItsRate(t *testing.T) {
	t.Parallel()
	s, endpoint := serve(t, nil)
	const rate = 1000
	o := Options{Endpoint: endpoint, Rate: rate, Connections: 2, Duration: 500 * time.Millisecond, Timeout: 10 * time.Second}
	r, err := Run(t.Context(), o, newTraffic(t))
	require.NoError(t, err)
	assert.LessOrEqual(t, r.Spans, rate/2+7, "no more than the rate, and the rest of a trace")
	assert.Positive(t, r.Spans)
	assert.Equal(t, r.Spans, r.Taken)
	assert.Zero(t, r.Lost)
	s.assertWhole(t, r)
}

// recordServer counts log records by trace.
type recordServer struct {
	plogotlp.UnimplementedGRPCServer
	*server
}

func (s *recordServer) Export(_ context.Context, request plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, lr := range request.Logs().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		s.records[lr.TraceID()]++
	}
	return plogotlp.NewExportResponse(), nil
}

// Access logs go the same way, and what is late is waited for.
func TestLogsAndLateItemsAreSent(t *testing.T) {
	t.Parallel()
	s, endpoint := serve(t, nil)
	from, err := traffic.New("../../../captures", traffic.Shape{
		SpansPerTrace: 3, SpansPerRequest: 5, Logs: true, Window: 20, Late: 0.1, LateBy: 600 * time.Millisecond,
	})
	require.NoError(t, err)
	o := Options{Endpoint: endpoint, Rate: 1000, Connections: 2, Duration: 300 * time.Millisecond, Timeout: 10 * time.Second}
	r, err := Run(t.Context(), o, from)
	require.NoError(t, err)
	assert.Positive(t, from.Late())
	assert.GreaterOrEqual(t, r.Elapsed, 600*time.Millisecond)
	assert.Equal(t, r.Spans+r.Records, r.Taken)
	assert.EqualValues(t, r.Traces, r.Records)
	assert.Len(t, s.records, int(r.Traces))
	assert.Len(t, s.traces, int(r.Traces))
	for _, n := range s.traces {
		assert.Equal(t, 3, n)
	}
}

// What is refused for now is sent again until it is taken, once.
func TestClosedLoopRetriesWhatIsRefused(t *testing.T) {
	t.Parallel()
	s, endpoint := serve(t, func(request int) error {
		if request%10 == 3 {
			return status.Error(codes.ResourceExhausted, "later")
		}
		return nil
	})
	o := Options{Endpoint: endpoint, Connections: 3, Duration: 300 * time.Millisecond, Timeout: 10 * time.Second, Retry: true}
	r, err := Run(t.Context(), o, newTraffic(t))
	require.NoError(t, err)
	assert.Zero(t, r.Lost)
	assert.Positive(t, r.Refusals)
	assert.Equal(t, s.requests, r.Requests+r.Refusals)
	assert.GreaterOrEqual(t, r.Latency(100), firstBackoff)
	s.assertWhole(t, r)
}

func TestWhatIsNotTakenIsLost(t *testing.T) {
	t.Parallel()
	_, endpoint := serve(t, func(int) error { return status.Error(codes.InvalidArgument, "not like this") })
	o := Options{Endpoint: endpoint, Rate: 100, Connections: 1, Duration: 100 * time.Millisecond, Timeout: 10 * time.Second, Retry: true}
	r, err := Run(t.Context(), o, newTraffic(t))
	require.NoError(t, err)
	assert.Zero(t, r.Taken)
	assert.Equal(t, r.Spans, r.Lost)
	assert.Contains(t, r.String(), "not like this")
	var fields map[string]any
	text, err := json.Marshal(&r)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &fields))
	assert.EqualValues(t, r.Lost, fields["lost"])
}

func TestBadOptionsAreNamedAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Run(t.Context(), Options{Rate: -1}, newTraffic(t))
	for _, want := range []string{"endpoint", "rate: -1", "connections: 0", "duration", "timeout"} {
		assert.ErrorContains(t, err, want)
	}
}

func TestHistogramIsAtMostAnEighthTooLong(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{0, 1, time.Microsecond, 17 * time.Microsecond, 999 * time.Microsecond, time.Second, time.Hour} {
		var h histogram
		h.add(d)
		got := h.percentile(100)
		assert.Greater(t, got, d)
		assert.LessOrEqual(t, got, d+d/8+2*time.Microsecond)
	}
	var h histogram
	assert.Zero(t, h.percentile(50))
	for i := range 1000 {
		h.add(time.Duration(i+1) * time.Millisecond)
	}
	assert.InEpsilon(t, 0.5, h.percentile(50).Seconds(), 0.13)
	assert.InEpsilon(t, 0.99, h.percentile(99).Seconds(), 0.13)
}
