//go:build e2e

package e2e

import (
	"maps"
	"strconv"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// kgwNone are no differences.
var kgwNone = testbed.Attributes{}

// kgwOne is a single attempt without differences.
var kgwOne = []kgwAttempt{{}}

// kgwPlus joins differences; later ones win.
func kgwPlus(all ...testbed.Attributes) testbed.Attributes {
	sum := testbed.Attributes{}
	for _, a := range all {
		maps.Copy(sum, a)
	}
	return sum
}

func kgwRoute(name string) testbed.Attributes {
	return testbed.Attributes{"gateway.route.id": kgwRouteID(name)}
}

func kgwDetails(text string) testbed.Attributes {
	return testbed.Attributes{"gateway.response.details": text}
}

func kgwFlags(text string) testbed.Attributes { return testbed.Attributes{"response_flags": text} }

func kgwBodySize(size any) testbed.Attributes {
	return testbed.Attributes{"http.response.body.size": size}
}

// kgwEndpoint matches a port of the application's pod.
func kgwEndpoint(port int) testbed.Matcher {
	return testbed.Matches(`10\.244\.1\.[0-9]+:` + strconv.Itoa(port))
}

// kgwFailed is a response with a code that is an error.
func kgwFailed(status int, text string) testbed.Attributes {
	return testbed.Attributes{"http.response.status_code": status, "error.type": text}
}

// kgwCode is a response with a code that is none.
func kgwCode(status int) testbed.Attributes {
	return testbed.Attributes{"http.response.status_code": status}
}

// Differences that several ends share.
var (
	// kgwNoCluster: Envoy answered before it had chosen a cluster, kgwNoEndpoint: before it had chosen an endpoint.
	kgwNoCluster = testbed.Attributes{
		"upstream_cluster": nil, "gateway.upstream.service.namespace": nil, "gateway.upstream.service.name": nil,
		"gateway.upstream.service.port": nil,
	}
	kgwNoEndpoint = testbed.Attributes{"gateway.upstream.address": nil, "gateway.upstream.port": nil}
	kgwNoCode     = testbed.Attributes{"http.response.status_code": nil}

	kgwDead = testbed.Attributes{"gateway.upstream.service.name": "dead", "upstream_cluster": "kube_shop_dead_8080"}
	// Nothing listens at that port, so there is no protocol either.
	kgwDeadEndpoint = testbed.Attributes{
		"server.port": 18081, "network.peer.port": 18081, "network.protocol.version": nil, "error.type": "UF",
		"error.reason": "remote connection failure", "upstream_address": kgwEndpoint(18081),
	}
	// kgwLocalText is the size of the text of Envoy's own answer, which differs from version to version.
	kgwLocalText testbed.Matcher = func(v any) string {
		if size, ok := v.(int64); !ok || size < 20 || size > 300 {
			return "want the size of a short text"
		}
		return ""
	}
	kgwSecond   = testbed.Attributes{"http.request.resend_count": 1}
	kgwTenant   = testbed.Attributes{"tenant": "acme"}
	kgwOrdered  = testbed.Attributes{"stage": "from-route"}
	kgwCanceled = testbed.Attributes{"canceled": "true"}
	kgwRedacted = testbed.Attributes{"url.query": "sig=REDACTED&page=2"}
	// kgwTimedOut is an attempt that took longer than one may.
	kgwTimedOut = testbed.Attributes{
		"http.response.status_code": nil, "canceled": "true", "response_flags": "UT", "error.type": "UT",
	}
)

const kgwHealthCheck = "grpc.health.v1.Health/Check"

// What gRPC adds on both spans. Its calls are POST over HTTP/2, the status is in the trailers.
var (
	kgwGreeter = testbed.Attributes{
		"upstream_cluster":              "kube_shop_greeter_9000",
		"gateway.upstream.service.name": "greeter", "gateway.upstream.service.port": 9000,
	}
	kgwGRPCEndpoint = testbed.Attributes{"server.port": 18090, "network.peer.port": 18090, "upstream_address": kgwEndpoint(18090)}
	kgwGRPCSpan     = kgwPlus(kgwGreeter, testbed.Attributes{
		"rpc.system.name": "grpc", "rpc.method": kgwHealthCheck, "network.protocol.version": "2",
	})
	kgwGRPCServer = kgwPlus(kgwGRPCSpan, testbed.Attributes{
		"http.request.header.content-type": []string{"application/grpc"},
		"rpc.request.header.grpc-timeout":  kgwOneTimeout,
		"user_agent.original":              kgwGRPCAgent,
	})
	kgwGRPCRecord = kgwPlus(kgwGreeter, kgwRoute("grpcroute-greeter-shop-0-0"), testbed.Attributes{
		"gateway.upstream.port": 18090, "user_agent.original": kgwGRPCAgent,
	})
	kgwGRPCAgent = testbed.Matches(`testbed/grpc[a-z-]* grpc-go/[0-9.]+`)
	// kgwOneTimeout is the deadline of the test's calls as gRPC writes it.
	kgwOneTimeout testbed.Matcher = func(v any) string {
		if values, ok := v.([]any); ok && len(values) == 1 {
			return testbed.Matches(`[0-9]{1,8}[SmunM]`)(values[0])
		}
		return "want an array of one string"
	}
)

// kgwMessage is a message that no status is there for: a call that failed for the client alone.
var kgwMessage = testbed.Attributes{"rpc.response.trailer.grpc-message": []string{"as asked"}}

func kgwRPCStatus(name string) testbed.Attributes { return testbed.Attributes{"rpc.status_code": name} }

func kgwRPCFailed(name string) testbed.Attributes {
	return testbed.Attributes{"rpc.status_code": name, "error.type": name}
}

// kgwPlainSpan is what the ListenerPolicy does not add.
var kgwPlainSpan = testbed.Attributes{"stage": nil}

var kgwDeadRecord = kgwPlus(kgwDead, kgwFailed(503, "503"), kgwFlags("UF"), kgwBodySize(kgwLocalText),
	kgwRoute("httproute-shop-shop-3-0-dead"),
	kgwDetails("upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}"),
	testbed.Attributes{"gateway.upstream.port": 18081})

// kgwWants say what comes of each request, by its name.
var kgwWants = map[string]kgwWant{
	"ok": {server: kgwNone, clients: kgwOne, record: kgwNone},
	"post": {
		server: kgwPlus(kgwCode(201), kgwBodySize(0)), record: kgwPlus(kgwCode(201), kgwBodySize(0)),
		clients: []kgwAttempt{{attributes: kgwCode(201)}},
	},
	// A request header that the ListenerPolicy asks for is on both spans.
	"tenant":     {server: kgwTenant, clients: []kgwAttempt{{attributes: kgwTenant}}, record: kgwNone},
	"tracestate": {server: kgwNone, clients: kgwOne, record: kgwNone},
	"no-parent":  {server: kgwNone, clients: kgwOne, record: kgwNone},
	// The access log has the trace id of spans that do not exist.
	"unsampled": {record: kgwNone},
	"untraced":  {record: kgwRoute("httproute-untraced-shop-0-0")},
	// Up to 1.38 Envoy follows a sampled parent whatever the route says (opentelemetry_tracer_impl.cc).
	"untraced-parent": {server: kgwNone, clients: kgwOne, record: kgwRoute("httproute-untraced-shop-0-0")},
	"secret":          {server: kgwRedacted, clients: kgwOne, record: kgwRedacted},
	"http2":           {server: testbed.Attributes{"network.protocol.version": "2"}, clients: kgwOne, record: kgwNone},
	// The path is the client's, not the rewritten one; a route's attribute beats the listener's.
	"rewritten": {
		server: kgwOrdered, clients: []kgwAttempt{{attributes: kgwOrdered}}, record: kgwRoute("httproute-shop-shop-0-0-orders"),
	},
	"not-found": {
		server: kgwPlus(kgwCode(404), kgwBodySize(0)), record: kgwPlus(kgwCode(404), kgwBodySize(0)),
		clients:  []kgwAttempt{{status: ptrace.StatusCodeError, attributes: kgwFailed(404, "404")}},
		severity: plog.SeverityNumberWarn,
	},
	"error": {
		status: ptrace.StatusCodeError, server: kgwPlus(kgwFailed(503, "503"), kgwBodySize(0)),
		clients:  []kgwAttempt{{status: ptrace.StatusCodeError, attributes: kgwFailed(503, "503")}},
		record:   kgwPlus(kgwFailed(503, "503"), kgwBodySize(0)),
		severity: plog.SeverityNumberError,
	},
	"flaky": {
		server: kgwNone, record: kgwRoute("httproute-shop-shop-2-0-flaky"),
		clients: []kgwAttempt{{status: ptrace.StatusCodeError, attributes: kgwFailed(503, "503")}, {attributes: kgwSecond}},
	},
	// Envoy gave the attempt up without saying why; its parent knows.
	"timeout": {
		status: ptrace.StatusCodeError, server: kgwPlus(kgwFailed(504, "504"), kgwFlags("UT"), kgwBodySize(kgwLocalText)),
		clients: []kgwAttempt{{
			status: ptrace.StatusCodeError, attributes: kgwPlus(kgwNoCode, kgwCanceled, testbed.Attributes{"error.type": "UT"}),
			apart: &kgwAttempt{attributes: kgwPlus(kgwNoCode, kgwCanceled)},
		}},
		record: kgwPlus(kgwFailed(504, "504"), kgwFlags("UT"), kgwBodySize(kgwLocalText), kgwDetails("response_timeout"),
			kgwRoute("httproute-shop-shop-4-0-slow")),
		severity: plog.SeverityNumberError,
	},
	"tries": {
		status: ptrace.StatusCodeError, server: kgwPlus(kgwFailed(504, "504"), kgwFlags("URX,UT"), kgwBodySize(kgwLocalText)),
		clients: []kgwAttempt{
			{status: ptrace.StatusCodeError, attributes: kgwTimedOut},
			{status: ptrace.StatusCodeError, attributes: kgwPlus(kgwTimedOut, kgwSecond)},
		},
		record: kgwPlus(kgwFailed(504, "504"), kgwFlags("URX,UT"), kgwBodySize(kgwLocalText), kgwDetails("upstream_per_try_timeout"),
			kgwRoute("httproute-shop-shop-5-0-hung")),
		severity: plog.SeverityNumberError,
	},
	"dead": {
		status: ptrace.StatusCodeError, server: kgwPlus(kgwDead, kgwFailed(503, "503"), kgwFlags("UF"), kgwBodySize(kgwLocalText)),
		clients:  []kgwAttempt{{status: ptrace.StatusCodeError, attributes: kgwPlus(kgwDead, kgwNoCode, kgwDeadEndpoint, kgwFlags("UF"))}},
		record:   kgwDeadRecord,
		severity: plog.SeverityNumberError,
	},
	"reset": {
		status: ptrace.StatusCodeError, server: kgwPlus(kgwFailed(503, "503"), kgwFlags("UC"), kgwBodySize(kgwLocalText)),
		clients: []kgwAttempt{{status: ptrace.StatusCodeError, attributes: kgwPlus(kgwNoCode, kgwFlags("UC"), testbed.Attributes{
			"error.type": "UC", "error.reason": "connection termination",
		})}},
		record: kgwPlus(kgwFailed(503, "503"), kgwFlags("UC"), kgwBodySize(kgwLocalText),
			kgwDetails("upstream_reset_before_response_started{connection_termination}")),
		severity: plog.SeverityNumberError,
	},
	"redirect": {
		server: kgwPlus(kgwNoCluster, kgwCode(302), kgwBodySize(0)),
		record: kgwPlus(kgwNoCluster, kgwNoEndpoint, kgwCode(302), kgwBodySize(0), kgwDetails("direct_response"),
			kgwRoute("httproute-shop-shop-1-0-old")),
	},
	// Not an error of the gateway, as every 4xx it answers with.
	"no-route": {
		server: kgwPlus(kgwNoCluster, kgwCode(404), kgwFlags("NR"), kgwBodySize(0)),
		record: kgwPlus(kgwNoCluster, kgwNoEndpoint, kgwCode(404), kgwFlags("NR"), kgwBodySize(0), kgwDetails("route_not_found"),
			testbed.Attributes{"gateway.route.id": nil}),
		severity: plog.SeverityNumberWarn,
	},
	"missing": {
		status: ptrace.StatusCodeError, server: kgwPlus(kgwNoCluster, kgwFailed(500, "500"), kgwFlags("NC"), kgwBodySize(0)),
		record: kgwPlus(kgwNoCluster, kgwNoEndpoint, kgwFailed(500, "500"), kgwFlags("NC"), kgwBodySize(0), kgwDetails("cluster_not_found"),
			kgwRoute("httproute-shop-shop-6-0-missing")),
		severity: plog.SeverityNumberError,
	},
	// One span tells all there is.
	"plain": {server: kgwPlainSpan, record: kgwNone},
	"plain-error": {
		status: ptrace.StatusCodeError, server: kgwPlus(kgwPlainSpan, kgwFailed(503, "503"), kgwBodySize(0)),
		record: kgwPlus(kgwFailed(503, "503"), kgwBodySize(0)), severity: plog.SeverityNumberError,
	},
	"plain-dead": {
		status:   ptrace.StatusCodeError,
		server:   kgwPlus(kgwPlainSpan, kgwDead, kgwFailed(503, "503"), kgwFlags("UF"), kgwBodySize(kgwLocalText)),
		record:   kgwDeadRecord,
		severity: plog.SeverityNumberError,
	},
	// The client left before there was an answer.
	"hang-up": {
		status: ptrace.StatusCodeError, server: kgwPlus(kgwNoCode, kgwFlags("DC"), kgwBodySize(0), testbed.Attributes{"error.type": "DC"}),
		clients: []kgwAttempt{{attributes: kgwPlus(kgwNoCode, kgwCanceled)}},
		record: kgwPlus(kgwNoCode, kgwFlags("DC"), kgwBodySize(0), kgwDetails("downstream_remote_disconnect"),
			testbed.Attributes{"error.type": "DC"}),
		severity: plog.SeverityNumberError,
	},
	// Refused before there could be a span or a trace id.
	"no-host": {
		record: kgwPlus(kgwNoCluster, kgwNoEndpoint, kgwCode(400), kgwBodySize(0), kgwDetails("missing_host_header"),
			testbed.Attributes{
				"gateway.route.id": nil, "server.address": nil, "server.port": nil, "http.request.header.x-request-id": nil,
			}),
		severity: plog.SeverityNumberWarn,
	},
	"grpc": {
		name:   kgwHealthCheck,
		server: kgwPlus(kgwGRPCServer, kgwRPCStatus("OK"), kgwSizes(5, 7)), record: kgwPlus(kgwGRPCRecord, kgwSizes(5, 7)),
		clients: []kgwAttempt{{attributes: kgwPlus(kgwGRPCSpan, kgwGRPCEndpoint, kgwRPCStatus("OK"))}},
	},
	"grpc-unavailable": {
		name: kgwHealthCheck, status: ptrace.StatusCodeError, message: "as asked",
		server: kgwPlus(kgwGRPCServer, kgwRPCFailed("UNAVAILABLE"), kgwSizes(9, 0)), record: kgwPlus(kgwGRPCRecord, kgwSizes(9, 0)),
		clients: []kgwAttempt{{
			status: ptrace.StatusCodeError, message: "as asked",
			attributes: kgwPlus(kgwGRPCSpan, kgwGRPCEndpoint, kgwRPCFailed("UNAVAILABLE")),
		}},
	},
	// An answer as good as any for the server, an error for who asked.
	"grpc-not-found": {
		name:   kgwHealthCheck,
		server: kgwPlus(kgwGRPCServer, kgwRPCStatus("NOT_FOUND"), kgwSizes(8, 0), kgwMessage),
		record: kgwPlus(kgwGRPCRecord, kgwSizes(8, 0)),
		clients: []kgwAttempt{{
			status: ptrace.StatusCodeError, message: "as asked",
			attributes: kgwPlus(kgwGRPCSpan, kgwGRPCEndpoint, kgwRPCFailed("NOT_FOUND")),
		}},
	},
}

func kgwSizes(request, response int) testbed.Attributes {
	return testbed.Attributes{"http.request.body.size": request, "http.response.body.size": response}
}
