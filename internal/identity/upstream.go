package identity

import (
	"net/netip"
	"strings"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

// upstreamQuestion is everything that the answer about an item's upstream depends on, beside the cluster.
type upstreamQuestion struct {
	namespace, name string // of the Service, what the gateway's names say
	host            string // the Service's host name, or that of the endpoint
	address         string // the endpoint's address
}

// askUpstream finds the Service and the workload that a request was sent to.
func (r *Resolver) askUpstream(q upstreamQuestion) *answer {
	generation := r.view.RoutingGeneration()
	if a, ok := r.upstreams.get(q); ok && a.generation == generation {
		return a
	}
	a := &answer{generation: generation}
	service, ok := r.serviceOf(q)
	if ok && q.name != service.Name { // a Kong Service's own name is replaced by that of the Service it was made of
		a.writes = append(a.writes, write{key: attrs.GatewayUpstreamServiceName, text: strings.Clone(service.Name), replace: true})
	}
	if ok {
		a.found = r.view.HasService(service)
		if q.namespace == "" {
			a.add(attrs.GatewayUpstreamServiceNamespace, service.Namespace)
		}
	}
	workload, namespace := r.workloadOf(q, service)
	if workload.Name != "" {
		a.found = true
		a.add(attrs.GatewayUpstreamWorkloadKind, workload.Kind)
		a.add(attrs.GatewayUpstreamWorkloadName, workload.Name)
		if !ok { // the pods behind a Service are in its namespace
			a.add(attrs.GatewayUpstreamWorkloadNamespace, namespace)
		}
	}
	if len(q.namespace)+len(q.name)+len(q.host)+len(q.address) > maxRemembered {
		return a
	}
	for _, s := range [...]*string{&q.namespace, &q.name, &q.host, &q.address} {
		*s = strings.Clone(*s)
	}
	r.upstreams.put(q, a)
	return a
}

// serviceOf finds the Service: by the name the gateway gave, by the endpoint's host name, by its address.
func (r *Resolver) serviceOf(q upstreamQuestion) (cluster.Ref, bool) {
	if q.name != "" && q.namespace != "" {
		return cluster.Ref{Namespace: q.namespace, Name: q.name}, true
	}
	if q.name != "" {
		if ref, ok := kongService(r.view, q.name); ok {
			return ref, true
		}
	}
	for _, host := range [...]string{q.host, q.address} {
		if ref, ok := serviceHost(r.view, host); ok {
			return ref, true
		}
	}
	if q.name != "" {
		return cluster.Ref{}, false // the gateway has a name of its own for it
	}
	if ip, err := netip.ParseAddr(q.address); err == nil {
		return r.view.ServiceByIP(ip)
	}
	return cluster.Ref{}, false
}

// workloadOf finds the workload: the one whose pod has the address, else the one behind the Service.
func (r *Resolver) workloadOf(q upstreamQuestion, service cluster.Ref) (cluster.Workload, string) {
	if ip, err := netip.ParseAddr(q.address); err == nil {
		if p := r.view.PodByIP(ip); p != nil {
			return p.Workload, p.Namespace
		}
	}
	if service.Name == "" {
		return cluster.Workload{}, ""
	}
	w, _ := r.view.WorkloadOf(service)
	return w, service.Namespace
}

// kongService reads the names that Kong's ingress controller gives to the Kong Services it makes for Ingresses:
// "<namespace>.<service>.<port>" (kubernetes-ingress-controller 3.x, internal/dataplane/translator/subtranslator). None
// of the three holds a dot. Those for HTTPRoutes, "httproute.<namespace>.<name>.<rule>", name no Service.
func kongService(view *cluster.View, name string) (cluster.Ref, bool) {
	namespace, rest, _ := strings.Cut(name, ".")
	service, port, ok := strings.Cut(rest, ".")
	if !ok || strings.Contains(port, ".") {
		return cluster.Ref{}, false
	}
	ref := cluster.Ref{Namespace: namespace, Name: service}
	return ref, view.HasService(ref)
}

// serviceHost reads the host names by which a cluster's DNS knows a Service. "<service>.<namespace>.svc" and the same
// before ".cluster.local" can be nothing else: neither is a name of the public DNS, so they name a Service whether it is
// known or not, as without Kubernetes. Only if there is such a Service: before another cluster domain, which may as well
// be somebody's; "<service>.<namespace>"; and "<service>.<namespace>.<port>.svc", which Kong's ingress controller writes
// as the host of its Services.
func serviceHost(view *cluster.View, host string) (cluster.Ref, bool) {
	name, rest, _ := strings.Cut(host, ".")
	namespace, domain, _ := strings.Cut(rest, ".")
	if name == "" || namespace == "" {
		return cluster.Ref{}, false
	}
	ref := cluster.Ref{Namespace: namespace, Name: name}
	port, ofKong := strings.CutSuffix(domain, ".svc")
	switch {
	case domain == "svc" || domain == "svc.cluster.local":
		return ref, true
	case domain == "", len(domain) > len("svc.") && strings.HasPrefix(domain, "svc."), ofKong && port != "" && !strings.Contains(port, "."):
		return ref, view.HasService(ref)
	default:
		return cluster.Ref{}, false
	}
}
