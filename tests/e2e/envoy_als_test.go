//go:build e2e

package e2e

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
	"github.com/gatehouse-otel/gatehouse/tests/testbed/envoy"
)

// The access logs by their log_name.
const (
	otlpLog    = "kgw_otlp"
	alsLog     = "kgw_als"     // ALS, an entry for each request
	alsTryLog  = "kgw_als_try" // ALS, an entry for each attempt to reach the upstream
	alsB3Log   = "kgw_als_b3"  // ALS, an entry for each request, with B3 headers
	alsTCPLog  = "kgw_als_tcp" // ALS, an entry for each connection
	otlpTCPLog = "kgw_otlp_tcp"
)

func isALS(r *testbed.RecordItem) bool {
	return slices.Contains([]string{alsLog, alsTryLog, alsB3Log, alsTCPLog}, textOf(r.Resource.Attributes(), "log_name"))
}

// kgatewayALS is the access logger that the receiver's README wants. Envoy 1.36 refuses tags by value.
func kgatewayALS(version, name string) envoy.GRPCLog {
	tags := []envoy.CustomTag{{Name: "tenant", Header: "x-tenant"}}
	if version != "1.36.2" {
		tags = append(tags, envoy.CustomTag{Name: "trace_id", Value: "%TRACE_ID%"}, envoy.CustomTag{Name: "span_id", Value: "%SPAN_ID%"})
	}
	return envoy.GRPCLog{
		LogName:          name,
		RequestHeaders:   []string{"traceparent"},
		ResponseHeaders:  []string{"content-type", "grpc-status", "grpc-message"},
		ResponseTrailers: []string{"grpc-status", "grpc-message"},
		CustomTags:       tags,
	}
}

// records is how many access log records a request makes on its way through the listener: over OTLP, as a line of text and
// as JSON, over ALS, and over ALS for each attempt.
func (k *kgateway) records(g *target, r request) int {
	switch g {
	case k.spawn:
		return 4 + len(r.end.tries())
	case k.zipkin:
		return 1
	}
	return 0
}

// checkCount checks that there are as many records as Envoy says it wrote entries.
func (k *kgateway) checkCount(t *testing.T, x testbed.Exchange) {
	t.Helper()
	records := 0
	for _, p := range x.Records {
		if p.After != nil && isALS(p.After) {
			records++
		}
	}
	written, err := envoy.Stat(t.Context(), k.admin, "access_logs.grpc_access_log.logs_written")
	require.NoError(t, err)
	assert.Equal(t, written+tcpEnds, records, "a record for each entry; Envoy counts those of its HTTP loggers only")
	dropped, err := envoy.Stat(t.Context(), k.admin, "access_logs.grpc_access_log.logs_dropped")
	require.NoError(t, err)
	assert.Zero(t, dropped)
	for _, name := range []string{"malformed", "dropped", "conflicts", "unparseable"} {
		assert.Zero(t, k.collector.Metric(t, "otelcol_receiver_envoy_als_"+name), name)
	}
	assert.Equal(t, records, k.collector.Metric(t, "otelcol_receiver_envoy_als_entries"), "entries that were counted")
}

// alsRecords are the records of one access log about one request, oldest first.
func alsRecords(x testbed.Exchange, log string, g *target, r request) []testbed.Pair[testbed.RecordItem] {
	var found []testbed.Pair[testbed.RecordItem]
	for _, p := range x.Records {
		if p.Before != nil && p.After != nil && textOf(p.After.Resource.Attributes(), "log_name") == log && p.After.Mentions(g.userAgent(r)) {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b testbed.Pair[testbed.RecordItem]) int {
		return cmp.Compare(a.After.Timestamp(), b.After.Timestamp())
	})
	return found
}

// notInALS are attributes of the same request's server span that no ALS entry has, with the reason.
var notInALS = map[string]string{
	"component":                        "a tag of Envoy's tracer, the same on every span",
	"node_id":                          "a tag of Envoy's tracer; here it is node_name, on the resource",
	"stage":                            "a custom tag that the configuration gives the tracer only",
	"region":                           "a custom tag that the configuration gives the tracer only",
	"http.request.method_original":     "a method without a number of its own comes as METHOD_UNSPECIFIED",
	"rpc.request.header.grpc-timeout":  "a header that the configuration does not log",
	"http.request.header.content-type": "a header that the configuration does not log",
}

