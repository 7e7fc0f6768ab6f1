// Package traffic makes endless telemetry of a gateway out of recorded spans: what a real kgateway 2.4.2 sent, with
// ids, times, paths, request ids, sizes and addresses of its own for every request.
//
// Spans come in the order in which Envoy ends them, the attempts upstream before the gateway's own, and are cut into export
// requests without regard to traces, as Envoy cuts them. So a trace is often split over two requests.
package traffic

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// SlowAfter is what a slow request takes at least. All others are faster than a tenth of a second.
const SlowAfter = 2 * time.Second

// Shape says what traffic looks like. Shares are of traces, from 0 to 1, and drawn independently.
type Shape struct {
	SpansPerTrace   int     // at least 1, the gateway's server span; the others are client spans, one per attempt upstream
	SpansPerRequest int     // at least 1
	Failed          float64 // share that the gateway answered with 5xx
	Slow            float64 // share that took longer than SlowAfter
	Remote          float64 // share whose gateway span has a remote parent
	Seed            uint64  // equal seeds make equal traffic, but for the time of day

	// What follows is for NextRequest.
	Logs   bool          // each trace has an access log record as well
	Window int           // so many items wait, and the next one is any of them: they come interleaved and out of order
	Late   float64       // share whose other items come LateBy after the first one
	LateBy time.Duration // longer than samplers wait
}

// Validate reports every value that makes no sense.
func (s Shape) Validate() error {
	var errs error
	if s.SpansPerTrace < 1 {
		errs = errors.Join(errs, fmt.Errorf("spans per trace: %d, want at least 1", s.SpansPerTrace))
	}
	if s.SpansPerRequest < 1 {
		errs = errors.Join(errs, fmt.Errorf("spans per request: %d, want at least 1", s.SpansPerRequest))
	}
	for _, share := range []struct {
		name  string
		value float64
	}{{"failed", s.Failed}, {"slow", s.Slow}, {"remote parent", s.Remote}, {"late", s.Late}} {
		if !(share.value >= 0 && share.value <= 1) {
			errs = errors.Join(errs, fmt.Errorf("share of traces, %s: %g, want 0 to 1", share.name, share.value))
		}
	}
	if s.Window < 0 {
		errs = errors.Join(errs, fmt.Errorf("window: %d, want 0 or more", s.Window))
	}
	return errs
}

// Traffic makes export requests. It is for one goroutine at a time; several with different seeds may use the same
// sequence numbers, but not the same ids.
type Traffic struct {
	shape     Shape
	templates *templates
	rand      *rand.Rand
	traces    uint64
	notable   uint64
	late      uint64
	left      []ptrace.Span  // spans of the last trace that wait for the next request
	trace     []ptrace.Span  // memory of left
	record    plog.LogRecord // of that trace
	mix       mix
}

// New reads the recordings from the folder of captures, tests/captures of this repository.
func New(captures string, shape Shape) (*Traffic, error) {
	if err := shape.Validate(); err != nil {
		return nil, err
	}
	t, err := load(captures)
	if err != nil {
		return nil, err
	}
	return &Traffic{shape: shape, templates: t, rand: rand.New(rand.NewPCG(shape.Seed, 0))}, nil
}

// Traces is how many traces were begun so far; their sequence numbers are 0 to Traces()-1.
func (t *Traffic) Traces() uint64 { return t.traces }

// Notable is how many of them failed or were slow, which samplers are told to keep. Those that are late are not among them:
// a sampler may have decided before it could know.
func (t *Traffic) Notable() uint64 { return t.notable }

// Late is how many of them are late.
func (t *Traffic) Late() uint64 { return t.late }

// Next makes the next export request. Its spans ended just before now.
func (t *Traffic) Next(now time.Time) ptrace.Traces { return t.request(t.shape.SpansPerRequest, now) }

// Rest makes a request of the spans that the last one cut off, and false when there are none. After it all traces are
// complete.
func (t *Traffic) Rest(now time.Time) (ptrace.Traces, bool) {
	if len(t.left) == 0 {
		return ptrace.Traces{}, false
	}
	return t.request(len(t.left), now), true
}

func (t *Traffic) request(n int, now time.Time) ptrace.Traces {
	td := ptrace.NewTraces()
	ss := t.scoped(td)
	ss.Spans().EnsureCapacity(n)
	for range n {
		if len(t.left) == 0 {
			t.begin(now)
		}
		t.left[0].MoveTo(ss.Spans().AppendEmpty())
		t.left = t.left[1:]
	}
	return td
}

