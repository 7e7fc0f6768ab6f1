package als

import (
	"runtime"
	"strconv"
	"strings"
	"testing"

	accesslogdata "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// TestRepeated checks that of a field, or a key of a map, that is there twice the last one is the attribute: a list with
// a name twice is not allowed in OTLP.
func TestRepeated(t *testing.T) {
	t.Parallel()
	pair := func(key, value string) []byte {
		b := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), key)
		return protowire.AppendString(protowire.AppendTag(b, 2, protowire.BytesType), value)
	}
	field := func(b []byte, number protowire.Number, value []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), value)
	}
	ask, err := proto.Marshal(&accesslogdata.HTTPRequestProperties{UserAgent: "first", Path: "/first"})
	require.NoError(t, err)
	ask = field(field(ask, 6, []byte("last")), 5, []byte("/last"))
	ask = field(field(field(ask, 13, pair("x-a", "first")), 13, pair("x-b", "one")), 13, pair("x-a", "last"))
	answer := field(field(nil, 5, pair("t", "first")), 5, pair("t", "last"))
	common := field(field(field(nil, 15, []byte("first")), 15, []byte("last")), 22, pair("tag", "first"))
	common = field(common, 22, pair("tag", "last"))
	entry := field(field(field(nil, 1, common), 3, ask), 4, answer)
	entry = field(entry, 1, field(nil, 19, []byte("route"))) // messages that come twice are one
	d := NewDecoder(everything)
	f := func(records plog.LogRecordSlice) {
		t.Helper()
		c := Cursor{entries: field(nil, 1, entry)}
		d.Records(&c, 1, observed, records)
		require.Equal(t, 1, records.Len())
		got := attributes(records.At(0))
		assert.Len(t, got, records.At(0).Attributes().Len(), "every name once")
		assert.Equal(t, "last", got["user_agent.original"])
		assert.Equal(t, "/last", got["path"])
		assert.Equal(t, []any{"last"}, got["http.request.header.x-a"])
		assert.Equal(t, []any{"one"}, got["http.request.header.x-b"])
		assert.Equal(t, []any{"last"}, got["gateway.response.trailer.t"])
		assert.Equal(t, "last", got["upstream_cluster"])
		assert.Equal(t, "route", got["route_name"])
		assert.Equal(t, "last", got["tag"])
		assert.NotContains(t, got, "gateway.custom_tag.tag")
	}
	f(plog.NewLogRecordSlice())
	d.keys = map[headerKey]*headerName{} // as many as are remembered, all others
	for i := range maxKeys {
		d.keys[headerKey{"x.", string(rune(1000 + i))}] = &headerName{}
	}
	f(plog.NewLogRecordSlice())

	message := field(field(nil, messageIdentifier, []byte("first")), messageIdentifier, []byte("last"))
	id, ok := Identifier(message)
	assert.True(t, ok)
	assert.Equal(t, "last", string(id))
}

// TestLongNamesAreForgotten: a stream may have many header names of the size of a message, and lives for days.
func TestLongNamesAreForgotten(t *testing.T) {
	const names, size = 64, 1 << 20
	d := NewDecoder(everything)
	alive := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := alive()
	for i := range names {
		name := strconv.Itoa(i) + strings.Repeat("x", size)
		b, err := proto.Marshal(request(map[string]string{name: "v"}))
		require.NoError(t, err)
		records := plog.NewLogRecordSlice()
		c := Cursor{entries: protowire.AppendBytes(protowire.AppendTag(nil, logsEntry, protowire.BytesType), b)}
		d.Records(&c, 1, observed, records)
		assert.Contains(t, attributes(records.At(0)), "http.request.header."+name)
	}
	assert.Less(t, alive()-before, int64(names*size/4))
	runtime.KeepAlive(d)
}

// TestInOrder checks that entries as Envoy writes them do not pay for the search for repeated names.
func TestInOrder(t *testing.T) {
	t.Parallel()
	d := NewDecoder(everything)
	records := plog.NewLogRecordSlice()
	for _, m := range messages(t, "kgateway/2.4.2-default-als.jsonl") {
		for c := Open(m); ; {
			if counts := d.Records(&c, 1, observed, records); counts.Records[HTTP]+counts.Records[TCP] == 0 {
				break
			}
			assert.False(t, d.again)
		}
	}
	assert.Positive(t, records.Len())
}
