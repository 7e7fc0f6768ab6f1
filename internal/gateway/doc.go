// Package gateway is the core of Gatehouse: it brings spans, access logs and resources of API gateways to the
// current OpenTelemetry semantic conventions.
//
// Facts go in as [Profile] values: data, one folder per gateway below this one. [Compile] checks and merges
// them once, at start, into an immutable [Engine]. The data path is two calls: [Engine.Traces] and
// [Engine.Logs], which detect the gateway per resource and scope (detect.go), walk every item once
// (work.go), let each known attribute do what its rule says (rewrite.go), derive what needs several
// attributes together (http.go, rpc.go, status.go, names.go) and write the result back in place.
//
// The package knows pdata and nothing else of the Collector: no context, no logger, no meter, no clock. What
// happened comes back as [Stats]. It allocates only what the result needs and pdata's boxes around it.
package gateway
