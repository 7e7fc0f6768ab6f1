package kube

import (
	"errors"
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// AuthType is how to reach the API server.
type AuthType string

// The ways to reach the API server.
const (
	// AuthNone does not look for one.
	AuthNone AuthType = "none"
	// AuthServiceAccount is the service account of the pod that the Collector runs in.
	AuthServiceAccount AuthType = "serviceAccount"
	// AuthKubeConfig is what kubectl would use: $KUBECONFIG, else ~/.kube/config.
	AuthKubeConfig AuthType = "kubeConfig"
)

// ErrNotInCluster says that the Collector does not run in a pod with a service account's token.
var ErrNotInCluster = errors.New("not running in a Kubernetes cluster with a service account: set auth_type to kubeConfig or none")

// RESTConfig returns how to talk to the API server. context picks one of a kubeconfig's contexts, "" the current one. It
// returns ErrNotInCluster for AuthServiceAccount outside of a cluster.
func RESTConfig(auth AuthType, context string) (*rest.Config, error) {
	switch auth {
	case AuthServiceAccount:
		cfg, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("%w (%w)", ErrNotInCluster, err)
		}
		return cfg, nil
	case AuthKubeConfig:
		cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
			clientcmd.NewDefaultClientConfigLoadingRules(),
			&clientcmd.ConfigOverrides{CurrentContext: context},
		).ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("read the kubeconfig for context %q: %w", context, err)
		}
		return cfg, nil
	default:
		return nil, fmt.Errorf("auth_type %q has no API server", auth)
	}
}
