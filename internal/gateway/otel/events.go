package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Events are attributes of span events.
var Events = []gateway.Rule{
	{From: "error.kind", To: []string{"exception.type"}, Source: srcOpenTracing},
	{From: "error.object", To: []string{attrs.ExceptionMessage}, Yield: true, Source: srcOpenTracing},

	{From: "message.type", Op: gateway.OpKeep, Official: true, Since: "1.39.0"},
	{From: "rpc.message.type", Op: gateway.OpKeep, Official: true, Since: "1.39.0"},
	{From: "message.id", Op: gateway.OpKeep, Official: true, Since: "1.39.0"},
	{From: "rpc.message.id", Op: gateway.OpKeep, Official: true, Since: "1.39.0"},
	{From: "message.compressed_size", Op: gateway.OpKeep, Official: true, Since: "1.39.0"},
	{From: "rpc.message.compressed_size", Op: gateway.OpKeep, Official: true, Since: "1.39.0"},
	{From: "message.uncompressed_size", Op: gateway.OpKeep, Official: true, Since: "1.39.0"},
	{From: "rpc.message.uncompressed_size", Op: gateway.OpKeep, Official: true, Since: "1.39.0"},
}

// eventOrLog returns the rules for attributes that mean the same on a span event and on a log record: events became
// log records, their attributes kept their names.
func eventOrLog(on gateway.Signal) []gateway.Rule {
	return []gateway.Rule{
		{From: "exception.escaped", Op: gateway.OpDrop, Signals: on, Official: true, Source: srcExceptions},
		{From: "error.stack", To: []string{exceptionStacktrace}, Signals: on, Source: srcDatadog},
		{From: "feature_flag.provider_name", To: []string{"feature_flag.provider.name"}, Signals: on, Official: true, Since: "1.33.0"},
		{
			From: "feature_flag.evaluation.reason", To: []string{"feature_flag.result.reason"}, Signals: on, Official: true,
			Since: "1.32.0",
		},
		{From: "feature_flag.variant", To: []string{"feature_flag.result.variant"}, Signals: on, Official: true, Since: "1.32.0"},
		// The schema file passes through error.message, which is wrong and itself deprecated.
		{
			From: "feature_flag.evaluation.error.message", To: []string{"feature_flag.error.message"}, Signals: on, Official: true,
			Since: "1.40.0",
		},
	}
}
