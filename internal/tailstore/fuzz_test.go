package tailstore

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Whatever a decoder lets through comes out as it went in, the second time by way of the dictionary and once more
// after it was moved.
func FuzzRoundTrip(f *testing.F) {
	for _, requests := range recordedTraces(f) {
		b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(requests[0])
		require.NoError(f, err)
		f.Add(b, false)
	}
	for _, requests := range recordedLogs(f) {
		b, err := (&plog.ProtoMarshaler{}).MarshalLogs(requests[0])
		require.NoError(f, err)
		f.Add(b, true)
	}
	b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(oneSpan(TraceID{}, strange))
	require.NoError(f, err)
	f.Add(b, false)
	f.Fuzz(func(t *testing.T, data []byte, logs bool) {
		s := newStore(t, Config{MaxBytes: 32 << 20, SegmentBytes: 64 << 10})
		now := time.Now()
		var want []string
		for range 3 {
			if logs {
				ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
				if err != nil {
					return
				}
				want = append(want, recordBytes(t, ld)...)
				addLogs(t, s, now, ld)
			} else {
				td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
				if err != nil {
					return
				}
				want = append(want, spanBytes(t, td)...)
				addTraces(t, s, now, td)
			}
		}
		if s.young.segment >= 0 && len(want) > 0 {
			g := s.young.segment
			s.seal(&s.young)
			if s.segments[g].state == segmentSealed {
				s.segments[g].state = segmentSparse
				s.sparse++
				require.True(t, s.compact(uint16(g)))
			}
		}
		checkAccounts(t, s)
		b := drain(t, s)
		checkAccounts(t, s)
		if logs {
			ld, err := b.Logs()
			require.NoError(t, err)
			sameItems(t, want, recordBytes(t, ld))
			return
		}
		td, err := b.Traces()
		require.NoError(t, err)
		sameItems(t, want, spanBytes(t, td))
	})
}

// Reading stays within the bytes of a segment and within the limit of an item, whatever they are.
func FuzzRead(f *testing.F) {
	s := newStore(f, Config{})
	for range 4 {
		addTraces(f, s, time.Now(), oneSpan(TraceID{1}, strange))
	}
	entries := make([]byte, 0, len(s.young.entries)*8)
	for _, e := range s.young.entries {
		entries = binary.LittleEndian.AppendUint32(entries, e.off)
		entries = binary.LittleEndian.AppendUint16(entries, e.key)
		entries = binary.LittleEndian.AppendUint16(entries, e.succ)
	}
	data := s.segments[s.young.segment].data
	f.Add(data, entries, uint16(0), false)
	f.Add(data, entries, uint16(len(data)/2), true)
	f.Fuzz(func(t *testing.T, data, table []byte, at uint16, logs bool) {
		var entries []entry
		for ; len(table) >= 8; table = table[8:] {
			entries = append(entries, entry{
				off: binary.LittleEndian.Uint32(table), key: binary.LittleEndian.Uint16(table[4:]),
				succ: binary.LittleEndian.Uint16(table[6:]),
			})
		}
		h, ok := readHeader(data, int(at))
		if !ok {
			return
		}
		x := expander{limit: 1 << 20}
		x.r.open(data, entries, 0, h.body, int(at)+h.size)
		signal := SignalTraces
		var err error
		var out []byte
		if logs {
			signal = SignalLogs
			out, err = x.logRecord(nil, TraceID{})
		} else {
			out, err = x.span(nil, TraceID{})
		}
		if err == nil && logs {
			_, err = new(plog.ProtoUnmarshaler).UnmarshalLogs(wrap(out))
			require.NoError(t, err)
		} else if err == nil {
			_, err = new(ptrace.ProtoUnmarshaler).UnmarshalTraces(wrap(out))
			require.NoError(t, err)
		}
		e := encoder{dict: newDict(minSegmentBytes)}
		e.reset()
		e.begin(0)
		x.r.open(data, entries, 0, h.body, int(at)+h.size)
		_ = transcode(&x.r, &e, signal)
	})
}

// wrap makes a request of one item.
func wrap(item []byte) []byte {
	scope := appendText(nil, envelopeItems, item)
	return appendText(nil, dataResources, appendText(nil, envelopeItems, scope))
}

// FuzzOperations lets the input choose the operations of the model test.
func FuzzOperations(f *testing.F) {
	f.Add(uint64(1), uint16(300), false)
	f.Add(uint64(2), uint16(2000), true)
	f.Fuzz(func(t *testing.T, seed uint64, steps uint16, small bool) {
		cfg := Config{
			MaxBytes: 2 << 20, SegmentBytes: minSegmentBytes,
			Delays: []time.Duration{time.Second, 100 * time.Millisecond},
		}
		if small {
			cfg.MaxBytes = 256 << 10
		}
		m := newModel(t, seed, cfg)
		for range steps % 4096 {
			m.step()
		}
		m.settled()
	})
}
