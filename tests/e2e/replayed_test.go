//go:build e2e

package e2e

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// recordings are the recorded payloads of one gateway at one version. Handmade ones are not among them.
func recordings(t *testing.T, gateway, version string) []replay.Capture {
	t.Helper()
	all := slices.DeleteFunc(captures(t), func(c replay.Capture) bool {
		return c.Gateway != gateway || c.Version != version || c.Constructed
	})
	require.NotEmpty(t, all, "%s %s", gateway, version)
	return all
}

// itemsOf counts the spans and log records of a capture.
func itemsOf(t *testing.T, c replay.Capture) (spans, records int) {
	t.Helper()
	if c.Signal == replay.SignalTraces {
		batches, err := c.Traces()
		require.NoError(t, err)
		return spanCount(batches), 0
	}
	batches, err := c.Logs()
	require.NoError(t, err)
	return 0, recordCount(batches)
}

// kongBodies are the bodies of OTLP requests: as they were on the wire, or encoded again where the recording is JSON.
func kongBodies(t *testing.T, c replay.Capture) [][]byte {
	t.Helper()
	if c.Format == replay.FormatOTLPProto {
		bodies, err := c.Payloads()
		require.NoError(t, err)
		return bodies
	}
	var bodies [][]byte
	add := func(body []byte, err error) {
		require.NoError(t, err)
		bodies = append(bodies, body)
	}
	if c.Signal == replay.SignalTraces {
		batches, err := c.Traces()
		require.NoError(t, err)
		for _, td := range batches {
			add(ptraceotlp.NewExportRequestFromTraces(td).MarshalProto())
		}
		return bodies
	}
	batches, err := c.Logs()
	require.NoError(t, err)
	for _, ld := range batches {
		add(plogotlp.NewExportRequestFromLogs(ld).MarshalProto())
	}
	return bodies
}

// kongResource is what Kong 3.9.3 said about itself; the environment's name was a resource attribute of its plugin.
var kongResource = testbed.Attributes{
	"service.name":                "kong-edge",
	"service.version":             "3.9.3",
	"service.instance.id":         "545a0dae-bad1-4d14-bd16-25621ebc4ee8",
	"deployment.environment.name": "test",
}

// kongWanted are recorded spans of Kong, by span id, as they have to leave the pipeline.
var kongWanted = map[string]map[string]testbed.WantSpan{
	"3.9.3": {
		// A root span is never in error at Kong, not even with 502.
		"66aaa9d379489fbc": {
			Name: "GET /dead", Kind: ptrace.SpanKindServer, Status: ptrace.StatusCodeError, Resource: kongResource,
			Attributes: testbed.Attributes{
				"http.request.method": "GET", "http.route": "/dead", "http.response.status_code": 502, "error.type": "502",
				"url.scheme": "http", "url.path": "/dead", "server.address": "127.0.0.1",
				"client.address": "127.0.0.1", "network.peer.address": "127.0.0.1", "network.protocol.version": "1.1",
				"kong.request.id": "2295b429c02eca3baec677607c6b2c02",
			},
		},
		// Its try: the port and the number of the try were doubles, the method is the root's.
		"f7a8e5323ea3d56d": {
			Name: "GET", Kind: ptrace.SpanKindClient, Status: ptrace.StatusCodeError, Resource: kongResource,
			Attributes: testbed.Attributes{
				"http.request.method": "GET", "http.response.status_code": 502, "error.type": "502",
				"server.address": "127.0.0.1", "server.port": 18999,
				"network.peer.address": "127.0.0.1", "network.peer.port": 18999,
			},
		},
		// The conventions name the query keys that are redacted; token is not one of them.
		"d207940e267a9e59": {
			Name: "GET /ok", Kind: ptrace.SpanKindServer, Status: ptrace.StatusCodeUnset, Resource: kongResource,
			Attributes: testbed.Attributes{
				"http.request.method": "GET", "http.route": "/ok", "http.response.status_code": 200,
				"url.scheme": "http", "url.path": "/ok", "server.address": "shop.example.com",
				"url.query":      "user=1&token=s3cret&sig=REDACTED&flag&empty=&a=1&a=2&sp=%20x+y&arr%5B%5D=1",
				"client.address": "127.0.0.1", "network.peer.address": "127.0.0.1", "network.protocol.version": "1.1",
				"kong.request.id": "cf9e194e897b1f64826669669c052b57",
			},
		},
		// From the zipkin plugin, where every value is text.
		"87641021a6a0c1d2": {
			Name: "GET", Kind: ptrace.SpanKindServer, Status: ptrace.StatusCodeError,
			Resource: testbed.Attributes{"service.name": "kong-edge"},
			Attributes: testbed.Attributes{
				"http.request.method": "GET", "http.response.status_code": 502, "error.type": "502", "url.path": "/dead",
				"server.address": "127.0.0.1", "client.address": "127.0.0.1", "client.port": 37370,
				"network.peer.address": "127.0.0.1", "network.protocol.version": "1.1",
				"lc": "kong", "env": "test", "kong.node.id": "841ebaca-fc38-4654-b6a0-8bb4143eda77",
			},
		},
	},
}

