package als

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// TestCompact checks that a record does not keep what it does not show: here, a megabyte in a field of a later version.
// It runs alone, because memory is the process's.
func TestCompact(t *testing.T) {
	const n, unknown = 16, 1 << 20
	e := request(map[string]string{"x-a": "v"})
	e.CommonProperties.CustomTags = map[string]string{"tag": "t"}
	list, err := structpb.NewStruct(map[string]any{"list": []any{"a", map[string]any{"b": "c"}}})
	require.NoError(t, err)
	e.CommonProperties.Metadata = metadata(map[string]*structpb.Struct{"filter": list})
	small, err := proto.Marshal(e)
	require.NoError(t, err)
	large := protowire.AppendBytes(protowire.AppendTag(append([]byte{}, small...), 99, protowire.BytesType), make([]byte, unknown))
	decode := func(entry []byte) plog.LogRecordSlice {
		records := plog.NewLogRecordSlice()
		d := NewDecoder(everything)
		for range n {
			c := Cursor{entries: protowire.AppendBytes([]byte{logsEntry<<3 | text}, entry)}
			d.Records(&c, 1, observed, records)
		}
		return records
	}
	want := attributes(decode(small).At(0))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	records := decode(large)
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(unknown), "of %d MiB that came", n*unknown>>20)
	require.Equal(t, n, records.Len())
	assert.Equal(t, want, attributes(records.At(n-1)))
}
