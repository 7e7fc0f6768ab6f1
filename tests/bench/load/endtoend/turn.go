//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/drive"
	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

// collector is one of the two.
type collector struct {
	name    string
	binary  string
	configs []string
	idle    used // what it takes without load
}

// turn is what came of one.
type turn struct {
	used
	load drive.Result
	arrivals
	notable  int // traces that had to arrive
	sentLate int // traces that ran past the wait
}

// rest runs the Collector without load.
func (c *collector) rest(ctx context.Context) error {
	listen, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	p, err := startProcess(ctx, c.binary, c.configs, listen, "127.0.0.1:1")
	if err != nil {
		return err
	}
	c.idle, err = p.stop()
	return err
}

// takeTurn runs the Collector from start to end with a load.
func (c *collector) takeTurn(ctx context.Context, o options) (turn, error) {
	backend, export, err := startSink(ctx)
	if err != nil {
		return turn{}, err
	}
	defer backend.stop() //nolint:errcheck // everything has arrived
	listen, err := freeAddress(ctx)
	if err != nil {
		return turn{}, err
	}
	p, err := startProcess(ctx, c.binary, c.configs, listen, export)
	if err != nil {
		return turn{}, err
	}
	var t turn
	o.load.Endpoint = listen
	from, err := traffic.New(o.captures, o.shape)
	if err == nil {
		t.load, err = drive.Run(ctx, o.load, from)
	}
	var stopErr error
	t.used, stopErr = p.stop()
	if err = errors.Join(err, stopErr); err != nil {
		return turn{}, fmt.Errorf("%s: %w", c.name, err)
	}
	if t.load.Lost > 0 {
		return turn{}, fmt.Errorf("%s: %d spans and log records were not taken, the first because of: %s", c.name, t.load.Lost, t.load.Error)
	}
	records := 0
	if o.shape.Logs {
		records = 1
	}
	t.arrivals = backend.count(from.Traces(), o.shape.SpansPerTrace, records)
	t.notable, t.sentLate = int(from.Notable()), int(from.Late())
	return t, nil
}
