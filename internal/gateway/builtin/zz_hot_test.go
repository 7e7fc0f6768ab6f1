package builtin_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
)

func BenchmarkHot(b *testing.B) {
	e, err := gateway.Compile(builtin.Profiles(), gateway.DefaultOptions())
	if err != nil {
		b.Fatal(err)
	}
	data, _ := os.ReadFile("../../../tests/captures/kgateway/2.4.2-spawn-traces.jsonl")
	line := bytes.Split(data, []byte("\n"))[1]
	td, _ := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line)
	one := ptrace.NewTraces()
	td.ResourceSpans().At(0).CopyTo(one.ResourceSpans().AppendEmpty())
	raw, _ := (&ptrace.ProtoMarshaler{}).MarshalTraces(one)
	n := one.SpanCount()
	var total time.Duration
	b.ReportAllocs()
	for b.Loop() {
		x, _ := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(raw)
		t := time.Now()
		e.Traces(x)
		total += time.Since(t)
	}
	b.ReportMetric(float64(total.Nanoseconds())/float64(b.N*n), "engine-ns/span")
	b.ReportMetric(float64(n), "spans")
}
