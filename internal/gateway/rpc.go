package gateway

import (
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

const systemGRPC = "grpc"

func (w *work) rpc(r *rule, i int32, v pcommon.Value) {
	if r.op == OpGRPCCode {
		w.grpcCode(r, i, v)
		return
	}
	if v.Type() != pcommon.ValueTypeStr {
		w.fail(ReasonType)
		return
	}
	s := v.Str()
	switch r.op {
	case OpRPCService:
		w.ev.rpcService, w.ev.rpcServiceAt = s, i
	case OpRPCMethod:
		w.ev.rpcMethodAt = i
		w.present(slotRPCMethod, i, v)
	case OpGRPCPath:
		if s == "" {
			w.drop(i)
			return
		}
		w.emitStr(slotRPCSystem, systemGRPC, prioDerived)
		s, _, _ = strings.Cut(s, "?") // a query is no part of a method's name, and may hold secrets
		w.hide(i, v, s)
		w.toSlot(r, i, v, r.to[0], strings.TrimLeft(s, "/"))
	case OpGRPCOther:
		w.emitStr(slotRPCSystem, systemGRPC, prioDerived)
		if s == "other" {
			s = otherMethod
		}
		w.toSlot(r, i, v, r.to[0], strings.TrimLeft(s, "/"))
	case OpGRPCMessage:
		if s == "" {
			w.drop(i)
			return
		}
		w.grpcMessage(i, v)
	}
}

// grpcMessage reads a gRPC status message, which Envoy logs percent-encoded, as it is on the wire. A secret in it is
// hidden where the old attribute may stay, too.
func (w *work) grpcMessage(i int32, v pcommon.Value) {
	text := v.Str()
	if strings.IndexByte(text, '%') >= 0 {
		if plain, err := url.PathUnescape(text); err == nil {
			text = w.valid(plain)
		}
	}
	if clean := w.cleanText(text); clean != text {
		text = clean
		v.SetStr(url.PathEscape(clean))
		w.changed = true
	}
	w.ev.grpcMessage, w.ev.grpcMessageAt = text, i
}

// grpcCode names a gRPC status: 14 becomes UNAVAILABLE. A number outside the known ones stays as text.
func (w *work) grpcCode(r *rule, i int32, v pcommon.Value) {
	n, ok := number(v)
	if !ok {
		if v.Type() == pcommon.ValueTypeStr && v.Str() != "" && hasUpper(v.Str()) { // already a name
			w.toSlot(r, i, v, r.to[0], v.Str())
			return
		}
		w.leftoverSelf(r, i, v, ReasonStatus)
		return
	}
	name := parse.GRPCCodeName(n)
	if name == "" {
		name = strconv.FormatInt(n, 10)
	}
	if !w.p.generic || strings.HasPrefix(r.From, "grpc.") {
		w.emitStr(slotRPCSystem, systemGRPC, prioDerived)
	}
	w.toSlot(r, i, v, r.to[0], name)
}

// joinRPC makes one name of rpc.service and rpc.method: since 1.39 the method is fully qualified.
func (w *work) joinRPC() {
	if w.ev.rpcServiceAt < 0 && w.ev.rpcMethodAt < 0 {
		return
	}
	method := strings.TrimLeft(w.text(slotRPCMethod), "/")
	service := strings.Trim(w.ev.rpcService, "/")
	full := method
	if service != "" && method != "" && method != otherMethod && !strings.Contains(method, "/") {
		full = service + "/" + method
	}
	if f := w.field(slotRPCMethod); f != nil && full != f.str && full != "" {
		if f.state == fieldPresent && f.attr >= 0 {
			f.val.SetStr(full)
			w.changed = true
		}
		f.str = full
	}
	// A service without a method names nothing by itself: the attribute stays.
	if w.ev.rpcServiceAt >= 0 && w.e.replace {
		if method != "" {
			w.drop(w.ev.rpcServiceAt)
		} else {
			w.leftover = true
		}
	}
}

// pathRPC takes the method of a gRPC call out of its path, which is "/pkg.Svc/Method" by definition (gRPC over
// HTTP/2, Requests). agentgateway logs the status of such calls, but not their method.
func (w *work) pathRPC() {
	if w.p.generic || w.text(slotRPCSystem) != systemGRPC || w.field(slotRPCMethod) != nil {
		return
	}
	path, ok := strings.CutPrefix(w.text(slotPath), "/")
	if slash := strings.IndexByte(path, '/'); ok && slash > 0 && slash < len(path)-1 && slash == strings.LastIndexByte(path, '/') {
		w.emitStr(slotRPCMethod, path, prioDerived)
	}
}

// asyncRPC reads the method of a policy call out of Envoy's span name: "async pkg.Svc.Method egress".
func (w *work) asyncRPC(name string) {
	rest, ok := strings.CutPrefix(name, "async ")
	if !ok || w.text(slotRPCMethod) != "" || w.text(slotRPCSystem) != systemGRPC && w.text(slotRPCStatus) == "" {
		return
	}
	rest, ok = strings.CutSuffix(rest, " egress")
	dot := strings.LastIndexByte(rest, '.')
	if !ok || dot <= 0 || dot == len(rest)-1 {
		return
	}
	w.emitStr(slotRPCMethod, rest[:dot]+"/"+rest[dot+1:], prioDerived)
}

// rpcFails tells whether a status ends the call in error, from the side the span is on (semantic conventions
// 1.45.0, rpc/grpc: a server fails only by the codes that are its own fault).
func rpcFails(code string, kind ptrace.SpanKind) bool {
	switch code {
	case "", "OK":
		return false
	case "UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS":
		return true
	}
	return kind == ptrace.SpanKindClient
}

// settleMessage places a gRPC status message: on the status of a failed span, else beside the trailers.
func (w *work) settleMessage(status ptrace.Status, failed bool) {
	if w.ev.grpcMessageAt < 0 {
		return
	}
	text := w.ev.grpcMessage
	if failed && w.signal == signalSpan {
		if status.Message() == "" {
			status.SetMessage(text)
			w.changed = true
		}
	} else if !w.addDynamic(dynamic{key: attrs.RPCResponseTrailer + "grpc-message", attr: -1, kind: fieldStrings, str: text}) {
		return
	}
	if w.e.replace {
		w.drop(w.ev.grpcMessageAt)
	}
}
