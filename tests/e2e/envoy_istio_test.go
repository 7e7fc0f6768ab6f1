//go:build e2e

package e2e

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
	"github.com/gatehouse-otel/gatehouse/tests/testbed/envoy"
)

// istio is an Envoy with three listeners as Istio configures them: an ingress gateway with upstream spans, a sidecar's
// outbound and its inbound listener without. (In a mesh these are three proxies.)
type istio struct {
	addresses                  map[string]string // of the upstreams, by service
	collector                  *testbed.Collector
	gateway, outbound, inbound *target
}

const (
	istioDecorator = "cart.shop.svc.cluster.local:8080/*"
	istioNode      = "router~10.244.0.9~istio-ingressgateway-7c9d8f-abcde.istio-system~istio-system.svc.cluster.local"
)

func startIstio(t *testing.T, version string) *istio {
	t.Helper()
	text := filepath.Join(t.TempDir(), textFile)
	require.NoError(t, os.WriteFile(text, nil, 0o600))
	upstream := testbed.StartUpstream(t)
	m := &istio{
		addresses: map[string]string{"cart": upstream.Address(), "dead": testbed.FreeAddress(t)},
		collector: testbed.StartCollector(t, testbed.CollectorOptions{LogFiles: []string{text}}),
		gateway:   &target{name: "gateway", spawns: true},
		outbound:  &target{name: "outbound"},
		inbound:   &target{name: "inbound"},
	}
	for _, g := range []*target{m.gateway, m.outbound, m.inbound} {
		g.prefix, g.address, g.upstream = "istio-"+version+"-"+g.name, testbed.FreeAddress(t), upstream
	}
	tags := []envoy.CustomTag{
		{Name: "istio.canonical_revision", Literal: "latest"},
		{Name: "istio.canonical_service", Literal: "istio-ingressgateway"},
		{Name: "istio.mesh_id", Literal: "cluster.local"},
		{Name: "istio.namespace", Literal: "istio-system"},
		{Name: "istio.cluster_id", Literal: "Kubernetes"},
	}
	routes := func(cart, dead string) []envoy.VirtualHost {
		return []envoy.VirtualHost{
			{Name: "only", Domains: []string{"unknown.example.org"}, Routes: []envoy.Route{
				{Name: "only", Prefix: "/only", Cluster: cart, Decorator: istioDecorator},
			}},
			{Name: "shop", Domains: []string{"*"}, Routes: []envoy.Route{
				{Name: "dead", Prefix: "/dead", Cluster: dead, Retries: 1, Decorator: istioDecorator},
				{Name: "flaky", Prefix: "/flaky", Cluster: cart, Retries: 2, Decorator: istioDecorator},
				{Name: "default", Prefix: "/", Cluster: cart, Decorator: istioDecorator},
			}},
		}
	}
	outbound := routes("outbound|8080||cart.shop.svc.cluster.local", "outbound|8080|v2|dead.shop.svc.cluster.local")
	logs := []envoy.AccessLog{
		envoy.OTLPLog{LogName: "otel_envoy_accesslog", NoBuiltinLabels: true, Body: envoy.IstioTextFormat},
		envoy.FileLog{Path: text, Text: envoy.IstioTextFormat},
	}
	envoy.Start(t, version, envoy.Config{
		NodeID:        istioNode,
		NodeCluster:   "istio-ingressgateway.istio-system",
		OTLPGRPC:      m.collector.OTLPGRPC(),
		FlushInterval: 200 * time.Millisecond,
		MinFlushSpans: neverSplit,
		Clusters: []envoy.Cluster{
			{Name: "outbound|8080||cart.shop.svc.cluster.local", Address: upstream.Address()},
			{Name: "outbound|8080|v2|dead.shop.svc.cluster.local", Address: m.addresses["dead"]},
			{Name: "inbound|8080||", Address: upstream.Address()},
			{Name: "inbound|8081||", Address: m.addresses["dead"]},
		},
		Listeners: []envoy.Listener{
			{
				Name: "0.0.0.0_8080", Address: m.gateway.address, Direction: envoy.Outbound, VirtualHosts: outbound,
				Tracing: &envoy.Tracing{
					Tracer: envoy.OpenTelemetryGRPC, ServiceName: "istio-ingressgateway.istio-system",
					SpawnUpstream: true, CustomTags: tags,
				},
				AccessLogs: logs,
			},
			{
				Name: "virtualOutbound", Address: m.outbound.address, Direction: envoy.Outbound, NoRemoteAddress: true,
				VirtualHosts: outbound,
				Tracing:      &envoy.Tracing{Tracer: envoy.OpenTelemetryGRPC, ServiceName: "web.shop", CustomTags: tags},
				AccessLogs:   logs,
			},
			{
				Name: "virtualInbound", Address: m.inbound.address, Direction: envoy.Inbound, NoRemoteAddress: true,
				VirtualHosts: routes("inbound|8080||", "inbound|8081||"),
				Tracing:      &envoy.Tracing{Tracer: envoy.OpenTelemetryGRPC, ServiceName: "cart.shop", CustomTags: tags},
				AccessLogs:   logs,
			},
		},
	})
	return m
}

