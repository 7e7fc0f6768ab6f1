package konglogreceiver

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stall is a Kong of several workers that sends while the pipeline does not take anything, by all three protocols.
type stall struct {
	t        *testing.T
	r        *running
	next     *pipeline
	senders  sync.WaitGroup
	answered [600]atomic.Int64 // HTTP answers by status code
	ids      []string
	mu       sync.Mutex
}

func (s *stall) sent(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = append(s.ids, ids...)
}

// http sends bodies as Kong's queue does: one after the other, each again and again until it is taken. Kong waits 10 ms
// before the second attempt and twice as long before each further one; here it is a tenth of that, up to 16 ms.
func (s *stall) http(worker, bodies, records int, padding string) {
	s.senders.Go(func() {
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		for i := range bodies {
			ids := make([]string, records)
			parts := make([]string, records)
			for j := range ids {
				ids[j] = fmt.Sprintf("http-%d-%d-%d", worker, i, j)
				parts[j] = fmt.Sprintf(`{"request":{"id":%q,"uri":"/%s"}}`, ids[j], padding)
			}
			body := "[" + strings.Join(parts, ",") + "]"
			for pause := time.Millisecond; ; pause = min(2*pause, 16*time.Millisecond) {
				code := s.post(transport, body)
				s.answered[code].Add(1)
				if code == http.StatusOK {
					s.sent(ids...)
					break
				}
				select {
				case <-s.t.Context().Done():
					return
				case <-time.After(pause):
				}
			}
		}
	})
}

func (s *stall) post(transport *http.Transport, body string) int {
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.r.http, strings.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// lines writes records to one connection; written is told how many bytes were taken off its hands.
func (s *stall) lines(worker, lines int, padding string, written *atomic.Int64) {
	conn := s.r.dial(s.t)
	s.senders.Go(func() {
		for i := range lines {
			id := fmt.Sprintf("tcp-%d-%d", worker, i)
			n, err := fmt.Fprintf(conn, `{"request":{"id":%q,"uri":"/%s"}}`+"\n", id, padding)
			if err != nil {
				return
			}
			written.Add(int64(n))
			s.sent(id)
		}
	})
}

// heap is what lives after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestStall lets the pipeline refuse everything for as long as it takes Kong to be turned away many times over, under
// load by all protocols. Kong's attempts here follow each other a hundred times as fast as its own, so this is what half a
// minute brings. Then the pipeline takes records again, and every one that anybody was promised is there, once.
func TestStall(t *testing.T) {
	const (
		workers, bodies, records = 8, 20, 20
		connections, lines       = 4, 20_000
		datagrams                = 5_000
		queue                    = 1 << 20
	)
	padding := strings.Repeat("p", 1000)
	next := newPipeline()
	next.set(errPipelineBusy, nil)
	r := startOffering(t, busyTime/100, next, nil, func(c *Config) { c.Protocols.UDP.Get().QueueSize = queue })
	before := heap()
	s := &stall{t: t, r: r, next: next}
	for w := range workers {
		s.http(w, bodies, records, padding)
	}
	var written atomic.Int64
	for w := range connections {
		s.lines(w, lines, padding, &written)
	}
	socket := r.datagrams(t)
	for i := range datagrams {
		write(t, socket, fmt.Sprintf(`{"request":{"id":"udp-%d","uri":"/%s"}}`, i, padding))
	}

	eventually(t, func() bool { return s.answered[http.StatusServiceUnavailable].Load() > 2000 }, "Kong is turned away again and again")
	eventually(t, func() bool { return r.counter(t, "retries", "transport", "tcp") > 4*connections }, "TCP tries again")
	// Reading has paused: what the connections took is what the kernel's buffers hold and one buffer of ours.
	stopped, still := written.Load(), 0
	eventually(t, func() bool {
		last := stopped
		stopped = written.Load()
		if still++; stopped != last {
			still = 0
		}
		return still == 100 // looks, a millisecond or more apart
	}, "TCP writers wait")
	assert.Less(t, stopped, int64(connections*lines*len(padding)/2), "they are not through")
	assert.Zero(t, s.answered[http.StatusOK].Load())
	assert.Zero(t, next.len())
	grown := int64(heap()) - int64(before)
	t.Logf("stalled: %d times 503, %d bytes taken by TCP, heap grown by %d bytes", s.answered[http.StatusServiceUnavailable].Load(), stopped, grown)
	assert.Less(t, grown, int64(32<<20), "memory is bounded")

	next.set(nil, nil)
	s.senders.Wait()
	for code := range s.answered {
		if n := s.answered[code].Load(); n > 0 {
			assert.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, code)
		}
	}
	assert.EqualValues(t, workers*bodies, s.answered[http.StatusOK].Load())
	require.Len(t, s.ids, workers*bodies*records+connections*lines)
	s.settleUDP(datagrams)
	s.promised(t)
	refused := s.answered[http.StatusServiceUnavailable].Load()
	assert.Equal(t, refused, r.counter(t, "requests", "outcome", "busy"))
	assert.Zero(t, r.counter(t, "lost", "transport", "tcp", "cause", "shutdown"))
}

