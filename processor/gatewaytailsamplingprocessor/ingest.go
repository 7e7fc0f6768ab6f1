package gatewaytailsamplingprocessor

import (
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/tailstore"
)

// request is an export request taken apart: its items by shard, and its scopes. It is used again.
type request struct {
	sig     signal
	scopes  []scopeOf
	items   []itemOf
	ordered []int32 // items by shard
	starts  []int32 // where each shard's begin in ordered
	large   []int32 // items that no store can hold
	facts   originFacts
}

// scopeOf is a scope with its resource, of one of the signals.
type scopeOf struct {
	resourceSpans ptrace.ResourceSpans
	scopeSpans    ptrace.ScopeSpans
	resourceLogs  plog.ResourceLogs
	scopeLogs     plog.ScopeLogs
}

// itemOf is an item, of one of the signals.
type itemOf struct {
	span   ptrace.Span
	record plog.LogRecord
	scope  int32
	shard  int32
}

// requestKept is how many items a request may have had for its memory to be kept.
const requestKept = 1 << 14

var requests = sync.Pool{New: func() any { return new(request) }}

func (r *request) reset() {
	clear(r.scopes)
	clear(r.items)
	r.scopes, r.items, r.large = r.scopes[:0], r.items[:0], r.large[:0]
	r.facts = originFacts{}
}

// done gives the memory back. Nothing of somebody's telemetry stays in it.
func (r *request) done() {
	r.reset()
	if cap(r.items) <= requestKept {
		requests.Put(r)
	}
}

// id of an item's trace.
func (it *itemOf) id(sig signal) pcommon.TraceID {
	if sig == signalTraces {
		return it.span.TraceID()
	}
	return it.record.TraceID()
}

// spans takes a request of spans apart, and counts those without a trace id, which are left out.
func (s *sampler) spans(td ptrace.Traces) (r *request, withoutID int) {
	r = requests.Get().(*request)
	r.sig = signalTraces
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			scope := int32(len(r.scopes))
			r.scopes = append(r.scopes, scopeOf{resourceSpans: rs, scopeSpans: ss})
			for _, span := range ss.Spans().All() {
				id := span.TraceID()
				if id.IsEmpty() {
					withoutID++
					continue
				}
				r.items = append(r.items, itemOf{span: span, scope: scope, shard: s.shardOf(id)})
			}
		}
	}
	return r, withoutID
}

// logRecords is spans for log records.
func (s *sampler) logRecords(ld plog.Logs) (r *request, withoutID int) {
	r = requests.Get().(*request)
	r.sig = signalLogs
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			scope := int32(len(r.scopes))
			r.scopes = append(r.scopes, scopeOf{resourceLogs: rl, scopeLogs: sl})
			for _, lr := range sl.LogRecords().All() {
				id := lr.TraceID()
				if id.IsEmpty() {
					withoutID++
					continue
				}
				r.items = append(r.items, itemOf{record: lr, scope: scope, shard: s.shardOf(id)})
			}
		}
	}
	return r, withoutID
}

// sort orders the items by shard; those of one shard stay in their order.
func (r *request) sort(shards int) {
	r.starts = append(r.starts[:0], make([]int32, shards+1)...)
	for i := range r.items {
		r.starts[r.items[i].shard+1]++
	}
	for i := range shards {
		r.starts[i+1] += r.starts[i]
	}
	if cap(r.ordered) < len(r.items) {
		r.ordered = make([]int32, len(r.items))
	}
	r.ordered = r.ordered[:len(r.items)]
	for i := range r.items {
		at := &r.starts[r.items[i].shard]
		r.ordered[*at] = int32(i)
		*at++
	}
	// Each start has moved to the next one's.
	copy(r.starts[1:], r.starts[:shards])
	r.starts[0] = 0
}

