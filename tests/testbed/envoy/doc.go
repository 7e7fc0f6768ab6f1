// Package envoy configures and runs a real Envoy proxy the way control planes configure theirs. A Config describes the
// listeners; JSON writes the bootstrap.
package envoy
