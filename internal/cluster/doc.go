// Package cluster is what is known of a Kubernetes cluster: the few fields of pods, Gateways, routes, Services and
// EndpointSlices that say who a proxy is and where it sends requests, with an index for every question that is asked.
//
// It talks to nobody. Package kube fills it from the API server, tests fill it by hand, and package identity reads it.
// Everything is safe for concurrent use; objects are immutable once they are in the view.
package cluster
