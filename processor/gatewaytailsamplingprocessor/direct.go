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

// passed counts items that went the direct way, or were refused on it.
func (d *direct) passed(sig signal, n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accounts.received[sig] += int64(n)
	if err != nil {
		d.accounts.refused[sig] += int64(n)
	} else {
		d.accounts.kept[sig] += int64(n)
	}
}

func (d *direct) irregular(r reason, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accounts.irregular[r] += int64(n)
}

func (d *direct) dropped(sig signal, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accounts.received[sig] += int64(n)
	d.accounts.dropped[sig] += int64(n)
}

// forwardSpans sends spans without a trace id on. Such a span belongs to no trace, and all of them are not one.
func (s *sampler) forwardSpans(ctx context.Context, td ptrace.Traces, n int, all bool) error {
	if n == 0 {
		return nil
	}
	s.direct.irregular(reasonNoTraceID, n)
	if !all {
		out := ptrace.NewTraces()
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
		td = out
	}
	err := s.next.traces.ConsumeTraces(ctx, td)
	s.direct.passed(signalTraces, n, err)
	return err
}

func copyScope(to ptrace.ResourceSpans, ss ptrace.ScopeSpans) ptrace.SpanSlice {
	scope := to.ScopeSpans().AppendEmpty()
	ss.Scope().CopyTo(scope.Scope())
	scope.SetSchemaUrl(ss.SchemaUrl())
	return scope.Spans()
}

// forwardLogRecords does with log records without a trace id what the configuration says.
func (s *sampler) forwardLogRecords(ctx context.Context, ld plog.Logs, n int, all bool) error {
	if n == 0 {
		return nil
	}
	cfg := s.cfg.Logs
	if cfg.WithoutTrace == WithoutTraceDrop && !s.cfg.DryRun {
		s.direct.dropped(signalLogs, n)
		return nil
	}
	sent := n
	if !all || cfg.WithoutTrace != WithoutTraceKeep {
		var threshold uint64
		switch cfg.WithoutTrace {
		case WithoutTraceRatio:
			threshold = probabilityThreshold(cfg.Ratio)
		case WithoutTraceDrop:
			threshold = never
		}
		ld, sent = s.withoutTrace(ld, threshold)
	}
	if sent > 0 {
		if err := s.next.logs.ConsumeLogs(ctx, ld); err != nil {
			s.direct.passed(signalLogs, n, err)
			return err
		}
	}
	s.direct.passed(signalLogs, sent, nil)
	s.direct.dropped(signalLogs, n-sent)
	return nil
}

// withoutTrace copies the log records without a trace id whose own randomness reaches a threshold.
func (s *sampler) withoutTrace(ld plog.Logs, threshold uint64) (plog.Logs, int) {
	out := plog.NewLogs()
	sent := 0
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
					scope := to.ScopeLogs().AppendEmpty()
					sl.Scope().CopyTo(scope.Scope())
					scope.SetSchemaUrl(sl.SchemaUrl())
					list, scoped = scope.LogRecords(), true
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
	return out, sent
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

// forwardLarge sends items on that no store can hold.
func (s *sampler) forwardLarge(ctx context.Context, r *request) error {
	if len(r.large) == 0 {
		return nil
	}
	var err error
	if r.sig == signalTraces {
		td := ptrace.NewTraces()
		for _, i := range r.large {
			it := &r.items[i]
			from := &r.scopes[it.scope]
			to := td.ResourceSpans().AppendEmpty()
			from.resourceSpans.Resource().CopyTo(to.Resource())
			to.SetSchemaUrl(from.resourceSpans.SchemaUrl())
			it.span.CopyTo(copyScope(to, from.scopeSpans).AppendEmpty())
		}
		err = s.next.traces.ConsumeTraces(ctx, td)
	} else {
		ld := plog.NewLogs()
		for _, i := range r.large {
			it := &r.items[i]
			from := &r.scopes[it.scope]
			to := ld.ResourceLogs().AppendEmpty()
			from.resourceLogs.Resource().CopyTo(to.Resource())
			to.SetSchemaUrl(from.resourceLogs.SchemaUrl())
			scope := to.ScopeLogs().AppendEmpty()
			from.scopeLogs.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(from.scopeLogs.SchemaUrl())
			it.record.CopyTo(scope.LogRecords().AppendEmpty())
		}
		err = s.next.logs.ConsumeLogs(ctx, ld)
	}
	s.direct.passed(r.sig, len(r.large), err)
	return err
}
