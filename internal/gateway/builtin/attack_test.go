package builtin

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// TestSecretsByEveryRoad puts a secret wherever a client or a gateway can put one, and looks for it everywhere
// in what comes out, in both modes.
func TestSecretsByEveryRoad(t *testing.T) {
	t.Parallel()
	const secret = "S3CR3T"
	for name, spec := range map[string]spanSpec{
		"authorization header":          {Attrs: attrMap{"http.request.header.Authorization": "Bearer " + secret}},
		"authorization header as bytes": {Attrs: attrMap{"http.request.header.authorization": []byte(secret)}},
		"cookie header":                 {Attrs: attrMap{"http.request.header.cookie": []any{"a=" + secret}}},
		"referer":                       {Attrs: attrMap{"http.request.header.Referer": "https://x/?sig=" + secret}},
		"query inside a query":          {Attrs: attrMap{"http.url": "http://h/p?next=/q?sig=" + secret}},
		"userinfo inside a query":       {Attrs: attrMap{"http.url": "http://h/p?next=http://u:" + secret + "@h/"}},
		"userinfo with a bad port":      {Attrs: attrMap{"http.target": "http://u:" + secret + "@h:99999/p"}},
		"userinfo in the host":          {Attrs: attrMap{"http.host": "u:" + secret + "@h:80"}},
		"a URL in a list":               {Attrs: attrMap{"http.url": []any{"http://h/p?sig=" + secret}}},
		"a quote inside the value":      {Kind: client, Attrs: attrMap{"http.url": "http://h/p?sig=a'" + secret}},
		"a span name":                   {Name: "GET /p?sig=" + secret, Attrs: attrMap{"http.method": "POST", "http.url": "http://h/other"}},
		"a user agent":                  {Attrs: attrMap{"user_agent": "bot (+https://u:" + secret + "@h/)"}},
		"a current user agent":          {Attrs: attrMap{"user_agent.original": "bot (+https://h/?sig=" + secret + ")"}},
		"any other header":              {Attrs: attrMap{"http.request.header.X-Callback": "https://u:" + secret + "@h/"}},
		"any header of several values":  {Attrs: attrMap{"http.response.header.link": []any{"<https://h/?a=b&sig=" + secret + ">"}}},
		"userinfo in a host header":     {Attrs: attrMap{"http.request.header.Host": "u:" + secret + "@h:80"}},
		"userinfo in an authority":      {Attrs: attrMap{"http.request.header.:authority": []any{"u:" + secret + "@h"}}},
		"userinfo in a forwarded host":  {Attrs: attrMap{"http.request.header.x-forwarded-host": "u:" + secret + "@h"}},
		"the path of a gRPC call":       {Attrs: attrMap{"grpc.path": "/a.B/C?token=" + secret}},
		"a gRPC message":                {Attrs: attrMap{"grpc.message": "no https://u:" + secret + "@h/", "grpc.status_code": "0"}},
		"a gRPC message of a failure":   {Attrs: attrMap{"grpc.message": "no https://u:" + secret + "@h/", "grpc.status_code": "13"}},
		"an escaped gRPC message":       {Attrs: attrMap{"grpc.message": "no%20https:%2F%2Fu:" + secret + "%40h", "grpc.status_code": "13"}},
		"a broken gRPC message":         {Attrs: attrMap{"grpc.message": "100%, https://u:" + secret + "@h", "grpc.status_code": "13"}},
	} {
		for _, mode := range []gateway.Mode{gateway.ModeReplace, gateway.ModeDuplicate} {
			e := compile(t, func(o *gateway.Options) { o.Mode = mode })
			spec.Scope = "envoy"
			if spec.Kind == 0 {
				spec.Kind = server
			}
			td := gatewaytest.Span(t, spec)
			e.Traces(td)
			once := gatewaytest.Traces(td)
			assert.NotContains(t, once, secret, "%s, %s", name, mode)
			e.Traces(td)
			assert.Equal(t, once, gatewaytest.Traces(td), "%s, %s: twice equals once", name, mode)
		}
	}
}

// TestSecretHeaderBehindManyOthers: a client decides how many headers it sends.
func TestSecretHeaderBehindManyOthers(t *testing.T) {
	t.Parallel()
	headers := attrMap{}
	for i := range 200 {
		headers[fmt.Sprintf("http.request.header.X-A%03d", i)] = "v"
	}
	td := gatewaytest.Span(t, spanSpec{Scope: "envoy", Kind: server, Attrs: headers})
	gatewaytest.Spans(td)[0].Attributes().PutStr("http.request.header.Authorization", "Bearer S3CR3T")
	engine(t).Traces(td)
	assert.NotContains(t, gatewaytest.Traces(td), "S3CR3T")
}

