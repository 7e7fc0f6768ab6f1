package gateway

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
)

func (e *Engine) begin() *work { return e.works.Get().(*work) }

// end forgets the batch: a pooled value must not keep it alive.
func (w *work) end() {
	w.reset(0, 0)
	clear(w.fields[:w.used])
	w.used = 0
	w.attributes = pcommon.Map{}
	w.log = logContext{}
	clear(w.hint)
	w.hint = w.hint[:0]
	w.fills.reset()
	w.p, w.stats = nil, nil
	w.span, w.rec, w.before = ptrace.Span{}, plog.LogRecord{}, plog.LogRecord{}
	w.scope, w.attributes = pcommon.InstrumentationScope{}, pcommon.Map{}
	w.e.works.Put(w)
}

// Traces rewrites a batch of spans in place and says what happened.
func (e *Engine) Traces(td ptrace.Traces) Stats {
	var stats Stats
	w := e.begin()
	defer w.end()
	for _, rs := range td.ResourceSpans().All() {
		clean := true
		var owner *compiled
		for _, ss := range rs.ScopeSpans().All() {
			w.open(rs.Resource(), ss.Scope(), items{spans: ss.Spans()}, &stats)
			w.scopeSpans(ss)
			w.closeScope(ss.SchemaUrl(), ss.SetSchemaUrl)
			clean = clean && w.seen.clean
			owner = w.owner(owner)
		}
		w.own(owner, &stats)
		w.finishResource(rs.Resource(), clean, rs.SchemaUrl(), rs.SetSchemaUrl)
	}
	w.fills.fill(w, &stats)
	return stats
}

// Logs rewrites a batch of log records in place and says what happened.
func (e *Engine) Logs(ld plog.Logs) Stats {
	var stats Stats
	w := e.begin()
	defer w.end()
	for _, rl := range ld.ResourceLogs().All() {
		clean := true
		var owner *compiled
		for _, sl := range rl.ScopeLogs().All() {
			w.open(rl.Resource(), sl.Scope(), items{logs: sl.LogRecords(), isLog: true}, &stats)
			w.scopeLogs(sl, &stats)
			w.closeScope(sl.SchemaUrl(), sl.SetSchemaUrl)
			clean = clean && w.seen.clean
			owner = w.owner(owner)
		}
		w.own(owner, &stats)
		w.finishResource(rl.Resource(), clean, rl.SchemaUrl(), rl.SetSchemaUrl)
	}
	return stats
}

// resourceSeen is what one scope showed of its resource and of itself.
type resourceSeen struct {
	clean    bool // every old attribute found its successor
	changed  bool
	unknown  bool // an item belonged to no known gateway
	rawNames bool // span names may be raw paths at this gateway's version
}

// open begins a scope.
func (w *work) open(resource pcommon.Resource, scope pcommon.InstrumentationScope, it items, stats *Stats) {
	if w.p = w.e.detector.detect(resource.Attributes(), scope.Name(), it); w.p == nil {
		w.p = w.e.unknown
	}
	w.stats = stats.of(w.p.ID)
	w.scope = scope
	w.seen = resourceSeen{clean: true}
	if w.p.Spans.RawPathNames {
		version := ""
		if v, ok := resource.Attributes().Get(attrs.ServiceVersion); ok {
			version = v.Str()
		}
		w.seen.rawNames = versionBelow(version, w.p.Spans.RawPathBefore)
	}
	if s := scope.Name(); !sound(s) {
		scope.SetName(w.valid(s))
	}
	if s := scope.Version(); !sound(s) {
		scope.SetVersion(w.valid(s))
	}
	w.repairMap(scope.Attributes(), 0)
}

// owner is the gateway whose rules a resource's attributes follow: that of its first scope with a known one.
func (w *work) owner(soFar *compiled) *compiled {
	if soFar == nil || soFar.generic {
		return w.p
	}
	return soFar
}

// own turns from the scopes to their resource.
func (w *work) own(owner *compiled, stats *Stats) {
	if w.p = owner; owner == nil { // a resource without scopes
		w.p = w.e.unknown
	}
	w.stats = stats.of(w.p.ID)
}

// closeScope says in the schema URL that everything was brought to the target version, where that is so and
// something had to be brought. What was current before keeps its own URL.
func (w *work) closeScope(url string, set func(string)) {
	if w.seen.unknown || w.e.opts.Mode != ModeReplace || !w.seen.clean || !w.seen.changed || url == attrs.SchemaURL {
		return
	}
	set(attrs.SchemaURL)
}

// close ends an item.
func (w *work) close() {
	if w.changed {
		w.stats.Rewritten++
		w.seen.changed = true
	} else {
		w.stats.Unchanged++
	}
	w.seen.clean = w.seen.clean && !w.leftover
	w.seen.unknown = w.seen.unknown || w.p.generic
}
