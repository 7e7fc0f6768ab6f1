//go:build e2e

package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// caddyVariant is one vocabulary of Caddy's spans, which are those of Go's otelhttp.
type caddyVariant struct {
	name, program, version string
	environment            []string
	overHTTP               bool // spans over OTLP/HTTP: Caddy 2.10.2 has an exporter for gRPC only
	sdk                    string
	hungUp                 int    // status on the span of a request whose client went away
	brewed                 string // method on the span of a BREW request
	attributes             bool   // has the tracing directive's span_attributes
}

var caddyVariants = []caddyVariant{
	{
		name: "old names", program: "caddy-otelhttp-0.59", version: "2.10.2", sdk: "1.37.0",
		hungUp: http.StatusOK, brewed: "_OTHER",
	},
	{
		name: "old and new names", program: "caddy", version: "2.10.2", sdk: "1.37.0",
		environment: []string{"OTEL_SEMCONV_STABILITY_OPT_IN=http/dup"},
		// otelhttp 0.61 writes GET for every method it does not know, beside the original one; what a sender says under a
		// current name stays.
		hungUp: http.StatusOK, brewed: http.MethodGet,
	},
	{
		name: "new names", program: "caddy", version: "2.11.9", sdk: "1.46.0", overHTTP: true, attributes: true,
		hungUp: 499, brewed: "_OTHER",
	},
}

// caddyEnd is how a call ended, as Caddy's two signals tell it.
type caddyEnd struct {
	onSpan   int // status; Caddy makes a response of its own errors after the span has ended, which then says 200
	onRecord int // status, 0 for none
	bytes    int // of the body that was sent
	// header are the response headers beside Date, by who answered.
	header testbed.Attributes
}

// Who answered: the upstream, with or without a body, or Caddy itself.
var (
	caddyUpstream = testbed.Attributes{
		"http.response.header.via": []string{"1.1 Caddy"}, "http.response.header.date": testbed.One(testbed.Matches(".* GMT")),
		"http.response.header.content-length": []string{"0"},
	}
	caddyUpstreamText = caddyUpstream.With(testbed.Attributes{
		"http.response.header.content-length": []string{"2"},
		"http.response.header.content-type":   []string{"text/plain; charset=utf-8"},
	})
	caddyItself     = testbed.Attributes{"http.response.header.server": []string{"Caddy"}}
	caddyItselfText = caddyItself.With(testbed.Attributes{
		"http.response.header.content-type": []string{"text/plain; charset=utf-8"},
	})
)

// span is the span of a call.
func (v caddyVariant) span(g *edge, c call, end caddyEnd) testbed.WantSpan {
	path, _, _ := strings.Cut(c.path, "?") // otelhttp leaves the query out
	name, status := "GET", ptrace.StatusCodeUnset
	protocol := "1.1"
	if c.http2 {
		protocol = "2"
	}
	attrs := testbed.Attributes{
		"http.request.method":       "GET",
		"http.response.status_code": end.onSpan,
		"url.scheme":                "http",
		"url.path":                  path,
		"server.address":            "shop.example.com",
		"server.port":               8080,
		"client.address":            clientIP,
		"network.peer.address":      clientIP,
		"network.peer.port":         testbed.Port,
		"network.protocol.version":  protocol,
		"user_agent.original":       g.userAgent(c),
	}
	if forwarded := c.header["x-forwarded-for"]; forwarded != "" {
		attrs["client.address"] = forwarded
	}
	switch c.method {
	case http.MethodPost:
		name = c.method
		attrs["http.request.method"] = c.method
	case "BREW":
		attrs["http.request.method"], attrs["http.request.method_original"] = v.brewed, c.method
		if v.brewed == "_OTHER" {
			name = "HTTP"
		}
	}
	if c.body != "" {
		attrs["http.request.body.size"] = len(c.body)
	}
	if end.bytes > 0 {
		attrs["http.response.body.size"] = end.bytes
	}
	if end.onSpan >= http.StatusInternalServerError {
		status = ptrace.StatusCodeError
		attrs["error.type"] = strconv.Itoa(end.onSpan)
	}
	if strings.HasPrefix(path, "/checkout/") {
		name = "checkout" // by the span option of the route
		if v.attributes {
			attrs["tenant"] = c.header["x-tenant"]
		}
	}
	return testbed.WantSpan{
		Name: name, Kind: ptrace.SpanKindServer, Status: status, Attributes: attrs,
		Resource: testbed.Attributes{
			"service.name":           "caddy-edge",
			"telemetry.sdk.language": "go",
			"telemetry.sdk.name":     "opentelemetry",
			"telemetry.sdk.version":  v.sdk,
			"webengine.name":         "Caddy",
			"webengine.version":      "unknown", // the release build sets it
		},
	}
}

