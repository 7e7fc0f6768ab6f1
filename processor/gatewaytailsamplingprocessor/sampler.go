package gatewaytailsamplingprocessor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/internal/tailstore"
)

// sampler decides about the traces of one component id. The traces and the logs pipeline share it.
type sampler struct {
	cfg    *Config
	logger *zap.Logger
	rules  *ruleSet
	marker marker
	secret [2]uint64
	shards []*shard
	direct direct
	meters *meters

	next struct {
		traces consumer.Traces
		logs   consumer.Logs
	}

	mu      sync.Mutex
	open    [signalCount]bool // pipelines that have been made and not been shut down
	workers []*worker
	running bool
	stop    chan struct{}
	cancel  context.CancelFunc
	closed  bool

	// gate is read-locked by items on their way in. Who gets it after shut was set knows that all of these have come in.
	gate sync.RWMutex
	shut atomic.Bool
}

func newSampler(set processor.Settings, cfg *Config) (*sampler, error) {
	rules, err := compileRules(cfg.Rules, cfg.Policies, set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	s := &sampler{
		cfg: cfg, logger: set.Logger, rules: rules, marker: newMarker(cfg, rules),
		secret: [2]uint64{rand.Uint64() | 1, rand.Uint64() | 1},
	}
	s.direct.accounts = newAccounts(rules.none())
	n := cfg.shards()
	bytes := cfg.MaxBytes / n
	texts := 0
	if len(rules.keyParts) > 0 {
		texts = min(bytes/textShare, bytes-minShardBytes)
	}
	for range n {
		store, err := tailstore.New[summary](tailstore.Config{
			MaxBytes: bytes - texts,
			// Some dozens of segments, so that the few that are set aside are a small part.
			SegmentBytes: min(max(bytes/64, minSegmentBytes), tailstore.DefaultSegmentBytes),
			Delays:       []time.Duration{queueWait: cfg.Wait, queueLinger: cfg.Linger, queueLate: lateDelay},
		})
		if err != nil {
			return nil, fmt.Errorf("max_bytes: %w", err)
		}
		sh := &shard{
			rules: rules, dryRun: cfg.DryRun, epoch: time.Now(), wake: make(chan struct{}, 1), store: store,
			largest: 2 * bytes, texts: newInterner(texts), memory: newMemory(cfg.Decisions.Dropped/n+1, cfg.Decisions.Kept/n+1),
			accounts: newAccounts(rules.none()),
		}
		s.shards = append(s.shards, sh)
		s.workers = append(s.workers, newWorker(s, sh))
	}
	if s.meters, err = newMeters(set.TelemetrySettings, s); err != nil {
		return nil, err
	}
	return s, nil
}

// textShare: no more than this share of a shard is for the texts that keys are made of.
const textShare = 16

// interval is how often it is looked for traces that are due: often enough to be on time, seldom enough that many
// traces go out together.
func (c *Config) interval() time.Duration {
	return min(max(min(c.Linger, c.Wait)/30, 10*time.Millisecond), 200*time.Millisecond)
}

// shardOf returns the number of the shard of a trace. Ids come from outside, so the choice is keyed: nobody can make
// ids that meet in one shard.
func (s *sampler) shardOf(id pcommon.TraceID) int32 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(id[:])^s.secret[0], binary.LittleEndian.Uint64(id[8:])^s.secret[1])
	n, _ := bits.Mul64((hi^lo)*0x9e3779b97f4a7c15, uint64(len(s.shards)))
	return int32(n)
}

// errShutDown is returned for items that come after Shutdown.
var errShutDown = errors.New("gateway_tail_sampling: has been shut down")

// consumeTraces takes spans, all of a request or, with an error, none. Unless the error is permanent, the request may be
// sent again.
func (s *sampler) consumeTraces(ctx context.Context, td ptrace.Traces) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	r, withoutID := s.spans(td)
	defer r.done()
	return s.consume(r, withoutID, func() error { return s.forwardSpans(ctx, td, r, withoutID) })
}

