package konglogreceiver

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
)

// sizes notes how many records each batch had, and answers with what it is told.
type sizes struct {
	records []int
	answer  func(call int) error
}

func (*sizes) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *sizes) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	s.records = append(s.records, ld.LogRecordCount())
	if s.answer != nil {
		return s.answer(len(s.records))
	}
	return nil
}

// small returns an array of n small records.
func small(n int) string { return "[" + strings.Repeat(`{"a":1},`, n-1) + `{"a":1}]` }

// TestBatches: a body of many small records is handed on in batches, and so are lines and datagrams.
func TestBatches(t *testing.T) {
	const n = 2*maxBatchRecords + 7
	next := &sizes{}
	r := start(t, next, nil, nil)
	code, answer, _ := post(t, r.http, small(n))
	require.Equal(t, http.StatusOK, code, answer)
	assert.Equal(t, []int{maxBatchRecords, maxBatchRecords, 7}, next.records)

	// Where reading goes on is the same for every way, wherever the batch ends.
	d := r.decoder
	parts := []datagram{{text: small(n)}, {text: small(n) + small(3)}, {text: `{"a":1}`}}
	var lines []string
	for _, p := range parts {
		lines = append(lines, p.text, "")
	}
	for name, m := range map[string]messages{
		"udp": (&udpServer{r: r.kongReceiver}).messages(parts),
		"tcp": (&tcpServer{r: r.kongReceiver}).messages(strings.Join(lines, "\n")),
	} {
		total := 0
		for at, more := (place{}), true; more; {
			var b *batch
			b, at, more = d.read(m, at)
			assert.LessOrEqual(t, b.records.Len(), maxBatchRecords, name)
			assert.Zero(t, b.bad(), name)
			total += b.records.Len()
		}
		assert.Equal(t, 2*n+3+1, total, name)
	}

	long := `{"a":"` + strings.Repeat("x", maxBatchBytes/2) + `"}`
	next.records = nil
	code, answer, _ = post(t, r.http, "["+long+","+long+","+long+"]")
	require.Equal(t, http.StatusOK, code, answer)
	assert.Equal(t, []int{2, 1}, next.records)
}

// TestBatchRefused: one batch refused for good costs the others nothing; a busy pipeline has the whole body come again.
func TestBatchRefused(t *testing.T) {
	const n = 3 * maxBatchRecords
	next := &sizes{answer: func(call int) error {
		if call == 2 {
			return consumererror.NewPermanent(errPipelineBusy)
		}
		return nil
	}}
	r := start(t, next, nil, nil)
	code, _, _ := post(t, r.http, small(n))
	assert.Equal(t, http.StatusOK, code)
	assert.Len(t, next.records, 3)
	assert.EqualValues(t, maxBatchRecords, r.counter(t, "lost", "transport", "http", "cause", "permanent"))

	next.records, next.answer = nil, func(call int) error {
		if call == 2 {
			return errPipelineBusy
		}
		return nil
	}
	code, _, _ = post(t, r.http, small(n)[:8*n]+",5]")
	assert.Equal(t, http.StatusServiceUnavailable, code)
	assert.Len(t, next.records, 2)
	assert.Zero(t, r.counter(t, "malformed", "transport", "http", "fault", "not_an_object"), "it comes again")
}

// TestRejectReadsToTheEnd: under reject nothing is taken of a body whose last part is bad.
func TestRejectReadsToTheEnd(t *testing.T) {
	next := &sizes{}
	r := start(t, next, nil, func(c *Config) { c.OnMalformed = OnMalformedReject })
	code, answer, _ := post(t, r.http, small(3*maxBatchRecords)+"5")
	assert.Equal(t, http.StatusBadRequest, code, answer)
	assert.Empty(t, next.records)
}

// TestEmptyObjects: an object without fields is no record.
func TestEmptyObjects(t *testing.T) {
	next := newPipeline()
	r := start(t, next, nil, nil)
	code, answer, _ := post(t, r.http, "[{},"+record1+`,{ },{"a":null}]`)
	assert.Equal(t, http.StatusOK, code)
	assert.Contains(t, answer, "1 accepted, 3 not readable")
	assert.EqualValues(t, 3, r.counter(t, "malformed", "transport", "http", "fault", "not_an_object"))
	next.once(t, []string{"1"})
}

// TestRecordsKeepNoBody: a record kept by the pipeline does not keep the body around it.
func TestRecordsKeepNoBody(t *testing.T) {
	const bodies, size = 20, 4 << 20
	d := testReceiver(t, nil).decoder
	before := liveHeap()
	kept := make([]*batch, 0, bodies)
	for range bodies {
		// Plain texts, headers, keys and nested values of every kind.
		body := `{"own":{"list":["text",{"key":"text"}]},"own_key":"text","request":{"id":"1","uri":"/a","headers":{"host":"a"}}}` +
			strings.Repeat(" ", size)
		kept = append(kept, decode(t, d, body))
	}
	grown := int64(liveHeap()) - int64(before)
	assert.Len(t, kept, bodies)
	assert.Less(t, grown, int64(bodies*size/4))
	assert.Equal(t, []any{"text", map[string]any{"key": "text"}}, kept[0].records.At(0).Attributes().AsRaw()["own.list"])
	runtime.KeepAlive(kept)
}

// liveHeap is what the heap holds after a collection, in bytes.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
