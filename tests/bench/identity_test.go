//go:build unix

package bench

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
	"github.com/gatehouse-otel/gatehouse/processor/gatewayidentityprocessor"
)

// request is the spans of one export request: what Envoy sends.
const request = 5

// recordedCluster has the pods behind the recordings: the proxy, its Gateway and the Services it sends requests to.
func recordedCluster(tb testing.TB) *kubetest.Server {
	tb.Helper()
	server := kubetest.New(tb)
	server.Set(
		kubetest.Gateway("kgateway-system", "http", "kgateway", 8080, 8090),
		kubetest.KgatewayProxy("kgateway-system", "http", "8dh28", "10.244.0.10", "e02ddb1e-cff2-44cc-b83f-62b9ebfa0526", ""),
		kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"), kubetest.Pod("shop", "grpc", "bbbbb", "10.244.0.6"),
		kubetest.Service("shop", "cart", "10.96.0.5"), kubetest.Endpoints("shop", "cart", "10.244.0.5"),
	)
	return server
}

// startIdentity makes a gateway_identity processor that knows the cluster.
func startIdentity(tb testing.TB, next consumer.Traces) processor.Traces {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "kubeconfig")
	require.NoError(tb, os.WriteFile(file, []byte(recordedCluster(tb).KubeConfig()), 0o600))
	tb.Setenv("KUBECONFIG", file)
	factory := gatewayidentityprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(tb, confmap.NewFromStringMap(map[string]any{"auth_type": "kubeConfig"}).Unmarshal(cfg))
	set := processortest.NewNopSettings(factory.Type())
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	set.MeterProvider = meters
	p, err := factory.CreateTraces(tb.Context(), set, cfg, next)
	require.NoError(tb, err)
	require.NoError(tb, p.Start(tb.Context(), componenttest.NewNopHost()))
	tb.Cleanup(func() {
		require.NoError(tb, p.Shutdown(context.Background()))
		require.NoError(tb, meters.Shutdown(context.Background()))
	})
	return p
}

// encode is what an exporter does with what it gets, without a network.
type encode struct{ bytes int }

func (*encode) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (e *encode) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	e.bytes += len(b)
	return err
}

// BenchmarkIdentityPath is what requests of five spans lose when gateway_identity stands behind gateway_semconv: decoding
// from OTLP, the processors and encoding, in turns of 100 ms with and without. There is no network in it: it is the least
// that a Collector does, and so the largest share.
func BenchmarkIdentityPath(b *testing.B) {
	payloads := batches(b, request)
	send := func(p processor.Traces) func(int) {
		return func(n int) {
			td, err := decoder.UnmarshalTraces(payloads[n%len(payloads)])
			require.NoError(b, err)
			require.NoError(b, p.ConsumeTraces(b.Context(), td))
		}
	}
	without, with := pipelines(b)
	lose(b, send(without), send(with))
}

// BenchmarkIdentityRequest is the same behind the OTLP receiver, to which a client sends each request over gRPC on the
// loopback interface. The client's own time is in both.
func BenchmarkIdentityRequest(b *testing.B) {
	payloads := batches(b, request)
	send := func(next consumer.Traces) func(int) {
		conn := startOTLP(b, next)
		return func(n int) {
			var answer raw
			body := raw(payloads[n%len(payloads)])
			require.NoError(b, conn.Invoke(b.Context(), "/opentelemetry.proto.collector.trace.v1.TraceService/Export", &body, &answer, grpc.ForceCodec(rawCodec{})))
		}
	}
	without, with := pipelines(b)
	lose(b, send(without), send(with))
}

// pipelines are gateway_semconv and behind it a processor that does nothing, or gateway_identity.
func pipelines(b *testing.B) (without, with processor.Traces) {
	b.Helper()
	nothing := byName(none).start(b, &encode{}, zap.NewNop())
	return byName(ours).start(b, nothing, zap.NewNop()), byName(ours).start(b, startIdentity(b, &encode{}), zap.NewNop())
}

// lose lets two ways to handle a request take turns and reports the share of the throughput that the second one loses.
func lose(b *testing.B, without, with func(n int)) {
	b.Helper()
	const turn = 100 * time.Millisecond
	var spent [2]time.Duration
	var requests [2]int
	for b.Loop() {
		for i, send := range []func(int){without, with} {
			runtime.GC() // nobody starts with another one's garbage
			before, begin := cpuTime(), time.Now()
			for n := 0; time.Since(begin) < turn; n++ {
				send(n)
				requests[i]++
			}
			spent[i] += cpuTime() - before
		}
	}
	perRequest := func(i int) float64 { return float64(spent[i].Nanoseconds()) / float64(requests[i]) }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(perRequest(0), "without-cpu-ns/request")
	b.ReportMetric(perRequest(1), "with-cpu-ns/request")
	b.ReportMetric(100*(1-perRequest(0)/perRequest(1)), "%lost")
}

// startOTLP starts the OTLP receiver and returns a connection to it.
func startOTLP(b *testing.B, next consumer.Traces) *grpc.ClientConn {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	address := listener.Addr().String()
	require.NoError(b, listener.Close())
	factory := otlpreceiver.NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(b, confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": address}}}).Unmarshal(cfg))
	r, err := factory.CreateTraces(b.Context(), receivertest.NewNopSettings(factory.Type()), cfg, next)
	require.NoError(b, err)
	require.NoError(b, r.Start(b.Context(), componenttest.NewNopHost()))
	b.Cleanup(func() { require.NoError(b, r.Shutdown(context.Background())) })
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, conn.Close()) })
	return conn
}

// raw is a message that is encoded already.
type raw []byte

type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*raw), nil }

func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*raw) = append(raw(nil), data...)
	return nil
}

func (rawCodec) Name() string { return "proto" }
