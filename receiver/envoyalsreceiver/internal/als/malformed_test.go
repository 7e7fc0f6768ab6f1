package als

import (
	"strings"
	"testing"

	accesslogdata "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// TestBroken checks that an entry of which only a part can be read is a record of that part, that others are whole, and
// that what is wrong is counted.
func TestBroken(t *testing.T) {
	t.Parallel()
	good, err := proto.Marshal(request(nil))
	require.NoError(t, err)
	list := func(entries ...[]byte) []byte {
		var b []byte
		for _, e := range entries {
			b = protowire.AppendBytes(protowire.AppendTag(b, logsEntry, protowire.BytesType), e)
		}
		return b
	}
	message := func(number protowire.Number, logs []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), logs)
	}
	f := func(b []byte, records int, reason Malformed, n int) {
		t.Helper()
		batches, counts := decodeAll(t, everything, b)
		got := gatewaytest.Records(batches[0])
		assert.Len(t, got, records)
		assert.Equal(t, records, counts.Records[HTTP]+counts.Records[TCP])
		assert.Equal(t, n, counts.Malformed[reason], reason)
	}
	f(nil, 0, MalformedMessage, 0)
	f(message(messageHTTPLogs, nil), 0, MalformedMessage, 0)
	f(message(messageHTTPLogs, list(good, good)), 2, MalformedEntry, 0)
	f(message(messageTCPLogs, list(good)), 1, MalformedEntry, 0) // an entry of the other kind is one without its fields
	f(message(9, list(good)), 0, MalformedMessage, 0)            // a kind of a later version
	f([]byte{0xff}, 0, MalformedMessage, 1)
	f(append(message(messageHTTPLogs, list(good)), 0xff), 1, MalformedMessage, 1)
	f(message(messageHTTPLogs, append(list(good), 0x0a, 0x7f)), 1, MalformedMessage, 1)
	f(message(messageHTTPLogs, list(good[:len(good)-1], good)), 2, MalformedEntry, 1)
	f(message(messageHTTPLogs, list(append(good, 0x00))), 1, MalformedEntry, 1)       // field number 0
	f(message(messageHTTPLogs, list(append(good, 0x0f))), 1, MalformedEntry, 1)       // wire type 7
	f(message(messageHTTPLogs, list(append(good, 0x7b, 0x7c))), 1, MalformedEntry, 0) // an empty group
	f(message(messageHTTPLogs, list(append(good, 0x7b))), 1, MalformedEntry, 1)       // a group without end
	f(message(messageHTTPLogs, list(append(good, 0x7c))), 1, MalformedEntry, 1)       // an end without group
	long := append([]byte{}, good...)
	f(message(messageHTTPLogs, list(append(long, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f))), 1, MalformedEntry, 1)
}

// TestEmptyMessages checks entries without one message or the other.
func TestEmptyMessages(t *testing.T) {
	t.Parallel()
	for _, e := range []*accesslogdata.HTTPAccessLogEntry{
		{},
		{CommonProperties: &accesslogdata.AccessLogCommon{}},
		{Request: &accesslogdata.HTTPRequestProperties{}},
		{Response: &accesslogdata.HTTPResponseProperties{}},
		{Request: request(nil).Request},
	} {
		rec, counts := httpEntry(t, everything, e)
		assert.Zero(t, counts.Malformed)
		assert.EqualValues(t, observed, rec.ObservedTimestamp())
		assert.Zero(t, rec.Timestamp())
	}
	rec, _ := httpEntry(t, everything, &accesslogdata.HTTPAccessLogEntry{})
	assert.Zero(t, rec.Attributes().Len())
	assert.Zero(t, rec.SeverityNumber(), "nothing says how anything ended")
	tcp, err := proto.Marshal(&accesslogv3.StreamAccessLogsMessage{LogEntries: &accesslogv3.StreamAccessLogsMessage_TcpLogs{
		TcpLogs: &accesslogv3.StreamAccessLogsMessage_TCPAccessLogEntries{LogEntry: []*accesslogdata.TCPAccessLogEntry{{}}},
	}})
	require.NoError(t, err)
	rec, _ = onlyRecord(t, everything, tcp)
	assert.Zero(t, rec.Attributes().Len())
}

