package gateway

import (
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// logContext is what attributes say about the fields of a log record.
type logContext struct {
	eventName, eventDomain string
	eventDomainAt          int32
	traceparentTrace       [16]byte
	traceparentSpan        [8]byte
	hasTraceparent         bool
}

// context fills fields of the span or record from attributes that repeat them.
func (w *work) context(r *rule, i int32, v pcommon.Value) {
	s := v.Str()
	switch r.op {
	case OpSpanKind, OpScopeName, OpScopeVersion, OpEventName, OpEventDomain, OpTraceID, OpSpanID, OpTraceparent:
		if v.Type() != pcommon.ValueTypeStr {
			w.fail(ReasonType)
			return
		}
	}
	switch r.op {
	case OpSpanKind:
		w.spanKind(r, i, s)
	case OpScopeName:
		if w.scope.Name() == "" && s != "" {
			w.scope.SetName(s)
		}
		w.consumed(r, i)
	case OpScopeVersion:
		if w.scope.Version() == "" && s != "" {
			w.scope.SetVersion(s)
		}
		w.consumed(r, i)
	case OpEventName:
		w.log.eventName = s
		w.consumed(r, i)
	case OpEventDomain:
		w.log.eventDomain, w.log.eventDomainAt = s, i
	case OpTraceID:
		w.traceID(r, i, s)
	case OpSpanID:
		w.spanID(r, i, s)
	case OpTraceparent:
		w.traceparent(s)
		if len(r.To) > 0 {
			w.emitDynamic(r, i, dynamic{key: r.To[0], attr: i, kind: fieldStrings, str: s})
		}
	case OpTime, OpTimeMicros, OpTimeSeconds, OpTimeMillis, OpTimeNanos:
		w.time(r, i, v)
	}
}

func (w *work) spanKind(r *rule, i int32, s string) {
	kinds := map[string]ptrace.SpanKind{
		"internal": ptrace.SpanKindInternal, "server": ptrace.SpanKindServer, "client": ptrace.SpanKindClient,
		"producer": ptrace.SpanKindProducer, "consumer": ptrace.SpanKindConsumer,
	}
	kind, ok := kinds[strings.ToLower(s)]
	if !ok {
		w.fail(ReasonType)
		return
	}
	if w.span.Kind() == ptrace.SpanKindUnspecified {
		w.span.SetKind(kind)
	}
	w.consumed(r, i)
}

// traceID fills a record's empty trace id. One that repeats the span's or record's own is removed; one that
// contradicts it stays.
func (w *work) traceID(r *rule, i int32, s string) {
	id, ok := parse.TraceID(s)
	if !ok {
		w.fail(ReasonTraceID)
		return
	}
	var own pcommon.TraceID
	if w.signal == signalLog {
		if w.rec.TraceID().IsEmpty() {
			w.rec.SetTraceID(id)
		}
		own = w.rec.TraceID()
	} else {
		own = w.span.TraceID()
	}
	if own != id {
		w.leftover = true
		w.conflict()
		return
	}
	w.consumed(r, i)
}

func (w *work) spanID(r *rule, i int32, s string) {
	id, ok := parse.SpanID(s)
	if !ok {
		w.fail(ReasonTraceID)
		return
	}
	var own pcommon.SpanID
	if w.signal == signalLog {
		if w.rec.SpanID().IsEmpty() {
			w.rec.SetSpanID(id)
		}
		own = w.rec.SpanID()
	} else {
		own = w.span.SpanID()
	}
	if own != id {
		w.leftover = true
		w.conflict()
		return
	}
	w.consumed(r, i)
}

// traceparent remembers a logged W3C header. It is used last: behind Envoy it names the router's span, behind
// Kong the last balancer's.
func (w *work) traceparent(s string) {
	if w.signal != signalLog {
		return
	}
	trace, span, _, ok := parse.Traceparent(s)
	if !ok {
		w.fail(ReasonTraceID)
		return
	}
	w.log.traceparentTrace, w.log.traceparentSpan, w.log.hasTraceparent = trace, span, true
}

// fillIDs gives a record that has none the ids of its logged header. The span id goes with the trace id: one
// of another trace would be a lie.
func (w *work) fillIDs() {
	if !w.log.hasTraceparent {
		return
	}
	if w.rec.TraceID().IsEmpty() {
		w.rec.SetTraceID(w.log.traceparentTrace)
		w.changed = true
	}
	if w.rec.TraceID() == w.log.traceparentTrace && w.rec.SpanID().IsEmpty() {
		w.rec.SetSpanID(w.log.traceparentSpan)
		w.changed = true
	}
}

// fillEventName moves event.name and its domain to the record's own field.
func (w *work) fillEventName() {
	name := w.log.eventName
	if name == "" {
		return
	}
	if d := w.log.eventDomain; d != "" {
		if !strings.HasPrefix(name, d+".") {
			name = d + "." + name
		}
		if w.e.replace {
			w.drop(w.log.eventDomainAt)
		}
	}
	if w.rec.EventName() == "" {
		w.rec.SetEventName(name)
	}
}

// time fills a record's empty time. The attribute goes: the record has its own field for it, and OTLP
// records of Envoy carry the exact one there.
func (w *work) time(r *rule, i int32, v pcommon.Value) {
	if w.signal != signalLog {
		return
	}
	var nanos int64
	ok := false
	switch r.op {
	case OpTime:
		nanos, ok = parse.Timestamp(v.Str())
		if v.Type() == pcommon.ValueTypeInt { // Traefik writes the same keys in both ways
			nanos, ok = v.Int(), true
		}
	case OpTimeMicros:
		nanos, ok = parse.TimestampMicros(v.Str())
	case OpTimeSeconds:
		nanos, ok = epoch(v, 1e9)
	case OpTimeMillis:
		nanos, ok = epoch(v, 1e6)
	case OpTimeNanos:
		nanos, ok = epoch(v, 1)
	}
	if !ok || nanos <= 0 {
		w.fail(ReasonTime)
		return
	}
	if w.rec.Timestamp() == 0 {
		w.rec.SetTimestamp(pcommon.Timestamp(nanos))
	}
	w.consumed(r, i)
}

// epoch reads a number of units since the epoch. An int keeps all its digits; a double of today's seconds
// is good for a microsecond, and is rounded to that.
func epoch(v pcommon.Value, unit int64) (int64, bool) {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		n := v.Int()
		if n < 0 || n > (1<<63-1)/unit {
			return 0, false
		}
		return n * unit, true
	case pcommon.ValueTypeDouble:
		f := v.Double()
		if !(f >= 0 && f < float64(1<<62)/float64(unit)) {
			return 0, false
		}
		whole := math.Floor(f)
		micros := math.Round((f - whole) * float64(unit) / 1e3)
		return int64(whole)*unit + int64(micros)*1e3, true
	case pcommon.ValueTypeStr:
		if f, ok := parse.Float(v.Str()); ok {
			return epoch(pcommon.NewValueDouble(f), unit)
		}
	}
	return 0, false
}
