package als

import (
	"testing"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	accesslogdata "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// TestMetadata checks dynamic metadata and filter state of every type, secrets and settings.
func TestMetadata(t *testing.T) {
	t.Parallel()
	structure, err := structpb.NewStruct(map[string]any{
		"sub": "alice", "exp": 1.5, "ok": true, "none": nil, "list": []any{"a", 2.0}, "deep": map[string]any{"Cookie": "secret"},
	})
	require.NoError(t, err)
	pack := func(m proto.Message) *anypb.Any {
		a, err := anypb.New(m)
		require.NoError(t, err)
		return a
	}
	e := request(nil)
	e.CommonProperties.Metadata = &core.Metadata{
		FilterMetadata:      map[string]*structpb.Struct{"envoy.filters.http.jwt_authn": structure},
		TypedFilterMetadata: map[string]*anypb.Any{"typed": pack(wrapperspb.String("s"))},
	}
	e.CommonProperties.FilterStateObjects = map[string]*anypb.Any{
		"string": pack(wrapperspb.String("s")), "int": pack(wrapperspb.Int64(-7)), "bool": pack(wrapperspb.Bool(true)),
		"double": pack(wrapperspb.Double(0.5)), "float": pack(wrapperspb.Float(0.5)), "bytes": pack(wrapperspb.Bytes([]byte{1, 2})),
		"duration": pack(durationpb.New(1500 * time.Millisecond)), "struct": pack(structure), "node": pack(&core.Locality{Zone: "z"}),
		"value": pack(structpb.NewNumberValue(2)), "zero": pack(wrapperspb.Int64(0)),
	}
	opts := everything
	opts.Secrets = map[string]bool{"cookie": true}
	rec, counts := httpEntry(t, opts, e)
	assert.Zero(t, counts.Malformed)
	claims := map[string]any{
		"sub": "alice", "exp": 1.5, "ok": true, "none": nil, "list": []any{"a", 2.0}, "deep": map[string]any{"Cookie": "REDACTED"},
	}
	assert.Equal(t, map[string]any{"envoy.filters.http.jwt_authn": claims, "typed": "s"}, attributes(rec)["gateway.dynamic_metadata"])
	zone, err := proto.Marshal(&core.Locality{Zone: "z"})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{
		"string": "s", "int": int64(-7), "bool": true, "double": 0.5, "float": 0.5, "bytes": []byte{1, 2}, "duration": 1.5,
		"struct": claims, "value": 2.0, "zero": int64(0),
		"node": map[string]any{"@type": "type.googleapis.com/envoy.config.core.v3.Locality", "value": zone},
	}, attributes(rec)["gateway.filter_state"])

	rec, _ = httpEntry(t, Options{Intermediate: true}, e)
	assert.NotContains(t, attributes(rec), "gateway.dynamic_metadata")
	assert.NotContains(t, attributes(rec), "gateway.filter_state")
}

// TestTLS checks the connection's properties.
func TestTLS(t *testing.T) {
	t.Parallel()
	e := request(nil)
	e.CommonProperties.TlsProperties = &accesslogdata.TLSProperties{
		TlsVersion: accesslogdata.TLSProperties_TLSv1_3, TlsCipherSuite: wrapperspb.UInt32(0x1301), TlsSniHostname: "sni.example.com",
		PeerCertificateProperties: &accesslogdata.TLSProperties_CertificateProperties{
			Subject: "CN=client", Issuer: "CN=ca",
			SubjectAltName: []*accesslogdata.TLSProperties_CertificateProperties_SubjectAltName{
				{San: &accesslogdata.TLSProperties_CertificateProperties_SubjectAltName_Uri{Uri: "spiffe://a/b"}},
				{San: &accesslogdata.TLSProperties_CertificateProperties_SubjectAltName_Dns{Dns: "client.example.com"}},
			},
		},
		LocalCertificateProperties: &accesslogdata.TLSProperties_CertificateProperties{Subject: "CN=gw"},
		TlsSessionId:               "5e55", Ja3Fingerprint: "d4e5",
	}
	rec, counts := httpEntry(t, everything, e)
	assert.Zero(t, counts.Malformed)
	got := attributes(rec)
	for key, want := range map[string]any{
		"tls.protocol.name": "tls", "tls.protocol.version": "1.3", "tls.cipher": "TLS_AES_128_GCM_SHA256",
		"gateway.tls.server_name": "sni.example.com", "server.address": "shop.example.com", "tls.client.subject": "CN=client",
		"tls.client.issuer": "CN=ca", "tls.server.subject": "CN=gw", "tls.client.ja3": "d4e5", "gateway.tls.session_id": "5e55",
		"gateway.tls.client.subject_alt_names": []any{"spiffe://a/b", "client.example.com"},
	} {
		assert.Equal(t, want, got[key], key)
	}
	assert.NotContains(t, got, "requested_server_name")

	e.CommonProperties.TlsProperties = &accesslogdata.TLSProperties{TlsVersion: 9, TlsCipherSuite: wrapperspb.UInt32(1 << 20)}
	rec, counts = httpEntry(t, everything, e)
	assert.Equal(t, 1, counts.Malformed[MalformedEnum])
	assert.NotContains(t, attributes(rec), "tls.protocol.version")
}

