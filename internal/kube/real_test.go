//go:build e2e && unix

package kube

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
)

const (
	manifest = "../../distributions/otelcol-gatehouse/kubernetes/rbac.yaml"
	account  = "otelcol-gatehouse"
)

// realClient is a client of a real API server. It doubts a no for as long as starting says, after the server was away.
func realClient(t *testing.T, r *kubetest.Real, token string, starting time.Duration) (*cluster.View, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	view := cluster.NewView(time.Minute)
	c, err := NewClient(Settings{
		REST: r.As(token), View: view, Routes: true, Upstream: true, Logger: zap.New(core),
		pauses: pauses{
			first: 50 * time.Millisecond, longest: 200 * time.Millisecond, refused: 200 * time.Millisecond,
			starting: starting, page: patience,
		},
	})
	require.NoError(t, err)
	c.Start()
	t.Cleanup(c.Stop)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, c.Wait(ctx))
	return view, logs
}

// TestLeastRights: with the shipped manifest everything is read, and every one of its rights is needed.
func TestLeastRights(t *testing.T) {
	r := kubetest.NewReal(t)
	// The kinds of the Gateway API come later than the client.
	r.Create(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": account}})
	r.Apply(manifest)
	token := r.ServiceAccountToken(account, account)
	require.Eventually(t, func() bool { return r.Allowed(account, account, "watch", "discovery.k8s.io", "endpointslices") }, patience, 20*time.Millisecond)
	view, logs := realClient(t, r, token, 0)
	assert.Equal(t, 3, logs.FilterMessageSnippet("does not have this kind").Len())
	r.InstallGatewayAPI()
	r.Set(
		kubetest.Gateway("edge", "http", "kgateway", 8080), kubetest.HTTPRoute("shop", "shop", "edge", "http", ""),
		kubetest.GRPCRoute("shop", "health", "edge", "http", ""), kubetest.Service("shop", "cart", "10.96.0.9"),
		kubetest.Endpoints("shop", "cart", "10.244.0.5"), kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"),
	)
	want := func(v *cluster.View) bool {
		c := v.Counts()
		// The server has a Service and an EndpointSlice of its own.
		return c.Pods == 1 && c.Gateways == 1 && c.HTTPRoutes == 1 && c.GRPCRoutes == 1 && c.Services >= 1 && c.EndpointSlices >= 1 &&
			v.HasService(cluster.Ref{Namespace: "shop", Name: "cart"})
	}
	require.Eventually(t, func() bool { return want(view) }, patience, 20*time.Millisecond, "what was installed and created later")
	assert.Empty(t, logs.FilterMessageSnippet("right is missing").All())

	role := r.Do(http.MethodGet, "/apis/rbac.authorization.k8s.io/v1/clusterroles/"+account, nil)
	rules := role["rules"].([]any)
	put := func(changed []any) {
		now := r.Do(http.MethodGet, "/apis/rbac.authorization.k8s.io/v1/clusterroles/"+account, nil)
		now["rules"] = changed
		r.Do(http.MethodPut, "/apis/rbac.authorization.k8s.io/v1/clusterroles/"+account, now)
	}
	tried := 0
	for i, rule := range rules {
		rule := rule.(map[string]any)
		group := rule["apiGroups"].([]any)[0].(string)
		for _, resource := range rule["resources"].([]any) {
			for _, verb := range rule["verbs"].([]any) {
				name := resource.(string)
				if group != "" {
					name += "." + group
				}
				t.Run(fmt.Sprintf("without %s %s", verb, name), func(t *testing.T) {
					put(without(rules, i, resource, verb))
					defer put(rules)
					require.Eventually(t, func() bool { return !r.Allowed(account, account, verb.(string), group, resource.(string)) }, patience, 20*time.Millisecond)
					view, logs := realClient(t, r, token, 0)
					require.Eventually(t, func() bool { return logs.FilterMessageSnippet("right is missing").Len() == 1 }, patience, 10*time.Millisecond)
					line := logs.FilterMessageSnippet("right is missing").All()[0].ContextMap()
					assert.Equal(t, verb, line["verb"])
					assert.Equal(t, name, line["resource"])
					assert.Contains(t, line["error"], fmt.Sprintf("cannot %s resource %q", verb, resource), "the server's own words")
					assert.Equal(t, want(view), verb == "watch", "what is only listed is known, but grows old")
					// Granted again, it comes back by itself.
					put(rules)
					require.Eventually(t, func() bool { return want(view) && logs.FilterMessageSnippet("are read now").Len() == 1 }, patience, 20*time.Millisecond)
				})
				tried++
			}
		}
	}
	assert.Equal(t, 12, tried, "the rights of the manifest")
}

// TestServerRestarts: a server that starts answers before it knows its own rules, and says then that every right is missing.
// It is one outage all the same, and over as soon as the rules are known.
func TestServerRestarts(t *testing.T) {
	r := kubetest.NewReal(t)
	r.InstallGatewayAPI()
	r.Create(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": account}})
	r.Apply(manifest)
	token := r.ServiceAccountToken(account, account)
	require.Eventually(t, func() bool { return r.Allowed(account, account, "watch", "discovery.k8s.io", "endpointslices") }, patience, 20*time.Millisecond)
	view, logs := realClient(t, r, token, time.Hour)
	r.Down()
	require.Eventually(t, func() bool { return logs.FilterMessageSnippet("does not answer").Len() == 1 }, patience, 10*time.Millisecond)
	r.Up()
	r.Set(kubetest.Gateway("edge", "http", "kgateway", 8080), kubetest.HTTPRoute("shop", "shop", "edge", "http", ""), kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"))
	require.Eventually(t, func() bool {
		c := view.Counts()
		return c.Pods == 1 && c.Gateways == 1 && c.HTTPRoutes == 1
	}, patience, 20*time.Millisecond, "what came after the restart")
	require.Eventually(t, func() bool { return logs.FilterMessageSnippet("answers again").Len() == 1 }, patience, 10*time.Millisecond)
	assert.Equal(t, 2, logs.Len(), "one line down, one line up: %v", logs.All())
}

// without returns the rules without one verb on one resource.
func without(rules []any, at int, resource, verb any) []any {
	changed := append([]any(nil), rules...)
	rule := rules[at].(map[string]any)
	var others, verbs []any
	for _, r := range rule["resources"].([]any) {
		if r != resource {
			others = append(others, r)
		}
	}
	for _, v := range rule["verbs"].([]any) {
		if v != verb {
			verbs = append(verbs, v)
		}
	}
	changed[at] = map[string]any{"apiGroups": rule["apiGroups"], "resources": []any{resource}, "verbs": verbs}
	if len(others) > 0 {
		changed = append(changed, map[string]any{"apiGroups": rule["apiGroups"], "resources": others, "verbs": rule["verbs"]})
	}
	return changed
}
