package testbed

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
)

const (
	jaegerVersion = "1.62.0"
	// maxJaegerAnswer is how much of an answer of the query API is read.
	maxJaegerAnswer = 16 << 20
)

// Jaeger is a running all-in-one: OTLP in, traces kept in memory, the query API that its user interface uses.
type Jaeger struct {
	otlp, query string
}

// StartJaeger runs it on free loopback ports until the end of the test.
func StartJaeger(tb testing.TB) *Jaeger {
	tb.Helper()
	j := &Jaeger{otlp: FreeAddress(tb), query: FreeAddress(tb)}
	admin := FreeAddress(tb)
	Start(tb, Command{
		Name: "jaeger " + jaegerVersion,
		Path: Binary(tb, "jaeger", jaegerVersion, "jaeger-all-in-one"),
		Args: []string{
			"--collector.otlp.grpc.host-port=" + j.otlp,
			"--query.http-server.host-port=" + j.query,
			"--admin.http.host-port=" + admin,
			"--collector.otlp.http.host-port=" + FreeAddress(tb),
			"--collector.grpc-server.host-port=" + FreeAddress(tb),
			"--collector.http-server.host-port=" + FreeAddress(tb),
			"--query.grpc-server.host-port=" + FreeAddress(tb),
			"--http-server.host-port=" + FreeAddress(tb),
			"--processor.jaeger-binary.server-host-port=" + FreeAddress(tb),
			"--processor.jaeger-compact.server-host-port=" + FreeAddress(tb),
			"--processor.zipkin-compact.server-host-port=" + FreeAddress(tb),
		},
		Env:   []string{"SPAN_STORAGE_TYPE=memory", "COLLECTOR_OTLP_ENABLED=true"},
		Ready: HTTPReady("http://" + admin + "/"),
	})
	return j
}

// Endpoint is where it takes OTLP over gRPC, host:port.
func (j *Jaeger) Endpoint() string { return j.otlp }

// JaegerSpan is a span as the query API shows it.
type JaegerSpan struct {
	TraceID   string
	SpanID    string
	ParentID  string // of the parent in the same trace, "" for none
	Operation string // name of the span
	Service   string // service.name of the resource
	Tags      map[string]any
}

// Trace returns the spans of a trace, none if it is not known.
func (j *Jaeger) Trace(ctx context.Context, traceID string) ([]JaegerSpan, error) {
	return j.get(ctx, "/api/traces/"+traceID)
}

// Find returns the spans of the traces of a service that have a span with these tags, as a user searches them.
func (j *Jaeger) Find(ctx context.Context, service string, tags map[string]string) ([]JaegerSpan, error) {
	text, err := json.Marshal(tags)
	if err != nil {
		return nil, fmt.Errorf("find traces: %w", err)
	}
	query := url.Values{"service": {service}, "tags": {string(text)}, "lookback": {"1h"}, "limit": {"100"}}
	return j.get(ctx, "/api/traces?"+query.Encode())
}

// jaegerAnswer is what the HTTP API answers (model/json of jaeger 1.62.0).
type jaegerAnswer struct {
	Data []struct {
		Spans []struct {
			TraceID       string `json:"traceID"`
			SpanID        string `json:"spanID"`
			OperationName string `json:"operationName"`
			ProcessID     string `json:"processID"`
			References    []struct {
				RefType string `json:"refType"`
				SpanID  string `json:"spanID"`
			} `json:"references"`
			Tags []struct {
				Key   string `json:"key"`
				Type  string `json:"type"`
				Value any    `json:"value"`
			} `json:"tags"`
		} `json:"spans"`
		Processes map[string]struct {
			ServiceName string `json:"serviceName"`
		} `json:"processes"`
	} `json:"data"`
}

func (j *Jaeger) get(ctx context.Context, path string) ([]JaegerSpan, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+j.query+path, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask jaeger: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask jaeger: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxJaegerAnswer))
	switch {
	case err != nil:
		return nil, fmt.Errorf("ask jaeger: %w", err)
	case resp.StatusCode == http.StatusNotFound:
		return nil, nil
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("ask jaeger: %s: %s", resp.Status, body)
	}
	var answer jaegerAnswer
	if err = json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("read jaeger's answer: %w", err)
	}
	return answer.spans(), nil
}

func (a jaegerAnswer) spans() []JaegerSpan {
	var spans []JaegerSpan
	for _, trace := range a.Data {
		for _, s := range trace.Spans {
			span := JaegerSpan{
				TraceID: s.TraceID, SpanID: s.SpanID, Operation: s.OperationName,
				Service: trace.Processes[s.ProcessID].ServiceName, Tags: map[string]any{},
			}
			for _, reference := range s.References {
				if reference.RefType == "CHILD_OF" {
					span.ParentID = reference.SpanID
				}
			}
			for _, tag := range s.Tags {
				span.Tags[tag.Key] = tag.Value
				if number, ok := tag.Value.(float64); ok && tag.Type == "int64" {
					span.Tags[tag.Key] = int64(number) // JSON has one kind of number
				}
			}
			spans = append(spans, span)
		}
	}
	return spans
}
