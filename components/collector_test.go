package components

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
)

// patience bounds what waits for another goroutine. Far more than is ever needed: it decides only how long a failure takes.
const patience = 30 * time.Second

// freeAddress returns a loopback address that nobody listened on a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// startCollector starts the real Collector with the configurations that the URIs name, waits until it runs, and returns
// what stops it. Stopping drains the pipelines, so afterwards everything that was accepted has been exported.
func startCollector(t *testing.T, uris ...string) (stop func()) {
	t.Helper()
	collector, err := otelcol.NewCollector(otelcol.CollectorSettings{
		BuildInfo:               component.BuildInfo{Command: "otelcol-gatehouse", Version: "test"},
		Factories:               Factories,
		DisableGracefulShutdown: true,
		SkipSettingGRPCLogger:   true,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			URIs:              uris,
			ProviderFactories: Providers(),
			DefaultScheme:     "env",
		}},
	})
	require.NoError(t, err)
	stopped := make(chan error, 1)
	go func() { stopped <- collector.Run(context.Background()) }()
	// The state is all that the Collector offers to wait on.
	require.Eventually(t, func() bool {
		select {
		case err := <-stopped:
			t.Errorf("the Collector stopped instead of starting: %v", err)
			return true
		default:
			return collector.GetState() == otelcol.StateRunning
		}
	}, patience, 10*time.Millisecond)
	if t.Failed() {
		t.FailNow()
	}
	return func() {
		t.Helper()
		collector.Shutdown()
		select {
		case err := <-stopped:
			require.NoError(t, err)
		case <-time.After(patience):
			require.FailNow(t, "the Collector did not stop")
		}
		assert.Equal(t, otelcol.StateClosed, collector.GetState())
	}
}

// TestLaptopCollector starts the real Collector with the configuration that is compiled in, sends it what a gateway would,
// and reads what it wrote.
func TestLaptopCollector(t *testing.T) {
	out := t.TempDir()
	t.Setenv("GATEHOUSE_OUTPUT", out)
	console := filepath.Join(out, "console.txt")
	otlpHTTP, zipkin, kong, health := freeAddress(t), freeAddress(t), freeAddress(t), freeAddress(t)
	// Only addresses change, so that the test runs beside a Collector; the rest is what users get.
	overlay := fmt.Sprintf(`yaml:
receivers:
  otlp: {protocols: {grpc: {endpoint: %q}, http: {endpoint: %q}}}
  zipkin: {endpoint: %q}
  envoy_als: {endpoint: %q}
  kong_log: {protocols: {http: {endpoint: %q}, tcp: {endpoint: %q}}}
extensions:
  health_check: {endpoint: %q}
  zpages: {endpoint: %q}
exporters:
  debug: {output_paths: [%q]}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
`, freeAddress(t), otlpHTTP, zipkin, freeAddress(t), kong, freeAddress(t), health, freeAddress(t), console)

	stop := startCollector(t, "embedded:laptop", overlay)
	request(t, http.MethodGet, "http://"+health, "", http.StatusOK)
	request(t, http.MethodPost, "http://"+otlpHTTP+"/v1/traces", envoySpan, http.StatusOK)
	request(t, http.MethodPost, "http://"+otlpHTTP+"/v1/logs", envoyLog, http.StatusOK)
	request(t, http.MethodPost, "http://"+otlpHTTP+"/v1/metrics", gatewayMetric, http.StatusOK)
	request(t, http.MethodPost, "http://"+zipkin+"/api/v2/spans", zipkinSpan, http.StatusAccepted)
	request(t, http.MethodPost, "http://"+kong, kongRecord, http.StatusOK)

	stop()

	traces := readFile(t, filepath.Join(out, "traces.jsonl"))
	assert.Contains(t, traces, "5b8efff798038103d269b633813fc60c", "the OTLP span")
	assert.Contains(t, traces, `"http.request.method"`)
	assert.NotContains(t, traces, `"http.method"`)
	assert.Contains(t, traces, `{"key":"http.response.status_code","value":{"intValue":"503"}}`, "a number again")
	assert.Contains(t, traces, "6b8efff798038103d269b633813fc60c", "the Zipkin span")
	logs := readFile(t, filepath.Join(out, "logs.jsonl"))
	assert.Contains(t, logs, "served by the test")
	assert.Contains(t, logs, `"stringValue":"/served-by-kong"`)
	printed := readFile(t, console)
	assert.Contains(t, printed, "served by the test")
	assert.Contains(t, printed, "gateway.test.requests")
}

