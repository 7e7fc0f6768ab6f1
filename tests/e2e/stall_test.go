//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
	"github.com/gatehouse-otel/gatehouse/tests/testbed/envoy"
)

const (
	stallTime     = 30 * time.Second
	stallQueue    = 4    // export requests, so that the pipeline is full at once
	stallRequests = 1500 // about 1 MB of entries, for two workers of Envoy whose connections buffer 1 MiB each
	stallClients  = 4
	// A body is offered for two seconds before it is refused, and Kong waits 10 ms before the second attempt and twice as
	// long before each further one: the eighth refusal comes after 17 seconds, the eleventh after 32.
	stallRefusals = 8
	stallLog      = "kgw_stall"
	// What the Collector may grow by during the stall: the queues and buffers that are configured hold a few MiB.
	stallGrowth = 64 << 20
)

// stallHTTPLogs are what Kong's workers send meanwhile, each its own.
var stallHTTPLogs = []string{"3.4.2-http-log.jsonl", "3.8.1-http-log.jsonl", "3.9.3-http-log.jsonl", "3.9.3-http-log-batch.jsonl"}

// The backend takes nothing for thirty seconds while real Envoy streams access logs and Kong's plugins send: Envoy's
// streams are not read, Kong gets 503 and comes again, and the Collector grows by no more than its buffers. Then everything
// arrives, once.
func TestStalledBackend(t *testing.T) {
	const version = "1.40.0"
	collector := testbed.StartCollector(t, testbed.CollectorOptions{Queue: stallQueue})
	upstream := testbed.StartUpstream(t)
	address, admin := testbed.FreeAddress(t), testbed.FreeAddress(t)
	envoy.Start(t, version, envoy.Config{
		NodeID: kgatewayNode, NodeCluster: "http.kgateway-system", Admin: admin, ALS: collector.EnvoyALS(),
		Clusters: []envoy.Cluster{{Name: kgatewayCluster("cart"), Address: upstream.Address()}},
		Listeners: []envoy.Listener{{
			Name: "listener~8080", Address: address,
			VirtualHosts: []envoy.VirtualHost{{Name: "all", Domains: []string{"*"}, Routes: []envoy.Route{
				{Name: "main", Prefix: "/", Cluster: kgatewayCluster("cart")},
			}}},
			AccessLogs: []envoy.AccessLog{kgatewayALS(version, stallLog)},
		}},
	})

	before := collector.Metric(t, "otelcol_process_memory_rss")
	began := time.Now()
	collector.After.Pause()
	t.Cleanup(collector.After.Resume)
	var senders sync.WaitGroup
	requestsThrough(t, &senders, address)
	wantKong, kongs := kongThrough(t, &senders, collector)
	entries := func(ctx context.Context, name string) int {
		n, err := envoy.Stat(ctx, admin, "access_logs.grpc_access_log.logs_"+name)
		require.NoError(t, err)
		return n
	}

	collector.WaitMetric(t, "Envoy to fill what is between it and the backend", func(n int) bool { return n > 0 },
		"otelcol_receiver_envoy_als_paused_streams")
	collector.WaitMetric(t, "Kong to be turned away eight times by each worker, which takes seventeen seconds",
		func(n int) bool { return n >= stallRefusals*len(stallHTTPLogs) }, "otelcol_receiver_kong_log_requests", `outcome="busy"`)
	time.Sleep(time.Until(began.Add(stallTime))) // how long it lasts is what is tested
	grown := collector.Metric(t, "otelcol_process_memory_rss") - before
	assert.Less(t, grown, stallGrowth, "bytes of memory more than before the stall")
	_, arrived := collector.After.Counts()
	require.Zero(t, arrived, "the backend takes nothing")
	paused := collector.Metric(t, "otelcol_receiver_envoy_als_paused_streams")
	streams := collector.Metric(t, "otelcol_receiver_envoy_als_streams")
	collector.After.Resume()
	stalled := time.Since(began)

	senders.Wait()
	testbed.Eventually(t, testbed.ItemTimeout, "Envoy to have logged every request", func(ctx context.Context) error {
		if written, dropped := entries(ctx, "written"), entries(ctx, "dropped"); written+dropped != stallRequests {
			return fmt.Errorf("%d entries written, %d dropped by Envoy", written, dropped)
		}
		return nil
	})
	written, dropped := entries(t.Context(), "written"), entries(t.Context(), "dropped")
	kongRecords := sum(wantKong)
	ctx, cancel := context.WithTimeout(t.Context(), testbed.ItemTimeout)
	defer cancel()
	require.NoError(t, collector.After.Wait(ctx, 0, written+kongRecords))
	collector.WaitMetric(t, "streams to be read again", func(n int) bool { return n == 0 }, "otelcol_receiver_envoy_als_paused_streams")

	assert.Equal(t, streams, collector.Metric(t, "otelcol_receiver_envoy_als_streams"), "the same streams are open, none was broken off")

	paths, gotKong := map[string]int{}, map[int64]int{}
	for _, record := range allRecords(collector.After.Logs()) {
		if path := textOf(record.Attributes(), "url.path"); textOf(record.Attributes(), "gateway.access_log.type") != "" {
			paths[path]++
		} else {
			gotKong[int64(record.Timestamp())]++ //nolint:gosec // nanoseconds since 1970
		}
	}
	assert.Zero(t, dropped, "entries that Envoy had no room for")
	for i := range stallRequests {
		assert.Equal(t, 1, paths[stallPath(i)], stallPath(i))
	}
	assert.Len(t, paths, stallRequests)
	assert.Equal(t, wantKong, gotKong, "every entry once, by its time")
	refused := 0
	for _, kong := range kongs {
		for code, n := range kong.Refused() {
			assert.Equal(t, http.StatusServiceUnavailable, code)
			refused += n
		}
	}
	assert.Equal(t, refused, collector.Metric(t, "otelcol_receiver_kong_log_requests", `outcome="busy"`))
	retries := collector.Metric(t, "otelcol_receiver_envoy_als_retries")
	assert.Positive(t, retries, "times that entries were offered again")
	assert.Zero(t, collector.Metric(t, "otelcol_receiver_envoy_als_dropped"))
	assert.Zero(t, collector.Metric(t, "otelcol_receiver_kong_log_lost"))
	t.Logf("stalled for %s, memory grown by %d bytes: %d streams paused, entries offered again %d times; Kong was answered 503 %d times; %d entries of Envoy and %d of Kong arrived",
		stalled.Round(time.Millisecond), grown, paused, retries, refused, written, kongRecords)
	for _, row := range []testbed.Row{
		{Program: "envoy", Version: version, In: written, Out: sum(paths)},
		{Program: "kong", Version: "3.4.2 to 3.9.3", Replayed: true, In: kongRecords, Out: sum(gotKong)},
	} {
		row.Case, row.Signals = "access logs while the backend hangs for 30 seconds", "logs"
		testbed.Record(row)
	}
}

