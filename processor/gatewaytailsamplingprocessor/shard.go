package gatewaytailsamplingprocessor

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/tailstore"
)

// Queues of a shard's store.
const (
	queueWait   = iota // until the entry span arrives
	queueLinger        // it has arrived
	queueLate          // decided already: late items of a kept trace, collected for a moment
)

// lateDelay is how long late items are collected before they are sent, so that they go out as a batch.
const lateDelay = time.Second

// shard holds the traces of some ids. Everything in it is used under its lock, but for what is said to be otherwise.
type shard struct {
	rules   *ruleSet
	dryRun  bool
	epoch   time.Time
	largest int           // trace, as OTLP bytes: see added
	wake    chan struct{} // tells the worker that there is something to send; not under the lock

	full atomic.Bool // the store refused an item and nothing left it since; also read without the lock

	mu        sync.Mutex
	store     *tailstore.Store[summary]
	texts     interner
	memory    memory
	accounts  accounts
	abandoned bool            // what was there is accounted for as lost
	decided   uint64          // traces so far
	out       []tailstore.Ref // decided traces on their way out, in order
	taken     int             // how many of them are in a batch already
	facts     facts           // of the item that is being added
	states    stateReader
	scratch   []byte
	batch     tailstore.Batch // for policies that must see the spans
}

// errFull is returned when there is no room even after the oldest traces were decided. It may be retried.
var errFull = errors.New("gateway_tail_sampling: max_bytes is reached and the oldest traces, decided early, have not made room yet: try again later")

// tick is a time in the unit of summary.arrived.
func (sh *shard) tick(now time.Time) uint32 {
	return uint32(now.Sub(sh.epoch) * ticksPerSecond / time.Second)
}

// admission is what is known about an item before it is stored.
type admission struct {
	store   bool // else it is dropped with its trace
	late    bool // its trace was decided before, as follows
	kept    bool
	verdict verdict
}

// admit looks whether the trace of an item has been decided. What it finds holds until the shard decides the next trace.
func (sh *shard) admit(id pcommon.TraceID) admission {
	if _, pending := sh.store.Find(tailstore.TraceID(id)); pending {
		return admission{store: true}
	}
	v, keep, known := sh.memory.recall(id)
	if !known {
		return admission{store: true}
	}
	if keep || sh.dryRun {
		return admission{store: true, late: true, kept: keep, verdict: v}
	}
	return admission{}
}

// added merges the item in sh.facts, which was stored, into its trace.
//
// A trace that has become larger than it may be is decided at once, and what follows goes by that decision: equal items
// take next to nothing in the store, but a trace is sent as a whole, and somebody could have it grow to whatever size.
func (sh *shard) added(now time.Time, ref tailstore.Ref, id pcommon.TraceID, sig signal, ad admission) {
	sh.merge(now, ref, id, sig, ad)
	s := sh.store.Summary(ref)
	s.size += uint32(sh.facts.bytes/sizeUnit) + 1
	if int(s.size)*sizeUnit > sh.largest && sh.store.Take(ref) {
		sh.decide(ref, triggerPressure)
	}
}

func (sh *shard) merge(now time.Time, ref tailstore.Ref, id pcommon.TraceID, sig signal, ad admission) {
	sh.accounts.received[sig]++
	sh.accounts.pending[sig]++
	s := sh.store.Summary(ref)
	f := &sh.facts
	if s.state == stateNew {
		s.begin(id, sh.tick(now))
		if ad.late {
			s.state, s.at, s.rule, s.trigger = stateKept, ad.verdict.threshold(), ad.verdict.rule(), triggerLate
			if !ad.kept {
				s.state = stateMarked
			}
			sh.reschedule(now, ref, queueLate)
		}
	}
	if f.endsBefore {
		sh.accounts.irregular[reasonEndsBefore]++
	}
	var irregular irregularity
	if f.log {
		irregular = s.mergeLogRandomness(f)
	} else {
		irregular = s.mergeRandomness(f.span.TraceState().AsRaw(), &sh.states)
	}
	switch irregular {
	case irregularState:
		sh.accounts.irregular[reasonTraceState]++
	case irregularThreshold:
		sh.accounts.irregular[reasonThreshold]++
	}
	if s.decided() {
		if f.log {
			s.logs++
		}
		keep := 0
		if s.state == stateKept {
			keep = 1
		}
		sh.accounts.late[keep][sig]++
		return
	}
	if s.merge(f, sh.rules, &sh.texts) {
		sh.reschedule(now, ref, queueLinger)
	}
	if f.askedInVain {
		sh.accounts.irregular[reasonCondition]++
	}
}

