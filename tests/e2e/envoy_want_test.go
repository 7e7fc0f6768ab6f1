//go:build e2e

package e2e

import (
	"cmp"
	"net/http"
	"regexp"
	"strconv"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// requestMethod is the method as the conventions want it on a span and its original if that is known.
func (r request) requestMethod() string {
	switch {
	case r.grpc != "":
		return http.MethodPost
	case r.method == "BREW":
		return "_OTHER"
	}
	return cmp.Or(r.method, http.MethodGet)
}

func (r request) urlPath() string {
	if r.grpc != "" {
		return "/" + healthMethod
	}
	return r.path
}

func (r request) protocolVersion() string {
	if r.h2 || r.grpc != "" {
		return "2"
	}
	return "1.1"
}

// bodySize is that of the request.
func (r request) bodySize() int {
	if r.grpc != "" {
		return len(r.grpc) + 7 // five bytes of gRPC, and tag and length of the only field
	}
	return len(r.body)
}

const healthMethod = "grpc.health.v1.Health/Check"

// ofRequest are the attributes that say what was asked for, the same on spans and records.
func (g *target) ofRequest(r request) testbed.Attributes {
	a := testbed.Attributes{
		"http.request.method":      r.requestMethod(),
		"http.request.body.size":   r.bodySize(),
		"url.path":                 r.urlPath(),
		"network.protocol.version": r.protocolVersion(),
		"user_agent.original":      testbed.Matches(regexp.QuoteMeta(g.userAgent(r)) + "( grpc-go/.*)?"),
	}
	switch {
	case r.query == secretQuery:
		a["url.query"] = redactedQuery
	case r.query != "":
		a["url.query"] = r.query
	}
	switch {
	case r.end.untraced: // no host
	case r.host != "":
		a["server.address"] = r.host
	default:
		a["server.address"], a["server.port"] = "shop.example.com", 8080
	}
	return a
}

// ofResponse are the attributes that say how it ended, the same on the downstream span and the records.
func ofResponse(e end) testbed.Attributes {
	a := testbed.Attributes{"http.response.body.size": e.out}
	if e.local {
		a["http.response.body.size"] = testbed.Count // a text of Envoy's
	}
	switch {
	case e.code != 0:
		a["http.response.status_code"] = e.code
		if e.code >= http.StatusInternalServerError {
			a["error.type"] = strconv.Itoa(e.code)
		}
	default:
		a["error.type"] = e.flags
	}
	if e.flags != "" {
		a["response_flags"] = e.flags
	}
	return a
}

// ofUpstream are the attributes that say where it went.
func ofUpstream(e end) testbed.Attributes {
	service, port := e.serviceName(), 8080
	switch service {
	case "":
		return nil
	case "grpc":
		port = 9000
	}
	return testbed.Attributes{
		"upstream_cluster":                   kgatewayCluster(service),
		"gateway.upstream.service.name":      service,
		"gateway.upstream.service.namespace": "shop",
		"gateway.upstream.service.port":      port,
	}
}

// ofTags are what custom tags and the tracer driver add.
func (g *target) ofTags(r request) testbed.Attributes {
	a := testbed.Attributes{"component": "proxy"}
	if g.spawns {
		a["stage"], a["region"] = "test", "eu-1"
		if tenant := r.header["x-tenant"]; tenant != "" {
			a["tenant"] = tenant
		}
	}
	if g.b3 {
		a["network.local.address"] = testbed.IP // Zipkin's local endpoint
	}
	return a
}

func ofRPC(e end) testbed.Attributes {
	if e.rpc == "" {
		return nil
	}
	return testbed.Attributes{"rpc.system.name": "grpc", "rpc.method": healthMethod, "rpc.status_code": e.rpc}
}

// ofMethod is the original of a method that Envoy's OpenTelemetry tracer tells up to 1.38 and its Zipkin tracer always.
func (k *kgateway) ofMethod(g *target, r request) testbed.Attributes {
	if r.method != "BREW" || !g.b3 && k.version != "1.36.2" {
		return nil
	}
	return testbed.Attributes{"http.request.method_original": r.method}
}

func spanName(r request) string {
	switch {
	case r.grpc != "":
		return healthMethod
	case r.method == "BREW":
		return "HTTP"
	}
	return r.requestMethod()
}

// wantServer is the downstream span.
func (k *kgateway) wantServer(g *target, r request, proven bool) testbed.WantSpan {
	a := g.ofRequest(r).With(ofResponse(r.end)).With(ofUpstream(r.end)).With(g.ofTags(r)).With(ofRPC(r.end)).With(testbed.Attributes{
		"url.scheme":                       "http",
		"client.address":                   clientIP,
		"network.peer.address":             clientIP,
		"node_id":                          kgatewayNode,
		"http.request.header.x-request-id": testbed.One(testbed.UUID),
	})
	a = a.With(k.ofMethod(g, r))
	failed := r.end.code == 0 || r.end.code >= http.StatusInternalServerError
	switch r.end.rpc {
	case "OK":
	case "UNAVAILABLE":
		a["error.type"], failed = r.end.rpc, true
	case "NOT_FOUND": // the caller's mistake
		a["rpc.response.trailer.grpc-message"] = []string{"as asked"}
	}
	if r.end.rpc != "" {
		a["http.request.header.content-type"] = []string{"application/grpc"}
		a["rpc.request.header.grpc-timeout"] = testbed.One(testbed.Matches(`\d+[a-zA-Z]`))
	}
	w := testbed.WantSpan{Name: spanName(r), Kind: ptrace.SpanKindServer, Attributes: a}
	if failed {
		w.Status = ptrace.StatusCodeError
	}
	if r.name == "decorated" {
		w.Name = "checkout-route"
	}
	w.Resource = k.spanResource(g, proven)
	return w
}

// wantClient is the span of one attempt. Method and with it the name come from the parent, if that came with it.
func (k *kgateway) wantClient(g *target, r request, try attempt, number int, together, proven bool) testbed.WantSpan {
	a := ofUpstream(r.end).With(g.ofTags(r)).With(testbed.Attributes{
		"upstream_address":     k.addresses[r.end.serviceName()],
		"network.peer.address": "127.0.0.1",
		"network.peer.port":    testbed.PortOf(k.addresses[r.end.serviceName()]),
		"server.address":       "127.0.0.1",
		"server.port":          testbed.PortOf(k.addresses[r.end.serviceName()]),
	})
	w := testbed.WantSpan{
		Name: "router " + kgatewayCluster(r.end.serviceName()) + " egress", Kind: ptrace.SpanKindClient, Resource: k.spanResource(g, proven),
	}
	if together {
		w.Name = spanName(r)
		a["http.request.method"] = r.requestMethod()
		a = a.With(k.ofMethod(g, r))
	}
	if !try.unconnected {
		a["network.protocol.version"] = "1.1"
	}
	if r.end.rpc != "" {
		a["network.protocol.version"] = "2"
		a = a.With(ofRPC(r.end))
		if !together {
			delete(a, "rpc.method")
		}
	}
	if number > 0 {
		a["http.request.resend_count"] = number
	}
	switch {
	case r.end.rpc != "" && r.end.rpc != "OK":
		a["http.response.status_code"] = try.code
		a["error.type"], w.Status = r.end.rpc, ptrace.StatusCodeError
	case try.code >= http.StatusBadRequest:
		a["http.response.status_code"] = try.code
		a["error.type"], w.Status = strconv.Itoa(try.code), ptrace.StatusCodeError
	case try.code != 0:
		a["http.response.status_code"] = try.code
	case try.canceled || try.timedOut:
		a["canceled"] = "true"
		if try.timedOut && together { // only the parent says why
			a, w.Status = a.With(testbed.Attributes{"error.type": "UT"}), ptrace.StatusCodeError
		}
	default:
		a["error.type"], w.Status = try.flags, ptrace.StatusCodeError
		a["response_flags"] = try.flags
		if try.reason != "" {
			a["error.reason"] = try.reason
		} else {
			a["canceled"] = "true" // Envoy's own doing, after the time for one try
		}
	}
	w.Attributes = a
	return w
}

// wantRecord is the access log record over OTLP (file is "") or from a file.
func (k *kgateway) wantRecord(g *target, r request, file string) testbed.WantRecord {
	e := r.end
	a := g.ofRequest(r).With(ofResponse(e)).With(testbed.Attributes{"gateway.request.duration": testbed.Seconds})
	if !e.untraced {
		a["http.request.header.x-request-id"] = testbed.One(testbed.UUID)
	}
	if r.method == "BREW" {
		a["http.request.method_original"] = r.method
	}
	if address := k.addresses[e.serviceName()]; address != "" {
		a["gateway.upstream.address"], a["gateway.upstream.port"] = "127.0.0.1", testbed.PortOf(address)
	}
	if file != textFile {
		a = a.With(ofUpstream(e))
		a["gateway.response.details"] = cmp.Or(e.details, "via_upstream")
		if e.rule != none {
			a["gateway.route.id"] = kgatewayRoute("listener~8080", cmp.Or(e.rule, "main"))
		}
	}
	w := testbed.WantRecord{Severity: plog.SeverityNumberInfo, Attributes: a}
	switch {
	case e.code == 0 || e.code >= http.StatusInternalServerError:
		w.Severity = plog.SeverityNumberError
	case e.code >= http.StatusBadRequest:
		w.Severity = plog.SeverityNumberWarn
	}
	if file == "" {
		w.Resource = kgatewayLogIdentity
		switch {
		case e.untraced:
		case r.parent == noParent:
			w.TraceID = testbed.AnyTraceID
		default:
			w.TraceID = g.traceID(r)
		}
		return w
	}
	a["log.file.name"] = file
	if !e.untraced {
		// use_remote_address with a client on a loopback address: Envoy writes an address of its own.
		a["http.request.header.x-forwarded-for"] = testbed.One(testbed.IP)
	}
	if !e.local {
		a["gateway.upstream.duration"] = testbed.Seconds
	}
	if file == jsonFile {
		a["client.address"], a["client.port"] = clientIP, testbed.Port
		a["network.local.address"], a["network.local.port"] = "127.0.0.1", testbed.PortOf(g.address)
		if tries := e.tries(); len(tries) > 0 && !tries[0].unconnected {
			a["gateway.upstream.local.address"], a["gateway.upstream.local.port"] = "127.0.0.1", testbed.Port
		} else if len(tries) > 0 {
			a["gateway.upstream.failure_reason"] = "delayed_connect_error:_Connection_refused"
		}
	}
	return w
}

// spanResource is what the environment says where there is a detector for it, else what the tracer and the node id say.
func (k *kgateway) spanResource(g *target, proven bool) testbed.Attributes {
	known := testbed.Attributes{"service.name": "http.kgateway-system"}
	if proven {
		known["k8s.namespace.name"], known["k8s.pod.name"] = "kgateway-system", kgatewayPod
	}
	switch {
	case g.b3:
		return known
	case !g.spawns:
		return envoySDK.With(known)
	}
	return envoySDK.With(kgatewayIdentity)
}

var (
	envoySDK = testbed.Attributes{
		"telemetry.sdk.language": "cpp", "telemetry.sdk.name": "envoy",
		"telemetry.sdk.version": testbed.Matches(`[0-9a-f]{40}/[0-9.]+/Clean/RELEASE/BoringSSL.*`),
	}
	kgatewayIdentity = testbed.Attributes{
		"service.name": "http.kgateway-system", "service.namespace": "kgateway-system", "service.version": "v2.4.2",
		"service.instance.id": kgatewayPodUID, "k8s.namespace.name": "kgateway-system", "k8s.pod.name": kgatewayPod,
		"k8s.pod.uid": kgatewayPodUID, "k8s.node.name": "worker-1", "k8s.deployment.name": "http",
		"k8s.container.name": "kgateway-proxy", "team": "a%20b",
	}
	kgatewayLogIdentity = testbed.Attributes{
		"service.name": "http.kgateway-system", "service.namespace": "kgateway-system", "service.version": "v2.4.2",
		"k8s.namespace.name": "kgateway-system", "k8s.pod.name": kgatewayPod, "k8s.container.name": "kgateway-proxy",
		"log_name": "kgw_otlp", "cluster_name": "http.kgateway-system", "node_name": kgatewayNode,
	}
)
