// Package e2e tests the built binary from outside: real gateways send to it, real backends take what it exports, and every
// recorded payload goes in over the network. README.md says what is real and what is replayed.
//
// The tests have the build tag e2e and need the binary that make build leaves in _build; GATEHOUSE_BINARY names another.
// Programs around it come from tests/testbed.
package e2e