// istioRequests are the ends by their names in envoyRequests.
var istioRequests = []string{"ok", "noparent", "unsampled", "secret", "notfound", "error", "flaky", "dead", "reset", "noroute", "hangup", "nohost"}

func TestEnvoyAsIstio(t *testing.T) {
	for _, version := range envoyVersions {
		t.Run(version, func(t *testing.T) {
			m := startIstio(t, version)
			targets := []*target{m.gateway, m.outbound, m.inbound}
			spans, records := 0, 0
			for _, g := range targets {
				for _, r := range istioEnds() {
					g.do(t, r)
					spans += g.spans(r)
					records += 2 // over OTLP and in the file
				}
			}
			m.collector.Wait(t, spans, records)
			x := m.collector.Exchange(t)
			x.Judge(t, testbed.Subject{
				Program: "envoy", Version: version, Case: "as Istio: gateway, outbound and inbound sidecar, text logs", Secrets: secrets,
			})
			assert.Len(t, x.Spans, spans)
			assert.Len(t, x.Records, records)
			for _, g := range targets {
				for _, r := range istioEnds() {
					t.Run(g.name+"/"+r.name, func(t *testing.T) {
						m.checkSpans(t, x, g, r)
						m.checkRecords(t, x, g, r)
					})
				}
			}
		})
	}
}

func istioEnds() []request {
	var ends []request
	for _, r := range envoyRequests {
		if !slices.Contains(istioRequests, r.name) {
			continue
		}
		r.end.rule = cmp.Or(r.end.rule, "default")
		ends = append(ends, r)
	}
	return ends
}

func (m *istio) checkSpans(t *testing.T, x testbed.Exchange, g *target, r request) {
	t.Helper()
	if g.spans(r) == 0 {
		for _, p := range x.Spans {
			assert.NotEqual(t, g.traceID(r), p.Before.TraceID().String(), "a span of a request that is not sampled")
		}
		return
	}
	server := g.serverSpan(t, x, r)
	m.wantDownstream(g, r).Check(t, server)
	clients := clientSpans(x, server.After)
	if !g.spawns {
		assert.Empty(t, clients, "sidecars make one span for a request")
		return
	}
	require.Len(t, clients, len(r.end.tries()), "spans of attempts to reach the upstream")
	for i, try := range r.end.tries() {
		m.wantAttempt(r, try, i, clients[i].After.Batch == server.After.Batch).Check(t, clients[i])
	}
}

func (m *istio) checkRecords(t *testing.T, x testbed.Exchange, g *target, r request) {
	t.Helper()
	found := map[string]bool{}
	for _, p := range x.Records {
		if p.Before == nil || p.After == nil || !p.Before.Mentions(g.userAgent(r)) {
			continue
		}
		file := textOf(p.After.Attributes(), "log.file.name")
		found[file] = true
		m.wantRecord(g, r, file).Check(t, p)
	}
	assert.Equal(t, map[string]bool{"": true, textFile: true}, found, "access logs with this request")
}

// ofUpstream is the Service in the cluster's name; inbound clusters name none.
func (m *istio) ofUpstream(g *target, e end) testbed.Attributes {
	service := e.serviceName()
	switch {
	case service == "":
		return nil
	case g == m.inbound && service == "dead":
		return testbed.Attributes{"upstream_cluster": "inbound|8081||", "gateway.upstream.service.port": 8081}
	case g == m.inbound:
		return testbed.Attributes{"upstream_cluster": "inbound|8080||", "gateway.upstream.service.port": 8080}
	case service == "dead":
		return testbed.Attributes{
			"upstream_cluster":              "outbound|8080|v2|dead.shop.svc.cluster.local",
			"gateway.upstream.service.host": "dead.shop.svc.cluster.local", "gateway.upstream.service.port": 8080,
			"gateway.upstream.service.subset": "v2",
		}
	}
	return testbed.Attributes{
		"upstream_cluster":              "outbound|8080||cart.shop.svc.cluster.local",
		"gateway.upstream.service.host": "cart.shop.svc.cluster.local", "gateway.upstream.service.port": 8080,
	}
}

var istioTags = testbed.Attributes{
	"component": "proxy", "istio.canonical_revision": "latest", "istio.canonical_service": "istio-ingressgateway",
	"istio.mesh_id": "cluster.local", "istio.namespace": "istio-system", "istio.cluster_id": "Kubernetes",
}

