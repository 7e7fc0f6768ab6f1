//go:build linux

package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/receiver/konglogreceiver"
)

// kongBatches are the records per body: http-log's default, and the batch that Kong 3.9.3 sent when it was told to make
// them of 200.
var kongBatches = []int{1, 200}

// BenchmarkKongLog is the processor time per access log record that the server's process takes, sockets and garbage
// included, for the 119 requests that a real Kong 3.9.3 logged:
//
//   - kong_log: bodies of its http-log plugin to this project's receiver, whose records are in the conventions;
//   - otlp: the otlp receiver over gRPC, with the very records that kong_log makes of these bodies, so that all of
//     the work of naming is done already;
//   - otlp+semconv: and gateway_semconv behind it, which finds that nothing is left to do.
//
// They take turns, so that whatever else the machine does meets all of them alike. of-X is the records per second of
// processor time of kong_log, as a part of those of X.
func BenchmarkKongLog(b *testing.B) {
	for _, size := range kongBatches {
		b.Run(fmt.Sprintf("records=%d", size), func(b *testing.B) {
			ways := kongWays(b, size)
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
			ours := perRecord(b, runs[0])
			for _, r := range runs {
				p := perRecord(b, r)
				b.ReportMetric(p.cpu, "cpu-ns/record:"+r.name)
				b.ReportMetric(p.allocs, "allocs/record:"+r.name)
				b.ReportMetric(p.bytes, "B/record:"+r.name)
				if r.name != "kong_log" {
					b.ReportMetric(p.cpu/ours.cpu, "of-"+r.name)
				}
			}
		})
	}
}

func kongWays(b *testing.B, size int) []way {
	b.Helper()
	otlp := func(address string) map[string]any {
		return map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": address}}}
	}
	bodies := kongBodies(b, size)
	same := kongAsOTLP(b, bodies)
	return []way{
		{name: "kong_log", factory: konglogreceiver.NewFactory(), section: kongSection, method: postBody, messages: bodies, records: total(size)},
		{name: "otlp", factory: otlpreceiver.NewFactory(), section: otlp, method: exportLogs, messages: same, records: total(size)},
		{name: "otlp+semconv", factory: otlpreceiver.NewFactory(), section: otlp, method: exportLogs, messages: same, records: total(size)},
	}
}

func kongSection(address string) map[string]any {
	return map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": address}}}
}

// kongBodies are http-log bodies of size records each: an object, or an array of several.
func kongBodies(b *testing.B, size int) [][]byte {
	b.Helper()
	c := replay.Capture{Signal: replay.SignalLogs, Format: replay.FormatKongLog, Path: "../captures/kong/3.9.3-http-log.jsonl"}
	records, err := c.Payloads()
	require.NoError(b, err)
	require.Len(b, records, 119)
	return cut(size, func(at []int) []byte {
		if size == 1 {
			return records[at[0]%len(records)]
		}
		part := make([]string, len(at))
		for i := range at {
			part[i] = string(records[at[i]%len(records)])
		}
		return []byte("[" + strings.Join(part, ",") + "]")
	})
}

// kongAsOTLP are the export requests of what kong_log makes of the bodies, one for one.
func kongAsOTLP(b *testing.B, bodies [][]byte) [][]byte {
	b.Helper()
	var made []plog.Logs
	next, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error {
		made = append(made, ld)
		return nil
	})
	require.NoError(b, err)
	address := freeAddress(b)
	startReceiver(b, konglogreceiver.NewFactory(), kongSection(address), next)
	jobs := make(chan []byte, len(bodies))
	for _, body := range bodies {
		jobs <- body
	}
	close(jobs)
	require.NoError(b, postAll(b.Context(), address, jobs))
	require.Len(b, made, len(bodies))
	out := make([][]byte, len(made))
	for i, ld := range made {
		out[i], err = (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		require.NoError(b, err)
	}
	return out
}

// postBody is the method of clients that send HTTP.
const postBody = "POST"

// postAll sends by one connection, as Kong does.
func postAll(ctx context.Context, address string, jobs <-chan []byte) error {
	transport := &http.Transport{MaxConnsPerHost: 1, DisableCompression: true}
	defer transport.CloseIdleConnections()
	for body := range jobs {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		switch {
		case err != nil:
			return err
		case resp.StatusCode != http.StatusOK:
			return fmt.Errorf("answered %s", resp.Status)
		}
	}
	return nil
}
