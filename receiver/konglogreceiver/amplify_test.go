package konglogreceiver

import (
	"bufio"
	"context"
	"net/http"
	"runtime"
	"strconv"
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

// TestBatches: lines and datagrams of many small records are handed on in batches. A body is one, however many it holds.
func TestBatches(t *testing.T) {
	const n = 2*maxBatchRecords + 7
	next := &sizes{}
	r := start(t, next, nil, nil)
	code, answer, _ := post(t, r.http, small(n))
	require.Equal(t, http.StatusOK, code, answer)
	assert.Equal(t, []int{n}, next.records)

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
	assert.Equal(t, []int{3}, next.records)
}

// TestBodyIsTakenWholeOrNotAtAll: Kong sends a body again that was refused, so nothing of it may have been taken before.
func TestBodyIsTakenWholeOrNotAtAll(t *testing.T) {
	const n = 3*maxBatchRecords + 5
	records := make([]string, n)
	ids := make([]string, n)
	for i := range records {
		ids[i] = strconv.Itoa(i)
		records[i] = `{"request":{"id":"` + ids[i] + `"},"response":{"status":200}}`
	}
	body := "[" + strings.Join(records, ",") + ",5]"
	next := &busyBehind{pipeline: newPipeline(), last: ids[n-1], refuse: errPipelineBusy}
	r := startOffering(t, 0, next, nil, nil)
	code, _, _ := post(t, r.http, body)
	require.Equal(t, http.StatusServiceUnavailable, code)
	assert.Zero(t, next.len(), "nothing of the body")
	assert.Zero(t, r.counter(t, "malformed", "transport", "http", "fault", "not_an_object"), "it comes again")
	code, answer, _ := post(t, r.http, body)
	assert.Equal(t, http.StatusOK, code)
	assert.Contains(t, answer, strconv.Itoa(n)+" accepted, 1 not readable")
	next.once(t, ids)
	assert.EqualValues(t, 1, r.counter(t, "malformed", "transport", "http", "fault", "not_an_object"))

	next.refuse = consumererror.NewPermanent(errPipelineBusy)
	code, _, _ = post(t, r.http, body)
	assert.Equal(t, http.StatusOK, code)
	assert.EqualValues(t, n, r.counter(t, "lost", "transport", "http", "cause", "permanent"))
	assert.EqualValues(t, 2, r.counter(t, "malformed", "transport", "http", "fault", "not_an_object"))
}

// TestBusyForAMoment: a pipeline that is busy for less than Kong's patience costs Kong nothing.
func TestBusyForAMoment(t *testing.T) {
	next := &sizes{answer: func(call int) error {
		if call <= 3 {
			return errPipelineBusy
		}
		return nil
	}}
	r := start(t, next, nil, nil)
	code, answer, _ := post(t, r.http, small(2))
	require.Equal(t, http.StatusOK, code, answer)
	assert.Equal(t, []int{2, 2, 2, 2}, next.records, "whole, every time")
	assert.EqualValues(t, 3, r.counter(t, "retries", "transport", "http"))
	assert.Zero(t, r.counter(t, "requests", "outcome", "busy"))

	// The sender has gone: nobody learns of what is taken from now on, so it would come twice.
	next.records, next.answer = nil, func(int) error { return errPipelineBusy }
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.http, strings.NewReader(small(1)))
	require.NoError(t, err)
	next.answer = func(int) error {
		cancel()
		return errPipelineBusy
	}
	_, err = http.DefaultClient.Do(req)
	require.ErrorIs(t, err, context.Canceled)
	eventually(t, func() bool { return r.counter(t, "requests", "outcome", "busy") == 1 }, "the request has ended")
}

// busyBehind is a pipeline that refuses once what the last record is in.
type busyBehind struct {
	*pipeline
	last   string
	refuse error
}

func (b *busyBehind) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	id, _ := records.At(records.Len() - 1).Attributes().Get("kong.request.id")
	if err := b.refuse; err != nil && id.Str() == b.last {
		b.refuse = nil
		return err
	}
	return b.pipeline.ConsumeLogs(ctx, ld)
}

// TestManySmallRecords: what records cost in memory is on the budget, so that a body of nothing but small ones is refused
// before it is there, and others know that there is no room.
func TestManySmallRecords(t *testing.T) {
	const room = 1 << 20 // of the budget
	next := newPipeline()
	r := start(t, next, nil, func(c *Config) {
		c.Protocols.HTTP.Get().ServerConfig.MaxRequestBodySize = room
		c.Protocols.HTTP.Get().MaxInFlightSize = room
	})
	free := func() {
		left, all := r.httpBudget(t)
		assert.Equal(t, all, left, "all room is free again")
	}
	most := room/recordRoom + maxBatchRecords
	code, answer, _ := post(t, r.http, small(most))
	assert.Equal(t, http.StatusOK, code, answer)
	assert.Equal(t, most, next.len())
	free()
	code, answer, _ = post(t, r.http, small(most+1))
	assert.Equal(t, http.StatusRequestEntityTooLarge, code)
	assert.Contains(t, answer, "max_in_flight_size, 1048576 bytes, holds at 512 each")
	assert.EqualValues(t, 1, r.counter(t, "requests", "outcome", "too_large"))
	assert.Equal(t, most, next.len())
	free()

	// While one such body is worked on, another one finds no room, and comes again.
	blocked := make(chan struct{})
	next.set(nil, blocked)
	first := r.rawRequest(t, "Content-Length: "+strconv.Itoa(len(small(most)))+"\r\n", small(most))
	eventually(t, func() bool { return next.called() == 2 }, "the first one is being handed on")
	code, _, _ = post(t, r.http, small(2*maxBatchRecords))
	assert.Equal(t, http.StatusServiceUnavailable, code)
	close(blocked)
	resp, err := http.ReadResponse(bufio.NewReader(first), nil)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	eventually(t, func() bool { left, all := r.httpBudget(t); return left == all }, "all room is free again")
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
