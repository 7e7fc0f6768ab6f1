package gatewayidentityprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

// TestTwiceEqualsOnce: what passed is left alone by a second gateway_identity, and by a second gateway_semconv, which the
// shipped pipeline has behind the sampler. Every recording goes through, in a cluster that has all of their proxies.
func TestTwiceEqualsOnce(t *testing.T) {
	engine, err := gateway.Compile(builtin.Profiles(), gateway.DefaultOptions())
	require.NoError(t, err)
	server := shop(t)
	all := scenes()
	for i := range all {
		server.Set(all[i].objects...)
	}
	h := newHouse(t, server.KubeConfig(), nil)
	rewrite := func(b gatewaytest.Batch) {
		if b.IsLogs {
			engine.Logs(b.Logs)
		} else {
			engine.Traces(b.Traces)
		}
	}
	identify := func(b gatewaytest.Batch) {
		if b.IsLogs {
			h.log(t, b.Logs, "10.244.0.31")
		} else {
			h.trace(t, b.Traces, "10.244.0.31")
		}
	}
	batches := 0
	for _, c := range gatewaytest.Captures(t) {
		for i, b := range c.Clone() {
			items := b.Len()
			rewrite(b)
			rewrite(b) // the parents of some client spans come later in a batch
			identify(b)
			assert.Equal(t, items, b.Len(), "no item is lost")
			once, err := b.Bytes()
			require.NoError(t, err)
			identify(b)
			twice, err := b.Bytes()
			require.NoError(t, err)
			assert.Equal(t, string(once), string(twice), "%s, request %d: a second gateway_identity", c, i)
			rewrite(b)
			after, err := b.Bytes()
			require.NoError(t, err)
			assert.Equal(t, string(once), string(after), "%s, request %d: a second gateway_semconv", c, i)
			batches++
		}
	}
	assert.Greater(t, batches, 400, "the recordings are there")
}