// What Kong's opentelemetry and zipkin plugins sent, with their requests' headers and manners.
func TestReplayedKong(t *testing.T) {
	for _, version := range []string{"3.9.3", "3.8.1", "3.4.2"} {
		t.Run(version, func(t *testing.T) {
			collector := testbed.StartCollector(t, testbed.CollectorOptions{})
			kong := testbed.NewKongReplayer()
			defer kong.Close()
			spans, records := 0, 0
			for _, c := range recordings(t, "kong", version) {
				var err error
				switch c.Format {
				case replay.FormatZipkin:
					bodies, loadErr := c.Payloads()
					require.NoError(t, loadErr)
					err = kong.Zipkin(t.Context(), "http://"+collector.Zipkin()+"/api/v2/spans", bodies)
				case replay.FormatOTLPProto, replay.FormatOTLPJSON:
					err = kong.OTLP(t.Context(), "http://"+collector.OTLPHTTP()+"/v1/"+string(c.Signal), kongBodies(t, c))
				default:
					continue // nginx's access log: no plugin sends it
				}
				require.NoError(t, err, c)
				s, r := itemsOf(t, c)
				spans, records = spans+s, records+r
			}
			collector.Wait(t, spans, records)
			x := collector.Exchange(t)
			x.Judge(t, testbed.Subject{
				Program: "kong", Version: version, Replayed: true, Case: "opentelemetry and zipkin plugins",
				Secrets: []string{"sig=abcd"},
			})
			assert.Len(t, x.Spans, spans, "spans")
			assert.Len(t, x.Records, records, "log records")
			checkByID(t, x, kongWanted[version])
		})
	}
}

// agentgatewayResource is what its releases say about themselves outside Kubernetes.
func agentgatewayResource(version, sdk string) testbed.Attributes {
	return testbed.Attributes{
		"service.name": "agentgateway", "service.version": version, "host.name": "default.default.svc.cluster.local",
		"telemetry.sdk.language": "rust", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": sdk,
	}
}

// agentgatewayRequest is what its spans and records of the recorded requests share.
var agentgatewayRequest = testbed.Attributes{
	"client.address":           "127.0.0.1",
	"network.peer.address":     "127.0.0.1",
	"network.peer.port":        testbed.Port,
	"network.protocol.version": "1.1",
	"server.address":           "127.0.0.1",
	"gateway.name":             "default",
	"gateway.namespace":        "default",
	"gateway.listener.name":    "main",
	"gateway.route.namespace":  "default",
	"gateway.request.duration": testbed.Seconds,
}

