package testbed

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	// fieldManager owns the fields that Apply sets (server-side apply).
	fieldManager = "gatehouse-testbed"
	// maxAnswer bounds what is read of an answer; the largest is the list of a cluster's kinds.
	maxAnswer = 16 << 20
	// shownAnswer is how much of an answer an error shows, in bytes.
	shownAnswer = 500

	applyPatch = "application/apply-patch+yaml"
	mergePatch = "application/merge-patch+json"
)

// Client talks to a Kubernetes API server: JSON over HTTP, no caches and no watches, because a test asks a handful of
// questions. Its methods may be called by several goroutines.
type Client struct {
	url   string
	token string
	http  *http.Client

	mu    sync.Mutex
	kinds map[string][]kind // by apiVersion
}

// kind is an entry of an API group's list of resources.
type kind struct {
	Kind       string `json:"kind"`
	Plural     string `json:"name"`
	Namespaced bool   `json:"namespaced"`
}

func newClient(url, token string, authorities *x509.CertPool) *Client {
	return &Client{
		url:   url,
		token: token,
		http:  &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities}}},
		kinds: make(map[string][]kind),
	}
}

// Get reads the object, or the list, at the path into into, which may be nil.
func (c *Client) Get(ctx context.Context, path string, into any) error {
	return c.do(ctx, http.MethodGet, path, "", nil, into)
}

// Create posts the object to the path and reads the answer into into, which may be nil.
func (c *Client) Create(ctx context.Context, path string, object, into any) error {
	return c.doJSON(ctx, http.MethodPost, path, "application/json", object, into)
}

// PatchStatus merges status into the status of the object at the path.
func (c *Client) PatchStatus(ctx context.Context, path string, status any) error {
	patch := map[string]any{"status": status}
	return c.doJSON(ctx, http.MethodPatch, path+"/status", mergePatch, patch, nil)
}

// Apply makes the cluster hold the objects of the YAML documents, by server-side apply. An object may be refused for a
// while after the cluster, its namespace or its kind has come into being, so it is tried again until clusterTimeout.
func (c *Client) Apply(tb testing.TB, documents string) {
	tb.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(documents))
	for {
		var object map[string]any
		switch err := decoder.Decode(&object); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			tb.Fatalf("apply: read YAML: %v", err)
		case len(object) == 0: // a document of comments
			continue
		}
		Eventually(tb, clusterTimeout, "apply "+describe(object), func(ctx context.Context) error {
			return c.apply(ctx, object)
		})
	}
}

func (c *Client) apply(ctx context.Context, object map[string]any) error {
	path, err := c.path(ctx, object)
	if err != nil {
		return err
	}
	return c.doJSON(ctx, http.MethodPatch, path+"?force=true&fieldManager="+fieldManager, applyPatch, object, nil)
}

// path is where the object lives, found by its kind.
func (c *Client) path(ctx context.Context, object map[string]any) (string, error) {
	apiVersion, _ := object["apiVersion"].(string)
	name, _ := object["kind"].(string)
	group := "/apis/" + apiVersion
	if !strings.Contains(apiVersion, "/") {
		group = "/api/" + apiVersion
	}
	k, err := c.kind(ctx, group, name)
	if err != nil {
		return "", err
	}
	meta, _ := object["metadata"].(map[string]any)
	path := group
	if k.Namespaced {
		namespace, _ := meta["namespace"].(string)
		if namespace == "" {
			namespace = "default"
		}
		path += "/namespaces/" + url.PathEscape(namespace)
	}
	id, _ := meta["name"].(string)
	if id == "" {
		return "", fmt.Errorf("%s: metadata.name is missing", name)
	}
	return path + "/" + k.Plural + "/" + url.PathEscape(id), nil
}

func (c *Client) kind(ctx context.Context, group, name string) (kind, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wanted := func(k kind) bool {
		return k.Kind == name && !strings.Contains(k.Plural, "/") // a subresource has its resource's kind
	}
	at := slices.IndexFunc(c.kinds[group], wanted)
	if at < 0 { // never asked, or the kind is younger than the answer
		var list struct{ Resources []kind }
		if err := c.Get(ctx, group, &list); err != nil {
			return kind{}, err
		}
		c.kinds[group] = list.Resources
		if at = slices.IndexFunc(list.Resources, wanted); at < 0 {
			return kind{}, fmt.Errorf("kind %q is not in %s", name, group)
		}
	}
	return c.kinds[group][at], nil
}

func (c *Client) doJSON(ctx context.Context, method, path, contentType string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return c.do(ctx, method, path, contentType, text, into) // JSON is YAML
}

func (c *Client) do(ctx context.Context, method, path, contentType string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %.*s", method, path, resp.Status, shownAnswer, answer)
	}
	if into == nil {
		return nil
	}
	if err = json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s %s: read answer: %w", method, path, err)
	}
	return nil
}

func describe(object map[string]any) string {
	meta, _ := object["metadata"].(map[string]any)
	return fmt.Sprint(object["kind"], " ", meta["name"])
}
