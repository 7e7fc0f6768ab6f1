package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// RPC are the RPC attributes of before 1.45.0, the first stable RPC conventions, and those of the gRPC project.
var RPC = []gateway.Rule{
	{
		From: "rpc.system", To: []string{attrs.RPCSystemName}, Op: gateway.OpMap, Values: rpcSystems, Official: true,
		Since: "1.39.0",
	},
	// rpc.method kept its name and changed its meaning: package.Service/Method.
	{From: "rpc.service", To: []string{attrs.RPCMethod}, Op: gateway.OpRPCService, Official: true, Since: "1.39.0"},
	{From: attrs.RPCMethod, To: []string{attrs.RPCMethod}, Op: gateway.OpRPCMethod, Official: true, Since: "1.39.0"},
	// A number became a name. 1.39.0 to 1.44.0 called it rpc.response.status_code.
	{From: "rpc.grpc.status_code", To: []string{attrs.RPCStatusCode}, Op: gateway.OpGRPCCode, Official: true, Since: "1.45.0"},
	{From: "rpc.response.status_code", To: []string{attrs.RPCStatusCode}, Official: true, Since: "1.45.0"},
	{From: "rpc.connect_rpc.error_code", To: []string{attrs.RPCStatusCode}, Official: true, Since: "1.45.0"},
	{From: "rpc.jsonrpc.error_code", To: []string{attrs.RPCStatusCode}, Op: gateway.OpString, Official: true, Since: "1.45.0"},
	{From: "rpc.jsonrpc.error_message", Op: gateway.OpStatusMessage, Signals: gateway.OnSpans, Official: true, Since: "1.39.0"},
	{From: "rpc.jsonrpc.request_id", To: []string{jsonrpcRequestID}, Official: true, Since: "1.39.0"},
	{From: "rpc.jsonrpc.version", To: []string{"jsonrpc.protocol.version"}, Official: true, Since: "1.39.0"},

	// rpc.request.metadata.<key> in 1.39.0 to 1.44.0.
	{
		From: "rpc.grpc.request.metadata.<key>", To: []string{attrs.RPCRequestHeader + rest}, Op: gateway.OpTemplateStrings,
		Official: true, Since: "1.45.0",
	},
	// Header or trailer is not told, but for the three keys of trailers.
	{
		From: grpcResponseMetadata + rest, To: []string{rpcResponseHeader + rest}, Op: gateway.OpTemplateStrings,
		Official: true, Since: "1.45.0",
	},
	{
		From: "rpc.connect_rpc.request.metadata.<key>", To: []string{attrs.RPCRequestHeader + rest},
		Op: gateway.OpTemplateStrings, Official: true, Since: "1.45.0",
	},
	{
		From: connectResponseMetadata + rest, To: []string{rpcResponseHeader + rest}, Op: gateway.OpTemplateStrings,
		Official: true, Since: "1.45.0",
	},
	{
		From: "rpc.request.metadata.<key>", To: []string{attrs.RPCRequestHeader + rest}, Op: gateway.OpTemplateStrings,
		Official: true, Since: "1.45.0",
	},
	{
		From: responseMetadata + rest, To: []string{rpcResponseHeader + rest}, Op: gateway.OpTemplateStrings, Official: true,
		Since: "1.45.0",
	},

	// A name in gRPC's own convention, a number from agentgateway.
	{From: "grpc.status", To: []string{attrs.RPCStatusCode}, Op: gateway.OpGRPCCode, Source: srcGRPC},
	{From: "grpc.method", To: []string{attrs.RPCMethod}, Op: gateway.OpGRPCOther, Source: srcGRPC},
	{From: "grpc.target", To: []string{attrs.ServerAddress, attrs.ServerPort}, Op: gateway.OpGRPCTarget, Source: srcGRPC},
}

// The response metadata of three generations, before headers and trailers were told apart.
const (
	grpcResponseMetadata    = "rpc.grpc.response.metadata."
	connectResponseMetadata = "rpc.connect_rpc.response.metadata."
	responseMetadata        = "rpc.response.metadata."
)

// trailers returns the rules for the keys below prefix that gRPC sends as trailers only (gRPC over HTTP/2,
// responses): they are the exception to the template that reads the others as headers.
func trailers(prefix string) []gateway.Rule {
	return []gateway.Rule{
		trailer(prefix, "grpc-status"),
		trailer(prefix, "grpc-message"),
		trailer(prefix, "grpc-status-details-bin"),
	}
}

func trailer(prefix, name string) gateway.Rule {
	return gateway.Rule{
		From: prefix + name, To: []string{attrs.RPCResponseTrailer + name}, Op: gateway.OpStrings, Official: true, Since: "1.45.0",
	}
}
