package gatewaytailsamplingprocessor

import (
	"errors"
	"time"

	"github.com/gatehouse-otel/gatehouse/internal/tailstore"
)

// A request is accepted as a whole or not at all: a sender that is told to come later sends all of it again. So its
// items are put into the stores of all their shards first, one shard after the other and without holding the others'
// locks. When that is done, and what goes past the stores has been taken by the next consumer, nothing can fail any
// more, and the items are attached to their traces.

// put puts the items of a request into their stores. With an error, none of them is there.
func (s *sampler) put(r *request) error {
	r.sort(len(s.shards))
	// What is known to be full is not tried: what would be taken back afterwards may be behind other requests' items.
	for i, sh := range s.shards {
		if len(r.of(i)) > 0 && sh.full.Load() && !sh.makeRoom() {
			return errFull
		}
	}
	err := s.putAll(r)
	if errors.Is(err, tailstore.ErrPutsTooLarge) {
		r.large, r.whole = r.large[:0], true
		err = s.putAll(r)
	}
	return err
}

func (s *sampler) putAll(r *request) error {
	for i, sh := range s.shards {
		if len(r.of(i)) == 0 {
			continue
		}
		if err := sh.put(r, &r.parts[i], r.of(i)); err != nil {
			s.discard(r)
			return err
		}
	}
	return nil
}

// discard takes back what put has put.
func (s *sampler) discard(r *request) {
	for i, sh := range s.shards {
		if part := &r.parts[i]; len(part.puts.Items) > 0 {
			sh.discard(&part.puts)
		}
	}
}

// attach gives the items that were put to their traces. From then on they are received.
func (s *sampler) attach(r *request, now time.Time) {
	for i, sh := range s.shards {
		if len(r.of(i)) > 0 {
			sh.attach(r, &r.parts[i], r.of(i), now)
		}
	}
}

// refuse counts items as refused.
func (s *sampler) refuse(sig signal, n int) {
	s.direct.mu.Lock()
	defer s.direct.mu.Unlock()
	s.direct.accounts.received[sig] += int64(n)
	s.direct.accounts.refused[sig] += int64(n)
}

// put admits the items that are the shard's and puts those that are to be stored. What no store can hold is noted in
// the request.
func (sh *shard) put(r *request, part *partOf, mine []int32) error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	part.decided = sh.decided
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
	var before *itemOf
	for _, i := range mine {
		it := &r.items[i]
		it.large = false
		if id := it.id(r.sig); before != nil && id == before.id(r.sig) {
			it.admission = before.admission
		} else {
			it.admission = sh.admit(id)
		}
		before = it
		if !it.store {
			continue
		}
		if !r.whole && it.scope != scope {
			release()
			err := sh.room(func() (err error) {
				origin, err = sh.store.Origin(r.written(it.scope))
				if errors.Is(err, tailstore.ErrFull) {
					err = sh.store.Full(&part.puts)
				}
				return err
			})
			if err != nil && !errors.Is(err, tailstore.ErrTooLarge) {
				return err
			}
			scope, held = it.scope, err == nil
		}
		err := tailstore.ErrTooLarge
		if held {
			err = sh.room(func() error {
				if r.sig == signalTraces {
					return sh.store.PutSpan(&part.puts, origin, it.span)
				}
				return sh.store.PutLogRecord(&part.puts, origin, it.record)
			})
		}
		switch {
		case err == nil:
			it.bytes = sh.store.PutBytes()
		case errors.Is(err, tailstore.ErrTooLarge):
			it.large = true
			r.large = append(r.large, i)
		default:
			return err
		}
	}
	return nil
}

// attach gives the shard's items to their traces, and counts those that were dropped with theirs.
func (sh *shard) attach(r *request, part *partOf, mine []int32, now time.Time) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	scope := int32(-1)
	defer func() { sh.facts = facts{} }()
	puts := part.puts.Items
	for _, i := range mine {
		it := &r.items[i]
		if it.large {
			continue
		}
		id := it.id(r.sig)
		if it.store {
			item := puts[0]
			puts = puts[1:]
			if sh.decided != part.decided { // the trace may be among them
				it.admission = sh.admit(id)
			}
			if it.store {
				if it.scope != scope {
					scope = it.scope
					r.scopes[scope].read(r.sig, &r.facts)
				}
				if r.sig == signalTraces {
					sh.facts.readSpan(&r.facts, it.span)
				} else {
					sh.facts.readLogRecord(&r.facts, it.record)
				}
				sh.facts.bytes = it.bytes
				sh.added(now, sh.store.Attach(now, tailstore.TraceID(id), item), id, r.sig, it.admission)
				continue
			}
			sh.store.Discard(item)
		}
		sh.accounts.received[r.sig]++
		sh.accounts.dropped[r.sig]++
		sh.accounts.late[0][r.sig]++
	}
	part.puts.Reset()
}

// discard takes items back that were put.
func (sh *shard) discard(puts *tailstore.Puts) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.store.Discard(puts.Items...)
	puts.Reset()
	sh.full.Store(false)
}

// read reads what the items of a scope have in common.
func (sc *scopeOf) read(sig signal, f *originFacts) {
	if sig == signalTraces {
		f.read(sc.resourceSpans.Resource(), sc.scopeSpans.Scope())
		f.resourceSpans, f.spans = sc.resourceSpans, sc.scopeSpans
		return
	}
	f.read(sc.resourceLogs.Resource(), sc.scopeLogs.Scope())
	f.resourceLogs, f.records = sc.resourceLogs, sc.scopeLogs
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
			return errFull
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
