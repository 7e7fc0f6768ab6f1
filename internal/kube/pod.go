package kube

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

// Labels and annotations by which control planes say whose proxy a pod is.
const (
	// kgateway 2.4.2, Istio and others: the Gateway is in the pod's namespace (Gateway API, "gateway-name" label).
	labelGateway      = "gateway.networking.k8s.io/gateway-name"
	labelGatewayClass = "gateway.networking.k8s.io/gateway-class-name"
	// kgateway 2.4.2 cuts long names in the label and has the whole one in an annotation (recorded in the generated pod).
	annotationFullName = "gateway.kgateway.dev/gateway-full-name"
	// Envoy Gateway 1.9.1 (internal/gatewayapi/translator.go, OwningGatewayNameLabel), which runs proxies in the namespace of
	// its controller or in the Gateway's.
	labelOwner          = "gateway.envoyproxy.io/owning-gateway-name"
	labelOwnerNamespace = "gateway.envoyproxy.io/owning-gateway-namespace"
	labelOwnerClass     = "gateway.envoyproxy.io/owning-gatewayclass"

	labelInstance = "app.kubernetes.io/instance"
	labelName     = "app.kubernetes.io/name"
	labelHash     = "pod-template-hash"
)

// product is a program that shows by the name of its image.
type product struct {
	image  string // what the image's name has as a whole word: "kong" is in kong-gateway, and not in kongress
	reader cluster.Reader
	relay  bool // it hands on the telemetry of others
}

// products are the gateways of this project, and the agents that stand between gateways and a Collector.
var products = []product{
	{image: "otelcol", relay: true},
	{image: "opentelemetry-collector", relay: true},
	{image: "otel-collector", relay: true},
	{image: "alloy", relay: true},
	{image: "fluent-bit", relay: true},
	{image: "fluentd", relay: true},
	{image: "vector", relay: true},
	{image: "agentgateway", reader: cluster.ReadAgentgateway},
	{image: "envoy", reader: cluster.ReadEnvoy}, // envoy, envoy-wrapper, envoy-distroless
	{image: "kong"},
	{image: "traefik"},
	{image: "caddy"},
	{image: "nginx"},
	{image: "apisix"},
	{image: "krakend"},
	{image: "tyk"},
}

// containers are names that say as much, for images that were renamed on their way into a private registry.
var containers = map[string]product{
	"kgateway-proxy": {reader: cluster.ReadEnvoy},
	"agentgateway":   {reader: cluster.ReadAgentgateway},
	"envoy":          {reader: cluster.ReadEnvoy},
	"traefik":        {},
}

// envoyGatewayContainer is the container in which Envoy Gateway 1.9.1 runs Envoy
// (internal/infrastructure/kubernetes/proxy/resource.go).
const envoyGatewayContainer = "envoy"

// sidecars are containers that others put beside the one that counts.
var sidecars = []string{"istio-proxy", "linkerd-proxy", "shutdown-manager", "ingress-controller", "sds"}

// convertPod keeps of a pod what the view holds.
func convertPod(p *corev1.Pod) *cluster.Pod {
	kept := &cluster.Pod{
		UID:         string(p.UID),
		Name:        p.Name,
		Namespace:   intern(p.Namespace),
		Node:        intern(p.Spec.NodeName),
		HostNetwork: p.Spec.HostNetwork,
		Finished:    p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed,
		Terminating: p.DeletionTimestamp != nil,
		Workload:    workload(p),
	}
	for i := range min(len(p.Status.PodIPs), len(kept.IPs)) {
		if ip, err := netip.ParseAddr(p.Status.PodIPs[i].IP); err == nil {
			kept.IPs[i] = ip.Unmap()
		}
	}
	if !kept.IPs[0].IsValid() {
		if ip, err := netip.ParseAddr(p.Status.PodIP); err == nil {
			kept.IPs[0] = ip.Unmap()
		}
	}
	kept.App = intern(first(p.Labels[labelInstance], p.Labels[labelName], kept.Workload.Name))
	if kept.App == "" {
		kept.App = p.Name
	}
	gateway, class := gatewayOf(p)
	c, what, known := mainContainer(p, gateway.Name != "" || class != "")
	if c != nil {
		kept.Container = intern(c.Name)
		kept.Version = intern(version(c.Image, what))
		kept.Relay = what.relay
	}
	proxy := &cluster.Proxy{
		Gateway:     gateway,
		Class:       intern(class),
		Annotations: resourceAnnotations(p.Annotations),
		Known:       gateway.Name != "" || class != "" || known && !what.relay,
	}
	if c != nil {
		proxy.Env = cluster.ResourceOf(variables(p, c), what.reader)
	}
	if proxy.Known || len(proxy.Env) > 0 || len(proxy.Annotations) > 0 {
		kept.Proxy = proxy
	}
	return kept
}

// gatewayOf reads the labels that name the pod's Gateway and its class. The Gateway is one of the pod's own namespace: whoever
// may run pods there may label them as they like. Only Envoy Gateway runs proxies elsewhere, beside its controller, so a
// Gateway of another namespace is taken from its labels, and only of a pod that runs Envoy as Envoy Gateway does. Nothing
// else on such a pod proves more: its labels, its owner and its images are all chosen by whoever made it. What it claims
// holds for itself; whether it also serves the Gateway depends on the others that say so, see cluster.View.GatewayPods.
func gatewayOf(p *corev1.Pod) (cluster.Ref, string) {
	class := first(p.Labels[labelGatewayClass], p.Labels[labelOwnerClass])
	owner := cluster.Ref{Namespace: first(p.Labels[labelOwnerNamespace], p.Namespace), Name: p.Labels[labelOwner]}
	if owner.Name != "" && (owner.Namespace == p.Namespace || runsEnvoy(p)) {
		return owner, class
	}
	name := p.Labels[labelGateway]
	if name == "" {
		return cluster.Ref{}, class
	}
	return cluster.Ref{Namespace: p.Namespace, Name: first(p.Annotations[annotationFullName], name)}, class
}

