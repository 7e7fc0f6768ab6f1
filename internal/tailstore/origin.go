package tailstore

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"
)

// Signal tells spans from log records.
type Signal uint8

// The signals a store holds.
const (
	SignalTraces Signal = iota
	SignalLogs
)

// Origin is what items of one scope have in common: signal, resource and instrumentation scope, each with its schema
// URL. It is the number of an interned one.
type Origin uint32

// origins interns them. An origin lives as long as a segment holds items of it or a caller has not released it.
type origins struct {
	list   []origin
	free   []uint32 // numbers that may be used again
	index  index
	seed   maphash.Seed
	bufs   []byte // the origin that is looked up
	any    anyWriter
	stored int // bytes of all blobs
}

type origin struct {
	// blob is the signal, the length of the resource's part as a varint, that part, and the scope's part, the parts as
	// OTLP fields of ResourceSpans and ScopeSpans, or of ResourceLogs and ScopeLogs, which have the same numbers.
	blob []byte
	hash uint64
	refs int       // segments with items of it, and callers
	in   [2]uint64 // serials of the segments of the young and of the moved that noted it last
}

const originBytes = int(unsafe.Sizeof(origin{}))

// Fields of ResourceSpans, ScopeSpans, Resource, InstrumentationScope and EntityRef.
const (
	envelopeOf, envelopeItems, envelopeSchema                     = 1, 2, 3
	resourceAttributes, resourceDropped, resourceEntities         = 1, 2, 3
	scopeName, scopeVersion, scopeAttributes, scopeDropped        = 1, 2, 3, 4
	entitySchema, entityType, entityIDKeys, entityDescriptionKeys = 1, 2, 3, 4
)

func (o *origins) bytes() int {
	return cap(o.list)*originBytes + cap(o.free)*4 + o.index.bytes() + o.stored
}

// SpanOrigin interns where the spans of a scope come from and returns it held: ReleaseOrigin must follow when the
// last of them is put. It fails with ErrFull like putting an item, and with ErrTooLarge when resource and scope take more
// than an eighth of MaxBytes.
func (s *Store[S]) SpanOrigin(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans) (Origin, error) {
	return s.intern(SignalTraces, rs.Resource(), rs.SchemaUrl(), ss.Scope(), ss.SchemaUrl())
}

// LogOrigin is SpanOrigin for log records.
func (s *Store[S]) LogOrigin(rl plog.ResourceLogs, sl plog.ScopeLogs) (Origin, error) {
	return s.intern(SignalLogs, rl.Resource(), rl.SchemaUrl(), sl.Scope(), sl.SchemaUrl())
}

// ReleaseOrigin ends a hold. Items that were added keep their origin.
func (s *Store[S]) ReleaseOrigin(o Origin) { s.origins.release(uint32(o)) }

func (s *Store[S]) intern(signal Signal, resource pcommon.Resource, resourceSchema string,
	scope pcommon.InstrumentationScope, scopeSchema string,
) (Origin, error) {
	o := &s.origins
	o.encode(signal, resource, resourceSchema, scope, scopeSchema)
	hash := maphash.Bytes(o.seed, o.bufs)
	for p := o.index.probe(hash); p.next(); {
		if at := &o.list[p.number]; string(at.blob) == string(o.bufs) {
			at.refs++
			return Origin(p.number), nil
		}
	}
	if len(o.bufs) > s.limit/8 {
		o.bufs = nil
		return 0, ErrTooLarge
	}
	if !s.ensure(func() int { return len(o.bufs) + o.growth(hash) }) {
		return 0, ErrFull
	}
	return Origin(o.insert(hash)), nil
}

// encode writes the blob of an origin to o.bufs.
func (o *origins) encode(signal Signal, resource pcommon.Resource, resourceSchema string,
	scope pcommon.InstrumentationScope, scopeSchema string,
) {
	// The length of what follows stands in front of it, so the parts are written first and moved behind it.
	part := o.any.appendAttributes(o.bufs[:0], resourceAttributes, resource.Attributes())
	part = appendOptionalVarint(part, resourceDropped, uint64(resource.DroppedAttributesCount()))
	part = o.appendEntities(part, entity.ResourceEntityRefs(resource))
	content := len(part)
	part = appendText(part, envelopeOf, part[:content])
	part = appendOptionalText(part, envelopeSchema, resourceSchema)
	resourceEnd := len(part)

	scopeStart := resourceEnd
	part = appendOptionalText(part, scopeName, scope.Name())
	part = appendOptionalText(part, scopeVersion, scope.Version())
	part = o.any.appendAttributes(part, scopeAttributes, scope.Attributes())
	part = appendOptionalVarint(part, scopeDropped, uint64(scope.DroppedAttributesCount()))
	scopeEnd := len(part)
	part = append(part, byte(signal))
	part = appendUvarint(part, uint64(resourceEnd-content))
	part = append(part, part[content:resourceEnd]...)
	blob := scopeEnd
	part = appendText(part, envelopeOf, part[scopeStart:scopeEnd])
	part = appendOptionalText(part, envelopeSchema, scopeSchema)
	o.bufs = part[:copy(part, part[blob:])]
}

func (o *origins) appendEntities(dst []byte, refs entity.EntityRefSlice) []byte {
	for _, ref := range refs.All() {
		var one []byte
		one = appendOptionalText(one, entitySchema, ref.SchemaUrl())
		one = appendOptionalText(one, entityType, ref.Type())
		for _, key := range ref.IdKeys().All() {
			one = appendText(one, entityIDKeys, key)
		}
		for _, key := range ref.DescriptionKeys().All() {
			one = appendText(one, entityDescriptionKeys, key)
		}
		dst = appendText(dst, resourceEntities, one)
	}
	return dst
}

// growth is how many bytes the tables grow by when one more is interned.
func (o *origins) growth(hash uint64) int {
	n := o.index.growth(hash)
	if len(o.free) == 0 && len(o.list) == cap(o.list) {
		n += originGrowth * (originBytes + 4)
	}
	return n
}

const originGrowth = 64

func (o *origins) insert(hash uint64) uint32 {
	var n uint32
	if last := len(o.free) - 1; last >= 0 {
		n = o.free[last]
		o.free = o.free[:last]
	} else {
		if len(o.list) == cap(o.list) {
			o.list = append(make([]origin, 0, cap(o.list)+originGrowth), o.list...)
			o.free = make([]uint32, 0, cap(o.list)) // it is empty
		}
		n = uint32(len(o.list))
		o.list = append(o.list, origin{})
	}
	blob := make([]byte, len(o.bufs))
	copy(blob, o.bufs)
	o.list[n] = origin{blob: blob, hash: hash, refs: 1}
	o.index.insert(hash, n)
	o.stored += len(blob)
	return n
}

func (o *origins) release(n uint32) {
	at := &o.list[n]
	if at.refs--; at.refs > 0 {
		return
	}
	o.index.remove(at.hash, n)
	o.stored -= len(at.blob)
	*at = origin{}
	o.free = append(o.free, n)
}

// errOrigin is returned for a blob that encode cannot have written.
var errOrigin = errors.New("stored origin is corrupt")

// split returns the parts of a blob.
func split(blob []byte) (signal Signal, resource, scope []byte, err error) {
	if len(blob) == 0 {
		return 0, nil, nil, errOrigin
	}
	n, w := binary.Uvarint(blob[1:])
	if w <= 0 || n > uint64(len(blob)-1-w) {
		return 0, nil, nil, errOrigin
	}
	rest := blob[1+w:]
	return Signal(blob[0]), rest[:n], rest[n:], nil
}
