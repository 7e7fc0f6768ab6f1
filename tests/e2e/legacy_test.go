//go:build e2e

package e2e

import (
	"iter"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

func assertNoLegacyKeys(t *testing.T, items iter.Seq[pcommon.Map]) {
	t.Helper()
	left := map[string]int{}
	for attrs := range items {
		for _, key := range testbed.LegacyLeft(attrs) {
			left[key]++
		}
	}
	assert.Empty(t, left, "legacy keys and how many items still have them")
}

func tracesAttributes(batches []ptrace.Traces) iter.Seq[pcommon.Map] {
	return func(yield func(pcommon.Map) bool) {
		for _, td := range batches {
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					for _, span := range ss.Spans().All() {
						if !yield(span.Attributes()) {
							return
						}
					}
				}
			}
		}
	}
}

func logsAttributes(batches []plog.Logs) iter.Seq[pcommon.Map] {
	return func(yield func(pcommon.Map) bool) {
		for _, lr := range logRecords(batches) {
			if !yield(lr.Attributes()) {
				return
			}
		}
	}
}
