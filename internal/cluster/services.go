package cluster

import (
	"net/netip"
	"reflect"
)

// HasService tells whether a Service of this name exists, as far as is known.
func (v *View) HasService(ref Ref) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.services[ref] != nil || len(v.byService[ref]) > 0
}

// ServiceByIP returns the one Service that an address leads to: its cluster IP, or an endpoint of it. An endpoint of
// several Services is nobody's.
func (v *View) ServiceByIP(ip netip.Addr) (Ref, bool) {
	ip = ip.Unmap()
	v.mu.RLock()
	defer v.mu.RUnlock()
	if s := v.serviceIPs[ip]; s != nil {
		return s.Ref, true
	}
	if use, ok := v.endpointIPs[ip]; ok && len(use.others) == 0 {
		return use.service, true
	}
	return Ref{}, false
}

// WorkloadOf returns the workload behind a Service, if all of its endpoints that are pods belong to the same one.
func (v *View) WorkloadOf(service Ref) (Workload, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var found Workload
	for _, slice := range v.byService[service] {
		for _, ip := range slice.Addresses {
			p := v.podsByIP[ip]
			if p == nil || p.Workload.Kind == "" {
				continue
			}
			if found.Kind != "" && found != p.Workload {
				return Workload{}, false
			}
			found = p.Workload
		}
	}
	return found, found.Kind != ""
}

// SetService adds a Service or replaces it.
func (v *View) SetService(s *Service) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.setService(s)
}

// DeleteService forgets a Service.
func (v *View) DeleteService(ref Ref) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.deleteService(ref)
}

// ReplaceServices makes these the only Services.
func (v *View) ReplaceServices(services []*Service) {
	v.mu.Lock()
	defer v.mu.Unlock()
	keep := make(map[Ref]bool, len(services))
	for _, s := range services {
		keep[s.Ref] = true
	}
	for ref := range v.services {
		if !keep[ref] {
			v.deleteService(ref)
		}
	}
	for _, s := range services {
		v.setService(s)
	}
}

func (v *View) setService(s *Service) {
	old := v.services[s.Ref]
	if old != nil && reflect.DeepEqual(old, s) {
		return
	}
	v.deleteService(s.Ref)
	v.services[s.Ref] = s
	for _, ip := range s.ClusterIPs {
		v.serviceIPs[ip] = s
	}
	v.routing.Add(1)
}

func (v *View) deleteService(ref Ref) {
	old := v.services[ref]
	if old == nil {
		return
	}
	for _, ip := range old.ClusterIPs {
		if v.serviceIPs[ip] == old {
			delete(v.serviceIPs, ip)
		}
	}
	delete(v.services, ref)
	v.routing.Add(1)
}

// SetEndpoints adds an EndpointSlice or replaces it.
func (v *View) SetEndpoints(e *Endpoints) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.setEndpoints(e)
}

// DeleteEndpoints forgets an EndpointSlice.
func (v *View) DeleteEndpoints(slice Ref) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.deleteEndpoints(slice)
}

// ReplaceEndpoints makes these the only EndpointSlices.
func (v *View) ReplaceEndpoints(all []*Endpoints) {
	v.mu.Lock()
	defer v.mu.Unlock()
	keep := make(map[Ref]bool, len(all))
	for _, e := range all {
		keep[e.Slice] = true
		v.setEndpoints(e)
	}
	for ref := range v.slices {
		if !keep[ref] {
			v.deleteEndpoints(ref)
		}
	}
}

func (v *View) setEndpoints(e *Endpoints) {
	if old := v.slices[e.Slice]; old != nil {
		if reflect.DeepEqual(old, e) {
			return
		}
		v.deleteEndpoints(e.Slice)
	}
	v.slices[e.Slice] = e
	if e.Service == "" {
		return // it leads to nobody, and its addresses may also be a Service's
	}
	service := e.service()
	v.byService[service] = append(v.byService[service], e)
	for _, ip := range e.Addresses {
		use := v.endpointIPs[ip]
		if use.slices == 0 || use.service == service {
			use.service = service
			use.slices++
		} else {
			if use.others == nil {
				use.others = make(map[Ref]int)
			}
			use.others[service]++
		}
		v.endpointIPs[ip] = use
	}
	v.routing.Add(1)
}

func (v *View) deleteEndpoints(ref Ref) {
	old := v.slices[ref]
	if old == nil {
		return
	}
	delete(v.slices, ref)
	v.routing.Add(1)
	if old.Service == "" {
		return
	}
	service := old.service()
	remove(v.byService, service, old)
	for _, ip := range old.Addresses {
		use := v.endpointIPs[ip]
		switch {
		case use.service != service:
			if use.others[service]--; use.others[service] <= 0 {
				delete(use.others, service)
			}
		case use.slices > 1:
			use.slices--
			v.endpointIPs[ip] = use
		case len(use.others) == 0:
			delete(v.endpointIPs, ip)
		default: // one of the others takes its place
			for use.service, use.slices = range use.others {
				break
			}
			delete(use.others, use.service)
			v.endpointIPs[ip] = use
		}
	}
}

func (e *Endpoints) service() Ref { return Ref{Namespace: e.Slice.Namespace, Name: e.Service} }
