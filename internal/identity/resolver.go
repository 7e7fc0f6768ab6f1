package identity

import (
	"hash/maphash"
	"math"
	"net/netip"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

// Resolver gives resources and items their identity. Safe for concurrent use.
type Resolver struct {
	view *cluster.View
	opts Options
	seed maphash.Seed

	identities *memory[uint64, *Identity]
	routes     *memory[routeQuestion, *answer]
	upstreams  *memory[upstreamQuestion, *answer]
}

// Identity is what was decided about a resource.
type Identity struct {
	// By says how its sender was found.
	By By
	// Gateway is the Gateway it serves; its name may be known without its object.
	Gateway cluster.Ref
	// Writes is how many attributes the decision writes.
	Writes int

	writes     []cluster.KV
	generation uint64
}

// NewResolver returns a resolver that asks the view.
func NewResolver(view *cluster.View, opts Options) *Resolver {
	return &Resolver{
		view:       view,
		opts:       opts,
		seed:       maphash.MakeSeed(),
		identities: newMemory[uint64, *Identity](opts.CacheSize),
		routes:     newMemory[routeQuestion, *answer](opts.CacheSize),
		upstreams:  newMemory[upstreamQuestion, *answer](opts.CacheSize),
	}
}

// Resource completes a resource: node is the node id that one of its items has, "" for none, and peer the other end of
// the connection it came by, the zero Addr for none. It returns what was decided and whether the decision was remembered.
func (r *Resolver) Resource(resource pcommon.Resource, node string, peer netip.Addr) (id *Identity, remembered bool) {
	m := resource.Attributes()
	id, remembered = r.Lookup(m, node, peer)
	if n := len(id.writes); n > 0 {
		m.EnsureCapacity(m.Len() + n)
		for i := range id.writes {
			m.PutStr(id.writes[i].Key, id.writes[i].Value)
		}
	}
	return id, remembered
}

// Lookup decides about a resource, or remembers what was decided, and writes nothing.
func (r *Resolver) Lookup(m pcommon.Map, node string, peer netip.Addr) (id *Identity, remembered bool) {
	key := r.fingerprint(m, node, peer)
	// The generation is read before the view is asked: a change in between makes the answer stale and not wrong.
	generation := r.view.Generation()
	if id, ok := r.identities.get(key); ok && id.generation == generation {
		return id, true
	}
	ev := gather(m, node, peer)
	pod, gateway, by := r.find(&ev)
	id = &Identity{By: by, Gateway: gateway, generation: generation, writes: r.decide(m, &ev, pod, gateway)}
	id.Writes = len(id.writes)
	r.identities.put(key, id)
	return id, false
}

// fingerprint tells resources apart by everything that a decision may depend on: all attributes, in their order, and the
// peer's address. Two resources of the same content in another order are decided twice, which costs little: a sender
// keeps to its order.
func (r *Resolver) fingerprint(m pcommon.Map, node string, peer netip.Addr) uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	for key, v := range m.All() {
		text(&h, key)
		value(&h, v)
	}
	text(&h, node)
	if peer.IsValid() {
		ip := peer.As16()
		_, _ = h.Write(ip[:])
	}
	return h.Sum64()
}

// text writes a string with its length, so that no two lists of strings run together to the same.
func text(h *maphash.Hash, s string) {
	number(h, uint64(len(s)))
	_, _ = h.WriteString(s)
}

func number(h *maphash.Hash, n uint64) {
	var b [8]byte
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
	_, _ = h.Write(b[:])
}

// value writes a value's type and what is in it. Of lists and maps only the size counts, because decisions only ask
// whether they are there.
func value(h *maphash.Hash, v pcommon.Value) {
	_ = h.WriteByte(byte(v.Type()))
	switch v.Type() {
	case pcommon.ValueTypeStr:
		text(h, v.Str())
	case pcommon.ValueTypeInt:
		number(h, uint64(v.Int()))
	case pcommon.ValueTypeDouble:
		number(h, math.Float64bits(v.Double()))
	default:
	}
}
