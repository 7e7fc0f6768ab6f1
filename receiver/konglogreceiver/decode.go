package konglogreceiver

import (
	"errors"
	"io"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/logline"
)

// scopeName names this receiver to whoever reads its records; the engine knows Kong's records by it.
const scopeName = "github.com/gatehouse-otel/gatehouse/receiver/konglogreceiver"

// fault is what was wrong with a part of a message.
type fault uint8

// The first ones are the reader's.
const (
	faultTruncated = fault(logline.KongFaultTruncated)

	faultTooLong  = fault(logline.KongFaults) + iota - 1 // a line longer than max_line_size
	faultEncoding                                        // a body that cannot be decompressed
	faults
)

func (f fault) String() string {
	switch f {
	case faultTooLong:
		return "too_long"
	case faultEncoding:
		return "encoding"
	}
	return logline.KongFault(f).String()
}

// decoder makes records of messages. It is immutable.
type decoder struct {
	engine  *gateway.Engine
	opts    logline.KongOptions
	service string
	version string
	now     func() time.Time
}

// A batch ends with the record that fills one of the two: what a message can become in memory, many times its own size
// where it has been written for that, is never there as a whole. Bodies of http-log are, see [httpServer.decode].
const (
	maxBatchRecords = 1024
	maxBatchBytes   = 4 << 20 // of messages
)

// trouble is what could not be read: how often, and the first of it.
type trouble struct {
	malformed [faults]int
	unnamed   int // fields of records that were left out, because they have no name
	first     error
}

// batch is what became of one or more messages, or of a part of one.
type batch struct {
	trouble

	logs    plog.Logs
	records plog.LogRecordSlice
	spare   plog.LogRecord // what a message is read into, until it is known to be a record
	bytes   int            // of messages read
	stats   gateway.Stats
}

// newBatch returns an empty batch; size is about how many bytes it will be made of.
func (d *decoder) newBatch(size int) *batch {
	const record = 2048 // bytes of a usual one
	b := &batch{logs: plog.NewLogs(), spare: plog.NewLogRecord()}
	rl := b.logs.ResourceLogs().AppendEmpty()
	if d.service != "" {
		rl.Resource().Attributes().PutStr(attrs.ServiceName, d.service)
	}
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(scopeName)
	sl.Scope().SetVersion(d.version)
	b.records = sl.LogRecords()
	b.records.EnsureCapacity(min(size/record+1, maxBatchRecords))
	return b
}

func (b *batch) full() bool { return b.records.Len() >= maxBatchRecords || b.bytes >= maxBatchBytes }

// messages are what is read together.
type messages struct {
	size     int // about how many bytes they are
	observed pcommon.Timestamp
	// at returns a message and the number of the one behind it; false behind the last. The first one has number 0.
	at func(number int) (message string, next int, ok bool)
}

// place is where in messages reading stands. The zero place is the beginning.
type place struct {
	number int
	mark   logline.KongMark
}

// read makes a batch of what follows a place. more is false when nothing is left behind next.
func (d *decoder) read(m messages, from place) (b *batch, next place, more bool) {
	b = d.newBatch(m.size)
	for {
		message, number, ok := m.at(from.number)
		if !ok {
			return b, from, false
		}
		if b.full() {
			return b, from, true
		}
		if from.mark, more = d.message(b, message, from.mark, m.observed); more {
			return b, from, true
		}
		from = place{number: number}
	}
}

// message reads one message from a mark on: every record in it is appended, all else is counted. more is true when the
// batch is full; what is left then begins at next. The records hold copies of the message's text.
func (d *decoder) message(b *batch, message string, from logline.KongMark, observed pcommon.Timestamp) (next logline.KongMark, more bool) {
	r := logline.ReadKong(message, d.opts)
	defer r.Close()
	r.Resume(from)
	before := b.bytes - from.Offset()
	for {
		next = r.Mark()
		if b.bytes = before + next.Offset(); b.full() {
			return next, true
		}
		rec, err := r.Next(b.spare.Attributes())
		switch {
		case err == nil:
			b.unnamed += rec.Unnamed
			b.spare.SetTimestamp(pcommon.Timestamp(rec.UnixNano))
			b.spare.SetObservedTimestamp(observed)
			if rec.Summary != "" {
				b.spare.Body().SetStr(rec.Summary)
			}
			b.spare.MoveTo(b.records.AppendEmpty())
			continue
		case !errors.Is(err, io.EOF):
			b.fault(faultOf(err), err)
			continue
		case strings.TrimSpace(message) == "":
			b.fault(faultTruncated, errEmpty)
		}
		b.bytes = before + len(message)
		return logline.KongMark{}, false
	}
}

var errEmpty = errors.New("the message is empty")

func faultOf(err error) fault {
	if e, ok := errors.AsType[*logline.KongError](err); ok {
		return fault(e.Fault)
	}
	return fault(logline.KongFaultSyntax)
}

func (b *trouble) fault(f fault, err error) {
	b.malformed[f]++
	if b.first == nil {
		b.first = err
	}
}

// bad is how many parts could not be read.
func (b *trouble) bad() (n int) {
	for _, c := range b.malformed {
		n += c
	}
	return n
}

// add takes another's numbers on top.
func (b *trouble) add(other *trouble) {
	for f, n := range other.malformed {
		b.malformed[f] += n
	}
	b.unnamed += other.unnamed
	if b.first == nil {
		b.first = other.first
	}
}

// finish brings the records to the conventions and hides what may not be shown.
func (d *decoder) finish(b *batch) {
	b.stats = d.engine.Logs(b.logs)
	d.engine.RedactLogs(b.logs)
}

func (d *decoder) observed() pcommon.Timestamp { return pcommon.NewTimestampFromTime(d.now()) }