// TestUnknownEnums checks that numbers of a later Envoy are counted and lose nothing else.
func TestUnknownEnums(t *testing.T) {
	t.Parallel()
	f := func(change func(*accesslogdata.HTTPAccessLogEntry)) {
		t.Helper()
		e := request(nil)
		change(e)
		rec, counts := httpEntry(t, Options{}, e)
		assert.Equal(t, 1, counts.Malformed[MalformedEnum])
		assert.Equal(t, "/a", attributes(rec)["url.path"])
	}
	f(func(e *accesslogdata.HTTPAccessLogEntry) { e.ProtocolVersion = 9 })
	f(func(e *accesslogdata.HTTPAccessLogEntry) { e.Request.RequestMethod = 99 })
	f(func(e *accesslogdata.HTTPAccessLogEntry) { e.CommonProperties.AccessLogType = 40 }) // never skipped
	f(func(e *accesslogdata.HTTPAccessLogEntry) {
		e.CommonProperties.ResponseFlags = &accesslogdata.ResponseFlags{UnauthorizedDetails: &accesslogdata.ResponseFlags_Unauthorized{Reason: 7}}
	})
	f(func(e *accesslogdata.HTTPAccessLogEntry) {
		flags := &accesslogdata.ResponseFlags{}
		flags.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 60, protowire.VarintType), 1))
		e.CommonProperties.ResponseFlags = flags
	})
}

// TestInvalidUTF8 checks that bytes which golang/protobuf would refuse the whole message for become records, repaired.
func TestInvalidUTF8(t *testing.T) {
	t.Parallel()
	entry, err := proto.Marshal(request(map[string]string{"x-name": "PLACEHOLDER"}))
	require.NoError(t, err)
	bad := []byte(strings.Replace(string(entry), "PLACEHOLDER", "caf\xff\xfe/bars!", 1))
	require.Error(t, proto.Unmarshal(bad, &accesslogdata.HTTPAccessLogEntry{}))
	ld := plog.NewLogs()
	c := Cursor{entries: protowire.AppendBytes([]byte{logsEntry<<3 | text}, bad)}
	NewDecoder(everything).Records(&c, 1, observed, ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords())
	stats := engine(t).Logs(ld)
	repaired := 0
	for _, s := range stats {
		repaired += s.Repaired
	}
	assert.Equal(t, 1, repaired)
	assert.Equal(t, []any{"caf\uFFFD/bars!"}, attributes(gatewaytest.Records(ld)[0])["http.request.header.x-name"])
}

// TestTooMany checks that maps larger than any Envoy sends are cut and counted, and deep ones end.
func TestTooMany(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range maxMembers + 10 {
		many["k"+strings.Repeat("x", i)] = "v"
	}
	f := func(change func(*accesslogdata.HTTPAccessLogEntry), prefix string) {
		t.Helper()
		e := request(nil)
		change(e)
		rec, counts := httpEntry(t, everything, e)
		assert.Equal(t, 1, counts.Malformed[MalformedTooMany], prefix)
		n := 0
		for key := range rec.Attributes().All() {
			if strings.HasPrefix(key, prefix) {
				n++
			}
		}
		assert.LessOrEqual(t, n, maxMembers, prefix)
		assert.Greater(t, n, 100, prefix)
	}
	f(func(e *accesslogdata.HTTPAccessLogEntry) { e.Request.RequestHeaders = many }, "http.request.header.k")
	f(func(e *accesslogdata.HTTPAccessLogEntry) {
		e.Response = &accesslogdata.HTTPResponseProperties{ResponseHeaders: many}
	}, "http.response.header.k")
	f(func(e *accesslogdata.HTTPAccessLogEntry) {
		e.Response = &accesslogdata.HTTPResponseProperties{ResponseTrailers: many}
	}, "gateway.response.trailer.k")
	f(func(e *accesslogdata.HTTPAccessLogEntry) { e.CommonProperties.CustomTags = many }, "k")

	deep := structpb.NewStringValue("bottom")
	for range maxDepth + 5 {
		deep = structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{deep}})
	}
	e := request(nil)
	e.CommonProperties.Metadata = metadata(map[string]*structpb.Struct{"f": {Fields: map[string]*structpb.Value{"k": deep}}})
	rec, counts := httpEntry(t, everything, e)
	assert.Equal(t, 1, counts.Malformed[MalformedDepth])
	assert.Contains(t, attributes(rec), "gateway.dynamic_metadata")
}
