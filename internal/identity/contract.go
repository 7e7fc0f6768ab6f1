package identity

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/cluster"
	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// draft collects what will be written on a resource.
type draft struct {
	resource pcommon.Map
	writes   []cluster.KV
}

// fill writes a value where the sender has none, or one that says that there is none.
func (d *draft) fill(key, value string) {
	if value == "" {
		return
	}
	if v, ok := d.resource.Get(key); ok && v.Type() == pcommon.ValueTypeStr && !parse.Absent(v.Str()) {
		return
	}
	d.write(key, value)
}

// write writes a value over the sender's text. What the sender set in another type is a choice, whatever it means, and
// stays. The first value written stays.
func (d *draft) write(key, value string) {
	if v, ok := d.resource.Get(key); ok && (v.Type() == pcommon.ValueTypeStr && v.Str() == value ||
		v.Type() != pcommon.ValueTypeStr && v.Type() != pcommon.ValueTypeEmpty) {
		return
	}
	if !slices.ContainsFunc(d.writes, func(w cluster.KV) bool { return w.Key == key }) {
		d.writes = append(d.writes, cluster.KV{Key: key, Value: value})
	}
}

// decide returns what has to be written on a resource so that it says the contract of its proxy.
func (r *Resolver) decide(m pcommon.Map, ev *evidence, pod *cluster.Pod, ref cluster.Ref) []cluster.KV {
	d := draft{resource: m}
	gateway := r.view.Gateway(ref)
	// A group of attributes of which the sender has some that are another pod's or Gateway's is not completed: what the
	// sender set stays, and what is right beside it would make one proxy of two.
	if pod != nil && ev.against(pod, ref)&IgnoredName == 0 {
		d.pod(ev, pod)
	}
	said := r.said(pod, ref, gateway)
	r.service(&d, ev, pod, ref, gateway, said)
	ofGateway := ev.mayBe(ref)
	if ref.Name != "" && ofGateway {
		d.fill(attrs.GatewayName, ref.Name)
		d.fill(attrs.GatewayNamespace, ref.Namespace)
		class := ""
		if gateway != nil {
			class = gateway.Class
		} else if pod != nil && pod.Proxy != nil {
			class = pod.Proxy.Class
		}
		d.fill(attrs.GatewayClassName, class)
	}
	for _, kv := range said {
		if !contractKey(kv.Key) {
			d.fill(kv.Key, kv.Value)
		}
	}
	if gateway != nil && ofGateway {
		for _, kv := range gateway.Extra {
			d.fill(kv.Key, kv.Value)
		}
	}
	return d.writes
}

// pod fills in what the API server says about the pod.
func (d *draft) pod(ev *evidence, p *cluster.Pod) {
	d.fill(attrs.K8SNamespaceName, p.Namespace)
	d.fill(attrs.K8SPodName, p.Name)
	if isUID(ev.uid) || ev.uid == p.UID {
		d.fill(attrs.K8SPodUID, p.UID)
	} else {
		d.write(attrs.K8SPodUID, p.UID) // text that cannot be a UID
	}
	d.fill(attrs.K8SNodeName, p.Node)
	d.fill(attrs.K8SContainerName, p.Container)
	switch p.Workload.Kind {
	case "Deployment":
		d.fill(attrs.K8SDeploymentName, p.Workload.Name)
	case "DaemonSet":
		d.fill(attrs.K8SDaemonSetName, p.Workload.Name)
	case "StatefulSet":
		d.fill(attrs.K8SStatefulSetName, p.Workload.Name)
	}
	if !p.IPs[0].IsValid() {
		return
	}
	if ev.ip.IsValid() && ev.ip != p.IPs[0] && ev.ip != p.IPs[1] && (ev.ip == ev.peer || ev.ip.IsLoopback()) {
		d.write(attrs.K8SPodIP, p.IPs[0].String()) // the address of whoever was in between
	} else {
		d.fill(attrs.K8SPodIP, p.IPs[0].String())
	}
}

// said is what users said outside of the telemetry, what counts first: the variables in the pod's spec, which its spans
// carry, then annotations of the pod, then those of the Gateway. When only the Gateway is known, its pods speak for it if
// they agree.
func (r *Resolver) said(pod *cluster.Pod, ref cluster.Ref, gateway *cluster.Gateway) []cluster.KV {
	var said []cluster.KV
	switch {
	case pod != nil && pod.Proxy != nil:
		said = append(append(said, pod.Proxy.Env...), pod.Proxy.Annotations...)
	case pod == nil && ref.Name != "":
		said = r.agreed(ref)
	}
	if gateway != nil {
		said = append(said, gateway.Annotations...)
	}
	// A variable that nobody expanded is not a choice.
	return slices.DeleteFunc(said, func(kv cluster.KV) bool {
		return parse.Absent(kv.Value) || kv.Key == attrs.ServiceName && parse.UnknownService(kv.Value)
	})
}

