// Package traefik holds the facts about Traefik Proxy: how its telemetry is recognized and what its own keys
// mean. Data only; the engine is in the package above.
package traefik

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Where the facts below are from.
const (
	srcTracing    = "Traefik 3.6.12, pkg/observability/tracing/tracing.go"
	srcEntryPoint = "Traefik 3.6.12, pkg/middlewares/observability/entrypoint.go"
	srcRouter     = "Traefik 3.6.12, pkg/middlewares/observability/{router,service}.go"
	srcFields     = "Traefik 3.7.9, pkg/middlewares/accesslog/logdata.go"
	srcLogger     = "Traefik 3.7.9, pkg/middlewares/accesslog/logger.go"
	srcCommon     = "Traefik 3.7.9, pkg/middlewares/accesslog/logger_formatters.go"
)

// Profile is Traefik 3. Its spans carry current names; what is wrong with their values (a port inside
// server.address, "HTTP/2.0", an empty url.query, a size of -1) the conventions mend for every gateway. So
// the rules are about identity and about the access log, which has a vocabulary of its own.
var Profile = gateway.Profile{
	ID:       "traefik",
	Title:    "Traefik Proxy",
	Versions: "3.0 to 3.7.9; spans and access log recorded from 3.6.12",
	Detect: []gateway.Evidence{
		{In: gateway.InScope, Equal: "github.com/traefik/traefik", Source: srcTracing},
		// The access log and Traefik's runtime log share this scope.
		{In: gateway.InScope, Equal: "traefik", Source: "Traefik 3.7.9, pkg/observability/logs/otel.go"},
		{In: gateway.InAttributes, Key: "DownstreamStatus", Source: srcFields},
	},
	Attributes: append(spanRules, logRules...),
	Spans: gateway.SpanFacts{
		// Versions before the server span was named by its method call it "EntryPoint". No name in Traefik is
		// an operator's choice; those of internal spans (Router, Service, a middleware's type) say what they
		// are and stay.
		Names: []string{"ReverseProxy", "EntryPoint"},
	},
	Logs: gateway.LogFacts{
		Bodies:        []gateway.Body{gateway.BodyTraefik, gateway.BodyJSON},
		SeverityFixed: true,
	},
}

var spanRules = []gateway.Rule{
	{
		From: "entry_point", To: []string{attrs.GatewayListenerName}, Signals: gateway.OnSpans,
		Source: srcEntryPoint,
	},
	{
		From: "traefik.router.name", To: []string{attrs.GatewayRouteID}, Signals: gateway.OnSpans,
		Source: srcRouter,
	},
	{
		From: "traefik.service.name", To: []string{attrs.GatewayUpstreamServiceName}, Signals: gateway.OnSpans,
		Source: srcRouter,
	},
}
