package kube

import (
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
	"unique"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
	"github.com/gatehouse-otel/gatehouse/internal/identity"
)

// resourceAnnotation begins the annotations that are resource attributes by the semantic conventions
// (docs/non-normative/k8s-attributes.md).
const resourceAnnotation = "resource.opentelemetry.io/"

const (
	// maxAnnotations bounds how many of them are kept of one object, and maxAnnotation how long a value may be, in bytes:
	// each is written on every resource of the proxy, and an object may have 256 KiB of annotations.
	maxAnnotations = 128
	maxAnnotation  = 4 << 10
)

func convertGateway(g *gatewayv1.Gateway, extras identity.Extracts) *cluster.Gateway {
	kept := &cluster.Gateway{
		Ref:         refOf(g),
		UID:         string(g.UID),
		Class:       string(g.Spec.GatewayClassName),
		Annotations: resourceAnnotations(g.Annotations),
		Extra:       extras.From(g.Labels, g.Annotations),
	}
	for i := range g.Spec.Listeners {
		l := &g.Spec.Listeners[i]
		listener := cluster.Listener{Name: string(l.Name), Port: int64(l.Port)}
		if l.Hostname != nil {
			listener.Hostname = string(*l.Hostname)
		}
		kept.Listeners = append(kept.Listeners, listener)
	}
	return kept
}

func convertHTTPRoute(r *gatewayv1.HTTPRoute, extras identity.Extracts) *cluster.Route {
	kept := &cluster.Route{
		Ref:     refOf(r),
		Kind:    cluster.HTTPRoute,
		Rules:   make([]string, len(r.Spec.Rules)),
		Parents: parents(r.Namespace, r.Spec.ParentRefs),
		Extra:   extras.From(r.Labels, r.Annotations),
	}
	for i := range r.Spec.Rules {
		kept.Rules[i] = section(r.Spec.Rules[i].Name)
	}
	return kept
}

func convertGRPCRoute(r *gatewayv1.GRPCRoute, extras identity.Extracts) *cluster.Route {
	kept := &cluster.Route{
		Ref:     refOf(r),
		Kind:    cluster.GRPCRoute,
		Rules:   make([]string, len(r.Spec.Rules)),
		Parents: parents(r.Namespace, r.Spec.ParentRefs),
		Extra:   extras.From(r.Labels, r.Annotations),
	}
	for i := range r.Spec.Rules {
		kept.Rules[i] = section(r.Spec.Rules[i].Name)
	}
	return kept
}

func section(name *gatewayv1.SectionName) string {
	if name == nil {
		return ""
	}
	return string(*name)
}

// parents keeps the references to Gateways of the Gateway API; a route may also be attached to a Service, in a mesh, or to
// what another project calls a Gateway.
func parents(namespace string, refs []gatewayv1.ParentReference) []cluster.Parent {
	var kept []cluster.Parent
	for i := range refs {
		ref := &refs[i]
		if ref.Kind != nil && *ref.Kind != "Gateway" || ref.Group != nil && *ref.Group != gatewayv1.GroupName {
			continue
		}
		p := cluster.Parent{Gateway: cluster.Ref{Namespace: namespace, Name: string(ref.Name)}, Section: section(ref.SectionName)}
		if ref.Namespace != nil {
			p.Gateway.Namespace = string(*ref.Namespace)
		}
		if ref.Port != nil {
			p.Port = int64(*ref.Port)
		}
		kept = append(kept, p)
	}
	return kept
}

func convertService(s *corev1.Service) *cluster.Service {
	kept := &cluster.Service{Ref: refOf(s)}
	for _, text := range s.Spec.ClusterIPs { // "None" for headless ones
		if ip, err := netip.ParseAddr(text); err == nil {
			kept.ClusterIPs = append(kept.ClusterIPs, ip.Unmap())
		}
	}
	return kept
}

func convertEndpoints(s *discoveryv1.EndpointSlice) *cluster.Endpoints {
	kept := &cluster.Endpoints{Slice: refOf(s), Service: intern(s.Labels[discoveryv1.LabelServiceName])}
	for i := range s.Endpoints {
		for _, text := range s.Endpoints[i].Addresses {
			if ip, err := netip.ParseAddr(text); err == nil {
				kept.Addresses = append(kept.Addresses, ip.Unmap())
			}
		}
	}
	// In order, because the view compares: a slice in which endpoints only changed places is the same.
	slices.SortFunc(kept.Addresses, netip.Addr.Compare)
	kept.Addresses = slices.Compact(kept.Addresses)
	return kept
}

// resourceAnnotations returns what the annotations say as attributes, in the order of their names. Of more than
// maxAnnotations it keeps the first in that order, so that an object always says the same.
func resourceAnnotations(annotations map[string]string) []cluster.KV {
	var kept []cluster.KV
	for key, value := range annotations {
		name, ok := strings.CutPrefix(key, resourceAnnotation)
		if ok && name != "" && value != "" && len(value) <= maxAnnotation && utf8.ValidString(value) {
			kept = append(kept, cluster.KV{Key: name, Value: value})
		}
	}
	slices.SortFunc(kept, func(a, b cluster.KV) int { return strings.Compare(a.Key, b.Key) })
	if len(kept) > maxAnnotations {
		return slices.Clone(kept[:maxAnnotations]) // what is cut off must not stay in memory
	}
	return kept
}

// intern returns the same text, in one copy for all objects that have it.
func intern(text string) string {
	if text == "" {
		return ""
	}
	return unique.Make(text).Value()
}
