//go:build unix

package identity

import (
	"net/netip"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

// BenchmarkKnown is what a resource costs that was seen before: to look it up, and to complete it as it comes from the
// wire, where pdata keeps every value that is written in an object of its own.
func BenchmarkKnown(b *testing.B) {
	hints := Hints{Peer: netip.MustParseAddr("10.244.0.10")}
	for _, signal := range []struct {
		name       string
		attributes map[string]any
	}{{"spans", spans2}, {"logs", logs2}} {
		r := NewResolver(world(kgateway(nil)), DefaultOptions())
		m := newMap(b, signal.attributes)
		b.Run(signal.name+"/lookup", func(b *testing.B) {
			defer cpu(b)()
			for b.Loop() {
				r.Lookup(m, hints)
			}
		})
		complete := pcommon.NewResource()
		m.CopyTo(complete.Attributes())
		r.Resource(complete, hints)
		b.Run(signal.name+"/complete", func(b *testing.B) {
			defer cpu(b)()
			for b.Loop() {
				r.Resource(complete, hints)
			}
		})
		b.Run(signal.name+"/fresh", func(b *testing.B) {
			defer cpu(b)()
			fresh := make([]pcommon.Resource, 256)
			at := len(fresh)
			for b.Loop() {
				if at == len(fresh) {
					b.StopTimer()
					for i := range fresh {
						fresh[i] = pcommon.NewResource()
						m.CopyTo(fresh[i].Attributes())
					}
					at = 0
					b.StartTimer()
				}
				r.Resource(fresh[at], hints)
				at++
			}
		})
	}
}

// BenchmarkUnknown is what a resource costs that was not seen before.
func BenchmarkUnknown(b *testing.B) {
	v := world(kgateway(nil))
	r := NewResolver(v, DefaultOptions())
	m := newMap(b, logs2)
	defer cpu(b)()
	for b.Loop() {
		ev := gather(m, Hints{})
		pod, gateway, _ := r.find(&ev)
		r.decide(m, &ev, pod, gateway)
	}
}

// BenchmarkItem is what a span costs whose route and upstream were asked for before, and to find a route the first time.
func BenchmarkItem(b *testing.B) {
	v := shop()
	addRoute(v, cluster.HTTPRoute, "shop", "shop", cluster.Parent{Gateway: edge}, "orders", "")
	r := NewResolver(v, DefaultOptions())
	const id = "listener~8080~shop_example_com-route-2-httproute-shop-shop-1-0-matcher-0"
	m := newMap(b, map[string]any{
		"gateway.route.id": id, "gateway.upstream.service.name": "cart", "gateway.upstream.service.namespace": "shop",
		"gateway.upstream.service.port": int64(8080), "network.peer.address": "10.244.0.5", "network.peer.port": int64(8080), "http.request.method": "GET",
		"http.response.status_code": int64(200), "url.path": "/", "url.scheme": "http", "user_agent.original": "curl", "component": "proxy",
	})
	identity := &Identity{Gateway: edge}
	b.Run("complete", func(b *testing.B) {
		defer cpu(b)()
		for b.Loop() {
			r.Item(identity, m, true)
		}
	})
	b.Run("route", func(b *testing.B) {
		defer cpu(b)()
		for b.Loop() {
			kgatewayRoute(v, id)
		}
	})
}
