package konglogreceiver

import (
	"context"
	"net"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/receiver/konglogreceiver/internal/metadata"
)

// transport is the way a message came.
type transport uint8

const (
	transportHTTP transport = iota
	transportTCP
	transportUDP
	transports
)

func (t transport) String() string { return [transports]string{"http", "tcp", "udp"}[t] }

// cause is why records are lost.
type cause uint8

const (
	causeQueueFull cause = iota
	causeSocketFull
	causePermanent
	causeShutdown
	causes
)

func (c cause) String() string {
	return [causes]string{"queue_full", "socket_full", "permanent", "shutdown"}[c]
}

// outcome is how a request was answered.
type outcome uint8

const (
	outcomeAccepted outcome = iota
	outcomeMalformed
	outcomeBusy
	outcomePermanent
	outcomeTooLarge
	outcomeMediaType
	outcomeMethod
	outcomeUnreadable
	outcomes
)

func (o outcome) String() string {
	return [outcomes]string{"accepted", "malformed", "busy", "permanent", "too_large", "media_type", "method", "unreadable"}[o]
}

// telemetry counts, and says once of each cause what it was.
type telemetry struct {
	builder *metadata.TelemetryBuilder
	logger  *zap.Logger

	// Metric attributes, made once: a message costs a few additions.
	transport [transports]metric.MeasurementOption
	malformed [transports][faults]metric.MeasurementOption
	lost      [transports][causes]metric.MeasurementOption
	outcome   [outcomes]metric.MeasurementOption
	reasons   [gateway.ReasonCount]metric.MeasurementOption

	saidMalformed [transports][faults]atomic.Bool
	saidLost      [transports][causes]atomic.Bool
	saidHandshake atomic.Bool
}

func newTelemetry(builder *metadata.TelemetryBuilder, logger *zap.Logger) *telemetry {
	option := func(kv ...attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(kv...))
	}
	t := &telemetry{builder: builder, logger: logger}
	for tr := range transports {
		way := attribute.String("transport", tr.String())
		t.transport[tr] = option(way)
		for f := range faults {
			t.malformed[tr][f] = option(way, attribute.String("fault", f.String()))
		}
		for c := range causes {
			t.lost[tr][c] = option(way, attribute.String("cause", c.String()))
		}
	}
	for o := range outcomes {
		t.outcome[o] = option(attribute.String("outcome", o.String()))
	}
	for r := range t.reasons {
		t.reasons[r] = option(attribute.String("reason", gateway.Reason(r).String()))
	}
	return t
}

// countTrouble counts what could not be read, once per message: not again when Kong or this receiver offers it again.
func (t *telemetry) countTrouble(ctx context.Context, tr transport, b *trouble, from string) {
	for f, n := range b.malformed {
		t.countMalformed(ctx, tr, fault(f), n, b.first, from)
	}
}

// countStats counts what the engine found in a batch and what had no name, once it is settled what becomes of the batch.
func (t *telemetry) countStats(ctx context.Context, b *batch) {
	add(ctx, t.builder.ReceiverKongLogUnnamed, b.unnamed)
	for i := range b.stats {
		s := &b.stats[i]
		add(ctx, t.builder.ReceiverKongLogConflicts, s.Conflicts)
		add(ctx, t.builder.ReceiverKongLogRepaired, s.Repaired)
		for reason, n := range s.Unparseable {
			add(ctx, t.builder.ReceiverKongLogUnparseable, n, t.reasons[reason])
		}
	}
}

// countMalformed counts what could not be read. The first of each kind is shown: where reading ended and why, never
// what stood there.
func (t *telemetry) countMalformed(ctx context.Context, tr transport, f fault, n int, err error, from string) {
	if n == 0 {
		return
	}
	add(ctx, t.builder.ReceiverKongLogMalformed, n, t.malformed[tr][f])
	if t.saidMalformed[tr][f].CompareAndSwap(false, true) {
		t.logger.Warn("a log message of Kong could not be read in whole; further ones of this kind are only counted in receiver_kong_log_malformed",
			zap.Stringer("transport", tr), zap.Stringer("fault", f), zap.String("from", from), zap.Error(err))
	}
}

// countLost counts records that nobody will send again.
func (t *telemetry) countLost(ctx context.Context, tr transport, c cause, n int, err error) {
	if n == 0 {
		return
	}
	add(ctx, t.builder.ReceiverKongLogLost, n, t.lost[tr][c])
	if t.saidLost[tr][c].CompareAndSwap(false, true) {
		t.logger.Warn("log records of Kong are lost; further losses for this cause are only counted in receiver_kong_log_lost",
			zap.Stringer("transport", tr), zap.Stringer("cause", c), zap.Int("records", n), zap.Error(err))
	}
}

// countHandshake counts a connection on which TLS could not be agreed on.
func (t *telemetry) countHandshake(ctx context.Context, from net.Addr, err error) {
	t.builder.ReceiverKongLogHandshakesFailed.Add(ctx, 1)
	if t.saidHandshake.CompareAndSwap(false, true) {
		t.logger.Warn("a TLS handshake failed: what was sent on that connection is lost; further ones are only counted in receiver_kong_log_handshakes_failed",
			zap.Stringer("from", from), zap.Error(err))
	}
}

func add(ctx context.Context, counter metric.Int64Counter, n int, options ...metric.AddOption) {
	if n > 0 {
		counter.Add(ctx, int64(n), options...)
	}
}
