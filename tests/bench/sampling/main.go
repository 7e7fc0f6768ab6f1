//go:build unix

// Command sampling measures gateway_tail_sampling beside contrib's tail_sampling: the same spans, in one run, in turns. It
// prints tables in Markdown. README.md of the folder above says what they mean and what came out.
//
// With -check it fails when an aim is missed; the aims stand in aims.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are what one may ask for on the command line.
type options struct {
	captures     string
	spans        int           // pending spans of ours when the heap is looked at
	contribSpans int           // pending spans of contrib's
	ring         int           // different spans when speed is measured
	turns        int           // of each contestant and shape
	turn         time.Duration // how long one takes
	delay        time.Duration // how long delays are measured
	delayRate    float64       // spans a second meanwhile
	check        bool
	progress     io.Writer // tables appear when they are complete; this says meanwhile what is measured
}

// keep is the share of traces that everybody is told to keep.
const keep = 0.05

func main() {
	o := options{progress: os.Stderr}
	flag.StringVar(&o.captures, "captures", "../captures", "folder of recorded telemetry, tests/captures of this repository")
	flag.IntVar(&o.spans, "spans", 600_000, "pending spans when the heap is measured, 160 to 300 bytes each")
	flag.IntVar(&o.contribSpans, "contrib-spans", 200_000, "the same for contrib's sampler, 2 to 4 kB each and twice that while it grows")
	flag.IntVar(&o.ring, "ring", 40_000, "different spans when speed is measured; they come again with other trace ids")
	flag.IntVar(&o.turns, "turns", 5, "turns of each contestant and shape when speed is measured")
	flag.DurationVar(&o.turn, "turn", 4*time.Second, "length of a turn")
	flag.DurationVar(&o.delay, "delay", 40*time.Second, "how long delays are measured, 0 for not at all")
	flag.Float64Var(&o.delayRate, "delay-rate", 2000, "spans a second while delays are measured")
	flag.BoolVar(&o.check, "check", false, "fail when an aim is missed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := errors.Join(o.validate(), ctx.Err())
	if err == nil {
		err = run(ctx, o, os.Stdout)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "sampling:", err)
		os.Exit(1)
	}
}

func (o options) validate() error {
	var errs error
	for _, n := range []struct {
		name  string
		value float64
	}{
		{"spans", float64(o.spans)},
		{"contrib-spans", float64(o.contribSpans)},
		{"ring", float64(o.ring)},
		{"turns", float64(o.turns)},
		{"turn", o.turn.Seconds()},
		{"delay-rate", o.delayRate},
	} {
		if !(n.value > 0) {
			errs = errors.Join(errs, fmt.Errorf("-%s: %g, want more than 0", n.name, n.value))
		}
	}
	if o.delay < 0 {
		errs = errors.Join(errs, fmt.Errorf("-delay: %s, want 0 or more", o.delay))
	}
	return errs
}
