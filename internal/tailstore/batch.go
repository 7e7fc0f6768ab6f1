package tailstore

import (
	"bytes"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Batch collects the items of many traces, and turns them back into pdata: one ResourceSpans for each resource, one
// ScopeSpans for each scope in it, the items in the order in which they were read. It is filled by Read, of any
// number of stores, and keeps its memory for the next batch.
type Batch struct {
	groups   []group
	byOrigin map[string]int // by blob: an origin's number may have another meaning when the next trace is read
	last     int            // group of the last item
	items    [2]int         // by signal
	bytes    int            // of origins and items
	item     []byte
	frame    []byte
	spare    [][]byte // memory of earlier groups, largest last
	kept     int      // bytes of it
}

// group is the items of one origin.
type group struct {
	blob     []byte // a copy of the origin's: the origin may be gone before the batch is
	signal   Signal
	resource []byte // as in origin.blob
	scope    []byte
	items    []byte // each as a field of ScopeSpans or ScopeLogs
}

// Spans returns how many spans the batch holds.
func (b *Batch) Spans() int { return b.items[SignalTraces] }

// LogRecords returns how many log records the batch holds.
func (b *Batch) LogRecords() int { return b.items[SignalLogs] }

// Bytes returns how many bytes the batch is as OTLP: its items, and the resource of each scope once.
func (b *Batch) Bytes() int { return b.bytes }

// Reset empties the batch.
func (b *Batch) Reset() {
	b.spare, b.kept = b.spare[:0], 0
	for i := range b.groups {
		if items := b.groups[i].items; b.kept+cap(items) <= batchKept {
			b.spare = append(b.spare, items[:0])
			b.kept += cap(items)
		}
	}
	slices.SortFunc(b.spare, func(x, y []byte) int { return cap(x) - cap(y) })
	if len(b.groups) > groupsKept {
		b.groups, b.byOrigin = nil, nil
	}
	clear(b.groups)
	b.groups = b.groups[:0]
	clear(b.byOrigin)
	b.items, b.bytes = [2]int{}, 0
	if cap(b.frame) > batchKept {
		b.frame = nil
	}
	if cap(b.item) > scratchKept {
		b.item = nil
	}
}

// groupsKept is how many origins a batch may have had for their table to be kept for the next one.
const groupsKept = 1 << 12

// batchKept is how large the memory of a batch may be to be kept for the next one.
const batchKept = 16 << 20

// Traces returns the spans of the batch. The batch stays as it is.
func (b *Batch) Traces() (ptrace.Traces, error) {
	b.framed(SignalTraces)
	var decoder ptrace.ProtoUnmarshaler
	td, err := decoder.UnmarshalTraces(b.frame)
	if err != nil {
		return ptrace.Traces{}, fmt.Errorf("rebuild spans: %w", err)
	}
	return td, nil
}

// Logs returns the log records of the batch. The batch stays as it is.
func (b *Batch) Logs() (plog.Logs, error) {
	b.framed(SignalLogs)
	var decoder plog.ProtoUnmarshaler
	ld, err := decoder.UnmarshalLogs(b.frame)
	if err != nil {
		return plog.Logs{}, fmt.Errorf("rebuild log records: %w", err)
	}
	return ld, nil
}

// framed writes the items of a signal as a TracesData or LogsData message.
func (b *Batch) framed(signal Signal) {
	var order []string // resources
	scopes := make(map[string][]int)
	for i := range b.groups {
		g := &b.groups[i]
		if g.signal != signal {
			continue
		}
		if _, ok := scopes[string(g.resource)]; !ok {
			order = append(order, string(g.resource))
		}
		scopes[string(g.resource)] = append(scopes[string(g.resource)], i)
	}
	b.frame = b.frame[:0]
	for _, resource := range order {
		size := len(resource)
		for _, i := range scopes[resource] {
			size += sizeField(b.groups[i].size())
		}
		b.frame = appendLen(b.frame, dataResources, size)
		b.frame = append(b.frame, resource...)
		for _, i := range scopes[resource] {
			g := &b.groups[i]
			b.frame = appendLen(b.frame, envelopeItems, g.size())
			b.frame = append(b.frame, g.scope...)
			b.frame = append(b.frame, g.items...)
		}
	}
}

// dataResources is the field of TracesData and LogsData.
const dataResources = 1

func (g *group) size() int { return len(g.scope) + len(g.items) }

// group returns the group of an origin.
func (b *Batch) group(blob []byte) (*group, error) {
	if b.last < len(b.groups) && bytes.Equal(b.groups[b.last].blob, blob) {
		return &b.groups[b.last], nil
	}
	i, ok := b.byOrigin[string(blob)]
	if !ok {
		blob = bytes.Clone(blob)
		signal, resource, scope, err := split(blob)
		if err != nil {
			return nil, err
		}
		if b.byOrigin == nil {
			b.byOrigin = make(map[string]int)
		}
		i = len(b.groups)
		b.byOrigin[string(blob)] = i
		g := group{blob: blob, signal: signal, resource: resource, scope: scope}
		if last := len(b.spare) - 1; last >= 0 {
			g.items = b.spare[last]
			b.spare = b.spare[:last]
		}
		b.groups = append(b.groups, g)
		b.bytes += len(blob)
	}
	b.last = i
	return &b.groups[i], nil
}

// Read appends a trace's items to a batch, in the order in which they were added. The trace stays. An item that cannot
// be read is left out and reported, the others are in the batch.
func (s *Store[S]) Read(ref Ref, b *Batch) error {
	_, t := s.resolve(ref)
	if t == nil {
		return ErrStale
	}
	var errs error
	for n := t.head; n != noRecord; {
		rec := s.records.at(n)
		if err := s.readItem(t.id, rec, b); err != nil && errs == nil {
			errs = err
		}
		n = rec.next
	}
	return errs
}

func (s *Store[S]) readItem(id TraceID, rec *record, b *Batch) error {
	g := &s.segments[rec.seg]
	end := int(rec.off) + int(rec.size)
	if rec.size == 0 {
		end = len(g.data)
	}
	h, ok := readHeader(g.data, int(rec.off))
	var from *origin
	if ok && h.origin < uint64(noRecord) {
		from = s.origins.peek(uint32(h.origin))
	}
	if from == nil || end > len(g.data) {
		return errCorrupt
	}
	out, err := b.group(from.blob)
	if err != nil {
		return err
	}
	entries := g.entries
	switch int(rec.seg) {
	case s.young.segment:
		entries = s.young.entries
	case s.moved.segment:
		entries = s.moved.entries
	}
	s.expand.r.open(g.data, entries, g.base, h.body, end)
	if out.signal == SignalTraces {
		b.item, err = s.expand.span(b.item[:0], id)
	} else {
		b.item, err = s.expand.logRecord(b.item[:0], id)
	}
	s.expand.shrink()
	if err != nil {
		return err
	}
	out.items = appendText(out.items, envelopeItems, b.item)
	b.bytes += sizeField(len(b.item))
	b.items[out.signal]++
	return nil
}
