package components

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// criLines frames lines as containerd writes a container's standard output: time, stream, P for a part of a line or F
// for its end, and the text. Every third line comes in two parts, as long ones do.
func criLines(lines []string) string {
	var b strings.Builder
	for i, line := range lines {
		at := fmt.Sprintf("2026-11-21T15:22:%02d.%09dZ stdout", i/60%60, i)
		if half := len(line) / 2; i%3 == 0 && half > 0 {
			fmt.Fprintf(&b, "%s P %s\n", at, line[:half])
			line = line[half:]
		}
		fmt.Fprintf(&b, "%s F %s\n", at, line)
	}
	return b.String()
}

// exportedRecord is a log record of the file exporter: its body, and its attributes by key.
type exportedRecord struct {
	body       string
	attributes map[string]any
}

// exportedRecords reads what the file exporter wrote, by the container's name.
func exportedRecords(t *testing.T, content string) map[string][]exportedRecord {
	t.Helper()
	type keyValue struct {
		Key   string         `json:"key"`
		Value map[string]any `json:"value"`
	}
	var request struct {
		ResourceLogs []struct {
			Resource struct {
				Attributes []keyValue `json:"attributes"`
			} `json:"resource"`
			ScopeLogs []struct {
				LogRecords []struct {
					Body       map[string]any `json:"body"`
					Attributes []keyValue     `json:"attributes"`
				} `json:"logRecords"`
			} `json:"scopeLogs"`
		} `json:"resourceLogs"`
	}
	out := make(map[string][]exportedRecord)
	for line := range strings.Lines(content) {
		request.ResourceLogs = nil
		if json.Unmarshal([]byte(line), &request) != nil {
			continue // the last line, still being written
		}
		for _, rl := range request.ResourceLogs {
			container := ""
			for _, kv := range rl.Resource.Attributes {
				if kv.Key == "k8s.container.name" {
					container, _ = kv.Value["stringValue"].(string)
				}
			}
			for _, sl := range rl.ScopeLogs {
				for _, r := range sl.LogRecords {
					body, _ := r.Body["stringValue"].(string)
					rec := exportedRecord{body: body, attributes: make(map[string]any)}
					for _, kv := range r.Attributes {
						for _, v := range kv.Value {
							rec.attributes[kv.Key] = v
						}
					}
					out[container] = append(out[container], rec)
				}
			}
		}
	}
	return out
}

// TestContainerStdout runs file-log.yaml, as shipped, over what each gateway's container really wrote, framed as the
// container runtime frames it. Only addresses, folders and what needs a cluster or a backend are replaced.
func TestContainerStdout(t *testing.T) {
	out, pods := t.TempDir(), t.TempDir()
	t.Setenv("GATEHOUSE_STORAGE", t.TempDir())
	t.Setenv("GATEHOUSE_LOG_INCLUDE", filepath.Join(pods, "*", "*", "*.log"))
	t.Setenv("OTLP_ENDPOINT", "localhost:4317")
	// The captures, and how many of their lines are access log lines.
	containers := map[string]struct {
		capture  string
		requests int // with an HTTP status code
		key      string
		least    int // that have the key
	}{
		"kong":         {"kong/3.9.3-access.log", 122, "kong.request.id", 122},
		"kong-filelog": {"kong/3.9.3-tcp-log.jsonl", 122, "gateway.route.name", 110}, // what file-log writes to /dev/stdout
		"envoy-text":   {"envoy/1.40.0-access-text.log", 20, "url.path", 20},
		"envoy-json":   {"envoy/1.40.0-access-json.log", 20, "url.path", 20},
		"agentgateway": {"agentgateway/1.4.1-stdout.txt", 80, "gateway.request.duration", 80},
	}
	lines := make(map[string][]string)
	for name, c := range containers {
		content := readFile(t, filepath.Join(root, "tests/captures", c.capture))
		lines[name] = strings.Split(strings.TrimRight(content, "\n"), "\n")
		dir := filepath.Join(pods, "edge_"+name+"-7d4b9-abcde_0a1b2c3d-1111-2222-3333-444455556666", name)
		require.NoError(t, os.MkdirAll(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "0.log"), []byte(criLines(lines[name])), 0o600))
	}
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
		if err != nil {
			return false
		}
		got := exportedRecords(t, string(content))
		for name := range containers {
			if len(got[name]) < len(lines[name]) {
				return false
			}
		}
		return true
	}, patience, readInterval)
	stop()

	got := exportedRecords(t, readFile(t, exported))
	for name, c := range containers {
		assert.Len(t, got[name], len(lines[name]), name)
		requests, withKey := 0, 0
		for _, r := range got[name] {
			if r.attributes["http.response.status_code"] != nil {
				requests++
			}
			if r.attributes[c.key] != nil {
				withKey++
			}
			assert.NotContains(t, r.body, "stdout F ", "the runtime's framing is gone")
		}
		assert.GreaterOrEqual(t, requests, c.requests, "%s: lines with a status code", name)
		assert.GreaterOrEqual(t, withKey, c.least, "%s: lines with %s", name, c.key)
	}
}

// readInterval is a step of waiting for the file receiver, which looks every 200 ms.
const readInterval = 50 * time.Millisecond