// agreed is what all pods of a Gateway say alike, except for what is each pod's own. Those that were there a moment ago
// count: what they sent arrives late, and must not get the name that a user gave their successors.
func (r *Resolver) agreed(ref cluster.Ref) []cluster.KV {
	var common []cluster.KV
	for i, p := range r.view.LatestGatewayPods(ref) {
		said := slices.Concat(p.Proxy.Env, p.Proxy.Annotations)
		if i == 0 {
			common = slices.Clone(said)
		}
		common = slices.DeleteFunc(common, func(kv cluster.KV) bool {
			return kv.Key == attrs.ServiceInstanceID || strings.HasPrefix(kv.Key, "k8s.") || cluster.Value(said, kv.Key) != kv.Value
		})
	}
	return common
}

// contractKey tells the attributes that service decides.
func contractKey(key string) bool {
	switch key {
	case attrs.ServiceName, attrs.ServiceNamespace, attrs.ServiceInstanceID, attrs.ServiceVersion:
		return true
	}
	return false
}

// service decides service.name, service.namespace, service.instance.id and service.version. For each of them, in order:
// what the sender set, what users said elsewhere, what follows from the cluster or the telemetry, what the sender has by
// default. A gateway's own default is not a choice of the user's, on the resource as little as in the pod's variables.
func (r *Resolver) service(d *draft, ev *evidence, pod *cluster.Pod, ref cluster.Ref, gateway *cluster.Gateway, said []cluster.KV) {
	known := pod != nil && pod.Proxy != nil && pod.Proxy.Known || ref.Name != "" && gateway != nil
	choose := func(key, sender, derived string, byDefault func(string) bool) {
		if sender != "" && !byDefault(sender) {
			return
		}
		for _, kv := range said {
			if kv.Key == key && !byDefault(kv.Value) {
				d.write(key, kv.Value)
				return
			}
		}
		if derived != "" {
			d.write(key, derived)
		}
	}

	name, namespace := ref.Name, ref.Namespace
	switch {
	case name != "":
		name += "." + namespace
	case pod != nil:
		name, namespace = pod.App, pod.Namespace
	default:
		name, namespace = ev.cluster, ev.nameSpace()
	}
	choose(attrs.ServiceName, ev.serviceName, name, func(v string) bool {
		return v == name || known && (v == ref.Name || v == ref.Namespace+"/"+ref.Name || ev.scraped && v == ev.serviceName || r.defaultName(v))
	})
	choose(attrs.ServiceNamespace, ev.serviceNamespace, namespace, func(v string) bool {
		return v == namespace || known && pod != nil && v == pod.Namespace
	})

	version := ""
	if pod != nil {
		version = pod.Version
	}
	choose(attrs.ServiceVersion, ev.version, version, func(v string) bool { return v == version })

	instance := r.instance(ev, pod, gateway)
	choose(attrs.ServiceInstanceID, ev.instanceID, instance, func(v string) bool {
		return v == instance || pod != nil && v == pod.UID || known && (gateway != nil && v == gateway.UID ||
			strings.HasPrefix(v, "agentgateway~") || ev.scraped && v == ev.instanceID)
	})
}

// nameSpace is the namespace that the telemetry alone proves: that of the Gateway, that of the pod, or what follows the
// last dot of the node cluster when the node id ends in the same.
func (ev *evidence) nameSpace() string {
	if ev.gatewayNamespace != "" {
		return ev.gatewayNamespace
	}
	if ev.namespace != "" {
		return ev.namespace
	}
	if n := parseNode(ev.node); n.namespace != "" && strings.HasSuffix(ev.cluster, "."+n.namespace) {
		return n.namespace
	}
	return ""
}

// instance makes service.instance.id. What is missing for the wanted form makes it the pod's UID.
func (r *Resolver) instance(ev *evidence, pod *cluster.Pod, gateway *cluster.Gateway) string {
	uid, namespace, name, container := ev.uid, ev.namespace, ev.pod, ev.container
	if pod != nil {
		uid, namespace, name = pod.UID, pod.Namespace, pod.Name
		if container == "" {
			container = pod.Container
		}
	} else if !isUID(uid) {
		uid = ""
	}
	switch r.opts.InstanceID {
	case InstanceGatewayUID:
		if gateway != nil && gateway.UID != "" {
			return gateway.UID
		}
	case InstanceK8SName:
		if namespace != "" && name != "" && container != "" {
			return namespace + "." + name + "." + container
		}
	}
	return uid
}

func (r *Resolver) defaultName(name string) bool {
	return slices.ContainsFunc(r.opts.DefaultNames, func(n string) bool { return strings.EqualFold(n, name) })
}
