// Package drive sends a gateway's telemetry to a Collector over OTLP/gRPC and says what became of it.
package drive

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

// Options say where to send how much.
type Options struct {
	Endpoint string // host:port, OTLP/gRPC without TLS
	// Rate is in spans and log records a second. Above 0 the loop is open: requests have their moments whatever the Collector does, as those of
	// a gateway with its own clients have. 0 closes the loop: a connection sends its next request when the last was
	// answered, which finds out how much a Collector can take.
	Rate        float64
	Connections int           // each has one request under way at a time
	Duration    time.Duration // after which nothing new is begun
	Timeout     time.Duration // of one request
	// Retry sends a request again that was refused for now, after 100 ms and then twice as long each time up to 5 s,
	// until it is taken. Envoy does not do so; a collector in front does.
	Retry bool
}

// Validate reports every value that makes no sense.
func (o Options) Validate() error {
	var errs error
	if o.Endpoint == "" {
		errs = errors.Join(errs, errors.New("endpoint: is empty, want host:port"))
	}
	if !(o.Rate >= 0) {
		errs = errors.Join(errs, fmt.Errorf("rate: %g, want spans a second, or 0 for as fast as answers come", o.Rate))
	}
	if o.Connections < 1 {
		errs = errors.Join(errs, fmt.Errorf("connections: %d, want at least 1", o.Connections))
	}
	if o.Duration <= 0 {
		errs = errors.Join(errs, fmt.Errorf("duration: %s, want more than 0", o.Duration))
	}
	if o.Timeout <= 0 {
		errs = errors.Join(errs, fmt.Errorf("timeout: %s, want more than 0", o.Timeout))
	}
	return errs
}

const (
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 5 * time.Second
	// maxMessage is the largest answer taken, in bytes; requests are as large as the traffic makes them.
	maxMessage = 64 << 20
)

// Run sends traffic until the duration is over, finishes the last trace, and waits for every answer. A request that
// fails is part of the result. An error means that the load was not what it should have been: ctx ended, or the
// endpoint makes no sense.
func Run(ctx context.Context, o Options, from *traffic.Traffic) (Result, error) {
	if err := o.Validate(); err != nil {
		return Result{}, err
	}
	d := &driver{options: o, from: from, begin: time.Now()}
	var clients []client
	for range o.Connections {
		conn, err := grpc.NewClient(o.Endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
		if err != nil {
			return Result{}, fmt.Errorf("connect to %s: %w", o.Endpoint, err)
		}
		defer conn.Close() //nolint:errcheck // every answer is in
		clients = append(clients, client{traces: ptraceotlp.NewGRPCClient(conn), logs: plogotlp.NewGRPCClient(conn)})
	}
	var workers sync.WaitGroup
	for _, client := range clients {
		workers.Go(func() { d.work(ctx, client) })
	}
	workers.Wait()
	for {
		r, at, ok := from.RestRequest(time.Now())
		if !ok || !wait(ctx, time.Until(at)) {
			break
		}
		d.send(ctx, clients[0], r, at)
	}
	d.result.Traces = from.Traces()
	d.result.Elapsed = time.Since(d.begin)
	return d.result, context.Cause(ctx)
}

// client is a connection.
type client struct {
	traces ptraceotlp.GRPCClient
	logs   plogotlp.GRPCClient
}

type driver struct {
	options Options
	begin   time.Time

	mu     sync.Mutex
	from   *traffic.Traffic
	sent   int // items that have had their moment
	result Result
}

func (d *driver) work(ctx context.Context, to client) {
	for {
		r, due, ok := d.next()
		if !ok || !wait(ctx, time.Until(due)) {
			return
		}
		d.send(ctx, to, r, due)
	}
}

// next returns a request and the moment it has to be sent, and false when that is past the end.
func (d *driver) next() (r traffic.Request, due time.Time, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	due = time.Now()
	if d.options.Rate > 0 {
		due = d.begin.Add(time.Duration(float64(d.sent) / d.options.Rate * float64(time.Second)))
	}
	if due.Sub(d.begin) >= d.options.Duration || time.Since(d.begin) >= d.options.Duration {
		return r, due, false
	}
	r = d.from.NextRequest(due)
	d.sent += r.Items
	return r, due, true
}

// send sends one request and notes what became of it. How long it took counts from the moment it was due: a Collector
// that lets one request wait makes the next ones late.
func (d *driver) send(ctx context.Context, to client, r traffic.Request, due time.Time) {
	refused := 0
	for backoff := firstBackoff; ; backoff = min(2*backoff, lastBackoff) {
		err := d.try(ctx, to, r)
		if err != nil && retryable(err) {
			refused++
			if d.options.Retry && wait(ctx, backoff) {
				continue
			}
		}
		d.mu.Lock()
		d.result.note(r, refused, time.Since(due), err)
		d.mu.Unlock()
		return
	}
}

func (d *driver) try(ctx context.Context, to client, r traffic.Request) error {
	ctx, cancel := context.WithTimeout(ctx, d.options.Timeout)
	defer cancel()
	var rejected int64
	var message string
	if r.IsLogs {
		answer, err := to.logs.Export(ctx, plogotlp.NewExportRequestFromLogs(r.Logs))
		if err != nil {
			return err
		}
		rejected, message = answer.PartialSuccess().RejectedLogRecords(), answer.PartialSuccess().ErrorMessage()
	} else {
		answer, err := to.traces.Export(ctx, ptraceotlp.NewExportRequestFromTraces(r.Traces))
		if err != nil {
			return err
		}
		rejected, message = answer.PartialSuccess().RejectedSpans(), answer.PartialSuccess().ErrorMessage()
	}
	if rejected > 0 {
		return fmt.Errorf("%d items of a request rejected: %s", rejected, message)
	}
	return nil
}

// retryable says whether an answer means that the same request may succeed later: OTLP/gRPC, specification v1.11.0,
// "Failures".
func retryable(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.ResourceExhausted, codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange,
		codes.DataLoss:
		return true
	default:
		return false
	}
}

// wait returns true after d, and false at once when ctx has ended.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
