//go:build linux

package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
)

// What receivers cost is measured over real gRPC on loopback. The client is a process of its own, so that the processor
// time of this one is the server's alone; it sends bytes that were marshaled before, when it is told to.

// arrivals counts records and passes them on to nobody.
type arrivals struct {
	records atomic.Int64
	moved   chan struct{}
}

func newArrivals() *arrivals { return &arrivals{moved: make(chan struct{}, 1)} }

func (*arrivals) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (a *arrivals) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	a.records.Add(int64(ld.LogRecordCount()))
	select {
	case a.moved <- struct{}{}:
	default:
	}
	return nil
}

// wait returns when as many records as that have arrived; a server that is stuck fails the benchmark.
func (a *arrivals) wait(tb testing.TB, records int64) {
	tb.Helper()
	late := time.After(time.Minute)
	for a.records.Load() < records {
		select {
		case <-a.moved:
		case <-late:
			tb.Fatalf("%d of %d records arrived within a minute", a.records.Load(), records)
		}
	}
	require.Equal(tb, records, a.records.Load(), "every record arrives once")
}

// startReceiver makes a receiver as a Collector does, with a real meter, on a free port.
func startReceiver(tb testing.TB, factory receiver.Factory, section map[string]any, next consumer.Logs) {
	tb.Helper()
	cfg := factory.CreateDefaultConfig()
	require.NoError(tb, confmap.NewFromStringMap(section).Unmarshal(cfg))
	require.NoError(tb, confmap.Validate(cfg))
	set := receivertest.NewNopSettings(factory.Type())
	set.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	r, err := factory.CreateLogs(tb.Context(), set, cfg, next)
	require.NoError(tb, err)
	require.NoError(tb, r.Start(tb.Context(), componenttest.NewNopHost()))
	tb.Cleanup(func() { require.NoError(tb, r.Shutdown(context.Background())) })
}

// client is the process that sends.
type client struct {
	stdin io.Writer
}

// clientEnv says to TestReceiverClient that it is that process: method, address and the file with the messages.
const clientEnv = "GATEHOUSE_BENCH_CLIENT"

// startClient starts the process. It ends with the benchmark, and with this process at the latest.
func startClient(tb testing.TB, method, address string, messages [][]byte) *client {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "messages")
	var b []byte
	for _, m := range messages {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(m))), m...)
	}
	require.NoError(tb, os.WriteFile(file, b, 0o600))
	self, err := os.Executable()
	require.NoError(tb, err)
	cmd := exec.Command(self, "-test.run=^TestReceiverClient$", "-test.timeout=0")
	cmd.Env = append(os.Environ(), clientEnv+"="+method+" "+address+" "+file)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	stdin, err := cmd.StdinPipe()
	require.NoError(tb, err)
	require.NoError(tb, cmd.Start())
	tb.Cleanup(func() {
		stdin.Close() // it ends by itself then; if it does not, it is ended
		timer := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		_ = cmd.Wait()
	})
	return &client{stdin: stdin}
}

// send tells the client to send so many messages.
func (c *client) send(tb testing.TB, n int) {
	tb.Helper()
	_, err := fmt.Fprintln(c.stdin, n)
	require.NoError(tb, err)
}

// connections is how many streams, or calls at a time, the client has: as many as an Envoy of that many workers.
const connections = 4

// TestReceiverClient is the client's process. In a test run of its own it has nothing to do.
func TestReceiverClient(t *testing.T) {
	job := os.Getenv(clientEnv)
	if job == "" {
		return
	}
	var method, address, file string
	_, err := fmt.Sscan(job, &method, &address, &file)
	require.NoError(t, err)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var messages [][]byte
	for len(data) > 0 {
		n := 4 + int(binary.LittleEndian.Uint32(data))
		messages = append(messages, data[4:n])
		data = data[n:]
	}
	jobs := make(chan []byte)
	var senders sync.WaitGroup
	for range connections {
		if method == postBody {
			senders.Go(func() {
				if err := postAll(t.Context(), address, jobs); err != nil {
					t.Error(err)
					os.Exit(1)
				}
			})
			continue
		}
		conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodecV2(bytesCodec{})))
		require.NoError(t, err)
		defer conn.Close()
		senders.Go(func() {
			if err := sendAll(t.Context(), conn, method, jobs); err != nil {
				t.Error(err)
				os.Exit(1)
			}
		})
	}
	lines := bufio.NewScanner(os.Stdin)
	next := 0
	for lines.Scan() {
		var n int
		_, err := fmt.Sscan(lines.Text(), &n)
		require.NoError(t, err)
		for range n {
			jobs <- messages[next%len(messages)]
			next++
		}
	}
	close(jobs)
	senders.Wait()
}

const (
	exportLogs = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
	streamALS  = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"
)

// sendAll sends by one connection: a call for each message, or one stream of them.
func sendAll(ctx context.Context, conn *grpc.ClientConn, method string, jobs <-chan []byte) error {
	if method == exportLogs {
		for m := range jobs {
			var answer []byte
			if err := conn.Invoke(ctx, method, m, &answer); err != nil {
				return err
			}
		}
		return nil
	}
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, method)
	if err != nil {
		return err
	}
	for m := range jobs {
		if err := s.SendMsg(m); err != nil {
			return err
		}
	}
	return s.CloseSend()
}

// bytesCodec sends messages that are marshaled already.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (bytesCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

// way is one way for records into the Collector.
type way struct {
	name     string
	factory  receiver.Factory
	section  func(address string) map[string]any
	method   string
	messages [][]byte
	records  int // in all messages together
}

// running is a way with its server and client at work.
type running struct {
	*way
	client  *client
	sink    *arrivals
	arrived int64
	used    usage
}

// open starts server and client.
func (w *way) open(tb testing.TB, address string, wrap func(consumer.Logs) consumer.Logs) *running {
	tb.Helper()
	r := &running{way: w, sink: newArrivals()}
	var next consumer.Logs = r.sink
	if wrap != nil {
		next = wrap(next)
	}
	startReceiver(tb, w.factory, w.section(address), next)
	r.client = startClient(tb, w.method, address, w.messages)
	r.turn(tb, 1) // connections are made and pools filled before anything is measured
	r.used = usage{}
	return r
}

// turn sends all messages a number of times and returns when their records have arrived, processor time and
// allocations noted.
func (r *running) turn(tb testing.TB, times int) {
	tb.Helper()
	r.used.start()
	r.used.run()
	r.client.send(tb, times*len(r.messages))
	r.arrived += int64(times * r.records)
	r.sink.wait(tb, r.arrived)
	r.used.pause()
	r.used.stop()
}

// freeAddress is an address on loopback that nobody listened on a moment ago.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	require.NoError(tb, err)
	defer l.Close()
	return l.Addr().String()
}
