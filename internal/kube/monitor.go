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
	logger *zap.Logger
	count  func(resource string, reason Reason)
	now    func() time.Time

	mu      sync.Mutex
	failing map[string]failure // by resource
	away    time.Time          // since when the API server does not answer; zero when it does
	settled map[string]bool    // resources whose first attempt is over: read, refused or absent
	changed chan struct{}      // closed and made anew with each change of settled
}

// failure is what a kind fails with now.
type failure struct {
	reason Reason
	verb   string
}

func newMonitor(logger *zap.Logger, count func(resource string, reason Reason)) *monitor {
	return &monitor{
		logger:  logger,
		count:   count,
		now:     time.Now,
		failing: make(map[string]failure),
		settled: make(map[string]bool),
		changed: make(chan struct{}),
	}
}

// failed is told about every list and watch that failed.
func (m *monitor) failed(resource, verb string, err error) {
	if errors.Is(err, context.Canceled) || apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return // stopping, or the ordinary end of a long list or watch
	}
	reason := reasonOf(err)
	m.count(resource, reason)
	m.mu.Lock()
	defer m.mu.Unlock()
	now := failure{reason, verb}
	before, failing := m.failing[resource]
	m.failing[resource] = now
	if reason == ReasonUnreachable {
		if m.away.IsZero() {
			m.away = m.now()
			m.logger.Warn("Kubernetes API server does not answer; going on with what is known", zap.String("resource", resource), zap.Error(err))
		}
		return
	}
	m.settle(resource)
	m.back()
	if failing && before == now {
		return
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
