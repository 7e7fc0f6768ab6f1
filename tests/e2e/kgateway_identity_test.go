//go:build e2e

package e2e

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// kgwRights is what the Collector may do in the cluster: the manifest that users apply.
var kgwRights = filepath.Join("..", "..", "distributions", "otelcol-gatehouse", "kubernetes", "rbac.yaml")

// idRequest is a request and the pod that has to be named for it.
type idRequest struct {
	kgwRequest
	setting string
	proxy   *testbed.Proxy
	user    map[string]any // what the user of the pod set, over the gateway's own
}

// idUser is what testdata/kgateway/identity_user.yaml sets.
var idUser = map[string]any{
	"service.name": "edge", "service.namespace": "storefront", "k8s.cluster.name": "west", "deployment.environment.name": "prod",
}

// want is the identity that each signal of the request ends with.
func (r idRequest) want() map[string]any {
	want := map[string]any{
		"service.name":        "http.kgateway-system",
		"service.namespace":   "kgateway-system",
		"service.instance.id": r.proxy.UID,
		"service.version":     "v" + testbed.KgatewayVersion,
		"k8s.namespace.name":  "kgateway-system",
		"k8s.pod.name":        r.proxy.Pod,
		"k8s.pod.uid":         r.proxy.UID,
		"k8s.pod.ip":          kgwProxy,
		"k8s.node.name":       testbed.ProxyNode,
		"k8s.deployment.name": "http",
		"k8s.container.name":  "kgateway-proxy",
		"gateway.name":        "http",
		"gateway.namespace":   "kgateway-system",
		"gateway.class.name":  "kgateway",
	}
	maps.Copy(want, r.user)
	return want
}

// idSignal is the resource of one signal of a request, on its way in and out.
type idSignal struct {
	name          string
	before, after pcommon.Resource
}

// signalsOf finds all that came of the request by its trace id.
func (r idRequest) signalsOf(x testbed.Exchange) []idSignal {
	var found []idSignal
	for _, p := range x.Spans {
		if p.Before == nil || p.After == nil || p.After.TraceID().String() != r.traceID() {
			continue
		}
		name := "client span"
		if p.After.Kind() == ptrace.SpanKindServer {
			name = "server span"
		}
		found = append(found, idSignal{name, p.Before.Resource, p.After.Resource})
	}
	for _, p := range x.Records {
		if p.Before == nil || p.After == nil || p.After.TraceID().String() != r.traceID() {
			continue
		}
		found = append(found, idSignal{textOf(p.After.Resource.Attributes(), "log_name"), p.Before.Resource, p.After.Resource})
	}
	slices.SortFunc(found, func(a, b idSignal) int { return strings.Compare(a.name, b.name) })
	return found
}

// identityOf is the part of a resource that says who sent it.
func identityOf(resource pcommon.Resource) map[string]any {
	identity := resource.Attributes().AsRaw()
	maps.DeleteFunc(identity, func(key string, _ any) bool {
		for _, prefix := range []string{"service.", "k8s.", "deployment."} {
			if strings.HasPrefix(key, prefix) {
				return false
			}
		}
		return !slices.Contains([]string{"gateway.name", "gateway.namespace", "gateway.class.name"}, key)
	})
	return identity
}

