package gatewaytailsamplingprocessor

import (
	"context"
	"math/rand/v2"
	"sync"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
)

// direct is the way of items that no decision about a trace can be taken for: those without a trace id, and those that
// are too large for the store. They go to the next consumer at once, and its error goes to the component in front.
type direct struct {
	mu       sync.Mutex
	accounts accounts
}

// passed counts what took the direct way: of the items without a trace id as many as were sent, the others were dropped.
func (d *direct) passed(r *request, withoutID, sent int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	large := int64(len(r.large))
	d.accounts.received[r.sig] += int64(withoutID) + large
	d.accounts.kept[r.sig] += int64(sent) + large
	d.accounts.dropped[r.sig] += int64(withoutID - sent)
}

// tried counts what is irregular among the items that are about to take the direct way.
func (d *direct) tried(r *request, withoutID int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accounts.irregular[reasonTooLarge] += int64(len(r.large))
	if r.sig == signalTraces {
		d.accounts.irregular[reasonNoTraceID] += int64(withoutID)
	}
}

// forwardSpans sends on what takes the direct way. A span without a trace id belongs to no trace, and all of them are not
// one.
func (s *sampler) forwardSpans(ctx context.Context, td ptrace.Traces, r *request, withoutID int) error {
	if withoutID+len(r.large) == 0 {
		return nil
	}
	s.direct.tried(r, withoutID)
	if len(r.items) > 0 {
		out := ptrace.NewTraces()
		if withoutID > 0 {
			spansWithoutID(td, out)
		}
		scope := int32(-1)
		var list ptrace.SpanSlice
		for _, i := range r.large {
			it := &r.items[i]
			if it.scope != scope {
				scope = it.scope
				from := &r.scopes[scope]
				to := out.ResourceSpans().AppendEmpty()
				from.resourceSpans.Resource().CopyTo(to.Resource())
				to.SetSchemaUrl(from.resourceSpans.SchemaUrl())
				list = copyScope(to, from.scopeSpans)
			}
			it.span.CopyTo(list.AppendEmpty())
		}
		td = out
	}
	if err := s.next.traces.ConsumeTraces(ctx, td); err != nil {
		return err
	}
	s.direct.passed(r, withoutID, withoutID)
	return nil
}

// spansWithoutID copies the spans without a trace id.
func spansWithoutID(td, out ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		var to ptrace.ResourceSpans
		begun := false
		for _, ss := range rs.ScopeSpans().All() {
			var list ptrace.SpanSlice
			scoped := false
			for _, span := range ss.Spans().All() {
				if !span.TraceID().IsEmpty() {
					continue
				}
				if !begun {
					to, begun = out.ResourceSpans().AppendEmpty(), true
					rs.Resource().CopyTo(to.Resource())
					to.SetSchemaUrl(rs.SchemaUrl())
				}
				if !scoped {
					list, scoped = copyScope(to, ss), true
				}
				span.CopyTo(list.AppendEmpty())
			}
		}
	}
}

func copyScope(to ptrace.ResourceSpans, ss ptrace.ScopeSpans) ptrace.SpanSlice {
	scope := to.ScopeSpans().AppendEmpty()
	ss.Scope().CopyTo(scope.Scope())
	scope.SetSchemaUrl(ss.SchemaUrl())
	return scope.Spans()
}

// forwardLogRecords is forwardSpans for log records. With those without a trace id it does what the configuration says.
func (s *sampler) forwardLogRecords(ctx context.Context, ld plog.Logs, r *request, withoutID int) error {
	if withoutID+len(r.large) == 0 {
		return nil
	}
	s.direct.tried(r, withoutID)
	sent := withoutID
	if len(r.items) > 0 || s.cfg.Logs.WithoutTrace != WithoutTraceKeep {
		out := plog.NewLogs()
		sent = 0
		if withoutID > 0 {
			sent = s.withoutTrace(ld, out)
		}
		scope := int32(-1)
		var list plog.LogRecordSlice
		for _, i := range r.large {
			it := &r.items[i]
			if it.scope != scope {
				scope = it.scope
				from := &r.scopes[scope]
				to := out.ResourceLogs().AppendEmpty()
				from.resourceLogs.Resource().CopyTo(to.Resource())
				to.SetSchemaUrl(from.resourceLogs.SchemaUrl())
				list = copyLogScope(to, from.scopeLogs)
			}
			it.record.CopyTo(list.AppendEmpty())
		}
		ld = out
	}
	if sent+len(r.large) > 0 {
		if err := s.next.logs.ConsumeLogs(ctx, ld); err != nil {
			return err
		}
	}
	s.direct.passed(r, withoutID, sent)
	return nil
}

func copyLogScope(to plog.ResourceLogs, sl plog.ScopeLogs) plog.LogRecordSlice {
	scope := to.ScopeLogs().AppendEmpty()
	sl.Scope().CopyTo(scope.Scope())
	scope.SetSchemaUrl(sl.SchemaUrl())
	return scope.LogRecords()
}

// withoutTrace copies the log records without a trace id that are to be sent, and returns how many.
func (s *sampler) withoutTrace(ld, out plog.Logs) (sent int) {
	var threshold uint64
	switch cfg := s.cfg.Logs; {
	case cfg.WithoutTrace == WithoutTraceRatio:
		threshold = probabilityThreshold(cfg.Ratio)
	case cfg.WithoutTrace == WithoutTraceDrop && !s.cfg.DryRun:
		return 0
	case cfg.WithoutTrace == WithoutTraceDrop:
		threshold = never
	}
	for _, rl := range ld.ResourceLogs().All() {
		var to plog.ResourceLogs
		begun := false
		for _, sl := range rl.ScopeLogs().All() {
			var list plog.LogRecordSlice
			scoped := false
			for _, lr := range sl.LogRecords().All() {
				if !lr.TraceID().IsEmpty() {
					continue
				}
				random := randomness(lr)
				keep := random >= threshold
				if !keep && !s.cfg.DryRun {
					continue
				}
				if !begun {
					to, begun = out.ResourceLogs().AppendEmpty(), true
					rl.Resource().CopyTo(to.Resource())
					to.SetSchemaUrl(rl.SchemaUrl())
				}
				if !scoped {
					list, scoped = copyLogScope(to, sl), true
				}
				copied := list.AppendEmpty()
				lr.CopyTo(copied)
				switch {
				case s.cfg.DryRun:
					copied.Attributes().PutStr(attrs.GatewaySamplingDecision, decisionName(keep))
				case threshold > 0:
					raiseLogThreshold(copied, threshold, random)
				}
				sent++
			}
		}
	}
	return sent
}

// randomness of a log record without a trace: what it says itself, else a new number.
func randomness(lr plog.LogRecord) uint64 {
	if v, ok := lr.Attributes().Get(logRandomness); ok {
		if r, err := sampling.RValueToRandomness(v.Str()); err == nil {
			return r.Unsigned()
		}
	}
	return rand.Uint64N(sampling.MaxAdjustedCount)
}
