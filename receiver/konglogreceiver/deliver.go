package konglogreceiver

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
)

// format is what the receiver's spans call the data.
const format = "kong_log"

func newObsReport(r *kongReceiver, tr transport) (*receiverhelper.ObsReport, error) {
	return receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID:             r.set.ID,
		Transport:              tr.String(),
		LongLivedCtx:           tr == transportTCP,
		ReceiverCreateSettings: r.set,
	})
}

// The pauses between attempts to hand records on: from the first, doubled up to the last.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second
)

// deliverer hands on what came by a protocol that cannot tell its sender to come again. It tries until the next
// component takes the records, refuses them for good, or the receiver stops.
type deliverer struct {
	r    *kongReceiver
	obs  *receiverhelper.ObsReport
	tr   transport
	stop <-chan struct{} // closed when the receiver stops: a batch gets one more attempt
}

// deliver makes batches of messages and hands them on one after the other; from says where they came from. Before every
// further attempt a batch is made anew, because what refused it may have changed it. ctx ends with the last moment of a
// stop.
func (d *deliverer) deliver(ctx context.Context, from string, m messages) {
	var at place
	for last, more := false, true; more; {
		at, more, last = d.part(ctx, from, m, at, last)
	}
}

// part hands on the batch at a place and returns the place behind it. last is true once the receiver stops.
func (d *deliverer) part(ctx context.Context, from string, m messages, at place, last bool) (next place, more, stopping bool) {
	pause := firstPause
	var rest plog.Logs // of a batch that was taken in part; the zero value: all of it
	for {
		b, next, more := d.r.decoder.read(m, at)
		n := b.records.Len()
		var err error
		if n > 0 {
			d.r.decoder.finish(b)
			if rest != (plog.Logs{}) {
				b.logs = plog.NewLogs()
				rest.CopyTo(b.logs)
				n = rest.LogRecordCount()
			}
			op := d.obs.StartLogsOp(ctx)
			err = d.r.next.ConsumeLogs(op, b.logs)
			d.obs.EndLogsOp(op, format, n, err)
		}
		if part, ok := errors.AsType[consumererror.Logs](err); ok {
			rest = part.Data()
		}
		n = refused(n, err)
		lost := causePermanent
		if err != nil && !consumererror.IsPermanent(err) {
			if !last {
				last = !wait(d.stop, pause)
				pause = min(2*pause, lastPause)
				d.r.tel.builder.ReceiverKongLogRetries.Add(ctx, 1, d.r.tel.transport[d.tr])
				continue
			}
			lost = causeShutdown
		}
		// The numbers are told even where ctx has ended.
		told := context.WithoutCancel(ctx)
		d.r.tel.countTrouble(told, d.tr, &b.trouble, from)
		d.r.tel.countStats(told, b)
		if err != nil {
			d.r.tel.countLost(told, d.tr, lost, n, err)
		}
		return next, more, last
	}
}

// refused is how many of n records an error is about: some may have been taken.
func refused(n int, err error) int {
	if part, ok := errors.AsType[consumererror.Logs](err); ok {
		return part.Data().LogRecordCount()
	}
	return n
}

// wait returns false when done is closed before the time is over.
func wait(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return false
	case <-timer.C:
		return true
	}
}