// scoped adds the scope that the spans were recorded with.
func (t *Traffic) scoped(td ptrace.Traces) ptrace.ScopeSpans {
	rs := td.ResourceSpans().AppendEmpty()
	t.templates.resource.CopyTo(rs.Resource())
	ss := rs.ScopeSpans().AppendEmpty()
	t.templates.scope.CopyTo(ss.Scope())
	return ss
}

// begin makes the items of a trace.
func (t *Traffic) begin(now time.Time) {
	r := t.rand
	trace := Trace{
		Seq:    t.traces,
		Failed: r.Float64() < t.shape.Failed,
		Slow:   r.Float64() < t.shape.Slow,
		Remote: r.Float64() < t.shape.Remote,
	}
	if t.shape.Late > 0 {
		trace.Late = r.Float64() < t.shape.Late
	}
	if trace.Late {
		t.late++
	}
	t.traces++
	if (trace.Failed || trace.Slow) && !trace.Late {
		t.notable++
	}
	from, log := t.templates.plain, t.templates.plainLog
	if trace.Failed {
		from, log = t.templates.failed, t.templates.failedLog
	}
	recorded := from[r.IntN(len(from))]

	took := time.Duration(1+r.IntN(90_000)) * time.Microsecond
	if trace.Slow {
		took += SlowAfter
	}
	request := t.newRequest(trace.ID(r.Uint64()), now.Add(-took), took)
	t.trace = t.trace[:0]
	for i := range t.shape.SpansPerTrace - 1 {
		span := ptrace.NewSpan()
		recorded.clients[i%len(recorded.clients)].CopyTo(span)
		request.client(span, i, t.shape.SpansPerTrace-1)
		t.trace = append(t.trace, span)
	}
	server := ptrace.NewSpan()
	recorded.server.CopyTo(server)
	request.server(server, trace.Remote)
	t.trace = append(t.trace, server)
	t.left = t.trace
	if t.shape.Logs {
		t.record = request.accessLog(log)
	}
}

// request is what the spans of one request to the gateway have in common.
type request struct {
	id       pcommon.TraceID
	root     pcommon.SpanID // of the gateway's span
	rand     *rand.Rand
	start    time.Time
	took     time.Duration
	upstream string
}

func (t *Traffic) newRequest(id pcommon.TraceID, start time.Time, took time.Duration) request {
	return request{
		id: id, root: spanID(t.rand), rand: t.rand, start: start, took: took,
		upstream: "10.244.0." + strconv.Itoa(1+t.rand.IntN(20)) + ":18080",
	}
}

// client makes a recorded attempt upstream the i-th of n, which share the gateway's time.
func (r *request) client(span ptrace.Span, i, n int) {
	span.SetTraceID(r.id)
	span.SetSpanID(spanID(r.rand))
	span.SetParentSpanID(r.root)
	attempt := r.took / time.Duration(n)
	from := r.start.Add(attempt * time.Duration(i))
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(from.Add(attempt / 20)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(from.Add(attempt - attempt/20)))
	set(span, "upstream_address", r.upstream)
	set(span, "peer.address", r.upstream)
}

// server makes a recorded gateway span that of this request.
func (r *request) server(span ptrace.Span, remote bool) {
	span.SetTraceID(r.id)
	span.SetSpanID(r.root)
	span.SetParentSpanID(pcommon.SpanID{})
	if remote {
		span.SetParentSpanID(spanID(r.rand))
	}
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(r.start))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(r.start.Add(r.took)))
	user := r.rand.IntN(5000)
	set(span, "guid:x-request-id", requestID(r.rand))
	set(span, "http.url", fmt.Sprintf("http://shop.example.com/api/v1/carts/%d?user=%d", r.rand.IntN(1_000_000), user))
	set(span, "response_size", strconv.Itoa(r.rand.IntN(20_000)))
	set(span, "peer.address", fmt.Sprintf("10.%d.%d.%d", user%4, user/256, user%256))
}

// set gives an attribute of the recording another value; one that it does not have stays away.
func set(span ptrace.Span, key, value string) {
	if v, ok := span.Attributes().Get(key); ok {
		v.SetStr(value)
	}
}

func spanID(r *rand.Rand) pcommon.SpanID {
	var id pcommon.SpanID
	binary.BigEndian.PutUint64(id[:], r.Uint64()|1) // never the zero id, which means that there is none
	return id
}

// requestID is a random UUID, as Envoy makes them.
func requestID(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", uint32(a>>32), uint16(a>>16), a&0xfff, b>>52, b&(1<<48-1))
}
