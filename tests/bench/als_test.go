//go:build linux

package bench

import (
	"fmt"
	"net"
	"strconv"
	"testing"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	accesslogdata "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	accesslog "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/processor/gatewaysemconvprocessor"
	"github.com/gatehouse-otel/gatehouse/receiver/envoyalsreceiver"
)

// alsBatches are the entries per message. Envoy sends when 16 KiB are together, which is about 20 entries, and every
// second.
var alsBatches = []int{1, 20, 100}

// BenchmarkALS is the processor time per access log record that the server's process takes, sockets and garbage
// included, for the 21 requests that a real Envoy Gateway 1.9.1 logged in both ways:
//
//   - otlp-default: the otlp receiver, records with the 26 attributes of Envoy Gateway's default, as recorded;
//   - otlp-fields: the same with an attribute for every field that the access log service sends;
//   - otlp-default+semconv, otlp-fields+semconv: and gateway_semconv behind it, which is what the others yet lack;
//   - envoy_als: this project's receiver, whose records are in the conventions.
//
// They take turns, so that whatever else the machine does meets all of them alike. of-X is the records per second of
// processor time of envoy_als, as a part of those of X.
func BenchmarkALS(b *testing.B) {
	for _, size := range alsBatches {
		b.Run(fmt.Sprintf("entries=%d", size), func(b *testing.B) {
			ways := alsWays(b, size)
			runs := make([]*running, len(ways))
			for i := range ways {
				runs[i] = ways[i].open(b, freeAddress(b), ways[i].behind(b))
			}
			for b.Loop() {
				for _, r := range runs {
					r.turn(b, turnTimes)
				}
			}
			b.ReportMetric(0, "ns/op") // an operation is a turn of each
			ours := perRecord(b, runs[len(runs)-1])
			for _, r := range runs {
				p := perRecord(b, r)
				b.ReportMetric(p.cpu, "cpu-ns/record:"+r.name)
				b.ReportMetric(p.allocs, "allocs/record:"+r.name)
				b.ReportMetric(p.bytes, "B/record:"+r.name)
				if r.name != "envoy_als" {
					b.ReportMetric(p.cpu/ours.cpu, "of-"+r.name)
				}
			}
		})
	}
}

func perRecord(b *testing.B, r *running) price {
	b.Helper()
	records := float64(b.N * turnTimes * r.records)
	return price{
		cpu: float64(r.used.cpu.Nanoseconds()) / records, allocs: float64(r.used.mallocs) / records, bytes: float64(r.used.bytes) / records,
	}
}

// behind returns what stands behind the receiver, for the ways that have gateway_semconv there.
func (w *way) behind(b *testing.B) func(consumer.Logs) consumer.Logs {
	b.Helper()
	const suffix = "+semconv"
	if n := len(w.name) - len(suffix); n < 0 || w.name[n:] != suffix {
		return nil
	}
	return func(next consumer.Logs) consumer.Logs {
		f := gatewaysemconvprocessor.NewFactory()
		p, err := f.CreateLogs(b.Context(), processortest.NewNopSettings(f.Type()), f.CreateDefaultConfig(), next)
		require.NoError(b, err)
		return p
	}
}

func alsWays(tb testing.TB, size int) []way {
	tb.Helper()
	otlp := func(address string) map[string]any {
		return map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": address}}}
	}
	als := func(address string) map[string]any { return map[string]any{"endpoint": address} }
	recorded, fields := defaultRecords(tb), fieldRecords(tb)
	return []way{
		{name: "otlp-default", factory: otlpreceiver.NewFactory(), section: otlp, method: exportLogs, messages: exports(tb, recorded, size), records: total(size)},
		{name: "otlp-fields", factory: otlpreceiver.NewFactory(), section: otlp, method: exportLogs, messages: exports(tb, fields, size), records: total(size)},
		{name: "otlp-default+semconv", factory: otlpreceiver.NewFactory(), section: otlp, method: exportLogs, messages: exports(tb, recorded, size), records: total(size)},
		{name: "otlp-fields+semconv", factory: otlpreceiver.NewFactory(), section: otlp, method: exportLogs, messages: exports(tb, fields, size), records: total(size)},
		{name: "envoy_als", factory: envoyalsreceiver.NewFactory(), section: als, method: streamALS, messages: streamed(tb, size), records: total(size)},
	}
}

// A turn is turnTimes times about turnRecords records.
const (
	turnTimes   = 2
	turnRecords = 2100
)

func total(size int) int { return (turnRecords + size - 1) / size * size }

