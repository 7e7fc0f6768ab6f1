package testbed

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// apiServer answers the lists of kinds a test gives it and keeps what was asked for beside them.
func apiServer(t *testing.T, kinds map[string]string) (c *Client, requests *[]string) {
	t.Helper()
	requests = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if list, ok := kinds[r.URL.Path]; ok {
			_, _ = io.WriteString(w, list)
			return
		}
		body, err := io.ReadAll(r.Body)
		if !assert.NoError(t, err) || !assert.Equal(t, "Bearer secret", r.Header.Get("Authorization")) {
			return
		}
		*requests = append(*requests, r.Method+" "+r.URL.String()+" "+r.Header.Get("Content-Type")+" "+string(body))
		if r.Method == http.MethodPost {
			http.Error(w, `{"reason":"Conflict"}`, http.StatusConflict)
		}
	}))
	t.Cleanup(server.Close)
	return newClient(server.URL, "secret", nil), requests
}

func TestClientApply(t *testing.T) {
	t.Parallel()
	c, requests := apiServer(t, map[string]string{
		"/api/v1": `{"resources":[
			{"kind":"Namespace","name":"namespaces"},
			{"kind":"Pod","name":"pods/status","namespaced":true},
			{"kind":"Pod","name":"pods","namespaced":true}]}`,
		"/apis/gateway.networking.k8s.io/v1": `{"resources":[{"kind":"HTTPRoute","name":"httproutes","namespaced":true}]}`,
	})
	c.Apply(t, `
# nothing but a comment
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Pod, metadata: {name: cart}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: shop, namespace: shop}}
`)
	const query, contentType = "?force=true&fieldManager=gatehouse-testbed ", "application/apply-patch+yaml "
	assert.Equal(t, []string{
		"PATCH /api/v1/namespaces/shop" + query + contentType +
			`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}`,
		"PATCH /api/v1/namespaces/default/pods/cart" + query + contentType +
			`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"cart"}}`,
		"PATCH /apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/shop" + query + contentType +
			`{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"shop","namespace":"shop"}}`,
	}, *requests)
}

func TestClientErrors(t *testing.T) {
	t.Parallel()
	c, _ := apiServer(t, map[string]string{"/api/v1": `{"resources":[]}`})
	err := c.Create(t.Context(), "/api/v1/namespaces", map[string]string{}, nil)
	require.ErrorContains(t, err, "POST /api/v1/namespaces: 409 Conflict: ")
	require.ErrorContains(t, err, `{"reason":"Conflict"}`)
	err = c.apply(t.Context(), map[string]any{"apiVersion": "v1", "kind": "Pod"})
	require.ErrorContains(t, err, `kind "Pod" is not in /api/v1`)
	var answer struct{}
	require.ErrorContains(t, c.Get(t.Context(), "/empty", &answer), "GET /empty: read answer: ")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.Get(ctx, "/empty", nil), context.Canceled)
}

// An object without a name is refused here, before a request goes to the list's path.
func TestClientWantsName(t *testing.T) {
	t.Parallel()
	c, requests := apiServer(t, map[string]string{"/api/v1": `{"resources":[{"kind":"Pod","name":"pods","namespaced":true}]}`})
	var object map[string]any
	require.NoError(t, json.Unmarshal([]byte(`{"apiVersion":"v1","kind":"Pod","metadata":{}}`), &object))
	require.ErrorContains(t, c.apply(t.Context(), object), "metadata.name is missing")
	assert.Empty(t, *requests)
}
