package identity

import (
	"hash/maphash"
	"math"
	"math/bits"
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
	if id.size() <= maxRemembered {
		r.identities.put(key, id)
	}
	return id, false
}

// size is about what a decision holds, in bytes.
func (id *Identity) size() int {
	n := len(id.Gateway.Namespace) + len(id.Gateway.Name)
	for i := range id.writes {
		n += len(id.writes[i].Key) + len(id.writes[i].Value)
	}
	return n
}

// fingerprint tells resources apart by everything that a decision may depend on: all attributes, in their order, and the
// peer's address. Two resources of the same content in another order are decided twice, which costs little: a sender
// keeps to its order. Of lists and maps only the type counts, because decisions only ask whether they are there.
func (r *Resolver) fingerprint(m pcommon.Map, node string, peer netip.Addr) uint64 {
	h := uint64(m.Len())
	for key, v := range m.All() {
		h = mix(h, maphash.String(r.seed, key))
		switch kind := v.Type(); kind {
		case pcommon.ValueTypeStr:
			h = mix(h, maphash.String(r.seed, v.Str()))
		case pcommon.ValueTypeInt:
			h = mix(mix(h, uint64(kind)), uint64(v.Int()))
		case pcommon.ValueTypeDouble:
			h = mix(mix(h, uint64(kind)), math.Float64bits(v.Double()))
		default:
			h = mix(h, uint64(kind))
		}
	}
	if node != "" {
		h = mix(h, maphash.String(r.seed, node))
	}
	if peer.IsValid() {
		h = mix(h, maphash.Comparable(r.seed, peer))
	}
	return h
}

// mix adds the next part to a hash, so that the order of the parts counts. The parts are hashed with a seed of this
// process, so that nobody can make two resources alike on purpose.
func mix(h, part uint64) uint64 {
	hi, lo := bits.Mul64(h^0x9e3779b97f4a7c15, part^0xd1342543de82ef95)
	return hi ^ lo ^ part
}