func runsEnvoy(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Spec.Containers, func(c corev1.Container) bool { return c.Name == envoyGatewayContainer })
}

// workload is what the pod's controller belongs to. A ReplicaSet made by a Deployment is named after it and the hash of
// the pod's template, which is also a label, so that ReplicaSets need not be read.
func workload(p *corev1.Pod) cluster.Workload {
	for i := range p.OwnerReferences {
		owner := &p.OwnerReferences[i]
		if owner.Controller == nil || !*owner.Controller {
			continue
		}
		if hash := p.Labels[labelHash]; owner.Kind == "ReplicaSet" && hash != "" {
			if name, ok := strings.CutSuffix(owner.Name, "-"+hash); ok {
				return cluster.Workload{Kind: "Deployment", Name: intern(name)}
			}
		}
		return cluster.Workload{Kind: intern(owner.Kind), Name: intern(owner.Name)}
	}
	return cluster.Workload{}
}

// mainContainer finds the container that counts: a gateway's, else, in a pod of no Gateway, an agent's, else the only one
// beside sidecars, else, in a pod of a Gateway, Istio's proxy. It returns nil when it cannot be told.
func mainContainer(p *corev1.Pod, gateway bool) (c *corev1.Container, what product, known bool) {
	var only, proxy, agent *corev1.Container
	others := 0
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		if c.Name == "istio-proxy" {
			proxy = c
		}
		if slices.Contains(sidecars, c.Name) {
			continue
		}
		if what, known := containers[c.Name]; known {
			return c, what, true
		}
		switch what, known := productOf(c.Image); {
		case known && !what.relay:
			return c, what, true
		case known:
			agent = c // it may be there for the gateway beside it
			continue
		}
		only = c
		others++
	}
	switch {
	case agent != nil && !gateway:
		return agent, product{relay: true}, true
	case others == 1 && (!gateway || proxy == nil):
		return only, product{}, false
	case proxy != nil && (gateway || others == 0):
		return proxy, product{reader: cluster.ReadEnvoy}, gateway
	default:
		return nil, product{}, false
	}
}

// productOf tells a product by the last segment of the image's name, which stays when the image is copied to another registry.
// What people build of it themselves keeps its name as a word, as a rule.
func productOf(image string) (product, bool) {
	repository, _, _ := cutImage(image)
	words := "-" + separators.Replace(repository) + "-"
	for _, what := range products {
		if strings.Contains(words, "-"+what.image+"-") {
			return what, true
		}
	}
	return product{}, false
}

// separators are what else image names put between words (OCI distribution specification, "Pulling manifests").
var separators = strings.NewReplacer("_", "-", ".", "-")

// cutImage returns the last segment of an image's name, its tag and its digest.
func cutImage(image string) (repository, tag, digest string) {
	image, digest, _ = strings.Cut(image, "@")
	image = image[strings.LastIndexByte(image, '/')+1:]
	repository, tag, _ = strings.Cut(image, ":")
	return repository, tag, digest
}

// version is what a gateway of this image says of itself. kgateway's is the image's tag (v2.4.2), agentgateway's the same
// without the v (1.4.1, recorded).
func version(image string, what product) string {
	_, tag, digest := cutImage(image)
	if what.reader == cluster.ReadAgentgateway && len(tag) > 1 && tag[0] == 'v' && tag[1] >= '0' && tag[1] <= '9' {
		tag = tag[1:]
	}
	return first(tag, digest)
}

// variables are a container's variables, as far as the pod's object holds their values.
func variables(p *corev1.Pod, c *corev1.Container) []cluster.Variable {
	if !slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool {
		return e.Name == cluster.EnvResourceAttributes || e.Name == cluster.EnvServiceName
	}) {
		return nil
	}
	vars := make([]cluster.Variable, 0, len(c.Env))
	for i := range c.Env {
		e := &c.Env[i]
		v := cluster.Variable{Name: e.Name, Value: e.Value, Known: true}
		if e.ValueFrom != nil {
			v.Value, v.Known = "", false
			if e.ValueFrom.FieldRef != nil {
				v.Value, v.Known = field(p, e.ValueFrom.FieldRef.FieldPath)
			}
			// What the API server fills in may hold a dollar sign that means nothing.
			v.Value = strings.ReplaceAll(v.Value, "$", "$$")
		}
		vars = append(vars, v)
	}
	return vars
}

// field is a field of the pod by the path that the downward API gives it.
func field(p *corev1.Pod, path string) (string, bool) {
	switch path {
	case "metadata.name":
		return p.Name, true
	case "metadata.namespace":
		return p.Namespace, true
	case "metadata.uid":
		return string(p.UID), true
	case "spec.nodeName":
		return p.Spec.NodeName, p.Spec.NodeName != ""
	case "spec.serviceAccountName":
		return p.Spec.ServiceAccountName, true
	case "status.podIP":
		return p.Status.PodIP, p.Status.PodIP != ""
	case "status.hostIP":
		return p.Status.HostIP, p.Status.HostIP != ""
	}
	name, ok := strings.CutSuffix(path, "']")
	if !ok {
		return "", false
	}
	if key, ok := strings.CutPrefix(name, "metadata.labels['"); ok {
		return p.Labels[key], true
	}
	if key, ok := strings.CutPrefix(name, "metadata.annotations['"); ok {
		return p.Annotations[key], true
	}
	return "", false
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
