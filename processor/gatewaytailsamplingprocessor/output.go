package gatewaytailsamplingprocessor

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/internal/tailstore"
)

const (
	// batchItems and batchBytes close a batch. A trace is never split, and one that is larger is a batch of its own, so
	// that other traces are not lost when the next consumer cannot take it. gRPC servers take 4 MiB by default, and what
	// exporters put around a batch has to fit too.
	batchItems = 4096
	batchBytes = 1 << 20
	// readAtOnce is how many traces are read under the lock before whoever waits for it gets it.
	readAtOnce = 64
)

// worker decides the traces of a shard when they are due and brings what is kept to the next consumers. The traces stay
// in the store until these have them.
type worker struct {
	s  *sampler
	sh *shard

	// The batch that is on its way, or waits to be sent again.
	batch   tailstore.Batch
	refs    []tailstore.Ref
	of      map[tailstore.TraceID]decided
	items   perSignal
	unread  perSignal // items that could not be read back
	write   bool      // some decision is to be written on items
	pending perSignal // items that the next consumer has not taken yet
	lost    perSignal // refused by the next consumer for good
	retryAt time.Time
	pause   time.Duration

	idle chan struct{} // closed when what it was told last is done; for who tells it
}

func newWorker(s *sampler, sh *shard) *worker {
	w := &worker{s: s, sh: sh, of: make(map[tailstore.TraceID]decided), idle: make(chan struct{})}
	close(w.idle)
	return w
}

// then has the worker do something after what it does now.
func (w *worker) then(do func()) {
	before, idle := w.idle, make(chan struct{})
	w.idle = idle
	go func() {
		defer close(idle)
		<-before
		do()
	}()
}

// run works until stop is closed. The context ends what is being sent.
func (w *worker) run(ctx context.Context, stop <-chan struct{}) {
	ticker := time.NewTicker(w.s.cfg.interval())
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			for w.decideDue() {
			}
		case <-w.sh.wake:
		}
		for w.sendable() && w.send(ctx) {
			select {
			case <-stop:
				return
			default:
			}
		}
	}
}

// decideDue decides some of what is due, and reports whether there may be more.
func (w *worker) decideDue() bool {
	w.sh.mu.Lock()
	defer w.sh.mu.Unlock()
	return w.sh.decideDue(time.Now())
}

// sendable reports whether sending may be tried now.
func (w *worker) sendable() bool { return w.retryAt.IsZero() || !time.Now().Before(w.retryAt) }

// send sends the batch that waits, or a new one, and reports whether it is done with it and there may be more.
func (w *worker) send(ctx context.Context) bool {
	if len(w.refs) == 0 && !w.fill() {
		return false
	}
	err := errors.Join(w.sendSignal(ctx, signalTraces), w.sendSignal(ctx, signalLogs))
	if w.pending != (perSignal{}) {
		w.pause = min(max(w.pause+w.pause/2, w.s.cfg.Retry.InitialInterval), w.s.cfg.Retry.MaxInterval)
		if w.retryAt.IsZero() {
			w.s.logger.Warn("the next consumer refuses batches for now; they are kept and sent again", zap.Error(err))
		}
		// Not all shards at once, and not at the same time as other Collectors.
		w.retryAt = time.Now().Add(w.pause/2 + rand.N(w.pause/2+1))
		w.sh.mu.Lock()
		w.sh.accounts.retries++
		w.sh.mu.Unlock()
		return false
	}
	if !w.retryAt.IsZero() {
		w.s.logger.Info("the next consumer takes batches again")
	}
	w.retryAt, w.pause = time.Time{}, 0
	w.settle()
	return true
}

// fill makes a batch of traces that are on their way out, and reports whether there are any.
func (w *worker) fill() bool {
	w.batch.Reset()
	for w.fillSome() {
	}
	w.pending = w.items
	return len(w.refs) > 0
}

func (w *worker) fillSome() bool {
	sh := w.sh
	sh.mu.Lock()
	defer sh.mu.Unlock()
	taken := 0
	defer func() {
		sh.sent(taken)
	}()
	for range readAtOnce {
		if taken == len(sh.line()) {
			return false
		}
		ref := sh.line()[taken]
		s := sh.store.Summary(ref)
		id, _ := sh.store.ID(ref)
		n := sh.items(ref)
		if len(w.refs) > 0 && w.items[signalTraces]+w.items[signalLogs]+n[signalTraces]+n[signalLogs] > batchItems {
			return false
		}
		d := decided{
			threshold: s.at, rule: s.rule, trigger: s.trigger, drop: s.state == stateMarked,
			random: s.random & randomMask,
		}
		if was, ok := w.of[id]; ok && was != d {
			return false // decided twice, differently: what is written goes by the id, so it takes two batches
		}
		w.of[id] = d
		w.write = w.write || w.s.marker.needed(d)
		spans, records := w.batch.Spans(), w.batch.LogRecords()
		if err := sh.store.Read(ref, &w.batch); err != nil {
			w.s.logger.Error("items of a trace could not be read back", zap.Error(err))
		}
		read := perSignal{int64(w.batch.Spans() - spans), int64(w.batch.LogRecords() - records)}
		w.items.add(read)
		for sig := range n {
			w.unread[sig] += n[sig] - read[sig]
		}
		w.refs = append(w.refs, ref)
		taken++
		if w.batch.Bytes() >= batchBytes {
			return false
		}
	}
	return true
}

