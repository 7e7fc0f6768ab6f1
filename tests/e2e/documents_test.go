//go:build e2e && unix

package e2e

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/gatehouse-otel/gatehouse/internal/doccheck"
	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// yamlDocuments returns the objects in a text of YAML documents.
func yamlDocuments(t *testing.T, text string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var object map[string]any
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		if object != nil {
			found = append(found, object)
		}
	}
}

// What the documents tell users to apply for kgateway, Envoy Gateway and Istio is taken by a real API server with the
// definitions of those gateways: no field is unknown, and none has a value that they refuse.
func TestDocumentedObjects(t *testing.T) {
	t.Setenv(kubetest.AssetsVariable, testbed.KubernetesAssets(t))
	kinds := testbed.GatewayKinds(t)
	r := kubetest.NewReal(t)
	type resource struct{ group, plural string }
	served := map[string]resource{} // by version and kind
	for _, definition := range yamlDocuments(t, kinds) {
		if definition["kind"] != "CustomResourceDefinition" {
			continue
		}
		r.Create(definition)
		spec := definition["spec"].(map[string]any)
		names := spec["names"].(map[string]any)
		for _, version := range spec["versions"].([]any) {
			apiVersion := spec["group"].(string) + "/" + version.(map[string]any)["name"].(string)
			served[apiVersion+" "+names["kind"].(string)] = resource{"/apis/" + apiVersion, names["plural"].(string)}
		}
	}
	repository, err := testbed.Repository()
	require.NoError(t, err)
	accepted := map[string]int{}
	for _, document := range []string{"distributions/otelcol-gatehouse/README.md", "receiver/envoyalsreceiver/README.md"} {
		text, err := os.ReadFile(filepath.Join(repository, document))
		require.NoError(t, err)
		for _, block := range doccheck.Parse(string(text)).Blocks {
			if !block.Is("yaml") {
				continue
			}
			for _, object := range yamlDocuments(t, block.Text) {
				apiVersion, _ := object["apiVersion"].(string)
				kind, _ := object["kind"].(string)
				at, known := served[apiVersion+" "+kind]
				if !known {
					assert.Empty(t, kind, "%s, line %d", document, block.Line)
					continue
				}
				require.Eventually(t, func() bool {
					_, code := r.Try(http.MethodGet, at.group+"/"+at.plural, nil)
					return code == http.StatusOK
				}, time.Minute, 50*time.Millisecond, "%s is served a moment after its definition came", kind)
				namespace := object["metadata"].(map[string]any)["namespace"].(string)
				_, _ = r.Try(http.MethodPost, "/api/v1/namespaces", map[string]any{
					"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace},
				})
				answer, code := r.Try(http.MethodPost, at.group+"/namespaces/"+namespace+"/"+at.plural+"?fieldValidation=Strict&dryRun=All", object)
				assert.Equal(t, http.StatusCreated, code, "%s, line %d: %s %s: %s", document, block.Line, kind, namespace, answer)
				accepted[kind]++
			}
		}
	}
	assert.Equal(t, map[string]int{"ListenerPolicy": 2, "ReferenceGrant": 2, "EnvoyProxy": 2, "Telemetry": 1}, accepted)
}
