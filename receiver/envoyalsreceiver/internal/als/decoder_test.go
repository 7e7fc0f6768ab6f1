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
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// httpEntry is one record made of one HTTP entry, through the engine, with its resource.
func httpEntry(t *testing.T, opts Options, e *accesslogdata.HTTPAccessLogEntry) (plog.LogRecord, Counts) {
	t.Helper()
	b, err := proto.Marshal(&accesslogv3.StreamAccessLogsMessage{LogEntries: &accesslogv3.StreamAccessLogsMessage_HttpLogs{
		HttpLogs: &accesslogv3.StreamAccessLogsMessage_HTTPAccessLogEntries{LogEntry: []*accesslogdata.HTTPAccessLogEntry{e}},
	}})
	require.NoError(t, err)
	return onlyRecord(t, opts, b)
}

func onlyRecord(t *testing.T, opts Options, message []byte) (plog.LogRecord, Counts) {
	t.Helper()
	batches, counts := decodeAll(t, opts, message)
	engine(t).Logs(batches[0])
	engine(t).RedactLogs(batches[0])
	records := gatewaytest.Records(batches[0])
	require.Len(t, records, 1)
	return records[0], counts
}

func attributes(rec plog.LogRecord) map[string]any { return rec.Attributes().AsRaw() }

func request(headers map[string]string) *accesslogdata.HTTPAccessLogEntry {
	return &accesslogdata.HTTPAccessLogEntry{
		CommonProperties: &accesslogdata.AccessLogCommon{},
		Request: &accesslogdata.HTTPRequestProperties{
			RequestMethod: core.RequestMethod_GET, Path: "/a", Authority: "shop.example.com", RequestHeaders: headers,
		},
	}
}

// TestTraceIDs checks where trace and span ids may come from, and which wins.
func TestTraceIDs(t *testing.T) {
	t.Parallel()
	const (
		trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
		other, more = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	)
	f := func(headers, tags map[string]string, wantTrace, wantSpan string) {
		t.Helper()
		e := request(headers)
		e.CommonProperties.CustomTags = tags
		rec, _ := httpEntry(t, everything, e)
		assert.Equal(t, wantTrace, rec.TraceID().String(), "%v %v", headers, tags)
		assert.Equal(t, wantSpan, rec.SpanID().String(), "%v %v", headers, tags)
	}
	type m = map[string]string
	f(nil, nil, "", "")
	f(m{"traceparent": "00-" + trace + "-" + span + "-01"}, nil, trace, span)
	f(nil, m{"traceparent": "00-" + trace + "-" + span + "-01"}, trace, span)
	f(nil, m{"trace_parent": "00-" + trace + "-" + span + "-01"}, trace, span)
	f(nil, m{"trace_id": trace, "span_id": span}, trace, span)
	// A tag is what the gateway's operator asked for; a header names whatever span comes next.
	f(m{"traceparent": "00-" + trace + "-" + more + "-01"}, m{"trace_id": trace, "span_id": span}, trace, span)
	f(m{"b3": trace + "-" + span + "-1"}, nil, trace, span)
	f(m{"b3": trace + "-" + span + "-1-05e3ac9a4f6e3b90"}, nil, trace, span)
	f(m{"b3": "8448eb211c80319c-" + span}, nil, "00000000000000008448eb211c80319c", span)
	f(m{"b3": "0"}, nil, "", "")
	f(m{"b3": "x-y"}, nil, "", "")
	f(m{"x-b3-traceid": trace, "x-b3-spanid": span, "x-b3-sampled": "1"}, nil, trace, span)
	f(m{"x-b3-traceid": trace}, nil, trace, "")
	f(nil, m{"x-b3-traceid": trace, "x-b3-spanid": span}, trace, span)
	f(m{"b3": other + "-" + more + "-1", "traceparent": "00-" + trace + "-" + span + "-01"}, nil, trace, span)
	f(m{"b3": other + "-" + more + "-1", "traceparent": "garbage"}, nil, other, more)
	f(m{"b3": other + "-" + more + "-1"}, m{"trace_id": trace, "span_id": span}, trace, span)
}

