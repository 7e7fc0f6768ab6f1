package identity

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
)

const (
	secondUID  = "22222222-cff2-44cc-b83f-62b9ebfa0526"
	secondPod  = "other-7d9f-2nd22"
	secondIP   = "10.244.0.20"
	firstPod   = "http-c7f65bbb-8dh28"
	firstIP    = "10.244.0.10"
	gatewayNS  = "kgateway-system"
	istioShape = "router~10.244.0.20~" + secondPod + "." + gatewayNS + "~" + gatewayNS + ".svc.cluster.local"
)

// twoGateways is a view with the Gateways http and other, a proxy of each, and a pod that is no gateway.
func twoGateways() *cluster.View {
	other := cluster.Ref{Namespace: gatewayNS, Name: "other"}
	v := world(kgateway(nil), kgateway(func(p *cluster.Pod) {
		p.UID, p.Name, p.IPs[0], p.Node = secondUID, secondPod, address4(secondIP), "node-z"
		p.Workload.Name, p.Proxy.Gateway, p.Proxy.Class = "other", other, "second"
	}), plain("shop", "cart", "10.244.0.66"))
	v.SetGateway(&cluster.Gateway{Ref: other, UID: otherUID, Class: "second", Extra: []cluster.KV{{Key: "gateway.label.team", Value: "second"}}})
	return v
}

// TestIdentityIsNeverOfTwoProxies: of evidence that contradicts, the more specific counts, and what is filled in comes
// from one proxy alone or, where the sender itself names two, not beside the other's.
func TestIdentityIsNeverOfTwoProxies(t *testing.T) {
	t.Parallel()
	first, second := "node-a", "node-z"
	for _, test := range []struct {
		name    string
		sender  map[string]any
		hints   Hints
		by      By
		node    any // k8s.node.name, nil for none
		ignored Ignored
	}{
		{"an address that is another Gateway's by now", map[string]any{"k8s.pod.ip": secondIP, "gateway.name": "http", "gateway.namespace": gatewayNS}, Hints{}, ByGateway, nil, IgnoredIP},
		{"an address that is another Gateway's by now, the service name", map[string]any{"k8s.pod.ip": secondIP, "service.name": "http.kgateway-system"}, Hints{}, ByGateway, nil, IgnoredIP},
		{"an address that is another Gateway's by now, half of a name", map[string]any{"k8s.pod.ip": secondIP, "gateway.name": "http"}, Hints{}, ByNothing, nil, IgnoredIP},
		{"an address that is another pod's by now", map[string]any{"k8s.pod.ip": secondIP, "k8s.pod.name": "gone"}, Hints{}, ByNothing, nil, IgnoredIP},
		{"an address in another namespace", map[string]any{"k8s.pod.ip": secondIP, "k8s.namespace.name": "shop"}, Hints{}, ByNothing, nil, IgnoredIP},
		{"an address that is no gateway's by now", map[string]any{"k8s.pod.ip": "10.244.0.66", "service.name": "http.kgateway-system"}, Hints{}, ByGateway, nil, IgnoredIP},
		{"an address that is no gateway's by now, half of a name", map[string]any{"k8s.pod.ip": "10.244.0.66", "gateway.namespace": "x"}, Hints{}, ByNothing, nil, IgnoredIP},
		{"an address against a node id", map[string]any{"k8s.pod.ip": firstIP}, Hints{Node: secondPod + "." + gatewayNS}, ByName, second, IgnoredIP},
		{"an address against agentgateway's instance id", map[string]any{"k8s.pod.ip": firstIP, "service.instance.id": "agentgateway~10.9.9.9~gone." + gatewayNS + "~x"}, Hints{}, ByNothing, nil, IgnoredIP},
		{"an address that nobody has, the connection", map[string]any{"k8s.pod.ip": "10.244.0.99"}, from(firstIP), ByNothing, nil, IgnoredConnection},
		{"an address that nobody has, the only pod", map[string]any{"k8s.pod.ip": "10.244.0.99", "service.name": "http.kgateway-system"}, Hints{}, ByGateway, nil, 0},
		{"the UID against the name", map[string]any{"k8s.pod.uid": podUID, "k8s.pod.name": secondPod}, Hints{}, ByUID, nil, IgnoredName},
		{"the UID against the namespace", map[string]any{"k8s.pod.uid": podUID, "k8s.namespace.name": "shop"}, Hints{}, ByUID, nil, IgnoredName},
		{"the UID against the node name", map[string]any{"k8s.pod.uid": podUID, "node_name": secondPod + "." + gatewayNS}, Hints{}, ByUID, first, IgnoredNode},
		{"the UID against the address", map[string]any{"k8s.pod.uid": podUID, "k8s.pod.ip": secondIP}, Hints{}, ByUID, first, IgnoredIP},
		{"a UID that nobody has against the name", map[string]any{"k8s.pod.uid": otherUID, "k8s.pod.name": firstPod, "k8s.namespace.name": gatewayNS}, Hints{}, ByNothing, nil, IgnoredName},
		{"a UID that nobody has against the node id", map[string]any{"k8s.pod.uid": otherUID}, Hints{Node: firstPod + "." + gatewayNS}, ByNothing, nil, IgnoredNode},
		{"a UID that nobody has against the connection", map[string]any{"k8s.pod.uid": otherUID}, from(firstIP), ByNothing, nil, IgnoredConnection},
		{"the name against the node name", map[string]any{"k8s.pod.name": firstPod, "node_name": secondPod + "." + gatewayNS}, Hints{}, ByName, first, IgnoredNode},
		{"a name that nobody has against the node name", map[string]any{"k8s.pod.name": "gone", "node_name": secondPod + "." + gatewayNS}, Hints{}, ByNothing, nil, IgnoredNode},
		{"the namespace against the node id", map[string]any{"k8s.namespace.name": "shop"}, Hints{Node: firstPod + "." + gatewayNS}, ByNothing, nil, IgnoredNode},
		{"the node id against the instance id", map[string]any{"service.instance.id": "agentgateway~10.9.9.9~gone." + gatewayNS + "~x"}, Hints{Node: firstPod + "." + gatewayNS}, ByNothing, nil, IgnoredNode},
		{"the resource's node name against its spans'", map[string]any{"node_name": firstPod + "." + gatewayNS}, Hints{Node: istioShape}, ByName, first, IgnoredNode},
		{"two node ids", nil, Hints{Mixed: true, Peer: address4(firstIP)}, ByNothing, nil, IgnoredNode | IgnoredConnection},
		{"two node ids, the only pod", map[string]any{"service.name": "http.kgateway-system"}, Hints{Mixed: true}, ByGateway, nil, IgnoredNode},
		{"two node ids beside a name", map[string]any{"k8s.pod.name": firstPod, "k8s.namespace.name": gatewayNS}, Hints{Mixed: true}, ByName, first, IgnoredNode},
		{"the connection against the Gateway", map[string]any{"gateway.name": "http", "gateway.namespace": gatewayNS}, from(secondIP), ByOnlyPod, first, IgnoredConnection},
		{"the connection against half of a Gateway's name", map[string]any{"gateway.name": "third"}, from(secondIP), ByNothing, nil, IgnoredConnection},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, id := resolve(t, twoGateways(), test.sender, test.hints, nil)
			assert.Equal(t, test.by.String(), id.By.String(), "%v", got)
			assert.Equal(t, test.node, got["k8s.node.name"])
			assert.Equal(t, test.ignored, id.Ignored)
			for key, value := range test.sender {
				if key != "service.instance.id" { // agentgateway's own is its default
					assert.Equal(t, value, got[key], "what the sender set stays")
				}
			}
		})
	}
}

