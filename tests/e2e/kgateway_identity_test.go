//go:build e2e

package e2e

import (
	"context"
	"errors"
	"maps"
	"net"
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

// idListener is a listener of testdata/kgateway/identity.yaml.
type idListener struct {
	name     string
	port     string
	attempts int                       // client spans
	nameless bool                      // its OTLP access logs do not say which pod it is
	user     map[string]map[string]any // what the user of its policy set, by signal
}

var idListeners = []idListener{
	{name: "detector on", port: "8080", attempts: 1},
	{name: "detector off", port: "8090"},
	{name: "named", port: "8085", user: map[string]map[string]any{
		idServer: {"service.name": "named-spans"},
		idOTLP:   {"service.name": "named-logs", "service.instance.id": "logs-1", "k8s.node.name": "my-node"},
	}},
	{name: "unlabeled", port: "8095", nameless: true},
}

// The signals of a request. The names of the logs are those in the policy.
const (
	idServer = "server span"
	idClient = "client span"
	idOTLP   = "otlp"
	idALS    = "als"
)

// idRequest is a request to a listener, and the pod that has to be named for it.
type idRequest struct {
	kgwRequest
	listener idListener
	phase    string
	proxy    *testbed.Proxy
	rolled   bool           // the old pod was removed a moment ago
	user     map[string]any // what the user of the pod set, over the gateway's own
}

// idMarker is a pod that comes after another one has gone: who knows of it knows of that.
const idMarker = `
apiVersion: v1
kind: Pod
metadata: {name: marker, namespace: shop}
spec:
  containers:
    - {name: marker, image: marker}
`

// idUser is what testdata/kgateway/identity_user.yaml sets.
var idUser = map[string]any{
	"service.name": "edge", "service.namespace": "storefront", "k8s.cluster.name": "west", "deployment.environment.name": "prod",
}

func (r idRequest) setting() string { return r.phase + ", " + r.listener.name }

// want is the identity that the signal of the request ends with: the same for all, but for what the user gave this one.
func (r idRequest) want(signal string) map[string]any {
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
	maps.Copy(want, r.listener.user[signal])
	if signal == idServer && r.user != nil {
		maps.Copy(want, r.user) // Envoy lets the variable beat the policy's name: that is what the user gets
	}
	if signal == idOTLP && r.listener.nameless && r.rolled {
		// Only the Gateway is named, whose old pod may have sent it as well as its new one: neither its name nor its user's.
		for key := range want {
			if strings.HasPrefix(key, "k8s.") && key != "k8s.namespace.name" && key != "k8s.container.name" {
				delete(want, key)
			}
		}
		delete(want, "service.instance.id")
		delete(want, "deployment.environment.name")
		want["service.name"], want["service.namespace"] = "http.kgateway-system", "kgateway-system"
	}
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
		name := idClient
		if p.After.Kind() == ptrace.SpanKindServer {
			name = idServer
		}
		found = append(found, idSignal{name, p.Before.Resource, p.After.Resource})
	}
	for _, p := range x.Records {
		if p.Before == nil || p.After == nil || p.After.TraceID().String() != r.traceID() {
			continue
		}
		name := idOTLP // one listener's has no log_name
		if textOf(p.After.Resource.Attributes(), "log_name") == idALS {
			name = idALS
		}
		found = append(found, idSignal{name, p.Before.Resource, p.After.Resource})
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
	testbed.ServePod(t, pod)
	collector := testbed.StartCollector(t, testbed.CollectorOptions{
		OTLPGRPC: kgwCollector, EnvoyALS: kgwCollectorALS,
		Kubeconfig: kubernetes.KubeconfigOf(t, "otelcol-gatehouse", "otelcol-gatehouse"),
	})
	startProxy := func() *testbed.Proxy {
		proxy := testbed.StartProxy(t, kubernetes, "kgateway-system", "http", kgwProxy)
		proxy.Await(t, "listener~8080~shop_example_com", "listener~8085~shop_example_com", "listener~8090~shop_example_com",
			"listener~8095~shop_example_com", "envoy.tracers.opentelemetry",
			"kube_telemetry_opentelemetry-collector_4317::"+kgwCollector,
			"kube_telemetry_opentelemetry-collector_19001::"+kgwCollectorALS, "kube_shop_cart_8080::"+pod)
		return proxy
	}

	var (
		requests       []idRequest
		spans, records int
		rolled         bool
	)
	// send makes one request to each listener and waits for what comes of it.
	send := func(phase string, proxy *testbed.Proxy, user map[string]any) {
		t.Helper()
		for _, listener := range idListeners {
			r := idRequest{listener: listener, phase: phase, proxy: proxy, rolled: rolled, user: user}
			r.kgwRequest = kgwRequest{
				name: strings.ReplaceAll(r.setting(), " ", "-"), host: "shop.example.com:" + listener.port, path: "/ok",
				status: http.StatusOK, attempts: listener.attempts,
			}
			ctx, cancel := context.WithTimeout(t.Context(), kgwRequestTimeout)
			r.sendHTTP(ctx, t, net.JoinHostPort(kgwProxy, listener.port))
			cancel()
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
	const pods, ofPods = "otelcol_processor_gateway_identity_kube_objects", `kind="pods"`
	known := collector.Metric(t, pods, ofPods)
	kubernetes.RemovePod(t, first.Namespace, first.Pod)
	kubernetes.Apply(t, idMarker)
	collector.WaitMetric(t, "the Collector hears of three changes in their order: the old pod goes, the marker and the new pod come",
		func(n int) bool { return n == known+1 }, pods, ofPods)
	rolled = true
	send("pod is gone", first, nil)
	first.Stop()
	second := startProxy()
	require.NotEqual(t, first.Pod, second.Pod)
	send("new pod of a user", second, idUser)

	x := collector.Exchange(t)
	x.Judge(t, subject)
	for _, level := range []string{"\twarn\t", "\terror\t"} {
		assert.NotContains(t, collector.Log(), level, "the shipped rights suffice, and a pod that is replaced is nothing to complain of")
	}
	printIdentities(t, x, requests)
	for _, r := range requests {
		t.Run(r.setting(), func(t *testing.T) { r.check(t, x) })
	}
}

func (r idRequest) check(t *testing.T, x testbed.Exchange) {
	t.Helper()
	signals := r.signalsOf(x)
	names := make([]string, len(signals))
	for i, s := range signals {
		names[i] = s.name
		assert.Equal(t, r.want(s.name), identityOf(s.after), s.name)
	}
	if r.attempts > 0 {
		assert.Equal(t, []string{idALS, idClient, idOTLP, idServer}, names)
	} else {
		assert.Equal(t, []string{idALS, idOTLP, idServer}, names)
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
				cells := []string{r.setting(), s.name, side.name}
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
