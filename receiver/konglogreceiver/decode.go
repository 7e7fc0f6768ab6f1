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

// batch is what became of one or more messages.
type batch struct {
	logs    plog.Logs
	records plog.LogRecordSlice
	spare   plog.LogRecord // what a message is read into, until it is known to be a record
	// malformed counts what could not be read, first is the first of it.
	malformed [faults]int
	first     error
	stats     gateway.Stats
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
	b.records.EnsureCapacity(size/record + 1)
	return b
}

// message reads one message: every record in it is appended, all else is counted. The records' strings are slices of it.
func (d *decoder) message(b *batch, message string, observed pcommon.Timestamp) {
	r := logline.ReadKong(message, d.opts)
	defer r.Close()
	for found := 0; ; found++ {
		rec, err := r.Next(b.spare.Attributes())
		switch {
		case err == nil:
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
		case found == 0 && strings.TrimSpace(message) == "":
			b.fault(faultTruncated, errEmpty)
		}
		return
	}
}

var errEmpty = errors.New("the message is empty")

func faultOf(err error) fault {
	if e, ok := errors.AsType[*logline.KongError](err); ok {
		return fault(e.Fault)
	}
	return fault(logline.KongFaultSyntax)
}

func (b *batch) fault(f fault, err error) {
	b.malformed[f]++
	if b.first == nil {
		b.first = err
	}
}

// bad is how many parts could not be read.
func (b *batch) bad() (n int) {
	for _, c := range b.malformed {
		n += c
	}
	return n
}

// finish brings the records to the conventions.
func (d *decoder) finish(b *batch) { b.stats = d.engine.Logs(b.logs) }

func (d *decoder) observed() pcommon.Timestamp { return pcommon.NewTimestampFromTime(d.now()) }
