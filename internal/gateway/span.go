package gateway

import (
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// scopeSpans rewrites the spans of one scope.
func (w *work) scopeSpans(ss ptrace.ScopeSpans) {
	for _, span := range ss.Spans().All() {
		w.rewriteSpan(span)
	}
}

// rewriteSpan is the path of one span.
func (w *work) rewriteSpan(span ptrace.Span) {
	w.reset(span.Kind(), signalSpan)
	w.span = span
	if s := span.Name(); !utf8.ValidString(s) {
		span.SetName(w.valid(s))
	}
	name := span.Name()
	w.scan(span.Attributes())
	w.asyncRPC(name)
	w.derive()
	w.finishStatus(span)
	w.finishName(span)
	writes := w.writes()
	w.changed = w.changed || writes
	w.fills.see(w, span, name)
	if writes {
		w.apply(span.Attributes())
	}
	w.rest(span)
	w.finishContent(span)
	w.close()
}

// derive looks at the attributes together.
func (w *work) derive() {
	w.joinRPC()
	w.pathRPC()
	w.finishJoined()
	w.addresses()
	w.finishModel()
	// Envoy writes a cluster's name twice; the second one only says something when it differs.
	if f := w.field(slotStatName); f != nil && f.state == fieldPending && w.text(slotStatName) == w.text(slotCluster) {
		f.state = fieldGone
	}
}

// rest looks at what a span has besides attributes.
func (w *work) rest(span ptrace.Span) {
	if s := span.Status().Message(); s != "" {
		clean := w.valid(s)
		if !w.p.generic {
			clean = w.cleanText(clean)
		}
		if clean != s {
			span.Status().SetMessage(clean)
			w.changed = true
		}
	}
	if s := span.TraceState().AsRaw(); !utf8.ValidString(s) {
		span.TraceState().FromRaw(w.valid(s))
	}
	if span.Events().Len()+span.Links().Len() == 0 {
		return
	}
	for _, event := range span.Events().All() {
		w.event(event)
	}
	for _, link := range span.Links().All() {
		w.repairMap(link.Attributes(), 0)
		if s := link.TraceState().AsRaw(); !utf8.ValidString(s) {
			link.TraceState().FromRaw(w.valid(s))
		}
	}
}

// event applies the few rules for span events. Their attributes are simple: a rename in place does.
func (w *work) event(event ptrace.SpanEvent) {
	if s := event.Name(); !utf8.ValidString(s) {
		event.SetName(w.valid(s))
	}
	m := event.Attributes()
	if m.Len() == 0 {
		return
	}
	w.repairMap(m, 0)
	w.renameAll(m, &w.p.events, nil)
	if w.p.generic {
		return
	}
	for _, v := range m.All() {
		w.hideNested(v, 0)
	}
}
