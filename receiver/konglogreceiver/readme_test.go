package konglogreceiver

import (
	"bytes"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/gatehouse-otel/gatehouse/internal/doccheck"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	return string(text)
}

// TestReadmeExample keeps the before and after of the README equal to what becomes of that request of the recording.
func TestReadmeExample(t *testing.T) {
	text := readme(t)
	const example = "mixed2"
	begin, end := "<!-- example "+example+" -->\n", "<!-- end example -->"
	head, rest, ok := strings.Cut(text, begin)
	require.True(t, ok)
	old, tail, ok := strings.Cut(rest, end)
	require.True(t, ok)
	for _, m := range recordings(t)["kong/3.9.3-http-log.jsonl"] {
		if !strings.Contains(m, `"x-case":"`+example+`"`) {
			continue
		}
		b := decode(t, testReceiver(t, nil).decoder, m)
		b.records.At(0).SetObservedTimestamp(0)
		var before bytes.Buffer
		require.NoError(t, json.Indent(&before, []byte(m), "", "  "))
		want := "\nBefore:\n\n```json\n" + before.String() + "\n```\n\nAfter:\n\n```text\n" + gatewaytest.Logs(b.logs) + "```\n\n"
		if *update {
			require.NoError(t, os.WriteFile("README.md", []byte(head+begin+want+end+tail), 0o600))
			return
		}
		assert.Equal(t, want, old, "run go test ./receiver/konglogreceiver -run TestReadmeExample -update and read the difference")
		return
	}
	require.Fail(t, "the recording has no such case")
}

// TestReadmeOptions: the README's table names every option of ours with its default.
func TestReadmeOptions(t *testing.T) {
	text := readme(t)
	cfg := createDefaultConfig().(*Config)
	cfg.Protocols.TCP.GetOrInsertDefault()
	cfg.Protocols.UDP.GetOrInsertDefault()
	conf := confmap.New()
	require.NoError(t, conf.Marshal(cfg))
	named := 0
	for _, key := range conf.AllKeys() {
		if strings.HasPrefix(key, "protocols::http::") && !strings.Contains(key, "max_") && !strings.HasSuffix(key, "endpoint") {
			continue // the server's, under the otlp receiver's keys
		}
		row := ""
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "| `"+key+"` |") {
				row = line
			}
		}
		if !assert.NotEmpty(t, row, "%s is not in the table", key) {
			continue
		}
		named++
		switch value := conf.Get(key).(type) {
		case string, int, int64:
			if key != "known_methods" {
				assert.Contains(t, row, "| `"+strings.TrimSpace(asText(value))+"` |", key)
			}
		}
	}
	assert.Greater(t, named, 15)
}

func asText(v any) string {
	b, _ := json.Marshal(v)
	return strings.Trim(string(b), `"`)
}

// TestReadmeKong reads what is to be pasted into Kong, here and on the page for all gateways: log plugins that exist, at the
// ports this receiver listens on.
func TestReadmeKong(t *testing.T) {
	ports := map[string]string{"http-log": defaultHTTPEndpoint, "tcp-log": defaultLineEndpoint, "udp-log": defaultLineEndpoint, "loggly": defaultLineEndpoint}
	found := make(map[string]int)
	check := func(name string, config map[string]any) {
		listen, ok := ports[name]
		if !ok {
			return
		}
		found[name]++
		_, want, err := net.SplitHostPort(listen)
		require.NoError(t, err)
		if address, ok := config["http_endpoint"].(string); ok {
			u, err := url.Parse(address)
			require.NoError(t, err)
			assert.Equal(t, want, u.Port(), name)
			return
		}
		assert.Equal(t, want, asText(config["port"]), name)
		assert.NotEmpty(t, config["host"], name)
	}
	page, err := os.ReadFile("../../docs/pointing-gateways.md")
	require.NoError(t, err)
	for _, block := range slices.Concat(doccheck.Parse(readme(t)).Blocks, doccheck.Parse(string(page)).Blocks) {
		if !block.Is("yaml", "kong") && !block.Is("yaml", "kubernetes") {
			continue
		}
		for text := range strings.SplitSeq(block.Text, "\n---\n") {
			retrieved, err := confmap.NewRetrievedFromYAML([]byte(text))
			require.NoError(t, err)
			raw, err := retrieved.AsRaw()
			require.NoError(t, err)
			object := raw.(map[string]any)
			if block.Is("yaml", "kubernetes") {
				if name, ok := object["plugin"].(string); ok { // other gateways' objects have none
					assert.Equal(t, "KongClusterPlugin", object["kind"])
					check(name, object["config"].(map[string]any))
				}
				continue
			}
			assert.Equal(t, "3.0", object["_format_version"])
			for _, p := range object["plugins"].([]any) {
				plugin := p.(map[string]any)
				check(plugin["name"].(string), plugin["config"].(map[string]any))
			}
		}
	}
	assert.Equal(t, map[string]int{"http-log": 2, "tcp-log": 1, "udp-log": 1, "loggly": 1}, found)
}
