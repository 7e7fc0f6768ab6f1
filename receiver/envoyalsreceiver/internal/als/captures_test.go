package als

import (
	"path/filepath"
	"testing"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

const capturesRoot = "../../../../tests/captures"

// messages returns the messages of a capture as Envoy marshals them.
func messages(tb testing.TB, name string) [][]byte {
	tb.Helper()
	captures, err := replay.Of(filepath.FromSlash(capturesRoot), replay.FormatALS)
	require.NoError(tb, err)
	for _, c := range captures {
		if c.String() != name {
			continue
		}
		lines, err := c.Payloads()
		require.NoError(tb, err)
		var out [][]byte
		for _, line := range lines {
			var m accesslogv3.StreamAccessLogsMessage
			require.NoError(tb, protojson.Unmarshal(line, &m))
			b, err := proto.Marshal(&m)
			require.NoError(tb, err)
			out = append(out, b)
		}
		return out
	}
	require.Failf(tb, "no capture", "%s", name)
	return nil
}

// recordings are the captures, all of real programs.
var recordings = []string{
	"envoy/1.40.0-als.jsonl", "envoy-gateway/1.9.1-als.jsonl", "kgateway/2.4.2-default-als.jsonl",
}
