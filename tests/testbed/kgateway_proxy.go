package testbed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	proxyNodeAddress = "10.9.0.1"
	// proxyReadyPort is the listener that kgateway's bootstrap has for the readiness probe of the pod.
	proxyReadyPort = "8082"
	// proxyAdmin is Envoy's admin address in kgateway's bootstrap.
	proxyAdmin = "http://127.0.0.1:19000"
	// proxyPoll is how often its configuration is looked at, which is large.
	proxyPoll = 200 * time.Millisecond
	// The files of kgateway's proxy image (kgateway 2.4.2, cmd/envoyinit/Dockerfile).
	imageEnvoyInit    = "/usr/local/bin/envoyinit"
	imageEnvoy        = "/usr/local/bin/envoy"
	imageAuthorities  = "/etc/ssl/certs/ca-certificates.crt"
	hostResolvers     = "/etc/resolv.conf"
	authorityFileNote = "# No certificate authority: this proxy speaks to nobody over TLS.\n"
)

// Proxy is the proxy pod of a Gateway, run as its kubelet would run it.
type Proxy struct {
	*Process
	Pod, UID, Namespace, Node string
	Address                   string // of the pod
}

// StartProxy waits for the pod that kgateway asks for to serve the Gateway, binds it to ProxyNode and runs it: envoyinit
// and Envoy with the arguments, environment and files of the pod, bootstrap unchanged, in a root of their own. It returns
// when Envoy says that it is ready, the pod has its address and its status says that it runs; it ends with the test.
func StartProxy(tb testing.TB, k *Kubernetes, namespace, gateway, address string) *Proxy {
	tb.Helper()
	var p *pod
	Eventually(tb, clusterTimeout, "the pod of gateway "+gateway+", which kgateway and the controllers of Deployments make",
		func(ctx context.Context) (err error) {
			p, err = k.waitingPod(ctx, namespace, "gateway.networking.k8s.io/gateway-name="+gateway)
			return err
		})
	if err := k.bind(tb.Context(), p, ProxyNode); err != nil {
		tb.Fatalf("start proxy: %v", err)
	}
	if n := len(p.Spec.Containers); n != 1 {
		tb.Fatalf("start proxy: pod %s has %d containers, the harness runs one", p.Metadata.Name, n)
	}
	container := p.Spec.Containers[0]
	env, err := p.environment(container)
	if err != nil {
		tb.Fatalf("start proxy: %v", err)
	}
	root := tb.TempDir()
	if err = proxyImage(tb, root); err == nil {
		err = k.writeVolumes(tb.Context(), p, container, root)
	}
	if err != nil {
		tb.Fatalf("start proxy: %v", err)
	}
	c := Command{
		Name:  "kgateway proxy, envoy " + KgatewayEnvoyVersion,
		Path:  imageEnvoyInit,
		Dir:   "/",
		Attr:  &syscall.SysProcAttr{Chroot: root},
		Ready: HTTPReady("http://" + net.JoinHostPort(address, proxyReadyPort) + "/ready"),
	}
	for name, value := range env {
		c.Env = append(c.Env, name+"="+value)
	}
	for _, arg := range container.Args {
		c.Args = append(c.Args, expandVariables(arg, env))
	}
	proxy := &Proxy{
		Process: Start(tb, c),
		Pod:     p.Metadata.Name, UID: p.Metadata.UID, Namespace: p.Metadata.Namespace, Node: p.Spec.NodeName,
		Address: address,
	}
	if err := k.setRunning(tb.Context(), p, address); err != nil {
		tb.Fatalf("start proxy: %v", err)
	}
	return proxy
}

// Await returns once the configuration that Envoy runs and its endpoints contain every one of the texts, such as the name
// of a route or an endpoint's address: kgateway hands both over piece by piece.
func (p *Proxy) Await(tb testing.TB, texts ...string) {
	tb.Helper()
	missing := texts
	ctx, cancel := context.WithTimeout(tb.Context(), clusterTimeout)
	defer cancel()
	err := poll(ctx, proxyPoll, p.Exited(), func(ctx context.Context) error {
		var all strings.Builder
		for _, path := range []string{"/config_dump", "/clusters"} {
			text, err := getText(ctx, proxyAdmin+path)
			if err != nil {
				return err
			}
			all.WriteString(text)
		}
		missing = slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return strings.Contains(all.String(), text) })
		if len(missing) > 0 {
			return errors.New("not all of it is there")
		}
		return nil
	})
	if err != nil {
		tb.Fatalf("the configuration kgateway makes: %q are missing after %s: %v", missing, clusterTimeout, err)
	}
}

// proxyImage puts the files of the image into root. Envoy needs the machine's C library, which is copied to where it was
// found; nothing of the machine is mounted, so removing root removes nothing else.
func proxyImage(tb testing.TB, root string) error {
	tb.Helper()
	envoy := Binary(tb, "envoy", KgatewayEnvoyVersion, "envoy")
	files := map[string]string{
		imageEnvoyInit: Binary(tb, "kgateway", KgatewayVersion, "envoyinit"),
		imageEnvoy:     envoy,
	}
	libraries, err := sharedLibraries(envoy)
	if err != nil {
		return err
	}
	for _, library := range libraries {
		files[library] = library
	}
	for to, from := range files {
		if err := copyFile(filepath.Join(root, to), from); err != nil {
			return fmt.Errorf("fill the root of the proxy: %w", err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "tmp"), 0o755); err != nil {
		return fmt.Errorf("fill the root of the proxy: %w", err)
	}
	resolver, _, err := net.SplitHostPort(dnsAddress)
	if err == nil {
		err = writeFile(filepath.Join(root, hostResolvers), "nameserver "+resolver+"\n")
	}
	if err == nil {
		err = writeFile(filepath.Join(root, imageAuthorities), authorityFileNote)
	}
	if err != nil {
		return fmt.Errorf("fill the root of the proxy: %w", err)
	}
	return nil
}
