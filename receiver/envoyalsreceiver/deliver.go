package envoyalsreceiver

import (
	"errors"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/receiver/envoyalsreceiver/internal/metadata"
)

// deliver hands n records to the next component and returns when they are taken or lost; what is lost is counted.
// again makes the same records once more, because those that were refused may have been changed meanwhile.
func (s *stream) deliver(ld plog.Logs, n int, again func() plog.Logs) {
	ctx := s.obsrep.StartLogsOp(s.ctx)
	err := s.next.ConsumeLogs(ctx, ld)
	if err != nil {
		err = s.insist(err, n, again)
	}
	s.obsrep.EndLogsOp(ctx, metadata.Type.String(), n, err)
}

// insist offers refused records until they are taken, while the stream is not read. It returns nil then, and else the
// error with which they were lost.
func (s *stream) insist(err error, n int, again func() plog.Logs) error {
	retry := &s.cfg.RetryOnFailure
	if consumererror.IsPermanent(err) {
		return s.lose(err, n, lostPermanent)
	}
	if !retry.Enabled {
		return s.lose(err, n, lostGaveUp)
	}
	s.telemetry.ReceiverEnvoyAlsPausedStreams.Add(s.ctx, 1)
	defer s.telemetry.ReceiverEnvoyAlsPausedStreams.Add(s.ctx, -1)
	began, wait, closing := time.Now(), retry.InitialInterval, s.gate.closing
	timer := time.NewTimer(jitter(wait, retry.RandomizationFactor))
	defer timer.Stop()
	for {
		if part, ok := errors.AsType[consumererror.Logs](err); ok { // some were taken: the others remain
			rest := part.Data()
			n = rest.LogRecordCount()
			again = func() plog.Logs {
				ld := plog.NewLogs()
				rest.CopyTo(ld)
				return ld
			}
		}
		select {
		case <-timer.C:
			wait = longer(wait, retry)
		case <-closing: // once more at once, and then at short intervals until the receiver must stop
			closing, wait = nil, retry.InitialInterval
		case <-s.life.Done():
			return s.lose(err, n, lostShutdown)
		}
		s.telemetry.ReceiverEnvoyAlsRetries.Add(s.ctx, 1)
		if err = s.next.ConsumeLogs(s.ctx, again()); err == nil {
			return nil
		}
		switch {
		case consumererror.IsPermanent(err):
			return s.lose(err, n, lostPermanent)
		case retry.MaxElapsedTime > 0 && time.Since(began) > retry.MaxElapsedTime:
			return s.lose(err, n, lostGaveUp)
		}
		timer.Reset(jitter(wait, retry.RandomizationFactor))
	}
}

// longer is the wait after wait. The product is compared before it is a Duration, which it might not fit into.
func longer(wait time.Duration, retry *configretry.BackOffConfig) time.Duration {
	return time.Duration(min(float64(wait)*retry.Multiplier, float64(retry.MaxInterval)))
}

// jitter spreads waiting streams, so that they do not all come back at once.
func jitter(wait time.Duration, factor float64) time.Duration {
	return wait + time.Duration(factor*(2*rand.Float64()-1)*float64(wait))
}

func (s *stream) lose(err error, n int, why lost) error {
	s.telemetry.dropped(s.ctx, n, why)
	s.settings.Logger.Debug("Dropped records", zap.Int("records", n), zap.String("reason", lostNames[why]), zap.Error(err))
	return err
}