// TestNode checks everything that is kept of an identifier.
func TestNode(t *testing.T) {
	t.Parallel()
	metadata, err := structpb.NewStruct(map[string]any{"role": "edge", "CLUSTER_ID": "c1", "LABELS": map[string]any{"app": "x"}})
	require.NoError(t, err)
	node := &core.Node{
		Id: "router~10.0.0.1~gw-0.istio-system~istio-system.svc.cluster.local", Cluster: "gw.istio-system", Metadata: metadata,
		Locality: &core.Locality{Region: "r", Zone: "z", SubZone: "s"}, UserAgentName: "envoy",
		UserAgentVersionType: &core.Node_UserAgentVersion{UserAgentVersion: "1.40.0-dev"},
	}
	resource := func(id *accesslogv3.StreamAccessLogsMessage_Identifier) map[string]any {
		b, err := proto.Marshal(id)
		require.NoError(t, err)
		m := pcommon.NewMap()
		NewDecoder(Options{NodeMetadata: []string{"role", "LABELS"}}).Resource(b, m)
		return m.AsRaw()
	}
	assert.Equal(t, map[string]any{
		"log_name": "als", "node_name": node.Id, "cluster_name": "gw.istio-system", "zone_name": "z",
		"gateway.locality.region": "r", "gateway.locality.sub_zone": "s", "gateway.proxy.name": "envoy",
		"gateway.proxy.version": "1.40.0-dev", "gateway.node.metadata.role": "edge",
		"gateway.node.metadata.LABELS": map[string]any{"app": "x"},
	}, resource(&accesslogv3.StreamAccessLogsMessage_Identifier{Node: node, LogName: "als"}))
	assert.Equal(t, map[string]any{"log_name": "", "node_name": ""}, resource(&accesslogv3.StreamAccessLogsMessage_Identifier{}))
}

// metadata is dynamic metadata of filters.
func metadata(filters map[string]*structpb.Struct) *core.Metadata {
	return &core.Metadata{FilterMetadata: filters}
}

// seeds are messages with the fields that no recording has.
func seeds(tb testing.TB) (out [][]byte) {
	tb.Helper()
	e := request(map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "b3": "0"})
	structure, err := structpb.NewStruct(map[string]any{"a": []any{1.0, "b", nil, true}, "c": map[string]any{"d": "e"}})
	require.NoError(tb, err)
	packed, err := anypb.New(structure)
	require.NoError(tb, err)
	e.CommonProperties.Metadata = metadata(map[string]*structpb.Struct{"f": structure})
	e.CommonProperties.FilterStateObjects = map[string]*anypb.Any{"o": packed}
	e.CommonProperties.CustomTags = map[string]string{"trace_id": "0af7651916cd43dd8448eb211c80319c", "path": "/x"}
	e.CommonProperties.TlsProperties = &accesslogdata.TLSProperties{
		TlsVersion: 4, TlsCipherSuite: wrapperspb.UInt32(0x1301), TlsSniHostname: "sni.example.com",
	}
	e.Response = &accesslogdata.HTTPResponseProperties{ResponseTrailers: map[string]string{"grpc-status": "14", "grpc-message": "x%20y"}}
	for _, m := range []*accesslogv3.StreamAccessLogsMessage{
		{LogEntries: &accesslogv3.StreamAccessLogsMessage_HttpLogs{HttpLogs: &accesslogv3.StreamAccessLogsMessage_HTTPAccessLogEntries{
			LogEntry: []*accesslogdata.HTTPAccessLogEntry{e},
		}}},
		{
			Identifier: &accesslogv3.StreamAccessLogsMessage_Identifier{Node: &core.Node{Id: "sidecar~10.0.0.1~a.b~c", Cluster: "c"}},
			LogEntries: &accesslogv3.StreamAccessLogsMessage_TcpLogs{TcpLogs: &accesslogv3.StreamAccessLogsMessage_TCPAccessLogEntries{
				LogEntry: []*accesslogdata.TCPAccessLogEntry{{
					CommonProperties:     &accesslogdata.AccessLogCommon{UpstreamCluster: "outbound|80||a.b.svc.cluster.local"},
					ConnectionProperties: &accesslogdata.ConnectionProperties{ReceivedBytes: 7},
				}},
			}},
		},
	} {
		b, err := proto.Marshal(m)
		require.NoError(tb, err)
		out = append(out, b)
	}
	return out
}
