package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// MCP are names of the drafts of the MCP conventions.
var MCP = []gateway.Rule{
	{From: "mcp.tool.name", To: []string{attrs.GenAIToolName}, Source: srcMCPDraft},
	{From: "mcp.request.id", To: []string{jsonrpcRequestID}, Op: gateway.OpString, Source: srcMCPDraft},
}
