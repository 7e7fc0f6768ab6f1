package identity

import (
	"hash/maphash"
	"math"
	"math/bits"

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
	// Ignored is the evidence that was not believed.
	Ignored Ignored

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

// Resource completes a resource. It returns what was decided and whether the decision was remembered.
func (r *Resolver) Resource(resource pcommon.Resource, hints Hints) (id *Identity, remembered bool) {
	m := resource.Attributes()
	id, remembered = r.Lookup(m, hints)
	if n := len(id.writes); n > 0 {
		m.EnsureCapacity(m.Len() + n)
		for i := range id.writes {
			m.PutStr(id.writes[i].Key, id.writes[i].Value)
		}
	}
	return id, remembered
}

// Lookup decides about a resource, or remembers what was decided, and writes nothing.
func (r *Resolver) Lookup(m pcommon.Map, hints Hints) (id *Identity, remembered bool) {
	key := r.fingerprint(m, hints)
	// The generation is read before the view is asked: a change in between makes the answer stale and not wrong.
	generation := r.view.Generation()
	if id, ok := r.identities.get(key); ok && id.generation == generation {
		return id, true
	}
	ev := gather(m, hints)
	pod, gateway, by := r.find(&ev)
	id = &Identity{By: by, Gateway: gateway, generation: generation, writes: r.decide(m, &ev, pod, gateway)}
	id.Ignored = ev.ignored &^ differentUID
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
// hints. Two resources of the same content in another order are decided twice, which costs little: a sender keeps to its
// order. Of lists and maps only the type counts, because decisions only ask whether they are there.
//
// Every part that a sender can choose is hashed with the seed of this process, numbers too, so that nobody can make two
// resources alike on purpose. That a resource meets the fingerprint of another among the 20,000 that are remembered by
// default has a probability of 1 in 10^15.
func (r *Resolver) fingerprint(m pcommon.Map, hints Hints) uint64 {
	h := uint64(m.Len())
	for key, v := range m.All() {
		h = mix(h, maphash.String(r.seed, key))
		switch kind := v.Type(); kind {
		case pcommon.ValueTypeStr:
			h = mix(h, maphash.String(r.seed, v.Str()))
		case pcommon.ValueTypeInt:
			h = mix(mix(h, uint64(kind)), maphash.Comparable(r.seed, v.Int()))
		case pcommon.ValueTypeDouble:
			h = mix(mix(h, uint64(kind)), maphash.Comparable(r.seed, math.Float64bits(v.Double())))
		default:
			h = mix(h, uint64(kind))
		}
	}
	if hints.Node != "" {
		h = mix(h, maphash.String(r.seed, hints.Node))
	}
	if hints.Peer.IsValid() {
		peer := hints.Peer.As16()
		h = mix(h, maphash.Bytes(r.seed, peer[:]))
	}
	return mix(h, hints.flags())
}

// mix adds the next part to a hash, so that the order of the parts counts.
func mix(h, part uint64) uint64 {
	hi, lo := bits.Mul64(h^0x9e3779b97f4a7c15, part^0xd1342543de82ef95)
	return hi ^ lo ^ part
}
