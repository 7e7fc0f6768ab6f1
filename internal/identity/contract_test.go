package identity

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

func user(pairs ...string) func(*cluster.Pod) {
	return func(p *cluster.Pod) {
		for i := 0; i < len(pairs); i += 2 {
			p.Proxy.Env = append(p.Proxy.Env, cluster.KV{Key: pairs[i], Value: pairs[i+1]})
		}
	}
}

// TestContract is the contract for one attribute at a time: what the sender has, what else is known, what comes out.
func TestContract(t *testing.T) {
	t.Parallel()
	byName := map[string]any{"k8s.pod.name": "http-c7f65bbb-8dh28", "k8s.namespace.name": "kgateway-system"}
	for _, test := range []struct {
		name      string
		pod       func(*cluster.Pod)
		sender    map[string]any
		options   func(*Options)
		key, want string
	}{
		{"the Gateway's name", nil, nil, nil, "service.name", "http.kgateway-system"},
		{"a placeholder is not set", nil, map[string]any{"service.name": "unknown_service:envoy"}, nil, "service.name", "http.kgateway-system"},
		{"a gateway's own name is not set", nil, map[string]any{"service.name": "Kong"}, nil, "service.name", "http.kgateway-system"},
		{"the Gateway's bare name is agentgateway's own", nil, map[string]any{"service.name": "http"}, nil, "service.name", "http.kgateway-system"},
		{"what the sender chose", nil, map[string]any{"service.name": "checkout"}, nil, "service.name", "checkout"},
		{"what the sender chose, against variables", user("service.name", "edge-gw"), map[string]any{"service.name": "checkout"}, nil, "service.name", "checkout"},
		{"a user's variable", user("service.name", "edge-gw"), nil, nil, "service.name", "edge-gw"},
		{"a user's variable, against the gateway's default", user("service.name", "edge-gw"), map[string]any{"service.name": "http.kgateway-system"}, nil, "service.name", "edge-gw"},
		{"the first of two pairs counts", user("service.name", "b", "service.name", "a"), nil, nil, "service.name", "b"},
		{"an annotation", func(p *cluster.Pod) { p.Proxy.Annotations = []cluster.KV{{Key: "service.name", Value: "noted"}} }, nil, nil, "service.name", "noted"},
		{"a variable before an annotation", func(p *cluster.Pod) {
			user("service.name", "said")(p)
			p.Proxy.Annotations = []cluster.KV{{Key: "service.name", Value: "noted"}}
		}, nil, nil, "service.name", "said"},
		{"an annotation before a variable that only repeats the default", func(p *cluster.Pod) {
			user("service.namespace", "kgateway-system")(p)
			p.Proxy.Annotations = []cluster.KV{{Key: "service.namespace", Value: "edge-team"}}
		}, map[string]any{"service.namespace": "kgateway-system"}, nil, "service.namespace", "edge-team"},
		{"an own list of default names", nil, map[string]any{"service.name": "kong"}, func(o *Options) { o.DefaultNames = nil }, "service.name", "kong"},

		{"the Gateway's namespace", func(p *cluster.Pod) { p.Proxy.Gateway = cluster.Ref{Namespace: "shop", Name: "edge"} }, nil, nil, "service.namespace", "shop"},
		{
			"the pod's namespace is the sender's default", func(p *cluster.Pod) { p.Proxy.Gateway = cluster.Ref{Namespace: "shop", Name: "edge"} },
			map[string]any{"service.namespace": "kgateway-system"},
			nil, "service.namespace", "shop",
		},
		{"the sender's namespace", nil, map[string]any{"service.namespace": "team"}, nil, "service.namespace", "team"},

		{"the image's version", nil, nil, nil, "service.version", "v2.4.2"},
		{"the sender's version", nil, map[string]any{"service.version": "1.2.3"}, nil, "service.version", "1.2.3"},
		{"the version that the variables say", func(p *cluster.Pod) { user("service.version", "v2.4.2")(p); p.Version = "private-7" }, nil, nil, "service.version", "v2.4.2"},

		{"the pod's UID", nil, nil, nil, "service.instance.id", podUID},
		{"the Gateway's UID is shared by replicas", nil, map[string]any{"service.instance.id": gatewayUID}, nil, "service.instance.id", podUID},
		{"agentgateway's own", nil, map[string]any{"service.instance.id": "agentgateway~1~2~3"}, nil, "service.instance.id", podUID},
		{"Kong's own is unique", nil, map[string]any{"service.instance.id": otherUID}, nil, "service.instance.id", otherUID},
		{"a user's", user("service.instance.id", "blue-1"), map[string]any{"service.instance.id": podUID}, nil, "service.instance.id", "blue-1"},
		{"gateway_uid", nil, map[string]any{"service.instance.id": podUID}, func(o *Options) { o.InstanceID = InstanceGatewayUID }, "service.instance.id", gatewayUID},
		{
			"k8s_name", user("service.instance.id", podUID),
			map[string]any{"service.instance.id": podUID},
			func(o *Options) { o.InstanceID = InstanceK8SName },
			"service.instance.id", "kgateway-system.http-c7f65bbb-8dh28.kgateway-proxy",
		},
		{"k8s_name without a container", func(p *cluster.Pod) { p.Container = "" }, nil, func(o *Options) { o.InstanceID = InstanceK8SName }, "service.instance.id", podUID},

		{"other variables", user("team", "a%20b"), nil, nil, "team", "a%20b"},
		{"other variables do not win over the sender", user("team", "a%20b"), map[string]any{"team": "c"}, nil, "team", "c"},
		{"a UID that cannot be one", nil, map[string]any{"k8s.pod.uid": "%ENVIRONMENT(POD_UID)%"}, nil, "k8s.pod.uid", podUID},
		{"the sender's node", nil, map[string]any{"k8s.node.name": "mine"}, nil, "k8s.node.name", "mine"},
		{"the pod's address", nil, nil, nil, "k8s.pod.ip", "10.244.0.10"},
		{"the address of a mesh", nil, map[string]any{"k8s.pod.ip": "127.0.0.6"}, nil, "k8s.pod.ip", "10.244.0.10"},
		{"the Gateway", nil, nil, nil, "gateway.name", "http"},
		{"the Gateway's namespace", nil, nil, nil, "gateway.namespace", "kgateway-system"},
		{"the class", nil, nil, nil, "gateway.class.name", "kgateway"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			attributes := map[string]any{}
			for _, from := range []map[string]any{byName, test.sender} {
				maps.Copy(attributes, from)
			}
			got, _ := resolve(t, world(kgateway(test.pod)), attributes, from(""), test.options)
			assert.Equal(t, test.want, got[test.key])
		})
	}
}