// TestRepairIsLinear: one broken key must not make the others cost their square.
func TestRepairIsLinear(t *testing.T) {
	t.Parallel()
	measure := func(n int) time.Duration {
		resource := make(attrMap, n)
		for i := range n {
			resource[fmt.Sprintf("k\xff%d", i)] = "v"
		}
		td := gatewaytest.Span(t, spanSpec{Resource: resource})
		begin := time.Now()
		engine(t).Traces(td)
		return time.Since(begin)
	}
	measure(1000)
	var small, large time.Duration
	for range 5 { // other work on the machine may fall on one attempt
		small, large = measure(2_000), measure(40_000)
		if large < 60*small+300*time.Millisecond {
			return
		}
	}
	assert.Fail(t, "not linear", "20 times the keys took %s instead of %s", large, small)
}

// TestResourceOfSeveralScopes: what one scope tells of the proxy holds whatever comes behind it.
func TestResourceOfSeveralScopes(t *testing.T) {
	t.Parallel()
	td := gatewaytest.Span(t, spanSpec{Scope: "envoy", Kind: server, Attrs: attrMap{
		"http.method": "GET", "node_id": "http-c7f65bbb-8dh28.kgateway-system", "upstream_cluster": "kube_a_b_80",
	}})
	td.ResourceSpans().At(0).ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	engine(t).Traces(td)
	requireAttrs(t, attrMap{"k8s.pod.name": "http-c7f65bbb-8dh28"}, td.ResourceSpans().At(0).Resource().Attributes())
}

// TestManyOldResourceAttributes: twenty labels on a pod are ordinary.
func TestManyOldResourceAttributes(t *testing.T) {
	t.Parallel()
	resource, want := attrMap{}, attrMap{}
	for i := range 40 {
		resource[fmt.Sprintf("k8s.pod.labels.l%d", i)] = "v"
		want[fmt.Sprintf("k8s.pod.label.l%d", i)] = "v"
	}
	td := gatewaytest.Span(t, spanSpec{Scope: "envoy", Resource: resource})
	engine(t).Traces(td)
	requireAttrs(t, want, td.ResourceSpans().At(0).Resource().Attributes())
}

// TestGapsInPromptsStayGaps: an index far away is one message, not all before it.
func TestGapsInPromptsStayGaps(t *testing.T) {
	t.Parallel()
	e := compile(t, func(o *gateway.Options) { o.Content = gateway.ContentConvert })
	td := gatewaytest.Span(t, spanSpec{Kind: client, Attrs: attrMap{"gen_ai.prompt.255.content": "hello"}})
	e.Traces(td)
	v, ok := gatewaytest.Spans(td)[0].Attributes().Get("gen_ai.input.messages")
	assert.True(t, ok)
	assert.Equal(t, 1, v.Slice().Len())
}

// TestOddValuesStay: a value of a type nobody sends there is left alone and counted.
func TestOddValuesStay(t *testing.T) {
	t.Parallel()
	for key, value := range map[string]any{"url.scheme": 5, "network.protocol.name": 7} {
		td := gatewaytest.Span(t, spanSpec{Scope: "envoy", Kind: server, Attrs: attrMap{key: value}})
		stats := engine(t).Traces(td)
		requireAttrs(t, attrMap{key: value}, gatewaytest.Spans(td)[0].Attributes())
		assert.Equal(t, 1, stats[0].Unparseable[gateway.ReasonType], key)
	}
	td := gatewaytest.Span(t, spanSpec{Scope: "kong-internal", Kind: client, Attrs: attrMap{"try_count": math.MinInt64}})
	engine(t).Traces(td)
	requireAttrs(t, attrMap{"http.request.resend_count": nil}, gatewaytest.Spans(td)[0].Attributes())
	td = gatewaytest.Span(t, spanSpec{Scope: "envoy", Kind: server, Attrs: attrMap{"http.response.status_code": 100000}})
	engine(t).Traces(td)
	requireAttrs(t, attrMap{"http.response.status_code": 100000, "error.type": nil}, gatewaytest.Spans(td)[0].Attributes())
}
