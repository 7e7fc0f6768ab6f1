//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

func reportHead() {
	fmt.Println("| Load | | CPU µs per span | peak memory, MB | at rest, MB | answer p50, ms | answer p99, ms | failed and slow kept | rest kept |")
	fmt.Println("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
}

// report prints what came of the turns with one load, of each figure the upper one of two turns, the middle one of three.
func report(o options, both [2]*collector, turns [2][]turn) {
	middle := func(of []turn, get func(turn) float64) float64 {
		all := make([]float64, 0, len(of))
		for _, t := range of {
			all = append(all, get(t))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	what := fmt.Sprintf(" %.0f spans/s", o.load.Rate)
	if o.load.Rate == 0 {
		rate := func(i int) float64 { return middle(turns[i], func(t turn) float64 { return t.load.Rate() }) }
		what = fmt.Sprintf(" as fast as answered (%.0f and %.0f spans/s)", rate(0), rate(1))
	}
	what += fmt.Sprintf(", %d per request, %s", o.shape.SpansPerRequest, o.load.Duration)
	for i, c := range both {
		ms := func(p float64) float64 {
			return middle(turns[i], func(t turn) float64 { return t.load.Latency(p).Seconds() * 1000 })
		}
		fmt.Printf("|%s | %s | %.1f | %.0f | %.0f | %.1f | %.0f | %.0f %% | %.2f %% |\n", what, c.name,
			middle(turns[i], func(t turn) float64 { return float64((t.cpu - c.idle.cpu).Microseconds()) / float64(t.load.Taken) }),
			middle(turns[i], func(t turn) float64 { return float64(t.memory) / (1 << 20) }), float64(c.idle.memory)/(1<<20),
			ms(50), ms(99),
			middle(turns[i], func(t turn) float64 { return 100 * float64(t.must) / float64(t.notable) }),
			middle(turns[i], func(t turn) float64 { return 100 * float64(t.others) / float64(int(t.load.Traces)-t.notable) }))
		what = ""
	}
}

// checkWindow and checkLate are how far items of the check are out of order, and how many traces run past wait, which check.yaml
// makes checkLateBy or less.
const (
	checkWindow = 500
	checkLate   = 0.01
	checkLateBy = 8 * time.Second
	checkRemote = 0.3
)

// check sends spans and access logs, in the open and in the closed loop, and says what became of the traces.
func check(ctx context.Context, o options, c *collector) error {
	fmt.Println("\n| Spans and access logs, interleaved, out of order and late | traces | failed and slow, kept | others kept | late ones kept | dropped | in part | more than once |")
	fmt.Println("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	o.shape.Logs, o.shape.Window, o.shape.Late, o.shape.LateBy, o.shape.Remote = true, checkWindow, checkLate, checkLateBy, checkRemote
	o.shape.SpansPerTrace, o.shape.SpansPerRequest, o.shape.Seed = 3, 5, 1
	o.load.Duration = o.length
	var errs error
	for _, l := range []struct {
		name string
		rate float64
	}{{"3000 items/s", 3000}, {"as fast as answered", 0}} {
		o.load.Rate = l.rate
		t, err := c.takeTurn(ctx, o)
		if err != nil {
			return err
		}
		a := t.arrivals
		fmt.Printf("| %s, %s: %d spans, %d log records | %d | %d of %d | %d | %d of %d | %d | %d | %d |\n", l.name, o.load.Duration,
			t.load.Spans, t.load.Records, t.load.Traces, a.must, t.notable, a.others, a.late, t.sentLate, a.dropped, a.part, a.repeated)
		if a.must != t.notable || a.part > 0 || a.repeated > 0 {
			errs = errors.Join(errs, fmt.Errorf("%s: of %d failed or slow traces %d are there, %d traces in part, %d more than once",
				l.name, t.notable, a.must, a.part, a.repeated))
		}
	}
	return errs
}
