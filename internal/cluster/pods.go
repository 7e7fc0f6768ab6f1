package cluster

import (
	"net/netip"
	"reflect"
	"slices"
)

// PodByUID returns the pod with this UID, or nil.
func (v *View) PodByUID(uid string) *Pod {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.pods[uid]
}

// PodByName returns the pod of this name, or nil. Without a namespace there must be only one. Of pods that had the same
// name one after the other it is the last.
func (v *View) PodByName(namespace, name string) *Pod {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var found *Pod
	for _, p := range v.podsByName[name] {
		switch {
		case namespace != "" && p.Namespace != namespace:
		case found != nil && found.Namespace != p.Namespace:
			return nil
		default:
			found = p // they are in the order in which they came
		}
	}
	return found
}

// PodByIP returns the pod that has this address, or had it last and nobody since. Addresses of nodes are nobody's.
func (v *View) PodByIP(ip netip.Addr) *Pod {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.podsByIP[ip.Unmap()]
}

// GatewayPods returns the pods that serve a Gateway, and whether there was another one a moment ago. Pods say themselves
// which Gateway they serve, so not all of them are believed: those in the Gateway's own namespace are; those elsewhere, where
// a control plane may run its proxies, only while none in its own namespace and none in a third says the same. Otherwise
// whoever may run pods anywhere could give another's Gateway their own attributes.
func (v *View) GatewayPods(gateway Ref) (pods []*Pod, rolled bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	pods, living := v.serving(gateway)
	return pods[:living:living], len(pods) > living
}

// LatestGatewayPods returns the pods that serve a Gateway, as GatewayPods does, and, behind them, those that did a moment
// ago: all that telemetry that names the Gateway may come from.
func (v *View) LatestGatewayPods(gateway Ref) []*Pod {
	v.mu.RLock()
	defer v.mu.RUnlock()
	pods, _ := v.serving(gateway)
	return pods
}

// serving returns the pods that are believed to serve a Gateway, first those that live, and how many these are. Deleted pods
// have a say in whom to believe: a roll must not hand the Gateway to somebody else.
func (v *View) serving(gateway Ref) (pods []*Pod, living int) {
	pods = slices.Clone(v.gatewayPods[gateway])
	if v.buried[gateway] > 0 {
		for _, g := range v.graves {
			if g.pod.serves() && g.pod.Proxy.Gateway == gateway {
				pods = append(pods, g.pod)
			}
		}
	}
	namespace, ok := believed(gateway, pods)
	if !ok {
		return nil, 0
	}
	pods = slices.DeleteFunc(pods, func(p *Pod) bool { return p.Namespace != namespace })
	for _, p := range pods {
		if !v.isBuried(p) {
			living++
		}
	}
	return pods, living
}

// believed returns the namespace whose pods serve the Gateway, false when nobody can tell or there are none.
func believed(gateway Ref, pods []*Pod) (namespace string, ok bool) {
	contested := false
	for i, p := range pods {
		if p.Namespace == gateway.Namespace {
			return p.Namespace, true
		}
		contested = contested || i > 0 && p.Namespace != namespace
		namespace = p.Namespace
	}
	return namespace, len(pods) > 0 && !contested
}

// SetPod adds a pod or replaces it.
func (v *View) SetPod(p *Pod) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.setPod(p)
	v.bury()
}

// DeletePod marks a pod as deleted. It stays known for the grace time.
func (v *View) DeletePod(uid string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.deletePod(uid)
	v.bury()
}

// ReplacePods makes these the only living pods.
func (v *View) ReplacePods(pods []*Pod) {
	v.mu.Lock()
	defer v.mu.Unlock()
	keep := make(map[string]bool, len(pods))
	for _, p := range pods {
		keep[p.UID] = true
	}
	for uid, p := range v.pods {
		if !keep[uid] && !v.isBuried(p) {
			v.deletePod(uid)
		}
	}
	for _, p := range pods {
		v.setPod(p)
	}
	v.bury()
}

