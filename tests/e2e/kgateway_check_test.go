//go:build e2e

package e2e

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// kgwWant is what has to come of a request. Attributes are differences from what every span or record of its kind has;
// a nil value takes one away.
type kgwWant struct {
	name     string              // of the spans, the method when empty
	status   ptrace.StatusCode   // of the server span
	message  string              // of its status
	server   testbed.Attributes  // nil: no spans
	clients  []kgwAttempt        // one for each attempt
	record   testbed.Attributes  // of the access log with attributes
	severity plog.SeverityNumber // of that record, INFO when 0
}

// kgwAttempt is a client span. What it has without its parent is in apart, if that makes a difference.
type kgwAttempt struct {
	status     ptrace.StatusCode
	message    string // of the status
	attributes testbed.Attributes
	apart      *kgwAttempt
}

type (
	kgwSpanPair   = testbed.Pair[testbed.SpanItem]
	kgwRecordPair = testbed.Pair[testbed.RecordItem]
)

// kgwOutcome is all that came of a request.
type kgwOutcome struct {
	server       []kgwSpanPair
	clients      []kgwSpanPair // in the order they began
	access, bare []kgwRecordPair
}

// outcomeOf collects by trace id, which is the request's own or, where it sent none, the one that the access log knows it by.
func (c *cluster) outcomeOf(x testbed.Exchange, r kgwRequest) kgwOutcome {
	traceID := r.traceID()
	var o kgwOutcome
	for _, p := range x.Records {
		if agent, ok := p.Before.Attributes().Get("user_agent"); ok && strings.HasPrefix(agent.Str()+" ", r.userAgent()+" ") {
			traceID = p.Before.TraceID().String()
			o.access = append(o.access, p)
		}
	}
	for _, p := range x.Records {
		if name, _ := p.Before.Resource.Attributes().Get("log_name"); name.Str() == "bare" && p.Before.TraceID().String() == traceID {
			o.bare = append(o.bare, p)
		}
	}
	for _, p := range x.Spans {
		switch {
		case p.Before.TraceID().String() != traceID:
		case p.Before.Kind() == ptrace.SpanKindServer:
			o.server = append(o.server, p)
		default:
			o.clients = append(o.clients, p)
		}
	}
	slices.SortFunc(o.clients, func(a, b kgwSpanPair) int {
		return int(a.Before.StartTimestamp()) - int(b.Before.StartTimestamp()) //nolint:gosec // nanoseconds since 1970
	})
	return o
}

