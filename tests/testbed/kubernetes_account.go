package testbed

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// KubeconfigOf writes a file with which a program is the ServiceAccount, with its rights and no others, and returns its
// path. The account has to exist; its token is valid for an hour.
func (k *Kubernetes) KubeconfigOf(tb testing.TB, namespace, account string) string {
	tb.Helper()
	request := map[string]any{
		"apiVersion": "authentication.k8s.io/v1",
		"kind":       "TokenRequest",
		"spec":       map[string]any{"expirationSeconds": tokenSeconds},
	}
	var answer struct{ Status struct{ Token string } }
	path := "/api/v1/namespaces/" + url.PathEscape(namespace) + "/serviceaccounts/" + url.PathEscape(account) + "/token"
	if err := k.Create(tb.Context(), path, request, &answer); err != nil {
		tb.Fatalf("kubeconfig of service account %s/%s: %v", namespace, account, err)
	}
	admin, err := os.ReadFile(k.kubeconfig)
	if err != nil {
		tb.Fatalf("kubeconfig of service account %s/%s: %v", namespace, account, err)
	}
	file := filepath.Join(tb.TempDir(), "kubeconfig.yaml")
	text := strings.ReplaceAll(string(admin), k.token, answer.Status.Token)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatalf("kubeconfig of service account %s/%s: %v", namespace, account, err)
	}
	return file
}

// Terminating says whether somebody asked for the end of the pod: it is there and has a deletion time. The error is that of
// the API server, also when the pod is gone.
func (k *Kubernetes) Terminating(ctx context.Context, namespace, name string) (bool, error) {
	var p pod
	p.Metadata.Namespace, p.Metadata.Name = namespace, name
	err := k.Get(ctx, p.path(), &p)
	return p.Metadata.DeletionTimestamp != "", err
}

// RemovePod takes the pod away at once, as its kubelet does when its containers have ended. ProxyNode has no other kubelet,
// so until then a deleted pod stays.
func (k *Kubernetes) RemovePod(tb testing.TB, namespace, name string) {
	tb.Helper()
	var p pod
	p.Metadata.Namespace, p.Metadata.Name = namespace, name
	options := map[string]any{"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
	if err := k.doJSON(tb.Context(), http.MethodDelete, p.path(), "application/json", options, nil); err != nil {
		tb.Fatalf("remove pod: %v", err)
	}
}
