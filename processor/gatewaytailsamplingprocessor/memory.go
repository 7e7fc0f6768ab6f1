package gatewaytailsamplingprocessor

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// memory remembers decisions for items that come after them, the newest ones of a fixed number. It holds hashes of 56
// and 64 bits instead of ids: that one of the eight that are compared is another trace's happens once in 10^16 items.
type memory struct {
	secret  [2]uint64
	dropped []bucket
	kept    []keptBucket
}

// bucket holds dropped traces, the newest first: 56 bits of the hash over the number of the rule. 0 is no trace.
type bucket [bucketSize]uint64

// keptBucket holds kept traces, the newest first.
type keptBucket struct {
	hashes   [bucketSize]uint64
	verdicts [bucketSize]verdict
}

// bucketSize entries of 8 bytes are a cache line.
const bucketSize = 8

// verdict is a threshold, 56 bits, over the number of the rule.
type verdict uint64

func newVerdict(threshold uint64, rule uint8) verdict { return verdict(threshold<<8 | uint64(rule)) }

func (v verdict) threshold() uint64 { return uint64(v >> 8) }
func (v verdict) rule() uint8       { return uint8(v) }

// newMemory remembers at least this many dropped and kept traces, if their hashes are spread evenly.
func newMemory(dropped, kept int) memory {
	return memory{
		secret:  [2]uint64{rand.Uint64() | 1, rand.Uint64() | 1},
		dropped: make([]bucket, (dropped+bucketSize-1)/bucketSize),
		kept:    make([]keptBucket, (kept+bucketSize-1)/bucketSize),
	}
}

// hash of a trace id, never 0 in its lower 56 bits. Ids come from outside, so it is keyed: nobody can make ids that
// push others out.
func (m *memory) hash(id pcommon.TraceID) uint64 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(id[:])^m.secret[0], binary.LittleEndian.Uint64(id[8:])^m.secret[1])
	h := hi ^ lo
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	if h<<8 == 0 {
		h |= 1
	}
	return h
}

// place scales a hash to a number of buckets.
func place(hash uint64, buckets int) uint64 {
	hi, _ := bits.Mul64(hash, uint64(buckets))
	return hi
}

// recall returns what was decided about a trace, if that is still known.
func (m *memory) recall(id pcommon.TraceID) (v verdict, keep, known bool) {
	h := m.hash(id)
	d := &m.dropped[place(h, len(m.dropped))]
	for _, e := range d {
		if e>>8 == h<<8>>8 {
			return newVerdict(0, uint8(e)), false, true
		}
	}
	k := &m.kept[place(h, len(m.kept))]
	for i, e := range k.hashes {
		if e == h {
			return k.verdicts[i], true, true
		}
	}
	return 0, false, false
}

// drop remembers that a trace was dropped.
func (m *memory) drop(id pcommon.TraceID, rule uint8) {
	h := m.hash(id)
	b := &m.dropped[place(h, len(m.dropped))]
	copy(b[1:], b[:])
	b[0] = h<<8 | uint64(rule)
}

// keep remembers that a trace was kept.
func (m *memory) keep(id pcommon.TraceID, v verdict) {
	h := m.hash(id)
	b := &m.kept[place(h, len(m.kept))]
	copy(b.hashes[1:], b.hashes[:])
	copy(b.verdicts[1:], b.verdicts[:])
	b.hashes[0], b.verdicts[0] = h, v
}
