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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

const (
	traefikService = "traefik-edge"
	traefikLogFile = "access.log"
)

// traefikVariant is one way to have Traefik's telemetry.
type traefikVariant struct {
	name     string
	detailed bool   // spans for routers, middlewares and services too, over HTTP and not gRPC
	log      string // "otlp", or the format of a file
}

var traefikVariants = []traefikVariant{
	{name: "spans and access log over gRPC", log: "otlp"},
	{name: "detailed spans over HTTP, JSON file", detailed: true, log: "json"},
	{name: "spans over gRPC, common log format", log: "common"},
}

// traefikEnd is how a call ends. The zero value of a field is the usual: the router main in front of the service cart.
type traefikEnd struct {
	router, service string
	rule            string // of the router, after its host
	unrouted        bool
	status          int
	bytes           int // of the response's body
	tries           int // 1 when 0
}

func (e traefikEnd) routerName() string  { return cmp.Or(e.router, "main") + "@file" }
func (e traefikEnd) serviceName() string { return cmp.Or(e.service, "cart") + "@file" }

// traefikMethod is the method and, for one the conventions do not know, its original.
func traefikMethod(c call) testbed.Attributes {
	if c.method == "BREW" {
		return testbed.Attributes{"http.request.method": "_OTHER", "http.request.method_original": c.method}
	}
	return testbed.Attributes{"http.request.method": cmp.Or(c.method, http.MethodGet)}
}

// errorType is there from 400 on for clients and from 500 on for servers and log records.
func errorType(status, from int) testbed.Attributes {
	if status < from {
		return nil
	}
	return testbed.Attributes{"error.type": strconv.Itoa(status)}
}

// ofRequest is what was asked for, the same on server span and records. Traefik puts the port into the host on spans.
func (v traefikVariant) ofRequest(g *edge, c call) testbed.Attributes {
	path, _, _ := strings.Cut(c.path, "?")
	a := traefikMethod(c).With(testbed.Attributes{
		"http.request.body.size":   len(c.body),
		"url.scheme":               "http",
		"url.path":                 path,
		"server.address":           "shop.example.com",
		"server.port":              8080,
		"network.protocol.version": "1.1",
		"network.peer.address":     clientIP,
		"network.peer.port":        testbed.Port,
		"client.address":           clientIP, // a forwarded address counts only from a trusted one
		"user_agent.original":      g.userAgent(c),
		"gateway.listener.name":    "web",
	})
	if c.http2 {
		a["network.protocol.version"] = "2"
	}
	if c.host != "" {
		a = a.With(testbed.Attributes{"server.address": c.host, "server.port": nil})
	}
	return a
}

// spans are the server span, with detailed tracing one for router, middleware and service, and one for each try.
func (v traefikVariant) spans(g *edge, c call, e traefikEnd, upstream string) []testbed.WantSpan {
	server := testbed.WantSpan{
		Name: cmp.Or(c.method, http.MethodGet), Kind: ptrace.SpanKindServer,
		Attributes: v.ofRequest(g, c).With(errorType(e.status, http.StatusInternalServerError)).With(testbed.Attributes{
			"http.response.status_code": e.status, "client.port": testbed.Port,
		}),
	}
	if c.method == "BREW" {
		server.Name = "HTTP"
	}
	path, query, _ := strings.Cut(c.path, "?")
	full := "http://" + upstream + path
	if query != "" { // sorted, and every value redacted by Traefik itself
		server.Attributes["url.query"] = "sig=REDACTED&user=REDACTED"
		full += "?sig=REDACTED&user=REDACTED"
	}
	if e.status >= http.StatusInternalServerError {
		server.Status = ptrace.StatusCodeError
	}
	spans := []testbed.WantSpan{server}
	if e.unrouted {
		return spans
	}
	internal := func(name string, count int, attributes testbed.Attributes) {
		for range count {
			spans = append(spans, testbed.WantSpan{Name: name, Kind: ptrace.SpanKindInternal, Attributes: attributes})
		}
	}
	tries := max(e.tries, 1)
	if v.detailed {
		rule := "Host(`shop.example.com`)" + e.rule
		internal("Router", 1, testbed.Attributes{
			"gateway.route.id": e.routerName(), "gateway.upstream.service.name": e.serviceName(), "http.route": rule,
		})
		if tries > 1 {
			internal("Retry", 1, testbed.Attributes{"traefik.middleware.name": "again@file"})
			internal("Retry", 1, testbed.Attributes{"traefik.middleware.name": "again@file", "http.request.resend_count": 1})
		}
		internal("Service", tries, testbed.Attributes{"gateway.upstream.service.name": e.serviceName()})
	}
	client := testbed.WantSpan{
		Name: server.Name, Kind: ptrace.SpanKindClient,
		Attributes: traefikMethod(c).With(errorType(e.status, http.StatusBadRequest)).With(testbed.Attributes{
			"http.response.status_code": e.status,
			"url.full":                  full,
			"url.scheme":                "http",
			"server.address":            "127.0.0.1",
			"server.port":               testbed.PortOf(upstream),
			"network.peer.address":      "127.0.0.1",
			"network.peer.port":         testbed.PortOf(upstream),
			"network.protocol.version":  "1.1",
			"user_agent.original":       g.userAgent(c),
		}),
	}
	if e.status >= http.StatusBadRequest {
		client.Status = ptrace.StatusCodeError
	}
	for range tries {
		spans = append(spans, client)
	}
	return spans
}