func (v *View) setPod(p *Pod) {
	old := v.pods[p.UID]
	if old != nil && reflect.DeepEqual(old, p) && !v.isBuried(old) {
		return // most updates are a status that nobody here reads
	}
	held := [2]bool{}
	if old != nil {
		for i, ip := range old.IPs {
			held[i] = ip.IsValid() && v.podsByIP[ip] == old
		}
		v.unlink(old)
		v.raise(old)
	}
	v.pods[p.UID] = p
	v.podsByName[p.Name] = append(v.podsByName[p.Name], p)
	for _, ip := range p.IPs {
		if p.HasIP(ip) && !p.Finished && v.claims(p, old, held, ip) {
			v.podsByIP[ip] = p
		}
	}
	if p.serves() {
		v.gatewayPods[p.Proxy.Gateway] = append(v.gatewayPods[p.Proxy.Gateway], p)
	}
	v.changed()
}

// claims decides between two pods that show the same address. An address goes to the pod that gets it, and a pod on its
// way out that still shows it does not take it back.
func (v *View) claims(p, old *Pod, held [2]bool, ip netip.Addr) bool {
	owner := v.podsByIP[ip]
	if owner == nil || v.isBuried(owner) {
		return true
	}
	if p.Terminating != owner.Terminating {
		return !p.Terminating
	}
	if old == nil {
		return true
	}
	for i := range old.IPs {
		if old.IPs[i] == ip {
			return held[i]
		}
	}
	return true
}

// deletePod leaves the pod to be found by UID, name and address, but no longer among those that serve its Gateway.
func (v *View) deletePod(uid string) {
	p := v.pods[uid]
	if p == nil || v.isBuried(p) {
		return
	}
	v.leaveGateway(p)
	v.graves = append(v.graves, grave{p, v.now()})
	v.dead[uid] = struct{}{}
	if p.serves() {
		v.buried[p.Proxy.Gateway]++
	}
	v.changed()
}

func (v *View) isBuried(p *Pod) bool {
	_, dead := v.dead[p.UID]
	return dead
}

// raise takes a pod out of its grave: the API server was away and came back with it.
func (v *View) raise(p *Pod) {
	if !v.isBuried(p) {
		return
	}
	delete(v.dead, p.UID)
	if at := slices.IndexFunc(v.graves, func(g grave) bool { return g.pod == p }); at >= 0 {
		v.graves = slices.Delete(v.graves, at, at+1)
		v.forgetBurial(p)
	}
}

// Sweep forgets pods that were deleted longer ago than the grace time. It is called now and then, for clusters in which
// nothing else happens.
func (v *View) Sweep() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.bury()
}

func (v *View) bury() {
	n, oldest := 0, v.now().Add(-v.grace)
	for n < len(v.graves) && (len(v.graves)-n > maxGraves || !v.graves[n].died.After(oldest)) {
		p := v.graves[n].pod
		v.unlink(p)
		delete(v.pods, p.UID)
		delete(v.dead, p.UID)
		v.forgetBurial(p)
		n++
	}
	if n > 0 {
		v.graves = slices.Delete(v.graves, 0, n)
		v.changed()
	}
}

func (v *View) forgetBurial(p *Pod) {
	if !p.serves() {
		return
	}
	if v.buried[p.Proxy.Gateway]--; v.buried[p.Proxy.Gateway] <= 0 {
		delete(v.buried, p.Proxy.Gateway)
	}
}

// unlink takes a pod out of every index but that of UIDs.
func (v *View) unlink(p *Pod) {
	remove(v.podsByName, p.Name, p)
	for _, ip := range p.IPs {
		if v.podsByIP[ip] == p {
			delete(v.podsByIP, ip)
		}
	}
	v.leaveGateway(p)
}

func (v *View) leaveGateway(p *Pod) {
	if p.serves() {
		remove(v.gatewayPods, p.Proxy.Gateway, p)
	}
}

// remove takes one value out of the list under a key, and the key with the last of them.
func remove[K, V comparable](lists map[K][]V, key K, value V) {
	list := lists[key]
	at := slices.Index(list, value)
	if at < 0 {
		return
	}
	if len(list) == 1 {
		delete(lists, key)
		return
	}
	lists[key] = slices.Delete(list, at, at+1)
}

// changed makes every remembered answer doubtful.
func (v *View) changed() {
	v.identity.Add(1)
	v.routing.Add(1)
}