// TestTimes checks that times are exact and impossible ones are counted.
func TestTimes(t *testing.T) {
	t.Parallel()
	start := func(seconds int64, nanos int32) (pcommon.Timestamp, int) {
		e := request(nil)
		e.CommonProperties.StartTime = &timestamppb.Timestamp{Seconds: seconds, Nanos: nanos}
		rec, counts := httpEntry(t, everything, e)
		return rec.Timestamp(), counts.Malformed[MalformedTime]
	}
	f := func(seconds int64, nanos int32, want pcommon.Timestamp, bad int) {
		t.Helper()
		got, malformed := start(seconds, nanos)
		assert.Equal(t, want, got)
		assert.Equal(t, bad, malformed)
	}
	f(1795271079, 283516001, 1795271079283516001, 0)
	f(1795271079, 999999999, 1795271079999999999, 0)
	f(-1, 0, 0, 1)
	f(1, -1, 0, 1)
	f(1, 1e9, 0, 1)
	f(1<<62, 0, 0, 1)

	g := func(seconds int64, nanos int32, want any, bad int) {
		t.Helper()
		e := request(nil)
		e.CommonProperties.Duration = &durationpb.Duration{Seconds: seconds, Nanos: nanos}
		rec, counts := httpEntry(t, everything, e)
		assert.Equal(t, want, attributes(rec)["gateway.request.duration"])
		assert.Equal(t, bad, counts.Malformed[MalformedDuration])
	}
	g(0, 806876, 0.000806876, 0)
	g(0, 0, 0.0, 0)
	g(3, 165000000, 3.165, 0)
	g(86400*365, 1, 31536000.000000001, 0)
	g(-1, 0, nil, 1)
	g(0, -5, nil, 1)
	g(1<<60, 0, nil, 1)
}

// TestUpstreamDuration is x-envoy-upstream-service-time, exact.
func TestUpstreamDuration(t *testing.T) {
	t.Parallel()
	f := func(received, answered *durationpb.Duration, want any) {
		t.Helper()
		e := request(nil)
		e.CommonProperties.TimeToLastRxByte, e.CommonProperties.TimeToFirstUpstreamRxByte = received, answered
		rec, _ := httpEntry(t, everything, e)
		assert.Equal(t, want, attributes(rec)["gateway.upstream.duration"])
	}
	f(durationpb.New(36078), durationpb.New(672015), 0.000635937)
	f(nil, durationpb.New(672015), nil)
	f(durationpb.New(36078), nil, nil)
	f(durationpb.New(2*time.Second), durationpb.New(time.Second), nil) // an answer before the whole request was there
}

// TestAddresses checks every kind of address.
func TestAddresses(t *testing.T) {
	t.Parallel()
	f := func(a *core.Address, address string, port any, malformed int) {
		t.Helper()
		e := request(nil)
		e.CommonProperties.DownstreamRemoteAddress = a
		e.CommonProperties.UpstreamRemoteAddress = a
		rec, counts := httpEntry(t, everything, e)
		assert.Equal(t, address, attributes(rec)["client.address"])
		assert.Equal(t, port, attributes(rec)["client.port"])
		assert.Equal(t, address, attributes(rec)["gateway.upstream.address"])
		assert.Equal(t, port, attributes(rec)["gateway.upstream.port"])
		assert.Equal(t, malformed, counts.Malformed[MalformedPort])
	}
	socket := func(address string, port uint32) *core.Address {
		return &core.Address{Address: &core.Address_SocketAddress{SocketAddress: &core.SocketAddress{
			Address: address, PortSpecifier: &core.SocketAddress_PortValue{PortValue: port},
		}}}
	}
	f(socket("10.0.0.7", 49576), "10.0.0.7", int64(49576), 0)
	f(socket("fe80::1", 443), "fe80::1", int64(443), 0)
	f(socket("10.0.0.7", 0), "10.0.0.7", nil, 0)
	f(socket("10.0.0.7", 70000), "10.0.0.7", nil, 1)
	f(&core.Address{Address: &core.Address_Pipe{Pipe: &core.Pipe{Path: "/run/envoy.sock"}}}, "/run/envoy.sock", nil, 0)
	f(&core.Address{Address: &core.Address_EnvoyInternalAddress{EnvoyInternalAddress: &core.EnvoyInternalAddress{
		AddressNameSpecifier: &core.EnvoyInternalAddress_ServerListenerName{ServerListenerName: "inner"}, EndpointId: "1",
	}}}, "envoy://inner/1", nil, 0)
}

