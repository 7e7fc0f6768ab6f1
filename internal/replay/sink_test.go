package replay

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// generous bounds waits that are over at once unless something is broken.
const generous = 20 * time.Second

func startSink(t *testing.T) (*Sink, *GRPCSender) {
	t.Helper()
	sink, err := StartSink()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, sink.Close()) })
	sender, err := NewGRPCSender(sink.Endpoint())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, sender.Close()) })
	return sink, sender
}

func timeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func tracesWith(spans int) ptrace.Traces {
	td := ptrace.NewTraces()
	ss := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	for range spans {
		ss.Spans().AppendEmpty().SetName("kong \xff")
	}
	return td
}

func logsWith(records int) plog.Logs {
	ld := plog.NewLogs()
	sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	for range records {
		sl.LogRecords().AppendEmpty().Body().SetStr("line")
	}
	return ld
}

func TestSinkKeepsWhatArrives(t *testing.T) {
	t.Parallel()
	sink, sender := startSink(t)
	ctx := timeout(t, generous)
	require.NoError(t, sender.SendTraces(ctx, tracesWith(2)))
	require.NoError(t, sender.SendTraces(ctx, tracesWith(3)))
	require.NoError(t, sender.SendLogs(ctx, logsWith(4)))
	require.NoError(t, sink.Wait(ctx, 5, 4))

	spans, records := sink.Counts()
	assert.Equal(t, 5, spans)
	assert.Equal(t, 4, records)
	require.Len(t, sink.Traces(), 2, "batch borders are kept")
	assert.Equal(t, 2, sink.Traces()[0].SpanCount(), "order is kept")
	assert.Empty(t, Diff(TraceRecords(tracesWith(2), tracesWith(3)), TraceRecords(sink.Traces()...), 1),
		"invalid UTF-8 passes both codecs")
	assert.Empty(t, Diff(LogRecords(logsWith(4)), LogRecords(sink.Logs()...), 1))

	sink.Reset()
	spans, records = sink.Counts()
	assert.Zero(t, spans+records)
	assert.Empty(t, sink.Traces())
}

// A waiter that starts first is woken by the arrival.
func TestSinkWakesWaiters(t *testing.T) {
	t.Parallel()
	sink, sender := startSink(t)
	ctx := timeout(t, generous)
	var waiters sync.WaitGroup
	errs := make(chan error, 3)
	for range 3 {
		waiters.Go(func() { errs <- sink.Wait(ctx, 2, 0) })
	}
	require.NoError(t, sender.SendTraces(ctx, tracesWith(1)))
	require.NoError(t, sender.SendTraces(ctx, tracesWith(1)))
	waiters.Wait()
	close(errs)
	for err := range errs {
		assert.NoError(t, err)
	}
}

func TestSinkWaitSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	sink, sender := startSink(t)
	require.NoError(t, sender.SendTraces(timeout(t, generous), tracesWith(1)))
	err := sink.Wait(timeout(t, time.Millisecond), 2, 1)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "received 1 of 2 spans and 0 of 1 log records")
}

func TestSinkPause(t *testing.T) {
	t.Parallel()
	sink, sender := startSink(t)
	ctx := timeout(t, generous)
	sink.Pause()
	sent := make(chan error, 1)
	go func() { sent <- sender.SendLogs(ctx, logsWith(1)) }()
	require.ErrorIs(t, sink.Wait(timeout(t, 50*time.Millisecond), 0, 1), context.DeadlineExceeded)
	sink.Resume()
	require.NoError(t, <-sent)
	require.NoError(t, sink.Wait(ctx, 0, 1))

	// Whoever gives up while the sink hangs is not counted.
	sink.Pause()
	require.Error(t, sender.SendLogs(timeout(t, 10*time.Millisecond), logsWith(1)))
	sink.Resume()
	_, records := sink.Counts()
	assert.Equal(t, 1, records)
}

func TestSinkCloseEndsWaiters(t *testing.T) {
	t.Parallel()
	sink, err := StartSink()
	require.NoError(t, err)
	waited := make(chan error, 1)
	go func() { waited <- sink.Wait(timeout(t, generous), 1, 0) }()
	require.NoError(t, sink.Close())
	require.ErrorIs(t, <-waited, ErrSinkClosed)
	require.NoError(t, sink.Close(), "closing twice does nothing")
}

func TestSinkIsBounded(t *testing.T) {
	t.Parallel()
	sink, sender := startSink(t)
	sink.mu.Lock()
	sink.records = maxItems
	sink.mu.Unlock()
	require.ErrorContains(t, sender.SendTraces(timeout(t, generous), tracesWith(1)), "ResourceExhausted")
}

// HTTPSender posts what the OTLP/HTTP specification asks for, in both encodings.
func TestHTTPSender(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{ContentTypeProtobuf, ContentTypeJSON} {
		var got ptrace.Traces
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, contentType, r.Header.Get("Content-Type"))
			assert.Equal(t, "/v1/traces", r.URL.Path)
			req := ptraceotlp.NewExportRequest()
			body, err := io.ReadAll(r.Body)
			assert.NoError(t, err)
			if contentType == ContentTypeProtobuf {
				assert.NoError(t, req.UnmarshalProto(body))
			} else {
				assert.NoError(t, req.UnmarshalJSON(body))
				w.Header().Set("Content-Type", contentType)
				_, _ = w.Write([]byte("{}"))
			}
			got = req.Traces()
		}))
		sender, err := NewHTTPSender(server.URL+"/", contentType)
		require.NoError(t, err)
		require.NoError(t, sender.SendTraces(timeout(t, generous), tracesWith(2)))
		assert.Empty(t, Diff(TraceRecords(tracesWith(2)), TraceRecords(got), 1), "invalid UTF-8 passes as %s", contentType)
		require.NoError(t, sender.Close())
		server.Close()
	}
	_, err := NewHTTPSender("http://127.0.0.1:1", "text/plain")
	require.ErrorContains(t, err, `"text/plain"`)
}

func TestHTTPSenderErrors(t *testing.T) {
	t.Parallel()
	answer := func(code int, body []byte) *HTTPSender {
		t.Helper()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = w.Write(body)
		}))
		t.Cleanup(server.Close)
		sender, err := NewHTTPSender(server.URL, ContentTypeProtobuf)
		require.NoError(t, err)
		return sender
	}
	ctx := timeout(t, generous)
	require.ErrorContains(t, answer(http.StatusServiceUnavailable, []byte("busy")).SendLogs(ctx, logsWith(1)), `status 503: "busy"`)
	require.ErrorContains(t, answer(http.StatusOK, []byte("\xff")).SendLogs(ctx, logsWith(1)), "decode answer")

	partial := plogotlp.NewExportResponse()
	partial.PartialSuccess().SetRejectedLogRecords(3)
	partial.PartialSuccess().SetErrorMessage("too old")
	body, err := partial.MarshalProto()
	require.NoError(t, err)
	require.ErrorContains(t, answer(http.StatusOK, body).SendLogs(ctx, logsWith(5)), "rejected 3 log records: too old")
}

func TestPostRaw(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(append([]byte(r.Header.Get("Content-Type")+" "), body...))
	}))
	defer server.Close()
	code, answer, err := PostRaw(timeout(t, generous), server.URL, "x/y", []byte("\xff\x00"))
	require.NoError(t, err)
	assert.Equal(t, http.StatusTeapot, code)
	assert.Equal(t, "x/y \xff\x00", string(answer))

	_, _, err = PostRaw(timeout(t, generous), "http://127.0.0.1:0/", "x/y", nil)
	require.Error(t, err)
}
