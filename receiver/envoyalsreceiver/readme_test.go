package envoyalsreceiver

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	accesslogconfig "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	// What the README configures Envoy with.
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/grpc/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	accesslog "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/gatehouse-otel/gatehouse/internal/doccheck"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

var update = flag.Bool("update", false, "write expected files and the README's examples anew; read the difference before committing it")

// examples are the README's before and after, by their folder in testdata.
var examples = []string{"kgateway/refused"}

// TestExamples sends each example over a stream and compares what comes out with the approved text, and both with the
// README.
func TestExamples(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	text := string(readme)
	for _, example := range examples {
		dir := filepath.Join("testdata", filepath.FromSlash(example))
		input, err := os.ReadFile(filepath.Join(dir, "input.json"))
		require.NoError(t, err)
		m := &accesslog.StreamAccessLogsMessage{}
		require.NoError(t, protojson.Unmarshal(input, m))
		next := &sink{}
		require.NoError(t, start(t, next).stream(t).Send(m))
		next.wait(t, len(m.GetHttpLogs().GetLogEntry()))
		for _, rec := range records(next.batches[0]) {
			rec.SetObservedTimestamp(0) // now
		}
		got := gatewaytest.Logs(next.batches[0])
		expected := filepath.Join(dir, "expected.txt")
		if *update {
			require.NoError(t, os.WriteFile(expected, []byte(got), 0o600))
		}
		want, err := os.ReadFile(expected)
		require.NoError(t, err)
		assert.Equal(t, string(want), got, "run go test -run TestExamples -update and read the difference")

		begin, end := fmt.Sprintf("<!-- example %s -->\n", example), "<!-- end example -->"
		before, rest, ok := strings.Cut(text, begin)
		require.True(t, ok, "README.md lacks %s", begin)
		_, after, ok := strings.Cut(rest, end)
		require.True(t, ok, "README.md: example %s has no end", example)
		text = before + begin + "\nBefore:\n\n```json\n" + string(input) + "```\n\nAfter:\n\n```text\n" + got + "```\n\n" + end + after
	}
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(text), 0o600))
		return
	}
	assert.Equal(t, text, string(readme), "run go test -run TestExamples -update")
}

// TestEnvoyConfiguration reads what the README tells Envoy's operators to paste into the types that Envoy reads it into.
func TestEnvoyConfiguration(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	read := 0
	for _, block := range doccheck.Parse(string(readme)).Blocks {
		if !block.Is("yaml", "envoy") {
			continue
		}
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(block.Text))
		require.NoError(t, err)
		raw, err := retrieved.AsRaw()
		require.NoError(t, err)
		for key, list := range raw.(map[string]any) {
			for _, entry := range list.([]any) {
				var into proto.Message = &accesslogconfig.AccessLog{}
				if key == "clusters" {
					into = &cluster.Cluster{}
				}
				b, err := json.Marshal(entry)
				require.NoError(t, err)
				require.NoError(t, protojson.Unmarshal(b, into), "%s at line %d", key, block.Line)
				read++
			}
		}
	}
	assert.Equal(t, 3, read, "an HTTP logger, a TCP logger and a cluster")
}

// TestEveryOption checks that the README's table names every option, with its default.
func TestEveryOption(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	conf := confmap.New()
	require.NoError(t, conf.Marshal(createDefaultConfig()))
	own := map[string]bool{}
	for _, key := range conf.AllKeys() {
		switch name, _, _ := strings.Cut(key, confmap.KeyDelimiter); name {
		case "transport", "keepalive", "dialer": // the server's, under the otlp receiver's keys
		default:
			own[key] = true
		}
	}
	require.Greater(t, len(own), 10)
	for key := range own {
		assert.Contains(t, string(readme), "`"+key+"`", "the table of options")
	}
}