// TestKgatewayIdentity: spans, OTLP access logs and ALS records of one proxy end with one identity, whatever kgateway gave
// each of them, also while its pod is replaced by one whose user named the service.
func TestKgatewayIdentity(t *testing.T) {
	subject := testbed.Subject{
		Program: "kgateway", Version: testbed.KgatewayVersion, Case: "one identity on spans, OTLP and ALS access logs",
	}
	testbed.NeedKgateway(t)
	row := testbed.Row{Program: subject.Program, Version: subject.Version, Case: subject.Case}
	if !testbed.Isolated(t, row, testbed.PodNetwork, testbed.ServiceNetwork) {
		return
	}
	kubernetes := testbed.StartKubernetes(t)
	testbed.StartKgateway(t, kubernetes)
	for _, file := range []string{"telemetry.yaml", "shop.yaml", "identity_pod.yaml", "identity.yaml", "routes.yaml"} {
		kubernetes.Apply(t, testbed.KgatewayObjects(t, file))
	}
	kubernetes.Apply(t, "{apiVersion: v1, kind: Namespace, metadata: {name: otelcol-gatehouse}}")
	rights, err := os.ReadFile(kgwRights)
	require.NoError(t, err)
	kubernetes.Apply(t, string(rights))
	pod := kubernetes.PodAddress(t, "shop", "cart")
	upstream := testbed.ServePod(t, pod)
	collector := testbed.StartCollector(t, testbed.CollectorOptions{
		OTLPGRPC: kgwCollector, EnvoyALS: kgwCollectorALS,
		Kubeconfig: kubernetes.KubeconfigOf(t, "otelcol-gatehouse", "otelcol-gatehouse"),
	})
	startProxy := func() *testbed.Proxy {
		proxy := testbed.StartProxy(t, kubernetes, "kgateway-system", "http", kgwProxy)
		proxy.Await(t, "listener~8080~shop_example_com", "listener~8090~shop_example_com", "envoy.tracers.opentelemetry",
			"kube_telemetry_opentelemetry-collector_4317::"+kgwCollector,
			"kube_telemetry_opentelemetry-collector_19001::"+kgwCollectorALS, "kube_shop_cart_8080::"+pod)
		return proxy
	}

	var (
		requests       []idRequest
		spans, records int
	)
	// send makes one request to each listener and waits for what comes of it.
	send := func(setting string, proxy *testbed.Proxy, user map[string]any) {
		t.Helper()
		for _, r := range []idRequest{
			{setting: setting + ", detector on", kgwRequest: kgwRequest{attempts: 1}},
			{setting: setting + ", detector off", kgwRequest: kgwRequest{host: kgwPlain}},
		} {
			r.name, r.path, r.status = strings.NewReplacer(" ", "-", ",", "").Replace(r.setting), "/ok", http.StatusOK
			r.proxy, r.user = proxy, user
			r.send(t, kgwProxy, upstream)
			requests = append(requests, r)
			spans, records = spans+r.spans(), records+2
		}
		collector.Wait(t, spans, records)
	}
	first := startProxy()
	send("as it comes", first, nil)

	// The old pod is told to end, gone for Kubernetes, and still at work; then the new one has its address.
	kubernetes.Apply(t, testbed.KgatewayObjects(t, "identity_user.yaml"))
	testbed.Eventually(t, testbed.ItemTimeout, "the end of the old pod, which kgateway and the controllers of Deployments ask for",
		func(ctx context.Context) error {
			terminating, err := kubernetes.Terminating(ctx, first.Namespace, first.Pod)
			if err == nil && !terminating {
				err = errors.New("it has no deletion time")
			}
			return err
		})
	send("pod is ending", first, nil)
	kubernetes.RemovePod(t, first.Namespace, first.Pod)
	send("pod is gone", first, nil)
	first.Stop()
	second := startProxy()
	require.NotEqual(t, first.Pod, second.Pod)
	send("new pod of a user", second, idUser)

	x := collector.Exchange(t)
	x.Judge(t, subject)
	printIdentities(t, x, requests)
	for _, r := range requests {
		t.Run(r.setting, func(t *testing.T) { r.check(t, x) })
	}
}

func (r idRequest) check(t *testing.T, x testbed.Exchange) {
	t.Helper()
	want, signals := r.want(), r.signalsOf(x)
	names := make([]string, len(signals))
	for i, s := range signals {
		names[i] = s.name
		assert.Equal(t, want, identityOf(s.after), s.name)
		// A value of the user that a signal came with is there as it came.
		for key, value := range r.user {
			if sent, ok := s.before.Attributes().Get(key); ok && sent.AsRaw() == value {
				assert.Equal(t, value, s.after.Attributes().AsRaw()[key], "%s: %s of the user", s.name, key)
			}
		}
	}
	if r.attempts > 0 {
		assert.Equal(t, []string{"als", "client span", "otlp", "server span"}, names)
	} else {
		assert.Equal(t, []string{"als", "otlp", "server span"}, names)
	}
}

// printIdentities writes the table: what each signal came with, and what it ended with.
func printIdentities(t *testing.T, x testbed.Exchange, requests []idRequest) {
	t.Helper()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	columns := []string{
		"service.name", "service.namespace", "service.version", "service.instance.id", "k8s.pod.name", "k8s.pod.uid", "k8s.pod.ip",
		"k8s.node.name", "k8s.deployment.name", "k8s.container.name", "k8s.cluster.name", "gateway.name",
	}
	line := func(cells ...string) {
		_, err := table.Write([]byte(strings.Join(cells, "\t") + "\n"))
		require.NoError(t, err)
	}
	line(append([]string{"request", "signal", ""}, columns...)...)
	for _, r := range requests {
		for _, s := range r.signalsOf(x) {
			for _, side := range []struct {
				name     string
				resource pcommon.Resource
			}{{"in", s.before}, {"out", s.after}} {
				cells := []string{r.setting, s.name, side.name}
				for _, column := range columns {
					value := textOf(side.resource.Attributes(), column)
					if value == "" {
						value = "-"
					}
					cells = append(cells, value)
				}
				line(cells...)
			}
		}
	}
	require.NoError(t, table.Flush())
	t.Logf("identities of one proxy:\n%s", text.String())
}
