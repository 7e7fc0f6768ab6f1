package kube

import (
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	corev1 "k8s.io/api/core/v1"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
	"github.com/gatehouse-otel/gatehouse/internal/identity"
	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what waits for another goroutine. It decides only how long a failure takes.
const patience = 30 * time.Second

// quick makes a client try again at once, so that nothing here waits for a pause.
var quick = pauses{first: 5 * time.Millisecond, longest: 20 * time.Millisecond, refused: 20 * time.Millisecond, page: patience}

// bed is a client at work.
type bed struct {
	*Client
	server *kubetest.Server
	view   *cluster.View
	logs   *observer.ObservedLogs

	mu     sync.Mutex
	counts map[string]int
}

func newBed(t *testing.T, prepare func(*kubetest.Server)) *bed {
	t.Helper()
	return newBedWith(t, quick, prepare)
}

func newBedWith(t *testing.T, pause pauses, prepare func(*kubetest.Server)) *bed {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	b := &bed{server: kubetest.New(t), view: cluster.NewView(time.Minute), logs: logs, counts: make(map[string]int)}
	if prepare != nil {
		prepare(b.server)
	}
	c, err := NewClient(Settings{
		REST: b.server.Config(), View: b.view, Routes: true, Upstream: true,
		Gateways:    identity.Extracts{Labels: []identity.Extract{{Key: "team", Attribute: "team"}}},
		RouteExtras: identity.Extracts{Annotations: []identity.Extract{{Key: "owner", Attribute: "route.owner"}}},
		Logger:      zap.New(core),
		Count: func(resource string, reason Reason) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.counts[resource+" "+string(reason)]++
		},
		pauses: pause,
	})
	require.NoError(t, err)
	b.Client = c
	c.Start()
	t.Cleanup(c.Stop)
	return b
}

func (b *bed) synced(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, b.Wait(ctx))
}

func (b *bed) eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	require.Eventually(t, done, patience, 2*time.Millisecond, what)
}

func (b *bed) lines(text string) int { return b.logs.FilterMessageSnippet(text).Len() }

