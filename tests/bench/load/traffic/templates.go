package traffic

import (
	"fmt"
	"path/filepath"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// recordings are what a real kgateway 2.4.2 sent with an upstream span per attempt: one as it comes, one with custom
// attributes on top. They lie in the folder of captures.
var recordings = []string{"kgateway/2.4.2-spawn-traces.jsonl", "kgateway/2.4.2-attributes-traces.jsonl"}

// template is one recorded request to the gateway.
type template struct {
	server  ptrace.Span
	clients []ptrace.Span // attempts upstream, at least one
}

// templates are the recorded requests, by how they ended, and what their spans came in.
type templates struct {
	resource pcommon.Resource
	scope    pcommon.InstrumentationScope
	plain    []template // nothing about them is an error
	failed   []template // the gateway answered 5xx

	logResource         pcommon.Resource
	logScope            pcommon.InstrumentationScope
	plainLog, failedLog plog.LogRecord // access log records of such requests
}

// load reads the recordings. Requests that are neither plain nor failed, such as one that was retried with success or
// answered 404, are left out: samplers disagree whether they are errors, and then nobody could say which traces have to
// arrive.
func load(captures string) (*templates, error) {
	t := &templates{}
	servers := make(map[pcommon.TraceID][]ptrace.Span)
	clients := make(map[pcommon.SpanID][]ptrace.Span)
	var order []pcommon.TraceID
	for i, name := range recordings {
		capture := replay.Capture{
			Signal: replay.SignalTraces, Format: replay.FormatOTLPJSON, Path: filepath.Join(captures, filepath.FromSlash(name)),
		}
		all, err := capture.Traces()
		if err != nil {
			return nil, fmt.Errorf("recorded spans, folder of captures %q: %w", captures, err)
		}
		for j, td := range all {
			rs := td.ResourceSpans().At(0)
			ss := rs.ScopeSpans().At(0)
			if i == 0 && j == 0 {
				t.resource, t.scope = rs.Resource(), ss.Scope()
			}
			for _, span := range ss.Spans().All() {
				// One recorded request came with a threshold and a randomness of its own. Again and again, that would
				// be the same decision about every trace made of it.
				span.TraceState().FromRaw("")
				if span.Kind() == ptrace.SpanKindServer {
					order = append(order, span.TraceID())
					servers[span.TraceID()] = append(servers[span.TraceID()], span)
				} else {
					clients[span.ParentSpanID()] = append(clients[span.ParentSpanID()], span)
				}
			}
		}
	}
	for _, id := range order {
		for _, server := range servers[id] {
			t.sort(template{server: server, clients: clients[server.SpanID()]})
		}
		delete(servers, id)
	}
	if len(t.plain) == 0 || len(t.failed) == 0 {
		return nil, fmt.Errorf("recorded spans: %d plain and %d failed requests, want some of both", len(t.plain), len(t.failed))
	}
	return t, t.loadLogs(captures)
}

// logRecording is what the same gateway logged, with attributes.
const logRecording = "kgateway/2.4.2-attributes-logs.jsonl"

// loadLogs takes the first access log record of a plain and of a failed request.
func (t *templates) loadLogs(captures string) error {
	capture := replay.Capture{
		Signal: replay.SignalLogs, Format: replay.FormatOTLPJSON, Path: filepath.Join(captures, filepath.FromSlash(logRecording)),
	}
	all, err := capture.Logs()
	if err != nil {
		return fmt.Errorf("recorded log records, folder of captures %q: %w", captures, err)
	}
	var plain, failed bool
	for _, ld := range all {
		rl := ld.ResourceLogs().At(0)
		sl := rl.ScopeLogs().At(0)
		t.logResource, t.logScope = rl.Resource(), sl.Scope()
		for _, lr := range sl.LogRecords().All() {
			code, ok := lr.Attributes().Get("http.response.status_code")
			switch {
			case !ok || lr.TraceID().IsEmpty():
			case !plain && code.Str() == "200":
				t.plainLog, plain = lr, true
			case !failed && code.Str() == "503":
				t.failedLog, failed = lr, true
			}
		}
	}
	if !plain || !failed {
		return fmt.Errorf("recorded log records: plain %t, failed %t, want one of each", plain, failed)
	}
	return nil
}

func (t *templates) sort(one template) {
	if len(one.clients) == 0 {
		return
	}
	if code := text(one.server, "http.status_code"); len(code) == 3 && code[0] == '5' {
		t.failed = append(t.failed, one)
		return
	}
	for _, span := range append([]ptrace.Span{one.server}, one.clients...) {
		code, flags := text(span, "http.status_code"), text(span, "response_flags")
		if len(code) != 3 || code[0] > '3' || flags != "-" || span.Status().Code() == ptrace.StatusCodeError {
			return
		}
		if grpc := text(span, "grpc.status_code"); grpc != "" && grpc != "0" {
			return
		}
	}
	t.plain = append(t.plain, one)
}

// text is an attribute as Envoy writes them all, "" when there is none.
func text(span ptrace.Span, key string) string {
	v, ok := span.Attributes().Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}
