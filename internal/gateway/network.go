package gateway

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// hostPort splits an authority into address and port. An address that is already under its current name only
// loses a port that was left inside it.
func (w *work) hostPort(r *rule, i int32, v pcommon.Value) {
	if v.Type() != pcommon.ValueTypeStr {
		w.fail(ReasonType)
		return
	}
	s := v.Str()
	if s == "" {
		w.drop(i)
		return
	}
	if r.op == OpGRPCTarget {
		s = grpcAuthority(s)
	}
	if !r.self {
		s = lastOf(s)
	}
	if clean := withoutUserinfo(s); clean != s {
		s = clean
		v.SetStr(s)
		w.changed = true
	}
	host, port, ok := parse.HostPort(s)
	if !ok {
		w.leftoverSelf(r, i, v, ReasonAddress)
		return
	}
	prio, to := prioOf(r), r.to[0]
	if r.host {
		prio = prioHost
	}
	if r.op == OpPeer && w.kind == ptrace.SpanKindClient && port == 0 && parse.IsIP(host) {
		to = r.to[2]
	}
	switch {
	case r.self:
		w.toSlot(r, i, v, to, host)
	case host == v.Str():
		w.emitValue(to, i, v, prio)
		w.consumed(r, i)
	default:
		w.emitStr(to, host, prio)
		w.consumed(r, i)
	}
	if port > 0 && len(r.To) > 1 {
		w.emitInt(r.to[1], int64(port), prio)
	}
	// A server's socket peer is its client until something says better. So are the two further targets.
	if port > 0 && len(r.To) > 3 {
		w.emitInt(r.to[3], int64(port), prioFallback)
	}
}

// withoutUserinfo cuts what has no place in an address, and may be a password.
func withoutUserinfo(s string) string {
	if at := strings.LastIndexByte(s, '@'); at > 0 && at < len(s)-1 {
		return s[at+1:]
	}
	return s
}

// httpHost is what the client asked for.
const httpHost = "http.host"

// grpcAuthority takes the endpoint out of a gRPC target: "dns:///host:port", "dns://resolver/host:port",
// "host:port". Anything else stays whole (gRPC naming).
func grpcAuthority(s string) string {
	scheme, rest, ok := strings.Cut(s, ":")
	switch {
	case !ok, scheme != "dns" && scheme != "ipv4" && scheme != "ipv6" && scheme != "passthrough" && scheme != "xds":
		return s
	case strings.HasPrefix(rest, "//"):
		if _, endpoint, found := strings.Cut(rest[2:], "/"); found && endpoint != "" {
			return endpoint
		}
		return s
	case rest == "":
		return s
	}
	return rest
}

// firstIP takes the client out of a forwarded-for list.
func (w *work) firstIP(r *rule, i int32, v pcommon.Value) {
	if v.Type() != pcommon.ValueTypeStr {
		w.fail(ReasonType)
		return
	}
	s := withoutUserinfo(parse.FirstAddress(v.Str()))
	if s == "" {
		w.drop(i)
		return
	}
	w.toSlot(r, i, v, r.to[0], s)
}

// ipv4 reads an address that OpenTracing also allows as a number.
func (w *work) ipv4(r *rule, i int32, v pcommon.Value) {
	if v.Type() == pcommon.ValueTypeStr {
		host, port, ok := parse.HostPort(withoutUserinfo(v.Str()))
		if !ok {
			w.fail(ReasonAddress)
			return
		}
		if port > 0 {
			w.emitInt(slotPeerPort, int64(port), prioDerived)
		}
		w.toSlot(r, i, v, r.to[0], host)
		return
	}
	n, ok := number(v)
	if !ok || n < -1<<31 || n > 1<<32-1 {
		w.fail(ReasonAddress)
		return
	}
	u := uint32(n)
	b := make([]byte, 0, 15)
	for shift := 24; shift >= 0; shift -= 8 {
		b = strconv.AppendUint(b, uint64(u>>shift&0xff), 10)
		if shift > 0 {
			b = append(b, '.')
		}
	}
	w.emitStr(r.to[0], string(b), prioOf(r))
	w.consumed(r, i)
}

// addresses fills what one end's socket says about its name: the client of a server span, and the server of
// a client span whose gateway does not name it (semantic conventions 1.45.0, general attributes:
// server.address is the name, otherwise the IP address).
func (w *work) addresses() {
	peer := w.field(slotPeerAddress)
	if peer == nil || w.p.generic {
		return
	}
	address := withoutUserinfo(w.text(slotPeerAddress))
	port, hasPort := w.int(slotPeerPort)
	switch {
	case address == "":
	case w.kind == ptrace.SpanKindServer && w.field(slotClientAddress) == nil:
		w.emitStr(slotClientAddress, address, prioFallback)
	case w.kind == ptrace.SpanKindClient && w.field(slotServerAddress) == nil && w.text(slotServiceHost) != "":
		w.emitStr(slotServerAddress, withoutUserinfo(w.text(slotServiceHost)), prioFallback)
		if n, ok := w.int(slotServicePort); ok && w.field(slotServerPort) == nil {
			w.emitInt(slotServerPort, n, prioFallback)
		}
	case w.kind == ptrace.SpanKindClient && w.field(slotServerAddress) == nil:
		w.emitStr(slotServerAddress, address, prioFallback)
		if hasPort && w.field(slotServerPort) == nil {
			w.emitInt(slotServerPort, port, prioFallback)
		}
	}
}