// check compares every item of the request with what is wanted.
func (c *cluster) check(t *testing.T, x testbed.Exchange, r kgwRequest, want kgwWant) {
	t.Helper()
	o := c.outcomeOf(x, r)
	require.Len(t, o.access, 1, "records of the access log with attributes")
	require.Len(t, o.bare, 1, "records of the access log without attributes")
	if want.name == "" {
		want.name = kgwMethod(r)
	}
	if want.severity == 0 {
		want.severity = plog.SeverityNumberInfo
	}
	traceID := o.access[0].Before.TraceID().String()
	if r.parent != kgwNoParent {
		assert.Equal(t, r.traceID(), traceID, "the caller's trace id")
	}
	testbed.WantRecord{
		TraceID: traceID, Severity: want.severity, Body: kgwMethod(r) + " " + strconv.Itoa(c.code(r)),
		Attributes: c.recordBase(r).With(want.record), Resource: c.recordResource("access"),
	}.Check(t, o.access[0])
	testbed.WantRecord{
		TraceID: traceID, Attributes: testbed.Attributes{}, Resource: c.recordResource("bare"),
	}.Check(t, o.bare[0])

	if want.server == nil {
		assert.Empty(t, o.server, "server spans")
		assert.Empty(t, o.clients, "client spans")
		return
	}
	require.Len(t, o.server, 1, "server spans")
	require.Len(t, o.clients, len(want.clients), "client spans")
	server := o.server[0]
	if r.parent == kgwSampled {
		assert.Equal(t, r.parentID(), server.After.ParentSpanID().String(), "the caller's span is the parent")
	}
	assert.Equal(t, server.After.SpanID(), o.access[0].After.SpanID(), "the record belongs to the server span")
	assert.Equal(t, server.After.SpanID(), o.bare[0].After.SpanID(), "the record belongs to the server span")
	testbed.WantSpan{
		Name: want.name, Kind: ptrace.SpanKindServer, Status: want.status,
		Attributes: c.serverBase(r).With(want.server), Resource: c.spanResource(),
	}.Check(t, server)
	assert.Equal(t, want.message, server.After.Status().Message(), "message of the server span's status")
	for i, attempt := range want.clients {
		p := o.clients[i]
		assert.Equal(t, server.After.SpanID(), p.After.ParentSpanID(), "the server span is the parent")
		apart := p.Before.Batch != server.Before.Batch
		if apart && attempt.apart != nil {
			attempt = *attempt.apart
		}
		name, attributes := want.name, c.clientBase(r).With(attempt.attributes)
		if apart {
			// Envoy puts no method on client spans: what only the parent knows is missing where that came in another request.
			name = p.Before.Name()
			attributes = attributes.With(testbed.Attributes{"http.request.method": nil, "rpc.method": nil})
		}
		testbed.WantSpan{
			Name: name, Kind: ptrace.SpanKindClient, Status: attempt.status, Attributes: attributes, Resource: c.spanResource(),
		}.Check(t, p)
		assert.Equal(t, attempt.message, p.After.Status().Message(), "message of the client span's status")
	}
}

// spanResource is what kgateway's bootstrap gives by OTEL_RESOURCE_ATTRIBUTES, and Envoy's tracer by itself.
func (c *cluster) spanResource() testbed.Attributes {
	return testbed.Attributes{
		"service.name":           "http.kgateway-system",
		"service.namespace":      "kgateway-system",
		"service.instance.id":    c.proxy.UID,
		"service.version":        "v" + testbed.KgatewayVersion,
		"k8s.namespace.name":     "kgateway-system",
		"k8s.pod.name":           c.proxy.Pod,
		"k8s.pod.uid":            c.proxy.UID,
		"k8s.node.name":          testbed.ProxyNode,
		"k8s.deployment.name":    "http",
		"k8s.container.name":     "kgateway-proxy",
		"telemetry.sdk.language": "cpp",
		"telemetry.sdk.name":     "envoy",
		"telemetry.sdk.version":  kgwEnvoyBuild,
	}
}

// kgwEnvoyBuild is the build string of Envoy's tracer.
var kgwEnvoyBuild = testbed.Matches(`[0-9a-f]{40}/` + strings.ReplaceAll(testbed.KgatewayEnvoyVersion, ".", `\.`) + `/[A-Za-z]+/RELEASE/BoringSSL`)

// recordResource is less than spanResource: what kgateway gives its access logs, and the pod that node_name tells.
func (c *cluster) recordResource(log string) testbed.Attributes {
	return testbed.Attributes{
		"log_name":           log,
		"zone_name":          "region-1a",
		"cluster_name":       "http.kgateway-system",
		"node_name":          c.proxy.Pod + ".kgateway-system",
		"service.name":       "http.kgateway-system",
		"service.namespace":  "kgateway-system",
		"service.version":    "v" + testbed.KgatewayVersion,
		"k8s.namespace.name": "kgateway-system",
		"k8s.pod.name":       c.proxy.Pod,
		"k8s.container.name": "kgateway-proxy",
	}
}

