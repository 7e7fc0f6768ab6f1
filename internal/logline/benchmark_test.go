package logline

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// samples is one ordinary line for each format, and large or unusual ones.
func samples(tb testing.TB) map[string]struct {
	format Format
	line   string
} {
	tb.Helper()
	line := func(name, part string) string {
		for _, line := range recording(tb, name) {
			if strings.Contains(line, part) {
				return line
			}
		}
		require.Fail(tb, "no such line", "%s in %s", part, name)
		return ""
	}
	const clf = `203.0.113.7 - - ` + clfTime + ` "GET /api/orders?x=%20y HTTP/2.0" 200 612 "-" "Mozilla/5.0 (X11; Linux x86_64)" `
	return map[string]struct {
		format Format
		line   string
	}{
		"envoy":              {FormatEnvoyText, line("envoy-1.40.0-text.log", "POST /api/orders")},
		"istio":              {FormatIstioText, line("istio-text.log", "/dead/b")},
		"json/envoy":         {FormatJSON, line("envoy-1.40.0-json.log", "/api/orders")},
		"json/agentgateway":  {FormatJSON, line("agentgateway-1.4.1-json.log", "gen_ai.request.model")},
		"json/kong":          {FormatJSON, line("kong-3.9.3-tcp-log.jsonl", "curl")},
		"agentgateway/http":  {FormatAgentgatewayText, line("agentgateway-1.4.1-text.log", "http.path=/api/ready")},
		"agentgateway/llm":   {FormatAgentgatewayText, line("agentgateway-1.4.1-text.log", "gen_ai.request.top_p")},
		"agentgateway/other": {FormatAgentgatewayText, line("agentgateway-1.4.1-text.log", "starting shutdown")},
		"nginx/kong":         {FormatNginxCombined, line("kong-3.9.3-access.log", "POST /api/orders")},
		"nginx/escapes":      {FormatNginxCombined, line("kong-3.9.3-access.log", `\x22quoted`)},
		"ingress-nginx":      {FormatIngressNginx, clf + `431 0.012 [shop-cart-80] [] 10.0.0.1:8080 612 0.011 200 7d1f0c`},
		"traefik":            {FormatTraefikCommon, clf + `17 "web@file" "http://10.0.0.1:80" 12ms`},
	}
}

func BenchmarkParse(b *testing.B) {
	for name, sample := range samples(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(sample.line)))
			b.ReportAllocs()
			for b.Loop() {
				attrs := pcommon.NewMap()
				_, _ = Parse(sample.format, sample.line, attrs)
			}
		})
	}
}

// BenchmarkEncodingJSON is what the JSON lines cost with the standard library, for comparison.
func BenchmarkEncodingJSON(b *testing.B) {
	for name, sample := range samples(b) {
		if sample.format != FormatJSON {
			continue
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(sample.line)))
			b.ReportAllocs()
			for b.Loop() {
				var object map[string]any
				_ = json.Unmarshal([]byte(sample.line), &object)
				_ = pcommon.NewMap().FromRaw(object)
			}
		})
	}
}

func BenchmarkSniff(b *testing.B) {
	for name, sample := range samples(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Sniff(sample.line)
			}
		})
	}
}

// An attribute costs the one allocation pdata makes for its value; beside them there are the map and its array.
func TestAllocations(t *testing.T) { //nolint:paralleltest // it counts allocations
	for name, sample := range samples(t) {
		assert.Zero(t, testing.AllocsPerRun(50, func() { Sniff(sample.line) }), "Sniff %s", name)
		attrs := pcommon.NewMap()
		_, _ = Parse(sample.format, sample.line, attrs)
		strings := 0
		if name == "nginx/escapes" {
			strings = 2 * 2 // two fields, each decoded into bytes and then text
		}
		if name == "json/kong" || name == "json/agentgateway" {
			continue // nested values have arrays of their own
		}
		limit := attrs.Len() + 3 + strings // NewMap makes two
		got := testing.AllocsPerRun(50, func() {
			_, _ = Parse(sample.format, sample.line, pcommon.NewMap())
		})
		assert.LessOrEqual(t, int(got), limit, name)
	}
}
