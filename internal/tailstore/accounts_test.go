package tailstore

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// checkAccounts counts the store up from the bottom.
func checkAccounts[S any](tb testing.TB, s *Store[S]) {
	tb.Helper()
	sum := 0
	live := make([]int, len(s.segments))
	liveBytes := make([]int, len(s.segments))
	refs := make(map[uint32]int) // of origins
	items, traces := 0, 0
	for n := range s.traces.chunks {
		for i := range s.traces.chunks[n].records {
			t := s.traces.at(uint32(n<<s.traces.perBits | i))
			if uint32(i) >= s.traces.chunks[n].fresh || t.place() == free {
				continue
			}
			traces++
			at := items
			for r := t.head; r != noRecord; r = s.records.at(r).next {
				rec := s.records.at(r)
				size := int(rec.size)
				if size == 0 {
					size = len(s.segments[rec.seg].data)
				}
				live[rec.seg]++
				liveBytes[rec.seg] += size
				items++
			}
			require.Equal(tb, int(t.items), items-at)
		}
	}
	for i := range s.segments {
		g := &s.segments[i]
		require.Equal(tb, live[i], g.live)
		require.Equal(tb, liveBytes[i], g.liveBytes)
		if g.state == segmentFree {
			require.Nil(tb, g.data)
			continue
		}
		if g.state != segmentOpen {
			require.Positive(tb, g.live, "a sealed segment without living items is free")
		}
		sum += g.bytes()
		for _, o := range g.origins {
			refs[o]++
		}
	}
	for _, b := range s.spare {
		sum += cap(b)
	}
	require.Equal(tb, sum, s.segmentSum)
	require.Equal(tb, items, s.records.live)
	require.Zero(tb, s.unattached)
	require.Zero(tb, s.promised)
	require.Equal(tb, traces, s.traces.live)
	stored := 0
	for c := range s.origins.chunks {
		for i := range s.origins.chunks[c].records {
			at := &s.origins.chunks[c].records[i]
			require.EqualValues(tb, refs[uint32(c<<s.origins.perBits|i)], at.refs)
			stored += len(at.blob)
		}
	}
	require.Equal(tb, stored, s.origins.stored)
	cells, used := 0, 0
	for i := range s.index.parts {
		cells += len(s.index.parts[i].cells)
		used += s.index.parts[i].used
	}
	require.Equal(tb, cells, s.index.cells)
	require.LessOrEqual(tb, used, traces)
}