// TestTransport: a datagram's protocol is on the record, a stream's goes without saying.
func TestTransport(t *testing.T) {
	t.Parallel()
	f := func(protocol core.SocketAddress_Protocol, version accesslogdata.HTTPAccessLogEntry_HTTPVersion, want any) {
		t.Helper()
		e := request(nil)
		e.ProtocolVersion = version
		e.CommonProperties.DownstreamDirectRemoteAddress = &core.Address{Address: &core.Address_SocketAddress{
			SocketAddress: &core.SocketAddress{Protocol: protocol, Address: "10.0.0.7"},
		}}
		rec, _ := httpEntry(t, everything, e)
		assert.Equal(t, want, attributes(rec)["network.transport"])
	}
	f(core.SocketAddress_TCP, accesslogdata.HTTPAccessLogEntry_HTTP11, nil)
	f(core.SocketAddress_UDP, accesslogdata.HTTPAccessLogEntry_HTTP3, "quic")
	f(core.SocketAddress_UDP, accesslogdata.HTTPAccessLogEntry_PROTOCOL_UNSPECIFIED, "udp")
}

// TestFlags checks their spelling, order and what they say about the outcome.
func TestFlags(t *testing.T) {
	t.Parallel()
	f := func(flags *accesslogdata.ResponseFlags, code uint32, want, errorType any, severity string) {
		t.Helper()
		e := request(nil)
		e.CommonProperties.ResponseFlags = flags
		e.Response = &accesslogdata.HTTPResponseProperties{}
		if code > 0 {
			e.Response.ResponseCode = wrapperspb.UInt32(code)
		}
		rec, _ := httpEntry(t, everything, e)
		assert.Equal(t, want, attributes(rec)["response_flags"])
		assert.Equal(t, errorType, attributes(rec)["error.type"])
		assert.Equal(t, severity, rec.SeverityText())
	}
	type flags = accesslogdata.ResponseFlags
	f(nil, 200, nil, nil, "INFO")
	f(&flags{}, 200, nil, nil, "INFO")
	f(nil, 404, nil, nil, "WARN")
	f(&flags{UpstreamConnectionFailure: true, UpstreamRetryLimitExceeded: true}, 503, "URX,UF", "503", "ERROR")
	f(&flags{DownstreamConnectionTermination: true}, 0, "DC", "DC", "ERROR")
	f(nil, 0, nil, "_OTHER", "ERROR")
	f(&flags{UnauthorizedDetails: &accesslogdata.ResponseFlags_Unauthorized{Reason: 1}}, 403, "UAEX", nil, "WARN")
	f(&flags{DelayInjected: true, RateLimited: true, DownstreamRemoteReset: true}, 429, "DI,RL,DR", nil, "WARN")
}

