package tailstore

import "unsafe"

// Stats is what a store holds and has done.
type Stats struct {
	Bytes        int // everything: the figure that Config.MaxBytes bounds
	SegmentBytes int // of it, segments at their full size and the memory of freed ones kept for the next
	TableBytes   int // of it, traces, records and the index
	OriginBytes  int // of it, interned resources and scopes

	Traces    int // pending and handed out
	Items     int // of traces
	Origins   int
	Segments  int
	LiveBytes int // stored bytes of the items that are there
	DeadBytes int // bytes in segments that wait for their segment to go: stored bytes of dropped items

	counts
}

// counts only ever grow.
type counts struct {
	AddedItems  uint64 // items stored
	AddedBytes  uint64 // their stored bytes
	Compactions uint64 // segments whose living items were moved
	MovedItems  uint64
	MovedBytes  uint64 // as they are stored where they were moved to
}

func (c *counts) addedBytes(n int) {
	c.AddedItems++
	c.AddedBytes += uint64(n)
}

// Stats counts up the store. It walks the list of segments, which are a few hundred.
func (s *Store[S]) Stats() Stats {
	st := Stats{
		Bytes:        s.bytes(),
		SegmentBytes: s.segmentSum,
		TableBytes:   s.traces.bytes() + s.records.bytes() + s.index.bytes(),
		OriginBytes:  s.origins.bytes(),
		Traces:       s.traces.live,
		Items:        s.records.live - s.unattached,
		Origins:      s.origins.live,
		counts:       s.counts,
	}
	for i := range s.segments {
		if g := &s.segments[i]; g.state != segmentFree {
			st.Segments++
			st.LiveBytes += g.liveBytes
			st.DeadBytes += len(g.data) - g.liveBytes
		}
	}
	return st
}

const segmentStructBytes = int(unsafe.Sizeof(segment{}))
