package traefik

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// What was recorded from Traefik 3.6.12 is recognized by its scope, named as this profile says, and has the
// keys its rules are about. Router and Service spans need detailed tracing, which the recording had not; their
// rules are from the sources.
func TestRecordedSpans(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../tests/captures/traefik/3.6.12-traces.json")
	require.NoError(t, err)
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(raw)
	require.NoError(t, err)
	evidence := Profile.Detect[0]
	require.Equal(t, gateway.InScope, evidence.In)

	servers, clients := 0, 0
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			assert.Equal(t, evidence.Equal, ss.Scope().Name())
			for _, span := range ss.Spans().All() {
				switch span.Kind() {
				case ptrace.SpanKindServer:
					servers++
					_, ok := span.Attributes().Get("entry_point")
					assert.True(t, ok)
					assert.NotContains(t, Profile.Spans.Names, span.Name(), "a method is the convention's name")
				case ptrace.SpanKindClient:
					clients++
					assert.Contains(t, Profile.Spans.Names, span.Name())
				}
			}
		}
	}
	assert.Positive(t, servers)
	assert.Positive(t, clients)
}
