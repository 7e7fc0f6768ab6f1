//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package gatewaytailsamplingprocessor keeps or drops requests of API gateways as wholes: one decision for all spans
// and access log records of a trace, taken when the request is complete.
//
// # The path of one item
//
// ConsumeTraces and ConsumeLogs (ingest.go) send each item to the shard of its trace id. Under the shard's lock it
// follows a decision that is remembered (memory.go), or what rules will ask is read off it (facts.go, conditions.go),
// merged into the summary of its trace (summary.go), and the item goes into the shard's store (internal/tailstore).
// When the trace is due (shard.go) the first rule that matches its summary decides (decide.go, limiter.go). A dropped
// trace is forgotten; a kept one is read out of the store into a batch of many traces, gets its threshold
// (threshold.go), and leaves the store only when the next consumer has it or has refused it for good (output.go).
//
// Every item that was offered is one of kept, dropped, pending, refused or lost, at any instant (accounts.go).
package gatewaytailsamplingprocessor