// record is the call's entry in the access log.
func (v traefikVariant) record(g *edge, c call, e traefikEnd, upstream string) testbed.WantRecord {
	a := v.ofRequest(g, c).With(errorType(e.status, http.StatusInternalServerError)).With(testbed.Attributes{
		"http.response.status_code": e.status,
		"http.response.body.size":   e.bytes,
		"gateway.request.duration":  testbed.Seconds,
		"RequestCount":              testbed.Count, // since the start of the process
	})
	if _, query, found := strings.Cut(c.path, "?"); found { // as the client sent it
		a["url.query"] = strings.ReplaceAll(query, "secret-sig", "REDACTED")
	}
	if !e.unrouted {
		a["gateway.route.id"] = e.routerName()
		a["gateway.upstream.address"], a["gateway.upstream.port"] = "127.0.0.1", testbed.PortOf(upstream)
	}
	w := testbed.WantRecord{Severity: plog.SeverityNumberInfo, Attributes: a}
	switch {
	case e.status >= http.StatusInternalServerError:
		w.Severity = plog.SeverityNumberError
	case e.status >= http.StatusBadRequest:
		w.Severity = plog.SeverityNumberWarn
	}
	if v.log == "common" { // a line has less
		w.Attributes = a.With(testbed.Attributes{
			"log.file.name": traefikLogFile, "http.request.body.size": nil, "url.scheme": nil, "gateway.listener.name": nil,
			"server.address": nil, "server.port": nil, "network.peer.address": nil, "network.peer.port": nil,
		})
		w.Resource = testbed.Attributes{}
		return w
	}
	w.TraceID = g.traceID(c)
	a["gateway.processing.duration"], a["gateway.upstream.duration"] = testbed.Seconds, testbed.Seconds
	if e.unrouted {
		a["OriginContentSize"], a["GzipRatio"] = 0, 0.0
	} else {
		a["OriginContentSize"] = e.bytes
		a["gateway.upstream.service.name"] = e.serviceName()
		a["gateway.upstream.status_code"] = e.status
	}
	if v.log == "json" {
		a["log.file.name"], a["level"] = traefikLogFile, "info"
		if e.unrouted {
			a["GzipRatio"] = 0 // JSON has no doubles
		}
		w.Resource = testbed.Attributes{}
	}
	return w
}