// settleUDP waits until every datagram is either a record or counted as lost, by this receiver's queue or in the kernel.
func (s *stall) settleUDP(sent int64) {
	lost := func() int64 {
		return s.r.counter(s.t, "lost", "transport", "udp", "cause", "queue_full") + s.r.counter(s.t, "lost", "transport", "udp", "cause", "socket_full")
	}
	arrived := func() (n int64) {
		s.next.mu.Lock()
		defer s.next.mu.Unlock()
		for id := range s.next.ids {
			if strings.HasPrefix(id, "udp-") {
				n++
			}
		}
		return n
	}
	socket := s.r.datagrams(s.t)
	extra := int64(0)
	eventually(s.t, func() bool {
		// The kernel tells of what it dropped with the next datagram.
		write(s.t, socket, fmt.Sprintf(`{"request":{"id":"udp-more-%d"}}`, extra))
		extra++
		return arrived()+lost() >= sent+extra
	}, "no datagram disappears uncounted")
	assert.Equal(s.t, sent+extra, arrived()+lost())
	assert.Positive(s.t, s.r.counter(s.t, "lost", "transport", "udp", "cause", "queue_full"), "the queue was full")
}

// promised checks that what was acknowledged has arrived once.
func (s *stall) promised(t *testing.T) {
	t.Helper()
	eventually(t, func() bool {
		s.next.mu.Lock()
		defer s.next.mu.Unlock()
		n := 0
		for id := range s.next.ids {
			if !strings.HasPrefix(id, "udp-") {
				n++
			}
		}
		return n == len(s.ids)
	}, "all of it arrives")
	s.next.mu.Lock()
	defer s.next.mu.Unlock()
	for _, id := range s.ids {
		if !assert.Equal(t, 1, s.next.ids[id], id) {
			return
		}
	}
}

// TestBlocked: a pipeline that does not even answer holds no more than max_in_flight_size of HTTP, a buffer for each
// connection and UDP's queue.
func TestBlocked(t *testing.T) {
	const workers = 32
	padding := strings.Repeat("p", 50_000)
	next := newPipeline()
	release := make(chan struct{})
	next.set(nil, release)
	r := start(t, next, nil, func(c *Config) {
		http := c.Protocols.HTTP.Get()
		http.ServerConfig.MaxRequestBodySize, http.MaxInFlightSize = 1<<20, 1<<20
	})
	before := heap()
	s := &stall{t: t, r: r, next: next}
	for w := range workers {
		s.http(w, 2, 5, padding)
	}
	eventually(t, func() bool { return s.answered[http.StatusServiceUnavailable].Load() > 500 }, "those that do not fit are turned away")
	assert.LessOrEqual(t, next.called(), 4, "a quarter of a mebibyte each")
	grown := int64(heap()) - int64(before)
	t.Logf("blocked: %d times 503, heap grown by %d bytes", s.answered[http.StatusServiceUnavailable].Load(), grown)
	assert.Less(t, grown, int64(48<<20))
	close(release)
	s.senders.Wait()
	require.Len(t, s.ids, workers*2*5)
	s.promised(t)
	require.NoError(t, r.Shutdown(context.Background()))
}
