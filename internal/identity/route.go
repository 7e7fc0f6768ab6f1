package identity

import (
	"strconv"
	"strings"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

// routeQuestion is everything that the answer about an item's route depends on, beside the cluster.
type routeQuestion struct {
	gateway               cluster.Ref
	id                    string // the route in the gateway's own spelling, when it has no name yet
	kind, namespace, name string // of the route object, what is known of them
	host                  string // the virtual host
	listener              string // the listener's name, when it is known
	port                  int64  // the listener's port, when it is known
}

func (q *routeQuestion) size() int {
	return len(q.gateway.Namespace) + len(q.gateway.Name) + len(q.id) + len(q.kind) + len(q.namespace) + len(q.name) +
		len(q.host) + len(q.listener)
}

// route is a route in the words of the Gateway API.
type route struct {
	*cluster.Route
	rule, match string
	// host, port and section are what the gateway's name says about the listener.
	host, section string
	port          int64
}

// answer is what is written on an item.
type answer struct {
	writes     []write
	found      bool
	generation uint64
}

// write is one attribute: a text, or a number where there is no text. Replace writes over what is there.
type write struct {
	key, text string
	number    int64
	replace   bool
}

// askRoute finds the route object behind what the gateway calls it, and the listener it was reached by.
func (r *Resolver) askRoute(q routeQuestion) *answer {
	generation := r.view.RoutingGeneration()
	if a, ok := r.routes.get(q); ok && a.generation == generation {
		return a
	}
	a := &answer{generation: generation}
	rt, ok := r.routeOf(q)
	if !ok && q.name != "" {
		rt.host, rt.port = q.host, q.port
	}
	if ok {
		a.found = true
		if q.name != rt.Name { // a Kong Route's own name is replaced by that of the object it was made of
			a.writes = append(a.writes, write{key: attrs.GatewayRouteName, text: rt.Name, replace: true})
		}
		if q.namespace == "" {
			a.add(attrs.GatewayRouteNamespace, rt.Namespace)
		}
		if q.kind == "" {
			a.add(attrs.GatewayRouteKind, rt.Kind)
		}
		a.add(attrs.GatewayRouteRule, rt.rule)
		a.add(attrs.GatewayRouteMatch, rt.match)
		if q.host == "" {
			a.add(attrs.GatewayVirtualHost, rt.host)
		}
		for _, kv := range rt.Extra {
			a.add(kv.Key, kv.Value)
		}
	}
	l := r.listener(q, rt)
	if l != nil && q.listener == "" {
		a.add(attrs.GatewayListenerName, l.Name)
	}
	if l != nil {
		rt.port = l.Port
	}
	if rt.port > 0 && q.port == 0 {
		a.writes = append(a.writes, write{key: attrs.GatewayListenerPort, number: rt.port})
	}
	// The strings of the question may belong to a whole export request, which must not live as long as the memory.
	if q.size() <= maxRemembered {
		r.routes.put(q.clone(), a)
	}
	return a
}

func (a *answer) add(key, text string) {
	if text != "" {
		a.writes = append(a.writes, write{key: key, text: strings.Clone(text)})
	}
}

func (q routeQuestion) clone() routeQuestion {
	for _, s := range [...]*string{&q.gateway.Namespace, &q.gateway.Name, &q.id, &q.kind, &q.namespace, &q.name, &q.host, &q.listener} {
		*s = strings.Clone(*s)
	}
	return q
}

// routeOf reads the forms that gateways give to the names of their routes.
func (r *Resolver) routeOf(q routeQuestion) (route, bool) {
	if q.name != "" && q.namespace != "" { // agentgateway, and Envoy Gateway behind gateway_semconv
		ref := cluster.Ref{Namespace: q.namespace, Name: q.name}
		if q.kind != "" {
			rt := r.view.Route(q.kind, ref)
			return route{Route: rt, host: q.host, port: q.port}, rt != nil
		}
		rt := r.view.RouteNamed(ref)
		return route{Route: rt, host: q.host, port: q.port}, rt != nil
	}
	if q.name != "" {
		return kongRoute(r.view, q.name)
	}
	if rt, ok := envoyGatewayRoute(r.view, q.id); ok {
		return rt, true
	}
	return kgatewayRoute(r.view, q.id)
}

// envoyGatewayRoute reads "httproute/<namespace>/<name>/rule/<n>[/match/<m>/<host>]" (Envoy Gateway 1.9.1, recorded).
func envoyGatewayRoute(view *cluster.View, id string) (route, bool) {
	parts := strings.Split(id, "/")
	if len(parts) < 5 || len(parts) > 8 || parts[3] != "rule" || parts[0] != cluster.HTTPRoute && parts[0] != cluster.GRPCRoute {
		return route{}, false
	}
	rt := view.Route(parts[0], cluster.Ref{Namespace: parts[1], Name: parts[2]})
	if rt == nil {
		return route{}, false
	}
	found := route{Route: rt, rule: parts[4]}
	if len(parts) > 6 && parts[5] == "match" {
		found.match = parts[6]
	}
	return found, true
}

// kongRoute reads the names that Kong's ingress controller gives to the Kong Routes it makes:
// "httproute.<namespace>.<name>.<rule>.<match>", also for GRPCRoutes (kubernetes-ingress-controller 3.x,
// internal/dataplane/translator/subtranslator). Namespaces and numbers hold no dot, so it cuts exactly; the object must
// exist all the same, because anybody may name a Kong Route like that.
func kongRoute(view *cluster.View, name string) (route, bool) {
	kind, rest, _ := strings.Cut(name, ".")
	namespace, rest, ok := strings.Cut(rest, ".")
	if !ok || kind != cluster.HTTPRoute && kind != cluster.GRPCRoute {
		return route{}, false
	}
	rest, match := cutLast(rest, '.')
	object, rule := cutLast(rest, '.')
	if !index(rule) || !index(match) {
		return route{}, false
	}
	ref := cluster.Ref{Namespace: namespace, Name: object}
	rt := view.Route(kind, ref)
	if rt == nil {
		rt = view.Route(cluster.GRPCRoute, ref)
	}
	return route{Route: rt, rule: rule, match: match}, rt != nil
}

// maxRouteID bounds the route ids that are cut into their parts, in bytes: names of Kubernetes have at most 253 each, and
// cutting takes time with the square of the length.
const maxRouteID = 2 << 10

// kgatewayRoute reads kgateway's route names (2.2.0 and 2.4.2, recorded):
//
//	<route config>~<domain>-route-<n>-<httproute|grpcroute>-<route>-<namespace>-<rule>-0[-<rule name>]-matcher-<m>
//
// The dashes make that ambiguous: a route "a-b" in namespace "c" reads like a route "a" in namespace "b-c". So it is cut
// in every possible way and compared with the routes there are; only if exactly one of them fits, its rule included, is
// it the one.
func kgatewayRoute(view *cluster.View, id string) (route, bool) {
	var found route
	if len(id) > maxRouteID {
		return found, false
	}
	for at := 0; ; {
		next := strings.Index(id[at:], "-route-")
		if next < 0 {
			break
		}
		at += next
		host := id[:at]
		at += len("-route-")
		position, rest, ok := strings.Cut(id[at:], "-")
		if !ok || !index(position) {
			continue
		}
		kind, rest, ok := strings.Cut(rest, "-")
		if !ok || kind != cluster.HTTPRoute && kind != cluster.GRPCRoute {
			continue
		}
		body, matcher, ok := cutLastText(rest, "-matcher-")
		if !ok || !index(matcher) {
			continue
		}
		fit, n := fitRoutes(view, kind, body)
		if n > 1 || n == 1 && found.Route != nil {
			return route{}, false
		}
		if n == 1 {
			found = fit
			found.match = matcher
			found.host, found.section, found.port = virtualHost(host)
		}
	}
	return found, found.Route != nil
}

// maxCuts bounds the ways in which a name is cut. Kubernetes names are up to 253 letters long, and dashes are rare.
const maxCuts = 40

// fitRoutes cuts "<route>-<namespace>-<rule>-0[-<rule name>]" in every way and returns the last route that fits and how
// many do.
func fitRoutes(view *cluster.View, kind, body string) (fit route, n int) {
	var dashes [maxCuts]int
	count := 0
	for i := range len(body) {
		if body[i] == '-' && count < maxCuts {
			dashes[count] = i
			count++
		}
	}
	for a := range count {
		for b := a + 1; b < count; b++ {
			ref := cluster.Ref{Name: body[:dashes[a]], Namespace: body[dashes[a]+1 : dashes[b]]}
			rt := view.Route(kind, ref)
			if rt == nil {
				continue
			}
			if rule, ok := fitRule(rt, body[dashes[b]+1:]); ok {
				fit = route{Route: rt, rule: rule}
				n++
			}
		}
	}
	return fit, n
}

// fitRule reads "<rule>-0[-<rule name>]" against the rules of a route and returns the rule's name, or its index where it
// has none.
func fitRule(rt *cluster.Route, text string) (string, bool) {
	number, rest, ok := strings.Cut(text, "-")
	if !ok || !index(number) {
		return "", false
	}
	n, err := strconv.Atoi(number)
	if err != nil || n >= len(rt.Rules) {
		return "", false
	}
	zero, name, _ := strings.Cut(rest, "-")
	if !index(zero) || name != rt.Rules[n] {
		return "", false
	}
	if name == "" {
		return number, true
	}
	return name, true
}

// virtualHost reads "listener~<port>~<domain>", and "<listener>~<domain>" as HTTPS listeners have it. The domain's dots
// are written as '_', which no host name holds, so they can be put back.
func virtualHost(text string) (host, section string, port int64) {
	config, domain := cutLast(text, '~')
	name, number := cutLast(config, '~')
	if index(number) {
		port, _ = strconv.ParseInt(number, 10, 32)
	} else if name == "" {
		section = number
	}
	return strings.ReplaceAll(domain, "_", "."), section, port
}

// listener finds the one listener that a request can have come by: by name, by the port and host that the route's name
// says, by where the route is attached.
func (r *Resolver) listener(q routeQuestion, rt route) *cluster.Listener {
	gateway := r.view.Gateway(q.gateway)
	if gateway == nil {
		return nil
	}
	var found *cluster.Listener
	for i := range gateway.Listeners {
		l := &gateway.Listeners[i]
		if q.listener == "" && rt.section != "" && l.Name == rt.section {
			return l
		}
		switch {
		case q.listener != "" && l.Name != q.listener,
			rt.port > 0 && l.Port != rt.port,
			q.listener == "" && rt.host != "" && !covers(l.Hostname, rt.host),
			q.listener == "" && rt.Route != nil && !attached(rt.Route, q.gateway, l):
			continue
		}
		if found != nil {
			return nil
		}
		found = l
	}
	if q.listener == "" && rt.Route == nil && rt.port == 0 {
		return nil // nothing was known of it: the only listener of a Gateway is not an answer
	}
	return found
}

// covers tells whether a listener for these hosts takes requests for a virtual host; "*" is every host.
func covers(hostname, host string) bool {
	if hostname == "" || host == "*" || hostname == host {
		return true
	}
	suffix, wildcard := strings.CutPrefix(hostname, "*")
	return wildcard && strings.HasSuffix(host, suffix) && len(host) > len(suffix)
}

// attached tells whether a route is attached to this listener of the Gateway. A route that is not attached to the Gateway
// at all came by another one, such as a ListenerSet.
func attached(rt *cluster.Route, gateway cluster.Ref, l *cluster.Listener) bool {
	here := false
	for _, p := range rt.Parents {
		if p.Gateway != gateway {
			continue
		}
		here = true
		if (p.Section == "" || p.Section == l.Name) && (p.Port == 0 || p.Port == l.Port) {
			return true
		}
	}
	return !here
}

// index tells whether a text is a number as one counts: digits, few of them.
func index(text string) bool {
	if text == "" || len(text) > 6 {
		return false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// cutLast cuts a text at the last separator; without one all of it is what comes after.
func cutLast(text string, sep byte) (before, after string) {
	at := strings.LastIndexByte(text, sep)
	if at < 0 {
		return "", text
	}
	return text[:at], text[at+1:]
}

func cutLastText(text, sep string) (before, after string, ok bool) {
	at := strings.LastIndex(text, sep)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(sep):], true
}
