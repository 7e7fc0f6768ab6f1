package konglogreceiver

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/extension/extensionauth"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// post sends a body as Kong does, with headers on top.
func post(tb testing.TB, url, body string, headers ...string) (code int, answer string, header http.Header) {
	tb.Helper()
	return send(tb, http.MethodPost, url, strings.NewReader(body), headers...)
}

func send(tb testing.TB, method, url string, body io.Reader, headers ...string) (code int, answer string, header http.Header) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, url, body)
	require.NoError(tb, err)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	require.NoError(tb, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(tb, err)
	return resp.StatusCode, string(text), resp.Header
}

func gzipped(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return b.String()
}

const (
	record1 = `{"request":{"id":"1","method":"GET","uri":"/a"},"response":{"status":200}}`
	record2 = `{"request":{"id":"2","method":"GET","uri":"/b"},"response":{"status":200}}`
)

// TestHTTP is what Kong is answered, under both settings, and what is counted.
func TestHTTP(t *testing.T) {
	busy, final := errPipelineBusy, consumererror.NewPermanent(errors.New("not in this life"))
	for name, c := range map[string]struct {
		method, body string
		headers      []string
		refuse       error
		code         int // under accept
		reject       int // under reject; 0: the same
		outcome      string
		records      int
		malformed    map[string]int64
		lost         int64
		says         string
	}{
		"an object":             {body: record1, code: 200, outcome: "accepted", records: 1},
		"an array":              {body: "[" + record1 + "," + record2 + "]", code: 200, outcome: "accepted", records: 2},
		"an empty array":        {body: "[]", code: 200, outcome: "accepted"},
		"PUT":                   {method: http.MethodPut, body: record1, code: 200, outcome: "accepted", records: 1},
		"PATCH":                 {method: http.MethodPatch, body: record1, code: 200, outcome: "accepted", records: 1},
		"GET":                   {method: http.MethodGet, code: 405, outcome: "method"},
		"a charset":             {body: record1, headers: []string{"Content-Type", "application/json; charset=utf-8"}, code: 200, outcome: "accepted", records: 1},
		"another charset":       {body: record1, headers: []string{"Content-Type", "Application/JSON;charset=UTF-8"}, code: 200, outcome: "accepted", records: 1},
		"no content type":       {body: record1, headers: []string{"Content-Type", ""}, code: 200, outcome: "accepted", records: 1},
		"wrong content type":    {body: record1, headers: []string{"Content-Type", "text/plain"}, code: 415, outcome: "media_type"},
		"broken content type":   {body: record1, headers: []string{"Content-Type", ";"}, code: 415, outcome: "media_type"},
		"compressed":            {body: gzipped(t, record1), headers: []string{"Content-Encoding", "gzip"}, code: 200, outcome: "accepted", records: 1},
		"not compressed":        {body: record1, headers: []string{"Content-Encoding", "identity"}, code: 200, outcome: "accepted", records: 1},
		"neither compressed":    {body: record1, headers: []string{"Content-Encoding", " Identity "}, code: 200, outcome: "accepted", records: 1},
		"no encoding":           {body: record1, headers: []string{"Content-Encoding", ""}, code: 200, outcome: "accepted", records: 1},
		"in capitals":           {body: gzipped(t, record1), headers: []string{"Content-Encoding", "GZIP"}, code: 200, outcome: "accepted", records: 1},
		"by its old name":       {body: gzipped(t, record1), headers: []string{"Content-Encoding", "x-gzip"}, code: 200, outcome: "accepted", records: 1},
		"compressed and not":    {body: gzipped(t, record1), headers: []string{"Content-Encoding", "gzip, identity"}, code: 200, outcome: "accepted", records: 1},
		"compressed twice":      {body: gzipped(t, gzipped(t, record1)), headers: []string{"Content-Encoding", "gzip, gzip"}, code: 415, outcome: "media_type"},
		"capitals, no gzip":     {body: record1, headers: []string{"Content-Encoding", "GZip"}, code: 200, reject: 400, outcome: "malformed", malformed: map[string]int64{"encoding": 1}},
		"no gzip at all":        {body: record1, headers: []string{"Content-Encoding", "gzip"}, code: 200, reject: 400, outcome: "malformed", malformed: map[string]int64{"encoding": 1}},
		"gzip broken off":       {body: gzipped(t, record1)[:40], headers: []string{"Content-Encoding", "gzip"}, code: 200, reject: 400, outcome: "malformed", malformed: map[string]int64{"encoding": 1}},
		"unknown compression":   {body: record1, headers: []string{"Content-Encoding", "rot13"}, code: 415, outcome: "media_type"},
		"too large":             {body: record1 + strings.Repeat(" ", 2<<20), code: 413, outcome: "too_large", says: "max_request_body_size, 1048576 bytes"},
		"too large, compressed": {body: gzipped(t, record1+strings.Repeat(" ", 2<<20)), headers: []string{"Content-Encoding", "gzip"}, code: 413, outcome: "too_large"},
		"no JSON": {
			body: `{"a":SECRET}`, code: 200, reject: 400, outcome: "malformed", malformed: map[string]int64{"syntax": 1}, says: "at byte 5",
		},
		"nothing":          {body: "", code: 200, reject: 400, outcome: "malformed", malformed: map[string]int64{"truncated": 1}},
		"broken off":       {body: record1[:40], code: 200, reject: 400, outcome: "malformed", malformed: map[string]int64{"truncated": 1}},
		"a bad element":    {body: "[" + record1 + `,{"a":},5,` + record2 + "]", code: 200, reject: 400, outcome: "malformed", records: 2, malformed: map[string]int64{"syntax": 1, "not_an_object": 1}, says: "at byte 81"},
		"no object":        {body: `"SECRET"`, code: 200, reject: 400, outcome: "malformed", malformed: map[string]int64{"not_an_object": 1}},
		"too deep":         {body: strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), code: 200, reject: 400, outcome: "malformed", malformed: map[string]int64{"limit": 1}},
		"busy":             {body: record1, refuse: busy, code: 503, outcome: "busy"},
		"refused for good": {body: "[" + record1 + "," + record2 + "]", refuse: final, code: 200, outcome: "permanent", lost: 2},
		// Kong sends it again, so what could not be read is not counted yet.
		"busy and bad": {body: "[" + record1 + ",5]", refuse: busy, code: 503, reject: 400, outcome: "busy"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, on := range []OnMalformed{OnMalformedAccept, OnMalformedReject} {
				next := newPipeline()
				next.refuse = c.refuse
				r := start(t, next, nil, func(cfg *Config) {
					cfg.OnMalformed = on
					cfg.Protocols.HTTP.Get().ServerConfig.MaxRequestBodySize = 1 << 20
				})
				method := c.method
				if method == "" {
					method = http.MethodPost
				}
				code, answer, header := send(t, method, r.http+"/any/path", strings.NewReader(c.body), c.headers...)
				want, outcome, records := c.code, c.outcome, c.records
				if on == OnMalformedReject && c.reject != 0 {
					want, outcome, records = c.reject, "malformed", 0 // nothing of it is taken, since all of it comes again
				}
				assert.Equal(t, want, code, "%s: %s", on, answer)
				assert.NotContains(t, answer, "SECRET")
				assert.Contains(t, answer, c.says)
				if code == http.StatusServiceUnavailable {
					assert.Equal(t, "1", header.Get("Retry-After"))
				}
				assert.Equal(t, records, next.len(), on)
				assert.EqualValues(t, 1, r.counter(t, "requests", "outcome", outcome), "%s: %s", on, answer)
				malformed := c.malformed
				if name == "busy and bad" && on == OnMalformedReject {
					malformed = map[string]int64{"not_an_object": 1}
				}
				for _, fault := range []string{"syntax", "truncated", "not_an_object", "limit", "encoding"} {
					assert.Equal(t, malformed[fault], r.counter(t, "malformed", "transport", "http", "fault", fault), "%s: %s", on, fault)
				}
				assert.Equal(t, c.lost, r.counter(t, "lost", "transport", "http", "cause", "permanent"), on)
				for _, s := range r.servers {
					if s, ok := s.(*httpServer); ok {
						assert.Equal(t, s.cfg.MaxInFlightSize, s.inFlight.left.Load(), "all room is free again")
					}
				}
			}
		})
	}
}

