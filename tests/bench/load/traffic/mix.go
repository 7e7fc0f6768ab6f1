package traffic

import (
	"fmt"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Request is an export request of one of the signals.
type Request struct {
	Traces ptrace.Traces
	Logs   plog.Logs
	Items  int
	IsLogs bool
}

// mix holds the items that wait for their request.
type mix struct {
	spans   []ptrace.Span
	records []plog.LogRecord
	late    []lateItems
	now     []ptrace.Span // of the trace that is being dealt out
}

// lateItems are what comes of a trace after its first item.
type lateItems struct {
	due    time.Time
	spans  []ptrace.Span
	record plog.LogRecord
}

func (s Shape) mixed() bool { return s.Logs || s.Window > 0 || s.Late > 0 }

// NextRequest makes the next export request: of spans, or of access log records when enough of them wait.
func (t *Traffic) NextRequest(now time.Time) Request {
	if !t.shape.mixed() {
		return spansRequest(t.Next(now))
	}
	t.arrive(now)
	enough := t.shape.SpansPerRequest + t.shape.Window
	for len(t.mix.spans) < enough {
		t.deal(now)
	}
	if len(t.mix.records) >= enough {
		return t.drawRecords(t.shape.SpansPerRequest)
	}
	return t.drawSpans(t.shape.SpansPerRequest)
}

// RestRequest makes a request of what is left, and says when it has to be sent: what is late has its time. Without
// anything left it returns false; then all traces are complete.
func (t *Traffic) RestRequest(now time.Time) (r Request, at time.Time, ok bool) {
	if !t.shape.mixed() {
		td, ok := t.Rest(now)
		if !ok {
			return Request{}, now, false
		}
		return spansRequest(td), now, true
	}
	at = now
	if len(t.mix.spans)+len(t.mix.records) == 0 && len(t.mix.late) > 0 {
		at = t.mix.late[0].due
	}
	t.arrive(at)
	switch {
	case len(t.mix.spans) > 0:
		return t.drawSpans(min(len(t.mix.spans), t.shape.SpansPerRequest)), at, true
	case len(t.mix.records) > 0:
		return t.drawRecords(min(len(t.mix.records), t.shape.SpansPerRequest)), at, true
	}
	return Request{}, now, false
}

func spansRequest(td ptrace.Traces) Request { return Request{Traces: td, Items: td.SpanCount()} }

// arrive takes in what was late and is due.
func (t *Traffic) arrive(now time.Time) {
	m := &t.mix
	for len(m.late) > 0 && !m.late[0].due.After(now) {
		m.spans = append(m.spans, m.late[0].spans...)
		m.addRecord(m.late[0].record)
		m.late = m.late[1:]
	}
}

// deal begins a trace and lays its items where the next requests are drawn from.
func (t *Traffic) deal(now time.Time) {
	t.begin(now)
	m := &t.mix
	m.now, t.left = append(m.now[:0], t.left...), nil
	record := t.record
	t.record = plog.LogRecord{}
	if !TraceOf(m.now[0].TraceID()).Late {
		m.spans = append(m.spans, m.now...)
		m.addRecord(record)
		return
	}
	m.spans = append(m.spans, m.now[0])
	rest := append([]ptrace.Span(nil), m.now[1:]...)
	m.late = append(m.late, lateItems{due: now.Add(t.shape.LateBy), spans: rest, record: record})
}

func (m *mix) addRecord(lr plog.LogRecord) {
	if lr != (plog.LogRecord{}) {
		m.records = append(m.records, lr)
	}
}

func (t *Traffic) drawSpans(n int) Request {
	td := ptrace.NewTraces()
	spans := t.scoped(td).Spans()
	spans.EnsureCapacity(n)
	for range n {
		draw(t, &t.mix.spans).MoveTo(spans.AppendEmpty())
	}
	return Request{Traces: td, Items: n}
}

func (t *Traffic) drawRecords(n int) Request {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	t.templates.logResource.CopyTo(rl.Resource())
	sl := rl.ScopeLogs().AppendEmpty()
	t.templates.logScope.CopyTo(sl.Scope())
	for range n {
		draw(t, &t.mix.records).MoveTo(sl.LogRecords().AppendEmpty())
	}
	return Request{Logs: ld, Items: n, IsLogs: true}
}

// draw takes one of the items, whichever.
func draw[T any](t *Traffic, from *[]T) T {
	all := *from
	i, last := t.rand.IntN(len(all)), len(all)-1
	one := all[i]
	all[i] = all[last]
	*from = all[:last]
	return one
}

// accessLog makes a recorded access log record that of this request.
func (r *request) accessLog(from plog.LogRecord) plog.LogRecord {
	lr := plog.NewLogRecord()
	from.CopyTo(lr)
	lr.SetTraceID(r.id)
	lr.SetSpanID(r.root)
	lr.SetTimestamp(pcommon.NewTimestampFromTime(r.start))
	for key, value := range map[string]string{
		"request_id": requestID(r.rand),
		"url.path":   fmt.Sprintf("/api/v1/carts/%d", r.rand.IntN(1_000_000)),
		"duration":   strconv.FormatInt(r.took.Milliseconds(), 10),
	} {
		if v, ok := lr.Attributes().Get(key); ok {
			v.SetStr(value)
		}
	}
	return lr
}
