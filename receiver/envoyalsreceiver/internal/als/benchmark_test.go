package als

import (
	"testing"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/proto"
)

// BenchmarkDecode is what a recorded message of 22 entries costs: decoded by this package (records), with the engine
// behind it (conventions), and, for comparison, decoded into the generated types alone, from which records would have
// to be made yet (generated).
func BenchmarkDecode(b *testing.B) {
	message := messages(b, "kgateway/2.4.2-default-als.jsonl")[0]
	b.Run("records", func(b *testing.B) { benchmark(b, message, func(plog.Logs) {}) })
	e := engine(b)
	b.Run("conventions", func(b *testing.B) { benchmark(b, message, func(ld plog.Logs) { e.Logs(ld) }) })
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			var m accesslogv3.StreamAccessLogsMessage
			require.NoError(b, proto.Unmarshal(message, &m))
			n += len(m.GetHttpLogs().GetLogEntry())
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/entry")
	})
}

func benchmark(b *testing.B, message []byte, then func(plog.Logs)) {
	b.Helper()
	b.ReportAllocs()
	d := NewDecoder(everything)
	n := 0
	for b.Loop() {
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		id, _ := Identifier(message)
		d.Resource(id, rl.Resource().Attributes())
		c := Open(message)
		records := rl.ScopeLogs().AppendEmpty().LogRecords()
		d.Records(&c, 1000, observed, records)
		n += records.Len()
		then(ld)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/entry")
}
