package testbed

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"
)

// PhoenixVersion is the pinned Phoenix, of the Python package arize-phoenix.
const PhoenixVersion = "20.26.1"

// phoenixStart is how long Phoenix may take: it makes a database first and imports a lot of Python, cold.
const phoenixStart = 3 * time.Minute

// Phoenix is a running Arize Phoenix, a backend for spans of model calls, with an empty database.
type Phoenix struct {
	*Process
	http, grpc int // ports
}

// StartPhoenix runs Phoenix with its data in a folder that goes with the test. It reports nothing to anybody.
func StartPhoenix(tb testing.TB) *Phoenix {
	tb.Helper()
	p := &Phoenix{http: FreePort(tb), grpc: FreePort(tb)}
	dir := tb.TempDir()
	p.Process = Start(tb, Command{
		Name: "phoenix " + PhoenixVersion,
		Path: Binary(tb, "phoenix", PhoenixVersion, "phoenix"),
		Args: []string{"serve"},
		Dir:  dir,
		Env: []string{
			"PHOENIX_WORKING_DIR=" + dir,
			"PHOENIX_HOST=127.0.0.1",
			"PHOENIX_PORT=" + strconv.Itoa(p.http),
			"PHOENIX_GRPC_PORT=" + strconv.Itoa(p.grpc),
			"PHOENIX_TELEMETRY_ENABLED=false",
			"PHOENIX_ALLOW_EXTERNAL_RESOURCES=false",
		},
		Ready:        HTTPReady(p.url("/healthz")),
		ReadyTimeout: phoenixStart,
	})
	return p
}

// OTLPGRPC is the address (host:port) that takes spans over OTLP/gRPC.
func (p *Phoenix) OTLPGRPC() string { return Loopback(p.grpc) }

func (p *Phoenix) url(path string) string { return "http://" + Loopback(p.http) + path }

// PhoenixSpan is a span as Phoenix's REST API gives it (GET /v1/projects/{project}/spans).
type PhoenixSpan struct {
	Name          string         `json:"name"`
	Kind          string         `json:"span_kind"` // LLM, EMBEDDING, UNKNOWN …, not OpenTelemetry's
	Status        string         `json:"status_code"`
	StatusMessage string         `json:"status_message"`
	Attributes    map[string]any `json:"attributes"`
	Context       struct {
		TraceID string `json:"trace_id"`
		SpanID  string `json:"span_id"`
	} `json:"context"`
}

// phoenixPage is how many spans are asked for at once; no test sends as many.
const phoenixPage = 1000

// Spans returns the spans of the default project, of one trace or, if traceID is "", of all.
func (p *Phoenix) Spans(ctx context.Context, traceID string) ([]PhoenixSpan, error) {
	query := url.Values{"limit": {strconv.Itoa(phoenixPage)}}
	if traceID != "" {
		query.Set("trace_id", traceID)
	}
	address := p.url("/v1/projects/default/spans?" + query.Encode())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask phoenix for spans: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask phoenix for spans: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // was read
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask phoenix for spans: %s", resp.Status)
	}
	var page struct {
		Data []PhoenixSpan `json:"data"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		return nil, fmt.Errorf("read phoenix's spans: %w", err)
	}
	return page.Data, nil
}
