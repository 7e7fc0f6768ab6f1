// Package krakend holds the facts about KrakenD: how its telemetry is recognized and what its own keys mean.
// Data only; the engine is in the package above.
package krakend

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Where the facts below are from.
const (
	srcServer = "krakend-otel 27832c4e702b, http/server/traces.go"
	srcAttrs  = "krakend-otel 27832c4e702b, http/attributes.go"
	srcClient = "krakend-otel 27832c4e702b, http/client/transport_traces.go"
	srcStage  = "krakend-otel 27832c4e702b, lura/proxy_tracer.go"
	srcState  = "krakend-otel 27832c4e702b, state/state.go"
)

// Profile is KrakenD 2. Its spans use the names of conventions 1.21; the values that are wrong there (a port
// inside server.address and client.address, an empty http.route, a size of -1) the conventions mend for
// every gateway. It has no access log that a Collector could recognize.
var Profile = gateway.Profile{
	ID:       "krakend",
	Title:    "KrakenD",
	Versions: "krakend-otel 2026-07, from sources only",
	Detect: []gateway.Evidence{
		{In: gateway.InScope, Equal: "io.krakend.krakend-otel", Source: srcState},
		{In: gateway.InAttributes, Key: "krakend.stage", Source: srcStage},
	},
	Attributes: []gateway.Rule{
		// A server's url.full is what Go calls the request URL: path and query, without scheme and host.
		{
			From: attrs.URLFull, To: []string{attrs.URLPath, attrs.URLQuery},
			Op: gateway.OpTarget, Kinds: gateway.KindServer, Signals: gateway.OnSpans, Source: srcAttrs,
		},
		// The stages (internal spans) say what went wrong here and leave their status unset.
		{
			From: "error", To: []string{attrs.GatewayErrorMessage},
			Op: gateway.OpErrorText, Signals: gateway.OnSpans, Source: srcStage,
		},
		// Until the response's headers were there, in seconds.
		{
			From: "response-duration", To: []string{attrs.GatewayUpstreamDuration},
			Op: gateway.OpSeconds, Kinds: gateway.KindClient, Signals: gateway.OnSpans, Source: srcClient,
		},
	},
	Spans: gateway.SpanFacts{
		// The server span is named by the raw path; all others by an endpoint's or backend's pattern.
		RawPathNames: true,
		// Server and client spans are OK unless writing or the connection failed, 5xx included.
		OKIsDefault: true,
	},
}
