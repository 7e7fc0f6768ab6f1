//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package gatewaysemconvprocessor brings spans and access logs of API gateways to the current OpenTelemetry
// semantic conventions. It is a thin adapter: configuration in, own metrics out. What is done to an item is
// in internal/gateway, what each gateway sends in the folders below it.
package gatewaysemconvprocessor
