//go:build e2e

package e2e

// pipelineProcessors are the processors between the receivers and the exporter of the tested binary.
var pipelineProcessors = []string{"gateway_semconv"}
