package als

import (
	"strings"
	"testing"

	accesslogdata "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// without are fields that have no attribute, and why.
var without = map[string]string{
	"Pipe.mode":                                          "permissions of the socket file: configuration, not of a connection",
	"SocketAddress.named_port":                           "configuration: the address of a connection has a number",
	"SocketAddress.resolver_name":                        "configuration: the address of a connection is resolved",
	"SocketAddress.ipv4_compat":                          "configuration of a listener",
	"SocketAddress.network_namespace_filepath":           "configuration of a listener",
	"upstream_remote_address SocketAddress.protocol":     "network.transport is the client's side; an upstream's has no name",
	"upstream_local_address SocketAddress.protocol":      "the same",
	"ResponseFlags.Unauthorized.reason":                  "the flag says all of the one reason there is",
	"TLSProperties.CertificateProperties":                "an empty certificate says nothing",
	"TLSProperties.CertificateProperties.SubjectAltName": "an empty name says nothing",
}

// TestEveryFieldHasAPlace sets one field at a time, of all messages that an entry is made of, to a value that is not its
// default: the record must show it. A field that a later go-control-plane adds fails here until it has a place.
func TestEveryFieldHasAPlace(t *testing.T) {
	t.Parallel()
	var seen []string
	for _, entry := range []proto.Message{&accesslogdata.HTTPAccessLogEntry{}, &accesslogdata.TCPAccessLogEntry{}} {
		fields(t, entry.ProtoReflect(), nil, func(where []protoreflect.FieldDescriptor) {
			last := where[len(where)-1]
			name := strings.TrimPrefix(string(last.FullName()), "envoy.data.accesslog.v3.")
			name = strings.TrimPrefix(name, "envoy.config.core.v3.")
			seen = append(seen, name)
			base, set := entry.ProtoReflect().New(), entry.ProtoReflect().New()
			fill(base, where, false)
			fill(set, where, true)
			// Wrappers and Durations are messages of their own package: their place is that of the field they are in.
			was, is := record(t, base.Interface()), record(t, set.Interface())
			if without[name] != "" || len(where) > 2 && without[string(where[len(where)-3].Name())+" "+name] != "" {
				assert.Equal(t, was, is, "%s has a place by now: take it off the list", name)
				return
			}
			assert.NotEqual(t, was, is, "%s of %s is not in the record", name, entry.ProtoReflect().Descriptor().Name())
		})
	}
	for _, name := range []string{
		"AccessLogCommon.sample_rate", "HTTPRequestProperties.downstream_header_bytes_received", "ConnectionProperties.sent_bytes",
		"ResponseFlags.downstream_remote_reset", "TLSProperties.ja3_fingerprint", "SocketAddress.port_value",
		"AccessLogCommon.access_log_type", "HTTPResponseProperties.response_trailers",
	} {
		assert.Contains(t, seen, name, "the walk did not come by")
	}
}

// record is what becomes of one entry, as text.
func record(t *testing.T, entry proto.Message) string {
	t.Helper()
	b, err := proto.Marshal(entry)
	require.NoError(t, err)
	kind := HTTP
	if entry.ProtoReflect().Descriptor().Name() == "TCPAccessLogEntry" {
		kind = TCP
	}
	ld := plog.NewLogs()
	to := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	d := NewDecoder(everything)
	c := Cursor{entries: framed(b), kind: kind}
	counts := d.Records(&c, 1, observed, to)
	require.Equal(t, 1, to.Len())
	require.Zero(t, counts.Malformed, "%v", entry)
	return gatewaytest.Logs(ld)
}

// framed is a list of one entry.
func framed(b []byte) []byte {
	m := &accesslogv3.StreamAccessLogsMessage_HTTPAccessLogEntries{LogEntry: []*accesslogdata.HTTPAccessLogEntry{{}}}
	_ = proto.Unmarshal(b, m.LogEntry[0]) // unknown fields are kept: an entry of the other kind passes as well
	out, _ := proto.Marshal(m)
	return out
}

// fields calls visit with the way to every field of the message, those of messages in it included.
func fields(t *testing.T, m protoreflect.Message, above []protoreflect.FieldDescriptor, visit func([]protoreflect.FieldDescriptor)) {
	t.Helper()
	list := m.Descriptor().Fields()
	for i := range list.Len() {
		f := list.Get(i)
		where := append(append([]protoreflect.FieldDescriptor{}, above...), f)
		if f.IsMap() || f.Message() == nil || !strings.HasPrefix(string(f.Message().FullName()), "envoy.") ||
			strings.HasSuffix(string(f.Message().FullName()), ".Metadata") {
			visit(where)
			continue
		}
		var next protoreflect.Message
		if f.IsList() {
			next = m.New().Mutable(f).List().NewElement().Message()
		} else {
			next = m.New().Mutable(f).Message()
		}
		fields(t, next, where, visit)
	}
}

// fill makes the messages on the way and, when set, gives the last field a value.
func fill(m protoreflect.Message, where []protoreflect.FieldDescriptor, set bool) {
	f := where[0]
	if len(where) > 1 {
		if f.IsList() {
			list := m.Mutable(f).List()
			e := list.NewElement()
			fill(e.Message(), where[1:], set)
			list.Append(e)
			return
		}
		fill(m.Mutable(f).Message(), where[1:], set)
		// An address shows only with a host.
		if f.Message().Name() == "SocketAddress" && where[1].Name() != "address" {
			m.Mutable(f).Message().Set(f.Message().Fields().ByName("address"), protoreflect.ValueOfString("10.0.0.1"))
		}
		if f.Message().Name() == "Pipe" && where[1].Name() != "path" {
			m.Mutable(f).Message().Set(f.Message().Fields().ByName("path"), protoreflect.ValueOfString("/run/s"))
		}
		return
	}
	if !set {
		return
	}
	switch {
	case f.IsMap() && f.MapValue().Message() != nil:
		packed, _ := anypb.New(structpb.NewStringValue("v"))
		m.Mutable(f).Map().Set(protoreflect.ValueOfString("k").MapKey(), protoreflect.ValueOfMessage(packed.ProtoReflect()))
	case f.IsMap():
		m.Mutable(f).Map().Set(protoreflect.ValueOfString("k").MapKey(), protoreflect.ValueOfString("v"))
	case f.Message() != nil && f.Message().Name() == "Metadata":
		s, _ := structpb.NewStruct(map[string]any{"k": "v"})
		meta := m.Mutable(f).Message()
		entry := meta.Mutable(meta.Descriptor().Fields().ByName("filter_metadata")).Map()
		entry.Set(protoreflect.ValueOfString("filter").MapKey(), protoreflect.ValueOfMessage(s.ProtoReflect()))
	case f.Message() != nil: // Timestamp, Duration, UInt32Value: their first field
		inner := m.Mutable(f).Message()
		inner.Set(inner.Descriptor().Fields().ByNumber(1), one(inner.Descriptor().Fields().ByNumber(1)))
	default:
		m.Set(f, one(f))
	}
}

// one is a value that is not the default.
func one(f protoreflect.FieldDescriptor) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(1)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(0.5)
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(443)
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(443)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(443)
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("x")
	}
	panic("no value for " + f.FullName())
}
