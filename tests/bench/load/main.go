// Command load sends a gateway's traces and access logs to a Collector and says what became of them: as a real kgateway sends them,
// cut into requests as Envoy cuts them, at a rate of one's own (open loop) or as fast as they are answered (closed).
//
//	go run ./load -endpoint localhost:4317 -rate 5000 -duration 1m
//
// It fails when something was lost, unless -lossy is given.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/drive"
	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run() error {
	var o drive.Options
	var shape traffic.Shape
	captures := flag.String("captures", "../captures", "folder of recorded telemetry, tests/captures of this repository")
	asJSON := flag.Bool("json", false, "print the result as JSON")
	lossy := flag.Bool("lossy", false, "do not fail when something was lost")
	flag.StringVar(&o.Endpoint, "endpoint", "localhost:4317", "where to send, OTLP/gRPC without TLS")
	flag.Float64Var(&o.Rate, "rate", 0, "spans and log records a second; 0 sends as fast as answers come")
	flag.IntVar(&o.Connections, "connections", 4, "connections, each with one request under way")
	flag.DurationVar(&o.Duration, "duration", 30*time.Second, "how long to send")
	flag.DurationVar(&o.Timeout, "timeout", 10*time.Second, "how long to wait for an answer")
	flag.BoolVar(&o.Retry, "retry", false, "send what was refused for now again until it is taken")
	flag.IntVar(&shape.SpansPerTrace, "spans-per-trace", 2, "1 for the gateway's span alone, one more for each attempt upstream")
	flag.IntVar(&shape.SpansPerRequest, "spans-per-request", 5, "Envoy sends 5")
	flag.Float64Var(&shape.Failed, "failed", 0.01, "share of traces answered with 5xx")
	flag.Float64Var(&shape.Slow, "slow", 0.01, "share of traces longer than "+traffic.SlowAfter.String())
	flag.Float64Var(&shape.Remote, "remote", 0, "share of traces that begin before the gateway")
	flag.BoolVar(&shape.Logs, "logs", false, "send an access log record for each trace as well")
	flag.IntVar(&shape.Window, "window", 0, "so many items wait, and the next one is any of them: they come interleaved and out of order")
	flag.Float64Var(&shape.Late, "late", 0, "share of traces whose other items come late-by after the first one")
	flag.DurationVar(&shape.LateBy, "late-by", 40*time.Second, "how much later")
	flag.Uint64Var(&shape.Seed, "seed", uint64(time.Now().UnixNano()), "equal seeds make equal traces, the time of day apart")
	flag.Parse()
	from, err := traffic.New(*captures, shape)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	result, err := drive.Run(ctx, o, from)
	if result.Requests > 0 {
		if *asJSON {
			_ = json.NewEncoder(os.Stdout).Encode(&result) // standard output gone: nobody to tell
		} else {
			fmt.Print(result.String())
		}
	}
	if err != nil {
		return err
	}
	if result.Lost > 0 && !*lossy {
		return fmt.Errorf("%d of %d spans and log records were lost", result.Lost, result.Spans+result.Records)
	}
	return nil
}
