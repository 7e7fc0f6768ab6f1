package caddy

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

const captures = "../../../tests/captures/caddy"

func load(t *testing.T, name string) ptrace.Traces {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(captures, name))
	require.NoError(t, err)
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(raw)
	require.NoError(t, err)
	require.Positive(t, td.SpanCount())
	return td
}

// The resource evidence holds for every recorded version.
func TestRecordedResourcesAreEvidence(t *testing.T) {
	t.Parallel()
	evidence := Profile.Detect[0]
	require.Equal(t, gateway.InResource, evidence.In)
	for _, name := range []string{"2.10.2-legacy-traces.json", "2.10.2-dup-traces.json", "2.11.9-stable-traces.json"} {
		for _, rs := range load(t, name).ResourceSpans().All() {
			v, ok := rs.Resource().Attributes().Get(evidence.Key)
			require.True(t, ok, name)
			assert.Equal(t, evidence.Equal, v.Str(), name)
		}
	}
}

// Spans of Caddy 2.11 are current already: nothing of theirs may have a rule here.
func TestNoRuleTouchesCurrentSpans(t *testing.T) {
	t.Parallel()
	rules := make(map[string]bool)
	for _, r := range Profile.Attributes {
		if r.Signals == 0 || r.Signals&gateway.OnSpans != 0 {
			rules[r.From] = true
		}
	}
	require.Empty(t, Profile.Resource)
	for _, rs := range load(t, "2.11.9-stable-traces.json").ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				assert.NotContains(t, Profile.Spans.Names, span.Name())
				for key := range span.Attributes().All() {
					assert.False(t, rules[key], key)
				}
			}
		}
	}
}