// sendSignal sends the items of a signal, unless the next consumer has them already.
func (w *worker) sendSignal(ctx context.Context, sig signal) error {
	if w.pending[sig] == 0 {
		return nil
	}
	err := w.consume(ctx, sig)
	switch {
	case err == nil:
	case consumererror.IsPermanent(err):
		w.lost[sig] += w.pending[sig]
		w.s.logger.Error("the next consumer refused a batch for good; it is lost",
			zap.String("signal", signalNames[sig]), zap.Int64("items", w.pending[sig]), zap.Error(err))
	default:
		return err
	}
	w.pending[sig] = 0
	return nil
}

// consume rebuilds the items of a signal and hands them over. They are rebuilt for each attempt, as the next consumer
// may have changed what it was given.
func (w *worker) consume(ctx context.Context, sig signal) error {
	if sig == signalTraces {
		td, err := w.batch.Traces()
		if err != nil {
			return consumererror.NewPermanent(err)
		}
		if w.write {
			w.s.marker.spans(td, w.of)
		}
		if w.s.next.traces == nil {
			return errNoConsumer
		}
		return w.s.next.traces.ConsumeTraces(ctx, td)
	}
	ld, err := w.batch.Logs()
	if err != nil {
		return consumererror.NewPermanent(err)
	}
	if w.write {
		w.s.marker.logRecords(ld, w.of)
	}
	if w.s.next.logs == nil {
		return errNoConsumer
	}
	return w.s.next.logs.ConsumeLogs(ctx, ld)
}

// errNoConsumer cannot happen: items come in by the pipeline that they leave by.
var errNoConsumer = consumererror.NewPermanent(errors.New("no pipeline of this signal"))

// settle forgets a batch that was sent.
func (w *worker) settle() {
	sh := w.sh
	lost := w.lost
	lost.add(w.unread)
	for refs := w.refs; len(refs) > 0; {
		n := min(len(refs), readAtOnce)
		sh.mu.Lock()
		if sh.abandoned { // the consumer has come back too late
			sh.mu.Unlock()
			break
		}
		for _, ref := range refs[:n] {
			items := sh.forget(ref)
			for sig := range items { // of a batch, the lost ones are told apart by number
				l := min(lost[sig], items[sig])
				lost[sig] -= l
				sh.accounts.lost[sig] += l
				sh.accounts.kept[sig] += items[sig] - l
			}
		}
		sh.mu.Unlock()
		refs = refs[n:]
	}
	w.refs = w.refs[:0]
	clear(w.of)
	w.items, w.unread, w.lost, w.pending, w.write = perSignal{}, perSignal{}, perSignal{}, perSignal{}, false
	w.batch.Reset()
}

// drain decides everything and sends it until it is gone or the context ends.
func (w *worker) drain(ctx context.Context) {
	w.pause = 0 // the next consumer has until the context ends, not until it would have been asked again
	for {
		w.sh.mu.Lock()
		_, more := w.sh.decideOldest(triggerShutdown)
		w.sh.mu.Unlock()
		if !more {
			break
		}
	}
	for ctx.Err() == nil {
		if w.send(ctx) {
			continue
		}
		if len(w.refs) == 0 {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(w.retryAt)):
		}
	}
}

// abandon counts what is still there as lost. Of a worker that is stuck in the next consumer that is all it was sending.
func (w *worker) abandon(stuck bool) int64 {
	sh := w.sh
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.abandoned = true
	// Of a batch whose spans were taken and whose log records were not, only the latter are lost.
	var taken, refused perSignal
	if !stuck && len(w.refs) > 0 {
		refused = w.lost
		for sig := range signalCount {
			taken[sig] = w.items[sig] - w.pending[sig]
		}
	}
	var lost int64
	for sig := range signalCount {
		gone := sh.accounts.pending[sig] - taken[sig] + refused[sig]
		lost += gone
		sh.accounts.kept[sig] += taken[sig] - refused[sig]
		sh.accounts.lost[sig] += gone
		sh.accounts.pending[sig] = 0
	}
	return lost
}
