//go:build e2e && unix

package gatewayidentityprocessor

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/k8sattributesprocessor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	corev1 "k8s.io/api/core/v1"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
)

const (
	manifest = "../../distributions/otelcol-gatehouse/kubernetes/rbac.yaml"
	account  = "otelcol-gatehouse"
)

// realServer is an API server with the Gateway API and the shipped rights, and a kubeconfig of the shipped account.
func realServer(t *testing.T) (server *kubetest.Real, kubeconfig string) {
	t.Helper()
	r := kubetest.NewReal(t)
	r.InstallGatewayAPI()
	r.Create(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": account}})
	r.Apply(manifest)
	require.Eventually(t, func() bool { return r.Allowed(account, account, "watch", "discovery.k8s.io", "endpointslices") },
		patience, 20*time.Millisecond, "the rights are granted")
	return r, r.KubeConfig(r.ServiceAccountToken(account, account))
}

// set creates a scene's objects and returns the UIDs that the server gave, by those that the recordings have.
func set(r *kubetest.Real, objects []kubetest.Object) map[string]string {
	given := r.Set(objects...)
	uids := make(map[string]string)
	for _, o := range objects {
		if p, ok := o.(*corev1.Pod); ok {
			uids[string(p.UID)] = given[p.Namespace+"/"+p.Name]
		}
	}
	return uids
}

// TestOneIdentityOnARealServer is TestOneIdentityForOneProxy against a real kube-apiserver, with the shipped rights.
func TestOneIdentityOnARealServer(t *testing.T) {
	r, kubeconfig := realServer(t)
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			uids := set(r, s.objects)
			defer r.Delete(s.objects...)
			s.play(t, newHouse(t, kubeconfig, nil), uids)
		})
	}
}

// TestContribWithTheShippedRights: k8s_attributes as shipped needs nothing beyond the manifest, and finds pods of
// Gateways.
func TestContribWithTheShippedRights(t *testing.T) {
	r, kubeconfig := realServer(t)
	s := scenes()[0]
	uids := set(r, s.objects)
	useServer(t, kubeconfig)
	factory := k8sattributesprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"auth_type": "kubeConfig", "wait_for_metadata": true,
		"extract":         map[string]any{"metadata": []any{"k8s.pod.uid", "k8s.node.name", "k8s.deployment.name"}},
		"filter":          map[string]any{"labels": []any{map[string]any{"key": "gateway.networking.k8s.io/gateway-name", "op": "exists"}}},
		"pod_association": []any{map[string]any{"sources": []any{map[string]any{"from": "resource_attribute", "name": "k8s.pod.name"}, map[string]any{"from": "resource_attribute", "name": "k8s.namespace.name"}}}},
	}).Unmarshal(cfg))
	var sink consumertest.TracesSink
	p, err := factory.CreateTraces(t.Context(), processortest.NewNopSettings(factory.Type()), cfg, &sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, p.Shutdown(context.Background())) }()
	td := ptrace.NewTraces()
	attributes := td.ResourceSpans().AppendEmpty().Resource().Attributes()
	attributes.PutStr("k8s.pod.name", s.want["k8s.pod.name"])
	attributes.PutStr("k8s.namespace.name", s.want["k8s.namespace.name"])
	require.NoError(t, p.ConsumeTraces(t.Context(), td))
	got := sink.AllTraces()[0].ResourceSpans().At(0).Resource().Attributes().AsRaw()
	assert.Equal(t, uids[s.want["k8s.pod.uid"]], got["k8s.pod.uid"])
	assert.Equal(t, "node-a", got["k8s.node.name"])
	assert.Equal(t, "http", got["k8s.deployment.name"])
}

// TestServerKilledUnderLoad: the API server is killed for a minute while telemetry goes through. Nothing is lost, the
// identity comes from what is known, and there is one line down and one up.
func TestServerKilledUnderLoad(t *testing.T) {
	r, kubeconfig := realServer(t)
	s := scenes()[2] // kgateway 2.2.0, whose spans say least
	set(r, s.objects)
	h := newHouse(t, kubeconfig, nil)
	batches := gatewaytest.Find(t, "kgateway/2.2.0-default-logs.jsonl").Clone()
	var sent, unresolved atomic.Int64
	received := int64(0)
	load := func(until func() bool) {
		ticker := time.NewTicker(2 * time.Millisecond)
		defer ticker.Stop()
		for i := 0; !until(); i++ {
			<-ticker.C
			ld := batches[i%len(batches)].Clone().Logs
			sent.Add(int64(ld.LogRecordCount()))
			out := h.log(t, ld, "127.0.0.6")
			received += int64(out.LogRecordCount())
			for _, rl := range out.ResourceLogs().All() {
				if v, ok := rl.Resource().Attributes().Get("k8s.node.name"); !ok || v.Str() != "node-a" {
					unresolved.Add(1)
				}
			}
		}
	}
	lines := func(text string) int { return h.observed.FilterMessageSnippet(text).Len() }
	after := func(d time.Duration) func() bool {
		end := time.Now().Add(d)
		return func() bool { return time.Now().After(end) }
	}
	load(after(2 * time.Second))
	r.Down()
	load(after(time.Minute))
	assert.Equal(t, 1, lines("does not answer"))
	up := make(chan struct{})
	go func() { defer close(up); r.Up() }()
	end := time.Now().Add(3 * time.Minute)
	load(func() bool {
		select {
		case <-up:
			return lines("answers again") > 0 || time.Now().After(end)
		default:
			return false
		}
	})
	// What happened after the outage is seen.
	fresh := kubetest.OldKgatewayProxy("kgateway-system", "http", "fresh", "10.244.0.99", "")
	set(r, []kubetest.Object{fresh})
	require.Eventually(t, func() bool { return h.view.view.PodByName("kgateway-system", fresh.Name) != nil }, patience, 20*time.Millisecond)
	assert.Equal(t, sent.Load(), received, "nothing lost")
	assert.Zero(t, unresolved.Load(), "every resource had its identity")
	assert.Equal(t, 1, lines("does not answer"), "one line down")
	assert.Equal(t, 1, lines("answers again"), "one line up")
	assert.Equal(t, 2, h.observed.Len(), "and nothing else")
	t.Logf("%d records through an outage of a minute", received)
}
