package cluster

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// View holds the objects and their indexes. The zero value is not usable; see NewView.
type View struct {
	mu sync.RWMutex

	pods        map[string]*Pod     // by UID, those in their grave too
	podsByName  map[string][]*Pod   // by name alone: a name is rarely in two namespaces, and a node id may lack one
	podsByIP    map[netip.Addr]*Pod // the one that has the address now, or had it last
	gatewayPods map[Ref][]*Pod      // by the Gateway they serve; only living ones
	graves      []grave             // deleted pods, oldest first
	dead        map[string]struct{} // their UIDs
	buried      map[Ref]int         // deleted pods that are still known, by Gateway
	grace       time.Duration
	now         func() time.Time

	gateways map[Ref]*Gateway
	routes   map[routeKey]*Route
	services map[Ref]*Service
	// serviceIPs holds cluster IPs, endpointIPs the Services an endpoint's address belongs to.
	serviceIPs  map[netip.Addr]*Service
	slices      map[Ref]*Endpoints
	byService   map[Ref][]*Endpoints
	endpointIPs map[netip.Addr]endpointUse

	identity, routing atomic.Uint64
}

type routeKey struct {
	kind string
	ref  Ref
}

// endpointUse counts by how many slices a Service has an address, and others that have it, too, which is rare.
type endpointUse struct {
	service Ref
	slices  int
	others  map[Ref]int
}

type grave struct {
	pod  *Pod
	died time.Time
}

// maxGraves bounds the deleted pods that are still known.
const maxGraves = 4096

// NewView returns an empty view. A deleted pod stays known for the grace time, because its telemetry may arrive after it
// is gone.
func NewView(grace time.Duration) *View {
	return &View{
		pods:        make(map[string]*Pod),
		podsByName:  make(map[string][]*Pod),
		podsByIP:    make(map[netip.Addr]*Pod),
		gatewayPods: make(map[Ref][]*Pod),
		dead:        make(map[string]struct{}),
		buried:      make(map[Ref]int),
		grace:       grace,
		now:         time.Now,
		gateways:    make(map[Ref]*Gateway),
		routes:      make(map[routeKey]*Route),
		services:    make(map[Ref]*Service),
		serviceIPs:  make(map[netip.Addr]*Service),
		slices:      make(map[Ref]*Endpoints),
		byService:   make(map[Ref][]*Endpoints),
		endpointIPs: make(map[netip.Addr]endpointUse),
	}
}

// Generation changes whenever an answer about pods or Gateways may have changed.
func (v *View) Generation() uint64 { return v.identity.Load() }

// RoutingGeneration changes whenever an answer about routes, Services, endpoints or pods may have changed.
func (v *View) RoutingGeneration() uint64 { return v.routing.Load() }

// Counts is how many objects of each kind are known.
type Counts struct {
	Pods, Gateways, HTTPRoutes, GRPCRoutes, Services, EndpointSlices int
}

// Counts returns how many objects are known.
func (v *View) Counts() Counts {
	v.mu.RLock()
	defer v.mu.RUnlock()
	c := Counts{
		Pods:           len(v.pods) - len(v.graves),
		Gateways:       len(v.gateways),
		Services:       len(v.services),
		EndpointSlices: len(v.slices),
	}
	for key := range v.routes {
		if key.kind == GRPCRoute {
			c.GRPCRoutes++
		} else {
			c.HTTPRoutes++
		}
	}
	return c
}
