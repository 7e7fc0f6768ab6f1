// Package tyk holds the facts about the Tyk Gateway: how its telemetry is recognized and what its own keys
// mean. Data only; the engine is in the package above.
package tyk

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Where the facts below are from.
const (
	srcResource = "Tyk 31e219bebd55, internal/otel/otel.go"
	srcAPI      = "TykTechnologies/opentelemetry 91eb9e92cf63, semconv/v1.0.0/tykapis.go"
	srcHandler  = "TykTechnologies/opentelemetry 91eb9e92cf63, trace/handler.go"
	srcRecord   = "Tyk 31e219bebd55, internal/httputil/accesslog/record.go"
	srcRPC      = "Tyk 4c9f4f103744, internal/httputil/accesslog/record.go"
)

// Profile is Tyk 5. Its HTTP attributes are those of the linked otelhttp: old names, both or current ones,
// which the official migrations handle.
var Profile = gateway.Profile{
	ID:       "tyk",
	Title:    "Tyk Gateway",
	Versions: "5.x to 2026-08, from sources only",
	Detect: []gateway.Evidence{
		// The tracer, and with it one of the scopes, is named by the configured service name: no evidence.
		{In: gateway.InResource, Key: "tyk.gw.id", Source: srcResource},
		{In: gateway.InAttributes, Key: "tyk.api.id", Source: srcAPI},
		{
			In: gateway.InAttributes, Key: "prefix", Equal: "access-log",
			And:    &gateway.Evidence{In: gateway.InAttributes, Key: "latency_total"},
			Source: srcRecord,
		},
	},
	Attributes: append(spanRules, logRules...),
	Spans: gateway.SpanFacts{
		// The upstream span's name is otelhttp's. Server spans are "<METHOD> <raw path>".
		Names:        []string{"HTTP *"},
		RawPathNames: true,
	},
	Logs: gateway.LogFacts{
		Bodies:        []gateway.Body{gateway.BodyJSON},
		SeverityFixed: true,
	},
}

// spanRules: what routes a request in Tyk is the API definition. The key's hash, tags, organisation and the
// original path have no name in any convention and stay.
var spanRules = []gateway.Rule{
	{
		From: "tyk.api.id", To: []string{attrs.GatewayRouteID},
		Signals: gateway.OnSpans, Dash: true, Source: srcAPI,
	},
	{
		From: "tyk.api.name", To: []string{attrs.GatewayRouteName},
		Signals: gateway.OnSpans, Dash: true, Source: srcAPI,
	},
	// The listen path, a prefix, as nginx' locations are. It is all the route there is, and gives the span a
	// name of low cardinality.
	{
		From: "tyk.api.path", To: []string{attrs.HTTPRoute},
		Signals: gateway.OnSpans, Yield: true, Dash: true, Source: srcResource,
	},
	{
		From: "tyk.api.version", To: []string{"tyk.api.version"},
		Op: gateway.OpMap, Signals: gateway.OnSpans, Dash: true,
		Values: map[string]string{"non versioned": ""}, Source: srcResource,
	},
	{
		From: "tyk.api.apikey.alias", Op: gateway.OpDropAbsent,
		Signals: gateway.OnSpans, Dash: true, Source: srcAPI,
	},
	{
		From: "tyk.api.oauthid", Op: gateway.OpDropAbsent,
		Signals: gateway.OnSpans, Dash: true, Source: srcAPI,
	},
}
