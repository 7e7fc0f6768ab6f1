package builtin

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// pairs calls check with every recorded span as it came and as it is now.
func pairs(t *testing.T, check func(capture gatewaytest.Capture, was, is ptrace.Span)) {
	t.Helper()
	e := engine(t)
	for _, c := range gatewaytest.Captures(t) {
		for i, b := range c.Clone() {
			if b.IsLogs {
				continue
			}
			pass(e, b)
			before := gatewaytest.Spans(c.Batches[i].Traces)
			for j, is := range gatewaytest.Spans(b.Traces) {
				check(c, before[j], is)
			}
		}
	}
}

func str(m pcommon.Map, key string) string {
	if v, ok := m.Get(key); ok {
		return v.AsString()
	}
	return ""
}

func has(m pcommon.Map, key string) bool {
	_, ok := m.Get(key)
	return ok
}

// TestServerErrors: a 5xx answer makes every gateway's server span an error, whatever the gateway itself thought; a
// 4xx answer alone does not; a client span is an error from 400 on (http-spans, "Status").
func TestServerErrors(t *testing.T) {
	t.Parallel()
	seen := make(map[string]int) // gateways with a server span that failed
	pairs(t, func(c gatewaytest.Capture, was, is ptrace.Span) {
		code, _ := strconv.Atoi(str(is.Attributes(), "http.response.status_code"))
		where := c.String() + " " + is.Name() + " " + strconv.Itoa(code)
		status := is.Status().Code()
		rpc := str(is.Attributes(), "rpc.status_code")
		switch {
		case code == 0:
		case is.Kind() == server && code >= 500, is.Kind() == client && code >= 400:
			assert.Equal(t, ptrace.StatusCodeError, status, where)
			if rpc == "" || rpc == "OK" {
				assert.Equal(t, strconv.Itoa(code), str(is.Attributes(), "error.type"), where)
			}
			if is.Kind() == server {
				seen[c.Gateway]++
			}
		case is.Kind() == server && was.Status().Code() != ptrace.StatusCodeError && (rpc == "" || rpc == "OK"):
			assert.Equal(t, ptrace.StatusCodeUnset, status, where)
			assert.False(t, has(is.Attributes(), "error.type"), where)
		}
		if status == ptrace.StatusCodeUnset {
			assert.False(t, has(is.Attributes(), "error.type"), "%s: an error.type without an error", where)
		}
		// Of an attempt that Envoy gave up, an error was made by the zipkin receiver, of the tag error.
		gaveUp := code == 0 && str(was.Attributes(), "canceled") == "true"
		if was.Status().Code() == ptrace.StatusCodeError && !gaveUp {
			assert.Equal(t, ptrace.StatusCodeError, status, "%s: the emitter's word was undone", where)
		}
	})
	for _, g := range []string{"agentgateway", "envoy", "envoy-gateway", "istio", "kgateway", "kong", "traefik"} {
		assert.NotZero(t, seen[g], "no recorded 5xx server span of %s", g)
	}
}

// TestHangUps: a server span that never got an answer is an error with error.type. Envoy says so by status code "0",
// Kong and agentgateway by leaving the code out.
func TestHangUps(t *testing.T) {
	t.Parallel()
	seen := make(map[string]int)
	pairs(t, func(c gatewaytest.Capture, _, is ptrace.Span) {
		if is.Kind() != server || !has(is.Attributes(), "http.request.method") || has(is.Attributes(), "http.response.status_code") {
			return
		}
		seen[c.Gateway]++
		where := c.String() + " " + is.SpanID().String()
		assert.Equal(t, ptrace.StatusCodeError, is.Status().Code(), where)
		assert.NotEmpty(t, str(is.Attributes(), "error.type"), where)
		if flags := str(is.Attributes(), "response_flags"); flags != "" {
			first, _, _ := strings.Cut(flags, ",")
			assert.Equal(t, first, str(is.Attributes(), "error.type"), where)
		}
	})
	for _, g := range []string{"envoy", "kgateway", "kong", "agentgateway"} {
		assert.NotZero(t, seen[g], "no recorded hang-up of %s", g)
	}
}

// TestFailedAttempts: an attempt that never got headers is UNSET in Envoy, which only says "0" and why.
func TestFailedAttempts(t *testing.T) {
	t.Parallel()
	failed, gaveUp := 0, 0
	pairs(t, func(c gatewaytest.Capture, was, is ptrace.Span) {
		if is.Kind() != client || str(was.Attributes(), "component") != "proxy" || str(was.Attributes(), "http.status_code") != "0" {
			return
		}
		reason, flags := str(was.Attributes(), "error.reason"), str(was.Attributes(), "response_flags")
		where := c.String() + " " + is.SpanID().String()
		if reason == "" && flags == "-" && str(was.Attributes(), "canceled") == "true" {
			gaveUp++ // the parent decides whether it was a timeout: see TestEnvoyTraps
			return
		}
		failed++
		assert.Equal(t, ptrace.StatusCodeError, is.Status().Code(), where)
		assert.NotEmpty(t, str(is.Attributes(), "error.type"), where)
	})
	assert.NotZero(t, failed)
	assert.NotZero(t, gaveUp)
}

