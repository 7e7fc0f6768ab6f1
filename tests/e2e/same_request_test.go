//go:build e2e

package e2e

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// finer are attributes whose value is exact in one kind of telemetry and cut in the other, or ordered otherwise.
var finer = map[string]func(here, there any) bool{
	// %DURATION% is in whole milliseconds, rounded down (Envoy 1.40.0, source/common/formatter/stream_info_formatter.cc).
	"gateway.request.duration":    sameMillisecond,
	"gateway.connection.duration": sameMillisecond,
	// The access log service has a field for each flag: the order in which a TCP proxy sets them is not there.
	"response_flags": func(here, there any) bool {
		h, _ := here.(string)
		t, _ := there.(string)
		return slices.Equal(slices.Sorted(strings.SplitSeq(h, ",")), slices.Sorted(strings.SplitSeq(t, ",")))
	},
}

func sameMillisecond(here, there any) bool {
	h, ok := here.(float64)
	t, also := there.(float64)
	return ok && also && math.Floor(h*1e3) == math.Round(t*1e3)
}

// sameAttributes checks that whatever is there is here too, under the same name with the same value; except names the reason
// for each attribute that here cannot have. What both have has to be equal even then. It returns how many both had.
func sameAttributes(t *testing.T, what string, here, there pcommon.Map, except map[string]string) (both int) {
	t.Helper()
	values := here.AsRaw()
	for key, want := range there.AsRaw() {
		got, ok := values[key]
		switch compare := finer[key]; {
		case !ok:
			assert.NotEmpty(t, except[key], "%s: %s is missing: %v", what, key, want)
			continue
		case compare != nil:
			assert.True(t, compare(got, want), "%s: %s: %v and %v", what, key, got, want)
		default:
			assert.True(t, reflect.DeepEqual(want, got), "%s: %s: want %T %v, have %T %v", what, key, want, want, got, got)
		}
		both++
	}
	return both
}

// checkFinished checks that a receiver's records are finished: the processor behind it finds nothing to do.
func checkFinished(t *testing.T, x testbed.Exchange, ours func(*testbed.RecordItem) bool) {
	t.Helper()
	seen := 0
	for _, p := range x.Records {
		if p.Before == nil || p.After == nil || !ours(p.Before) {
			continue
		}
		seen++
		assert.True(t, p.Before.Equal(p.After), "the processor changed a finished record:\n%s", testbed.SideBySide(p))
	}
	assert.Positive(t, seen, "records of the receiver")
}
