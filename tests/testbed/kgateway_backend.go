package testbed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// The ports that the Services of testdata/kgateway/shop.yaml send to.
const (
	podHTTPPort = "18080"
	podGRPCPort = "18090"
)

// PodAddress waits for a ready endpoint of the Service and returns its address. Its pod exists only for the API server: a
// test listens at the address itself.
func (k *Kubernetes) PodAddress(tb testing.TB, namespace, service string) string {
	tb.Helper()
	var address string
	path := "/apis/discovery.k8s.io/v1/namespaces/" + namespace +
		"/endpointslices?labelSelector=kubernetes.io/service-name=" + service
	Eventually(tb, clusterTimeout, "an endpoint of service "+service, func(ctx context.Context) error {
		var list struct {
			Items []struct {
				Endpoints []struct {
					Addresses  []string
					Conditions struct{ Ready bool }
				}
			}
		}
		if err := k.Get(ctx, path, &list); err != nil {
			return err
		}
		for _, slice := range list.Items {
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready && len(endpoint.Addresses) > 0 {
					address = endpoint.Addresses[0]
					return nil
				}
			}
		}
		return fmt.Errorf("%d slices, no ready endpoint in them", len(list.Items))
	})
	return address
}

// ServePod listens at the address of the application's pod until the end of the test: what StartUpstream and
// StartGRPCUpstream serve, on the ports of the Services.
func ServePod(tb testing.TB, address string) *Upstream {
	tb.Helper()
	upstream := StartUpstream(tb)
	listener, err := net.Listen("tcp", net.JoinHostPort(address, podHTTPPort))
	if err != nil {
		tb.Fatalf("serve pod: %v", err)
	}
	server := &http.Server{Handler: upstream, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	tb.Cleanup(func() {
		closeErr := server.Close()
		if err := <-served; closeErr != nil || !errors.Is(err, http.ErrServerClosed) {
			tb.Errorf("serve pod: %v, %v", err, closeErr)
		}
	})

	grpcListener, err := net.Listen("tcp", net.JoinHostPort(address, podGRPCPort))
	if err != nil {
		tb.Fatalf("serve pod: %v", err)
	}
	grpcServer := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(grpcServer, healthServer{})
	grpcServed := make(chan error, 1)
	go func() { grpcServed <- grpcServer.Serve(grpcListener) }()
	tb.Cleanup(func() {
		grpcServer.Stop()
		if err := <-grpcServed; err != nil {
			tb.Errorf("serve pod: %v", err)
		}
	})
	return upstream
}
