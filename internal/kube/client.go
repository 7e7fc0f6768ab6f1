package kube

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
	"github.com/gatehouse-otel/gatehouse/internal/identity"
)

// Settings are what a client is told.
type Settings struct {
	// REST is how to talk to the API server. It is copied.
	REST *rest.Config
	View *cluster.View
	// Routes reads HTTPRoutes and GRPCRoutes, Upstream Services and EndpointSlices.
	Routes, Upstream bool
	// Gateways and RouteExtras are the labels and annotations that are kept.
	Gateways, RouteExtras identity.Extracts
	Logger                *zap.Logger
	// Count is called for every list or watch that failed. It may be nil.
	Count func(resource string, reason Reason)
	// Pauses, for tests; zero means the default.
	pauses pauses
}

// A page takes a minute at most, as with the API server's own --request-timeout: what is in between may never answer.
var defaultPauses = pauses{
	first: time.Second, longest: 10 * time.Second, refused: 30 * time.Second, starting: 30 * time.Second, page: time.Minute,
}

// Client keeps a view equal to the API server.
type Client struct {
	sources []source
	monitor *monitor
	pauses  pauses
	view    *cluster.View
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// sweep is how often deleted pods are looked for whose time has come.
const sweep = 30 * time.Second

// NewClient returns a client that reads nothing yet.
func NewClient(set Settings) (*Client, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, discoveryv1.AddToScheme, gatewayv1.Install} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("prepare the types of the Kubernetes API: %w", err)
		}
	}
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	codecs := serializer.NewCodecFactory(scheme).WithoutConversion()
	base := rest.CopyConfig(set.REST)
	base.WarningHandler = rest.NoWarnings{}
	base.WarningHandlerWithContext = nil
	base.QPS, base.Burst = 50, 100
	base.UserAgent = "otelcol-gatehouse/gateway_identity"
	base.NegotiatedSerializer = codecs
	http, err := rest.HTTPClientFor(base)
	if err != nil {
		return nil, fmt.Errorf("prepare the connection to the Kubernetes API server: %w", err)
	}
	client := func(path string, group schema.GroupVersion, proto bool) (rest.Interface, error) {
		cfg := rest.CopyConfig(base)
		cfg.APIPath, cfg.GroupVersion = path, &group
		if proto {
			cfg.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
			cfg.ContentType = runtime.ContentTypeProtobuf
		}
		c, err := rest.RESTClientForConfigAndClient(cfg, http)
		if err != nil {
			return nil, fmt.Errorf("prepare the client for %s: %w", group, err)
		}
		return c, nil
	}
	core, err := client("/api", corev1.SchemeGroupVersion, true)
	if err != nil {
		return nil, err
	}
	discovery, err := client("/apis", discoveryv1.SchemeGroupVersion, true)
	if err != nil {
		return nil, err
	}
	gateways, err := client("/apis", schema.GroupVersion(gatewayv1.GroupVersion), false)
	if err != nil {
		return nil, err
	}
	count := set.Count
	if count == nil {
		count = func(string, Reason) {}
	}
	c := &Client{pauses: set.pauses, view: set.View}
	if c.pauses == (pauses{}) {
		c.pauses = defaultPauses
	}
	c.monitor = newMonitor(set.Logger, count, c.pauses.starting)
	c.sources = append(c.sources, podSource(core, set), gatewaySource(gateways, set))
	if set.Routes {
		c.sources = append(c.sources, httpRouteSource(gateways, set), grpcRouteSource(gateways, set))
	}
	if set.Upstream {
		c.sources = append(c.sources, serviceSource(core, set), endpointSource(discovery, set))
	}
	return c, nil
}

// Start begins to read. It returns at once; see Wait.
func (c *Client) Start() {
	ctx, cancel := context.WithCancel(klog.NewContext(context.Background(), klog.Logger{}))
	c.cancel = cancel
	wake := newBell()
	for _, s := range c.sources {
		c.running.Go(func() { s.run(ctx, c.monitor, wake, c.pauses) })
	}
	c.running.Go(func() {
		ticker := time.NewTicker(sweep)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				c.view.Sweep()
			}
		}
	})
}

// Wait returns when every kind of object has been read, or is known to be refused or absent, and otherwise the context's
// error when that ends. What is learned later is used from then on.
func (c *Client) Wait(ctx context.Context) error {
	return c.monitor.wait(ctx, len(c.sources))
}

// Stop ends all reading and waits until nothing runs any more. It does nothing when Start was not called.
func (c *Client) Stop() {
	if c.cancel != nil {
		c.cancel()
		c.running.Wait()
	}
}

// Resources returns what is read, as RBAC spells it.
func (c *Client) Resources() []string {
	names := make([]string, 0, len(c.sources))
	for _, s := range c.sources {
		names = append(names, s.name())
	}
	return names
}