// TestFileLogCollector starts the real Collector with file-log.yaml, lets it find a container's log file as the kubelet
// names them, and reads what it exported. Only what needs a cluster or a backend is replaced.
func TestFileLogCollector(t *testing.T) {
	out, pods := t.TempDir(), t.TempDir()
	t.Setenv("GATEHOUSE_STORAGE", t.TempDir())
	t.Setenv("GATEHOUSE_LOG_INCLUDE", filepath.Join(pods, "*", "*", "*.log"))
	t.Setenv("OTLP_ENDPOINT", "localhost:4317")
	container := filepath.Join(pods, "edge_edge-7d4b9-abcde_0a1b2c3d-1111-2222-3333-444455556666", "envoy")
	require.NoError(t, os.MkdirAll(container, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(container, "0.log"), []byte(containerLog), 0o600))
	exported := filepath.Join(out, "logs.jsonl")
	overlay := fmt.Sprintf(`yaml:
extensions:
  health_check: {endpoint: %q}
receivers:
  file_log: {start_at: beginning}
exporters:
  file: {path: %q, flush_interval: 10ms}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines: {logs: {processors: [memory_limiter, gateway_semconv], exporters: [file]}}
`, freeAddress(t), exported)
	stop := startCollector(t, filepath.Join(root, "distributions/otelcol-gatehouse/file-log.yaml"), overlay)
	// The receiver reads on its own schedule.
	assert.Eventually(t, func() bool {
		content, err := os.ReadFile(exported)
		return err == nil && strings.Contains(string(content), "not an access log")
	}, patience, 10*time.Millisecond)
	stop()

	logs := readFile(t, exported)
	for _, want := range []string{
		`{"key":"k8s.namespace.name","value":{"stringValue":"edge"}}`,
		`{"key":"k8s.pod.name","value":{"stringValue":"edge-7d4b9-abcde"}}`,
		`{"key":"k8s.container.name","value":{"stringValue":"envoy"}}`,
		`{"key":"http.request.method","value":{"stringValue":"GET"}}`,
		`{"key":"http.response.status_code","value":{"intValue":"503"}}`,
		// The runtime's framing is gone, and a line in two parts is one record.
		`"body":{"stringValue":"not an access log at all"}`,
	} {
		assert.Contains(t, logs, want)
	}
}

func request(t *testing.T, method, url, body string, want int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: patience}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equalf(t, want, resp.StatusCode, "%s %s: %s", method, url, answer)
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

// The span has the shape that Envoy's OpenTelemetry tracer gives a server span: every value a string.
const envoySpan = `{"resourceSpans":[{"resource":{"attributes":[
  {"key":"service.name","value":{"stringValue":"edge.gateways"}},
  {"key":"telemetry.sdk.language","value":{"stringValue":"cpp"}},
  {"key":"telemetry.sdk.name","value":{"stringValue":"envoy"}}]},
 "scopeSpans":[{"scope":{"name":"envoy"},"spans":[{
  "traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"ingress","kind":2,
  "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000250000000","attributes":[
   {"key":"component","value":{"stringValue":"proxy"}},
   {"key":"node_id","value":{"stringValue":"edge-7d4b9.gateways"}},
   {"key":"http.method","value":{"stringValue":"GET"}},
   {"key":"http.url","value":{"stringValue":"http://shop.example.com/cart?id=7"}},
   {"key":"http.status_code","value":{"stringValue":"503"}},
   {"key":"response_flags","value":{"stringValue":"UF"}}]}]}]}]}`

const envoyLog = `{"resourceLogs":[{"resource":{"attributes":[
  {"key":"service.name","value":{"stringValue":"edge.gateways"}}]},
 "scopeLogs":[{"logRecords":[{"timeUnixNano":"1700000000000000000","body":{"stringValue":"served by the test"}}]}]}]}`

const gatewayMetric = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"gateway.test.requests",
  "gauge":{"dataPoints":[{"timeUnixNano":"1700000000000000000","asInt":"1"}]}}]}]}]}`

const zipkinSpan = `[{"traceId":"6b8efff798038103d269b633813fc60c","id":"eee19b7ec3c1b174","name":"get","kind":"SERVER",
  "timestamp":1700000000000000,"duration":250000,"localEndpoint":{"serviceName":"kong"},"tags":{"http.method":"GET"}}]`

// A record of Kong's http-log plugin, cut down to a request and its response.
const kongRecord = `{"started_at":1700000000000,"client_ip":"10.0.0.7","latencies":{"request":3,"kong":1,"proxy":2},
  "request":{"method":"GET","uri":"/served-by-kong","url":"http://shop.example.com:8000/served-by-kong","headers":{}},
  "response":{"status":200,"headers":{}}}`

// What containerd writes: time, stream, F for a whole line or P for a part of one, and the line. The first is Envoy's
// default text format.
const containerLog = `2026-11-21T15:22:30.123456789Z stdout F [2026-11-21T15:22:30.100Z] "GET /cart?id=7 HTTP/1.1" 503 UF 0 91 12 - "-" "curl/8.5.0" "0b1c" "shop.example.com" "10.0.0.7:8080"
2026-11-21T15:22:30.123556789Z stderr P not an access log
2026-11-21T15:22:30.123656789Z stderr F  at all
`