func TestClientReadsAndFollows(t *testing.T) {
	t.Parallel()
	proxy := kubetest.KgatewayProxy("kgateway-system", "http", "8dh28", "10.244.0.10", "e02ddb1e-cff2-44cc-b83f-62b9ebfa0526", "")
	gateway := kubetest.Gateway("kgateway-system", "http", "kgateway", 8080, 8090)
	gateway.Labels = map[string]string{"team": "edge", "other": "x"}
	gateway.Annotations = map[string]string{"resource.opentelemetry.io/deployment.environment.name": "prod"}
	route := kubetest.HTTPRoute("shop", "shop", "kgateway-system", "http", "orders", "", "")
	route.Annotations = map[string]string{"owner": "carts"}
	b := newBed(t, func(s *kubetest.Server) {
		s.Set(proxy, gateway, route,
			kubetest.GRPCRoute("shop", "health", "kgateway-system", "http", ""),
			kubetest.Service("shop", "cart", "10.96.0.9"), kubetest.Endpoints("shop", "cart", "10.244.0.5"))
	})
	b.synced(t)

	pod := b.view.PodByName("kgateway-system", proxy.Name)
	require.NotNil(t, pod)
	assert.Same(t, pod, b.view.PodByIP(netip.MustParseAddr("10.244.0.10")))
	assert.Same(t, pod, b.view.PodByUID(string(proxy.UID)))
	assert.Equal(t, cluster.Workload{Kind: "Deployment", Name: "http"}, pod.Workload)
	assert.Equal(t, "kgateway-proxy", pod.Container)
	assert.Equal(t, "v2.4.2", pod.Version)
	assert.Equal(t, cluster.Ref{Namespace: "kgateway-system", Name: "http"}, pod.Proxy.Gateway)

	kept := b.view.Gateway(cluster.Ref{Namespace: "kgateway-system", Name: "http"})
	require.NotNil(t, kept)
	assert.Equal(t, []cluster.KV{{Key: "team", Value: "edge"}}, kept.Extra, "only what was asked for")
	assert.Equal(t, []cluster.KV{{Key: "deployment.environment.name", Value: "prod"}}, kept.Annotations)
	assert.Equal(t, []cluster.Listener{{Name: "http-8080", Port: 8080}, {Name: "http-8090", Port: 8090}}, kept.Listeners)
	rt := b.view.Route(cluster.HTTPRoute, cluster.Ref{Namespace: "shop", Name: "shop"})
	require.NotNil(t, rt)
	assert.Equal(t, []string{"orders", "", ""}, rt.Rules)
	assert.Equal(t, []cluster.KV{{Key: "route.owner", Value: "carts"}}, rt.Extra)
	assert.NotNil(t, b.view.Route(cluster.GRPCRoute, cluster.Ref{Namespace: "shop", Name: "health"}))
	service, ok := b.view.ServiceByIP(netip.MustParseAddr("10.96.0.9"))
	assert.True(t, ok)
	assert.Equal(t, cluster.Ref{Namespace: "shop", Name: "cart"}, service)

	// What changes later is seen, what is deleted is gone.
	b.server.Delete(gateway, route)
	b.server.Set(kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"))
	b.eventually(t, "the deletions and the new pod", func() bool {
		return b.view.Gateway(kept.Ref) == nil && b.view.Route(cluster.HTTPRoute, rt.Ref) == nil &&
			b.view.PodByIP(netip.MustParseAddr("10.244.0.5")) != nil
	})
	workload, ok := b.view.WorkloadOf(service)
	assert.True(t, ok)
	assert.Equal(t, cluster.Workload{Kind: "Deployment", Name: "cart"}, workload)
	assert.Zero(t, b.logs.Len(), "nothing to say when all is well")
}

func TestLongListsAreReadInPages(t *testing.T) {
	t.Parallel()
	const pods = 2*pageSize + 17
	b := newBed(t, func(s *kubetest.Server) {
		for i := range pods {
			ip := netip.AddrFrom4([4]byte{10, 244, byte(i / 250), byte(i%250 + 1)})
			s.Set(kubetest.Pod("shop", "cart", "p"+netip.AddrFrom4([4]byte{0, 0, byte(i / 250), byte(i % 250)}).String(), ip.String()))
		}
	})
	b.synced(t)
	b.eventually(t, "all pods", func() bool { return b.view.Counts().Pods == pods })
}

func TestMissingRightIsNamedOnceAndComesBack(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(s *kubetest.Server) {
		s.Refuse("list", "httproutes", true)
		s.Refuse("watch", "services", true)
		s.Set(kubetest.HTTPRoute("shop", "shop", "kgateway-system", "http", ""), kubetest.Service("shop", "cart", "10.96.0.9"))
	})
	b.synced(t)
	b.eventually(t, "several attempts", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.counts["httproutes.gateway.networking.k8s.io forbidden"] > 3 && b.counts["services forbidden"] > 3
	})
	missing := b.logs.FilterMessageSnippet("right is missing").All()
	require.Len(t, missing, 2, "one line for each right, however often it is tried")
	rights := map[string]bool{}
	for _, line := range missing {
		rights[line.ContextMap()["verb"].(string)+" "+line.ContextMap()["resource"].(string)] = true
	}
	assert.Equal(t, map[string]bool{"list httproutes.gateway.networking.k8s.io": true, "watch services": true}, rights)
	assert.True(t, b.view.HasService(cluster.Ref{Namespace: "shop", Name: "cart"}), "listed, if not watched")

	b.server.Refuse("list", "httproutes", false)
	b.server.Refuse("watch", "services", false)
	b.eventually(t, "the route", func() bool {
		return b.view.Route(cluster.HTTPRoute, cluster.Ref{Namespace: "shop", Name: "shop"}) != nil
	})
	b.eventually(t, "both recoveries in the log", func() bool { return b.lines("objects are read now") == 2 })
}

