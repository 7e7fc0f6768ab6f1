// Package testbed runs real gateways, backends and a Kubernetes API around the built Collector, all on loopback addresses
// of this machine, and judges what comes out.
//
//   - programs.go pins every program; install*.go get them (make e2e-tools), once, into _build/testbed.
//   - process.go starts and stops a program for one test, ports.go finds addresses for it.
//   - collector.go starts the Collector under test with two outputs for the same input: what the gateway sent, and what
//     the processor made of it.
//   - The rest compares the two (check*.go) and keeps the table that ends a run (report.go).
//
// Nothing here is part of the distribution.
package testbed