// record is the line of a call in the access log.
func (v caddyVariant) record(g *edge, c call, end caddyEnd) testbed.WantRecord {
	path, query, _ := strings.Cut(c.path, "?")
	traceID := g.traceID(c)
	attrs := testbed.Attributes{
		"http.request.method":            "GET",
		"url.path":                       path,
		"server.address":                 "shop.example.com",
		"server.port":                    8080,
		"client.address":                 clientIP, // no trusted proxy is configured
		"network.peer.address":           clientIP,
		"network.peer.port":              testbed.Port,
		"network.protocol.version":       "1.1",
		"http.request.body.size":         len(c.body),
		"http.response.body.size":        end.bytes,
		"http.request.header.user-agent": []string{g.userAgent(c)},
		"http.request.header.connection": []string{"close"},
		"http.request.header.traceparent": testbed.One(
			testbed.Matches("00-" + traceID + "-[0-9a-f]{16}-01")),
		"gateway.request.duration": testbed.Seconds,
		"level":                    "info",
		"logger":                   "http.log.access.log0",
		"msg":                      "handled request",
		"log.file.name":            "access.json",
	}.With(end.header)
	if c.http2 {
		attrs["network.protocol.version"] = "2"
		delete(attrs, "http.request.header.connection")
	}
	if query != "" {
		attrs["url.query"] = strings.ReplaceAll(query, "secret-sig", "REDACTED")
	}
	switch c.method {
	case http.MethodPost:
		attrs["http.request.method"] = c.method
		attrs["http.request.header.content-length"] = []string{strconv.Itoa(len(c.body))}
	case "BREW":
		attrs["http.request.method"], attrs["http.request.method_original"] = "_OTHER", c.method
	}
	for name, value := range c.header {
		attrs["http.request.header."+name] = []string{value}
	}
	severity := plog.SeverityNumberInfo
	switch {
	case end.onRecord == 0:
		severity, attrs["error.type"] = plog.SeverityNumberError, "_OTHER"
	case end.onRecord >= http.StatusInternalServerError:
		severity, attrs["error.type"] = plog.SeverityNumberError, strconv.Itoa(end.onRecord)
		attrs["level"] = "error"
	case end.onRecord >= http.StatusBadRequest:
		severity = plog.SeverityNumberWarn
	}
	if end.onRecord > 0 {
		attrs["http.response.status_code"] = end.onRecord
	}
	return testbed.WantRecord{TraceID: traceID, Severity: severity, Attributes: attrs, Resource: testbed.Attributes{}}
}

// cases are one call for each kind of end.
func (v caddyVariant) cases(g *edge) []gatewayCase {
	var cases []gatewayCase
	add := func(c call, end caddyEnd) {
		cases = append(cases, gatewayCase{
			call:    c,
			spans:   []testbed.WantSpan{v.span(g, c, end)},
			records: []testbed.WantRecord{v.record(g, c, end)},
		})
	}
	answered := func(c call, bytes int, header testbed.Attributes) {
		add(c, caddyEnd{onSpan: c.status, onRecord: c.status, bytes: bytes, header: header})
	}
	answered(call{
		name: "ok", path: "/ok?user=1&sig=secret-sig", status: http.StatusOK,
		header: map[string]string{"x-forwarded-for": "203.0.113.9"},
	}, 2, caddyUpstreamText)
	answered(call{name: "http2", path: "/ok", http2: true, status: http.StatusOK}, 2, caddyUpstreamText)
	answered(call{name: "method", method: "BREW", path: "/ok", status: http.StatusOK}, 2, caddyUpstreamText)
	answered(call{
		name: "named", path: "/checkout/ok", status: http.StatusOK, header: map[string]string{"x-tenant": "acme"},
	}, 2, caddyUpstreamText)
	answered(call{
		name: "post", method: http.MethodPost, path: "/status/201", body: "eleven byte", status: http.StatusCreated,
	}, 0, caddyUpstream)
	answered(call{name: "notfound", path: "/status/404", status: http.StatusNotFound}, 0, caddyUpstream)
	answered(call{name: "error", path: "/status/503", status: http.StatusServiceUnavailable}, 0, caddyUpstream)
	answered(call{name: "local", path: "/local/x", status: http.StatusGone}, 4, caddyItselfText)
	add(call{name: "dead", path: "/dead", status: http.StatusBadGateway},
		caddyEnd{onSpan: http.StatusOK, onRecord: http.StatusBadGateway, header: caddyItself})
	hungUp := caddyEnd{onSpan: v.hungUp, onRecord: v.hungUp, header: caddyItself}
	if v.hungUp == http.StatusOK {
		hungUp.onRecord = 0 // 2.10.2 logs status 0
	}
	add(call{name: "hangup", path: "/hang", hangUp: true}, hungUp)
	return cases
}

// Caddy with each vocabulary its spans can have, and its access log by way of a file.
func TestCaddy(t *testing.T) {
	for _, v := range caddyVariants {
		t.Run(v.name, func(t *testing.T) {
			log := testbed.CaddyLog(t)
			collector := testbed.StartCollector(t, testbed.CollectorOptions{LogFiles: []string{log}})
			upstream := testbed.StartUpstream(t)
			environment := append([]string{
				"OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_ENDPOINT=http://" + collector.OTLPGRPC(),
			}, v.environment...)
			if v.overHTTP {
				environment = append([]string{
					"OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT=http://" + collector.OTLPHTTP(),
				}, v.environment...)
			}
			caddy := testbed.StartCaddy(t, testbed.CaddyOptions{
				Program: v.program, Version: v.version, Traces: environment, Upstream: upstream.Address(),
			}, log)
			g := &edge{address: caddy.Address(), prefix: "caddy-" + strings.ReplaceAll(v.name, " ", "-"), upstream: upstream}
			drive(t, collector, g, testbed.Subject{
				Program: "caddy", Version: v.version, Case: v.name, Secrets: []string{"secret-sig"},
			}, v.cases(g))
		})
	}
}
