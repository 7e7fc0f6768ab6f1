package gatewayidentityprocessor

import (
	"context"
	"errors"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
	"github.com/gatehouse-otel/gatehouse/internal/identity"
	"github.com/gatehouse-otel/gatehouse/internal/kube"
	"github.com/gatehouse-otel/gatehouse/processor/gatewayidentityprocessor/internal/metadata"
)

// factory knows the resolvers in use. The Collector hands all pipelines that name a component the same configuration, so
// that its address tells components apart.
type factory struct {
	mu     sync.Mutex
	shared map[*Config]*resolver
}

// resolver is what the pipelines of one component share: the view of the cluster, its client and all that is remembered.
type resolver struct {
	*identity.Resolver
	view *cluster.View

	mu     sync.Mutex
	users  int // pipelines that were made and not shut down
	client *kube.Client
	tried  bool
}

func (f *factory) acquire(cfg *Config) *resolver {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.shared[cfg]
	if r == nil {
		view := cluster.NewView(cfg.DeletedPods)
		r = &resolver{view: view, Resolver: identity.NewResolver(view, identity.Options{
			InstanceID:   cfg.InstanceID,
			Connection:   cfg.Connection,
			Routes:       cfg.Routes,
			Upstream:     cfg.Upstream,
			DefaultNames: cfg.DefaultNames,
			CacheSize:    cfg.CacheSize,
		})}
		f.shared[cfg] = r
	}
	r.users++
	return r
}

func (f *factory) release(cfg *Config, r *resolver) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.users--; r.users > 0 {
		return
	}
	if f.shared[cfg] == r {
		delete(f.shared, cfg)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client != nil {
		r.client.Stop()
	}
}

// start begins to read the cluster; only the first pipeline of a component does. It waits no longer than
// wait_for_metadata.
func (r *resolver) start(ctx context.Context, cfg *Config, logger *zap.Logger, telemetry *metadata.TelemetryBuilder) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tried || cfg.AuthType == kube.AuthNone {
		return nil
	}
	r.tried = true
	rest, err := kube.RESTConfig(cfg.AuthType, cfg.Context)
	if errors.Is(err, kube.ErrNotInCluster) {
		logger.Warn("no Kubernetes API server; filling in only what the telemetry itself proves", zap.Error(err))
		return nil
	}
	if err != nil {
		return err
	}
	client, err := kube.NewClient(kube.Settings{
		REST: rest, View: r.view, Routes: cfg.Routes, Upstream: cfg.Upstream,
		Gateways: cfg.Extract.extracts(FromGateway), RouteExtras: cfg.Extract.extracts(FromRoute),
		Logger: logger,
		Count: func(resource string, reason kube.Reason) {
			kind, _, _ := strings.Cut(resource, ".")
			telemetry.ProcessorGatewayIdentityKubeFailures.Add(context.Background(), 1, metric.WithAttributeSet(attribute.NewSet(
				attribute.String("kind", kind), attribute.String("reason", string(reason)))))
		},
	})
	if err != nil {
		return err
	}
	if err := telemetry.RegisterProcessorGatewayIdentityKubeObjectsCallback(r.observe); err != nil {
		return err
	}
	r.client = client
	client.Start()
	if cfg.WaitForMetadata <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.WaitForMetadata)
	defer cancel()
	if err := client.Wait(ctx); err != nil {
		logger.Warn("the cluster is not known yet; starting all the same, what is learned later is used from then on",
			zap.Duration("wait_for_metadata", cfg.WaitForMetadata))
	}
	return nil
}

// observe reports how many objects are known.
func (r *resolver) observe(_ context.Context, o metric.Int64Observer) error {
	c := r.view.Counts()
	for kind, n := range map[string]int{
		"pods": c.Pods, "gateways": c.Gateways, "httproutes": c.HTTPRoutes,
		"grpcroutes": c.GRPCRoutes, "services": c.Services, "endpointslices": c.EndpointSlices,
	} {
		o.Observe(int64(n), metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", kind))))
	}
	return nil
}
