//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package konglogreceiver receives what Kong's log plugins send (http-log, tcp-log, udp-log, loggly) and makes log
// records of it in the semantic conventions.
//
// The data path: http.go, tcp.go or udp.go take a message off the network; decode.go makes records of it, with the
// reader of Kong's serializer in internal/logline and the engine and facts of internal/gateway; deliver.go hands them
// on. What a field is called is decided in internal/gateway/kong, not here.
package konglogreceiver
