package cluster

import (
	"reflect"
	"strings"
)

// Gateway returns a Gateway object, or nil.
func (v *View) Gateway(ref Ref) *Gateway {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.gateways[ref]
}

// GatewayOf returns the Gateway that "<name>.<namespace>" names, or nil. That is how kgateway and Envoy Gateway spell it;
// a namespace holds no dot, a name may.
func (v *View) GatewayOf(serviceName string) *Gateway {
	at := strings.LastIndexByte(serviceName, '.')
	if at <= 0 {
		return nil
	}
	return v.Gateway(Ref{Namespace: serviceName[at+1:], Name: serviceName[:at]})
}

// SetGateway adds a Gateway or replaces it.
func (v *View) SetGateway(g *Gateway) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.setGateway(g)
}

// DeleteGateway forgets a Gateway.
func (v *View) DeleteGateway(ref Ref) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.deleteGateway(ref)
}

// ReplaceGateways makes these the only Gateways.
func (v *View) ReplaceGateways(gateways []*Gateway) {
	v.mu.Lock()
	defer v.mu.Unlock()
	keep := make(map[Ref]bool, len(gateways))
	for _, g := range gateways {
		keep[g.Ref] = true
		v.setGateway(g)
	}
	for ref := range v.gateways {
		if !keep[ref] {
			v.deleteGateway(ref)
		}
	}
}

func (v *View) setGateway(g *Gateway) {
	if old := v.gateways[g.Ref]; old == nil || !reflect.DeepEqual(old, g) {
		v.gateways[g.Ref] = g
		v.changed()
	}
}

func (v *View) deleteGateway(ref Ref) {
	if _, known := v.gateways[ref]; known {
		delete(v.gateways, ref)
		v.changed()
	}
}