// store hands the items to their shards. With an error, some or all of them were refused.
func (s *sampler) store(r *request, now time.Time) error {
	r.sort(len(s.shards))
	// A request is refused before anything of it is stored, if that is known: what is stored comes a second time when
	// the request is sent again.
	for i, sh := range s.shards {
		if r.starts[i] < r.starts[i+1] && sh.full.Load() && !sh.makeRoom() {
			s.refuse(r.sig, len(r.items))
			return errFull
		}
	}
	for i, sh := range s.shards {
		mine := r.ordered[r.starts[i]:r.starts[i+1]]
		if len(mine) == 0 {
			continue
		}
		if n, err := s.storeIn(sh, r, mine, now); err != nil {
			s.refuse(r.sig, len(r.items)-int(r.starts[i])-n)
			return err
		}
	}
	return nil
}

// refuse counts items as refused.
func (s *sampler) refuse(sig signal, n int) {
	s.direct.mu.Lock()
	defer s.direct.mu.Unlock()
	s.direct.accounts.received[sig] += int64(n)
	s.direct.accounts.refused[sig] += int64(n)
}

// storeIn stores items in their shard and returns how many were taken before an error.
func (s *sampler) storeIn(sh *shard, r *request, mine []int32, now time.Time) (int, error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	scope := int32(-1)
	var origin tailstore.Origin
	held := false
	release := func() {
		if held {
			sh.store.ReleaseOrigin(origin)
			held = false
		}
	}
	defer release()
	sh.facts = facts{}
	defer func() { sh.facts = facts{} }()
	for n, i := range mine {
		it := &r.items[i]
		id := it.id(r.sig)
		ad := sh.admit(id, r.sig)
		if !ad.store {
			continue
		}
		if it.scope != scope {
			release()
			scope = it.scope
			err := sh.room(func() (err error) {
				origin, err = r.scopes[scope].intern(r.sig, sh.store, &r.facts)
				return err
			})
			if err != nil && !errors.Is(err, tailstore.ErrTooLarge) {
				return n, errFull
			}
			held = err == nil
		}
		if !held { // its resource or scope is too large
			r.large = append(r.large, i)
			sh.accounts.irregular[reasonTooLarge]++
			continue
		}
		if r.sig == signalTraces {
			sh.facts.readSpan(&r.facts, it.span)
		} else {
			sh.facts.readLogRecord(&r.facts, it.record)
		}
		var ref tailstore.Ref
		err := sh.room(func() (err error) {
			if r.sig == signalTraces {
				ref, err = sh.store.AddSpan(now, origin, it.span)
			} else {
				ref, err = sh.store.AddLogRecord(now, origin, it.record)
			}
			return err
		})
		switch {
		case err == nil:
			sh.added(now, ref, id, r.sig, ad)
		case errors.Is(err, tailstore.ErrTooLarge):
			r.large = append(r.large, i)
			sh.accounts.irregular[reasonTooLarge]++
		default:
			return n, errFull
		}
	}
	return len(mine), nil
}

// intern makes a scope known to a store and reads what its items have in common.
func (sc *scopeOf) intern(sig signal, store *tailstore.Store[summary], f *originFacts) (tailstore.Origin, error) {
	if sig == signalTraces {
		f.read(sc.resourceSpans.Resource(), sc.scopeSpans.Scope())
		f.resourceSpans, f.spans = sc.resourceSpans, sc.scopeSpans
		return store.SpanOrigin(sc.resourceSpans, sc.scopeSpans)
	}
	f.read(sc.resourceLogs.Resource(), sc.scopeLogs.Scope())
	f.resourceLogs, f.records = sc.resourceLogs, sc.scopeLogs
	return store.LogOrigin(sc.resourceLogs, sc.scopeLogs)
}

// room does what needs room in the store. While there is none, the oldest traces are decided.
func (sh *shard) room(do func() error) error {
	for {
		err := do()
		if !errors.Is(err, tailstore.ErrFull) {
			return err
		}
		if dropped, _ := sh.decideOldest(triggerPressure); !dropped {
			sh.full.Store(sh.accounts.pending != perSignal{}) // else nothing will leave that makes room
			return err
		}
	}
}

// makeRoom decides the oldest traces of a shard that was full, and reports whether some of them were dropped.
func (sh *shard) makeRoom() bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if !sh.full.Load() {
		return true
	}
	dropped, _ := sh.decideOldest(triggerPressure)
	return dropped
}