// checkALS compares the ALS record of a request with what is wanted, with its OTLP access log record and its span; and the
// records of its attempts with their spans.
func (k *kgateway) checkALS(t *testing.T, x testbed.Exchange, r request) {
	t.Helper()
	g := k.spawn
	found := alsRecords(x, alsLog, g, r)
	require.Len(t, found, 1, "ALS records of the request")
	k.wantALS(g, r).Check(t, found[0])
	here := found[0].After

	otlp := alsRecords(x, otlpLog, g, r)
	require.Len(t, otlp, 1, "OTLP records of the request")
	there := otlp[0].After
	assert.Equal(t, there.Timestamp(), here.Timestamp(), "time, to the microsecond that Envoy's clock has")
	if r.end.rpc == "" || r.end.rpc == "OK" { // the operator's format of the OTLP access log does not tell a gRPC status
		assert.Equal(t, there.SeverityNumber(), here.SeverityNumber())
		assert.Equal(t, there.SeverityText(), here.SeverityText())
	}
	assert.Greater(t, sameAttributes(t, "OTLP record", here.Attributes(), there.Attributes(), notInALS), 7)
	if !r.end.untraced {
		assert.Equal(t, there.TraceID(), here.TraceID())
	}
	if g.spans(r) > 0 {
		server := g.serverSpan(t, x, r).After
		assert.Greater(t, sameAttributes(t, "span", here.Attributes(), server.Attributes(), notInALS), 7)
		assert.Equal(t, server.TraceID(), here.TraceID())
	}

	tries := alsRecords(x, alsTryLog, g, r)
	require.Len(t, tries, len(r.end.tries()), "ALS records of attempts")
	var last string
	for i, p := range tries {
		k.checkTry(t, r, r.end.tries()[i], p.After)
		last = p.After.SpanID().String()
		if g.spans(r) == 0 {
			continue
		}
		client := clientSpans(x, g.serverSpan(t, x, r).After)[i].After
		assert.Equal(t, client.TraceID(), p.After.TraceID(), "attempt %d", i+1)
		assert.Equal(t, client.SpanID(), p.After.SpanID(), "attempt %d", i+1)
	}
	// The header names the span that was sent upstream, if any was; the tags of Envoy 1.40 the server span.
	switch {
	case r.end.untraced || k.version == "1.36.2" && last == "":
		assert.Equal(t, g.parentID(r), here.SpanID().String(), "the caller's span, as Envoy has made none")
	case k.version == "1.36.2":
		assert.Equal(t, last, here.SpanID().String(), "the span of the last attempt")
	default:
		assert.Equal(t, there.SpanID(), here.SpanID(), "the server span")
	}
}

// checkTry looks at the record of one attempt.
func (k *kgateway) checkTry(t *testing.T, r request, try attempt, got *testbed.RecordItem) {
	t.Helper()
	raw := got.Attributes().AsRaw()
	assert.Equal(t, "UpstreamEnd", raw["gateway.access_log.type"])
	assert.NotContains(t, raw, "gateway.upstream.attempts", "Envoy does not count them here")
	for key, want := range ofUpstream(r.end).With(testbed.Attributes{
		"gateway.upstream.address": "127.0.0.1", "gateway.upstream.port": testbed.PortOf(k.addresses[r.end.serviceName()]),
	}) {
		if port, ok := want.(int); ok {
			want = int64(port)
		}
		assert.Equal(t, want, raw[key], key)
	}
	if try.unconnected {
		assert.Equal(t, int64(0), raw["http.request.body.size"])
	} else {
		assert.EqualValues(t, r.bodySize(), raw["http.request.body.size"], "what was sent upstream")
	}
	cameBack := 0
	if try.code == r.end.code {
		cameBack = r.end.out
	}
	assert.EqualValues(t, cameBack, raw["http.response.body.size"], "what came back")
	if try.code != 0 {
		assert.EqualValues(t, try.code, raw["http.response.status_code"])
	} else {
		assert.NotContains(t, raw, "http.response.status_code")
		assert.Contains(t, raw, "error.type")
	}
	if try.flags != "" {
		assert.Equal(t, try.flags, raw["response_flags"])
	}
}

