package tailstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TestBatchBytes: the size by which a caller closes a batch is about that of what it will send.
func TestBatchBytes(t *testing.T) {
	t.Parallel()
	s, err := New[uint64](Config{MaxBytes: 32 << 20, Delays: []time.Duration{time.Second}})
	require.NoError(t, err)
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("note", string(make([]byte, 1<<20)))
	ss := rs.ScopeSpans().AppendEmpty()
	span := ss.Spans().AppendEmpty()
	span.SetTraceID([16]byte{1})
	span.Attributes().PutStr("body", string(make([]byte, 1<<20)))
	origin, err := s.SpanOrigin(rs, ss)
	require.NoError(t, err)
	ref, err := s.AddSpan(time.Now(), origin, span)
	require.NoError(t, err)
	s.ReleaseOrigin(origin)
	var b Batch
	assert.Zero(t, b.Bytes())
	require.NoError(t, s.Read(ref, &b))
	assert.InDelta(t, (&ptrace.ProtoMarshaler{}).TracesSize(td), b.Bytes(), 64)
	b.Reset()
	assert.Zero(t, b.Bytes())
}
