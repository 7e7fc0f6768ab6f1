package konglogreceiver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// bodies returns http-log bodies of size records each, from Kong 3.9.3's recording.
func bodies(tb testing.TB, size, count int) []string {
	tb.Helper()
	records := recordings(tb)["kong/3.9.3-http-log.jsonl"]
	out := make([]string, count)
	at := 0
	for i := range out {
		part := make([]string, size)
		for j := range part {
			part[j] = records[at%len(records)]
			at++
		}
		if out[i] = part[0]; size > 1 {
			out[i] = "[" + strings.Join(part, ",") + "]"
		}
	}
	return out
}

// BenchmarkDecode is what a record costs from the body to the conventions, network apart, beside what the OTLP receiver
// does with the same records: decoding protobuf.
func BenchmarkDecode(b *testing.B) {
	d := testReceiver(b, nil).decoder
	const size = 200
	messages := bodies(b, size, 4)
	payloads := make([][]byte, len(messages))
	for i, m := range messages {
		made := decode(b, d, m)
		require.Equal(b, size, made.records.Len())
		var err error
		payloads[i], err = (&plog.ProtoMarshaler{}).MarshalLogs(made.logs)
		require.NoError(b, err)
	}
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			made := d.newBatch(len(messages[0]))
			d.message(made, messages[i%len(messages)], 1)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/record")
	})
	b.Run("read+engine", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			made := d.newBatch(len(messages[0]))
			d.message(made, messages[i%len(messages)], 1)
			d.finish(made)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/record")
	})
	b.Run("otlp", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(payloads[i%len(payloads)]); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/record")
	})
}