func TestKindInstalledLater(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(s *kubetest.Server) {
		for _, resource := range []string{"gateways", "httproutes", "grpcroutes"} {
			s.Absent(resource, true)
		}
	})
	b.synced(t)
	assert.Equal(t, 3, b.lines("does not have this kind"))
	b.server.Set(kubetest.Gateway("edge", "web", "kgateway", 80))
	b.server.Absent("gateways", false)
	b.eventually(t, "the Gateway", func() bool { return b.view.Gateway(cluster.Ref{Namespace: "edge", Name: "web"}) != nil })
	assert.Equal(t, 3, b.lines("does not have this kind"), "said once, however often it is tried")
}

func TestServerGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	old, other := kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"), kubetest.Pod("shop", "cart", "bbbbb", "10.244.0.6")
	b := newBed(t, func(s *kubetest.Server) { s.Set(old) })
	b.synced(t)
	b.server.Down()
	b.eventually(t, "the line that it is away", func() bool { return b.lines("does not answer") == 1 })
	assert.NotNil(t, b.view.PodByUID(string(old.UID)), "what is known is served")
	b.eventually(t, "several attempts of every kind", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		n := 0
		for _, count := range b.counts {
			if count > 3 {
				n++
			}
		}
		return n == len(b.Resources())
	})
	b.server.Set(other)
	b.server.Delete(old)
	b.server.Up()
	b.eventually(t, "what happened meanwhile", func() bool { return b.view.PodByUID(string(other.UID)) != nil })
	b.eventually(t, "the line that it is back", func() bool { return b.lines("answers again") == 1 })
	assert.Equal(t, 1, b.lines("does not answer"), "one line down")
	assert.Equal(t, 2, b.logs.Len(), "and nothing else")
	assert.Equal(t, 1, b.view.Counts().Pods)
}

func TestWaitIsBounded(t *testing.T) {
	t.Parallel()
	late := newBed(t, func(s *kubetest.Server) { s.Down() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, late.Wait(ctx), context.DeadlineExceeded)
	late.server.Set(kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"))
	late.server.Up()
	late.eventually(t, "what was learned late", func() bool { return late.view.Counts().Pods == 1 })
}

func TestStopWithoutStart(t *testing.T) {
	t.Parallel()
	c, err := NewClient(Settings{REST: kubetest.New(t).Config(), View: cluster.NewView(0), Logger: zap.NewNop()})
	require.NoError(t, err)
	c.Stop()
	assert.Equal(t, []string{"pods", "gateways.gateway.networking.k8s.io"}, c.Resources(),
		"neither routes nor upstreams when nobody asks for them")
}

// TestRecordedPod reads the pod that kgateway's real controller made.
func TestRecordedPod(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/kgateway-2.4.2-pod.json")
	require.NoError(t, err)
	var p corev1.Pod
	require.NoError(t, json.Unmarshal(raw, &p))
	kept := convertPod(&p)
	assert.Equal(t, "http", kept.App)
	assert.Equal(t, "v2.4.2", kept.Version)
	assert.Equal(t, "node-a", kept.Node)
	assert.Equal(t, cluster.Workload{Kind: "Deployment", Name: "http"}, kept.Workload)
	require.NotNil(t, kept.Proxy)
	assert.Equal(t, "kgateway", kept.Proxy.Class)
	// What the recording's 2.4.2-generated-env.txt shows in the running container.
	for key, want := range map[string]string{
		"service.namespace": "kgateway-system", "service.instance.id": "0d2e9317-1e93-4678-af56-8f56cb3c6d3d", "service.version": "v2.4.2",
		"k8s.pod.name": "http-6f77b6687-6k9sg", "k8s.node.name": "node-a", "k8s.container.name": "kgateway-proxy",
	} {
		assert.Equal(t, want, cluster.Value(kept.Proxy.Env, key), key)
	}
}
