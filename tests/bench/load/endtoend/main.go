//go:build unix

// Command endtoend compares two built Collectors that do the same work: a gateway's traces in over OTLP/gRPC, brought to the
// conventions, sampled, and out over OTLP/gRPC. They take turns with the same load, and each turn says what the
// process took, from its start to its end.
//
//	go build -o _contribcol ./load/contribcol
//	go run ./load/endtoend -gatehouse ../../_build/otelcol-gatehouse -contrib ./_contribcol
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/drive"
	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

// collector is one of the two.
type collector struct {
	name    string
	binary  string
	configs []string
	idle    used   // what a turn without load took
	turns   []turn // with load
}

// turn is what came of one.
type turn struct {
	used
	load       drive.Result
	must, rest float64 // share that arrived of the spans of traces that failed or were slow, and of the others
}

type options struct {
	folder, captures string
	turns            int
	load             drive.Options
	shape            traffic.Shape
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "endtoend:", err)
		os.Exit(1)
	}
}

func run() error {
	var o options
	gatehouse := flag.String("gatehouse", "../../_build/otelcol-gatehouse", "our Collector, make build")
	contrib := flag.String("contrib", "", "the Collector with contrib's processors, go build ./load/contribcol")
	flag.StringVar(&o.folder, "folder", ".", "folder of the benchmarks, tests/bench")
	flag.StringVar(&o.captures, "captures", "../captures", "folder of recorded telemetry, tests/captures of this repository")
	flag.IntVar(&o.turns, "turns", 3, "turns of each")
	flag.Float64Var(&o.load.Rate, "rate", 3000, "spans a second; 0 sends as fast as answers come")
	flag.DurationVar(&o.load.Duration, "duration", 40*time.Second, "length of a turn")
	flag.IntVar(&o.load.Connections, "connections", 4, "connections, each with one request under way")
	flag.IntVar(&o.shape.SpansPerTrace, "spans-per-trace", 2, "1 for the gateway's span alone, one more for each attempt upstream")
	flag.IntVar(&o.shape.SpansPerRequest, "spans-per-request", 5, "Envoy sends 5")
	flag.Parse()
	o.shape.Failed, o.shape.Slow = 0.01, 0.01
	o.load.Timeout, o.load.Retry = 30*time.Second, true
	config := func(name string) string { return filepath.Join(o.folder, "load", "endtoend", name) }
	both := []*collector{
		{name: "gatehouse", binary: *gatehouse, configs: []string{config("common.yaml"), config("gatehouse.yaml")}},
		{name: "contrib", binary: *contrib, configs: []string{
			config("common.yaml"), filepath.Join(o.folder, "transform.yaml"), config("contrib.yaml"),
		}},
	}
	var errs error
	for _, c := range both {
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
	for _, c := range both {
		if err := c.takeTurn(ctx, o, false); err != nil {
			return err
		}
	}
	for i := range o.turns {
		for j := range both {
			c := both[(i+j)%2]
			if err := c.takeTurn(ctx, o, true); err != nil {
				return err
			}
			t := c.turns[len(c.turns)-1]
			_, _ = fmt.Fprintf(os.Stderr, "%s: cpu %s, memory %d MB, %s", c.name, t.cpu, t.memory>>20, t.load.String())
		}
	}
	report(both)
	return nil
}

// takeTurn runs the Collector from start to end, with or without load.
func (c *collector) takeTurn(ctx context.Context, o options, loaded bool) error {
	backend, export, err := startSink(ctx)
	if err != nil {
		return err
	}
	defer backend.stop() //nolint:errcheck // everything has arrived
	listen, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	p, err := startProcess(ctx, c.binary, c.configs, listen, export)
	if err != nil {
		return err
	}
	if !loaded {
		c.idle, err = p.stop()
		return err
	}
	var t turn
	o.load.Endpoint, o.shape.Seed = listen, uint64(len(c.turns)+1)
	from, err := traffic.New(o.captures, o.shape)
	if err == nil {
		t.load, err = drive.Run(ctx, o.load, from)
	}
	var stopErr error
	t.used, stopErr = p.stop()
	if err = errors.Join(err, stopErr); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	if t.load.Lost > 0 {
		return fmt.Errorf("%s: %d spans were not taken, the first because of: %s", c.name, t.load.Lost, t.load.Error)
	}
	must := float64(from.Notable()) * float64(o.shape.SpansPerTrace)
	t.must, t.rest = float64(backend.must)/must, float64(backend.rest)/(float64(t.load.Taken)-must)
	c.turns = append(c.turns, t)
	return nil
}

// report prints the median turn of each in Markdown.
func report(both []*collector) {
	fmt.Println("\n| | CPU µs per span | peak memory, MB | at rest, MB | answer p50 | answer p99 | spans a second | failed and slow kept | rest kept |")
	fmt.Println("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	cpu := make([]float64, len(both))
	for i, c := range both {
		middle := func(get func(turn) float64) float64 {
			all := make([]float64, 0, len(c.turns))
			for _, t := range c.turns {
				all = append(all, get(t))
			}
			slices.Sort(all)
			return all[len(all)/2]
		}
		cpu[i] = middle(func(t turn) float64 {
			return float64((t.cpu - c.idle.cpu).Microseconds()) / float64(t.load.Taken)
		})
		fmt.Printf("| %s | %.1f | %.0f | %.0f | %.1f ms | %.1f ms | %.0f | %.2f %% | %.2f %% |\n", c.name, cpu[i],
			middle(func(t turn) float64 { return float64(t.memory) / (1 << 20) }), float64(c.idle.memory)/(1<<20),
			middle(func(t turn) float64 { return t.load.Latency(50).Seconds() * 1000 }),
			middle(func(t turn) float64 { return t.load.Latency(99).Seconds() * 1000 }),
			middle(func(t turn) float64 { return t.load.Rate() }),
			middle(func(t turn) float64 { return t.must * 100 }), middle(func(t turn) float64 { return t.rest * 100 }))
	}
	fmt.Printf("\n%s takes %.1f times the CPU per span of %s.\n", both[1].name, cpu[1]/cpu[0], both[0].name)
}
