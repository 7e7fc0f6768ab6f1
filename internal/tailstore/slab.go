package tailstore

import (
	"math/bits"
	"unsafe"
)

// slab is an array of records that grows and shrinks by chunks. Records have numbers, not addresses, and hold no Go
// pointers, so that the garbage collector sees one object a chunk and looks into none. A record stays where it is
// until it is freed. A chunk without records is given back, all but one that waits for the next load, so that a burst
// of tiny traces does not hold memory which large ones need later.
type slab[T any, P linked[T]] struct {
	chunks  []slabChunk[T]
	roomy   []uint64 // one bit a chunk: set when it has a free record
	perBits uint     // a chunk holds 1<<perBits records
	live    int
	loaded  int // chunks that are there
	empty   int // of these, without a record
}

// linked is a record that lends four of its bytes to the list of free records.
type linked[T any] interface {
	*T
	link() *uint32
}

type slabChunk[T any] struct {
	records []T // nil: given back
	live    uint32
	fresh   uint32 // records from here on were never used
	free    uint32 // first record of the list of freed ones, counted from 1
}

// noRecord is a number that no record has.
const noRecord = ^uint32(0)

func (s *slab[T, P]) chunkBytes() int {
	var t T
	return int(unsafe.Sizeof(t)) << s.perBits
}

// bytes returns what the slab takes: its chunks and the two lists of them.
func (s *slab[T, P]) bytes() int {
	return s.loaded*s.chunkBytes() + cap(s.chunks)*int(unsafe.Sizeof(slabChunk[T]{})) + cap(s.roomy)*8
}

// growth returns by how many bytes the slab will be larger after the next n allocs, at most.
func (s *slab[T, P]) growth(n int) int {
	short := s.live + n - s.loaded<<s.perBits
	if short <= 0 {
		return 0
	}
	chunks := (short + 1<<s.perBits - 1) >> s.perBits
	bytes := chunks * s.chunkBytes()
	if s.loaded+chunks > cap(s.chunks) {
		grown := s.loaded + chunks - cap(s.chunks) + s.listGrowth()
		bytes += grown*int(unsafe.Sizeof(slabChunk[T]{})) + grown/64*8
	}
	return bytes
}

// listGrowth is by how many chunks the lists grow when they are full: a multiple of 64.
func (s *slab[T, P]) listGrowth() int { return max(64, cap(s.chunks)/4/64*64) }

// alloc returns the number of a zeroed record.
func (s *slab[T, P]) alloc() uint32 {
	c := s.chunkWithRoom()
	ch := &s.chunks[c]
	if ch.live == 0 {
		s.empty--
	}
	ch.live++
	s.live++
	var at uint32
	if ch.free != 0 {
		at = ch.free - 1
		p := P(&ch.records[at])
		ch.free = *p.link()
		var zero T
		*p = zero
	} else {
		at = ch.fresh
		ch.fresh++
	}
	if int(ch.live) == len(ch.records) {
		s.roomy[c/64] &^= 1 << (c % 64)
	}
	return uint32(c)<<s.perBits | at
}

// chunkWithRoom returns the lowest chunk that has room, so that the upper ones run empty when the load falls.
func (s *slab[T, P]) chunkWithRoom() int {
	for w, word := range s.roomy {
		if word != 0 {
			return w*64 + bits.TrailingZeros64(word)
		}
	}
	c := len(s.chunks)
	for i := range s.chunks {
		if s.chunks[i].records == nil {
			c = i
			break
		}
	}
	if c == len(s.chunks) {
		if len(s.chunks) == cap(s.chunks) {
			n := cap(s.chunks) + s.listGrowth()
			s.chunks = append(make([]slabChunk[T], 0, n), s.chunks...)
			s.roomy = append(make([]uint64, 0, n/64), s.roomy...)
		}
		s.chunks = append(s.chunks, slabChunk[T]{})
		if c%64 == 0 {
			s.roomy = append(s.roomy, 0)
		}
	}
	s.chunks[c] = slabChunk[T]{records: make([]T, 1<<s.perBits)}
	s.roomy[c/64] |= 1 << (c % 64)
	s.loaded++
	s.empty++
	return c
}

// at returns a record that is allocated.
func (s *slab[T, P]) at(n uint32) *T {
	return &s.chunks[n>>s.perBits].records[n&(1<<s.perBits-1)]
}

// peek returns a record that may be free, and nil when its chunk is not there.
func (s *slab[T, P]) peek(n uint32) *T {
	c := int(n >> s.perBits)
	if c >= len(s.chunks) || s.chunks[c].records == nil {
		return nil
	}
	return &s.chunks[c].records[n&(1<<s.perBits-1)]
}

// release gives a record back. The caller keeps in the record whatever tells that it is free, apart from its link.
func (s *slab[T, P]) release(n uint32) {
	c := int(n >> s.perBits)
	ch := &s.chunks[c]
	at := n & (1<<s.perBits - 1)
	*P(&ch.records[at]).link() = ch.free
	ch.free = at + 1
	ch.live--
	s.live--
	s.roomy[c/64] |= 1 << (c % 64)
	if ch.live > 0 {
		return
	}
	s.empty++
	if s.empty > 1 {
		s.unload(c)
	}
}

// trim gives the waiting empty chunk back and reports whether there was one.
func (s *slab[T, P]) trim() bool {
	if s.empty == 0 {
		return false
	}
	for c := range s.chunks {
		if s.chunks[c].records != nil && s.chunks[c].live == 0 {
			s.unload(c)
		}
	}
	return true
}

func (s *slab[T, P]) unload(c int) {
	s.chunks[c] = slabChunk[T]{}
	s.roomy[c/64] &^= 1 << (c % 64)
	s.loaded--
	s.empty--
}
