//go:build unix

package konglogreceiver

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/gatehouse-otel/gatehouse/internal/logline"
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
	run := func(name string, work func(i int)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			before := cpuTime()
			for i := 0; b.Loop(); i++ {
				work(i % len(messages))
			}
			records := float64(b.N * size)
			b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/records, "cpu-ns/record")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/records, "ns/record")
		})
	}
	run("read", func(i int) {
		d.message(d.newBatch(len(messages[i])), messages[i], logline.KongMark{}, 1)
	})
	run("read+engine", func(i int) {
		made := d.newBatch(len(messages[i]))
		d.message(made, messages[i], logline.KongMark{}, 1)
		d.finish(made)
	})
	run("otlp", func(i int) {
		if _, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(payloads[i]); err != nil {
			b.Fatal(err)
		}
	})
}

// cpuTime is the processor time of this process so far: on a busy machine the figure to look at.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
