//go:build e2e

package e2e

import (
	"iter"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// Kong's zipkin plugin posts to the zipkin receiver. The bytes are the recorded ones.
func TestZipkin(t *testing.T) {
	h := start(t)
	for _, c := range captures(t) {
		if c.Format != replay.FormatZipkin {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			h.sink.Reset()
			payloads, err := c.Payloads()
			require.NoError(t, err)
			batches, err := c.Traces()
			require.NoError(t, err)
			for _, payload := range payloads {
				code, answer, err := replay.PostRaw(t.Context(), "http://"+h.Config().Zipkin+"/api/v2/spans",
					replay.ContentTypeJSON, payload)
				require.NoError(t, err)
				require.Equal(t, http.StatusAccepted, code, "%s", answer)
			}
			h.wait(t, spanCount(batches), 0)
			checkTraces(t, c, batches, h.sink.Traces())
		})
	}
}

// Kong's OTLP requests as they were on the wire.
func TestRawProtobuf(t *testing.T) {
	h := start(t)
	for _, c := range captures(t) {
		if c.Format != replay.FormatOTLPProto {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			h.sink.Reset()
			payloads, err := c.Payloads()
			require.NoError(t, err)
			require.Len(t, payloads, 1)
			code, answer, err := replay.PostRaw(t.Context(), h.httpURL("/v1/"+string(c.Signal)),
				replay.ContentTypeProtobuf, payloads[0])
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, code, "%s", answer)
			if c.Signal == replay.SignalTraces {
				batches, err := c.Traces()
				require.NoError(t, err)
				h.wait(t, spanCount(batches), 0)
				checkTraces(t, c, batches, h.sink.Traces())
				return
			}
			batches, err := c.Logs()
			require.NoError(t, err)
			h.wait(t, 0, recordCount(batches))
			checkLogs(t, c, batches, h.sink.Logs())
		})
	}
}

// Kong puts the request target into http.url byte by byte, so any client can make it send strings that are not UTF-8,
// which protobuf forbids. The receiver (collector v0.158.0, pdata v1.64.0) does not check and accepts the request in
// both encodings; the processor repairs the string, so that a strict backend does not refuse a whole batch for one
// client's bytes.
func TestInvalidUTF8(t *testing.T) {
	const hostile = "raw-traces-5"
	h := start(t)
	for _, c := range captures(t) {
		if c.Gateway != "kong" || c.Name != hostile {
			continue
		}
		payloads, err := c.Payloads()
		require.NoError(t, err)
		require.False(t, utf8.Valid(payloads[0]))
		require.Contains(t, string(payloads[0]), "\xff\xfe")
		req := ptraceotlp.NewExportRequest()
		require.NoError(t, req.UnmarshalProto(payloads[0]))
		asJSON, err := req.MarshalJSON()
		require.NoError(t, err)
		require.Contains(t, string(asJSON), "\xff\xfe")

		for contentType, body := range map[string][]byte{
			replay.ContentTypeProtobuf: payloads[0],
			replay.ContentTypeJSON:     asJSON,
		} {
			h.sink.Reset()
			code, answer, err := replay.PostRaw(t.Context(), h.httpURL("/v1/traces"), contentType, body)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, code, "%s: %s", contentType, answer)
			h.wait(t, req.Traces().SpanCount(), 0)

			repaired := 0
			for attrs := range tracesAttributes(h.sink.Traces()) {
				for k, v := range attrs.All() {
					assert.True(t, utf8.ValidString(v.AsString()), "%s: %s", contentType, k)
					if strings.Contains(v.AsString(), "\uFFFD") {
						repaired++
					}
				}
			}
			assert.Positive(t, repaired, "%s: the spot where the bytes were shows U+FFFD", contentType)
		}
		return
	}
	require.Fail(t, "no capture of Kong named "+hostile)
}

// A request that is no protobuf at all is refused with a client error and leaves the pipeline working.
func TestGarbageIsRefused(t *testing.T) {
	h := start(t)
	for _, signal := range []string{"traces", "logs"} {
		code, _, err := replay.PostRaw(t.Context(), h.httpURL("/v1/"+signal), replay.ContentTypeProtobuf, []byte("\xff\xff\xff"))
		require.NoError(t, err)
		assert.Equal(t, http.StatusBadRequest, code, signal)
	}
	sender := h.transports(t)[0]
	for _, c := range captures(t) {
		if c.Signal == replay.SignalTraces {
			batches, err := c.Traces()
			require.NoError(t, err)
			require.NoError(t, sender.SendTraces(t.Context(), batches[0]))
			h.wait(t, batches[0].SpanCount(), 0)
			return
		}
	}
}

func tracesAttributes(batches []ptrace.Traces) iter.Seq[pcommon.Map] {
	return func(yield func(pcommon.Map) bool) {
		for _, td := range batches {
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					for _, span := range ss.Spans().All() {
						if !yield(span.Attributes()) {
							return
						}
					}
				}
			}
		}
	}
}
