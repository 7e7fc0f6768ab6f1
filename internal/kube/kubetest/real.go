//go:build e2e && unix

package kubetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"k8s.io/client-go/rest"
)

// AssetsVariable names the folders, separated as in PATH, that hold the programs etcd and kube-apiserver.
const AssetsVariable = "GATEHOUSE_KUBE_ASSETS"

// startPatience bounds how long a program may take to start on a busy machine.
const startPatience = 3 * time.Minute

// Real is a real kube-apiserver with its own etcd and RBAC, without anything that would run pods.
type Real struct {
	tb      testing.TB
	dir     string
	etcd    string
	token   string
	address string
	server  *exec.Cmd
	client  *http.Client
}

// NewReal starts both programs; they end with the test. The test is skipped when AssetsVariable is not set.
func NewReal(tb testing.TB) *Real {
	tb.Helper()
	if os.Getenv(AssetsVariable) == "" {
		tb.Skipf("set %s to the folders of etcd and kube-apiserver", AssetsVariable)
	}
	r := &Real{tb: tb, dir: tb.TempDir()}
	secret := make([]byte, 16)
	_, err := rand.Read(secret)
	require.NoError(tb, err)
	r.token = hex.EncodeToString(secret)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(tb, err)
	r.write("sa.key", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	r.write("tokens.csv", []byte(r.token+",admin,1,system:masters\n"))

	client, peer := "http://"+freeAddress(tb), "http://"+freeAddress(tb)
	_, stopEtcd := r.run("etcd", "--data-dir="+filepath.Join(r.dir, "etcd"), "--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer, "--unsafe-no-fsync")
	tb.Cleanup(stopEtcd)
	r.etcd, r.address = client, freeAddress(tb)
	cfg := r.Admin()
	r.client, err = rest.HTTPClientFor(cfg)
	require.NoError(tb, err)
	r.Up()
	tb.Cleanup(r.Down)
	return r
}

// Up starts the API server, on the same address as before, and waits until it is ready.
func (r *Real) Up() {
	_, port, err := net.SplitHostPort(r.address)
	require.NoError(r.tb, err)
	cmd, stop := r.run("kube-apiserver", "--etcd-servers="+r.etcd, "--bind-address=127.0.0.1", "--secure-port="+port,
		"--cert-dir="+filepath.Join(r.dir, "certs"), "--authorization-mode=RBAC", "--token-auth-file="+filepath.Join(r.dir, "tokens.csv"),
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+filepath.Join(r.dir, "sa.key"),
		"--service-account-signing-key-file="+filepath.Join(r.dir, "sa.key"), "--service-cluster-ip-range=10.96.0.0/16",
		"--disable-admission-plugins=ServiceAccount")
	r.server = cmd
	r.tb.Cleanup(stop)
	deadline := time.Now().Add(startPatience)
	for {
		if body, code := r.request(http.MethodGet, "/readyz", nil); code == http.StatusOK {
			return
		} else if time.Now().After(deadline) {
			require.FailNow(r.tb, "kube-apiserver is not ready", "%d %s\n%s", code, body, r.log("kube-apiserver"))
		}
		<-time.After(100 * time.Millisecond) // readiness can only be polled
	}
}

// Down kills the API server; etcd keeps everything.
func (r *Real) Down() {
	if r.server != nil && r.server.ProcessState == nil {
		_ = syscall.Kill(-r.server.Process.Pid, syscall.SIGKILL)
		_ = r.server.Wait()
	}
}

// run starts a program in a process group of its own that does not outlive the test, and returns what ends it.
func (r *Real) run(name string, args ...string) (*exec.Cmd, func()) {
	r.tb.Helper()
	path := ""
	for _, dir := range filepath.SplitList(os.Getenv(AssetsVariable)) {
		if candidate := filepath.Join(dir, name); path == "" {
			if _, err := os.Stat(candidate); err == nil {
				path = candidate
			}
		}
	}
	require.NotEmptyf(r.tb, path, "%s is in none of the folders of %s", name, AssetsVariable)
	log, err := os.OpenFile(filepath.Join(r.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(r.tb, err)
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = processAttributes()
	require.NoError(r.tb, cmd.Start())
	return cmd, func() {
		if cmd.ProcessState == nil {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			_ = cmd.Wait()
		}
		_ = log.Close()
	}
}

func (r *Real) log(name string) string {
	content, _ := os.ReadFile(filepath.Join(r.dir, name+".log"))
	return string(content[max(0, len(content)-4000):])
}

func (r *Real) write(name string, content []byte) {
	require.NoError(r.tb, os.WriteFile(filepath.Join(r.dir, name), content, 0o600))
}

// Admin is how to reach it with every right.
func (r *Real) Admin() *rest.Config { return r.As(r.token) }

// As is how to reach it with a token.
func (r *Real) As(token string) *rest.Config {
	return &rest.Config{Host: "https://" + r.address, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
}

// KubeConfig is the same as a kubeconfig file's text.
func (r *Real) KubeConfig(token string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"test",
"clusters":[{"name":"test","cluster":{"server":"https://%s","insecure-skip-tls-verify":true}}],
"contexts":[{"name":"test","context":{"cluster":"test","user":"test"}}],
"users":[{"name":"test","user":{"token":%q}}]}`, r.address, token)
}

// AdminToken is the token of Admin.
func (r *Real) AdminToken() string { return r.token }

// Do sends a request with every right and returns the decoded answer. It fails the test on an error.
func (r *Real) Do(method, path string, body any) map[string]any {
	r.tb.Helper()
	answer, code := r.request(method, path, body)
	require.Lessf(r.tb, code, 300, "%s %s: %s", method, path, answer)
	var decoded map[string]any
	require.NoError(r.tb, json.Unmarshal(answer, &decoded))
	return decoded
}

// Try sends a request with every right and returns the answer as it is, a refusal too.
func (r *Real) Try(method, path string, body any) (answer []byte, code int) {
	r.tb.Helper()
	return r.request(method, path, body)
}

func (r *Real) request(method, path string, body any) (answer []byte, code int) {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		require.NoError(r.tb, err)
		content = bytes.NewReader(raw)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "https://"+r.address+path, content)
	require.NoError(r.tb, err)
	req.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		req.Header.Set("Content-Type", "application/merge-patch+json")
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return []byte(err.Error()), 999
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err = io.ReadAll(resp.Body)
	require.NoError(r.tb, err)
	return answer, resp.StatusCode
}

// Apply creates what a file of YAML documents describes.
func (r *Real) Apply(file string) {
	r.tb.Helper()
	content, err := os.Open(file)
	require.NoError(r.tb, err)
	defer func() { _ = content.Close() }()
	decoder := yaml.NewDecoder(content)
	for {
		var o map[string]any
		err := decoder.Decode(&o)
		if err == io.EOF { //nolint:errorlint // the decoder returns it as it is
			return
		}
		require.NoError(r.tb, err)
		if o != nil {
			r.Create(o)
		}
	}
}

// Create creates an object from its fields.
func (r *Real) Create(o map[string]any) map[string]any {
	r.tb.Helper()
	return r.Do(http.MethodPost, Path(o), o)
}

// Path is where objects of this one's kind and namespace are.
func Path(o map[string]any) string {
	group, kind := o["apiVersion"].(string), strings.ToLower(o["kind"].(string))
	prefix := "/apis/" + group
	if group == "v1" {
		prefix = "/api/v1"
	}
	if meta, _ := o["metadata"].(map[string]any); meta["namespace"] != nil {
		prefix += fmt.Sprintf("/namespaces/%s", meta["namespace"])
	}
	plural := kind + "s"
	if strings.HasSuffix(kind, "class") {
		plural = kind + "es"
	}
	return prefix + "/" + plural
}

// InstallGatewayAPI installs the definitions of Gateways and routes of the version in go.mod, and waits until they are
// served.
func (r *Real) InstallGatewayAPI() {
	r.tb.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	require.NoError(r.tb, err)
	dir := filepath.Join(strings.TrimSpace(string(out)), "config", "crd", "standard")
	for _, name := range []string{"gateways", "httproutes", "grpcroutes"} {
		r.Apply(filepath.Join(dir, "gateway.networking.k8s.io_"+name+".yaml"))
	}
	for _, name := range []string{"gateways", "httproutes", "grpcroutes"} {
		require.Eventually(r.tb, func() bool {
			_, code := r.request(http.MethodGet, "/apis/gateway.networking.k8s.io/v1/"+name, nil)
			return code == http.StatusOK
		}, startPatience, 50*time.Millisecond, name)
	}
}

// Set creates objects, their namespaces where they are missing, and the status of pods, which only a kubelet may write in
// one go. It returns the UIDs that the server gave them, by namespace/name.
func (r *Real) Set(objects ...Object) map[string]string {
	r.tb.Helper()
	uids := make(map[string]string)
	names := &Server{tb: r.tb}
	for _, o := range objects {
		names.resource(o) // sets the kind
		raw, err := json.Marshal(o)
		require.NoError(r.tb, err)
		var fields map[string]any
		require.NoError(r.tb, json.Unmarshal(raw, &fields))
		status := fields["status"]
		delete(fields, "status")
		meta := fields["metadata"].(map[string]any)
		delete(meta, "uid")
		for _, owner := range asList(meta["ownerReferences"]) {
			owner.(map[string]any)["uid"] = "1b2c3d4e-0000-4222-8333-944455556666" // nobody collects garbage here
		}
		if namespace, ok := meta["namespace"].(string); ok {
			_, _ = r.request(http.MethodPost, "/api/v1/namespaces", map[string]any{
				"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace},
			})
		}
		complete(fields)
		created := r.Create(fields)
		uids[fmt.Sprintf("%s/%s", meta["namespace"], meta["name"])] = created["metadata"].(map[string]any)["uid"].(string)
		if fields["kind"] == "Pod" {
			r.Do(http.MethodPatch, fmt.Sprintf("%s/%s/status", Path(fields), meta["name"]), map[string]any{"status": status})
		}
	}
	return uids
}

// complete adds what a real server insists on.
func complete(fields map[string]any) {
	spec, _ := fields["spec"].(map[string]any)
	if fields["kind"] == "Service" {
		spec["ports"] = []any{map[string]any{"port": 80}}
	}
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

// ServiceAccountToken returns a token of a service account.
func (r *Real) ServiceAccountToken(namespace, name string) string {
	r.tb.Helper()
	answer := r.Do(http.MethodPost, fmt.Sprintf("/api/v1/namespaces/%s/serviceaccounts/%s/token", namespace, name), map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": map[string]any{"expirationSeconds": 3600},
	})
	return answer["status"].(map[string]any)["token"].(string)
}

// Allowed asks whether a service account may do something to all objects of a kind.
func (r *Real) Allowed(namespace, account, verb, group, resource string) bool {
	r.tb.Helper()
	answer := r.Do(http.MethodPost, "/apis/authorization.k8s.io/v1/subjectaccessreviews", map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
		"spec": map[string]any{
			"user":               "system:serviceaccount:" + namespace + ":" + account,
			"resourceAttributes": map[string]any{"verb": verb, "group": group, "resource": resource},
		},
	})
	return answer["status"].(map[string]any)["allowed"] == true
}

func freeAddress(tb testing.TB) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	require.NoError(tb, listener.Close())
	return listener.Addr().String()
}

// Delete deletes objects at once, without waiting for a kubelet that is not there.
func (r *Real) Delete(objects ...Object) {
	r.tb.Helper()
	names := &Server{tb: r.tb}
	for _, o := range objects {
		names.resource(o)
		group, kind := o.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
		meta := map[string]any{"namespace": o.GetNamespace()}
		path := Path(map[string]any{"apiVersion": group, "kind": kind, "metadata": meta})
		r.Do(http.MethodDelete, path+"/"+o.GetName()+"?gracePeriodSeconds=0", nil)
	}
}
