package als

import (
	"testing"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/proto"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// TestSecondPass checks that gateway_semconv, behind the receiver, finds everything done.
func TestSecondPass(t *testing.T) {
	t.Parallel()
	e := engine(t)
	for _, name := range recordings {
		batches, counts := decodeAll(t, everything, messages(t, name)...)
		unchanged := 0
		for _, ld := range batches {
			e.Logs(ld)
			unchanged += secondPass(t, e, ld)
		}
		assert.Equal(t, counts.Records[HTTP]+counts.Records[TCP], unchanged, name)
	}
}

// secondPass runs records that are done through the engine again and returns how many it found unchanged.
func secondPass(t *testing.T, e *gateway.Engine, ld plog.Logs) (unchanged int) {
	t.Helper()
	before, err := gatewaytest.Batch{IsLogs: true, Logs: ld}.Bytes()
	require.NoError(t, err)
	for _, s := range e.Logs(ld) {
		assert.Zero(t, s.Rewritten)
		unchanged += s.Unchanged
	}
	after, err := gatewaytest.Batch{IsLogs: true, Logs: ld}.Bytes()
	require.NoError(t, err)
	require.Equal(t, before, after)
	return unchanged
}

// FuzzMessage decodes arbitrary bytes as a message of a stream. Whatever they are, every entry is a record or skipped,
// decoding again from the same place gives the same, no valid message has more entries than are found, and what the
// engine made of it has a name and stays as it is.
func FuzzMessage(f *testing.F) {
	for _, name := range recordings {
		for _, m := range messages(f, name) {
			f.Add(m)
			var all accesslogv3.StreamAccessLogsMessage
			require.NoError(f, proto.Unmarshal(m, &all))
			for _, e := range all.GetHttpLogs().GetLogEntry() {
				one := &accesslogv3.StreamAccessLogsMessage{LogEntries: &accesslogv3.StreamAccessLogsMessage_HttpLogs{
					HttpLogs: &accesslogv3.StreamAccessLogsMessage_HTTPAccessLogEntries{},
				}}
				one.GetHttpLogs().LogEntry = append(one.GetHttpLogs().LogEntry, e)
				b, err := proto.Marshal(one)
				require.NoError(f, err)
				f.Add(b)
			}
		}
	}
	for _, b := range seeds(f) {
		f.Add(b)
	}
	e := engine(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		entries := Count(b)
		var generated accesslogv3.StreamAccessLogsMessage
		if proto.Unmarshal(b, &generated) == nil {
			require.LessOrEqual(t, len(generated.GetHttpLogs().GetLogEntry())+len(generated.GetTcpLogs().GetLogEntry()), entries)
		}
		for _, opts := range []Options{everything, {}} {
			batches, counts := decodeAll(t, opts, b)
			ld := batches[0]
			records := counts.Records[HTTP] + counts.Records[TCP]
			require.Equal(t, entries, records+counts.Skipped[HTTP]+counts.Skipped[TCP])
			require.Equal(t, records, ld.LogRecordCount())
			again, _ := decodeAll(t, opts, b)
			require.Equal(t, gatewaytest.Logs(ld), gatewaytest.Logs(again[0]))

			stats := e.Logs(ld)
			n := 0
			for _, s := range stats {
				n += s.Rewritten + s.Unchanged
			}
			require.Equal(t, records, n)
			e.RedactLogs(ld)
			for _, rec := range gatewaytest.Records(ld) {
				_, unnamed := rec.Attributes().Get("")
				require.False(t, unnamed, "attributes have names")
			}
			secondPass(t, e, ld)
		}
	})
}