// TestIntermediate checks that an entry of a request that is not over says nothing about its outcome.
func TestIntermediate(t *testing.T) {
	t.Parallel()
	e := request(nil)
	e.CommonProperties.AccessLogType = accesslogdata.AccessLogType_DownstreamStart
	e.Response = &accesslogdata.HTTPResponseProperties{}
	rec, _ := httpEntry(t, everything, e)
	assert.Equal(t, "INFO", rec.SeverityText())
	assert.NotContains(t, attributes(rec), "error.type")
	assert.Equal(t, "DownstreamStart", attributes(rec)["gateway.access_log.type"])

	old := request(nil)
	old.CommonProperties.IntermediateLogEntry = true //nolint:staticcheck // what Envoy before 1.26 sends
	rec, _ = httpEntry(t, everything, old)
	assert.Equal(t, "Intermediate", attributes(rec)["gateway.access_log.type"])
	b, err := proto.Marshal(old)
	require.NoError(t, err)
	c := Cursor{entries: framed(b)}
	counts := NewDecoder(Options{}).Records(&c, 1, observed, plog.NewLogRecordSlice())
	assert.Equal(t, 1, counts.Skipped[HTTP])
}

// TestAttempt checks the entry of one attempt to reach the upstream, which Envoy writes from the upstream's side.
func TestAttempt(t *testing.T) {
	t.Parallel()
	e := request(nil)
	e.CommonProperties.AccessLogType = accesslogdata.AccessLogType_UpstreamEnd
	e.CommonProperties.UpstreamRequestAttemptCount = 0
	e.Request.RequestBodyBytes = 2
	e.Response = &accesslogdata.HTTPResponseProperties{ResponseBodyBytes: 11, ResponseCode: wrapperspb.UInt32(200)}
	rec, _ := httpEntry(t, everything, e)
	got := attributes(rec)
	assert.EqualValues(t, 11, got["http.request.body.size"])
	assert.EqualValues(t, 2, got["http.response.body.size"])
	assert.NotContains(t, got, "gateway.upstream.attempts")

	e.CommonProperties.AccessLogType = accesslogdata.AccessLogType_DownstreamEnd
	rec, _ = httpEntry(t, everything, e)
	got = attributes(rec)
	assert.EqualValues(t, 2, got["http.request.body.size"])
	assert.EqualValues(t, 11, got["http.response.body.size"])
	assert.EqualValues(t, 0, got["gateway.upstream.attempts"])
}

// TestGRPC checks what trailers, headers and content types say.
func TestGRPC(t *testing.T) {
	t.Parallel()
	f := func(change func(*accesslogdata.HTTPAccessLogEntry), want map[string]any, severity string) {
		t.Helper()
		e := request(nil)
		e.Request.Path = "/shop.Cart/Get"
		e.Response = &accesslogdata.HTTPResponseProperties{ResponseCode: wrapperspb.UInt32(200)}
		change(e)
		rec, _ := httpEntry(t, everything, e)
		got := attributes(rec)
		for key, value := range want {
			assert.Equal(t, value, got[key], key)
		}
		assert.Equal(t, severity, rec.SeverityText())
	}
	type m = map[string]any
	f(func(e *accesslogdata.HTTPAccessLogEntry) {
		e.Response.ResponseTrailers = map[string]string{"grpc-status": "14", "grpc-message": "no%20way", "x-cost": "3"}
	}, m{
		"rpc.system.name": "grpc", "rpc.method": "shop.Cart/Get", "rpc.status_code": "UNAVAILABLE", "error.type": "UNAVAILABLE",
		"rpc.response.trailer.grpc-message": []any{"no way"}, "rpc.response.trailer.x-cost": []any{"3"},
	}, "ERROR")
	f(func(e *accesslogdata.HTTPAccessLogEntry) {
		e.Response.ResponseHeaders = map[string]string{"grpc-status": "5", "grpc-message": "no%20way"}
	}, m{
		"rpc.method": "shop.Cart/Get", "rpc.status_code": "NOT_FOUND", "error.type": nil,
		"rpc.response.trailer.grpc-message": []any{"no way"},
		"http.response.header.grpc-status":  nil, "http.response.header.grpc-message": nil,
	}, "INFO")
	f(func(e *accesslogdata.HTTPAccessLogEntry) {
		e.Request.RequestHeaders = map[string]string{"content-type": "application/grpc+proto"}
	}, m{"rpc.method": "shop.Cart/Get", "rpc.status_code": nil}, "INFO")
	f(func(e *accesslogdata.HTTPAccessLogEntry) {
		e.Request.RequestHeaders = map[string]string{"content-type": "application/grpc-web"}
		e.Response.ResponseTrailers = map[string]string{"x-cost": "3"}
	}, m{"rpc.method": nil, "rpc.system.name": nil, "gateway.response.trailer.x-cost": []any{"3"}}, "INFO")
}

