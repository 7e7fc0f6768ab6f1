package gatewayidentityprocessor

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
)

var update = flag.Bool("update", false, "write the README's examples anew")

// TestReadmeExamples keeps the examples in README.md equal to what the processor does with a recorded span and a recorded
// access log record.
func TestReadmeExamples(t *testing.T) {
	content, err := os.ReadFile("README.md")
	require.NoError(t, err)
	text := string(content)
	for name, example := range map[string]func(*testing.T) (before, after string){"span": spanExample, "access-log": logExample} {
		begin, end := "<!-- example "+name+" -->\n", "<!-- end example -->"
		head, rest, ok := strings.Cut(text, begin)
		require.True(t, ok, "README.md lacks %s", begin)
		old, tail, ok := strings.Cut(rest, end)
		require.True(t, ok, "README.md: example %s has no end", name)
		before, after := example(t)
		want := "\nBefore:\n\n```text\n" + before + "```\n\nAfter:\n\n```text\n" + after + "```\n\n"
		if *update {
			text = head + begin + want + end + tail
			continue
		}
		assert.Equal(t, want, old, "example %s: run go test -update and read the difference", name)
	}
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(text), 0o644))
	}
}

// exampleHouse is a cluster with a scene's proxy and the shop behind it.
func exampleHouse(t *testing.T, s *scene) *house {
	t.Helper()
	server := kubetest.New(t)
	server.Set(s.objects...)
	server.Set(
		kubetest.HTTPRoute("shop", "guarded", "kgateway-system", "http", "mirror", "guarded"), kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"),
		kubetest.Service("shop", "cart", "10.96.0.5"), kubetest.Endpoints("shop", "cart", "10.244.0.5"),
	)
	return newHouse(t, server.KubeConfig(), nil)
}

// spanExample is the first span of kgateway 2.2.0 that was sent upstream.
func spanExample(t *testing.T) (before, after string) {
	t.Helper()
	engine, err := gateway.Compile(builtin.Profiles(), gateway.DefaultOptions())
	require.NoError(t, err)
	for _, b := range gatewaytest.Find(t, "kgateway/2.2.0-default-traces.jsonl").Clone() {
		found := false
		for _, rs := range b.Traces.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				ss.Spans().RemoveIf(func(s ptrace.Span) bool {
					cluster, ok := s.Attributes().Get("upstream_cluster")
					drop := found || !ok || cluster.Str() != "kube_shop_cart_8080"
					found = found || !drop
					return drop
				})
			}
		}
		if found {
			engine.Traces(b.Traces)
			before = gatewaytest.Traces(b.Traces)
			all := scenes()
			return before, gatewaytest.Traces(exampleHouse(t, &all[2]).trace(t, b.Traces, ""))
		}
	}
	require.FailNow(t, "no such span")
	return "", ""
}

// logExample is the first record of a route that kgateway 2.4.2 logged while a user had set variables of the pod.
func logExample(t *testing.T) (before, after string) {
	t.Helper()
	engine, err := gateway.Compile(builtin.Profiles(), gateway.DefaultOptions())
	require.NoError(t, err)
	for _, b := range gatewaytest.Find(t, "kgateway/2.4.2-authz-logs.jsonl").Clone() {
		found := false
		b.Logs.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
			for _, sl := range rl.ScopeLogs().All() {
				sl.LogRecords().RemoveIf(func(lr plog.LogRecord) bool {
					route, ok := lr.Attributes().Get("route_name")
					drop := found || !ok || !strings.Contains(route.Str(), "-httproute-guarded-")
					found = found || !drop
					return drop
				})
			}
			name, ok := rl.Resource().Attributes().Get("log_name")
			return !ok || name.Str() != "kgw_otlp"
		})
		if found {
			// The user's own resourceAttributes of this recording say the name as well; without them kgateway sends this.
			b.Logs.ResourceLogs().At(0).Resource().Attributes().PutStr("service.name", "http.kgateway-system")
			engine.Logs(b.Logs)
			before = gatewaytest.Logs(b.Logs)
			all := scenes()
			return before, gatewaytest.Logs(exampleHouse(t, &all[1]).log(t, b.Logs, ""))
		}
	}
	require.FailNow(t, "no such record")
	return "", ""
}
