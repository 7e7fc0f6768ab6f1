package kube

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Reason is why a kind of object could not be read.
type Reason string

// The reasons, a closed set for own metrics.
const (
	// ReasonForbidden: the account lacks a right.
	ReasonForbidden Reason = "forbidden"
	// ReasonUnauthorized: the API server does not accept the credentials.
	ReasonUnauthorized Reason = "unauthorized"
	// ReasonAbsent: the kind is not installed.
	ReasonAbsent Reason = "absent"
	// ReasonUnreachable: the API server did not answer, or not sensibly.
	ReasonUnreachable Reason = "unreachable"
)

// reasonOf sorts an error of a list or watch.
func reasonOf(err error) Reason {
	switch {
	case apierrors.IsForbidden(err):
		return ReasonForbidden
	case apierrors.IsUnauthorized(err):
		return ReasonUnauthorized
	case apierrors.IsNotFound(err):
		return ReasonAbsent
	default:
		return ReasonUnreachable
	}
}

// monitor turns the state of all kinds into log lines: one when something begins to fail, one when it is over, whatever
// happens in between and however many kinds it concerns.
type monitor struct {
	logger   *zap.Logger
	count    func(resource string, reason Reason)
	now      func() time.Time
	starting time.Duration // how long the API server may take until it knows everything

	mu      sync.Mutex
	failing map[string]failure   // by resource
	away    time.Time            // since when the API server does not answer; zero when it does
	silent  time.Time            // when it last did not
	doubts  map[string]time.Time // resources about which it said no since it was away, and when first
	settled map[string]bool      // resources whose first attempt is over: read, refused or absent
	changed chan struct{}        // closed and made anew with each change of settled
}

// failure is what a kind fails with now.
type failure struct {
	reason Reason
	verb   string
}

func newMonitor(logger *zap.Logger, count func(resource string, reason Reason), starting time.Duration) *monitor {
	return &monitor{
		logger:   logger,
		count:    count,
		now:      time.Now,
		starting: starting,
		failing:  make(map[string]failure),
		doubts:   make(map[string]time.Time),
		settled:  make(map[string]bool),
		changed:  make(chan struct{}),
	}
}

// failed is told about every list and watch that failed. It returns whether a no of the API server is to be doubted, because
// the server was away a moment ago: while it starts, it does not know all rules and definitions.
func (m *monitor) failed(resource, verb string, err error) (doubted bool) {
	if errors.Is(err, context.Canceled) || apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return false // stopping, or the ordinary end of a long list or watch
	}
	reason := reasonOf(err)
	m.count(resource, reason)
	m.mu.Lock()
	defer m.mu.Unlock()
	if reason == ReasonUnreachable {
		delete(m.doubts, resource)
	} else if m.doubt(resource) {
		return true
	}
	now := failure{reason, verb}
	before, failing := m.failing[resource]
	m.failing[resource] = now
	if reason == ReasonUnreachable {
		m.silent = m.now()
		if m.away.IsZero() {
			m.away = m.silent
			m.logger.Warn("Kubernetes API server does not answer; going on with what is known", zap.String("resource", resource), zap.Error(err))
		}
		return false
	}
	m.settle(resource)
	m.back()
	if failing && before == now {
		return false
	}
	switch reason {
	case ReasonForbidden:
		m.logger.Warn("Kubernetes right is missing; going on without these objects until it is granted",
			zap.String("resource", resource), zap.String("verb", verb), zap.Error(err))
	case ReasonUnauthorized:
		m.logger.Warn("Kubernetes API server refuses the credentials; going on with what is known",
			zap.String("resource", resource), zap.Error(err))
	default:
		m.logger.Info("Kubernetes does not have this kind of object; it will be read when it is installed", zap.String("resource", resource))
	}
	return false
}

// doubt tells whether a no about a kind may be that of a server that just started. It may for a while from the first one, and
// not for as long as another kind gets no answer, because that may never end.
func (m *monitor) doubt(resource string) bool {
	if f, failing := m.failing[resource]; failing && f.reason != ReasonUnreachable {
		return false // it was told already
	}
	now := m.now()
	first, again := m.doubts[resource]
	if !again {
		if m.silent.IsZero() || now.Sub(m.silent) >= m.starting {
			return false
		}
		m.doubts[resource] = now
		return true
	}
	return now.Sub(first) < m.starting
}

// read is told about every complete list, and watching about every watch that was accepted.
func (m *monitor) read(resource string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f, failing := m.failing[resource]; failing && f.verb == verbList {
		m.recovered(resource, f)
	}
	m.settle(resource)
}

func (m *monitor) watching(resource string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.doubts, resource)
	if f, failing := m.failing[resource]; failing {
		m.recovered(resource, f)
	}
}

func (m *monitor) recovered(resource string, f failure) {
	delete(m.failing, resource)
	if f.reason != ReasonUnreachable {
		m.logger.Info("Kubernetes objects are read now", zap.String("resource", resource))
	}
	m.back()
}

// back says that the API server answers again, once it does so for every kind.
func (m *monitor) back() {
	if m.away.IsZero() {
		return
	}
	for _, f := range m.failing {
		if f.reason == ReasonUnreachable {
			return
		}
	}
	m.logger.Info("Kubernetes API server answers again", zap.Duration("away", m.now().Sub(m.away)))
	m.away = time.Time{}
}

func (m *monitor) settle(resource string) {
	if !m.settled[resource] {
		m.settled[resource] = true
		close(m.changed)
		m.changed = make(chan struct{})
	}
}

// wait returns nil when the first attempt of every kind is over, or the context's error.
func (m *monitor) wait(ctx context.Context, resources int) error {
	for {
		m.mu.Lock()
		done, changed := len(m.settled) >= resources, m.changed
		m.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
