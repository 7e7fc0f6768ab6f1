//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package envoyalsreceiver receives access logs from Envoys that stream them to a gRPC access log service. It is a thin
// adapter: a server (server.go) whose streams (stream.go) hand their messages to internal/als, which makes log records
// of them, and to the engine in internal/gateway, which brings these to the semantic conventions as it does with the
// same access logs that come by OTLP or from a file.
package envoyalsreceiver
