package konglogreceiver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
)

// line is a record as tcp-log writes it.
func line(id string) string {
	return fmt.Sprintf(`{"request":{"id":%q,"method":"GET","uri":"/a"},"response":{"status":200}}`+"\n", id)
}

func TestTCPRecordings(t *testing.T) {
	next := newPipeline()
	r := start(t, next, nil, nil)
	want := 0
	for name, messages := range recordings(t) {
		if !strings.HasSuffix(name, "tcp-log.jsonl") {
			continue
		}
		conn := r.dial(t) // Kong keeps a connection over many records
		write(t, conn, strings.Join(messages, "\n")+"\n")
		want += counts[name].records
	}
	eventually(t, func() bool { return next.len() == want }, "every line becomes a record")
	assert.EqualValues(t, 3, r.counter(t, "connections"))
}

// TestTCPLines: a record split over reads is whole, and a bad line loses only itself.
func TestTCPLines(t *testing.T) {
	next := newPipeline()
	r := start(t, next, nil, func(c *Config) { c.Protocols.TCP.Get().MaxLineSize = minLine })
	conn := r.dial(t)
	whole := line("split")
	for i := range whole {
		write(t, conn, whole[i:i+1])
	}
	write(t, conn, "no JSON\n\n"+`{"a":"broken`+"\n"+line("2")+"["+strings.TrimSpace(line("3"))+",5]\n")
	write(t, conn, strings.Repeat("x", 5*minLine))
	write(t, conn, strings.Repeat("y", 5*minLine)+"\n"+line("4")+"{"+strings.Repeat(" ", minLine)+"}\n\r\n"+line("5"))
	write(t, conn, strings.TrimSpace(line("6"))) // and the end of the connection instead of the line's
	require.NoError(t, conn.Close())
	eventually(t, func() bool { return next.len() == 6 }, "six records")
	next.once(t, []string{"split", "2", "3", "4", "5", "6"})
	for fault, n := range map[string]int64{"syntax": 1, "truncated": 1, "not_an_object": 1, "too_long": 2} {
		eventually(t, func() bool { return r.counter(t, "malformed", "transport", "tcp", "fault", fault) == n }, fault)
	}
	eventually(t, func() bool { return r.counter(t, "connections") == 0 }, "the connection is gone")
}

// TestPartlyTaken: of a batch that was taken in part only the rest is offered again.
func TestPartlyTaken(t *testing.T) {
	next := &partly{pipeline: newPipeline()}
	r := start(t, next, nil, nil)
	write(t, r.dial(t), line("1")+line("2")+line("3"))
	eventually(t, func() bool { return next.len() == 3 }, "the rest is taken at last")
	next.once(t, []string{"1", "2", "3"})
	assert.EqualValues(t, 2, r.counter(t, "retries", "transport", "tcp"))
	next.final = true
	write(t, r.dial(t), line("4")+line("5"))
	eventually(t, func() bool { return r.counter(t, "lost", "transport", "tcp", "cause", "permanent") == 1 }, "one is lost, the other was taken")

	code, _, _ := post(t, r.http, "["+record1+","+record2+"]")
	assert.Equal(t, http.StatusOK, code)
	assert.EqualValues(t, 1, r.counter(t, "lost", "transport", "http", "cause", "permanent"), "so by HTTP")
}

// partly takes one record a call and refuses the others, for good if final.
type partly struct {
	*pipeline
	final bool
}

func (p *partly) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	rest := plog.NewLogs()
	ld.CopyTo(rest)
	n := 0
	behind := func(plog.LogRecord) bool { n++; return n == 1 }
	rest.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().RemoveIf(behind)
	n = -1
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().RemoveIf(func(plog.LogRecord) bool { n++; return n > 0 })
	if err := p.pipeline.ConsumeLogs(ctx, ld); err != nil || rest.LogRecordCount() == 0 {
		return err
	}
	refused := errPipelineBusy
	if p.final {
		refused = consumererror.NewPermanent(refused)
	}
	return consumererror.NewLogs(refused, rest)
}

