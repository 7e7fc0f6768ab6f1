package konglogreceiver

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
)

// dropUnnamed removes the attributes that fields and headers without a name have become, and returns how many they were:
// the key of an attribute must not be empty (OpenTelemetry specification, common concepts, Attribute), and
// "http.request.header." names nothing. Keys inside of a value may be.
func dropUnnamed(records plog.LogRecordSlice) (n int) {
	for _, rec := range records.All() {
		rec.Attributes().RemoveIf(func(key string, _ pcommon.Value) bool {
			unnamed := key == "" || key == attrs.HTTPRequestHeader || key == attrs.HTTPResponseHeader
			if unnamed {
				n++
			}
			return unnamed
		})
	}
	return n
}