func TestValuesOfOtherTypesStay(t *testing.T) {
	t.Parallel()
	got, _ := resolve(t, world(kgateway(nil)), map[string]any{"k8s.pod.uid": podUID, "k8s.node.name": int64(7), "gateway.name": []any{"x"}}, from(""), nil)
	assert.Equal(t, int64(7), got["k8s.node.name"])
	assert.Equal(t, []any{"x"}, got["gateway.name"])
}

// A sender's choice of another type is one too, although it is no evidence and means nothing to the conventions.
func TestEveryAttributeOfAnotherTypeStays(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"service.name", "service.namespace", "service.instance.id", "service.version", "gateway.name", "gateway.class.name",
		"k8s.pod.name", "k8s.pod.uid", "k8s.pod.ip", "k8s.namespace.name", "k8s.node.name", "k8s.deployment.name", "k8s.container.name",
	} {
		for _, value := range []any{int64(7), 1.5, true, []any{"x"}, map[string]any{"a": "b"}} {
			got, id := resolve(t, world(kgateway(user("service.name", "edge-gw"))), map[string]any{"node_name": "http-c7f65bbb-8dh28.kgateway-system", key: value}, Hints{}, nil)
			assert.Equal(t, value, got[key], key)
			assert.Equal(t, ByName, id.By)
		}
	}
}

