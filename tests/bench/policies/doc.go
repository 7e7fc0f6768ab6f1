// Package policies compares what gateway_tail_sampling makes of contrib's policies with what contrib's own tail_sampling
// makes of them. It is all tests; it stands in this module because contrib's processor is required here already.
package policies
