package gateway

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
)

// fills completes client spans from their parents. Envoy's and Kong's upstream spans carry neither method nor
// URL; what the parent in the same batch proves is the method, for gRPC the full method, and why the gateway
// gave an attempt up. It does not prove the URL: routes rewrite paths and hosts.
type fills struct {
	clients []clientSpan
	servers []serverSpan
	index   map[spanKey]int // built only for batches where looking through servers would be slow
	near    int             // the server span found last: a batch holds parents in the order of their children
}

type spanKey struct {
	trace pcommon.TraceID
	span  pcommon.SpanID
}

type serverSpan struct {
	id               spanKey
	method, original string
	rpcMethod        string
	errorReason      string
}

type clientSpan struct {
	span     ptrace.Span
	gateway  ID
	name     bool // its name may be replaced
	grpc     bool
	canceled bool
	changed  bool
	noMethod bool
}

func (f *fills) reset() {
	clear(f.clients)
	f.clients = f.clients[:0]
	clear(f.servers)
	f.servers = f.servers[:0]
	clear(f.index)
	f.near = 0
}

// parent finds a server span.
func (f *fills) parent(id spanKey) *serverSpan {
	for i := f.near; i < min(f.near+4, len(f.servers)); i++ {
		if f.servers[i].id == id {
			f.near = i
			return &f.servers[i]
		}
	}
	if len(f.servers) <= 16 {
		for i := range f.servers {
			if f.servers[i].id == id {
				return &f.servers[i]
			}
		}
		return nil
	}
	if len(f.index) == 0 {
		if f.index == nil {
			f.index = make(map[spanKey]int, len(f.servers))
		}
		for i := range f.servers {
			f.index[f.servers[i].id] = i
		}
	}
	if i, ok := f.index[id]; ok {
		f.near = i
		return &f.servers[i]
	}
	return nil
}

// see remembers a span that can give or that needs. name is the span's name as it came.
func (f *fills) see(w *work, span ptrace.Span, name string) {
	if len(w.p.fill) == 0 {
		return
	}
	switch span.Kind() {
	case ptrace.SpanKindServer:
		method := w.text(slotMethod)
		if method == "" {
			return
		}
		f.servers = append(f.servers, serverSpan{
			spanKey{span.TraceID(), span.SpanID()}, method, w.text(slotMethodOriginal), w.text(slotRPCMethod), w.ev.errorReason,
		})
	case ptrace.SpanKindClient:
		noMethod := w.field(slotMethod) == nil
		gaveUp := w.ev.canceled && span.Status().Code() == ptrace.StatusCodeUnset && w.ev.noResponse
		if span.ParentSpanID().IsEmpty() || !noMethod && !gaveUp || noMethod && !matchName(w.p.fill, name) {
			return
		}
		w.reserve = 3 // what fill may add: method, its original, the RPC method
		f.clients = append(f.clients, clientSpan{
			span: span, gateway: w.p.ID, name: matchName(w.p.names, name), noMethod: noMethod,
			grpc: w.field(slotRPCStatus) != nil && w.text(slotRPCMethod) == "", canceled: gaveUp, changed: w.changed,
		})
	}
}

// fill runs once per batch, when every span has been rewritten.
func (f *fills) fill(w *work, stats *Stats) {
	if len(f.servers) == 0 {
		return
	}
	for i := range f.clients {
		c := &f.clients[i]
		parent := f.parent(spanKey{c.span.TraceID(), c.span.ParentSpanID()})
		if parent != nil && c.fill(w, parent) && !c.changed {
			s := stats.of(c.gateway)
			s.Unchanged--
			s.Rewritten++
		}
	}
}

func (c *clientSpan) fill(w *work, parent *serverSpan) bool {
	m := c.span.Attributes()
	changed := false
	name := ""
	if c.noMethod {
		m.PutStr(attrs.HTTPRequestMethod, parent.method)
		if parent.original != "" {
			m.PutStr(attrs.HTTPRequestMethodOriginal, parent.original)
		}
		name = parent.method
		if name == otherMethod {
			name = "HTTP"
		}
		changed = true
	}
	if c.grpc && parent.rpcMethod != "" {
		m.PutStr(attrs.RPCMethod, parent.rpcMethod)
		name = parent.rpcMethod
		changed = true
	}
	if c.name && name != "" && w.e.opts.SpanNames == SpanNamesConvention {
		c.span.SetName(name)
	}
	// A route timeout cancels the attempt; only the parent says that it was one (UT).
	if c.canceled && timedOut[parent.errorReason] && w.e.opts.SpanStatus == SpanStatusConvention {
		c.span.Status().SetCode(ptrace.StatusCodeError)
		m.PutStr(attrs.ErrorType, parent.errorReason)
		changed = true
	}
	return changed
}

// timedOut are the response flags by which Envoy 1.40.0 says that it gave a request up for its duration
// (source/common/stream_info/utility.h).
var timedOut = map[string]bool{"UT": true, "DT": true, "UMSDR": true, "SI": true}
