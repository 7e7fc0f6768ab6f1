package builtin

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

func TestDump(t *testing.T) {
	e, err := gateway.Compile(Profiles(), gateway.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range strings.Fields(os.Getenv("DUMP")) {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		docs := [][]byte{data}
		if strings.HasSuffix(f, "jsonl") {
			docs = bytes.Split(bytes.TrimSpace(data), []byte("\n"))
		}
		for _, d := range docs {
			if bytes.Contains(d, []byte("resourceSpans")) {
				td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(d)
				if err != nil {
					t.Fatal(err)
				}
				stats := e.Traces(td)
				fmt.Print(gatewaytest.Traces(td))
				fmt.Printf("STATS %+v\n", stats)
				once := gatewaytest.Traces(td)
				e.Traces(td)
				if gatewaytest.Traces(td) != once {
					t.Error("not idempotent", f, diff(once, gatewaytest.Traces(td)))
				}
			} else {
				ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(d)
				if err != nil {
					t.Fatal(err)
				}
				stats := e.Logs(ld)
				fmt.Print(gatewaytest.Logs(ld))
				fmt.Printf("STATS %+v\n", stats)
				once := gatewaytest.Logs(ld)
				e.Logs(ld)
				if gatewaytest.Logs(ld) != once {
					t.Error("not idempotent", f, diff(once, gatewaytest.Logs(ld)))
				}
			}
		}
	}
}

func diff(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return x[i] + " -> " + y[min(i, len(y)-1)]
		}
	}
	return ""
}