// TestTCPHandshakes: who does not speak TLS to a listener that does is counted. A probe says nothing, and is not.
func TestTCPHandshakes(t *testing.T) {
	settings, pool := testTLS(t)
	next := newPipeline()
	r := start(t, next, nil, func(c *Config) { c.Protocols.TCP.Get().TLS = settings })
	r.dial(t).Close()
	write(t, r.dial(t), line("lost"))
	eventually(t, func() bool { return r.counter(t, "handshakes_failed") == 1 }, "counted")
	conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS12}}).DialContext(t.Context(), "tcp", r.tcp)
	require.NoError(t, err)
	write(t, conn, line("1"))
	require.NoError(t, conn.Close())
	eventually(t, func() bool { return next.len() == 1 }, "TLS is taken")
	eventually(t, func() bool { return r.counter(t, "connections") == 0 }, "all are gone")
	assert.EqualValues(t, 1, r.counter(t, "handshakes_failed"))
}

// TestTCPWaits: on a busy pipeline nothing is lost, records come once, and what is malformed is counted once.
func TestTCPWaits(t *testing.T) {
	next := newPipeline()
	next.set(errPipelineBusy, nil)
	r := start(t, next, nil, nil)
	conn := r.dial(t)
	write(t, conn, line("1")+"5\n"+line("2"))
	eventually(t, func() bool { return r.counter(t, "retries", "transport", "tcp") >= 2 }, "it tries again")
	assert.Zero(t, r.counter(t, "malformed", "transport", "tcp", "fault", "not_an_object"), "not settled yet")
	next.set(nil, nil)
	eventually(t, func() bool { return next.len() == 2 }, "the pipeline takes them")
	next.once(t, []string{"1", "2"})
	eventually(t, func() bool { return r.counter(t, "malformed", "transport", "tcp", "fault", "not_an_object") == 1 }, "counted")

	next.set(consumererror.NewPermanent(errors.New("never")), nil)
	write(t, conn, line("3"))
	eventually(t, func() bool { return r.counter(t, "lost", "transport", "tcp", "cause", "permanent") == 1 }, "counted as lost")
	next.set(nil, nil)
	write(t, conn, line("4"))
	eventually(t, func() bool { return next.len() == 3 }, "the connection goes on")
}

func TestTCPLimits(t *testing.T) {
	next := newPipeline()
	r := start(t, next, nil, func(c *Config) {
		c.Protocols.TCP.Get().MaxConnections = 1
		c.Protocols.TCP.Get().IdleTimeout = 50 * time.Millisecond
	})
	first := r.dial(t)
	eventually(t, func() bool { return r.counter(t, "connections") == 1 }, "it is served")
	second := r.dial(t)
	require.NoError(t, second.SetReadDeadline(time.Now().Add(patience)))
	_, err := second.Read(make([]byte, 1))
	require.Error(t, err)
	assert.EqualValues(t, 1, r.counter(t, "connections_refused"))
	// The first one is silent, so it is closed, and there is room again.
	require.NoError(t, first.SetReadDeadline(time.Now().Add(patience)))
	_, err = first.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	eventually(t, func() bool { return r.counter(t, "connections") == 0 }, "it is gone")
	write(t, r.dial(t), line("1"))
	eventually(t, func() bool { return next.len() == 1 }, "a new one is served")
}

func TestTCPWithTLS(t *testing.T) {
	next := newPipeline()
	settings, pool := testTLS(t)
	r := start(t, next, nil, func(c *Config) { c.Protocols.TCP.Get().TLS = settings })
	conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS12}}).DialContext(t.Context(), "tcp", r.tcp)
	require.NoError(t, err)
	defer conn.Close()
	write(t, conn, line("1"))
	eventually(t, func() bool { return next.len() == 1 }, "it arrives")
}

