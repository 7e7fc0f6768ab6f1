package als

import (
	"runtime"
	"strings"
	"testing"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

func resource(t *testing.T, node *core.Node, wanted ...string) (pcommon.Map, Counts) {
	t.Helper()
	b, err := proto.Marshal(&accesslogv3.StreamAccessLogsMessage_Identifier{LogName: "edge", Node: node})
	require.NoError(t, err)
	m := pcommon.NewMap()
	counts := NewDecoder(Options{NodeMetadata: wanted}).Resource(b, m)
	return m, counts
}

// TestNodeBounds checks that what a node says of itself, which goes along with every message, is bounded, and that
// what is cut is counted.
func TestNodeBounds(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 1<<20)
	m, counts := resource(t, &core.Node{Id: long, Cluster: "c"})
	id, _ := m.Get("node_name")
	assert.Equal(t, long[:maxLabel], id.Str())
	assert.Equal(t, 1, counts.Malformed[MalformedTooMany])

	m, counts = resource(t, &core.Node{Metadata: &structpb.Struct{Fields: map[string]*structpb.Value{
		"long": structpb.NewStringValue(long),
	}}}, "long")
	assert.NotContains(t, m.AsRaw(), "gateway.node.metadata.long")
	assert.Equal(t, 1, counts.Malformed[MalformedTooMany])

	rows := make([]*structpb.Value, 200) // a tree of 40000 empty strings
	for i := range rows {
		row := make([]*structpb.Value, 200)
		for j := range row {
			row[j] = structpb.NewStringValue("")
		}
		rows[i] = structpb.NewListValue(&structpb.ListValue{Values: row})
	}
	m, counts = resource(t, &core.Node{Metadata: &structpb.Struct{Fields: map[string]*structpb.Value{
		"wide": structpb.NewListValue(&structpb.ListValue{Values: rows}),
	}}}, "wide")
	assert.Equal(t, 1, counts.Malformed[MalformedTooMany])
	wide, _ := m.Get("gateway.node.metadata.wide")
	full := 0
	for _, row := range wide.Slice().All() {
		if row.Type() == pcommon.ValueTypeSlice {
			full += row.Slice().Len()
		}
	}
	assert.Less(t, full, maxValues+200)

	deep := structpb.NewStringValue("bottom")
	for range maxDepth + 5 {
		deep = structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{deep}})
	}
	_, counts = resource(t, &core.Node{Metadata: &structpb.Struct{Fields: map[string]*structpb.Value{"deep": deep}}}, "deep")
	assert.Equal(t, 1, counts.Malformed[MalformedDepth])

	_, counts = resource(t, &core.Node{Id: "n", Metadata: &structpb.Struct{Fields: map[string]*structpb.Value{
		"role": structpb.NewStringValue("r"),
	}}}, "role")
	assert.Zero(t, counts.Malformed)
	assert.Equal(t, 1, NewDecoder(Options{}).Resource([]byte{0x0a, 0x7f}, pcommon.NewMap()).Malformed[MalformedEntry])
}

// TestNodeMemory checks that a stream does not keep what its node said beyond that. It runs alone.
func TestNodeMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m, _ := resource(t, &core.Node{Id: "n", UserAgentName: strings.Repeat("x", 8<<20)})
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(1<<20))
	assert.Positive(t, m.Len())
}
