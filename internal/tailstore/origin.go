package tailstore

import (
	"bytes"
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
	slab[origin, *origin]
	index  index
	stored int // bytes of all blobs
}

type origin struct {
	blob []byte // see Scope
	hash uint64
	in   [2]uint64 // serials of the segments of the young and of the moved that noted it last
	refs int32     // segments with items of it, and callers
	next uint32    // in the list of free ones
}

func (o *origin) link() *uint32 { return &o.next }

func (o *origins) bytes() int { return o.slab.bytes() + o.index.bytes() + o.stored }

// Origin interns a scope and returns it held: ReleaseOrigin must follow when the last of its items is put. It fails with
// ErrFull like putting an item, and with ErrTooLarge when resource and scope take more than an eighth of MaxBytes.
func (s *Store[S]) Origin(scope Scope) (Origin, error) {
	o := &s.origins
	if s.starved {
		s.sealDead()
	}
	for p := o.index.probe(scope.hash); p.next(); {
		if at := o.at(p.number); string(at.blob) == string(scope.blob) {
			at.refs++
			return Origin(p.number), nil
		}
	}
	if len(scope.blob) > s.limit/8 {
		return 0, ErrTooLarge
	}
	if !s.ensure(func() int { return len(scope.blob) + o.growth(1) + o.index.growth(scope.hash) }) {
		return 0, ErrFull
	}
	return Origin(o.insert(scope)), nil
}

// ReleaseOrigin ends a hold. Items that were put keep their origin.
func (s *Store[S]) ReleaseOrigin(o Origin) { s.origins.release(uint32(o)) }

func (o *origins) insert(scope Scope) uint32 {
	n := o.alloc()
	*o.at(n) = origin{blob: bytes.Clone(scope.blob), hash: scope.hash, refs: 1}
	o.index.insert(scope.hash, n)
	o.stored += len(scope.blob)
	return n
}

func (o *origins) release(n uint32) {
	at := o.at(n)
	if at.refs--; at.refs > 0 {
		return
	}
	o.index.remove(at.hash, n)
	o.stored -= len(at.blob)
	*at = origin{}
	o.slab.release(n)
}
