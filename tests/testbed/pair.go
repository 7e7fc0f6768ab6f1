package testbed

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// SpanItem is a span with what it came in.
type SpanItem struct {
	ptrace.Span
	Resource pcommon.Resource
	Scope    pcommon.InstrumentationScope
	Batch    int // which export request it came in, from 0
	lines    []string
}

// RecordItem is a log record with what it came in.
type RecordItem struct {
	plog.LogRecord
	Resource pcommon.Resource
	lines    []string
}

// Mentions says whether the word stands somewhere in the item, with a quote, a space or the end after it.
func (s *SpanItem) Mentions(word string) bool { return mentions(s.lines, word) }

// Mentions says whether the word stands somewhere in the item, with a quote, a space or the end after it.
func (r *RecordItem) Mentions(word string) bool { return mentions(r.lines, word) }

func mentions(lines []string, word string) bool {
	for _, line := range lines {
		for rest := line; ; {
			_, after, found := strings.Cut(rest, word)
			if !found {
				break
			}
			if after == "" || strings.ContainsRune(`"\ `, rune(after[0])) {
				return true
			}
			rest = after
		}
	}
	return false
}

// Pair is one item before and after the processor. One of them is nil when it has no counterpart.
type Pair[T any] struct{ Before, After *T }

// UntouchedSpanFields begin the names of what a span keeps on its way through the pipeline, as replay.Record writes them.
var UntouchedSpanFields = []string{
	"span.trace_id", "span.span_id", "span.parent_span_id", "span.trace_state", "span.flags", "span.start", "span.end",
	"span.links", "span.events", "span.dropped_attributes", "span.dropped_events", "span.dropped_links",
}

// spanItems and recordItems flatten batches. The order is that of replay's records, which are written out span by span.
func spanItems(batches []ptrace.Traces) []*SpanItem {
	records := replay.TraceRecords(batches...)
	var items []*SpanItem
	for batch, td := range batches {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					items = append(items, &SpanItem{span, rs.Resource(), ss.Scope(), batch, records[len(items)].Lines})
				}
			}
		}
	}
	return items
}

func recordItems(batches []plog.Logs) []*RecordItem {
	records := replay.LogRecords(batches...)
	var items []*RecordItem
	for _, ld := range batches {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					items = append(items, &RecordItem{lr, rl.Resource(), records[len(items)].Lines})
				}
			}
		}
	}
	return items
}

// pairUp finds for every item of before the first one left of after that may be it: one that is equal if there is any, as
// what a receiver finished passes unchanged and several records may have one time. Items without one are in the result alone.
// Batches may have overtaken each other between the two exporters, so their order alone proves nothing.
func pairUp[T any](before, after []*T, equal, same func(before, after *T) bool) []Pair[T] {
	pairs := make([]Pair[T], len(before))
	left := slices.Clone(after)
	for _, match := range []func(before, after *T) bool{equal, same} {
		for i, b := range before {
			pairs[i].Before = b
			if pairs[i].After != nil {
				continue
			}
			if at := slices.IndexFunc(left, func(a *T) bool { return match(b, a) }); at >= 0 {
				pairs[i].After = left[at]
				left = slices.Delete(left, at, at+1)
			}
		}
	}
	for _, a := range left {
		pairs = append(pairs, Pair[T]{After: a})
	}
	return pairs
}

func equalSpan(b, a *SpanItem) bool { return slices.Equal(b.lines, a.lines) }

func equalRecord(b, a *RecordItem) bool { return slices.Equal(b.lines, a.lines) }

// sameSpan also asks for the kind's side, because Zipkin's client and server spans may share their id.
func sameSpan(b, a *SpanItem) bool {
	return b.TraceID() == a.TraceID() && b.SpanID() == a.SpanID() && b.StartTimestamp() == a.StartTimestamp() &&
		b.ParentSpanID() == a.ParentSpanID()
}

// sameRecord compares what the sender set: the rest may be filled in from the record's own fields. Envoy tells its access
// loggers apart by log_name, and two of them write of one request.
func sameRecord(b, a *RecordItem) bool {
	return (b.Timestamp() == 0 || b.Timestamp() == a.Timestamp()) &&
		(b.ObservedTimestamp() == 0 || b.ObservedTimestamp() == a.ObservedTimestamp()) &&
		(b.TraceID().IsEmpty() || b.TraceID() == a.TraceID()) &&
		(b.SpanID().IsEmpty() || b.SpanID() == a.SpanID()) &&
		b.Flags() == a.Flags() && b.Body().Type() == a.Body().Type() && logName(b) == logName(a)
}

func logName(r *RecordItem) string {
	name, ok := r.Resource.Attributes().Get("log_name")
	if !ok {
		return ""
	}
	return name.AsString()
}

// Equal says whether nothing at all differs between two records.
func (r *RecordItem) Equal(other *RecordItem) bool { return equalRecord(r, other) }

// touched returns the untouchable lines that differ.
func touched(p Pair[SpanItem]) []string {
	before, after := untouchable(p.Before.lines), untouchable(p.After.lines)
	var changed []string
	for _, line := range before {
		if !slices.Contains(after, line) {
			changed = append(changed, "lost or changed: "+line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			changed = append(changed, "new: "+line)
		}
	}
	return changed
}

func untouchable(lines []string) []string {
	var kept []string
	for _, line := range lines {
		for _, prefix := range UntouchedSpanFields {
			if strings.HasPrefix(line, prefix) {
				kept = append(kept, line)
				break
			}
		}
	}
	return kept
}

// SideBySide prints a record before and after.
func SideBySide(p Pair[RecordItem]) string { return sideBySide(p.Before.lines, p.After.lines) }
