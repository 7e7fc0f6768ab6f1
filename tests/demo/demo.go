package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/internal/replay/collector"
)

const (
	startTimeout   = 60 * time.Second // until the Collector is ready
	sectionTimeout = 60 * time.Second // to replay one gateway
	stopGrace      = 10 * time.Second // between SIGTERM and SIGKILL
)

// demo is a running report.
type demo struct {
	layout
	out     io.Writer
	process *collector.Process
	sink    *replay.Sink
	grpc    *replay.GRPCSender
	http    *replay.HTTPSender
}

// run starts the Collector, replays every capture through it, reports, and stops it again. An error of the Collector
// carries the end of its log.
func run(ctx context.Context, out io.Writer, l layout, binary, captures string) (err error) {
	began := time.Now()
	all, err := allCaptures(captures)
	if err != nil {
		return err
	}
	owned, err := assign(sections, all)
	if err != nil {
		return err
	}
	d := &demo{layout: l, out: out}
	if d.sink, err = replay.StartSink(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.sink.Close()) }()
	if err = d.start(ctx, binary); err != nil {
		return err
	}
	defer func() {
		if stopErr := d.process.Stop(stopGrace); err == nil {
			err = stopErr
		}
		if err != nil {
			err = fmt.Errorf("%w\nlast lines of the collector's log:\n%s", err, d.process.Log())
		}
	}()
	if d.grpc, err = replay.NewGRPCSender(d.process.Config().OTLPGRPC); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.grpc.Close()) }()
	if d.http, err = replay.NewHTTPSender("http://"+d.process.Config().OTLPHTTP, replay.ContentTypeProtobuf); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.http.Close()) }()

	ctx, cancel := d.untilExit(ctx)
	defer cancel()
	var total stats
	for i, s := range sections {
		counted, err := d.section(ctx, s, owned[i])
		if err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
		total.add(counted)
	}
	d.say("%s", d.title("in total"))
	d.say("%s", strings.Join(d.phrases(total.parts()), "\n"))

	if err := d.process.Stop(stopGrace); err != nil {
		return err
	}
	d.say("%sSent SIGTERM: the Collector ended with exit code 0. %d recordings in %s.",
		indent, len(all), time.Since(began).Round(100*time.Millisecond))
	return nil
}

func (d *demo) say(format string, args ...any) {
	// A reader that closes the pipe has seen enough; the Collector is stopped all the same.
	_, _ = fmt.Fprintf(d.out, format+"\n", args...)
}

// start runs the Collector and says so.
func (d *demo) start(ctx context.Context, binary string) error {
	d.say("Starting %s with pipelines otlp, zipkin, envoy_als, kong_log → %s → otlp_grpc …", binary, strings.Join(processors, ", "))
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not ready within %s", startTimeout))
	defer cancel()
	process, err := collector.Run(ctx, binary, d.sink.Endpoint(), processors...)
	if err != nil {
		return err
	}
	d.process = process
	cfg := process.Config()
	d.say("Ready after %s: OTLP/gRPC on %s, OTLP/HTTP on %s, Zipkin on %s,",
		time.Since(began).Round(10*time.Millisecond), cfg.OTLPGRPC, cfg.OTLPHTTP, cfg.Zipkin)
	d.say("Envoy's access log service on %s, Kong's http-log on %s.", cfg.EnvoyALS, cfg.KongHTTP)
	d.say("Each table shows one item as the gateway sent it and as it left the Collector:")
	d.say("%s→ renamed or mended   » read out of it   = there already   + new   × dropped   %s hidden", indent,
		d.paintText(d.strike("secret", [][2]int{{0, len("secret")}}), 0, ""))
	d.say("%s", "")
	return nil
}

