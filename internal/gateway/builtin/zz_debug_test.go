package builtin

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

func TestZZDebug(t *testing.T) {
	e := compile(t, func(o *gateway.Options) {
		if os.Getenv("KEEP") != "" {
			o.SpanNames, o.SpanStatus, o.LogBodies = gateway.SpanNamesKeep, gateway.SpanStatusKeep, gateway.LogBodiesKeep
		}
		if os.Getenv("DROP") != "" {
			o.Content = gateway.ContentDrop
		}
		if os.Getenv("DUP") != "" {
			o.Mode = gateway.ModeDuplicate
		}
	})
	for _, c := range gatewaytest.Captures(t) {
		if !strings.Contains(c.String(), os.Getenv("CAP")) || os.Getenv("CAP") == "" {
			continue
		}
		for _, b := range c.Clone() {
			pass(e, b)
			if b.IsLogs {
				for _, rl := range b.Logs.ResourceLogs().All() {
					for _, sl := range rl.ScopeLogs().All() {
						for _, r := range sl.LogRecords().All() {
							ld := plog.NewLogs()
							x := ld.ResourceLogs().AppendEmpty()
							rl.Resource().CopyTo(x.Resource())
							y := x.ScopeLogs().AppendEmpty()
							sl.Scope().CopyTo(y.Scope())
							r.CopyTo(y.LogRecords().AppendEmpty())
							st := e.Logs(ld)
							if total(st).Rewritten > 0 {
								fmt.Println(gatewaytest.Logs(ld), st)
							}
						}
					}
				}
				continue
			}
			for _, rl := range b.Traces.ResourceSpans().All() {
				for _, sl := range rl.ScopeSpans().All() {
					for _, r := range sl.Spans().All() {
						ld := ptrace.NewTraces()
						x := ld.ResourceSpans().AppendEmpty()
						rl.Resource().CopyTo(x.Resource())
						y := x.ScopeSpans().AppendEmpty()
						sl.Scope().CopyTo(y.Scope())
						r.CopyTo(y.Spans().AppendEmpty())
						st := e.Traces(ld)
						if total(st).Rewritten > 0 {
							fmt.Println(gatewaytest.Traces(ld), st)
						}
					}
				}
			}
		}
	}
}
