package testbed

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Versions of what StartKubernetes runs, as programs.go pins them.
const (
	etcdVersion       = "3.6.16"
	kubernetesVersion = "1.36.3"
	kwokVersion       = "0.8.0"

	kwokModule = "sigs.k8s.io/kwok"
)

// The networks of the cluster. In a process of Isolated both are local, so a program is reached at its pod's address and
// at its Service's, as long as it listens on all addresses and the ports are equal.
var (
	PodNetwork     = netip.MustParsePrefix("10.244.0.1/16")
	ServiceNetwork = netip.MustParsePrefix("10.96.0.1/16")
)

const (
	etcdAddress = "127.0.0.1:2379"
	// apiAddress is not a loopback address, because the API server puts it into the EndpointSlice of its own Service, and
	// those refuse loopback addresses.
	apiAddress = "10.244.0.1"
	apiPort    = "6443"

	// ProxyNode is the Node whose kubelet is the harness: its pods run for real.
	ProxyNode = "node-a"
	// BackendNode is the Node that kwok plays: its pods become ready and get addresses, and nothing runs.
	BackendNode = "node-b"
	// backendPods is where kwok takes addresses from.
	backendPods = "10.244.1.1/24"

	clusterTimeout = 90 * time.Second // for objects and controllers of a cluster on a busy machine
)

// clusterEnv keeps the programs of a cluster from asking a proxy of the machine for addresses that only they can reach.
var clusterEnv = []string{"NO_PROXY=*", "no_proxy=*"}

// nodes are the two machines of the cluster. Kubernetes copies the topology labels to the pods bound to them.
const nodes = `
apiVersion: v1
kind: Node
metadata:
  name: ` + ProxyNode + `
  labels: {topology.kubernetes.io/region: region-1, topology.kubernetes.io/zone: region-1a}
---
apiVersion: v1
kind: Node
metadata:
  name: ` + BackendNode + `
  labels: {topology.kubernetes.io/region: region-1, topology.kubernetes.io/zone: region-1b}
`

// Kubernetes is an API server with its store, its controllers and two Nodes, without a machine behind them.
type Kubernetes struct {
	*Client
	kubeconfig string
}

// kubernetesPrograms are what StartKubernetes runs.
var kubernetesPrograms = [][2]string{{"etcd", etcdVersion}, {"kubernetes", kubernetesVersion}, {"kwok", kwokVersion}}

// KubernetesAssets are the folders of etcd and kube-apiserver, separated as in PATH.
func KubernetesAssets(tb testing.TB) string {
	tb.Helper()
	return filepath.Dir(Binary(tb, "etcd", etcdVersion, "etcd")) + string(filepath.ListSeparator) +
		filepath.Dir(Binary(tb, "kubernetes", kubernetesVersion, "kube-apiserver"))
}

// StartKubernetes runs the cluster until the end of the test. It has to be called in a process of Isolated with both
// networks, because ports and addresses are fixed.
func StartKubernetes(tb testing.TB) *Kubernetes {
	tb.Helper()
	dir := tb.TempDir()
	pki, err := newPKI(dir, net.ParseIP(apiAddress))
	if err != nil {
		tb.Fatalf("start kubernetes: %v", err)
	}
	k := &Kubernetes{
		Client:     newClient("https://"+net.JoinHostPort(apiAddress, apiPort), pki.token, pki.pool),
		kubeconfig: filepath.Join(dir, "kubeconfig.yaml"),
	}
	if err := os.WriteFile(k.kubeconfig, kubeconfig(k.url, pki), 0o600); err != nil {
		tb.Fatalf("start kubernetes: %v", err)
	}
	tb.Cleanup(k.http.CloseIdleConnections)
	startEtcd(tb)
	k.startAPIServer(tb, pki)
	k.startControllers(tb, pki)
	k.Apply(tb, nodes)
	k.startKwok(tb)
	return k
}

// Kubeconfig is the path of a file with which a program is the cluster's administrator.
func (k *Kubernetes) Kubeconfig() string { return k.kubeconfig }