// TestResends: Envoy counts resends in text, Kong tries from 1 as doubles, agentgateway resends from 0.
func TestResends(t *testing.T) {
	t.Parallel()
	seen := make(map[string]int)
	pairs(t, func(c gatewaytest.Capture, was, is ptrace.Span) {
		for key, minus := range map[string]int{"retry.count": 0, "try_count": 1, "kong.balancer.try": 1, "retry.attempt": 0} {
			v, ok := was.Attributes().Get(key)
			if !ok {
				continue
			}
			n, err := strconv.Atoi(v.AsString())
			require.NoError(t, err)
			got, ok := is.Attributes().Get("http.request.resend_count")
			if n -= minus; n == 0 {
				assert.False(t, ok, "%s %s: 0 is not written", c, is.SpanID())
				continue
			}
			seen[c.Gateway+" "+key]++
			if assert.True(t, ok, "%s %s", c, is.SpanID()) {
				assert.Equal(t, int64(n), got.Int(), "%s %s", c, is.SpanID())
			}
		}
	})
	for _, key := range []string{"envoy retry.count", "kgateway retry.count", "kong try_count", "kong kong.balancer.try", "agentgateway retry.attempt"} {
		assert.NotZero(t, seen[key], key)
	}
}

// TestGRPC: whatever tells of a gRPC call says so in the RPC conventions.
func TestGRPC(t *testing.T) {
	t.Parallel()
	seen := make(map[string]int)
	pairs(t, func(c gatewaytest.Capture, was, is ptrace.Span) {
		statusCode := str(was.Attributes(), "grpc.status_code") + str(was.Attributes(), "grpc.status")
		path := str(was.Attributes(), "grpc.path")
		if statusCode == "" && path == "" {
			return
		}
		where := c.String() + " " + is.Name() + " " + is.SpanID().String()
		seen[c.Gateway]++
		assert.Equal(t, "grpc", str(is.Attributes(), "rpc.system.name"), where)
		if path != "" {
			assert.Equal(t, strings.TrimPrefix(path, "/"), str(is.Attributes(), "rpc.method"), where)
		} else if is.Kind() == server && str(is.Attributes(), "url.path") != "" {
			assert.NotEmpty(t, str(is.Attributes(), "rpc.method"), where)
		}
		if statusCode != "" {
			code := str(is.Attributes(), "rpc.status_code")
			assert.Regexp(t, `^[A-Z_]+$`, code, where)
			if is.Kind() == client && code != "OK" {
				assert.Equal(t, ptrace.StatusCodeError, is.Status().Code(), where)
				if own := str(was.Attributes(), "error.type"); own != "" { // agentgateway's "Unknown" for UNKNOWN
					code = own
				}
				assert.Equal(t, code, str(is.Attributes(), "error.type"), where)
			}
		}
	})
	for _, g := range []string{"envoy", "kgateway", "agentgateway"} {
		assert.NotZero(t, seen[g], "no recorded gRPC call of %s", g)
	}
}

// TestNamesAreBounded: no span of a server is named by its raw path, and no name the gateway gave by itself is left
// where the span says enough.
func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	pairs(t, func(c gatewaytest.Capture, was, is ptrace.Span) {
		name := is.Name()
		where := c.String() + " " + is.SpanID().String() + " " + name
		// A route may be a regular expression (Kong): what is behind it may not.
		assert.NotContains(t, strings.TrimSuffix(name, str(is.Attributes(), "http.route")), "?", where)
		if is.Kind() != server || !has(is.Attributes(), "http.request.method") {
			return
		}
		assert.NotContains(t, []string{"ingress", "kong", "unknown", "EntryPoint"}, name, where)
		method, route := str(is.Attributes(), "http.request.method"), str(is.Attributes(), "http.route")
		if method == "_OTHER" {
			method = "HTTP"
		}
		if was.Name() == "ingress" || was.Name() == "kong" {
			want := strings.TrimSpace(method + " " + route)
			if rpc := str(is.Attributes(), "rpc.method"); rpc != "" {
				want = rpc
			}
			assert.Equal(t, want, name, where)
		}
	})
}

// TestCaddyStableIsUntouched: current telemetry passes to the byte, its schema URLs included.
func TestCaddyStableIsUntouched(t *testing.T) {
	t.Parallel()
	c := gatewaytest.Find(t, "caddy/2.11.9-stable-traces.json")
	for i, b := range c.Clone() {
		want, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(c.Batches[i].Traces)
		require.NoError(t, err)
		stats := total(engine(t).Traces(b.Traces))
		got, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(b.Traces)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, b.Len(), stats.Unchanged)
		assert.Zero(t, stats.Conflicts)
	}
}

// TestDupEndsWithOneNameEach: old and new names together (otelhttp's http/dup) become the new ones, and the values
// are those of the program that never knew the old ones.
func TestDupEndsWithOneNameEach(t *testing.T) {
	t.Parallel()
	keys := func(name string) map[string]bool {
		out := make(map[string]bool)
		for _, b := range gatewaytest.Find(t, name).Clone() {
			assert.Zero(t, total(engine(t).Traces(b.Traces)).Conflicts, name)
			for _, s := range gatewaytest.Spans(b.Traces) {
				for key := range s.Attributes().All() {
					out[key] = true
				}
			}
		}
		return out
	}
	dup, legacy, stable := keys("caddy/2.10.2-dup-traces.json"), keys("caddy/2.10.2-legacy-traces.json"), keys("caddy/2.11.9-stable-traces.json")
	for key := range dup {
		if key != "http.request.body.size" && key != "http.response.body.size" { // http.wrote_bytes and http.read_bytes
			assert.True(t, stable[key], "dup: %s", key)
		}
	}
	for key := range legacy {
		assert.True(t, stable[key], "legacy: %s", key)
	}
}
