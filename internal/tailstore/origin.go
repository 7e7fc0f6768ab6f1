package tailstore

import (
	"bytes"
	"unsafe"
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
	stored int // bytes of all blobs
}

type origin struct {
	blob []byte // see Scope
	hash uint64
	refs int       // segments with items of it, and callers
	in   [2]uint64 // serials of the segments of the young and of the moved that noted it last
}

const originBytes = int(unsafe.Sizeof(origin{}))

func (o *origins) bytes() int {
	return cap(o.list)*originBytes + cap(o.free)*4 + o.index.bytes() + o.stored
}

// Origin interns a scope and returns it held: ReleaseOrigin must follow when the last of its items is put. It fails with
// ErrFull like putting an item, and with ErrTooLarge when resource and scope take more than an eighth of MaxBytes.
func (s *Store[S]) Origin(scope Scope) (Origin, error) {
	o := &s.origins
	for p := o.index.probe(scope.hash); p.next(); {
		if at := &o.list[p.number]; string(at.blob) == string(scope.blob) {
			at.refs++
			return Origin(p.number), nil
		}
	}
	if len(scope.blob) > s.limit/8 {
		return 0, ErrTooLarge
	}
	if !s.ensure(func() int { return len(scope.blob) + o.growth(scope.hash) }) {
		return 0, ErrFull
	}
	return Origin(o.insert(scope)), nil
}

// ReleaseOrigin ends a hold. Items that were put keep their origin.
func (s *Store[S]) ReleaseOrigin(o Origin) { s.origins.release(uint32(o)) }

// growth is how many bytes the tables grow by when one more is interned.
func (o *origins) growth(hash uint64) int {
	n := o.index.growth(hash)
	if len(o.free) == 0 && len(o.list) == cap(o.list) {
		n += originGrowth * (originBytes + 4)
	}
	return n
}

const originGrowth = 64

func (o *origins) insert(scope Scope) uint32 {
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
	o.list[n] = origin{blob: bytes.Clone(scope.blob), hash: scope.hash, refs: 1}
	o.index.insert(scope.hash, n)
	o.stored += len(scope.blob)
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
