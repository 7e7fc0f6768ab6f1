//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

const kgwALSLog = "als"

func isKgwALS(r *testbed.RecordItem) bool {
	return textOf(r.Resource.Attributes(), "log_name") == kgwALSLog
}

// kgwNotInALS are attributes of the same request's OTLP access log record and server span that its ALS record has not.
var kgwNotInALS = map[string]string{
	"component": "a tag of Envoy's tracer, the same on every span",
	"node_id":   "a tag of Envoy's tracer; here it is node_name, on the resource",
	"zone":      "a tag of Envoy's tracer; here it is zone_name, on the resource",
	"stage":     "an attribute that the policy gives the tracer only",
	"tenant":    "an attribute that the policy gives the tracer only",

	"rpc.request.header.grpc-timeout":  "a header that the policy does not log",
	"http.request.header.content-type": "a header that the policy does not log",
}

// kgwOnlyEnvironment are resource attributes that nothing in an ALS stream tells: kgateway gives them to the tracer by
// OTEL_RESOURCE_ATTRIBUTES, and some to its OTLP access logs. Who knows the pod's name can ask Kubernetes for them, which is
// gateway_identity's work.
var kgwOnlyEnvironment = []string{
	"service.namespace", "service.version", "service.instance.id", "k8s.pod.uid", "k8s.node.name", "k8s.deployment.name",
	"k8s.container.name",
}

// checkALS compares the ALS record of a request with its OTLP access log record and its server span.
func (c *cluster) checkALS(t *testing.T, x testbed.Exchange, r kgwRequest) {
	t.Helper()
	var found []*testbed.RecordItem
	for _, p := range x.Records {
		if p.After == nil || !isKgwALS(p.After) {
			continue
		}
		if strings.HasPrefix(textOf(p.After.Attributes(), "user_agent.original")+" ", r.userAgent()+" ") {
			found = append(found, p.After)
		}
	}
	require.Len(t, found, 1, "ALS records of the request")
	here, o := found[0], c.outcomeOf(x, r)
	assert.Equal(t, map[string]any{
		"log_name":                   kgwALSLog,
		"zone_name":                  "region-1a",
		"gateway.locality.region":    "region-1",
		"cluster_name":               "http.kgateway-system",
		"node_name":                  c.proxy.Pod + ".kgateway-system",
		"gateway.node.metadata.role": "kgateway-kube-gateway-api~kgateway-system~http",
		"gateway.proxy.name":         "envoy",
		"gateway.proxy.version":      testbed.KgatewayEnvoyVersion,
		"service.name":               "http.kgateway-system",
		"k8s.namespace.name":         "kgateway-system",
		"k8s.pod.name":               c.proxy.Pod,
	}, here.Resource.Attributes().AsRaw())

	require.Len(t, o.access, 1)
	there := o.access[0].After
	assert.Equal(t, there.Timestamp(), here.Timestamp())
	if r.protocol != kgwGRPC { // the format of the OTLP access log does not tell a gRPC status
		assert.Equal(t, there.SeverityNumber(), here.SeverityNumber())
	}
	assert.Greater(t, sameAttributes(t, "OTLP record", here.Attributes(), there.Attributes(), kgwNotInALS), 6)
	sameIdentity(t, "OTLP record", here.Resource, there.Resource)
	if _, logged := here.Attributes().Get("http.request.header.traceparent"); logged {
		assert.Equal(t, there.TraceID(), here.TraceID())
	} else {
		assert.Equal(t, kgwNoParent, r.parent, "a request with a traceparent has one")
		assert.Empty(t, o.server, "a request that is traced has one")
		assert.True(t, here.TraceID().IsEmpty())
	}
	if len(o.server) == 0 {
		return
	}
	server := o.server[0].After
	assert.Equal(t, server.TraceID(), here.TraceID())
	assert.Greater(t, sameAttributes(t, "span", here.Attributes(), server.Attributes(), kgwNotInALS), 8)
	sameIdentity(t, "span", here.Resource, server.Resource)
	// The header names the span that was sent upstream: that of the last attempt, or, on the listener that makes one span, that.
	switch {
	case len(o.clients) > 0:
		assert.Equal(t, o.clients[len(o.clients)-1].After.SpanID(), here.SpanID(), "the span of the last attempt")
	case r.host == kgwPlain:
		assert.Equal(t, server.SpanID(), here.SpanID(), "the server span")
	default:
		assert.Equal(t, r.parentID(), here.SpanID().String(), "the caller's span: nothing was sent upstream")
	}
}

// sameIdentity checks that every service.* and k8s.* attribute of a resource is the same on both, or known to be missing.
func sameIdentity(t *testing.T, what string, here, there pcommon.Resource) {
	t.Helper()
	values := here.Attributes().AsRaw()
	for key, want := range there.Attributes().AsRaw() {
		ours := strings.HasPrefix(key, "service.") || strings.HasPrefix(key, "k8s.")
		if ours && !slices.Contains(kgwOnlyEnvironment, key) {
			assert.Equal(t, want, values[key], "%s: resource attribute %s", what, key)
		}
	}
}