// cases are one call for each kind of end.
func (v traefikVariant) cases(g *edge, upstream, dead string) []gatewayCase {
	var cases []gatewayCase
	add := func(c call, e traefikEnd) {
		e.status = cmp.Or(c.status, e.status)
		address := upstream
		if e.service == "dead" {
			address = dead
		}
		cases = append(cases, gatewayCase{
			call: c, spans: v.spans(g, c, e, address), records: []testbed.WantRecord{v.record(g, c, e, address)},
		})
	}
	add(call{
		name: "ok", path: "/ok?user=1&sig=secret-sig", status: http.StatusOK,
		header: map[string]string{"x-forwarded-for": "203.0.113.9"},
	}, traefikEnd{bytes: 2})
	add(call{name: "http2", path: "/ok", http2: true, status: http.StatusOK}, traefikEnd{bytes: 2})
	add(call{name: "method", method: "BREW", path: "/ok", status: http.StatusOK}, traefikEnd{bytes: 2})
	add(call{
		name: "post", method: http.MethodPost, path: "/status/201", body: "eleven byte", status: http.StatusCreated,
	}, traefikEnd{})
	add(call{name: "notfound", path: "/status/404", status: http.StatusNotFound}, traefikEnd{})
	add(call{name: "error", path: "/status/503", status: http.StatusServiceUnavailable}, traefikEnd{})
	add(call{name: "dead", path: "/dead", status: http.StatusBadGateway}, traefikEnd{
		router: "dead", service: "dead", rule: " && PathPrefix(`/dead`)", bytes: len("Bad Gateway"),
	})
	// Traefik 3.6.12 logs RetryAttempts 0 after one retry (pkg/middlewares/accesslog/save_retries.go), so the record has no
	// http.request.resend_count.
	add(call{name: "again", path: "/again", status: http.StatusBadGateway}, traefikEnd{
		router: "again", service: "dead", rule: " && PathPrefix(`/again`)", bytes: len("Bad Gateway"), tries: 2,
	})
	add(call{name: "slow", path: "/slow/hang", status: http.StatusGatewayTimeout}, traefikEnd{
		router: "slow", service: "slow", rule: " && PathPrefix(`/slow`)", bytes: len("Gateway Timeout"),
	})
	add(call{name: "nomatch", path: "/ok", host: "unknown.example.org", status: http.StatusNotFound},
		traefikEnd{unrouted: true, bytes: len("404 page not found\n")})
	add(call{name: "hangup", path: "/hang", hangUp: true}, traefikEnd{status: 499, bytes: len("Client Closed Request")})
	return cases
}

// Traefik with spans in both verbosities and over both transports, and its access log as OTLP and from files.
func TestTraefik(t *testing.T) {
	for i, v := range traefikVariants {
		t.Run(v.name, func(t *testing.T) {
			upstream := testbed.StartUpstream(t)
			collectorOptions, options := testbed.CollectorOptions{}, testbed.TraefikOptions{
				Upstream: upstream.Address(), Detailed: v.detailed, LogFormat: "json",
			}
			if v.log != "otlp" {
				options.LogFormat, options.LogFile = v.log, filepath.Join(t.TempDir(), traefikLogFile)
				require.NoError(t, os.WriteFile(options.LogFile, nil, 0o600))
				collectorOptions.LogFiles = []string{options.LogFile}
			}
			collector := testbed.StartCollector(t, collectorOptions)
			if v.log == "otlp" {
				options.LogGRPC = collector.OTLPGRPC()
			}
			if v.detailed {
				options.TracesHTTP = collector.OTLPHTTP()
			} else {
				options.TracesGRPC = collector.OTLPGRPC()
			}
			traefik := testbed.StartTraefik(t, options)
			g := &edge{address: traefik.Address(), prefix: "traefik-" + strconv.Itoa(i), upstream: upstream}
			x := drive(t, collector, g, testbed.Subject{
				Program: "traefik", Version: testbed.TraefikVersion, Case: v.name, Secrets: []string{"secret-sig"},
			}, v.cases(g, upstream.Address(), traefik.Dead()))
			for _, p := range x.Spans {
				checkTraefikResource(t, p.After.Resource)
			}
			if v.log == "otlp" {
				for _, p := range x.Records {
					checkTraefikResource(t, p.After.Resource)
				}
			}
		})
	}
}

// checkTraefikResource looks at the part of the resource that does not describe the machine.
func checkTraefikResource(t *testing.T, resource pcommon.Resource) {
	t.Helper()
	have := map[string]any{}
	for _, name := range []string{"service.name", "service.version", "telemetry.sdk.name", "telemetry.sdk.language"} {
		if v, ok := resource.Attributes().Get(name); ok {
			have[name] = v.AsRaw()
		}
	}
	assert.Equal(t, map[string]any{
		"service.name": traefikService, "service.version": testbed.TraefikVersion,
		"telemetry.sdk.name": "opentelemetry", "telemetry.sdk.language": "go",
	}, have)
}
