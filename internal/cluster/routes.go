package cluster

import "reflect"

// Route returns an HTTPRoute or GRPCRoute, or nil.
func (v *View) Route(kind string, ref Ref) *Route {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.routes[routeKey{kind, ref}]
}

// RouteNamed returns the route of this name, of whichever kind, or nil when there is none or one of each.
func (v *View) RouteNamed(ref Ref) *Route {
	v.mu.RLock()
	defer v.mu.RUnlock()
	http, grpc := v.routes[routeKey{HTTPRoute, ref}], v.routes[routeKey{GRPCRoute, ref}]
	switch {
	case http == nil:
		return grpc
	case grpc == nil:
		return http
	default:
		return nil
	}
}

// SetRoute adds a route or replaces it.
func (v *View) SetRoute(r *Route) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.setRoute(r)
}

// DeleteRoute forgets a route.
func (v *View) DeleteRoute(kind string, ref Ref) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.deleteRoute(routeKey{kind, ref})
}

// ReplaceRoutes makes these the only routes of their kind.
func (v *View) ReplaceRoutes(kind string, routes []*Route) {
	v.mu.Lock()
	defer v.mu.Unlock()
	keep := make(map[routeKey]bool, len(routes))
	for _, r := range routes {
		keep[routeKey{kind, r.Ref}] = true
		v.setRoute(r)
	}
	for key := range v.routes {
		if key.kind == kind && !keep[key] {
			v.deleteRoute(key)
		}
	}
}

func (v *View) setRoute(r *Route) {
	key := routeKey{r.Kind, r.Ref}
	if old := v.routes[key]; old == nil || !reflect.DeepEqual(old, r) {
		v.routes[key] = r
		v.routing.Add(1)
	}
}

func (v *View) deleteRoute(key routeKey) {
	if _, known := v.routes[key]; known {
		delete(v.routes, key)
		v.routing.Add(1)
	}
}
