package gatewayidentityprocessor

import (
	"context"
	"net"
	"net/netip"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
	"github.com/gatehouse-otel/gatehouse/internal/identity"
)

// hinter finds out what items say about the sender of their resource. It looks only where the resource itself does not
// name its pod, and for a gateway only where there is a connection to be believed.
type hinter struct {
	gateways *gateway.Recognizer
}

func newHinter() (hinter, error) {
	r, err := gateway.NewRecognizer(builtin.Profiles())
	return hinter{r}, err
}

func (h hinter) spans(rs ptrace.ResourceSpans, peer netip.Addr) identity.Hints {
	hints := identity.Hints{Peer: peer}
	m := rs.Resource().Attributes()
	if identity.NamesPod(m) {
		return hints
	}
	hints.Node, hints.Mixed = spanNode(rs)
	if !peer.IsValid() {
		return hints
	}
	for _, ss := range rs.ScopeSpans().All() {
		if hints.Gateway = h.gateways.Spans(m, ss.Scope().Name(), ss.Spans()); hints.Gateway {
			break
		}
	}
	return hints
}

func (h hinter) logs(rl plog.ResourceLogs, peer netip.Addr) identity.Hints {
	hints := identity.Hints{Peer: peer}
	m := rl.Resource().Attributes()
	if !peer.IsValid() || identity.NamesPod(m) {
		return hints
	}
	for _, sl := range rl.ScopeLogs().All() {
		if hints.Gateway = h.gateways.Logs(m, sl.Scope().Name(), sl.LogRecords()); hints.Gateway {
			break
		}
	}
	return hints
}

// prometheusScope is the scope that the Prometheus receiver gives to what it scraped, "up" at least, unless the target
// says another (collector-contrib 0.158.0, receiver/prometheusreceiver/internal/transaction.go).
const prometheusScope = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/prometheusreceiver"

func (h hinter) metrics(rm pmetric.ResourceMetrics, peer netip.Addr) identity.Hints {
	hints := identity.Hints{Peer: peer}
	for _, sm := range rm.ScopeMetrics().All() {
		if hints.Scraped = sm.Scope().Name() == prometheusScope; hints.Scraped {
			return hints // the scraper is at the other end of the connection
		}
	}
	m := rm.Resource().Attributes()
	if !peer.IsValid() || identity.NamesPod(m) {
		return hints
	}
	for _, sm := range rm.ScopeMetrics().All() {
		if hints.Gateway = h.gateways.Scope(m, sm.Scope().Name()); hints.Gateway {
			break
		}
	}
	return hints
}

// looked is in how many spans a node id is looked for. Envoy writes it on server spans, and every other span is one.
const looked = 16

// spanNode returns the node id that the resource's spans carry. One proxy has one: of spans that carry several, put
// together by something in between, none is taken, and mixed says so.
func spanNode(rs ptrace.ResourceSpans) (node string, mixed bool) {
	n := 0
	for _, ss := range rs.ScopeSpans().All() {
		for _, span := range ss.Spans().All() {
			id := identity.NodeID(span.Attributes())
			switch {
			case id != "" && node == "":
				node = id
			case id != "" && id != node:
				return "", true
			}
			if n++; n == looked && node == "" {
				return "", false
			}
		}
	}
	return node, false
}

// peerOf returns the address at the other end of the connection, the zero Addr when there is none.
func peerOf(ctx context.Context) netip.Addr {
	switch a := client.FromContext(ctx).Addr.(type) {
	case *net.TCPAddr:
		ip, _ := netip.AddrFromSlice(a.IP)
		return ip.Unmap()
	case *net.IPAddr:
		ip, _ := netip.AddrFromSlice(a.IP)
		return ip.Unmap()
	case *net.UDPAddr:
		ip, _ := netip.AddrFromSlice(a.IP)
		return ip.Unmap()
	}
	return netip.Addr{}
}
