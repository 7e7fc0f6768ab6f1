//go:build unix

package builtin_test

import (
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// captures is where the recordings are.
const captures = "../../../tests/captures"

// input is one recording to measure, and whose items most of it must turn out to be: a benchmark of telemetry
// that nobody recognizes would measure next to nothing. The Envoy that was recorded on its own has clusters that are
// named as kgateway names them, so what shows a cluster counts as kgateway.
type input struct {
	file    string
	format  replay.Format
	gateway gateway.ID
}

var spanInputs = []input{
	{"kgateway/2.4.2-spawn-traces.jsonl", replay.FormatOTLPJSON, "kgateway"},
	{"kgateway/2.4.2-attributes-traces.jsonl", replay.FormatOTLPJSON, "kgateway"},
	{"envoy/1.40.0-traces.jsonl", replay.FormatOTLPJSON, "kgateway"},
	{"envoy-gateway/1.9.1-traces.jsonl", replay.FormatOTLPJSON, "envoy-gateway"},
	{"envoy-ai-gateway/1.2.0-traces.jsonl", replay.FormatOTLPJSON, "envoy-ai-gateway"},
	{"istio/1.40.0-traces.jsonl", replay.FormatOTLPJSON, "istio"},
	{"kong/3.9.3-traces.jsonl", replay.FormatOTLPJSON, "kong"},
	{"agentgateway/1.4.1-traces.jsonl", replay.FormatOTLPJSON, "agentgateway"},
	{"agentgateway/main-traces.jsonl", replay.FormatOTLPJSON, "agentgateway"},
	{"caddy/2.10.2-legacy-traces.json", replay.FormatOTLPJSON, "caddy"},
	{"caddy/2.11.9-stable-traces.json", replay.FormatOTLPJSON, "caddy"},
	{"traefik/3.6.12-traces.json", replay.FormatOTLPJSON, "traefik"},
}

// recordInputs are log records with attributes, and lines of files as the file_log receiver wraps them.
var recordInputs = []input{
	{"kgateway/2.4.2-attributes-logs.jsonl", replay.FormatOTLPJSON, "kgateway"},
	{"envoy/1.40.0-logs.jsonl", replay.FormatOTLPJSON, "envoy"},
	{"envoy-gateway/1.9.1-logs.jsonl", replay.FormatOTLPJSON, "envoy-gateway"},
	{"envoy-ai-gateway/1.2.0-logs.jsonl", replay.FormatOTLPJSON, "envoy-ai-gateway"},
	{"istio/1.40.0-logs.jsonl", replay.FormatOTLPJSON, "istio"},
	{"kong/3.9.3-runtime-logs.jsonl", replay.FormatOTLPJSON, "kong"},
	{"agentgateway/1.4.1-logs.jsonl", replay.FormatOTLPJSON, "agentgateway"},
	{"agentgateway/main-logs.jsonl", replay.FormatOTLPJSON, "agentgateway"},
	{"kgateway/2.4.2-default-access.txt", replay.FormatLines, "envoy"},
	{"kgateway/2.4.2-default-access.jsonl", replay.FormatLines, "kgateway"},
	{"envoy/1.40.0-access-text.log", replay.FormatLines, "envoy"},
	{"envoy/1.40.0-access-json.log", replay.FormatLines, "kgateway"},
	{"agentgateway/1.4.1-stdout.txt", replay.FormatLines, "agentgateway"},
	{"agentgateway/1.4.1-custom-fields-stdout.jsonl", replay.FormatLines, "agentgateway"},
	{"kong/3.9.3-access.log", replay.FormatLines, "kong"},
}

func compile(tb testing.TB) *gateway.Engine {
	tb.Helper()
	e, err := gateway.Compile(builtin.Profiles(), gateway.DefaultOptions())
	require.NoError(tb, err)
	return e
}

// traces returns the export requests of a recording.
func (in input) traces(tb testing.TB) []ptrace.Traces {
	tb.Helper()
	c := replay.Capture{Signal: replay.SignalTraces, Format: in.format, Path: filepath.Join(captures, in.file)}
	batches, err := c.Traces()
	require.NoError(tb, err)
	return batches
}

// logs returns the export requests of a recording, or its lines in batches.
func (in input) logs(tb testing.TB) []plog.Logs {
	tb.Helper()
	c := replay.Capture{Signal: replay.SignalLogs, Format: in.format, Path: filepath.Join(captures, in.file)}
	batches, err := c.Logs()
	require.NoError(tb, err)
	return batches
}

// BenchmarkTraces is the whole work on spans, from detection to the last attribute. One operation is one whole
// recording, in the export requests the gateway made of it.
func BenchmarkTraces(b *testing.B) {
	e := compile(b)
	for _, in := range spanInputs {
		b.Run(in.file, func(b *testing.B) {
			benchTraces(b, e, in.traces(b))
		})
	}
}

// BenchmarkTracesAgain is the cost of the second pass behind the sampler: spans that are already as they should be.
func BenchmarkTracesAgain(b *testing.B) {
	e := compile(b)
	for _, in := range spanInputs[:1] {
		b.Run(in.file, func(b *testing.B) {
			batches := in.traces(b)
			for _, td := range batches {
				e.Traces(td)
			}
			benchTraces(b, e, batches)
		})
	}
}

// BenchmarkLogs is the whole work on log records, parsing of lines included.
func BenchmarkLogs(b *testing.B) {
	e := compile(b)
	for _, in := range recordInputs {
		b.Run(in.file, func(b *testing.B) {
			batches := in.logs(b)
			var payloads [][]byte
			records := 0
			for _, ld := range batches {
				payload, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
				require.NoError(b, err)
				payloads = append(payloads, payload)
				records += ld.LogRecordCount()
			}
			measure(b, "record", records, payloads, (&plog.ProtoUnmarshaler{}).UnmarshalLogs, func(ld plog.Logs) { e.Logs(ld) })
		})
	}
}

func benchTraces(b *testing.B, e *gateway.Engine, batches []ptrace.Traces) {
	b.Helper()
	var payloads [][]byte
	spans := 0
	for _, td := range batches {
		payload, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(b, err)
		payloads = append(payloads, payload)
		spans += td.SpanCount()
	}
	measure(b, "span", spans, payloads, (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces, func(td ptrace.Traces) { e.Traces(td) })
}

const (
	// window is about how many items are decoded before the clock starts: enough that stopping it is rare, few enough
	// that they are still in the processor's cache, as they are when a receiver hands them over.
	window = 256
	// garbage is after how many items the garbage collector runs, while the clock stands.
	garbage = 16384
)

// measure times process on the payloads of one recording and reports time, allocations and bytes per item.
//
// Processing changes its input, so every pass needs a new one. It is decoded from protobuf while the clock stands:
// what an OTLP receiver hands over has the same spare capacity in its slices, and that decides how much processing
// allocates. Garbage of decoding must not be collected at the expense of processing, so the collector rests while the
// clock goes. What garbage of processing costs shows in allocs and B, not in ns.
//
// cpu-ns is the time this process got a processor. On a machine that does nothing else it equals ns; on a busy one it
// is the figure to look at.
func measure[T any](b *testing.B, unit string, items int, payloads [][]byte, decode func([]byte) (T, error), process func(T)) {
	b.Helper()
	b.ReportAllocs()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var (
		passes  = max(1, window/items)
		fresh   = make([]T, 0, passes*len(payloads))
		next    int
		decoded int
		used    usage
	)
	used.start()
	used.run()
	for b.Loop() {
		if next == len(fresh) {
			used.pause()
			b.StopTimer()
			used.stop()
			clear(fresh)
			fresh, next = fresh[:0], 0
			if decoded += passes * items; decoded >= garbage {
				decoded = 0
				runtime.GC()
			}
			for range passes {
				for _, payload := range payloads {
					in, err := decode(payload)
					require.NoError(b, err)
					fresh = append(fresh, in)
				}
			}
			used.start()
			b.StartTimer()
			used.run()
		}
		for range payloads {
			process(fresh[next])
			next++
		}
	}
	used.pause()
	used.stop()
	total := float64(b.N) * float64(items)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/total, "ns/"+unit)
	b.ReportMetric(float64(used.cpu.Nanoseconds())/total, "cpu-ns/"+unit)
	b.ReportMetric(float64(used.mallocs)/total, "allocs/"+unit)
	b.ReportMetric(float64(used.bytes)/total, "B/"+unit)
}

// usage adds up what the process uses while the clock goes. Reading memory statistics stops the world, so that is
// done while the clock stands, and only the processor time is read while it goes.
type usage struct {
	cpu, cpuBefore time.Duration
	mallocs, bytes uint64
	before         runtime.MemStats
}

func (u *usage) start() { runtime.ReadMemStats(&u.before) }
func (u *usage) run()   { u.cpuBefore = cpuTime() }
func (u *usage) pause() { u.cpu += cpuTime() - u.cpuBefore }

func (u *usage) stop() {
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	u.mallocs += now.Mallocs - u.before.Mallocs
	u.bytes += now.TotalAlloc - u.before.TotalAlloc
}

// cpuTime is the processor time of this process so far, in the kernel and outside.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// Every input is what its benchmark's name says: what is recognized in it is mostly of that gateway.
func TestBenchmarkInputs(t *testing.T) {
	t.Parallel()
	e := compile(t)
	f := func(in input, stats gateway.Stats) {
		t.Helper()
		items, recognized := 0, 0
		for _, s := range stats {
			if s.Gateway == in.gateway {
				items += s.Rewritten + s.Unchanged
			}
			if s.Gateway != gateway.Unknown {
				recognized += s.Rewritten + s.Unchanged
			}
		}
		assert.Greater(t, 2*items, recognized, "items of %s in %s, and %d recognized ones", in.gateway, in.file, recognized)
	}
	for _, in := range spanInputs {
		var stats gateway.Stats
		for _, td := range in.traces(t) {
			stats = append(stats, e.Traces(td)...)
		}
		f(in, stats)
	}
	for _, in := range recordInputs {
		var stats gateway.Stats
		for _, ld := range in.logs(t) {
			stats = append(stats, e.Logs(ld)...)
		}
		f(in, stats)
	}
}