// TestHTTPRecordings posts every body of the recordings as Kong did.
func TestHTTPRecordings(t *testing.T) {
	next := newPipeline()
	r := start(t, next, nil, nil)
	want := 0
	for name, messages := range recordings(t) {
		if !strings.Contains(name, "http-log") {
			continue
		}
		for _, m := range messages {
			code, answer, _ := post(t, r.http, m)
			require.Equal(t, http.StatusOK, code, answer)
		}
		want += counts[name].records
	}
	assert.Equal(t, want, next.len())
	m, err := r.tel.GetMetric("otelcol_receiver_accepted_log_records")
	require.NoError(t, err)
	require.NotNil(t, m)
	assert.EqualValues(t, 4*4, r.counter(t, "repaired"))
}

// basicHost has an authenticator that knows one user, as Kong sends it: userinfo of http_endpoint becomes Basic auth.
type basicHost struct{ component.Component }

func (h basicHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("basic"): h}
}

func (basicHost) Start(context.Context, component.Host) error { return nil }
func (basicHost) Shutdown(context.Context) error              { return nil }

func (basicHost) Authenticate(ctx context.Context, sources map[string][]string) (context.Context, error) {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("kong:secret"))
	for name, values := range sources {
		if strings.EqualFold(name, "authorization") && values[0] == want {
			return ctx, nil
		}
	}
	return ctx, errors.New("unauthorized")
}

