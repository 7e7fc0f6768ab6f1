//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package gatewayidentityprocessor gives one proxy one identity on all of its signals: service and Kubernetes resource
// attributes in the contract that kgateway documents, and the objects behind routes and upstreams. It is a thin adapter:
// configuration in, own metrics out. Who a resource is from is decided in internal/identity, what the cluster holds is read
// by internal/kube.
package gatewayidentityprocessor
