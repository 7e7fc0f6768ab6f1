package tailstore

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

const capturesDir = "../../tests/captures"

// kgatewayRequests returns what a real kgateway 2.4.2 sent: one request with an upstream span per trace, the other with
// custom attributes on top of that. 124 spans in 26 export requests.
func kgatewayRequests(tb testing.TB) []ptrace.Traces {
	tb.Helper()
	var all []ptrace.Traces
	for _, name := range []string{"2.4.2-spawn-traces.jsonl", "2.4.2-attributes-traces.jsonl"} {
		c := replay.Capture{
			Signal: replay.SignalTraces, Format: replay.FormatOTLPJSON, Path: capturesDir + "/kgateway/" + name,
		}
		batches, err := c.Traces()
		require.NoError(tb, err)
		all = append(all, batches...)
	}
	return all
}

// recordedTraces returns the requests of every capture of traces, recorded and constructed, by the capture's name.
func recordedTraces(tb testing.TB) map[string][]ptrace.Traces {
	tb.Helper()
	all := make(map[string][]ptrace.Traces)
	for _, c := range captures(tb) {
		if c.Signal == replay.SignalTraces {
			td, err := c.Traces()
			require.NoError(tb, err)
			all[c.String()] = td
		}
	}
	require.NotEmpty(tb, all)
	return all
}

// recordedLogs is recordedTraces for logs.
func recordedLogs(tb testing.TB) map[string][]plog.Logs {
	tb.Helper()
	all := make(map[string][]plog.Logs)
	for _, c := range captures(tb) {
		if c.Signal == replay.SignalLogs {
			ld, err := c.Logs()
			require.NoError(tb, err)
			all[c.String()] = ld
		}
	}
	require.NotEmpty(tb, all)
	return all
}

func captures(tb testing.TB) []replay.Capture {
	tb.Helper()
	_, err := os.Stat(capturesDir)
	require.NoError(tb, err)
	all, err := replay.All(capturesDir)
	require.NoError(tb, err)
	return all
}

// traffic makes endless kgateway spans of recorded ones: every trace gets ids, times, a request id, a path, sizes and
// client addresses of its own, as those are what a store cannot guess.
type traffic struct {
	rand  *rand.Rand
	spans []ptrace.Span // one by one: server span, client span of the same trace
	rs    ptrace.ResourceSpans
	at    int
	clock uint64
}

func newTraffic(tb testing.TB, perTrace int) *traffic {
	tb.Helper()
	all := kgatewayRequests(tb)
	f := &traffic{rand: rand.New(rand.NewPCG(1, 2)), rs: all[0].ResourceSpans().At(0), clock: 1795271996699560000}
	byTrace := make(map[pcommon.TraceID][]ptrace.Span)
	var order []pcommon.TraceID
	for _, td := range all {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					if _, ok := byTrace[s.TraceID()]; !ok {
						order = append(order, s.TraceID())
					}
					byTrace[s.TraceID()] = append(byTrace[s.TraceID()], s)
				}
			}
		}
	}
	for _, id := range order {
		if spans := byTrace[id]; len(spans) >= 2 {
			for i := range perTrace {
				f.spans = append(f.spans, spans[len(spans)-1-i%2])
			}
		}
	}
	require.NotEmpty(tb, f.spans)
	return f
}

// request returns the next export request, of n traces.
func (f *traffic) request(n, perTrace int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	f.rs.Resource().CopyTo(rs.Resource())
	ss := rs.ScopeSpans().AppendEmpty()
	f.rs.ScopeSpans().At(0).Scope().CopyTo(ss.Scope())
	for range n {
		f.trace(ss.Spans(), perTrace)
	}
	return td
}

func (f *traffic) trace(into ptrace.SpanSlice, perTrace int) {
	var id pcommon.TraceID
	var parent pcommon.SpanID
	binary.LittleEndian.PutUint64(id[:], f.rand.Uint64())
	binary.LittleEndian.PutUint64(id[8:], f.rand.Uint64())
	f.clock += 50_000 + uint64(f.rand.IntN(100))*1000
	user := f.rand.IntN(5000)
	request := fmt.Sprintf("%08x-%04x-4%03x-9%03x-%012x", f.rand.Uint32(), f.rand.IntN(1<<16), f.rand.IntN(1<<12),
		f.rand.IntN(1<<12), f.rand.Uint64()>>16)
	for range perTrace {
		s := into.AppendEmpty()
		f.spans[f.at].CopyTo(s)
		f.at = (f.at + 1) % len(f.spans)
		s.SetTraceID(id)
		s.SetParentSpanID(parent)
		binary.LittleEndian.PutUint64(parent[:], f.rand.Uint64())
		s.SetSpanID(parent)
		start := f.clock + uint64(f.rand.IntN(200))*1000
		s.SetStartTimestamp(pcommon.Timestamp(start))
		s.SetEndTimestamp(pcommon.Timestamp(start + uint64(f.rand.IntN(90_000))*1000))
		attrs := s.Attributes()
		if v, ok := attrs.Get("guid:x-request-id"); ok {
			v.SetStr(request)
		}
		if v, ok := attrs.Get("http.url"); ok {
			v.SetStr(fmt.Sprintf("http://shop.example.com/api/v1/carts/%d?user=%d", f.rand.IntN(1_000_000), user))
		}
		if v, ok := attrs.Get("response_size"); ok {
			v.SetStr(strconv.Itoa(f.rand.IntN(20_000)))
		}
		if v, ok := attrs.Get("peer.address"); ok && v.Str() == "127.0.0.1" {
			v.SetStr(fmt.Sprintf("10.%d.%d.%d", user%4, user/256, user%256))
		}
		if v, ok := attrs.Get("upstream_address"); ok {
			v.SetStr(fmt.Sprintf("10.244.0.%d:18080", f.rand.IntN(20)))
		}
	}
}
