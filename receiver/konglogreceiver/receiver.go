package konglogreceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/gatehouse-otel/gatehouse/internal/engineconfig"
	"github.com/gatehouse-otel/gatehouse/internal/logline"
	"github.com/gatehouse-otel/gatehouse/receiver/konglogreceiver/internal/metadata"
)

// kongReceiver runs the servers of the configured protocols.
type kongReceiver struct {
	set     receiver.Settings
	cfg     *Config
	decoder *decoder
	next    consumer.Logs
	tel     *telemetry
	busy    time.Duration // how long a body is offered to a busy pipeline, usually busyTime

	servers []server

	stopOnce sync.Once
	stopErr  error
}

// server is one protocol. start returns when it listens. shutdown stops listening, hands on what has been taken off the
// network, and returns when nothing of it runs any more; where ctx ends first, what is left is given up and counted.
type server interface {
	start(ctx context.Context, host component.Host) error
	shutdown(ctx context.Context) error
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Logs) (*kongReceiver, error) {
	engine, err := cfg.compile()
	if err != nil {
		return nil, err
	}
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	r := &kongReceiver{set: set, cfg: cfg, next: next, busy: busyTime}
	r.tel = newTelemetry(builder, set.Logger)
	r.decoder = &decoder{
		engine:  engine,
		opts:    logline.KongOptions{DropConsumer: cfg.Consumer == engineconfig.DropIt, Copy: true},
		service: cfg.ServiceName,
		version: set.BuildInfo.Version,
		now:     time.Now,
	}
	return r, nil
}

// Start opens all listeners, or none.
func (r *kongReceiver) Start(ctx context.Context, host component.Host) error {
	add := func(s server, err error) error {
		if err == nil {
			err = s.start(ctx, host)
		}
		if err == nil {
			r.servers = append(r.servers, s)
		}
		return err
	}
	var err error
	if p := &r.cfg.Protocols; p.HTTP.HasValue() {
		err = add(newHTTPServer(r, p.HTTP.Get()))
	}
	if p := &r.cfg.Protocols; err == nil && p.TCP.HasValue() {
		err = add(newTCPServer(r, p.TCP.Get()))
	}
	if p := &r.cfg.Protocols; err == nil && p.UDP.HasValue() {
		err = add(newUDPServer(r, p.UDP.Get()))
	}
	if err != nil {
		return errors.Join(err, r.Shutdown(ctx))
	}
	return nil
}

// Shutdown stops all servers at the same time. It is safe without Start, and twice.
func (r *kongReceiver) Shutdown(ctx context.Context) error {
	r.stopOnce.Do(func() {
		errs := make([]error, len(r.servers))
		var wg sync.WaitGroup
		for i, s := range r.servers {
			wg.Go(func() { errs[i] = s.shutdown(ctx) })
		}
		wg.Wait()
		r.tel.builder.Shutdown()
		r.stopErr = errors.Join(errs...)
	})
	return r.stopErr
}
