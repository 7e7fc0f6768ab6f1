package identity

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

func TestEvidenceFallsThrough(t *testing.T) {
	t.Parallel()
	const pod, ns, unknown = "http-c7f65bbb-8dh28", "kgateway-system", "http-c7f65bbb-gone1"
	for _, test := range []struct {
		name       string
		attributes map[string]any
		node, peer string
		want       By
	}{
		{"the UID", map[string]any{"k8s.pod.uid": podUID}, "", "", ByUID},
		{"a UID that was never expanded", map[string]any{"k8s.pod.uid": "%ENVIRONMENT(POD_UID)%", "k8s.pod.name": pod, "k8s.namespace.name": ns}, "", "", ByName},
		{"text that is no UID, the name of a pod", map[string]any{"k8s.pod.uid": "pod-1", "k8s.pod.name": pod, "k8s.namespace.name": ns}, "", "", ByName},
		{"a name without its namespace", map[string]any{"k8s.pod.name": pod}, "", "", ByName},
		{"kgateway's node name", map[string]any{"node_name": pod + "." + ns}, "", "", ByName},
		{"kgateway's node id on a span", nil, pod + "." + ns, "", ByName},
		{"Envoy Gateway's node id", nil, pod, "", ByName},
		{"Istio's node id", nil, "router~10.244.0.10~" + pod + "." + ns + "~" + ns + ".svc.cluster.local", "", ByName},
		{"Istio's node id of a pod that is not there, its address", nil, "router~10.244.0.10~x.y~y.svc.cluster.local", "", ByNothing},
		{"agentgateway's instance id", map[string]any{"service.instance.id": "agentgateway~10.244.0.10~" + pod + "." + ns + "~" + ns + ".svc.cluster.local"}, "", "", ByName},
		{"the pod's address", map[string]any{"k8s.pod.ip": "10.244.0.10"}, "", "", ByIP},
		{"an address behind a name nobody has", map[string]any{"k8s.pod.ip": "10.244.0.10", "k8s.pod.name": unknown, "k8s.namespace.name": ns}, "", "", ByNothing},
		{"an address that somebody else has now", map[string]any{"k8s.pod.ip": "10.244.0.10", "k8s.pod.uid": otherUID}, "", "", ByNothing},
		{"a server's address is no evidence by itself", map[string]any{"server.address": "10.244.0.10", "server.port": "9091"}, "", "", ByNothing},
		{"the connection", nil, "", "10.244.0.10", ByConnection},
		{"a mesh's connection", nil, "", "127.0.0.6", ByNothing},
		{"a mesh's connection, the name", map[string]any{"k8s.pod.name": pod, "k8s.namespace.name": ns}, "", "127.0.0.6", ByName},
		{"a mesh's connection, written down by k8s_attributes", map[string]any{"k8s.pod.ip": "127.0.0.6"}, pod + "." + ns, "127.0.0.6", ByName},
		{"the connection of a collector", map[string]any{"service.name": "something"}, "", "10.244.0.77", ByNothing},
		{"the connection of another pod, while a Gateway is named", map[string]any{"service.name": "http.kgateway-system"}, "", "10.244.0.66", ByOnlyPod},
		{"the connection against the name", map[string]any{"k8s.pod.name": unknown, "k8s.namespace.name": ns}, "", "10.244.0.10", ByNothing},
		{"the connection against the node id", nil, unknown + "." + ns, "10.244.0.10", ByNothing},
		{"the only pod of its Gateway", map[string]any{"service.name": "http.kgateway-system"}, "", "", ByOnlyPod},
		{"the only pod, the Gateway in two attributes", map[string]any{"service.name": "http", "service.namespace": ns}, "", "", ByOnlyPod},
		{"the only pod, the Gateway in the node cluster", map[string]any{"cluster_name": "kgateway-system/http"}, "", "", ByOnlyPod},
		{"the only pod, but another one is named", map[string]any{"service.name": "http.kgateway-system", "k8s.pod.name": unknown}, "", "", ByGateway},
		{"nothing at all", nil, "", "", ByNothing},
		{"a service of that name", map[string]any{"service.name": "http"}, "", "", ByNothing},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			relay := plain("observability", "agent", "10.244.0.77")
			relay.Relay = true
			v := world(kgateway(nil), relay, plain("shop", "cart", "10.244.0.66"))
			got, id := resolve(t, v, test.attributes, Hints{Node: test.node, Peer: address4(test.peer)}, nil)
			assert.Equal(t, test.want, id.By, "%v", got)
			if id.By != ByNothing && id.By != ByGateway {
				if _, sent := test.attributes["k8s.node.name"]; !sent {
					assert.Equal(t, "node-a", got["k8s.node.name"])
				}
			} else {
				assert.NotContains(t, got, "k8s.node.name")
			}
		})
	}
}

func TestScrapedAddressIsEvidence(t *testing.T) {
	t.Parallel()
	scraped := map[string]any{"service.name": "job", "service.instance.id": "10.244.0.10:9091", "server.address": "10.244.0.10", "server.port": "9091"}
	got, id := resolve(t, world(kgateway(nil)), scraped, Hints{Scraped: true}, nil)
	assert.Equal(t, ByIP, id.By)
	assert.Equal(t, "http.kgateway-system", got["service.name"], "the job's name is nobody's choice")
	assert.Equal(t, podUID, got["service.instance.id"])
	// The same attributes on what was pushed: a server may say its own address.
	pushed := map[string]any{"k8s.pod.uid": podUID}
	maps.Copy(pushed, scraped)
	got, _ = resolve(t, world(kgateway(nil)), pushed, Hints{}, nil)
	assert.Equal(t, "job", got["service.name"])
	assert.Equal(t, "10.244.0.10:9091", got["service.instance.id"])
	_, id = resolve(t, world(kgateway(nil)), scraped, Hints{}, nil)
	assert.Equal(t, ByNothing, id.By)
}

