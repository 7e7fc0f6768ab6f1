package gatewaytailsamplingprocessor

import (
	"slices"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/tailstore"
)

// request is an export request taken apart: its items by shard, and its scopes. It is used again.
type request struct {
	sig     signal
	scopes  []scopeOf
	items   []itemOf
	ordered []int32  // items by shard
	starts  []int32  // where each shard's begin in ordered
	parts   []partOf // by shard
	large   []int32  // items that go on at once, as no store can hold them
	whole   bool     // the request is too large: that is all of them
	facts   originFacts
	writer  tailstore.ScopeWriter
}

// partOf a request is what one shard has of it.
type partOf struct {
	puts    tailstore.Puts
	decided uint64 // how many traces the shard had decided when it admitted the items
}

// scopeOf is a scope with its resource, of one of the signals.
type scopeOf struct {
	resourceSpans ptrace.ResourceSpans
	scopeSpans    ptrace.ScopeSpans
	resourceLogs  plog.ResourceLogs
	scopeLogs     plog.ScopeLogs
	written       tailstore.Scope // when an item of it was put
}

// written returns a scope as stores look it up.
func (r *request) written(scope int32) tailstore.Scope {
	sc := &r.scopes[scope]
	if sc.written.IsZero() {
		if r.sig == signalTraces {
			sc.written = r.writer.Spans(sc.resourceSpans, sc.scopeSpans)
		} else {
			sc.written = r.writer.LogRecords(sc.resourceLogs, sc.scopeLogs)
		}
	}
	return sc.written
}

// itemOf is an item, of one of the signals.
type itemOf struct {
	span   ptrace.Span
	record plog.LogRecord
	scope  int32
	shard  int32
	bytes  int  // about, as OTLP; of one that was put
	large  bool // it is among request.large
	admission
}

// requestKept is how many items a request may have had for its memory to be kept.
const requestKept = 1 << 14

var requests = sync.Pool{New: func() any { return new(request) }}

func (r *request) reset() {
	clear(r.scopes)
	clear(r.items)
	r.scopes, r.items, r.large, r.whole = r.scopes[:0], r.items[:0], r.large[:0], false
	r.facts = originFacts{}
	r.writer.Reset()
}

// done gives the memory back. Nothing of somebody's telemetry stays in it.
func (r *request) done() {
	r.reset()
	if cap(r.items) <= requestKept {
		requests.Put(r)
	}
}

// id of an item's trace.
func (it *itemOf) id(sig signal) pcommon.TraceID {
	if sig == signalTraces {
		return it.span.TraceID()
	}
	return it.record.TraceID()
}

// spans takes a request of spans apart, and counts those without a trace id, which are left out.
func (s *sampler) spans(td ptrace.Traces) (r *request, withoutID int) {
	r = requests.Get().(*request)
	r.sig = signalTraces
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			scope := int32(len(r.scopes))
			r.scopes = append(r.scopes, scopeOf{resourceSpans: rs, scopeSpans: ss})
			for _, span := range ss.Spans().All() {
				id := span.TraceID()
				if id.IsEmpty() {
					withoutID++
					continue
				}
				r.items = append(r.items, itemOf{span: span, scope: scope, shard: s.shardOf(id)})
			}
		}
	}
	return r, withoutID
}

// logRecords is spans for log records.
func (s *sampler) logRecords(ld plog.Logs) (r *request, withoutID int) {
	r = requests.Get().(*request)
	r.sig = signalLogs
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			scope := int32(len(r.scopes))
			r.scopes = append(r.scopes, scopeOf{resourceLogs: rl, scopeLogs: sl})
			for _, lr := range sl.LogRecords().All() {
				id := lr.TraceID()
				if id.IsEmpty() {
					withoutID++
					continue
				}
				r.items = append(r.items, itemOf{record: lr, scope: scope, shard: s.shardOf(id)})
			}
		}
	}
	return r, withoutID
}

// sort orders the items by shard; those of one shard stay in their order.
func (r *request) sort(shards int) {
	r.parts = slices.Grow(r.parts[:0], shards)[:shards]
	r.starts = append(r.starts[:0], make([]int32, shards+1)...)
	for i := range r.items {
		r.starts[r.items[i].shard+1]++
	}
	for i := range shards {
		r.starts[i+1] += r.starts[i]
	}
	if cap(r.ordered) < len(r.items) {
		r.ordered = make([]int32, len(r.items))
	}
	r.ordered = r.ordered[:len(r.items)]
	for i := range r.items {
		at := &r.starts[r.items[i].shard]
		r.ordered[*at] = int32(i)
		*at++
	}
	// Each start has moved to the next one's.
	copy(r.starts[1:], r.starts[:shards])
	r.starts[0] = 0
}

// of returns the items of a shard.
func (r *request) of(shard int) []int32 { return r.ordered[r.starts[shard]:r.starts[shard+1]] }
