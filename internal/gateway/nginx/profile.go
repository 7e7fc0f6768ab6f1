// Package nginx holds the facts about NGINX and what is built on it: the nginx-otel module, the module of
// opentelemetry-cpp-contrib (ingress-nginx), NGINX Gateway Fabric, and the access log. Data only; the engine
// is in the package above.
package nginx

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Where the facts below are from.
const (
	srcOtel     = "nginx-otel 0.1.2, src/http_module.cpp"
	srcCpp      = "opentelemetry-cpp-contrib 8933841f0a7f, instrumentation/nginx/src/otel_ngx_module.cpp"
	srcFabric   = "NGINX Gateway Fabric e55bfe33969f, internal/controller/nginx/config/telemetry.go"
	srcCombined = "nginx documentation, ngx_http_log_module, the combined format's $request"
	srcCore     = "nginx documentation, ngx_http_core_module, embedded variables"
	srcProxied  = "nginx documentation, ngx_http_upstream_module, embedded variables"
	srcIngress  = "ingress-nginx 1.15.1, docs/user-guide/nginx-configuration/log-format.md"
)

// Profile is NGINX. Both tracing modules speak the old vocabulary, which the official migrations handle; one
// profile serves both because what they do differently cannot be confused: nginx-otel never writes status OK
// or an empty flavor.
var Profile = gateway.Profile{
	ID:       "nginx",
	Title:    "NGINX",
	Versions: "nginx-otel 0.1.2, cpp-contrib module 2024-11, ingress-nginx 1.15.1, NGINX Gateway Fabric 2026-08, from sources only",
	Detect: []gateway.Evidence{
		// nginx-otel sets the scope's version to nginx' own, the other module leaves it empty.
		{In: gateway.InScope, Equal: "nginx", Source: srcOtel},
		{In: gateway.InAttributes, Key: "body_bytes_sent", Source: srcCore},
		{
			In: gateway.InAttributes, Key: "request_time",
			And:    &gateway.Evidence{In: gateway.InAttributes, Key: "remote_addr"},
			Source: srcCore,
		},
	},
	Attributes: append(spanRules, logRules...),
	Patterns: []gateway.Pattern{
		{
			Key: "resource:service.name", Text: "ngf:{gateway.namespace}:{gateway.name}:{}", Resource: true,
			Source: srcFabric,
		},
		{
			Key: "resource:service.name", Text: "ngf:{gateway.namespace}:{gateway.name}", Resource: true,
			Source: srcFabric,
		},
	},
	Spans: gateway.SpanFacts{
		// Names are location names; "/" is the one that says nothing. NGINX Gateway Fabric names spans of
		// internal locations by the raw path.
		Names:        []string{"/"},
		RawPathNames: true,
		// The cpp-contrib module writes OK for every code below 500.
		OKIsDefault: true,
		// nginx-otel leaves the code out when nothing was sent.
		NoStatusNoResponse: true,
	},
	Logs: gateway.LogFacts{
		Bodies: []gateway.Body{gateway.BodyNginx, gateway.BodyIngressNginx, gateway.BodyJSON},
	},
}

var spanRules = []gateway.Rule{
	// Empty for HTTP/3: the module's switch ends at 2.0.
	{
		From: "http.flavor", To: []string{attrs.NetworkProtocolName, attrs.NetworkProtocolVersion},
		Op: gateway.OpFlavor, Signals: gateway.OnSpans, Dash: true, Source: srcCpp,
	},
	// 0 stands for a chunked body as well, whose size nobody knows.
	{
		From: "http.request_content_length", To: []string{attrs.HTTPRequestBodySize},
		Op: gateway.OpIntNonzero, Signals: gateway.OnSpans, Source: srcOtel,
	},
}
