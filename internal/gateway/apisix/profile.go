// Package apisix holds the facts about Apache APISIX: how its telemetry is recognized and what its own keys
// mean. Data only; the engine is in the package above.
package apisix

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Where the facts below are from.
const (
	srcPlugin  = "APISIX 3.18.0, apisix/plugins/opentelemetry.lua"
	srcLogUtil = "APISIX 3.18.0, apisix/utils/log-util.lua"
	srcOld     = "APISIX before 3.7, apisix/plugins/opentelemetry.lua"
)

// Profile is APISIX 3. Since 3.16 a span carries the old and the current HTTP names together; the official
// migrations let the current ones win. Span names, `<METHOD> <route pattern>`, are the convention's, so none
// is replaced.
var Profile = gateway.Profile{
	ID:       "apisix",
	Title:    "Apache APISIX",
	Versions: "3.0 to 3.18.0, from sources only",
	Detect: []gateway.Evidence{
		{In: gateway.InAttributes, Key: "apisix.route_id", Source: srcPlugin},
		// The name of the Lua library, which APISIX gives its tracer; there is no version. Core spans of a
		// traced request have nothing but this.
		{In: gateway.InScope, Equal: "opentelemetry-lua", Source: srcPlugin},
		{In: gateway.InAttributes, Key: "apisix_latency", Source: srcLogUtil},
	},
	Attributes: append(spanRules, logRules...),
	Resource: []gateway.Rule{
		{From: "hostname", To: []string{"host.name"}, Source: srcPlugin},
	},
	Logs: gateway.LogFacts{
		Bodies:  []gateway.Body{gateway.BodyJSON},
		Flatten: true,
	},
}

// spanRules: apisix.service_id and the operator's additional attributes (bare variable and header names) have
// no name in any convention and stay.
var spanRules = []gateway.Rule{
	{
		From: "apisix.route_id", To: []string{attrs.GatewayRouteID},
		Signals: gateway.OnSpans, Dash: true, Source: srcPlugin,
	},
	{
		From: "apisix.route_name", To: []string{attrs.GatewayRouteName},
		Signals: gateway.OnSpans, Dash: true, Source: srcPlugin,
	},
	{
		From: "apisix.service_name", To: []string{attrs.GatewayUpstreamServiceName},
		Signals: gateway.OnSpans, Dash: true, Source: srcPlugin,
	},
	{
		From: "apisix.response_source", To: []string{attrs.GatewayResponseSource},
		Signals: gateway.OnSpans, Dash: true, Source: srcPlugin,
	},
	// A missing header is sent as an empty text.
	{
		From: "http.user_agent", To: []string{attrs.UserAgentOriginal},
		Signals: gateway.OnSpans, Dash: true, Source: srcPlugin,
	},
	{
		From: "route", To: []string{attrs.GatewayRouteName},
		Signals: gateway.OnSpans, Dash: true, Source: srcOld,
	},
	{
		From: "service", To: []string{attrs.GatewayUpstreamServiceName},
		Signals: gateway.OnSpans, Dash: true, Source: srcOld,
	},
}