// Of a key that is there twice the first value counts that says something, and both stay.
func TestKeyThatOccursTwice(t *testing.T) {
	t.Parallel()
	for _, values := range [][]string{{firstPod, "gone"}, {"-", firstPod}} {
		resource := twice(t, "k8s.pod.name", values[0], values[1])
		id, _ := NewResolver(world(kgateway(nil)), DefaultOptions()).Resource(resource, Hints{})
		assert.Equal(t, ByName, id.By)
		var got []string
		for key, v := range resource.Attributes().All() {
			if key == "k8s.pod.name" {
				got = append(got, v.Str())
			}
		}
		assert.Equal(t, []string{firstPod, values[1]}, got)
	}
}

// A variable that nobody expanded is nobody's choice.
func TestPlaceholdersAreNotSaid(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "-", "$(NAME)", "${NAME}", "%HOSTNAME%", "%ENVIRONMENT(NAME)%", "unknown_service:envoy"} {
		noted := func(p *cluster.Pod) {
			user("service.name", value)(p)
			p.Proxy.Annotations = []cluster.KV{{Key: "service.name", Value: value}}
		}
		v := world(kgateway(noted))
		v.SetGateway(&cluster.Gateway{Ref: edge, UID: gatewayUID, Annotations: []cluster.KV{{Key: "service.name", Value: value}}})
		got, _ := resolve(t, v, map[string]any{"k8s.pod.uid": podUID, "service.name": value}, Hints{}, nil)
		assert.Equal(t, "http.kgateway-system", got["service.name"], value)
		if value != "unknown_service:envoy" {
			got, _ = resolve(t, world(kgateway(user("team", value))), map[string]any{"k8s.pod.uid": podUID}, Hints{}, nil)
			assert.NotContains(t, got, "team", value)
		}
	}
}

func TestPodWithoutGateway(t *testing.T) {
	t.Parallel()
	p := plain("kong", "kong-1", "10.244.0.50")
	p.App, p.Proxy = "my-kong", &cluster.Proxy{Known: true}
	for sender, want := range map[string]string{"kong": "my-kong", "kong-edge": "kong-edge", "": "my-kong"} {
		got, _ := resolve(t, world(p), map[string]any{"k8s.pod.name": "kong-1", "service.name": sender}, from(""), nil)
		assert.Equal(t, want, got["service.name"])
		assert.Equal(t, "kong", got["service.namespace"])
		assert.Equal(t, "uid-kong-1", got["service.instance.id"])
		assert.NotContains(t, got, "gateway.name")
	}
}

func TestWorkloadsByKind(t *testing.T) {
	t.Parallel()
	for kind, key := range map[string]string{"Deployment": "k8s.deployment.name", "DaemonSet": "k8s.daemonset.name", "StatefulSet": "k8s.statefulset.name"} {
		got, _ := resolve(t, world(kgateway(func(p *cluster.Pod) { p.Workload = cluster.Workload{Kind: kind, Name: "w"} })),
			map[string]any{"k8s.pod.uid": podUID}, from(""), nil)
		assert.Equal(t, "w", got[key])
	}
}

func TestGatewayAloneSpeaksForItsPods(t *testing.T) {
	t.Parallel()
	replica := func(uid, name, serviceName string) *cluster.Pod {
		return kgateway(func(p *cluster.Pod) {
			p.UID, p.Name, p.IPs[0] = uid, name, address4("")
			user("service.name", serviceName, "team", "a", "service.instance.id", uid, "k8s.pod.uid", uid)(p)
		})
	}
	sender := map[string]any{"service.name": "http.kgateway-system"}
	got, id := resolve(t, world(replica(podUID, "a", "edge-gw"), replica(otherUID, "b", "edge-gw")), sender, from(""), nil)
	assert.Equal(t, ByGateway, id.By)
	assert.Equal(t, "edge-gw", got["service.name"])
	assert.Equal(t, "a", got["team"])
	assert.NotContains(t, got, "k8s.pod.uid", "a pod's own is not the Gateway's")
	assert.NotContains(t, got, "service.instance.id")
	got, _ = resolve(t, world(replica(podUID, "a", "edge-gw"), replica(otherUID, "b", "canary")), sender, from(""), nil)
	assert.Equal(t, "http.kgateway-system", got["service.name"], "they do not agree")
	assert.Equal(t, "a", got["team"], "but on this they do")
}

