package cluster

import (
	"net/netip"
	"strconv"
	"testing"
	"time"
)

// BenchmarkSharedEndpoints is a cluster in which 2,000 Services have the same 100 endpoints, listed and gone again.
func BenchmarkSharedEndpoints(b *testing.B) {
	addresses := make([]netip.Addr, 100)
	for i := range addresses {
		addresses[i] = netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
	}
	all := make([]*Endpoints, 2_000)
	for i := range all {
		name := "s" + strconv.Itoa(i)
		all[i] = &Endpoints{Slice: Ref{"a", name}, Service: name, Addresses: addresses}
	}
	b.ReportAllocs()
	for b.Loop() {
		v := NewView(time.Minute)
		v.ReplaceEndpoints(all)
		v.ReplaceEndpoints(nil)
	}
}