// TestRequest checks what is told about a request in several fields.
func TestRequest(t *testing.T) {
	t.Parallel()
	f := func(r *accesslogdata.HTTPRequestProperties, want map[string]any) {
		t.Helper()
		rec, _ := httpEntry(t, everything, &accesslogdata.HTTPAccessLogEntry{Request: r})
		got := attributes(rec)
		for key, value := range want {
			assert.Equal(t, value, got[key], key)
		}
	}
	type (
		request = accesslogdata.HTTPRequestProperties
		m       = map[string]any
	)
	f(&request{Path: "/v1/orders?sig=secret&id=7", OriginalPath: "/api/orders?sig=secret", Authority: "a.example:8443", Scheme: "HTTPS"}, m{
		"url.path": "/api/orders", "url.query": "sig=REDACTED", "gateway.upstream.uri": "/v1/orders?sig=REDACTED&id=7",
		"server.address": "a.example", "server.port": int64(8443), "url.scheme": "https", "http.request.method": "_OTHER",
	})
	f(&request{RequestMethod: 77, Path: "/"}, m{"http.request.method": "_OTHER"})
	f(&request{}, m{"http.request.method": nil, "url.path": nil})
	f(&request{Path: "/", RequestHeaders: map[string]string{"authorization": "Bearer x", "x-tenant": "acme,other", "empty": ""}}, m{
		"http.request.header.authorization": []any{"REDACTED"}, "http.request.header.x-tenant": []any{"acme,other"},
		"http.request.header.empty": nil,
	})
	f(&request{Path: "/", Referer: "https://a.example/?sig=x", ForwardedFor: "10.0.0.1, 10.0.0.2", RequestId: "id"}, m{
		"http.request.header.referer": []any{"https://a.example/?sig=REDACTED"}, "http.request.header.x-request-id": []any{"id"},
		"http.request.header.x-forwarded-for": []any{"10.0.0.1, 10.0.0.2"},
	})
}

// TestCustomTags checks that tags have their own names, as on spans, unless those are taken.
func TestCustomTags(t *testing.T) {
	t.Parallel()
	e := request(nil)
	e.CommonProperties.UpstreamCluster = "kube_shop_cart_8080"
	e.CommonProperties.CustomTags = map[string]string{"tenant": "acme", "upstream_cluster": "mine", "http.route": "/a/{id}"}
	rec, _ := httpEntry(t, everything, e)
	got := attributes(rec)
	assert.Equal(t, "acme", got["tenant"])
	assert.Equal(t, "/a/{id}", got["http.route"])
	assert.Equal(t, "kube_shop_cart_8080", got["upstream_cluster"])
	assert.Equal(t, "mine", got["gateway.custom_tag.upstream_cluster"])
}

// TestHidden checks that a value of a secret header is nowhere in a record, wherever it was logged.
func TestHidden(t *testing.T) {
	t.Parallel()
	e := request(map[string]string{"authorization": "s3cr3t", "cookie": "s3cr3t"})
	e.Response = &accesslogdata.HTTPResponseProperties{ResponseHeaders: map[string]string{"set-cookie": "s3cr3t"}}
	e.Request.Path = "/?sig=s3cr3t"
	e.Request.OriginalPath = "/o?sig=s3cr3t"
	e.Request.Referer = "https://user:s3cr3t@a.example/?sig=s3cr3t"
	rec, _ := httpEntry(t, everything, e)
	ld := plog.NewLogs()
	rec.CopyTo(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	assert.NotContains(t, gatewaytest.Logs(ld), "s3cr3t")
}
