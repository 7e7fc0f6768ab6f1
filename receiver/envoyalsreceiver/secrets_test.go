package envoyalsreceiver

import (
	"testing"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	accesslogdata "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	accesslog "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// TestSecretsInTexts puts a URL with a password and a signature into every text that a client, an operator or Envoy can
// write, and looks for them in the bytes that go on.
func TestSecretsInTexts(t *testing.T) {
	t.Parallel()
	const (
		secret = "s3cr3t"
		text   = "see https://user:" + secret + "@a.example/?a=b&sig=" + secret + " there"
	)
	object := func() *structpb.Struct {
		s, err := structpb.NewStruct(map[string]any{"deep": map[string]any{"list": []any{text, map[string]any{"url": text}}}})
		require.NoError(t, err)
		return s
	}
	packed := func(m proto.Message) *anypb.Any {
		a, err := anypb.New(m)
		require.NoError(t, err)
		return a
	}
	entry := func(trailers map[string]string) *accesslogdata.HTTPAccessLogEntry {
		return &accesslogdata.HTTPAccessLogEntry{
			CommonProperties: &accesslogdata.AccessLogCommon{
				CustomTags:                       map[string]string{"tag": text, "http.url": text},
				UpstreamTransportFailureReason:   text,
				DownstreamTransportFailureReason: text,
				ConnectionTerminationDetails:     text,
				RouteName:                        text,
				StreamId:                         text,
				UpstreamCluster:                  "https://user:" + secret + "@a.example",
				Metadata: &core.Metadata{
					FilterMetadata:      map[string]*structpb.Struct{"filter": object()},
					TypedFilterMetadata: map[string]*anypb.Any{"typed": packed(object())},
				},
				FilterStateObjects: map[string]*anypb.Any{"state": packed(wrapperspb.String(text)), "object": packed(object())},
				TlsProperties:      &accesslogdata.TLSProperties{TlsSessionId: text, Ja3Fingerprint: text},
			},
			Request: &accesslogdata.HTTPRequestProperties{
				RequestMethod: core.RequestMethod_GET, Scheme: "https", Authority: "user:" + secret + "@a.example",
				Path: "/login.Login/In?next=https://user:" + secret + "@a.example&sig=" + secret, OriginalPath: "/b?sig=" + secret,
				UserAgent: text, Referer: text, ForwardedFor: text, RequestId: text,
				RequestHeaders: map[string]string{"x-callback": text, "content-type": "application/grpc", ":authority": "user:" + secret + "@a.example"},
			},
			Response: &accesslogdata.HTTPResponseProperties{
				ResponseHeaders: map[string]string{"location": text, "x-other": text}, ResponseTrailers: trailers, ResponseCodeDetails: text,
			},
		}
	}
	metadata, err := structpb.NewStruct(map[string]any{"role": text})
	require.NoError(t, err)
	m := httpMessage(
		entry(map[string]string{"grpc-status": "13", "grpc-message": text, "x-trailer": text}),
		entry(map[string]string{"grpc-status": "13", "grpc-message": "see https:%2F%2Fuser:" + secret + "%40a.example"}),
		entry(map[string]string{"x-trailer": text}),
	)
	m.Identifier = &accesslog.StreamAccessLogsMessage_Identifier{
		LogName: text, Node: &core.Node{Id: text, Cluster: text, Metadata: metadata, Locality: &core.Locality{Zone: text, Region: text}},
	}

	next := &sink{}
	r := start(t, next)
	stream := r.stream(t)
	require.NoError(t, stream.Send(m))
	require.NoError(t, stream.Send(httpMessage(path("/later")))) // the resource holds for later messages too
	next.wait(t, 4)
	for _, ld := range next.batches {
		wire, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		require.NoError(t, err)
		assert.NotContains(t, string(wire), secret)
	}
	agent, _ := next.records()[0].Attributes().Get("user_agent.original")
	assert.Equal(t, "see https://REDACTED:REDACTED@a.example/?a=b&sig=REDACTED there", agent.Str())
}

// TestWithoutNames: what has no name is left out, because attributes must have one, and counted; nothing else is lost.
func TestWithoutNames(t *testing.T) {
	t.Parallel()
	whole := func(key string) *accesslogdata.HTTPAccessLogEntry {
		e := path("/a")
		object, err := structpb.NewStruct(map[string]any{"": "kept", "kept": "too"})
		require.NoError(t, err)
		e.CommonProperties.CustomTags = map[string]string{key: "v", "tag": "v"}
		e.CommonProperties.Metadata = &core.Metadata{FilterMetadata: map[string]*structpb.Struct{key: object, "filter": object}}
		e.CommonProperties.FilterStateObjects = map[string]*anypb.Any{key: {}, "state": {}}
		e.Request.RequestHeaders = map[string]string{key: "v", "x-header": "v"}
		e.Response = &accesslogdata.HTTPResponseProperties{
			ResponseHeaders: map[string]string{key: "v", "x-header": "v"}, ResponseTrailers: map[string]string{key: "v", "x-trailer": "v"},
		}
		return e
	}
	next := &sink{}
	r := start(t, next)
	stream := r.stream(t)
	require.NoError(t, stream.Send(httpMessage(whole(""))))
	got := next.wait(t, 1)[0].Attributes().AsRaw()
	assert.EqualValues(t, 1, r.metric(t, "otelcol_receiver_envoy_als_malformed", "reason", "name"), "once per entry")

	require.NoError(t, stream.Send(httpMessage(whole("tag"))))
	want := next.wait(t, 2)[1].Attributes().AsRaw()
	for _, key := range []string{"http.request.header.tag", "http.response.header.tag", "gateway.response.trailer.tag"} {
		assert.Contains(t, want, key)
		delete(want, key)
	}
	for _, key := range []string{"gateway.dynamic_metadata", "gateway.filter_state"} {
		delete(want[key].(map[string]any), "tag")
	}
	assert.Equal(t, want, got)
	assert.Equal(t, map[string]any{"": "kept", "kept": "too"}, got["gateway.dynamic_metadata"].(map[string]any)["filter"], "inside of a value, keys may be empty")
	assert.EqualValues(t, 1, r.metric(t, "otelcol_receiver_envoy_als_malformed", "reason", "name"))
}
