package drive

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

// Result is what became of the load.
type Result struct {
	Elapsed  time.Duration
	Traces   uint64
	Requests int
	Spans    int    // of all requests
	Records  int    // log records of all requests
	Taken    int    // spans and log records of requests that were answered with success
	Lost     int    // those of requests that were not
	Refusals int    // answers that said "later"
	Error    string // the first of a lost request, "" when there is none

	latency histogram
}

func (r *Result) note(sent traffic.Request, refusals int, took time.Duration, err error) {
	r.Requests++
	if sent.IsLogs {
		r.Records += sent.Items
	} else {
		r.Spans += sent.Items
	}
	r.Refusals += refusals
	r.latency.add(took)
	if err == nil {
		r.Taken += sent.Items
		return
	}
	r.Lost += sent.Items
	if r.Error == "" {
		r.Error = err.Error()
	}
}

// Latency is the time that p percent of the requests did not exceed, from the moment they were due to their last answer.
// It is up to an eighth too long.
func (r *Result) Latency(p float64) time.Duration { return r.latency.percentile(p) }

// Rate is the spans and log records that were taken in a second.
func (r *Result) Rate() float64 { return float64(r.Taken) / r.Elapsed.Seconds() }

// String is the result in lines for people.
func (r *Result) String() string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "%d traces, %d spans and %d log records in %d requests, %s\n", r.Traces, r.Spans, r.Records, r.Requests, r.Elapsed.Round(time.Millisecond))
	_, _ = fmt.Fprintf(&b, "taken %d, %.0f a second; lost %d; told to come later %d times\n", r.Taken, r.Rate(), r.Lost, r.Refusals)
	_, _ = fmt.Fprintf(&b, "answer after p50 %s, p99 %s, at most %s\n", r.Latency(50), r.Latency(99), r.Latency(100))
	if r.Error != "" {
		_, _ = fmt.Fprintf(&b, "first error: %s\n", r.Error)
	}
	return b.String()
}

// MarshalJSON writes times in seconds.
func (r *Result) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"seconds": r.Elapsed.Seconds(), "traces": r.Traces, "requests": r.Requests, "spans": r.Spans, "records": r.Records, "taken": r.Taken,
		"lost": r.Lost, "refusals": r.Refusals, "error": r.Error, "items_per_second": r.Rate(),
		"p50_seconds": r.Latency(50).Seconds(), "p99_seconds": r.Latency(99).Seconds(), "max_seconds": r.Latency(100).Seconds(),
	})
}

// histogram counts times in buckets that grow by an eighth, from 1 µs up; it takes the same memory however long it runs.
type histogram struct {
	buckets [64 * 8]int
	count   int
}

func (h *histogram) add(d time.Duration) {
	h.buckets[bucket(d)]++
	h.count++
}

// percentile is the upper bound of the bucket that the p-th percent falls into, 0 when nothing was added.
func (h *histogram) percentile(p float64) time.Duration {
	want := int(p / 100 * float64(h.count))
	seen := 0
	for i, n := range h.buckets {
		if seen += n; n > 0 && seen >= want {
			return bound(i)
		}
	}
	return 0
}

// bucket is three bits below the highest one of the microseconds, and which one that is.
func bucket(d time.Duration) int {
	v := uint64(max(d.Microseconds(), 0)) + 8
	high := bits.Len64(v) - 1
	return (high-3)*8 + int(v>>(high-3)&7)
}

// bound is the first time that is too long for a bucket.
func bound(i int) time.Duration {
	high := i/8 + 3
	v := (uint64(8+i%8)+1)<<(high-3) - 8
	return time.Duration(v) * time.Microsecond
}