// untilExit returns a context that ends when the Collector does: nobody has to wait for spans that cannot come.
func (d *demo) untilExit(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-d.process.Exited():
			cancel(errors.New("collector ended by itself"))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// section replays the captures of one gateway and reports on them.
func (d *demo) section(ctx context.Context, s section, captures []replay.Capture) (stats, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, sectionTimeout, fmt.Errorf("not done within %s", sectionTimeout))
	defer cancel()
	d.say("%s", d.title(s.title))
	transport := "OTLP/gRPC"
	switch {
	case s.receiver == envoyALS:
		transport = "gRPC"
	case s.receiver == kongLog:
		transport = "HTTP"
	case s.overHTTP:
		transport = "OTLP/HTTP"
	}
	d.say("%sreplaying %s over %s", indent, plural(len(captures), "file"), transport)

	d.sink.Reset()
	var spans, records []item
	for _, c := range captures {
		sentSpans, sentRecords, err := d.replay(ctx, s, c)
		if err != nil {
			return stats{}, fmt.Errorf("%s: %w", c, err)
		}
		spans, records = append(spans, sentSpans...), append(records, sentRecords...)
	}
	if err := d.sink.Wait(ctx, len(spans), len(records)); err != nil {
		return stats{}, err
	}
	gotSpans, gotRecords := spanItems("", d.sink.Traces()), recordItems("", d.sink.Logs())
	spanPairs, err := matchSpans(spans, gotSpans)
	if err != nil {
		return stats{}, err
	}
	recordPairs, err := matchRecords(records, gotRecords)
	if err != nil {
		return stats{}, err
	}

	counted := stats{spansIn: len(spans), spansOut: len(gotSpans), recordsIn: len(records), recordsOut: len(gotRecords)}
	for _, e := range spanPairs {
		counted.count(e.comparison)
	}
	for _, e := range recordPairs {
		counted.count(e.comparison)
	}
	d.show("span", d.rows, spanPairs, s.span)
	d.show("log record", d.rows-2, recordPairs, s.record)
	d.say("%s\n", strings.Join(d.phrases(counted.parts()), "\n"))
	return counted, nil
}

// replay sends one capture and returns its items.
func (d *demo) replay(ctx context.Context, s section, c replay.Capture) (spans, records []item, err error) {
	if receiver := receiverOf(c); receiver != "" {
		payloads, err := c.Payloads()
		if err != nil {
			return nil, nil, err
		}
		if records, err = messageItems(c, payloads); err != nil {
			return nil, nil, err
		}
		if receiver == envoyALS {
			return nil, records, d.streamALS(ctx, payloads)
		}
		return nil, records, d.postKong(ctx, payloads)
	}
	var sender replay.Sender = d.grpc
	if s.overHTTP {
		sender = d.http
	}
	if c.Signal == replay.SignalLogs {
		batches, err := c.Logs()
		if err != nil {
			return nil, nil, err
		}
		for _, ld := range batches {
			if err := sender.SendLogs(ctx, ld); err != nil {
				return nil, nil, err
			}
		}
		return nil, recordItems(c.String(), batches), nil
	}
	batches, err := c.Traces()
	if err != nil {
		return nil, nil, err
	}
	if c.Format == replay.FormatZipkin {
		return spanItems(c.String(), batches), nil, d.postZipkin(ctx, c)
	}
	for _, td := range batches {
		if err := sender.SendTraces(ctx, td); err != nil {
			return nil, nil, err
		}
	}
	return spanItems(c.String(), batches), nil, nil
}

func (d *demo) postZipkin(ctx context.Context, c replay.Capture) error {
	payloads, err := c.Payloads()
	if err != nil {
		return err
	}
	url := "http://" + d.process.Config().Zipkin + "/api/v2/spans"
	for _, payload := range payloads {
		code, answer, err := replay.PostRaw(ctx, url, replay.ContentTypeJSON, payload)
		if err != nil {
			return err
		}
		if code != http.StatusAccepted {
			return fmt.Errorf("zipkin receiver answered %d: %q", code, answer)
		}
	}
	return nil
}

// show prints the most telling of the exchanges, if there are any, in a table of so many lines, 0 for no limit.
func (d *demo) show(what string, rows int, exchanges []exchange, hints []hint) {
	e, ok := choose(exchanges, hints)
	if !ok {
		return
	}
	caption := fmt.Sprintf("%s of %s", what, e.before.source)
	if name := e.before.get(fieldName); name != "" {
		caption = fmt.Sprintf("%s %s %q of %s", e.before.get(fieldKind), what, name, e.before.source)
	}
	d.say("%s%s", indent, d.paint(styleBold, shorten(caption, d.width-len(indent))))
	if len(e.comparison.groups) == 0 {
		d.say("%s", d.list(fmt.Sprintf("passes unchanged (%d): ", len(e.comparison.unchanged)), e.comparison.unchanged))
		return
	}
	l := d.layout
	l.rows = max(rows, 0)
	d.say("%s", strings.Join(l.table(e.comparison), "\n"))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