func sum[K comparable](counts map[K]int) int {
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}

func stallPath(i int) string { return fmt.Sprintf("/ok/%d", i) }

// requestsThrough sends requests through Envoy in the background for as long as the stall lasts, each for a path of its own.
func requestsThrough(t *testing.T, senders *sync.WaitGroup, address string) {
	t.Helper()
	for client := range stallClients {
		senders.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			next := time.NewTicker(stallTime * stallClients / stallRequests)
			defer next.Stop()
			for i := client; i < stallRequests; i += stallClients {
				<-next.C
				if err := get(t.Context(), transport, "http://"+address+stallPath(i)); err != nil {
					t.Errorf("request %d: %v", i, err)
					return
				}
			}
		})
	}
}

func get(ctx context.Context, transport *http.Transport, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}

// kongThrough sends recordings of Kong's log plugins in the background and returns how many entries have each time, in
// nanoseconds: no two of one recording have the same.
func kongThrough(t *testing.T, senders *sync.WaitGroup, c *testbed.Collector) (map[int64]int, []*testbed.KongReplayer) {
	t.Helper()
	want := map[int64]int{}
	load := func(file string) [][]byte {
		bodies := kongLogBodies(t, file)
		for _, body := range bodies {
			for _, e := range kongEntries(t, body) {
				want[e.integer(t, "started_at")*1_000_000]++
			}
		}
		return bodies
	}
	var kongs []*testbed.KongReplayer
	for _, file := range stallHTTPLogs {
		bodies, kong := load(file), testbed.NewKongReplayer()
		kongs = append(kongs, kong)
		t.Cleanup(kong.Close)
		senders.Go(func() { assert.NoError(t, kong.HTTPLog(t.Context(), c.KongHTTP(), bodies)) })
	}
	lines, datagrams := load("3.9.3-tcp-log.jsonl"), load("3.9.3-udp-log.jsonl")
	senders.Go(func() { assert.NoError(t, kongs[0].TCPLog(t.Context(), c.KongTCP(), lines)) })
	senders.Go(func() { assert.NoError(t, testbed.UDPLog(t.Context(), c.KongUDP(), datagrams)) })
	return want, kongs
}

func allRecords(batches []plog.Logs) []plog.LogRecord {
	var records []plog.LogRecord
	for _, ld := range batches {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, record := range sl.LogRecords().All() {
					records = append(records, record)
				}
			}
		}
	}
	return records
}