// The Gateway's attributes are one Gateway's.
func TestGatewayIsNeverMixed(t *testing.T) {
	t.Parallel()
	for name, sender := range map[string]map[string]any{
		"another name":          {"gateway.name": "other"},
		"another namespace":     {"gateway.namespace": "shop"},
		"another Gateway":       {"gateway.name": "other", "gateway.namespace": gatewayNS},
		"one that is not there": {"gateway.name": "x", "gateway.namespace": "y"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attributes := map[string]any{"k8s.pod.uid": podUID}
			maps.Copy(attributes, sender)
			got, id := resolve(t, twoGateways(), attributes, Hints{}, nil)
			assert.Equal(t, IgnoredGateway, id.Ignored)
			assert.Equal(t, "http.kgateway-system", got["service.name"], "the pod's Gateway")
			for _, key := range []string{"gateway.name", "gateway.namespace", "gateway.class.name", "gateway.label.team"} {
				assert.Equal(t, sender[key], got[key], key)
			}
		})
	}
	// A service name that is another Gateway's than the attributes say.
	got, id := resolve(t, twoGateways(), map[string]any{"gateway.name": "other", "service.name": "http.kgateway-system"}, Hints{}, nil)
	assert.Equal(t, ByNothing, id.By)
	assert.Equal(t, IgnoredGateway, id.Ignored)
	assert.Len(t, got, 2)
}

// TestApplicationsAreNotTheGateway: what an application sends through a gateway, or from an address that is also a
// gateway's, keeps its own identity, and gets nobody's.
func TestApplicationsAreNotTheGateway(t *testing.T) {
	t.Parallel()
	for name, resource := range gatewaytest.Applications {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := newMap(t, resource).AsRaw()
			got, id := resolve(t, world(kgateway(nil)), resource, from(firstIP), nil)
			assert.Equal(t, want, got)
			assert.Equal(t, ByNothing, id.By)
			assert.Equal(t, IgnoredConnection, id.Ignored)
		})
	}
}

