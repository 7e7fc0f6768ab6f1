package gatewaytest

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// Batch is one export request of either signal.
type Batch struct {
	IsLogs bool
	Traces ptrace.Traces // valid unless IsLogs
	Logs   plog.Logs     // valid if IsLogs
}

// Clone returns a copy that shares nothing.
func (b Batch) Clone() Batch {
	out := Batch{IsLogs: b.IsLogs}
	if b.IsLogs {
		out.Logs = plog.NewLogs()
		b.Logs.CopyTo(out.Logs)
	} else {
		out.Traces = ptrace.NewTraces()
		b.Traces.CopyTo(out.Traces)
	}
	return out
}

// Len is the number of spans or records.
func (b Batch) Len() int {
	if b.IsLogs {
		return b.Logs.LogRecordCount()
	}
	return b.Traces.SpanCount()
}

// Text renders the whole batch.
func (b Batch) Text() string {
	if b.IsLogs {
		return Logs(b.Logs)
	}
	return Traces(b.Traces)
}

// Bytes is the OTLP protobuf form of a copy whose attributes are in the order of their keys: two batches are equal
// as telemetry if and only if their bytes are.
func (b Batch) Bytes() ([]byte, error) {
	b = b.Clone()
	for m := range b.Maps() {
		sortMap(m)
	}
	if b.IsLogs {
		return (&plog.ProtoMarshaler{}).MarshalLogs(b.Logs)
	}
	return (&ptrace.ProtoMarshaler{}).MarshalTraces(b.Traces)
}

// Maps goes through every attribute map of the batch: resources, scopes, items, events and links. Nested maps are
// not visited.
func (b Batch) Maps() func(yield func(pcommon.Map) bool) {
	return func(yield func(pcommon.Map) bool) {
		if b.IsLogs {
			for _, rl := range b.Logs.ResourceLogs().All() {
				if !yield(rl.Resource().Attributes()) {
					return
				}
				for _, sl := range rl.ScopeLogs().All() {
					if !yield(sl.Scope().Attributes()) {
						return
					}
					for _, r := range sl.LogRecords().All() {
						if !yield(r.Attributes()) {
							return
						}
					}
				}
			}
			return
		}
		for _, rs := range b.Traces.ResourceSpans().All() {
			if !yield(rs.Resource().Attributes()) {
				return
			}
			for _, ss := range rs.ScopeSpans().All() {
				if !yield(ss.Scope().Attributes()) {
					return
				}
				for _, s := range ss.Spans().All() {
					if !spanMaps(s, yield) {
						return
					}
				}
			}
		}
	}
}

func spanMaps(s ptrace.Span, yield func(pcommon.Map) bool) bool {
	if !yield(s.Attributes()) {
		return false
	}
	for _, e := range s.Events().All() {
		if !yield(e.Attributes()) {
			return false
		}
	}
	for _, l := range s.Links().All() {
		if !yield(l.Attributes()) {
			return false
		}
	}
	return true
}

// sortMap orders a map by key. Keys that occur twice keep the order of their values.
func sortMap(m pcommon.Map) {
	type entry struct {
		key   string
		value pcommon.Value
	}
	entries := make([]entry, 0, m.Len())
	for k, v := range m.All() {
		value := pcommon.NewValueEmpty()
		v.CopyTo(value)
		entries = append(entries, entry{k, value})
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	// A map cannot be given one key twice, so a repeated one gets a name of its own.
	m.Clear()
	for i, e := range entries {
		key := e.key
		if i > 0 && entries[i-1].key == key {
			key = fmt.Sprintf("%s (%d)", key, i)
		}
		e.value.MoveTo(m.PutEmpty(key))
	}
}

// Capture is one file of recorded telemetry.
type Capture struct {
	replay.Capture
	// Batches are the export requests. They are shared by all tests: clone before changing.
	Batches []Batch
}

// Clone returns copies of the batches.
func (c Capture) Clone() []Batch {
	out := make([]Batch, len(c.Batches))
	for i, b := range c.Batches {
		out[i] = b.Clone()
	}
	return out
}

var loadOnce = sync.OnceValues(load)

// Captures returns every capture of the repository, decoded, in order of path.
func Captures(tb testing.TB) []Capture {
	tb.Helper()
	captures, err := loadOnce()
	if err != nil {
		tb.Fatal(err)
	}
	return captures
}

// Find returns the capture of a name such as "kong/3.9.3-traces.jsonl".
func Find(tb testing.TB, name string) Capture {
	tb.Helper()
	for _, c := range Captures(tb) {
		if c.String() == name {
			return c
		}
	}
	tb.Fatalf("no capture %q", name)
	return Capture{}
}

func load() ([]Capture, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	files, err := replay.All(filepath.Join(root, "tests", "captures"))
	if err != nil {
		return nil, err
	}
	captures := make([]Capture, 0, len(files))
	for _, f := range files {
		c := Capture{Capture: f}
		if f.Signal == replay.SignalLogs {
			batches, err := f.Logs()
			if err != nil {
				return nil, err
			}
			for _, ld := range batches {
				c.Batches = append(c.Batches, Batch{IsLogs: true, Logs: ld})
			}
		} else {
			batches, err := f.Traces()
			if err != nil {
				return nil, err
			}
			for _, td := range batches {
				c.Batches = append(c.Batches, Batch{Traces: td})
			}
		}
		captures = append(captures, c)
	}
	return captures, nil
}

// moduleRoot is the folder of go.mod above the test's own.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod above %s", dir)
		}
		dir = parent
	}
}
