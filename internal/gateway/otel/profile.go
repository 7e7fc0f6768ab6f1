// Package otel is the table of OpenTelemetry's own attribute migrations, and of the vocabularies that came before
// or beside it and belong to no single gateway: OpenTracing, Zipkin, gRPC, Datadog, OpenInference, OpenLLMetry and
// Langfuse. It applies to every emitter, after the rules of the gateway that was recognized.
//
// It holds data only; what the operations do is in the gateway package. Keys that one gateway made up are in that
// gateway's folder (see [InGateways]); what is left out, and why, is in [Omitted] and [Partial].
//
// The target is semantic conventions 1.45.0. Official mappings (Rule.Official) are from the schema file of 1.44.0,
// the deprecation notes in model/**/deprecated of v1.44.0, the migration guides of that version, and the names of
// the JavaScript package 1.45.0; Since is the version that introduced the target, or the first hop of a chain that
// ends there. Where the schema file's chains end wrong, the table goes to the real end: see the tests.
//
// Operations are often narrower than a rename: where the target has a type or a form, the value is brought to it,
// so that a second pass finds nothing left to do.
package otel

import (
	"slices"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Profile is what any emitter of earlier conventions sends. It has no evidence to be detected by: it is the base
// of everything, and all there is for an unknown emitter.
var Profile = gateway.Profile{
	ID:       gateway.Official,
	Title:    "any OpenTelemetry emitter of earlier conventions",
	Versions: "semantic conventions 1.0.0 to 1.44.0",
	Attributes: slices.Concat(
		GenAINext, // before the plain rules: the first one for a key counts
		HTTP,
		Network,
		OpenTracing,
		RPC,
		trailers(grpcResponseMetadata),
		trailers(connectResponseMetadata),
		trailers(responseMetadata),
		DB,
		Messaging,
		Code,
		Errors,
		EndUser,
		FaaS,
		Clients,
		GenAI,
		OpenInference,
		Traceloop,
		Langfuse,
		MCP,
		Everywhere,
		eventOrLog(gateway.OnLogs),
	),
	Resource: slices.Concat(Resource, Everywhere),
	Events:   slices.Concat(Events, eventOrLog(gateway.OnSpans)),
}
