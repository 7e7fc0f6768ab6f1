//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// call is one real request. Names are unique for a gateway: its telemetry is found by the trace id and user agent that are
// made of them.
type call struct {
	name   string
	method string // GET when empty
	host   string // shop.example.com:8080 when empty
	path   string // with query
	body   string
	header map[string]string
	orphan bool // without a traceparent
	http2  bool // without TLS and without asking for it
	hangUp bool // the client goes away once the upstream has the request; there is no status then
	status int  // of the answer
}

// gatewayCase is a call and all that has to come of it.
type gatewayCase struct {
	call
	spans   []testbed.WantSpan // parents before children, then by start
	records []testbed.WantRecord
	// apart turns a wanted span into the one that comes out when its parent was in another export request: what only the
	// parent knows is missing then. Nil where that makes no difference.
	apart func(testbed.WantSpan) testbed.WantSpan
}

// edge is a running gateway as clients see it.
type edge struct {
	address  string // host:port
	prefix   string // of user agents, unique among the gateways of a run
	upstream *testbed.Upstream
}

const (
	edgeHost    = "shop.example.com:8080"
	callTimeout = 30 * time.Second
)

func (g *edge) userAgent(c call) string { return "testbed/" + g.prefix + "-" + c.name }

func (g *edge) hash(c call) string {
	sum := sha256.Sum256([]byte(g.userAgent(c)))
	return hex.EncodeToString(sum[:])
}

// traceID is the trace the client says it belongs to, parentID the span.
func (g *edge) traceID(c call) string  { return g.hash(c)[:32] }
func (g *edge) parentID(c call) string { return g.hash(c)[32:48] }

// send makes the call and checks the answer's status.
func (g *edge) send(t *testing.T, c call) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, cmp.Or(c.method, http.MethodGet), "http://"+g.address+c.path,
		strings.NewReader(c.body))
	require.NoError(t, err)
	if c.body == "" {
		req.Body = http.NoBody
	}
	req.Host = cmp.Or(c.host, edgeHost)
	req.Header.Set("User-Agent", g.userAgent(c))
	if !c.orphan {
		req.Header.Set("Traceparent", "00-"+g.traceID(c)+"-"+g.parentID(c)+"-01")
	}
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	transport := &http.Transport{
		DialContext: clientDialer.DialContext, DisableKeepAlives: true, DisableCompression: true, Protocols: new(http.Protocols),
	}
	transport.Protocols.SetHTTP1(!c.http2)
	transport.Protocols.SetUnencryptedHTTP2(c.http2)
	defer transport.CloseIdleConnections()
	if c.hangUp {
		go func() {
			select {
			case <-g.upstream.Hanging(g.userAgent(c)):
			case <-ctx.Done():
			}
			cancel()
		}()
	}
	resp, err := transport.RoundTrip(req)
	if c.hangUp {
		require.ErrorIs(t, err, context.Canceled, c.name)
		return
	}
	require.NoError(t, err, c.name)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err, c.name)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, c.status, resp.StatusCode, c.name)
}

// drive makes the calls one after the other, waits for their telemetry, judges all of it and compares every item with the
// wanted one. It returns what the Collector got and passed on.
func drive(t *testing.T, c *testbed.Collector, g *edge, s testbed.Subject, cases []gatewayCase) testbed.Exchange {
	t.Helper()
	spans, records := 0, 0
	for _, gc := range cases {
		g.send(t, gc.call)
		spans += len(gc.spans)
		records += len(gc.records)
	}
	c.Wait(t, spans, records)
	x := c.Exchange(t)
	x.Judge(t, s)
	assert.Len(t, x.Spans, spans, "spans")
	assert.Len(t, x.Records, records, "log records")
	for _, gc := range cases {
		t.Run(gc.name, func(t *testing.T) { g.check(t, x, gc) })
	}
	return x
}

// check compares what became of one request with what is wanted.
func (g *edge) check(t *testing.T, x testbed.Exchange, gc gatewayCase) {
	t.Helper()
	spans := g.spansOf(x, gc.call)
	require.Len(t, spans, len(gc.spans), "spans of %s", gc.name)
	for i, want := range gc.spans {
		if gc.apart != nil && !withParent(spans, i) {
			want = gc.apart(want)
		}
		want.Check(t, spans[i])
	}
	records := g.recordsOf(x, gc.call)
	require.Len(t, records, len(gc.records), "log records of %s", gc.name)
	for i, want := range gc.records {
		want.Check(t, records[i])
	}
}

// withParent tells whether the span's parent, if there is one, came in the same export request.
func withParent(spans []testbed.Pair[testbed.SpanItem], i int) bool {
	for _, p := range spans {
		if p.Before.SpanID() == spans[i].Before.ParentSpanID() {
			return p.Before.Batch == spans[i].Before.Batch
		}
	}
	return true
}

// spansOf returns the spans of the call's trace, parents before children, then by start. A call without a parent of its
// own is found by its user agent.
func (g *edge) spansOf(x testbed.Exchange, c call) []testbed.Pair[testbed.SpanItem] {
	traceID := g.traceID(c)
	if c.orphan {
		traceID = ""
		for _, p := range x.Spans {
			if p.Before != nil && hasText(p.Before.Attributes(), g.userAgent(c)) {
				traceID = p.Before.TraceID().String()
			}
		}
	}
	var spans []testbed.Pair[testbed.SpanItem]
	parents := map[string]string{}
	for _, p := range x.Spans {
		if p.Before != nil && p.Before.TraceID().String() == traceID {
			spans = append(spans, p)
			parents[p.Before.SpanID().String()] = p.Before.ParentSpanID().String()
		}
	}
	depth := func(p testbed.Pair[testbed.SpanItem]) int {
		id, d := p.Before.SpanID().String(), 0
		for parents[id] != "" && d < len(parents) {
			id = parents[id]
			d++
		}
		return d
	}
	slices.SortStableFunc(spans, func(a, b testbed.Pair[testbed.SpanItem]) int {
		if d := depth(a) - depth(b); d != 0 {
			return d
		}
		return int(a.Before.StartTimestamp()) - int(b.Before.StartTimestamp()) //nolint:gosec // until 2262
	})
	return spans
}

// recordsOf returns the records that hold the call's user agent somewhere, those over OTLP before those from a file.
func (g *edge) recordsOf(x testbed.Exchange, c call) []testbed.Pair[testbed.RecordItem] {
	var records []testbed.Pair[testbed.RecordItem]
	for _, p := range x.Records {
		if p.Before == nil {
			continue
		}
		if hasText(p.Before.Attributes(), g.userAgent(c)) || containsWord(p.Before.Body().AsString(), g.userAgent(c)) {
			records = append(records, p)
		}
	}
	fromFile := func(p testbed.Pair[testbed.RecordItem]) int {
		if _, ok := p.Before.Attributes().Get("log.file.name"); ok {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(records, func(a, b testbed.Pair[testbed.RecordItem]) int { return fromFile(a) - fromFile(b) })
	return records
}

func hasText(attrs pcommon.Map, text string) bool {
	for _, v := range attrs.All() {
		if v.AsString() == text {
			return true
		}
	}
	return false
}

// containsWord asks for the word with something else than a letter, digit or dash behind it: one name may begin another.
func containsWord(text, word string) bool {
	for {
		_, rest, found := strings.Cut(text, word)
		if !found {
			return false
		}
		if rest == "" || !strings.ContainsAny(rest[:1], "abcdefghijklmnopqrstuvwxyz0123456789-") {
			return true
		}
		text = rest
	}
}
