package envoy

import "time"

// Direction of a listener's traffic, as Envoy names it. It decides the name and kind of the downstream span.
type Direction string

// The directions. The empty one is what gateways have.
const (
	Unspecified Direction = ""
	Inbound     Direction = "INBOUND"  // a sidecar in front of its service
	Outbound    Direction = "OUTBOUND" // a sidecar behind its service
)

// Listener is one HTTP connection manager on a port, or a TCP proxy.
type Listener struct {
	Name      string
	Address   string // host:port
	Direction Direction
	// NoRemoteAddress leaves use_remote_address off: no x-forwarded-for, and the client's traceparent and request id are
	// taken from inside the mesh, as sidecars do.
	NoRemoteAddress bool
	Tracing         *Tracing
	AccessLogs      []AccessLog
	// UpstreamLogs get an entry for each attempt to reach the upstream.
	UpstreamLogs []AccessLog
	VirtualHosts []VirtualHost
	// TCPCluster makes it a TCP proxy to that cluster; of the fields above only the access logs hold then.
	TCPCluster string
}

// VirtualHost is what a set of Host headers leads to. Domains are as in Envoy, "*" for the rest.
type VirtualHost struct {
	Name    string
	Domains []string
	Routes  []Route
}

// Route is one rule of a virtual host; the first that matches is taken. Exactly one of Cluster and RedirectTo is set.
type Route struct {
	Name          string
	Prefix        string
	Cluster       string
	RedirectTo    string // path of a 301
	PrefixRewrite string
	Decorator     string // name of the span, as Istio sets it
	Timeout       time.Duration
	Retries       int
	PerTryTimeout time.Duration
}

func (l Listener) object() (object, error) {
	at, err := address(l.Address)
	if err != nil {
		return nil, err
	}
	name, filter := "envoy.filters.network.http_connection_manager", l.manager()
	if l.TCPCluster != "" {
		name, filter = "envoy.filters.network.tcp_proxy", l.tcpProxy()
	}
	listener := object{
		"name":          l.Name,
		"address":       at,
		"filter_chains": []any{object{"filters": []any{object{"name": name, "typed_config": filter}}}},
	}
	if l.Direction != Unspecified {
		listener["traffic_direction"] = l.Direction
	}
	return listener, nil
}

func (l Listener) tcpProxy() object {
	return object{
		"@type":       typePrefix + "extensions.filters.network.tcp_proxy.v3.TcpProxy",
		"stat_prefix": "tcp",
		"cluster":     l.TCPCluster,
		"access_log":  logObjects(l.AccessLogs),
	}
}

func (l Listener) manager() object {
	manager := object{
		"@type":              typePrefix + "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
		"stat_prefix":        "http",
		"use_remote_address": !l.NoRemoteAddress,
		"normalize_path":     true,
		"route_config":       object{"name": l.Name, "virtual_hosts": l.virtualHosts()},
		"http_filters": []any{object{
			"name": "envoy.filters.http.router",
			"typed_config": object{
				"@type":        typePrefix + "extensions.filters.http.router.v3.Router",
				"upstream_log": logObjects(l.UpstreamLogs),
			},
		}},
		"access_log": logObjects(l.AccessLogs),
	}
	if l.Tracing != nil {
		manager["tracing"] = l.Tracing.object()
	}
	return manager
}

func logObjects(logs []AccessLog) []any {
	objects := make([]any, len(logs))
	for i, log := range logs {
		objects[i] = log.object()
	}
	return objects
}

func (l Listener) virtualHosts() []any {
	hosts := make([]any, 0, len(l.VirtualHosts))
	for _, host := range l.VirtualHosts {
		routes := make([]any, 0, len(host.Routes))
		for _, route := range host.Routes {
			routes = append(routes, route.object())
		}
		hosts = append(hosts, object{"name": host.Name, "domains": host.Domains, "routes": routes})
	}
	return hosts
}

func (r Route) object() object {
	route := object{"name": r.Name, "match": object{"prefix": r.Prefix}}
	if r.Decorator != "" {
		route["decorator"] = object{"operation": r.Decorator}
	}
	if r.RedirectTo != "" {
		route["redirect"] = object{"path_redirect": r.RedirectTo}
		return route
	}
	action := object{"cluster": r.Cluster}
	if r.PrefixRewrite != "" {
		action["prefix_rewrite"] = r.PrefixRewrite
	}
	if r.Timeout > 0 {
		action["timeout"] = seconds(r.Timeout)
	}
	if r.Retries > 0 {
		policy := object{
			"retry_on":       "5xx,reset,connect-failure",
			"num_retries":    r.Retries,
			"retry_back_off": object{"base_interval": "0.005s", "max_interval": "0.010s"},
		}
		if r.PerTryTimeout > 0 {
			policy["per_try_timeout"] = seconds(r.PerTryTimeout)
		}
		action["retry_policy"] = policy
	}
	route["route"] = action
	return route
}