func (sh *shard) reschedule(now time.Time, ref tailstore.Ref, queue int) {
	// It fails for a trace that is not there or a queue that does not exist; both were just made.
	_ = sh.store.Schedule(now, ref, queue)
}

// decideDue decides some of the traces that are due and reports whether there may be more.
func (sh *shard) decideDue(now time.Time) bool {
	for range decideAtOnce {
		ref, ok := sh.store.Next(now)
		if !ok {
			return false
		}
		t := triggerWait
		if sh.store.Summary(ref).rank >= rankEntry {
			t = triggerEntry
		}
		sh.decide(ref, t)
	}
	return true
}

// decideAtOnce is how many traces are decided under the lock before whoever waits for it gets it.
const decideAtOnce = 256

// decideOldest decides some traces before they are due. It reports whether any were dropped, and whether there may be
// more.
func (sh *shard) decideOldest(t trigger) (dropped, more bool) {
	for range decideAtOnce {
		ref, ok := sh.store.Oldest()
		if !ok {
			return dropped, false
		}
		if sh.decide(ref, t) {
			dropped = true
		}
	}
	return dropped, true
}

// decide decides about a trace that was handed out, and reports whether it was dropped.
func (sh *shard) decide(ref tailstore.Ref, t trigger) bool {
	s := sh.store.Summary(ref)
	if s.decided() { // late items of a trace that was kept
		sh.send(ref)
		return false
	}
	sh.decided++
	id, _ := sh.store.ID(ref)
	number, threshold := sh.rules.decide(s, &sh.texts, sh.scratch)
	if number == sh.rules.none() && len(sh.rules.policyNames) > 0 {
		number, threshold = sh.rules.decidePolicies(&asking{
			id: pcommon.TraceID(id), s: s, spans: sh.items(ref)[signalTraces], now: time.Now(),
			read: sync.OnceValue(func() ptrace.Traces { return sh.read(ref) }),
		})
	}
	for i, n := range s.keys {
		sh.texts.release(n)
		s.keys[i] = 0
	}
	random := s.random & randomMask
	s.at, s.rule, s.trigger = threshold, uint8(number), t
	if threshold <= random {
		s.state = stateKept
		sh.memory.keep(pcommon.TraceID(id), newVerdict(threshold, s.rule))
		sh.accounts.traces[number].kept[t]++
		sh.send(ref)
		return false
	}
	sh.memory.drop(pcommon.TraceID(id), s.rule)
	sh.accounts.traces[number].dropped[t]++
	if sh.dryRun {
		s.state = stateMarked
		sh.send(ref)
		return false
	}
	n := sh.forget(ref)
	sh.accounts.dropped.add(n)
	return true
}

// read returns the spans of a trace.
func (sh *shard) read(ref tailstore.Ref) ptrace.Traces {
	defer sh.batch.Reset()
	if err := sh.store.Read(ref, &sh.batch); err != nil {
		return ptrace.NewTraces() // it is told when the trace is sent
	}
	td, err := sh.batch.Traces()
	if err != nil {
		return ptrace.NewTraces()
	}
	return td
}

// send puts a decided trace in line for the next consumer.
func (sh *shard) send(ref tailstore.Ref) {
	sh.out = append(sh.out, ref)
	if len(sh.line()) == 1 {
		select {
		case sh.wake <- struct{}{}:
		default: // it has been told
		}
	}
}

// line is the decided traces that are in no batch yet.
func (sh *shard) line() []tailstore.Ref { return sh.out[sh.taken:] }

// sent takes the first of them out.
func (sh *shard) sent(n int) {
	sh.taken += n
	if sh.taken*2 >= len(sh.out) { // so that each is moved once at most
		sh.out = sh.out[:copy(sh.out, sh.out[sh.taken:])]
		sh.taken = 0
	}
}

// forget drops a trace from the store and returns how many items it had.
func (sh *shard) forget(ref tailstore.Ref) perSignal {
	n := sh.items(ref)
	if err := sh.store.Drop(ref); err != nil {
		return perSignal{}
	}
	for sig, items := range n {
		sh.accounts.pending[sig] -= items
	}
	sh.full.Store(false)
	return n
}

// items returns how many items of each signal a trace has.
func (sh *shard) items(ref tailstore.Ref) perSignal {
	s := sh.store.Summary(ref)
	if s == nil {
		return perSignal{}
	}
	logs := int64(s.logs)
	return perSignal{signalTraces: int64(sh.store.Items(ref)) - logs, signalLogs: logs}
}