// wantDownstream is the span of the request as it came: of kind client behind an application without upstream spans.
func (m *istio) wantDownstream(g *target, r request) testbed.WantSpan {
	a := g.ofRequest(r).With(ofResponse(r.end)).With(m.ofUpstream(g, r.end)).With(istioTags).With(testbed.Attributes{
		"url.scheme":                       "http",
		"client.address":                   clientIP,
		"network.peer.address":             clientIP,
		"node_id":                          istioNode,
		"http.request.header.x-request-id": testbed.One(testbed.UUID),
	})
	w := testbed.WantSpan{Name: spanName(r), Kind: ptrace.SpanKindServer, Attributes: a}
	if r.end.code == 0 || r.end.code >= http.StatusInternalServerError {
		w.Status = ptrace.StatusCodeError
	}
	if g != m.outbound {
		return w
	}
	w.Kind = ptrace.SpanKindClient
	if r.end.code >= http.StatusBadRequest {
		w.Status = ptrace.StatusCodeError
		a["error.type"] = strconv.Itoa(r.end.code)
	}
	full := "http://" + cmp.Or(r.host, shopHost) + r.path
	if query, ok := a["url.query"].(string); ok {
		full += "?" + query
	}
	// Envoy's peer.address of a downstream span is who sent the request, whatever the span's kind.
	w.Attributes = a.With(testbed.Attributes{
		"url.full": full, "url.path": nil, "url.query": nil, "url.scheme": nil, "network.peer.address": nil,
	})
	return w
}

// wantAttempt is the upstream span, of the ingress gateway only. Method and name come from the parent, if that came with it.
func (m *istio) wantAttempt(r request, try attempt, number int, together bool) testbed.WantSpan {
	port := testbed.PortOf(m.addresses[r.end.serviceName()])
	a := m.ofUpstream(m.gateway, r.end).With(istioTags).With(testbed.Attributes{
		"upstream_address":     m.addresses[r.end.serviceName()],
		"network.peer.address": "127.0.0.1", "network.peer.port": port,
		"server.address": r.end.serviceName() + ".shop.svc.cluster.local", "server.port": 8080,
		"network.protocol.version": "1.1",
	})
	if try.unconnected {
		delete(a, "network.protocol.version")
	}
	if number > 0 {
		a["http.request.resend_count"] = number
	}
	w := testbed.WantSpan{Kind: ptrace.SpanKindClient, Attributes: a}
	if together {
		w.Name, a["http.request.method"] = spanName(r), r.requestMethod()
	} else {
		w.Name = fmt.Sprintf("router %s egress", a["upstream_cluster"])
	}
	switch {
	case try.canceled:
		a["canceled"] = "true"
	case try.code == 0:
		a["error.reason"], a["response_flags"] = try.reason, try.flags
		a["error.type"], w.Status = try.flags, ptrace.StatusCodeError
	case try.code >= http.StatusBadRequest:
		a["http.response.status_code"] = try.code
		a["error.type"], w.Status = strconv.Itoa(try.code), ptrace.StatusCodeError
	default:
		a["http.response.status_code"] = try.code
	}
	return w
}

// wantRecord is the access log record, whose text says the same over OTLP and in the file.
func (m *istio) wantRecord(g *target, r request, file string) testbed.WantRecord {
	e := r.end
	a := g.ofRequest(r).With(ofResponse(e)).With(m.ofUpstream(g, e)).With(testbed.Attributes{
		"gateway.request.duration": testbed.Seconds,
		"gateway.response.details": cmp.Or(e.details, "via_upstream"),
		"client.address":           clientIP, "client.port": testbed.Port,
		"network.local.address": "127.0.0.1", "network.local.port": testbed.PortOf(g.address),
	})
	if file != "" {
		a["log.file.name"] = file
	}
	if e.rule != none {
		a["gateway.route.id"] = e.rule
	}
	if !e.untraced {
		a["http.request.header.x-request-id"] = testbed.One(testbed.UUID)
		if g == m.gateway {
			a["http.request.header.x-forwarded-for"] = testbed.One(testbed.IP)
		}
	}
	if !e.local {
		a["gateway.upstream.duration"] = testbed.Seconds
	}
	if tries := e.tries(); len(tries) > 0 {
		a["gateway.upstream.address"] = "127.0.0.1"
		a["gateway.upstream.port"] = testbed.PortOf(m.addresses[e.serviceName()])
		if tries[0].unconnected {
			a["gateway.upstream.failure_reason"] = "delayed_connect_error:_Connection_refused"
		} else {
			a["gateway.upstream.local.address"], a["gateway.upstream.local.port"] = "127.0.0.1", testbed.Port
		}
	}
	w := testbed.WantRecord{Severity: plog.SeverityNumberInfo, Attributes: a}
	switch {
	case e.code == 0 || e.code >= http.StatusInternalServerError:
		w.Severity = plog.SeverityNumberError
	case e.code >= http.StatusBadRequest:
		w.Severity = plog.SeverityNumberWarn
	}
	if file == "" && !e.untraced {
		w.TraceID = g.traceID(r)
		if r.parent == noParent {
			w.TraceID = testbed.AnyTraceID
		}
	}
	return w
}
