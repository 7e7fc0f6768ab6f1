package gatewaytailsamplingprocessor

// signal tells spans from log records.
type signal uint8

const (
	signalTraces signal = iota
	signalLogs
	signalCount
)

var signalNames = [signalCount]string{"traces", "logs"}

// reason is why an item is irregular.
type reason uint8

const (
	reasonNoTraceID reason = iota
	reasonTooLarge
	reasonTraceState
	reasonThreshold
	reasonEndsBefore
	reasonCondition
	reasonCount
)

var reasonNames = [reasonCount]string{"no_trace_id", "too_large", "invalid_tracestate", "inconsistent_threshold", "ends_before_start", "condition_failed"}

// perSignal is a number of items of each signal.
type perSignal [signalCount]int64

// accounts say what has become of every item. They are changed and read under a lock, and so that at any instant
//
//	received = kept + dropped + refused + lost + pending.
type accounts struct {
	received perSignal // offered by the component in front
	kept     perSignal // the next consumer has them
	dropped  perSignal // by decision
	refused  perSignal // the component in front was told so with an error
	lost     perSignal // refused by the next consumer for good, or still here when the shutdown's time was up
	pending  perSignal // in the store

	late      [2]perSignal // followed a remembered decision: 0 dropped, 1 kept
	irregular [reasonCount]int64
	retries   int64
	traces    []tracesOf // decided, by rule; the last is for those that no rule matched
}

// tracesOf a rule that were decided, by trigger.
type tracesOf struct {
	dropped, kept [triggerCount]int64
}

func newAccounts(rules int) accounts { return accounts{traces: make([]tracesOf, rules+1)} }

func (p *perSignal) add(q perSignal) {
	for i := range p {
		p[i] += q[i]
	}
}

// add adds up the accounts of several shards.
func (a *accounts) add(b *accounts) {
	a.received.add(b.received)
	a.kept.add(b.kept)
	a.dropped.add(b.dropped)
	a.refused.add(b.refused)
	a.lost.add(b.lost)
	a.pending.add(b.pending)
	for i := range a.late {
		a.late[i].add(b.late[i])
	}
	for i := range a.irregular {
		a.irregular[i] += b.irregular[i]
	}
	a.retries += b.retries
	for i := range b.traces {
		for t := range triggerCount {
			a.traces[i].dropped[t] += b.traces[i].dropped[t]
			a.traces[i].kept[t] += b.traces[i].kept[t]
		}
	}
}
