// Package identity gives one proxy one identity: whatever signal it sends and whichever version it is, the resource says
// the same service and the same Kubernetes objects, in the contract that kgateway documents.
//
// A resource takes this way: evidence.go reads what it says about its pod, find.go finds pod and Gateway in the cluster
// view, against.go sees to it that they are one proxy's, contract.go decides what is written, resolver.go remembers the
// decision under the resource's fingerprint, so that a resource seen before costs one look-up. A span or log record takes
// another: route.go finds the route object behind the name the gateway gave it, upstream.go the Service and workload
// behind the endpoint, items.go writes both.
//
// The package takes pdata and a cluster view. It has no logger, no meter and no clock.
package identity
