package envoyalsreceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/serverconfig"
	"github.com/gatehouse-otel/gatehouse/receiver/envoyalsreceiver/internal/als"
	"github.com/gatehouse-otel/gatehouse/receiver/envoyalsreceiver/internal/metadata"
)

// drainTimeout bounds how long Shutdown waits for records that the next component does not take, where its context has
// no deadline: the Collector's has none.
const drainTimeout = 5 * time.Second

// alsReceiver is the gRPC server and what its streams share.
type alsReceiver struct {
	cfg       *Config
	settings  receiver.Settings
	next      consumer.Logs
	engine    *gateway.Engine
	decoding  als.Options
	telemetry *telemetry
	obsrep    *receiverhelper.ObsReport

	gate *gate
	held *budget
	// told are the causes of refusals that the log knows.
	told [refusalCount]sync.Once
	// life ends when the receiver has to give up what it still holds.
	life    context.Context
	endLife context.CancelFunc

	server  *grpc.Server
	address string // what it listens on
	serving sync.WaitGroup
	once    sync.Once
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Logs) (*alsReceiver, error) {
	engine, err := cfg.compile()
	if err != nil {
		return nil, err
	}
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	obsrep, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: set.ID, Transport: "grpc", LongLivedCtx: true, ReceiverCreateSettings: set,
	})
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	r := &alsReceiver{
		cfg: cfg, settings: set, next: next, engine: engine, decoding: cfg.decoding(),
		telemetry: newTelemetry(builder, engine.Gateways()), obsrep: obsrep, gate: newGate(cfg.MaxStreams), held: newBudget(cfg.MaxHeldSize),
	}
	r.life, r.endLife = context.WithCancel(context.Background())
	return r, nil
}

// Start listens and serves. It fails when the address cannot be listened on or TLS or authentication cannot be set up.
func (r *alsReceiver) Start(ctx context.Context, host component.Host) error {
	middlewares := make([]component.ID, 0, len(r.cfg.ServerConfig.Middlewares))
	for _, m := range r.cfg.ServerConfig.Middlewares {
		middlewares = append(middlewares, m.ID)
	}
	if err := serverconfig.Extensions(host, "", r.cfg.ServerConfig.Auth.Get(), middlewares); err != nil {
		return err
	}
	server, err := r.cfg.ServerConfig.ToServer(ctx, host.GetExtensions(), r.settings.TelemetrySettings,
		configgrpc.WithGrpcServerOption(grpc.ForceServerCodecV2(codec{})))
	if err != nil {
		return fmt.Errorf("set up the gRPC server: %w", err)
	}
	listener, err := r.cfg.ServerConfig.NetAddr.Listen(ctx)
	if err != nil {
		server.Stop()
		return fmt.Errorf("listen on endpoint %q: %w", r.cfg.ServerConfig.NetAddr.Endpoint, err)
	}
	r.server, r.address = server, listener.Addr().String()
	server.RegisterService(&service, r)
	r.settings.Logger.Info("Waiting for Envoy's access logs", zap.String("endpoint", r.address))
	r.serving.Go(func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
		}
	})
	return nil
}

// Shutdown refuses new streams and lets those at work finish the message they work on, as long as the context lasts.
// What an Envoy has sent behind that message is not read: the service has no acknowledgments, and a stream of Envoy has
// no end. It fails when records had to be given up.
func (r *alsReceiver) Shutdown(ctx context.Context) error {
	var err error
	r.once.Do(func() { err = r.stop(ctx) })
	return err
}

func (r *alsReceiver) stop(ctx context.Context) error {
	defer r.telemetry.Shutdown()
	defer r.endLife()
	if r.server == nil {
		return nil
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, drainTimeout)
		defer cancel()
	}
	r.gate.stop()
	r.serving.Go(r.server.GracefulStop) // tells clients to open no more streams; it ends with Stop at the latest
	var err error
	select {
	case <-r.gate.idle:
	case <-ctx.Done():
		err = fmt.Errorf("shut down: streams still held records that the next component did not take: %w", ctx.Err())
	}
	r.endLife()
	r.server.Stop() // the streams that wait for a message end here
	r.serving.Wait()
	// Handlers return at once, unless the next component does not let go of a call whose context is done. It then has a
	// second more, because leaving them behind would be worse.
	select {
	case <-r.gate.empty:
	case <-time.After(time.Second):
		err = errors.Join(err, errors.New("shut down: the next component does not return"))
	}
	if err != nil {
		r.settings.Logger.Warn("Stopped with records in hand; they are counted as dropped", zap.Error(err))
	}
	return err
}