// agentgatewayChat is a model call of agentgateway 1.4.1.
var agentgatewayChat = agentgatewayRequest.With(testbed.Attributes{
	"http.request.method":                  "POST",
	"http.response.status_code":            200,
	"url.path":                             "/v1/chat/completions",
	"gateway.route.name":                   "openai",
	"gateway.upstream.protocol":            "llm",
	"gateway.upstream.address":             "127.0.0.1",
	"gateway.upstream.port":                18090,
	"gen_ai.operation.name":                "chat",
	"gen_ai.provider.name":                 "openai",
	"gen_ai.request.model":                 "gpt-4o-mini",
	"gen_ai.response.model":                "gpt-4o-mini-2024-07-18",
	"gen_ai.request.frequency_penalty":     0.5,
	"gen_ai.request.presence_penalty":      0.25,
	"gen_ai.request.temperature":           0.699999988079071,
	"gen_ai.request.top_p":                 0.8999999761581421,
	"gen_ai.request.max_tokens":            100,
	"gen_ai.request.seed":                  42,
	"gen_ai.usage.input_tokens":            21,
	"gen_ai.usage.output_tokens":           9,
	"gen_ai.usage.cache_read.input_tokens": 4,
	"gen_ai.usage.output_audio_tokens":     0,
})

// agentgatewayWanted are recorded spans of agentgateway, by span id, as they have to leave the pipeline.
var agentgatewayWanted = map[string]map[string]testbed.WantSpan{
	"0.9.0": {
		"bb688ec0a710f9f3": {
			Name: "POST", Kind: ptrace.SpanKindServer, Status: ptrace.StatusCodeUnset,
			Resource: agentgatewayResource("0.9.0", "0.30.0").With(testbed.Attributes{"host.name": nil}),
			Attributes: agentgatewayRequest.With(testbed.Attributes{
				"gateway.name": nil, "gateway.namespace": nil, "gateway.route.namespace": nil,
				"gateway.listener.port": 15080, "gateway.route.name": "openai", "gateway.route.rule": "default",
				"gateway.upstream.address": "127.0.0.1", "gateway.upstream.port": 18090,
				"http.request.method": "POST", "http.response.status_code": 200,
				"url.scheme": "http", "url.path": "/v1/chat/completions",
				"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
				"gen_ai.request.model": "gpt-4o-mini", "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
				"gen_ai.usage.input_tokens": 21, "gen_ai.usage.output_tokens": 9,
				// Content as it was sent: these keys were a user's own.
				"gen_ai.prompt":     `[{"role": "system", "content": "be nice"}, {"role": "user", "content": "Say \"hi\" please"}]`,
				"gen_ai.completion": `[{"content": "Hello there!", "role": "assistant"}]`,
			}),
		},
	},
	"1.4.1": {
		"82448f9a8d08459d": {
			Name: "POST /v1/*", Kind: ptrace.SpanKindServer, Status: ptrace.StatusCodeUnset,
			Resource:   agentgatewayResource("1.4.1", "0.32.1"),
			Attributes: agentgatewayChat.With(testbed.Attributes{"url.scheme": "http"}),
		},
		// agentgateway leaves the status of a 503 unset.
		"80f03d054dd49725": {
			Name: "GET /status/*", Kind: ptrace.SpanKindServer, Status: ptrace.StatusCodeError,
			Resource: agentgatewayResource("1.4.1", "0.32.1"),
			Attributes: agentgatewayRequest.With(testbed.Attributes{
				"http.request.method": "GET", "http.response.status_code": 503, "error.type": "503",
				"url.scheme": "http", "url.path": "/status/503", "gateway.route.name": "status",
				"gateway.upstream.protocol": "http", "gateway.upstream.address": "localhost", "gateway.upstream.port": 16080,
			}),
		},
	},
	"main": {
		"d0985d385749a213": {
			Name: "GET localhost:16080", Kind: ptrace.SpanKindClient, Status: ptrace.StatusCodeError,
			Resource: agentgatewayResource("main-75b4e6ce6", "0.32.1"),
			Attributes: testbed.Attributes{
				"http.request.method": "GET", "http.response.status_code": 503, "error.type": "503",
				"url.path": "/status/503", "server.address": "localhost",
				"agentgateway.outbound.kind": "Primary", "agentgateway.outbound.subtype": "Http",
			},
		},
	},
}

