//go:build unix

// Command endtoend compares two built Collectors that do the same work: a gateway's traces in over OTLP/gRPC, brought to the
// conventions, sampled, and out over OTLP/gRPC. They take turns with the same load, and each turn says what the
// process took, from its start to its end. Then ours gets access logs as well, interleaved, out of order and late, and what
// comes out has to be whole.
//
// It prints tables in Markdown, and fails when a trace that was to be kept is not there, or one is there in part or more
// than once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/drive"
	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

type options struct {
	captures string
	turns    int
	length   time.Duration
	load     drive.Options
	shape    traffic.Shape
}

// load is one row of the table.
type load struct {
	rate            float64 // spans a second, 0: as fast as answers come
	spansPerRequest int     // Envoy sends 5, a collector in front of ours more
	share           float64 // of the length of a turn
}

var loads = []load{{3000, 5, 1}, {6000, 50, 1}, {0, 50, 0.5}}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "endtoend:", err)
		os.Exit(1)
	}
}

func run() error {
	var o options
	gatehouse := flag.String("gatehouse", "../../_build/otelcol-gatehouse", "our Collector, make build")
	contrib := flag.String("contrib", "../../_build/contribcol/contribcol", "the Collector with contrib's processors, built of load/endtoend/contrib-builder.yaml")
	folder := flag.String("folder", ".", "folder of the benchmarks, tests/bench")
	flag.StringVar(&o.captures, "captures", "../captures", "folder of recorded telemetry, tests/captures of this repository")
	flag.IntVar(&o.turns, "turns", 2, "turns of each Collector with each load")
	flag.DurationVar(&o.length, "duration", 30*time.Second, "length of a turn; as fast as answers come it is half of that")
	flag.IntVar(&o.load.Connections, "connections", 4, "connections, each with one request under way")
	flag.IntVar(&o.shape.SpansPerTrace, "spans-per-trace", 2, "1 for the gateway's span alone, one more for each attempt upstream")
	flag.Parse()
	o.shape.Failed, o.shape.Slow = 0.01, 0.01
	o.load.Timeout, o.load.Retry = 30*time.Second, true
	config := func(name string) string { return filepath.Join(*folder, "load", "endtoend", name) }
	ours := &collector{name: "gatehouse", binary: *gatehouse, configs: []string{config("common.yaml"), config("gatehouse.yaml")}}
	theirs := &collector{name: "contrib", binary: *contrib, configs: []string{
		config("common.yaml"), filepath.Join(*folder, "transform.yaml"), config("contrib.yaml"),
	}}
	var errs error
	for _, c := range []*collector{ours, theirs} {
		if _, err := os.Stat(c.binary); err != nil {
			errs = errors.Join(errs, fmt.Errorf("-%s: %w", c.name, err))
		}
	}
	if o.turns < 1 {
		errs = errors.Join(errs, fmt.Errorf("-turns: %d, want at least 1", o.turns))
	}
	if errs != nil {
		return errs
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Printf("%s %s/%s, %d cores, load average %s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), loadAverage())
	if err := compare(ctx, o, [2]*collector{ours, theirs}); err != nil {
		return err
	}
	checked := *ours
	checked.configs = append(checked.configs, config("check.yaml"))
	err := check(ctx, o, &checked)
	fmt.Printf("\nLoad average at the end: %s\n", loadAverage())
	return err
}

// compare lets two Collectors take turns with every load and prints the table.
func compare(ctx context.Context, o options, both [2]*collector) error {
	for _, c := range both {
		if err := c.rest(ctx); err != nil {
			return err
		}
	}
	reportHead()
	for _, l := range loads {
		o.load.Rate, o.load.Duration = l.rate, time.Duration(float64(o.length)*l.share)
		o.shape.SpansPerRequest = l.spansPerRequest
		var turns [2][]turn
		for i := range o.turns {
			for j := range both {
				at := (i + j) % len(both)
				o.shape.Seed = uint64(i + 1)
				t, err := both[at].takeTurn(ctx, o)
				if err != nil {
					return err
				}
				turns[at] = append(turns[at], t)
				_, _ = fmt.Fprintf(os.Stderr, "%s: cpu %s, memory %d MB, %s", both[at].name, t.cpu, t.memory>>20, t.load.String())
			}
		}
		report(o, both, turns)
	}
	return nil
}

// loadAverage says how busy the machine is, as Linux counts it.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	var one, five, fifteen string
	_, _ = fmt.Sscan(string(text), &one, &five, &fifteen) // what is not there stays empty
	return one + " " + five + " " + fifteen
}