// What a pod sent may arrive when only its successor is there, whose user named the service, or nobody.
func TestPodsOfAMomentAgoSpeakForTheirGateway(t *testing.T) {
	t.Parallel()
	sender := map[string]any{"service.name": "http.kgateway-system"}
	named := kgateway(user("service.name", "edge-gw", "team", "a"))
	v := world(kgateway(func(p *cluster.Pod) { p.UID, p.Name, p.IPs[0] = otherUID, "old", address4("") }), named)
	v.DeletePod(otherUID)
	got, id := resolve(t, v, sender, from(""), nil)
	assert.Equal(t, ByGateway, id.By)
	assert.Equal(t, "http.kgateway-system", got["service.name"], "it may be the old pod's")
	assert.NotContains(t, got, "team")

	v = world(named)
	v.DeletePod(podUID)
	got, id = resolve(t, v, sender, from(""), nil)
	assert.Equal(t, ByGateway, id.By)
	assert.Equal(t, "edge-gw", got["service.name"], "nobody else can have sent it")
	assert.Equal(t, "a", got["team"])
}

func TestGatewayAnnotationsAndLabels(t *testing.T) {
	t.Parallel()
	v := world(kgateway(nil))
	v.SetGateway(&cluster.Gateway{Ref: edge, Annotations: []cluster.KV{{Key: "service.name", Value: "noted"}, {Key: "owner", Value: "x"}}, Extra: []cluster.KV{{Key: "gateway.label.team", Value: "edge"}}})
	got, _ := resolve(t, v, map[string]any{"k8s.pod.uid": podUID}, from(""), nil)
	assert.Equal(t, "noted", got["service.name"])
	assert.Equal(t, "x", got["owner"])
	assert.Equal(t, "edge", got["gateway.label.team"])
}

// TestWithoutKubernetes: what the telemetry proves by itself.
func TestWithoutKubernetes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		attributes map[string]any
		options    func(*Options)
		want       map[string]any
	}{
		{
			"kgateway's log labels",
			map[string]any{"cluster_name": "http.kgateway-system", "node_name": "http-1-2.kgateway-system"},
			nil,
			map[string]any{"service.name": "http.kgateway-system", "service.namespace": "kgateway-system"},
		},
		{
			"the pod's UID",
			map[string]any{"service.name": "x", "k8s.pod.uid": podUID, "k8s.namespace.name": "a"},
			nil,
			map[string]any{"service.instance.id": podUID, "service.namespace": "a", "service.name": "x"},
		},
		{"a UID that is none", map[string]any{"service.name": "x", "k8s.pod.uid": "%ENVIRONMENT(POD_UID)%"}, nil, map[string]any{"service.name": "x"}},
		{
			"k8s_name",
			map[string]any{"k8s.pod.name": "p", "k8s.namespace.name": "a", "k8s.container.name": "c"},
			func(o *Options) { o.InstanceID = InstanceK8SName },
			map[string]any{"service.instance.id": "a.p.c", "service.namespace": "a"},
		},
		{
			"Envoy Gateway's log labels",
			map[string]any{"gateway.name": "edge", "gateway.namespace": "shop"},
			nil,
			map[string]any{"service.name": "edge.shop", "service.namespace": "shop"},
		},
		{"nothing to prove", map[string]any{"service.name": "unknown_service:envoy"}, nil, map[string]any{"service.name": "unknown_service:envoy"}},
		{
			"what the sender said",
			map[string]any{"service.name": "kong", "service.instance.id": "me", "service.namespace": "b", "k8s.pod.uid": podUID, "k8s.namespace.name": "a"},
			nil,
			map[string]any{"service.name": "kong", "service.instance.id": "me", "service.namespace": "b"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, _ := resolve(t, cluster.NewView(0), test.attributes, from("10.0.0.1"), test.options)
			for _, key := range []string{"service.name", "service.namespace", "service.instance.id", "service.version"} {
				assert.Equal(t, test.want[key], got[key], key)
			}
		})
	}
}