// wantALS is the record of an ALS entry.
func (k *kgateway) wantALS(g *target, r request) testbed.WantRecord {
	e := r.end
	w := k.wantRecord(g, r, jsonFile)
	a := w.Attributes.With(ofRPC(e)).With(testbed.Attributes{
		"log.file.name":                     nil,
		"http.request.method_original":      nil,
		"gateway.access_log.type":           "DownstreamEnd",
		"network.peer.address":              clientIP,
		"network.peer.port":                 testbed.Port,
		"http.request.size":                 testbed.Count,
		"gateway.request.header_bytes":      testbed.Count,
		"gateway.request.header_wire_bytes": testbed.Count,
		"gateway.timing.request_received":   testbed.Seconds,
		"gateway.upstream.attempts":         len(e.tries()),
	})
	if !e.untraced {
		a["url.scheme"] = "http"
	}
	if r.parent != noParent || len(e.tries()) > 0 {
		a["http.request.header.traceparent"] = testbed.One(testbed.Matches("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]"))
	}
	if e.rpc == "UNAVAILABLE" {
		a["error.type"], w.Severity = e.rpc, plog.SeverityNumberError
	}
	switch {
	case e.rpc != "":
		a["http.response.header.content-type"] = []string{"application/grpc"}
	case e.out > 0:
		a["http.response.header.content-type"] = []string{"text/plain; charset=utf-8"}
	case e.local && e.code >= http.StatusInternalServerError: // a text of Envoy's
		a["http.response.header.content-type"] = []string{"text/plain"}
	}
	if r.name == "grpc-notfound" || r.name == "grpc-unavailable" {
		a["rpc.response.trailer.grpc-message"] = []string{"as asked"}
	}
	if tenant := r.header["x-tenant"]; tenant != "" {
		a["tenant"] = tenant
	}
	if r.name == "rewritten" {
		a["gateway.upstream.uri"] = "/cart"
	}
	if e.code != 0 {
		for _, key := range []string{"http.response.size", "gateway.response.header_bytes", "gateway.response.header_wire_bytes"} {
			a[key] = testbed.Count
		}
		a["gateway.timing.response_started"], a["gateway.timing.response_sent"] = testbed.Seconds, testbed.Seconds
	}
	sent := len(e.tries()) > 0 && !e.tries()[0].unconnected
	if sent {
		a["gateway.timing.upstream_request_started"], a["gateway.timing.upstream_request_sent"] = testbed.Seconds, testbed.Seconds
		a["gateway.upstream.bytes_sent"], a["gateway.upstream.header_bytes_sent"] = testbed.Count, testbed.Count
	}
	if !e.local {
		a["gateway.timing.upstream_response_started"], a["gateway.timing.upstream_response_received"] = testbed.Seconds, testbed.Seconds
		a["gateway.upstream.bytes_received"], a["gateway.upstream.header_bytes_received"] = testbed.Count, testbed.Count
	}
	w.Attributes = a
	w.TraceID = g.traceID(r)
	if r.parent == noParent {
		w.TraceID = testbed.AnyTraceID
	}
	w.Resource = k.alsResource(alsLog)
	return w
}

// alsResource is what the identifier of a stream says about Envoy's node.
func (k *kgateway) alsResource(log string) testbed.Attributes {
	return testbed.Attributes{
		"service.name": "http.kgateway-system", "k8s.namespace.name": "kgateway-system", "k8s.pod.name": kgatewayPod,
		"log_name": log, "cluster_name": "http.kgateway-system", "node_name": kgatewayNode,
		"gateway.node.metadata.role": "kgateway-kube-gateway-api~kgateway-system~http",
		"gateway.proxy.name":         "envoy", "gateway.proxy.version": k.version,
	}
}

// checkB3 looks at the trace context that B3 headers give a record, beside the spans of Envoy's Zipkin tracer.
func (k *kgateway) checkB3(t *testing.T, x testbed.Exchange, r request) {
	t.Helper()
	g := k.zipkin
	found := alsRecords(x, alsB3Log, g, r)
	require.Len(t, found, 1, "ALS records of the request")
	here := found[0].After
	if r.parent != noParent {
		assert.Equal(t, g.traceID(r), here.TraceID().String())
	}
	if g.spans(r) == 0 {
		return
	}
	server := g.serverSpan(t, x, r).After
	assert.Equal(t, server.TraceID(), here.TraceID())
	there := server.Attributes()
	// Zipkin's local endpoint: an address of the machine, not the one that the request came to.
	assert.True(t, there.Remove("network.local.address"))
	except := maps.Clone(notInALS)
	except["tenant"] = "a custom tag that this access log has not"
	if r.end.rpc != "" {
		for _, key := range []string{"rpc.system.name", "rpc.method", "rpc.status_code", "rpc.response.trailer.grpc-message", "error.type"} {
			except[key] = "neither content type nor trailers are logged here"
		}
	}
	sameAttributes(t, "span", here.Attributes(), there, except)
	if clients := clientSpans(x, server); len(clients) > 0 {
		assert.Equal(t, clients[len(clients)-1].After.SpanID(), here.SpanID(), "the span of the last attempt")
	} else {
		assert.Equal(t, g.parentID(r), here.SpanID().String(), "the caller's span: no other was sent upstream")
	}
}
