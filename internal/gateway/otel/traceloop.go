package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Traceloop are the attributes by which OpenLLMetry describes workflows.
var Traceloop = []gateway.Rule{
	// It stays: a task has no successor, and traceloop.entity.name is read by it.
	{
		From: "traceloop.span.kind", To: []string{attrs.GenAIOperationName}, Op: gateway.OpMap, Yield: true, Keep: true,
		Values: traceloopKinds, Source: srcOpenLLMetry,
	},
	{From: "traceloop.workflow.name", To: []string{"gen_ai.workflow.name"}, Source: srcOpenLLMetry},
	{
		From: "traceloop.entity.name", To: []string{attrs.GenAIAgentName, attrs.GenAIToolName}, Op: gateway.OpTraceloopEntity,
		Source: srcOpenLLMetry,
	},
	{
		From: "traceloop.association.properties.session_id", To: []string{genAIConversationID}, Option: OptionSession,
		Source: srcOpenLLMetry,
	},
	{From: "traceloop.entity.input", Op: gateway.OpContent, Source: srcOpenLLMetry},
	{From: "traceloop.entity.output", Op: gateway.OpContent, Source: srcOpenLLMetry},
	{From: "traceloop.prompt.key", To: []string{attrs.GenAIPromptName}, Source: srcOpenLLMetry},
}
