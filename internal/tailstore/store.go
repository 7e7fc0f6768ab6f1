package tailstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"
)

// Config sizes a store.
type Config struct {
	// MaxBytes bounds everything the store keeps: segments, tables and origins. One segment of it is set aside so that
	// compaction always has room to move into.
	MaxBytes int
	// SegmentBytes is the size of a segment, 0 for DefaultSegmentBytes.
	SegmentBytes int
	// Delays are the queues and how long each keeps a trace. A new trace enters queue 0.
	Delays []time.Duration
}

// DefaultSegmentBytes is large enough that a segment's dictionary is learned once for thousands of items, and small
// enough that a segment is soon free again.
const DefaultSegmentBytes = 1 << 20

const (
	minSegmentBytes = 16 << 10
	maxSegmentBytes = 16 << 20
	// minSegments is how many segments the smallest store has room for: one open, one open for what compaction moves,
	// one set aside, the dictionaries and tables, and some to be full.
	minSegments = 16
	// ownShare: an item that is longer than this share of a segment gets a segment of its own.
	ownShare = 8
	// longestShared is the longest item that a record can tell the length of.
	longestShared = 1<<16 - 1
	// longestItem bounds an item's size as OTLP bytes. Reading a corrupt one ends there.
	longestItem = 1 << 28
	// longestDelay is as good as for ever, and can be added to a time.
	longestDelay = 1 << 62
	// scratchKept is how large a buffer may be to be kept for the next item.
	scratchKept = 64 << 10
)

var (
	// ErrFull is returned when an item does not fit into MaxBytes now. Nothing has changed: after traces were dropped
	// the same call can succeed.
	ErrFull = errors.New("store is full")
	// ErrTooLarge is returned for an item that takes more than half of MaxBytes, or is longer than 256 MiB as OTLP, and
	// for a resource and scope that take more than an eighth. It will not fit later either.
	ErrTooLarge = errors.New("item is larger than the store can hold")
	// ErrPutsTooLarge is returned when the items that were put together take more than half of MaxBytes and the next one
	// does not fit now. Nothing has changed. Waiting may help, but only when hardly anything else is stored.
	ErrPutsTooLarge = errors.New("items that belong together are larger than the store can hold")
	// ErrStale is returned for a reference to a trace that was dropped.
	ErrStale = errors.New("no such trace in the store")
)

// TraceID is the id of a trace. Any value is one; that of zeros is no exception here.
type TraceID [16]byte

// Ref refers to a trace from Attach until Drop.
type Ref uint64

// Store keeps the items of undecided traces. S is what the caller knows about a trace, its summary: a struct without
// pointers, kept beside the trace, zero when the trace is new.
//
// A Store is for one goroutine at a time. It takes no locks: who wants more cores keeps one store for each and sends a
// trace always to the same one.
type Store[S any] struct {
	max, limit   int // MaxBytes, and of that what may be used to add
	segmentBytes int
	ownFrom      int // items longer than this get a segment of their own

	epoch  time.Time
	now    int64 // ns since epoch
	queues []queue

	traces  slab[trace[S], *trace[S]]
	records slab[record, *record]
	index   index
	secret  [2]uint64

	segments     []segment
	freeSegments []uint16
	spare        [][]byte // memory of freed segments, for the next ones
	young        opened   // items arrive here
	moved        opened   // compaction moves items here
	plain        encoder  // for segments of their own
	serial       uint64   // of the segment opened last
	lastThin     uint64   // highest serial of a segment that was freed or became a candidate for compaction
	sparse       int      // candidates for compaction
	segmentSum   int      // bytes of all segments and of the spare memory
	turn         uint32   // generation of the trace added last
	starved      bool     // there was no room for something: see sealDead
	recent       uint32   // trace that was attached to last
	unattached   int      // items that were put and belong to no trace yet
	promised     int      // traces that these may begin

	origins origins
	expand  expander
	counts  counts
}

// opened is an open segment and what writes to it.
type opened struct {
	encoder
	segment int  // number; -1: none is open
	full    bool // an item did not fit
}

type trace[S any] struct {
	id         TraceID
	since      int64  // when it was put into its queue, ns on the store's clock
	prev, next uint32 // in its queue
	turn       uint32 // upper 24 bits: generation, another for each trace; below: where the trace is
	items      uint32
	head, tail uint32 // records
	summary    S
}

func (t *trace[S]) link() *uint32 { return &t.next }

// words are the id in two numbers.
func (id TraceID) words() (uint64, uint64) {
	return binary.LittleEndian.Uint64(id[:]), binary.LittleEndian.Uint64(id[8:])
}

// New makes an empty store. It fails on a configuration that cannot work and on a summary with pointers.
func New[S any](cfg Config) (*Store[S], error) {
	if cfg.SegmentBytes == 0 {
		cfg.SegmentBytes = DefaultSegmentBytes
	}
	var err error
	if cfg.SegmentBytes < minSegmentBytes || cfg.SegmentBytes > maxSegmentBytes {
		err = errors.Join(err, fmt.Errorf("segment bytes: %d, want %d to %d",
			cfg.SegmentBytes, minSegmentBytes, maxSegmentBytes))
	}
	if least := minSegments * cfg.SegmentBytes; cfg.MaxBytes < least {
		err = errors.Join(err, fmt.Errorf("max bytes: %d, want at least %d, which is %d segments",
			cfg.MaxBytes, least, minSegments))
	}
	if len(cfg.Delays) == 0 || len(cfg.Delays) > maxQueues {
		err = errors.Join(err, fmt.Errorf("delays: %d of them, want 1 to %d", len(cfg.Delays), maxQueues))
	}
	for _, d := range cfg.Delays {
		if d < 0 {
			err = errors.Join(err, fmt.Errorf("delays: %v, want 0 or more", d))
		}
	}
	if t := reflect.TypeFor[S](); hasPointers(t) {
		err = errors.Join(err, fmt.Errorf("summary: %v holds pointers, want numbers, arrays and structs of them", t))
	}
	if err != nil {
		return nil, fmt.Errorf("tail store: %w", err)
	}
	s := &Store[S]{
		max:          cfg.MaxBytes,
		segmentBytes: cfg.SegmentBytes,
		ownFrom:      min(cfg.SegmentBytes/ownShare, longestShared),
		secret:       [2]uint64{rand.Uint64(), rand.Uint64()},
	}
	for _, d := range cfg.Delays {
		s.queues = append(s.queues, queue{delay: min(int64(d), longestDelay), head: noRecord, tail: noRecord})
	}
	s.traces.perBits, s.records.perBits = chunkBits(cfg.MaxBytes), chunkBits(cfg.MaxBytes)+1
	s.origins.perBits = max(6, chunkBits(cfg.MaxBytes)-2)
	s.young = opened{encoder: encoder{dict: newDict(cfg.SegmentBytes)}, segment: -1}
	s.moved = opened{encoder: encoder{dict: newDict(cfg.SegmentBytes)}, segment: -1}
	// Set aside: what compaction may open, with the dictionary of the segment that it seals for it.
	s.limit = cfg.MaxBytes - cfg.SegmentBytes - s.moved.limit*entryBytes
	s.plain.plain = true
	s.expand.limit = longestItem
	return s, nil
}

// chunkBits sizes the chunks of the tables: small for a small store, which could not spare a large one.
func chunkBits(maxBytes int) uint {
	bits := uint(6)
	for bits < 10 && 1<<(bits+14) < maxBytes {
		bits++
	}
	return bits
}

func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if hasPointers(f.Type) {
				return true
			}
		}
		return false
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return false
	}
	return true
}