// TestGatewaysAreFoundByTheirConnection: what shows a gateway to be the sender, or at least nobody else.
func TestGatewaysAreFoundByTheirConnection(t *testing.T) {
	t.Parallel()
	edgeGW := kgateway(user("service.name", "edge-gw"))
	edgeGW.App = "my-app"
	unlabeled := plain("edge", "renamed", "10.244.0.30")
	sdk := map[string]any{"service.name": "mine", "telemetry.sdk.language": "go"}
	for _, test := range []struct {
		name   string
		sender map[string]any
		hints  Hints
		want   By
	}{
		{"nothing is said", nil, from(firstIP), ByConnection},
		{"an SDK that is not named", map[string]any{"service.name": "unknown_service:envoy"}, from(firstIP), ByConnection},
		{"a gateway's name for itself", map[string]any{"service.name": "Traefik"}, from(firstIP), ByConnection},
		{"what the pod's variables say", map[string]any{"service.name": "edge-gw"}, from(firstIP), ByConnection},
		{"what the conventions call the pod", map[string]any{"service.name": "my-app"}, from(firstIP), ByConnection},
		{"a name that the user chose, of a gateway by its profile", sdk, Hints{Gateway: true, Peer: address4(firstIP)}, ByConnection},
		{"a gateway by its profile, in a pod that does not show it", sdk, Hints{Gateway: true, Peer: address4("10.244.0.30")}, ByConnection},
		{"a pod that does not show it, nothing is said", nil, from("10.244.0.30"), ByNothing},
		{"an SDK, a gateway's name for itself", map[string]any{"service.name": "envoy", "telemetry.sdk.language": "java"}, from(firstIP), ByNothing},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, id := resolve(t, world(edgeGW, unlabeled), test.sender, test.hints, nil)
			assert.Equal(t, test.want.String(), id.By.String())
		})
	}
}

// TestAnyMixtureEndsAsOneProxy draws evidence of two proxies and of one that is gone in every combination: what is filled
// in is always of one of them, and never beside another's name.
func TestAnyMixtureEndsAsOneProxy(t *testing.T) {
	t.Parallel()
	type proxy struct{ uid, pod, ip, gateway, node, deployment, class string }
	proxies := []proxy{
		{podUID, firstPod, firstIP, "http", "node-a", "http", "kgateway"},
		{secondUID, secondPod, secondIP, "other", "node-z", "other", "second"},
		{otherUID, "gone-1", "10.244.0.99", "gone", "", "", ""},
	}
	v := twoGateways()
	// Each digit says whose a piece of evidence is; the last value is that it is not there.
	kinds, combinations := len(proxies)+1, 1
	const pieces = 7
	for range pieces {
		combinations *= kinds
	}
	r := NewResolver(v, DefaultOptions())
	filled := 0
	for n := range combinations {
		sender := make(map[string]any)
		var hints Hints
		rest := n
		for piece := range pieces {
			whose := rest % kinds
			rest /= kinds
			if whose == len(proxies) {
				continue
			}
			p := proxies[whose]
			switch piece {
			case 0:
				sender["k8s.pod.uid"] = p.uid
			case 1:
				sender["k8s.pod.name"] = p.pod
			case 2:
				sender["k8s.pod.ip"] = p.ip
			case 3:
				sender["gateway.name"] = p.gateway
			case 4:
				sender["service.name"] = p.gateway + "." + gatewayNS
			case 5:
				hints.Node = p.pod + "." + gatewayNS
			case 6:
				hints.Peer = address4(p.ip)
			}
		}
		resource := pcommon.NewResource()
		require.NoError(t, resource.Attributes().FromRaw(sender))
		r.Resource(resource, hints)
		got := resource.Attributes().AsRaw()
		for i, p := range proxies[:2] {
			other := proxies[1-i]
			if got["k8s.node.name"] != p.node {
				continue
			}
			filled++
			assert.Equal(t, p.uid, got["k8s.pod.uid"], "%v %+v: %v", sender, hints, got)
			assert.Equal(t, p.uid, got["service.instance.id"], "%v %+v: %v", sender, hints, got)
			assert.Equal(t, p.pod, got["k8s.pod.name"], "%v %+v: %v", sender, hints, got)
			assert.Equal(t, p.deployment, got["k8s.deployment.name"], "%v %+v: %v", sender, hints, got)
			assert.NotEqual(t, other.class, got["gateway.class.name"], "%v %+v: %v", sender, hints, got)
		}
		for _, p := range proxies {
			if got["gateway.class.name"] == p.class && p.class != "" {
				assert.Equal(t, p.gateway, got["gateway.name"], "%v %+v: %v", sender, hints, got)
			}
		}
	}
	assert.Greater(t, filled, combinations/4, "most mixtures hold something that counts")
}
