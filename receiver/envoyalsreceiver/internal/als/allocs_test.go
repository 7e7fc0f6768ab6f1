//go:build !race

// The race detector allocates by itself: allocations are only counted without it.

package als

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestAllocations asserts what decoding an entry allocates: the record and its list of attributes, one string that all
// others are parts of, pdata's box around every value, and the array of every header. Nothing is there for the entry's
// own messages.
func TestAllocations(t *testing.T) {
	message := messages(t, "kgateway/2.4.2-default-als.jsonl")[0]
	d := NewDecoder(everything)
	records := plog.NewLogRecordSlice()
	records.EnsureCapacity(1 << 10)
	c := Open(message)
	d.Records(&c, 1, observed, records) // learns the header names and the size of an entry
	attributes, headers := 0, 0
	for key := range records.At(0).Attributes().All() {
		attributes++
		if strings.Contains(key, ".header.") {
			headers++
		}
	}
	const (
		perRecord = 3 // the record, its attributes, the entry's string
		perHeader = 3 // the array, its elements, the element's box beside the array's own
	)
	got := testing.AllocsPerRun(100, func() {
		c := Open(message)
		d.Records(&c, 1, observed, records)
	})
	assert.InDelta(t, float64(attributes+perHeader*headers+perRecord), got, 0.5, "%d attributes, %d headers", attributes, headers)
}
