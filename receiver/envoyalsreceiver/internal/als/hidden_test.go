package als

import (
	"testing"

	accesslogdata "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// TestHiddenElsewhere checks trailers, custom tags, and what Envoy says about failures, which may have URLs in it.
func TestHiddenElsewhere(t *testing.T) {
	t.Parallel()
	opts := everything
	opts.Secrets = map[string]bool{"authorization": true, "set-cookie": true, "x-api-key": true}
	f := func(trailers map[string]string, prefix string) {
		t.Helper()
		e := request(nil)
		e.Response = &accesslogdata.HTTPResponseProperties{
			ResponseTrailers:    trailers,
			ResponseCodeDetails: "filter_failed{https://user:s3cr3t@a.example/?sig=s3cr3t}",
		}
		c := e.CommonProperties
		c.CustomTags = map[string]string{"Authorization": "s3cr3t", "http.request.header.x-api-key": "s3cr3t", "tenant": "acme"}
		c.UpstreamTransportFailureReason = "https://user:s3cr3t@a.example"
		c.DownstreamTransportFailureReason = "https://user:s3cr3t@b.example"
		c.ConnectionTerminationDetails = "https://user:s3cr3t@c.example"
		rec, _ := httpEntry(t, opts, e)
		ld := plog.NewLogs()
		rec.CopyTo(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
		assert.NotContains(t, gatewaytest.Logs(ld), "s3cr3t")
		got := attributes(rec)
		assert.Equal(t, []any{"REDACTED"}, got[prefix+"set-cookie"])
		assert.Equal(t, []any{"kept"}, got[prefix+"x-other"])
		assert.Equal(t, "acme", got["tenant"])
	}
	secrets := map[string]string{"set-cookie": "s3cr3t", "authorization": "s3cr3t", "X-Api-Key": "s3cr3t", "x-other": "kept"}
	f(secrets, "gateway.response.trailer.")
	secrets["grpc-status"] = "0"
	f(secrets, "rpc.response.trailer.")
}

// TestGRPCQuery checks that a query, which is redacted elsewhere, is no part of rpc.method.
func TestGRPCQuery(t *testing.T) {
	t.Parallel()
	e := request(map[string]string{"content-type": "application/grpc"})
	e.Request.Path = "/login.Login/In?sig=s3cr3t"
	rec, _ := httpEntry(t, everything, e)
	assert.Equal(t, "login.Login/In", attributes(rec)["rpc.method"])
	assert.Equal(t, "sig=REDACTED", attributes(rec)["url.query"])

	// The engine does the same for spans and logs that have the path under this key.
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	NewDecoder(everything).Resource(nil, rl.Resource().Attributes())
	rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes().PutStr(grpcPath, "/login.Login/In?sig=s3cr3t")
	engine(t).Logs(ld)
	assert.Equal(t, "login.Login/In", attributes(gatewaytest.Records(ld)[0])["rpc.method"])
}

// TestHiddenOnce: what was hidden is not found again by the engine behind, where text is brought to lower case.
func TestHiddenOnce(t *testing.T) {
	t.Parallel()
	e := request(nil)
	e.Request.Scheme = "x?sig=S3CR3T"
	rec, _ := httpEntry(t, everything, e)
	assert.Equal(t, "x?sig=REDACTED", attributes(rec)["url.scheme"])
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	NewDecoder(everything).Resource(nil, rl.Resource().Attributes())
	rec.CopyTo(rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	engine(t).Logs(ld)
	assert.Equal(t, attributes(rec), attributes(gatewaytest.Records(ld)[0]))
}
