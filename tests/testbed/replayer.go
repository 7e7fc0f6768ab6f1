package testbed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// kongUserAgent is that of Kong 3.9.3's plugins, recorded.
const kongUserAgent = "lua-resty-http/0.17.2 (Lua) ngx_lua/10026"

const (
	// Kong's queue sends a body again after this time, doubled each time, until its max_retry_time is over
	// (Kong 3.9.3, kong/tools/queue.lua).
	kongFirstRetry   = 10 * time.Millisecond
	kongMaxRetryTime = 60 * time.Second
)

// maxReplayAnswer bounds how much of a receiver's answer a replayer reads, in bytes.
const maxReplayAnswer = 1 << 20

// KongReplayer sends what Kong's plugins sent to a collector or a log server, in their order and framing. It has the
// manners of Kong's queue: one request at a time, the same body again as long as the answer is 300 or above. It is for one
// goroutine, as a queue is for one worker.
type KongReplayer struct {
	client  *http.Client
	refused map[int]int
}

// NewKongReplayer returns a replayer that keeps its connections alive, as Kong does, until Close.
func NewKongReplayer() *KongReplayer {
	return &KongReplayer{
		client: &http.Client{
			Transport: &http.Transport{DisableCompression: true},
			// Kong takes a redirect for an error like any other.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		refused: map[int]int{},
	}
}

// Refused is how many answers of 300 and above came so far, by status code.
func (k *KongReplayer) Refused() map[int]int { return maps.Clone(k.refused) }

// Close closes idle connections.
func (k *KongReplayer) Close() { k.client.CloseIdleConnections() }

// OTLP posts bodies of the opentelemetry plugin to the full URL of a receiver of spans or of log records: protobuf, not
// compressed.
func (k *KongReplayer) OTLP(ctx context.Context, url string, bodies [][]byte) error {
	return k.post(ctx, url, replay.ContentTypeProtobuf, bodies)
}

// Zipkin posts bodies of the zipkin plugin: JSON arrays of spans, version 2.
func (k *KongReplayer) Zipkin(ctx context.Context, url string, bodies [][]byte) error {
	return k.post(ctx, url, replay.ContentTypeJSON, bodies)
}

// HTTPLog posts bodies of the http-log plugin: one JSON object each, or an array of them where the plugin's queue batches.
func (k *KongReplayer) HTTPLog(ctx context.Context, url string, bodies [][]byte) error {
	return k.post(ctx, url, replay.ContentTypeJSON, bodies)
}

// TCPLog sends bodies of the tcp-log plugin over one connection: a JSON object and a newline each. There is no answer.
func (k *KongReplayer) TCPLog(ctx context.Context, address string, bodies [][]byte) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("replay tcp-log: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) }) // wakes the write below
	defer stop()
	for i, body := range bodies {
		if _, err = conn.Write(append(bytes.Clone(body), '\n')); err != nil {
			return fmt.Errorf("replay tcp-log: record %d: %w", i+1, errors.Join(err, conn.Close()))
		}
	}
	if err = conn.Close(); err != nil {
		return fmt.Errorf("replay tcp-log: %w", err)
	}
	return nil
}

// UDPLog sends bodies of the udp-log plugin, or of the loggly plugin with its frame: one datagram each. There is no answer.
func UDPLog(ctx context.Context, address string, bodies [][]byte) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", address)
	if err != nil {
		return fmt.Errorf("replay udp-log: %w", err)
	}
	for i, body := range bodies {
		if _, err = conn.Write(body); err != nil {
			return fmt.Errorf("replay udp-log: record %d: %w", i+1, errors.Join(err, conn.Close()))
		}
	}
	if err = conn.Close(); err != nil {
		return fmt.Errorf("replay udp-log: %w", err)
	}
	return nil
}

// post sends bodies one after the other. A body that is not accepted within Kong's time is lost, which is an error here.
func (k *KongReplayer) post(ctx context.Context, url, contentType string, bodies [][]byte) error {
	for i, body := range bodies {
		if err := k.postUntilAccepted(ctx, url, contentType, body); err != nil {
			return fmt.Errorf("replay to %s: body %d of %d: %w", url, i+1, len(bodies), err)
		}
	}
	return nil
}

func (k *KongReplayer) postUntilAccepted(ctx context.Context, url, contentType string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, kongMaxRetryTime)
	defer cancel()
	for wait := kongFirstRetry; ; wait *= 2 {
		err := k.postOnce(ctx, url, contentType, body)
		if err == nil {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w; last: %w", context.Cause(ctx), err)
		}
	}
}

func (k *KongReplayer) postOnce(ctx context.Context, url, contentType string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", kongUserAgent)
	resp, err := k.client.Do(req)
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxReplayAnswer))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		k.refused[resp.StatusCode]++
		return fmt.Errorf("answered %s: %.200q", resp.Status, answer)
	}
	return nil
}

// RecordedBodies returns the bodies in a file of recorded ones, one a line, without the newline and otherwise untouched.
func RecordedBodies(path string) ([][]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	var bodies [][]byte
	for line := range bytes.Lines(text) {
		bodies = append(bodies, bytes.TrimSuffix(line, []byte("\n")))
	}
	return bodies, nil
}

// ReplayAgentgateway sends recorded export requests over one gRPC connection, spans and log records, as agentgateway does
// by default. The recordings are JSON, so the protobuf bytes are those of another encoder; items, types and batches are
// the recorded ones.
func ReplayAgentgateway(ctx context.Context, address string, captures []replay.Capture) error {
	sender, err := replay.NewGRPCSender(address)
	if err != nil {
		return fmt.Errorf("replay agentgateway: %w", err)
	}
	for _, c := range captures {
		if err = sendCapture(ctx, sender, c); err != nil {
			return fmt.Errorf("replay agentgateway: %s: %w", c, errors.Join(err, sender.Close()))
		}
	}
	if err = sender.Close(); err != nil {
		return fmt.Errorf("replay agentgateway: %w", err)
	}
	return nil
}

func sendCapture(ctx context.Context, sender replay.Sender, c replay.Capture) error {
	if c.Signal == replay.SignalTraces {
		batches, err := c.Traces()
		for _, td := range batches {
			err = errors.Join(err, sender.SendTraces(ctx, td))
		}
		return err
	}
	batches, err := c.Logs()
	for _, ld := range batches {
		err = errors.Join(err, sender.SendLogs(ctx, ld))
	}
	return err
}
