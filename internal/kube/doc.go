// Package kube keeps a cluster view equal to what the Kubernetes API server has, as far as it may look.
//
// It is built on client-go's Reflector, the half of an informer that lists and watches. The other half, an indexer of API
// objects, is left out on purpose: a pod takes several kilobytes there and a few hundred bytes in the view, so objects are
// converted page by page while they are listed and none of them is kept (convert.go). source.go runs one kind of object,
// client.go all of them; monitor.go turns what goes wrong into one line when it begins and one when it is over.
package kube
