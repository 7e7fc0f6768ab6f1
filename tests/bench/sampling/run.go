//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

// shapes are the kinds of traffic that are measured: what a gateway sends without upstream spans, with them, and with a
// retry; as Envoy cuts its requests (5) and as a collector in front of it does (50).
func shapes() []traffic.Shape {
	var all []traffic.Shape
	for _, perRequest := range []int{5, 50} {
		for perTrace := 1; perTrace <= 3; perTrace++ {
			all = append(all, traffic.Shape{SpansPerTrace: perTrace, SpansPerRequest: perRequest, Seed: 1})
		}
	}
	return all
}

func run(ctx context.Context, o options, out io.Writer) error {
	_, _ = fmt.Fprintf(out, "%s %s/%s, %d cores, %s of traces to be kept\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), percent(keep))
	a := newAims()
	if err := runPending(ctx, o, out, a); err != nil {
		return err
	}
	if err := runSpeed(ctx, o, out, a); err != nil {
		return err
	}
	if o.delay > 0 {
		if err := runDelay(ctx, o, out); err != nil {
			return err
		}
	}
	missed := a.report(out)
	if o.check && missed > 0 {
		return fmt.Errorf("%d of the aims are missed", missed)
	}
	return nil
}

func runPending(ctx context.Context, o options, out io.Writer, a *aims) error {
	_, _ = fmt.Fprint(out, "\n## What undecided spans cost\n\n")
	t := newTable(out, "spans per trace", "per request", "sampler", "pending spans", "bytes per span", "heap objects per span", "kB at start",
		"full GC, ms", "of it processor, ms")
	for _, shape := range shapes() {
		for _, c := range samplers() {
			spans := o.spans
			if c.name == contrib {
				spans = o.contribSpans
			}
			o.tell("pending spans", c.name, shape)
			p, err := measurePending(ctx, c, o.captures, shape, spans)
			if err != nil {
				return err
			}
			t.row(shape.SpansPerTrace, shape.SpansPerRequest, c.name, p.spans, fmt.Sprintf("%.0f", p.bytes),
				fmt.Sprintf("%.4f", p.objects), p.fixed/1000, milliseconds(p.gc), milliseconds(p.gcCPU))
			a.pending(c.name, shape, p)
		}
	}
	return t.close()
}

func runSpeed(ctx context.Context, o options, out io.Writer, a *aims) error {
	_, _ = fmt.Fprintf(out, "\n## Speed: decoding, ingest, decision, output; median of %d turns of %s\n\n", o.turns, o.turn)
	t := newTable(out, "spans per trace", "per request", "sampler", "processor ns per span", "above none", "spans per CPU second",
		"kept", "spans in all turns")
	for _, shape := range shapes() {
		r, err := newRing(ctx, o.captures, shape, o.ring)
		if err != nil {
			return err
		}
		o.tell("speed", "all", shape)
		all, err := measureSpeed(ctx, keep, r, o.turns, o.turn)
		if err != nil {
			return err
		}
		for _, c := range contestants {
			s := all[c.name]
			kept, net, rate := "", "", ""
			if c.name != none {
				kept = percent(float64(s.out) / float64(s.in))
				net, rate = fmt.Sprintf("%.0f", above(all, c.name)), fmt.Sprintf("%.0f", 1e9/above(all, c.name))
			}
			t.row(shape.SpansPerTrace, shape.SpansPerRequest, c.name, fmt.Sprintf("%.0f", median(s.perSpan)), net, rate, kept, s.in)
		}
		a.speed(all)
	}
	return t.close()
}

func runDelay(ctx context.Context, o options, out io.Writer) error {
	s := setup{keep: keep, linger: 2 * time.Second, wait: 10 * time.Second, traces: 1_000_000}
	_, _ = fmt.Fprintf(out, "\n## Delay from the last span to the output, %.0f spans a second for %s; told to wait %s after the gateway's span, else %s\n\n",
		o.delayRate, o.delay, s.linger, s.wait)
	shape := traffic.Shape{SpansPerTrace: 2, SpansPerRequest: 5, Remote: 0.2, Seed: 1}
	all, err := measureDelay(ctx, o.captures, shape, s, o.delayRate, o.delay)
	if err != nil {
		return err
	}
	t := newTable(out, "sampler", "gateway's span", "traces", "p50, s", "p99, s")
	for _, c := range samplers() {
		d := all[c.name]
		for _, part := range []struct {
			what string
			all  []time.Duration
		}{{"is the root", d.local}, {"has a remote parent", d.remote}} {
			t.row(c.name, part.what, len(part.all), seconds(percentile(part.all, 50)), seconds(percentile(part.all, 99)))
		}
	}
	return t.close()
}

func (o options) tell(what, who string, shape traffic.Shape) {
	_, _ = fmt.Fprintf(o.progress, "%s, %s: %d spans per trace, %d per request\n", what, who, shape.SpansPerTrace, shape.SpansPerRequest)
}

// table writes rows in Markdown as they come, with the last column of a row padded too.
type table struct {
	w       *tabwriter.Writer
	columns int
}

func newTable(out io.Writer, heads ...any) *table {
	t := &table{w: tabwriter.NewWriter(out, 0, 0, 1, ' ', 0), columns: len(heads)}
	t.row(heads...)
	rule := make([]any, len(heads))
	for i := range rule {
		rule[i] = "---:"
	}
	t.row(rule...)
	return t
}

func (t *table) row(cells ...any) {
	for _, cell := range cells {
		_, _ = fmt.Fprintf(t.w, "| %v\t ", cell)
	}
	_, _ = fmt.Fprint(t.w, "|\n")
}

func (t *table) close() error { return t.w.Flush() }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()*1000) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

func percent(share float64) string { return fmt.Sprintf("%.2f %%", share*100) }
