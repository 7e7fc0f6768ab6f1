package tailstore

import "math/bits"

// index finds record numbers by a 64-bit hash: open addressing with linear probing in parts that grow one at a time,
// so that no single call rehashes the whole table. A cell holds the low half of the hash beside the number, which
// settles nearly every comparison without a look at the record. The hash must be keyed (ids come from outside, and
// chosen ones must not pile up in one place).
type index struct {
	parts  [indexParts]indexPart
	cells  int // of all parts
	widest int // cells of the largest one
}

type indexPart struct {
	cells []uint64 // low 32 bits of the hash << 32 | number + 1; 0: free
	used  int
}

const (
	indexPartBits = 6
	indexParts    = 1 << indexPartBits
	indexMinimum  = 8 // cells of a part that holds anything
)

func (x *index) bytes() int { return x.cells * 8 }

// part returns the part of a hash. It goes by the top bits, cells go by the low half.
func (x *index) part(hash uint64) *indexPart { return &x.parts[hash>>(64-indexPartBits)] }

// home is the cell where a search starts: the low half of the hash scaled to the number of cells, which need not be a
// power of two.
func (p *indexPart) home(low uint32) int {
	return int(uint64(low) * uint64(len(p.cells)) >> 32)
}

// probe walks the numbers stored under a hash: for p := x.probe(h); p.next(); { … p.number … }.
type probe struct {
	part   *indexPart
	low    uint32
	at     int
	number uint32
}

func (x *index) probe(hash uint64) probe {
	p := x.part(hash)
	return probe{part: p, low: uint32(hash), at: p.home(uint32(hash)) - 1}
}

func (q *probe) next() bool {
	cells := q.part.cells
	if len(cells) == 0 {
		return false
	}
	for {
		q.at++
		if q.at >= len(cells) {
			q.at = 0
		}
		cell := cells[q.at]
		if cell == 0 {
			return false
		}
		if uint32(cell>>32) == q.low {
			q.number = uint32(cell) - 1
			return true
		}
	}
}

// growth returns by how many bytes the table will be larger after insert(hash).
func (x *index) growth(hash uint64) int {
	p := x.part(hash)
	return (p.wanted() - len(p.cells)) * 8
}

// growths returns by how many bytes the table will be larger after n inserts, at most. A part that gets k of them grows
// to less than 1.5*1.25*(used+k) cells, from no less than 1.25*used, or to the smallest size.
func (x *index) growths(n int) int {
	return (min(n, indexParts)*(x.widest/2+indexMinimum) + 2*n) * 8
}

// wanted is how many cells a part has after one more entry: at most four fifths are used, as above that searches that
// find nothing get long.
func (p *indexPart) wanted() int {
	n := len(p.cells)
	if (p.used+1)*5 <= n*4 {
		return n
	}
	return max(indexMinimum, n+n/2)
}

func (x *index) insert(hash uint64, number uint32) {
	p := x.part(hash)
	if n := p.wanted(); n != len(p.cells) {
		x.resize(p, n)
	}
	p.put(uint64(uint32(hash))<<32 | uint64(number+1))
	p.used++
}

func (p *indexPart) put(cell uint64) {
	at := p.home(uint32(cell >> 32))
	for p.cells[at] != 0 {
		if at++; at == len(p.cells) {
			at = 0
		}
	}
	p.cells[at] = cell
}

func (x *index) resize(p *indexPart, n int) {
	old := p.cells
	x.cells += n - len(old)
	p.cells = nil
	if n > 0 {
		p.cells = make([]uint64, n)
	}
	for _, cell := range old {
		if cell != 0 {
			p.put(cell)
		}
	}
	x.widest = 0
	for i := range x.parts {
		x.widest = max(x.widest, len(x.parts[i].cells))
	}
}

// remove takes a number out. It must be there.
func (x *index) remove(hash uint64, number uint32) {
	q := x.probe(hash)
	for q.next() {
		if q.number == number {
			break
		}
	}
	p := q.part
	hole, n := q.at, len(p.cells)
	// Cells behind the hole move up as long as that brings them no further than their home, so no marks of deleted
	// entries are needed and searches stay short.
	for at := hole; ; {
		if at++; at == n {
			at = 0
		}
		cell := p.cells[at]
		if cell == 0 {
			break
		}
		home := p.home(uint32(cell >> 32))
		if distance(home, at, n) >= distance(hole, at, n) {
			p.cells[hole] = cell
			hole = at
		}
	}
	p.cells[hole] = 0
	p.used--
	if p.used == 0 {
		x.resize(p, 0)
	} else if n > indexMinimum && p.used*5 < n {
		x.resize(p, max(indexMinimum, n/2))
	}
}

// distance is how many cells lie from one to another, around the end of the table if need be.
func distance(from, to, n int) int {
	if to < from {
		to += n
	}
	return to - from
}

// mix folds two words into one hash. With a secret in each it is as good as a keyed hash for the table above.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
