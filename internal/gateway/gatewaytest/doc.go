// Package gatewaytest holds what tests of the core share: a readable text form of telemetry for golden files
// (text.go), the recorded payloads (captures.go), and short ways to build and to look at items (build.go).
package gatewaytest
