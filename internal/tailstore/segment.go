package tailstore

import (
	"encoding/binary"
	"unsafe"
)

// segment is a stretch of memory that items are appended to and never changed in. It holds all that is needed to read
// them, so it goes as a whole when the last one is gone. Its two arrays hold no Go pointers: the garbage collector
// does not look into them.
type segment struct {
	data    []byte   // items, one behind the other
	entries []entry  // dictionary; of an open segment it is its encoder's
	origins []uint32 // origins of the items, each once; the segment holds a reference to each
	base    uint64   // times of items are stored as distances from this one, Unix ns

	serial    uint64
	live      int   // items of traces that are still there
	liveBytes int   // of these, headers included
	state     uint8 // one of the below
	moved     bool  // holds items that compaction put here; it will not move them again
}

// States of a segment.
const (
	segmentFree uint8 = iota // the number may be given to another
	segmentOpen              // items are appended to it
	segmentSealed
	segmentSparse // sealed, and little of it is alive: a candidate for compaction
)

// entry is one line of a segment's dictionary: a key, or a key with a value. Entry 0 stands for the beginning of an
// item.
type entry struct {
	off  uint32 // a key: where its length and text stand in data. A pair: where its value stands
	key  uint16 // a key: keyEntry, or pseudoEntry. A pair: the number of its key's entry
	succ uint16 // the entry that is expected next, 0: none. Written once, as stored items rely on it
}

const (
	keyEntry    = 0xffff
	pseudoEntry = 0xfffe // key of something that is not an attribute, like a span's name; its number tells which
	maxEntries  = 0x1000
	entryBytes  = int(unsafe.Sizeof(entry{}))
)

// Items begin with a header:
//
//	4 bytes  number of the item's record, which tells compaction whether the item is still there
//	2 bytes  length of the item, header included; 0 in a segment of its own, which is as long as the item
//	varint   number of the item's origin
const headerBytes = 6

func putHeader(item []byte, record uint32, shared bool) {
	binary.LittleEndian.PutUint32(item, record)
	if shared {
		binary.LittleEndian.PutUint16(item[4:], uint16(len(item)))
	}
}

// header is what an item begins with.
type header struct {
	record uint32
	origin uint64
	body   int // where the rest begins
	size   int // of the item
}

// readHeader reads the header of the item that begins at a place in data.
func readHeader(data []byte, at int) (header, bool) {
	if at < 0 || at+headerBytes > len(data) {
		return header{}, false
	}
	h := header{
		record: binary.LittleEndian.Uint32(data[at:]),
		size:   int(binary.LittleEndian.Uint16(data[at+4:])),
	}
	if h.size == 0 {
		h.size = len(data) - at
	}
	var n int
	h.origin, n = binary.Uvarint(data[at+headerBytes:])
	h.body = at + headerBytes + n
	return h, n > 0 && h.body <= at+h.size && at+h.size <= len(data)
}

// record is one item of a trace.
type record struct {
	next uint32 // the trace's next item, in the order of arrival
	off  uint32 // in its segment's data
	seg  uint16 // number of its segment; noSegment when the record is free
	size uint16 // of the item, header included; 0: as long as its segment
}

func (r *record) link() *uint32 { return &r.next }

// noSegment is a number no segment has, and with it the bound of segments that are there at a time.
const noSegment = 0xffff

// bytes is what the segment takes, without its place in the list of segments and what an open one borrows.
func (g *segment) bytes() int {
	n := cap(g.data) + cap(g.origins)*4
	if g.state != segmentOpen {
		n += cap(g.entries) * entryBytes
	}
	return n
}