// TestStopHandsOn: what was read before a stop is handed on, and what a stuck pipeline does not take in time is counted.
func TestStopHandsOn(t *testing.T) {
	next := newPipeline()
	next.set(errPipelineBusy, nil)
	r := start(t, next, nil, nil)
	write(t, r.dial(t), line("1"))
	write(t, r.datagrams(t), line("2"))
	eventually(t, func() bool {
		return r.counter(t, "retries", "transport", "tcp") > 0 && r.counter(t, "retries", "transport", "udp") > 0
	}, "both wait")
	next.set(nil, nil)
	require.NoError(t, r.Shutdown(t.Context()))
	next.once(t, []string{"1", "2"})
	require.NoError(t, r.Shutdown(t.Context()), "twice is once")

	stuck := newPipeline()
	stuck.set(nil, make(chan struct{}))
	r = start(t, stuck, nil, nil)
	write(t, r.dial(t), line("1"))
	write(t, r.datagrams(t), line("2"))
	eventually(t, func() bool { return stuck.called() == 2 }, "both are being handed on")
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no time at all
	require.ErrorIs(t, r.Shutdown(ctx), context.Canceled)
	assert.EqualValues(t, 1, r.counter(t, "lost", "transport", "tcp", "cause", "shutdown"))
	assert.EqualValues(t, 1, r.counter(t, "lost", "transport", "udp", "cause", "shutdown"))
	r.stopErr = nil // it is what the test wanted
}

// linesOf reads a stream to its end.
func linesOf(r io.Reader, size int) (lines []string, skipped int, err error) {
	l := &lineReader{r: r, max: size}
	for {
		block, n, err := l.next()
		skipped += n
		if err != nil {
			return lines, skipped, err
		}
		for line := range strings.Lines(block) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
}

// wantLines is the same on a text that is there as a whole.
func wantLines(text string, size int) (lines []string, skipped int) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); len(line) > size {
			skipped++
		} else {
			lines = append(lines, line)
		}
	}
	return lines, skipped
}

func TestLineReader(t *testing.T) {
	for _, text := range []string{"", "\n", "a", "a\n", "a\n\nb", strings.Repeat("x", 20), strings.Repeat("x", 10) + "\n" + strings.Repeat("y", 11) + "\nz\n"} {
		lines, skipped := wantLines(text, 10)
		for name, r := range map[string]io.Reader{
			"whole": strings.NewReader(text), "by the byte": iotest.OneByteReader(strings.NewReader(text)),
			"with the end": iotest.DataErrReader(strings.NewReader(text)), "halves": iotest.HalfReader(strings.NewReader(text)),
		} {
			got, n, err := linesOf(r, 10)
			require.ErrorIs(t, err, io.EOF)
			assert.Equal(t, lines, got, "%q %s", text, name)
			assert.Equal(t, skipped, n, "%q %s", text, name)
		}
	}
	// What came before an error is not lost with it.
	got, _, err := linesOf(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(net.ErrClosed)), 10)
	require.ErrorIs(t, err, net.ErrClosed)
	assert.Equal(t, []string{"a", "b"}, got)
	// A line without end costs no more than the longest one, and a buffer that grew goes back.
	l := &lineReader{r: strings.NewReader(strings.Repeat("x", 1<<20) + "\n" + strings.Repeat("y", 1<<18) + "\nz\n"), max: 1 << 19}
	block, n, err := l.next()
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.LessOrEqual(t, len(l.buf), 1<<19+1)
	for !strings.HasSuffix(block, "z\n") {
		block, _, err = l.next()
		require.NoError(t, err)
	}
	_, _, err = l.next()
	require.ErrorIs(t, err, io.EOF)
	assert.LessOrEqual(t, len(l.buf), firstBuffer)
}

// FuzzLines: however a stream is cut into reads, its lines are the same.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nbb\n\nccc"), uint8(3), uint8(2))
	f.Add([]byte(strings.Repeat("x", 300)+"\ny\n"), uint8(100), uint8(7))
	f.Add([]byte("\n\n\n"), uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, size, step uint8) {
		limit := int(size) + 1
		want, skipped := wantLines(string(data), limit)
		got, n, err := linesOf(&stepReader{data: data, step: int(step)}, limit)
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, want, got)
		require.Equal(t, skipped, n)
	})
}

// stepReader gives step bytes at a time, more the longer it goes on.
type stepReader struct {
	data []byte
	step int
}

func (r *stepReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	r.step++
	n := copy(p, r.data[:min(r.step%97, len(r.data))])
	r.data = r.data[n:]
	return n, nil
}