// serverBase is what a server span of a request to the cart Service has, answered with 200 and "ok".
func (c *cluster) serverBase(r kgwRequest) testbed.Attributes {
	path, query, _ := strings.Cut(r.path, "?")
	host, port := kgwHostPort(r)
	base := testbed.Attributes{
		"node_id":                            c.proxy.Pod + ".kgateway-system",
		"zone":                               "region-1a",
		"component":                          "proxy",
		"stage":                              "from-listener",
		"http.request.method":                kgwMethod(r),
		"url.scheme":                         "http",
		"url.path":                           path,
		"server.address":                     host,
		"server.port":                        port,
		"network.protocol.version":           "1.1",
		"network.peer.address":               kgwClient,
		"client.address":                     kgwClient,
		"user_agent.original":                r.userAgent(),
		"http.request.header.x-request-id":   kgwOneUUID,
		"http.request.body.size":             len(r.body),
		"http.response.body.size":            2,
		"http.response.status_code":          200,
		"upstream_cluster":                   "kube_shop_cart_8080",
		"gateway.upstream.service.namespace": "shop",
		"gateway.upstream.service.name":      "cart",
		"gateway.upstream.service.port":      8080,
	}
	if query != "" {
		base["url.query"] = query
	}
	return base
}

// clientBase is what the client span of an attempt to reach the cart Service has, answered with 200.
func (c *cluster) clientBase(r kgwRequest) testbed.Attributes {
	return testbed.Attributes{
		"component":                          "proxy",
		"stage":                              "from-listener",
		"http.request.method":                kgwMethod(r),
		"http.response.status_code":          200,
		"network.protocol.version":           "1.1",
		"network.peer.address":               c.pod,
		"network.peer.port":                  18080,
		"server.address":                     c.pod,
		"server.port":                        18080,
		"upstream_address":                   c.pod + ":18080",
		"upstream_cluster":                   "kube_shop_cart_8080",
		"gateway.upstream.service.namespace": "shop",
		"gateway.upstream.service.name":      "cart",
		"gateway.upstream.service.port":      8080,
	}
}

// recordBase is what the access log record of such a request has.
func (c *cluster) recordBase(r kgwRequest) testbed.Attributes {
	path, query, _ := strings.Cut(r.path, "?")
	host, port := kgwHostPort(r)
	base := testbed.Attributes{
		"http.request.method":                kgwMethod(r),
		"url.path":                           path,
		"server.address":                     host,
		"server.port":                        port,
		"http.response.status_code":          200,
		"http.request.body.size":             len(r.body),
		"http.response.body.size":            2,
		"gateway.request.duration":           testbed.Seconds,
		"gateway.response.details":           "via_upstream",
		"gateway.route.id":                   kgwRouteID("httproute-shop-shop-7-0-main"),
		"gateway.upstream.address":           c.pod,
		"gateway.upstream.port":              18080,
		"upstream_cluster":                   "kube_shop_cart_8080",
		"gateway.upstream.service.namespace": "shop",
		"gateway.upstream.service.name":      "cart",
		"gateway.upstream.service.port":      8080,
		"user_agent.original":                r.userAgent(),
		"http.request.header.x-request-id":   kgwOneUUID,
	}
	if query != "" {
		base["url.query"] = query
	}
	return base
}

// kgwOneUUID is a header attribute with Envoy's x-request-id.
var kgwOneUUID testbed.Matcher = func(v any) string {
	if values, ok := v.([]any); ok && len(values) == 1 {
		return testbed.UUID(values[0])
	}
	return "want an array of one string"
}

// kgwRouteID matches the name kgateway gives a route. Its index among all routes moves with them.
func kgwRouteID(route string) testbed.Matcher {
	return testbed.Matches(`listener~80[89]0~[a-z_]+-route-[0-9]+-` + route + `-matcher-0`)
}

// code is the HTTP status code of the answer, 0 for none.
func (c *cluster) code(r kgwRequest) int {
	if r.protocol == kgwGRPC {
		return http.StatusOK
	}
	return r.status
}

func kgwMethod(r kgwRequest) string {
	switch {
	case r.protocol == kgwGRPC:
		return http.MethodPost
	case r.method == "":
		return http.MethodGet
	}
	return r.method
}

func kgwHostPort(r kgwRequest) (host string, port any) {
	host, text, err := net.SplitHostPort(r.hostName())
	if err != nil {
		return r.hostName(), nil
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		return host, nil
	}
	return host, number
}
