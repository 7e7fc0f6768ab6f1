package collector

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"
)

const (
	// fakeEnv makes this test binary play a Collector that behaves as its value says.
	fakeEnv = "GATEHOUSE_TEST_FAKE_COLLECTOR"
	// generous bounds waits that are over at once unless something is broken.
	generous = 20 * time.Second
)

func TestMain(m *testing.M) {
	if behavior := os.Getenv(fakeEnv); behavior != "" {
		os.Exit(fake(behavior))
	}
	goleak.VerifyTestMain(m)
}

// fake is called as a Collector is: --config file. It serves the health check of that file.
func fake(behavior string) int {
	fmt.Fprintln(os.Stderr, "fake collector:", behavior)
	if len(os.Args) != 3 || os.Args[1] != "--config" {
		fmt.Fprintln(os.Stderr, "arguments:", os.Args)
		return 2
	}
	if behavior == "broken" {
		fmt.Fprintln(os.Stderr, "cannot start pipelines: bind: address already in use")
		return 1
	}
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	var config struct {
		Extensions struct {
			Health struct{ Endpoint string } `yaml:"health_check"`
		}
	}
	if err = yaml.Unmarshal(text, &config); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	if behavior == "unready" {
		<-stop
		return 0
	}
	listener, err := net.Listen("tcp", config.Extensions.Health.Endpoint)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	requests := 0
	served := make(chan error, 1)
	go func() {
		served <- http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if requests++; requests < 3 {
				w.WriteHeader(http.StatusServiceUnavailable) // as long as pipelines are starting
			}
		}))
	}()
	for range stop {
		if behavior != "stubborn" {
			break
		}
	}
	if behavior == "unclean" {
		return 3
	}
	return 0
}

func self(t *testing.T, behavior string) string {
	t.Helper()
	t.Setenv(fakeEnv, behavior)
	binary, err := os.Executable()
	require.NoError(t, err)
	return binary
}

func timeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestRunAndStop(t *testing.T) {
	p, err := Run(timeout(t, generous), self(t, "good"), "127.0.0.1:4317", "gateway_semconv")
	require.NoError(t, err)
	assert.Contains(t, p.Log(), "fake collector: good")
	require.FileExists(t, p.cmd.Args[2])
	require.NoError(t, p.Stop(generous))
	require.NoError(t, p.Stop(generous), "stopping twice returns the same")
	<-p.Exited()
	assert.NoDirExists(t, p.dir, "the configuration is removed")
}

func TestRunReportsAFailedStart(t *testing.T) {
	_, err := Run(timeout(t, generous), self(t, "broken"), "127.0.0.1:4317")
	require.ErrorContains(t, err, "collector ended before it was ready: exit status 1")
	require.ErrorContains(t, err, "address already in use", "the log is part of the message")

	_, err = Run(timeout(t, generous), "/nonexistent/collector", "127.0.0.1:4317")
	require.ErrorIs(t, err, os.ErrNotExist)

	_, err = Run(timeout(t, 300*time.Millisecond), self(t, "unready"), "127.0.0.1:4317")
	require.ErrorContains(t, err, "collector is not ready: context deadline exceeded")
}

func TestStopReportsAnUncleanEnd(t *testing.T) {
	p, err := Run(timeout(t, generous), self(t, "unclean"), "127.0.0.1:4317")
	require.NoError(t, err)
	require.ErrorContains(t, p.Stop(generous), "exit status 3")

	p, err = Run(timeout(t, generous), self(t, "stubborn"), "127.0.0.1:4317")
	require.NoError(t, err)
	require.ErrorContains(t, p.Stop(100*time.Millisecond), "did not stop within 100ms and was killed")
}

func TestLoopbackConfig(t *testing.T) {
	t.Parallel()
	cfg, err := LoopbackConfig("127.0.0.1:9", "memory_limiter", "gateway_semconv")
	require.NoError(t, err)
	addresses := map[string]bool{}
	all := []string{cfg.OTLPGRPC, cfg.OTLPHTTP, cfg.Zipkin, cfg.EnvoyALS, cfg.KongHTTP, cfg.KongTCP, cfg.KongUDP, cfg.Health}
	for _, address := range all {
		assert.True(t, strings.HasPrefix(address, "127.0.0.1:"), address)
		addresses[address] = true
	}
	assert.Len(t, addresses, len(all), "no port twice")

	text, err := cfg.YAML()
	require.NoError(t, err)
	var config map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &config))
	service := config["service"].(map[string]any)
	for _, signal := range []string{"traces", "logs"} {
		pipeline := service["pipelines"].(map[string]any)[signal].(map[string]any)
		assert.Equal(t, []any{"memory_limiter", "gateway_semconv"}, pipeline["processors"])
	}
	for _, address := range append(all, cfg.Export) {
		assert.Contains(t, text, address)
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	var log tail
	write := func(text string) {
		t.Helper()
		n, err := log.Write([]byte(text))
		require.NoError(t, err)
		require.Equal(t, len(text), n, "a short count would end the process's output")
	}
	write("one\ntwo ")
	write("halves\nunfinished")
	assert.Equal(t, "one\ntwo halves\nunfinished", log.String())

	write("\n")
	for i := range 3 * tailLines {
		write(fmt.Sprintln("line", i))
	}
	lines := strings.Split(log.String(), "\n")
	assert.Len(t, lines, tailLines)
	assert.Equal(t, "line 299", lines[len(lines)-1])

	write(strings.Repeat("x", 3*tailLineSize))
	write("y\nend")
	assert.NotContains(t, log.String(), "y", "a long line is cut")
	assert.True(t, strings.HasSuffix(log.String(), "x\nend"))
	assert.Less(t, len(log.String()), 2*tailLineSize)
}