// alsMessages are the recorded messages, and alsEntries the entries in them.
func alsMessages(tb testing.TB) []*accesslog.StreamAccessLogsMessage {
	tb.Helper()
	c := replay.Capture{Signal: replay.SignalLogs, Format: replay.FormatALS, Path: "../captures/envoy-gateway/1.9.1-als.jsonl"}
	lines, err := c.Payloads()
	require.NoError(tb, err)
	var out []*accesslog.StreamAccessLogsMessage
	for _, line := range lines {
		m := &accesslog.StreamAccessLogsMessage{}
		require.NoError(tb, protojson.Unmarshal(line, m))
		out = append(out, m)
	}
	return out
}

func alsEntries(tb testing.TB) (entries []*accesslogdata.HTTPAccessLogEntry) {
	tb.Helper()
	for _, m := range alsMessages(tb) {
		entries = append(entries, m.GetHttpLogs().GetLogEntry()...)
	}
	require.Len(tb, entries, 21)
	return entries
}

// streamed are the messages of size entries each. The first message of each stream has the identifier, and which one
// that is is not known here, so they are sent without: that costs nobody anything.
func streamed(tb testing.TB, size int) [][]byte {
	tb.Helper()
	entries := alsEntries(tb)
	return cut(size, func(at []int) []byte {
		list := &accesslog.StreamAccessLogsMessage_HTTPAccessLogEntries{}
		for _, i := range at {
			list.LogEntry = append(list.LogEntry, entries[i%len(entries)])
		}
		b, err := proto.Marshal(&accesslog.StreamAccessLogsMessage{LogEntries: &accesslog.StreamAccessLogsMessage_HttpLogs{HttpLogs: list}})
		require.NoError(tb, err)
		return b
	})
}

// cut deals the records out to messages.
func cut(size int, message func(at []int) []byte) [][]byte {
	var out [][]byte
	for begin := 0; begin < total(size); begin += size {
		at := make([]int, size)
		for i := range at {
			at[i] = begin + i
		}
		out = append(out, message(at))
	}
	return out
}

// defaultRecords are the OTLP access log of the same requests, as recorded.
func defaultRecords(tb testing.TB) plog.ResourceLogs {
	tb.Helper()
	c := replay.Capture{Signal: replay.SignalLogs, Format: replay.FormatOTLPJSON, Path: "../captures/envoy-gateway/1.9.1-logs.jsonl"}
	batches, err := c.Logs()
	require.NoError(tb, err)
	all := plog.NewResourceLogs()
	batches[0].ResourceLogs().At(0).Resource().CopyTo(all.Resource())
	to := all.ScopeLogs().AppendEmpty().LogRecords()
	for _, ld := range batches {
		ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().MoveAndAppendTo(to)
	}
	require.Equal(tb, 21, to.Len())
	return all
}

// exports are OTLP requests of size records each.
func exports(tb testing.TB, all plog.ResourceLogs, size int) [][]byte {
	tb.Helper()
	records := all.ScopeLogs().At(0).LogRecords()
	return cut(size, func(at []int) []byte {
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		all.Resource().CopyTo(rl.Resource())
		to := rl.ScopeLogs().AppendEmpty().LogRecords()
		for _, i := range at {
			records.At(i % records.Len()).CopyTo(to.AppendEmpty())
		}
		b, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		require.NoError(tb, err)
		return b
	})
}

// fieldRecords are OTLP access logs with an attribute for every field that is set in the entries, text as Envoy's
// formatter writes it.
func fieldRecords(tb testing.TB) plog.ResourceLogs {
	tb.Helper()
	recorded := defaultRecords(tb)
	for i, e := range alsEntries(tb) {
		rec := recorded.ScopeLogs().At(0).LogRecords().At(i)
		rec.Attributes().Clear()
		describe(e.ProtoReflect(), rec.Attributes())
	}
	return recorded
}

func describe(m protoreflect.Message, to pcommon.Map) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		key := string(f.Name())
		switch {
		case f.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				to.PutStr(k.String(), v.String())
				return true
			})
		case f.Message() != nil:
			switch of := v.Message().Interface().(type) {
			case *core.Address:
				s := of.GetSocketAddress()
				to.PutStr(key, net.JoinHostPort(s.GetAddress(), strconv.Itoa(int(s.GetPortValue()))))
			case *durationpb.Duration:
				to.PutStr(key, strconv.FormatInt(of.AsDuration().Milliseconds(), 10))
			case *timestamppb.Timestamp:
				to.PutStr(key, of.AsTime().Format("2006-01-02T15:04:05.000Z"))
			case *wrapperspb.UInt32Value:
				to.PutStr(key, strconv.Itoa(int(of.GetValue())))
			default:
				describe(v.Message(), to)
			}
		case f.Enum() != nil:
			to.PutStr(key, string(f.Enum().Values().ByNumber(v.Enum()).Name()))
		default:
			to.PutStr(key, v.String())
		}
		return true
	})
}