// consumeLogs is consumeTraces for log records.
func (s *sampler) consumeLogs(ctx context.Context, ld plog.Logs) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	r, withoutID := s.logRecords(ld)
	defer r.done()
	return s.consume(r, withoutID, func() error { return s.forwardLogRecords(ctx, ld, r, withoutID) })
}

// consume takes a request, all of it or none. What goes to the next consumer at once goes by forward.
func (s *sampler) consume(r *request, withoutID int, forward func() error) error {
	err := errShutDown
	if !s.shut.Load() {
		err = s.put(r)
	}
	if err == nil {
		if err = forward(); err != nil {
			s.discard(r)
		}
	}
	if err != nil {
		s.refuse(r.sig, len(r.items)+withoutID)
		return err
	}
	if s.shut.Load() { // meanwhile, and maybe without waiting for it any longer
		s.discard(r)
		s.refuse(r.sig, len(r.items)-len(r.large))
		return errShutDown
	}
	s.attach(r, time.Now())
	return nil
}

// start starts the workers unless they run.
func (s *sampler) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startWorkers()
}

func (s *sampler) startWorkers() {
	if s.running || s.closed {
		return
	}
	s.running = true
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(context.Background())
	stop := make(chan struct{})
	s.stop = stop
	for _, w := range s.workers {
		w.then(func() { w.run(ctx, stop) })
	}
}

// drain ends the workers, has everything decided and sends it until it is gone or the context ends. It returns the
// workers that did not come back even then, as the next consumer keeps them.
func (s *sampler) drain(ctx context.Context) (stuck map[*worker]bool) {
	if s.running {
		s.running = false
		close(s.stop)
		defer s.cancel()
		defer context.AfterFunc(ctx, s.cancel)()
	}
	for _, w := range s.workers {
		w.then(func() { w.drain(ctx) })
	}
	late := make(chan struct{})
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastWait, func() { close(late) }) })()
	stuck = make(map[*worker]bool)
	for _, w := range s.workers {
		select {
		case <-w.idle:
		case <-late:
			stuck[w] = true
		}
	}
	return stuck
}

// lastWait is for a consumer to return after its context has ended.
const lastWait = time.Second

// shutdown ends one pipeline's part. Everything that is there is decided and sent, of both signals: in a Collector the
// components behind a processor are shut down after it, so this is the last moment at which both signals can still
// leave together. It reports what could not be sent in time when the last pipeline is shut down.
func (s *sampler) shutdown(ctx context.Context, sig signal) (last bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open[sig] {
		return false, nil
	}
	s.open[sig] = false
	last = s.open == [signalCount]bool{}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ShutdownTimeout)
	defer cancel()
	if last {
		s.close(ctx)
	}
	wasRunning := s.running
	stuck := s.drain(ctx)
	if !last {
		if wasRunning {
			s.startWorkers() // the other pipeline may still bring items of traces that have been decided
		}
		return false, nil
	}
	s.closed = true
	var lost int64
	for _, w := range s.workers {
		lost += w.abandon(stuck[w])
	}
	s.meters.shutdown()
	if lost > 0 {
		return true, fmt.Errorf("gateway_tail_sampling: %d items could not be sent within shutdown_timeout, %v, and are lost", lost, s.cfg.ShutdownTimeout)
	}
	return true, nil
}

// close refuses items from now on, and waits for those on their way in or until the context ends.
func (s *sampler) close(ctx context.Context) {
	s.shut.Store(true)
	in := make(chan struct{})
	go func() {
		s.gate.Lock()
		defer s.gate.Unlock()
		close(in)
	}()
	select {
	case <-in:
	case <-ctx.Done():
	}
}

// totals returns the accounts of all shards and what the stores and the texts of keys take, in bytes. Each shard's accounts are true for one
// instant, and so are the sums of what must be equal.
func (s *sampler) totals() (sum accounts, bytes int64) {
	sum = newAccounts(s.rules.none())
	for _, sh := range s.shards {
		sh.mu.Lock()
		sum.add(&sh.accounts)
		bytes += int64(sh.store.Stats().Bytes + sh.texts.bytes())
		sh.mu.Unlock()
	}
	s.direct.mu.Lock()
	defer s.direct.mu.Unlock()
	sum.add(&s.direct.accounts)
	return sum, bytes
}