var _ extensionauth.Server = basicHost{}

func TestHTTPAuth(t *testing.T) {
	next := newPipeline()
	r := start(t, next, basicHost{}, func(c *Config) {
		c.Protocols.HTTP.Get().ServerConfig.Auth = configoptional.Some(confighttp.AuthConfig{
			Config: configauth.Config{AuthenticatorID: component.MustNewID("basic")},
		})
	})
	code, answer, _ := post(t, r.http, record1)
	assert.Equal(t, http.StatusUnauthorized, code, answer)
	assert.Zero(t, next.len())
	code, answer, _ = post(t, r.http, record1, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("kong:secret")))
	assert.Equal(t, http.StatusOK, code, answer)
	assert.Equal(t, 1, next.len())
}

func TestHTTPCORS(t *testing.T) {
	r := start(t, newPipeline(), nil, func(c *Config) {
		c.Protocols.HTTP.Get().ServerConfig.CORS = configoptional.Some(confighttp.CORSConfig{AllowedOrigins: []string{"https://console.example.com"}})
	})
	_, _, header := post(t, r.http, record1, "Origin", "https://console.example.com")
	assert.Equal(t, "https://console.example.com", header.Get("Access-Control-Allow-Origin"))
}

// TestHTTPTooManyAtOnce: bodies that do not fit are asked to come again before they are read.
func TestHTTPTooManyAtOnce(t *testing.T) {
	next := newPipeline()
	release := make(chan struct{})
	next.set(nil, release)
	const limit = 4 << 10
	r := start(t, next, nil, func(c *Config) {
		http := c.Protocols.HTTP.Get()
		http.ServerConfig.MaxRequestBodySize, http.MaxInFlightSize = limit, limit
	})
	first := make(chan int, 1)
	s := &stall{t: t, r: r, next: next}
	s.senders.Go(func() {
		first <- s.post(&http.Transport{DisableKeepAlives: true}, record1+strings.Repeat(" ", limit-len(record1)))
	})
	eventually(t, func() bool { return next.called() == 1 }, "the first body is being worked on")
	code, answer, header := post(t, r.http, record2)
	assert.Equal(t, http.StatusServiceUnavailable, code, answer)
	assert.NotEmpty(t, header.Get("Retry-After"))
	// Nor is there room for one whose length is not known.
	code, answer, _ = send(t, http.MethodPost, r.http, io.MultiReader(strings.NewReader(record2)))
	assert.Equal(t, http.StatusServiceUnavailable, code, answer)
	close(release)
	assert.Equal(t, http.StatusOK, <-first)
	code, _, _ = post(t, r.http, record2)
	assert.Equal(t, http.StatusOK, code)
	next.once(t, []string{"1", "2"})
}

// TestHTTPSaysOnceOfEachCause: the log shows what went wrong and where, without what stood there.
func TestHTTPSaysOnceOfEachCause(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	r := start(t, newPipeline(), nil, nil)
	r.kongReceiver.tel.logger = zap.New(core)
	for range 5 {
		post(t, r.http, `{"a":SECRET}`)
		post(t, r.http, `{"a":"SECRET`)
	}
	entries := logs.All()
	require.Len(t, entries, 2)
	for _, e := range entries {
		fields := e.ContextMap()
		assert.Equal(t, "http", fields["transport"])
		assert.Contains(t, fields["error"], "at byte")
		assert.NotEmpty(t, fields["from"])
		for _, v := range fields {
			assert.NotContains(t, v, "SECRET")
		}
	}
	assert.EqualValues(t, 5, r.counter(t, "malformed", "transport", "http", "fault", "syntax"))
}

// TestClientAddress: every protocol says which Kong it was, for k8s_attributes behind.
func TestClientAddress(t *testing.T) {
	next := newPipeline()
	r := start(t, next, nil, nil)
	from := func() string {
		next.mu.Lock()
		defer next.mu.Unlock()
		return client.FromContext(next.ctx).Addr.String()
	}
	post(t, r.http, record1)
	assert.Contains(t, from(), "127.0.0.1")
	conn := r.dial(t)
	write(t, conn, record1+"\n")
	eventually(t, func() bool { return next.len() == 2 }, "the line arrives")
	assert.Equal(t, conn.LocalAddr().String(), from())
	socket := r.datagrams(t)
	write(t, socket, record1)
	eventually(t, func() bool { return next.len() == 3 }, "the datagram arrives")
	assert.Equal(t, socket.LocalAddr().String(), from())
}
