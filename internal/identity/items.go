package identity

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/cluster"
	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// Outcome is what became of an item's route or upstream.
type Outcome uint8

// Outcomes of one item.
const (
	// NotNamed: the item says nothing about it.
	NotNamed Outcome = iota
	// Found: the object is known.
	Found
	// Unknown: what the item says leads to no object that is known.
	Unknown
	// Outcomes is how many there are.
	Outcomes
)

func (o Outcome) String() string { return [Outcomes]string{"not_named", "found", "unknown"}[o] }

// NodeID returns the node id that an item carries, "" for none.
func NodeID(item pcommon.Map) string {
	v, ok := item.Get(nodeID)
	if !ok {
		return ""
	}
	return known(v)
}

// NamesPod tells whether a resource says itself which pod it is from, by UID, or by name and namespace.
func NamesPod(resource pcommon.Map) bool {
	has := func(key string) bool {
		v, ok := resource.Get(key)
		return ok && known(v) != ""
	}
	return has(attrs.K8SPodUID) || has(attrs.K8SPodName) && has(attrs.K8SNamespaceName)
}

// Item completes a span's or log record's attributes: the route object and listener behind its route, the Service and
// workload behind its endpoint. client says that it is a span of kind client, whose server and peer are the upstream.
func (r *Resolver) Item(id *Identity, item pcommon.Map, client bool) (route, upstream Outcome) {
	if !r.opts.Routes && !r.opts.Upstream {
		return NotNamed, NotNamed
	}
	rq := routeQuestion{gateway: id.Gateway}
	var uq upstreamQuestion
	var server, peer, itemGateway, itemGatewayNamespace, workload string
	for key, v := range item.All() {
		// Every name looked for begins with one of these: most attributes cost one comparison.
		if len(key) < len("gateway.") || key[0] != 'g' && key[0] != 's' && key[0] != 'n' {
			continue
		}
		switch key {
		case attrs.GatewayRouteID:
			first(&rq.id, v)
		case attrs.GatewayRouteName:
			first(&rq.name, v)
		case attrs.GatewayRouteNamespace:
			first(&rq.namespace, v)
		case attrs.GatewayRouteKind:
			first(&rq.kind, v)
		case attrs.GatewayVirtualHost:
			first(&rq.host, v)
		case attrs.GatewayListenerName:
			first(&rq.listener, v)
		case attrs.GatewayListenerPort:
			if rq.port == 0 {
				rq.port = v.Int()
			}
		case attrs.GatewayName:
			first(&itemGateway, v)
		case attrs.GatewayNamespace:
			first(&itemGatewayNamespace, v)
		case attrs.GatewayUpstreamServiceName:
			first(&uq.name, v)
		case attrs.GatewayUpstreamServiceNamespace:
			first(&uq.namespace, v)
		case attrs.GatewayUpstreamServiceHost:
			first(&uq.host, v)
		case attrs.GatewayUpstreamAddress:
			first(&uq.address, v)
		case attrs.GatewayUpstreamWorkloadName:
			first(&workload, v)
		case attrs.ServerAddress:
			first(&server, v)
		case attrs.NetworkPeerAddress:
			first(&peer, v)
		}
	}
	if itemGateway != "" && itemGatewayNamespace != "" {
		rq.gateway = cluster.Ref{Namespace: itemGatewayNamespace, Name: itemGateway}
	}
	if client && uq.address == "" {
		if uq.address = peer; peer == "" {
			uq.address = server
		}
	}
	// A route that has its kind and namespace is asked for only once: its labels and listener are then there too.
	if r.opts.Routes && (rq.id != "" || rq.name != "") {
		a := r.askRoute(rq)
		a.apply(item, rq.kind == "")
		route = a.outcome()
	}
	if r.opts.Upstream && workload == "" && (uq.name != "" || uq.host != "" || uq.address != "") {
		a := r.askUpstream(uq)
		a.apply(item, true)
		upstream = a.outcome()
	}
	return route, upstream
}

func known(v pcommon.Value) string {
	if v.Type() != pcommon.ValueTypeStr || parse.Absent(v.Str()) {
		return ""
	}
	return v.Str()
}

// first keeps the first value that says something, of a key that occurs twice.
func first(to *string, v pcommon.Value) {
	if *to == "" {
		*to = known(v)
	}
}

func (a *answer) outcome() Outcome {
	if a.found {
		return Found
	}
	return Unknown
}

// apply writes what the item does not have. fresh says that it has none of it, and needs room.
func (a *answer) apply(item pcommon.Map, fresh bool) {
	if fresh && len(a.writes) > 0 {
		item.EnsureCapacity(item.Len() + len(a.writes))
	}
	for i := range a.writes {
		w := &a.writes[i]
		v, exists := item.GetOrPutEmpty(w.key)
		if exists && !w.replace && v.Type() != pcommon.ValueTypeEmpty && (v.Type() != pcommon.ValueTypeStr || !parse.Absent(v.Str())) {
			continue
		}
		if w.text != "" {
			v.SetStr(w.text)
		} else {
			v.SetInt(w.number)
		}
	}
}
