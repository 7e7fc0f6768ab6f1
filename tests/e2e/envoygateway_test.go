//go:build e2e

package e2e

import (
	"cmp"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

const (
	egNode    = `shop-edge-[0-9a-f]+` // outside Kubernetes; a pod's name there
	egLogFile = "access.json"
)

// egEnd is how a call ends at Envoy Gateway's proxy. The zero value of a field is the usual: HTTPRoute shop/cart, rule 3.
type egEnd struct {
	route, rule string
	unrouted    bool // no route
	local       bool // answered by a route without a backend
	status      int  // 0 if no response was sent
	flags       string
	details     string // response_code_details, "" for an upstream's answer
	bytes       any    // of the response's body
	dead        bool   // nothing listens at the backend
	tries       []egTry
}

// egTry is one attempt to reach the backend.
type egTry struct {
	status    int
	errorType string // without a status
	canceled  bool
}

// egRoute is the routing identity that upstream_cluster spells out.
func (e egEnd) egRoute() testbed.Attributes {
	return testbed.Attributes{
		"gateway.route.kind": "httproute", "gateway.route.namespace": "shop",
		"gateway.route.name": cmp.Or(e.route, "cart"), "gateway.route.rule": cmp.Or(e.rule, "3"),
	}
}

func (e egEnd) cluster() string {
	return "httproute/shop/" + cmp.Or(e.route, "cart") + "/rule/" + cmp.Or(e.rule, "3")
}

// egRequest is what was asked for, the same on span and records.
func egRequest(g *edge, c call) testbed.Attributes {
	path, query, _ := strings.Cut(c.path, "?")
	a := testbed.Attributes{
		"http.request.method":              cmp.Or(c.method, "GET"),
		"http.request.body.size":           len(c.body),
		"http.request.header.x-request-id": testbed.One(testbed.UUID),
		"url.path":                         path,
		"network.protocol.version":         "1.1",
		"user_agent.original":              g.userAgent(c),
		"client.address":                   clientIP,
	}
	if c.http2 {
		a["network.protocol.version"] = "2"
	}
	if query != "" {
		a["url.query"] = strings.ReplaceAll(query, "secret-sig", "REDACTED")
	}
	if c.host != "" {
		a["server.address"] = c.host
	} else {
		a["server.address"], a["server.port"] = "shop.example.com", 8080
	}
	return a
}

// response is how it ended, the same on the server span and the records.
func (e egEnd) response() testbed.Attributes {
	a := testbed.Attributes{"http.response.body.size": e.bytes}
	switch {
	case e.status == 0:
		a["error.type"] = e.flags
	case e.status >= http.StatusInternalServerError:
		a["error.type"] = strconv.Itoa(e.status)
		fallthrough
	default:
		a["http.response.status_code"] = e.status
	}
	if e.flags != "" {
		a["response_flags"] = e.flags
	}
	return a
}

// egTags are the custom tags of the EnvoyProxy resource.
func egTags(c call) testbed.Attributes {
	return testbed.Attributes{
		"component": "proxy", "stage": "test", "tenant": cmp.Or(c.header["x-tenant"], "nobody"),
	}
}

// egSpans are the server span and one client span for each try, which has the method of its parent.
func egSpans(g *edge, c call, e egEnd) []testbed.WantSpan {
	resource := envoySDK.With(testbed.Attributes{"service.name": "edge.shop"})
	a := egRequest(g, c).With(e.response()).With(egTags(c)).With(testbed.Attributes{
		"url.scheme": "http", "network.peer.address": clientIP, "node_id": testbed.Matches(egNode),
	})
	if !e.unrouted && !e.local {
		a = a.With(e.egRoute()).With(testbed.Attributes{"upstream_cluster": e.cluster()})
	}
	method := cmp.Or(c.method, "GET")
	server := testbed.WantSpan{Name: method, Kind: ptrace.SpanKindServer, Attributes: a, Resource: resource}
	if e.status == 0 || e.status >= http.StatusInternalServerError {
		server.Status = ptrace.StatusCodeError
	}
	spans := []testbed.WantSpan{server}
	for i, try := range e.tries {
		address, port := testbed.Matches(`127\.0\.0\.1:\d+`), testbed.Port
		a := egTags(c).With(e.egRoute()).With(testbed.Attributes{
			"http.request.method": method, "upstream_cluster": e.cluster(), "upstream_address": address,
			"server.address": "127.0.0.1", "server.port": port,
			"network.peer.address": "127.0.0.1", "network.peer.port": port,
		})
		if !e.dead {
			a["network.protocol.version"] = "1.1"
		}
		if i > 0 {
			a["http.request.resend_count"] = i
		}
		client := testbed.WantSpan{Name: method, Kind: ptrace.SpanKindClient, Attributes: a, Resource: resource}
		if try.canceled {
			a["canceled"] = "true"
		}
		if try.status > 0 {
			a["http.response.status_code"] = try.status
		}
		if try.status >= http.StatusBadRequest {
			try.errorType = strconv.Itoa(try.status)
		}
		if try.errorType != "" {
			a["error.type"], client.Status = try.errorType, ptrace.StatusCodeError
		}
		if e.dead {
			a["error.reason"], a["response_flags"] = "remote connection failure", e.flags
		}
		spans = append(spans, client)
	}
	return spans
}

// egApart is a client span whose parent came in another export request, which happens when Envoy's flush interval ends
// between the two: the name stays, and what the parent knows is missing.
func egApart(w testbed.WantSpan) testbed.WantSpan {
	cluster, _ := w.Attributes["upstream_cluster"].(string)
	w.Name = "router " + cluster + " egress"
	w.Attributes = w.Attributes.With(testbed.Attributes{"http.request.method": nil})
	if w.Attributes["canceled"] != nil { // why is on the parent
		w.Attributes = w.Attributes.With(testbed.Attributes{"error.type": nil})
		w.Status = ptrace.StatusCodeUnset
	}
	return w
}

// egRecords are the record over OTLP and the line in the file, both with Envoy Gateway's default fields.
func egRecords(g *edge, c call, e egEnd) []testbed.WantRecord {
	forwarded := clientIP
	if f := c.header["x-forwarded-for"]; f != "" {
		forwarded = f + "," + clientIP // one header value, as Envoy passed it on
	}
	a := egRequest(g, c).With(e.response()).With(testbed.Attributes{
		"client.port":                         testbed.Port,
		"network.local.address":               "127.0.0.1",
		"network.local.port":                  testbed.PortOf(g.address),
		"gateway.request.duration":            testbed.Seconds,
		"gateway.response.details":            cmp.Or(e.details, "via_upstream"),
		"http.request.header.x-forwarded-for": []string{forwarded},
	})
	if !e.unrouted {
		a = a.With(e.egRoute()).With(testbed.Attributes{
			"gateway.route.id": e.cluster() + "/match/0/shop_example_com", "gateway.route.match": "0",
		})
	}
	if len(e.tries) > 0 {
		a["upstream_cluster"] = e.cluster()
		a["gateway.upstream.address"], a["gateway.upstream.port"] = "127.0.0.1", testbed.Port
		if e.dead {
			a["gateway.upstream.failure_reason"] = "delayed_connect_error:_Connection_refused"
		} else {
			a["gateway.upstream.local.address"], a["gateway.upstream.local.port"] = "127.0.0.1", testbed.Port
		}
	}
	severity := plog.SeverityNumberInfo
	switch {
	case e.status == 0 || e.status >= http.StatusInternalServerError:
		severity = plog.SeverityNumberError
	case e.status >= http.StatusBadRequest:
		severity = plog.SeverityNumberWarn
	}
	return []testbed.WantRecord{
		{
			TraceID: g.traceID(c), Severity: severity, Attributes: a,
			Resource: testbed.Attributes{
				"log_name": "otel_envoy_accesslog", "cluster_name": "shop/edge", "node_name": testbed.Matches(egNode),
				"gateway.name": "edge", "gateway.namespace": "shop",
			},
		},
		{
			Severity: severity, Attributes: a.With(testbed.Attributes{"log.file.name": egLogFile}),
			Resource: testbed.Attributes{},
		},
	}
}

// egCases are one call for each kind of end.
func egCases(g *edge) []gatewayCase {
	var cases []gatewayCase
	add := func(c call, e egEnd) {
		e.status = c.status
		if e.bytes == nil {
			e.bytes = 0
		}
		cases = append(cases, gatewayCase{call: c, spans: egSpans(g, c, e), records: egRecords(g, c, e), apart: egApart})
	}
	once := func(status int) []egTry { return []egTry{{status: status}} }
	add(call{
		name: "ok", path: "/ok?user=1&sig=secret-sig", status: http.StatusOK,
		header: map[string]string{"x-forwarded-for": "203.0.113.9", "x-tenant": "acme"},
	}, egEnd{bytes: 2, tries: once(http.StatusOK)})
	add(call{name: "http2", path: "/ok", http2: true, status: http.StatusOK}, egEnd{bytes: 2, tries: once(http.StatusOK)})
	add(call{
		name: "post", method: http.MethodPost, path: "/status/201", body: "eleven byte", status: http.StatusCreated,
	}, egEnd{tries: once(http.StatusCreated)})
	add(call{name: "notfound", path: "/status/404", status: http.StatusNotFound}, egEnd{tries: once(http.StatusNotFound)})
	add(call{name: "error", path: "/status/503", status: http.StatusServiceUnavailable},
		egEnd{tries: once(http.StatusServiceUnavailable)})
	add(call{name: "flaky", path: "/flaky/1", status: http.StatusOK}, egEnd{
		route: "again", rule: "0", bytes: 2, tries: []egTry{{status: http.StatusServiceUnavailable}, {status: http.StatusOK}},
	})
	add(call{name: "dead", path: "/dead", status: http.StatusServiceUnavailable}, egEnd{
		rule: "0", flags: "UF", dead: true, bytes: testbed.Count, tries: []egTry{{errorType: "UF"}},
		details: "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}",
	})
	add(call{name: "redirect", path: "/redirect", status: http.StatusFound},
		egEnd{rule: "1", local: true, details: "direct_response"})
	add(call{name: "slow", path: "/slow/hang", status: http.StatusGatewayTimeout}, egEnd{
		rule: "2", flags: "UT", bytes: testbed.Count, details: "response_timeout", tries: []egTry{{errorType: "UT", canceled: true}},
	})
	add(call{name: "nomatch", path: "/ok", host: "unknown.example.org", status: http.StatusNotFound},
		egEnd{unrouted: true, flags: "NR", details: "route_not_found"})
	add(call{name: "hangup", path: "/hang", hangUp: true},
		egEnd{flags: "DC", details: "downstream_remote_disconnect", tries: []egTry{{canceled: true}}})
	return cases
}

// Envoy Gateway translates Gateway API resources for its Envoy: the spans, the OTLP access log and the file it writes by
// default.
func TestEnvoyGateway(t *testing.T) {
	file := filepath.Join(t.TempDir(), egLogFile)
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	collector := testbed.StartCollector(t, testbed.CollectorOptions{LogFiles: []string{file}})
	upstream := testbed.StartUpstream(t)
	gateway := testbed.StartEnvoyGateway(t, testbed.EnvoyGatewayOptions{
		Collector: collector.OTLPGRPC(), Upstream: upstream.Address(), LogFile: file,
	})
	g := &edge{address: gateway.Address(), prefix: "eg", upstream: upstream}
	drive(t, collector, g, testbed.Subject{
		Program: "envoy-gateway", Version: testbed.EnvoyGatewayVersion, Case: "Gateway API resources, default formats",
		Secrets: []string{"secret-sig"},
	}, egCases(g))
}