// Envoy Gateway's proxies run in a namespace of its own and may say the Gateway's.
func TestNamespaceOfTheGateway(t *testing.T) {
	t.Parallel()
	v := world(kgateway(func(p *cluster.Pod) {
		p.Namespace, p.Proxy.Gateway = "envoy-gateway-system", cluster.Ref{Namespace: "shop", Name: "edge"}
	}))
	_, id := resolve(t, v, map[string]any{"k8s.namespace.name": "shop"}, Hints{Node: "http-c7f65bbb-8dh28"}, nil)
	assert.Equal(t, ByName, id.By)
	assert.Zero(t, id.Ignored)
	_, id = resolve(t, v, map[string]any{"k8s.namespace.name": "other"}, Hints{Node: "http-c7f65bbb-8dh28"}, nil)
	assert.Equal(t, ByNothing, id.By)
	assert.Equal(t, IgnoredNode, id.Ignored)
}

func TestTwoReplicasAreToldApart(t *testing.T) {
	t.Parallel()
	second := kgateway(func(p *cluster.Pod) {
		p.UID, p.Name, p.IPs[0] = otherUID, "http-c7f65bbb-2nd22", address4("10.244.0.11")
	})
	v := world(kgateway(nil), second)
	got, id := resolve(t, v, map[string]any{"service.name": "http.kgateway-system"}, from("10.244.0.11"), nil)
	assert.Equal(t, ByConnection, id.By)
	assert.Equal(t, otherUID, got["k8s.pod.uid"])
	got, id = resolve(t, v, map[string]any{"service.name": "http.kgateway-system"}, from("127.0.0.6"), nil)
	assert.Equal(t, ByGateway, id.By, "it may be either")
	assert.NotContains(t, got, "k8s.pod.uid")
	assert.Equal(t, "kgateway-system", got["service.namespace"])
	_, id = resolve(t, v, map[string]any{"service.name": "http.kgateway-system"}, from("10.244.0.11"), func(o *Options) { o.Connection = false })
	assert.Equal(t, ByGateway, id.By)
}

func TestLateTelemetryIsNotTheSuccessors(t *testing.T) {
	t.Parallel()
	fresh := kgateway(func(p *cluster.Pod) {
		p.UID, p.Name, p.IPs[0] = otherUID, "http-c7f65bbb-2nd22", address4("10.244.0.11")
	})
	v := world(kgateway(nil), fresh)
	v.DeletePod(podUID)
	_, id := resolve(t, v, map[string]any{"service.name": "http.kgateway-system"}, from(""), nil)
	assert.Equal(t, ByGateway, id.By, "the only pod now, but not a moment ago")
	got, id := resolve(t, v, map[string]any{"node_name": "http-c7f65bbb-8dh28.kgateway-system"}, from(""), nil)
	assert.Equal(t, ByName, id.By, "a deleted pod is still known")
	assert.Equal(t, podUID, got["k8s.pod.uid"])
}

func TestNameThatIsGivenAgain(t *testing.T) {
	t.Parallel()
	db := plain("kong", "kong-0", "10.244.0.50")
	db.UID, db.Workload = otherUID, cluster.Workload{Kind: "StatefulSet", Name: "kong"}
	v := world(db)
	got, id := resolve(t, v, map[string]any{"k8s.pod.uid": podUID, "k8s.pod.name": "kong-0", "k8s.namespace.name": "kong"}, from(""), nil)
	assert.Equal(t, ByNothing, id.By, "another pod had that name before")
	assert.Equal(t, podUID, got["k8s.pod.uid"])
}

func TestHostNetwork(t *testing.T) {
	t.Parallel()
	host := kgateway(func(p *cluster.Pod) { p.HostNetwork, p.IPs[0] = true, address4("192.168.0.1") })
	v := world(host)
	_, id := resolve(t, v, map[string]any{"service.name": "x"}, from("192.168.0.1"), nil)
	assert.Equal(t, ByNothing, id.By, "the node's address is nobody's")
	for name, attributes := range map[string]map[string]any{
		"name": {"node_name": "http-c7f65bbb-8dh28.kgateway-system", "k8s.pod.ip": "192.168.0.1"},
		"uid":  {"k8s.pod.uid": podUID},
		"only": {"service.name": "http.kgateway-system"},
	} {
		got, _ := resolve(t, v, attributes, from("192.168.0.1"), nil)
		assert.Equal(t, "http-c7f65bbb-8dh28", got["k8s.pod.name"], name)
		assert.Equal(t, "192.168.0.1", got["k8s.pod.ip"], name)
	}
}

func TestLearnedLateIsUsed(t *testing.T) {
	t.Parallel()
	v := world()
	r := NewResolver(v, DefaultOptions())
	look := func() By {
		m := newMap(t, map[string]any{"node_name": "http-c7f65bbb-8dh28.kgateway-system"})
		id, _ := r.Lookup(m, Hints{})
		return id.By
	}
	assert.Equal(t, ByNothing, look())
	assert.Equal(t, ByNothing, look())
	v.SetPod(kgateway(nil))
	assert.Equal(t, ByName, look())
}
