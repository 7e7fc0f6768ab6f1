// Package e2e tests the built binary from outside: every recorded payload goes in over the network, what comes out is
// compared with the processor run in process.
//
// The tests have the build tag e2e and need the binary that make build leaves in _build; GATEHOUSE_BINARY names another.
package e2e