// agentgatewayRecord is the access log record of a model call with a user's own fields, by the span id it names.
var agentgatewayRecord = map[string]testbed.WantRecord{
	"e378e65114816fca": {
		TraceID: "4bf92f3577b34da6a3ce929d0e0e4738", Severity: plog.SeverityNumberInfo,
		Attributes: agentgatewayChat.With(testbed.Attributes{
			"user.agent": "OpenAI/Python 1.99.0", "x.bool": true, "x.code": 200, "x.double": 1.0, "x.int": 42,
			"x.list": `["a", "b", 1, true, ()]`, "x.map": `{"a": 1, "b": "c"}`, "x.quoted": "say \"hi\"\n\ttab",
		}),
		Resource: agentgatewayResource("1.4.1", "0.32.1").With(testbed.Attributes{
			"service.name": "from-env", "deployment.environment.name": "staging", "team": "a%20b",
			"k8s.node.name": "node-a", "k8s.pod.name": "agw-6d8f7c-x2x9z", "k8s.pod.ip": "10.0.1.7",
		}),
	},
}

// What agentgateway sent, over gRPC: spans, and access logs from the release that has them as OTLP.
func TestReplayedAgentgateway(t *testing.T) {
	for _, version := range []string{"0.9.0", "1.4.1", "main"} {
		t.Run(version, func(t *testing.T) {
			collector := testbed.StartCollector(t, testbed.CollectorOptions{})
			recorded := slices.DeleteFunc(recordings(t, "agentgateway", version), func(c replay.Capture) bool {
				return c.Format != replay.FormatOTLPJSON // what it wrote to its standard output
			})
			spans, records := 0, 0
			for _, c := range recorded {
				s, r := itemsOf(t, c)
				spans, records = spans+s, records+r
			}
			require.NoError(t, testbed.ReplayAgentgateway(t.Context(), collector.OTLPGRPC(), recorded))
			collector.Wait(t, spans, records)
			x := collector.Exchange(t)
			x.Judge(t, testbed.Subject{
				Program: "agentgateway", Version: version, Replayed: true, Case: "spans and access log",
			})
			assert.Len(t, x.Spans, spans, "spans")
			assert.Len(t, x.Records, records, "log records")
			checkByID(t, x, agentgatewayWanted[version])
			if version == "1.4.1" {
				checkRecordsByID(t, x, agentgatewayRecord)
			}
		})
	}
}

// checkByID compares the spans with these ids; a recording that was sent twice counts once.
func checkByID(t *testing.T, x testbed.Exchange, wanted map[string]testbed.WantSpan) {
	t.Helper()
	for id, want := range wanted {
		at := slices.IndexFunc(x.Spans, func(p testbed.Pair[testbed.SpanItem]) bool {
			return p.Before != nil && p.Before.SpanID().String() == id
		})
		require.GreaterOrEqual(t, at, 0, "span %s", id)
		want.Check(t, x.Spans[at])
	}
}

// checkRecordsByID compares the log records that name these spans.
func checkRecordsByID(t *testing.T, x testbed.Exchange, wanted map[string]testbed.WantRecord) {
	t.Helper()
	for id, want := range wanted {
		at := slices.IndexFunc(x.Records, func(p testbed.Pair[testbed.RecordItem]) bool {
			return p.Before != nil && p.Before.SpanID().String() == id
		})
		require.GreaterOrEqual(t, at, 0, "log record of span %s", id)
		want.Check(t, x.Records[at])
	}
}
