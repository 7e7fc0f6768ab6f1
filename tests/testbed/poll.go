package testbed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// eventuallyPoll is how often Eventually asks.
const eventuallyPoll = 20 * time.Millisecond

// errExited is why a wait for a program ends early.
var errExited = errors.New("it ended before it was ready")

// poll calls ask every interval until it returns nil. It fails when ctx ends, with the last answer, and when stop is
// closed; stop may be nil.
func poll(ctx context.Context, interval time.Duration, stop <-chan struct{}, ask func(context.Context) error) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-stop:
			return errExited
		case <-ctx.Done():
			return fmt.Errorf("%w; last: %w", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

// Eventually calls ask until it returns nil and fails the test with its last error when that takes longer than timeout.
// What says what is awaited and why it cannot be had at once.
func Eventually(tb testing.TB, timeout time.Duration, what string, ask func(context.Context) error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), timeout)
	defer cancel()
	if err := poll(ctx, eventuallyPoll, nil, ask); err != nil {
		tb.Fatalf("%s: not within %s: %v", what, timeout, err)
	}
}

// HTTPReady is a Command's Ready: a GET of the URL is answered with 200.
func HTTPReady(url string) func(context.Context) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return fmt.Errorf("ask %s: %w", url, err)
		}
		resp, err := client.Do(req)
		if err != nil {
			return fmt.Errorf("ask %s: %w", url, err)
		}
		_, _ = io.Copy(io.Discard, resp.Body) // the code is the answer
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("ask %s: %s", url, resp.Status)
		}
		return nil
	}
}

// TCPReady is a Command's Ready: something accepts connections at the address.
func TCPReady(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		_ = conn.Close() // nothing was written
		return nil
	}
}