func startEtcd(tb testing.TB) {
	tb.Helper()
	Start(tb, Command{
		Name: "etcd " + etcdVersion,
		Path: Binary(tb, "etcd", etcdVersion, "etcd"),
		Args: []string{
			"--data-dir=" + tb.TempDir(),
			"--listen-client-urls=http://" + etcdAddress,
			"--advertise-client-urls=http://" + etcdAddress,
			"--listen-peer-urls=http://127.0.0.1:2380",
			"--unsafe-no-fsync", // nothing here outlives the test
		},
		Ready: HTTPReady("http://" + etcdAddress + "/health"),
	})
}

func (k *Kubernetes) startAPIServer(tb testing.TB, p *pki) {
	tb.Helper()
	Start(tb, Command{
		Name: "kube-apiserver " + kubernetesVersion,
		Env:  clusterEnv,
		Path: Binary(tb, "kubernetes", kubernetesVersion, "kube-apiserver"),
		Args: []string{
			"--etcd-servers=http://" + etcdAddress,
			"--bind-address=" + apiAddress,
			"--advertise-address=" + apiAddress,
			"--secure-port=" + apiPort,
			"--tls-cert-file=" + p.certificate,
			"--tls-private-key-file=" + p.key,
			"--token-auth-file=" + p.tokens,
			"--authorization-mode=RBAC",
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + p.serviceAccountKey,
			"--service-account-signing-key-file=" + p.serviceAccountKey,
			"--service-cluster-ip-range=" + ServiceNetwork.Masked().String(),
		},
		Ready:        func(ctx context.Context) error { return k.Get(ctx, "/readyz", nil) },
		ReadyTimeout: clusterTimeout,
	})
}

func (k *Kubernetes) startControllers(tb testing.TB, p *pki) {
	tb.Helper()
	Start(tb, Command{
		Name: "kube-controller-manager " + kubernetesVersion,
		Env:  clusterEnv,
		Path: Binary(tb, "kubernetes", kubernetesVersion, "kube-controller-manager"),
		Args: []string{
			"--kubeconfig=" + k.kubeconfig,
			"--service-account-private-key-file=" + p.serviceAccountKey,
			"--root-ca-file=" + p.authority,
			"--leader-elect=false",
			// It would declare the harness's Node dead, which sends no heartbeat.
			"--controllers=*,-node-lifecycle-controller",
			"--bind-address=127.0.0.1",
		},
		// Pods are refused before their namespace has its default ServiceAccount, which a controller makes.
		Ready: func(ctx context.Context) error {
			return k.Get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", nil)
		},
		ReadyTimeout: clusterTimeout,
	})
}

func (k *Kubernetes) startKwok(tb testing.TB) {
	tb.Helper()
	source, err := moduleDir(tb.Context(), "kwok", kwokVersion, kwokModule)
	if err != nil {
		tb.Fatalf("start kwok: %v", err)
	}
	stages := filepath.Join(source, "kustomize", "stage")
	args := []string{
		"--kubeconfig=" + k.kubeconfig,
		"--manage-single-node=" + BackendNode,
		"--cidr=" + backendPods,
		"--node-ip=10.9.0.2",
		"--server-address=127.0.0.1:10247",
	}
	// The behavior of Nodes and pods is configuration, which its release ships in one file and its sources in these.
	for _, file := range []string{
		"node/fast/node-initialize.yaml", "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
		"pod/fast/pod-ready.yaml", "pod/fast/pod-complete.yaml", "pod/fast/pod-delete.yaml",
	} {
		args = append(args, "--config="+filepath.Join(stages, filepath.FromSlash(file)))
	}
	Start(tb, Command{
		Name: "kwok " + kwokVersion,
		Env:  clusterEnv,
		Path: Binary(tb, "kwok", kwokVersion, "kwok"),
		Args: args,
		Ready: func(ctx context.Context) error {
			var node struct {
				Status struct {
					Conditions []struct{ Type, Status string }
				}
			}
			if err := k.Get(ctx, "/api/v1/nodes/"+BackendNode, &node); err != nil {
				return err
			}
			for _, c := range node.Status.Conditions {
				if c.Type == "Ready" && c.Status == "True" {
					return nil
				}
			}
			return errors.New("node " + BackendNode + " is not ready")
		},
	})
}
