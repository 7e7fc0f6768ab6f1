package envoyalsreceiver

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/receiver/envoyalsreceiver/internal/als"
	"github.com/gatehouse-otel/gatehouse/receiver/envoyalsreceiver/internal/metadata"
)

// lost says why records were dropped.
type lost uint8

const (
	lostPermanent lost = iota // the next component will never take them
	lostGaveUp                // max_elapsed_time is over
	lostShutdown              // the receiver had to stop
	lostHeld                  // max_held_size was in use
	lostCount
)

var lostNames = [lostCount]string{"permanent", "gave_up", "shutdown", "max_held_size"}

// refusal is the limit that refused or ended a stream.
type refusal uint8

const (
	refusedStreams refusal = iota
	refusedMessage
	refusedHeld
	refusalCount
)

// refusalNames are the options that set the limits.
var refusalNames = [refusalCount]string{"max_streams", "max_recv_msg_size_mib", "max_held_size"}

// telemetry counts what the receiver does. The metric attributes are made once: a message costs a few additions.
type telemetry struct {
	*metadata.TelemetryBuilder
	records, skipped [als.Kinds]metric.MeasurementOption
	malformed        [als.MalformedCount]metric.MeasurementOption
	lost             [lostCount]metric.MeasurementOption
	refusals         [refusalCount]metric.MeasurementOption
	gateways         map[gateway.ID]*labels
}

// labels are the metric attributes of one gateway.
type labels struct {
	gateway metric.MeasurementOption
	reasons [gateway.ReasonCount]metric.MeasurementOption
}

func option(pairs ...string) metric.MeasurementOption {
	set := make([]attribute.KeyValue, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		set = append(set, attribute.String(pairs[i], pairs[i+1]))
	}
	return metric.WithAttributeSet(attribute.NewSet(set...))
}

func newTelemetry(builder *metadata.TelemetryBuilder, gateways []gateway.ID) *telemetry {
	t := &telemetry{TelemetryBuilder: builder, gateways: make(map[gateway.ID]*labels)}
	for k := range als.Kinds {
		t.records[k] = option("kind", k.String(), "outcome", "record")
		t.skipped[k] = option("kind", k.String(), "outcome", "skipped")
	}
	for i := range t.malformed {
		t.malformed[i] = option("reason", als.Malformed(i).String())
	}
	for i := range t.lost {
		t.lost[i] = option("reason", lostNames[i])
	}
	for i := range t.refusals {
		t.refusals[i] = option("limit", refusalNames[i])
	}
	for _, id := range gateways {
		l := &labels{gateway: option("gateway", string(id))}
		for r := range l.reasons {
			l.reasons[r] = option("gateway", string(id), "reason", gateway.Reason(r).String())
		}
		t.gateways[id] = l
	}
	return t
}

func add(ctx context.Context, counter metric.Int64Counter, n int, o metric.MeasurementOption) {
	if n > 0 {
		counter.Add(ctx, int64(n), o)
	}
}

// decoded counts what became of entries.
func (t *telemetry) decoded(ctx context.Context, c *als.Counts) {
	for k := range als.Kinds {
		add(ctx, t.ReceiverEnvoyAlsEntries, c.Records[k], t.records[k])
		add(ctx, t.ReceiverEnvoyAlsEntries, c.Skipped[k], t.skipped[k])
	}
	for i, n := range c.Malformed {
		add(ctx, t.ReceiverEnvoyAlsMalformed, n, t.malformed[i])
	}
}

// rewritten counts what the engine could not read.
func (t *telemetry) rewritten(ctx context.Context, stats gateway.Stats) {
	for i := range stats {
		s := &stats[i]
		l := t.gateways[s.Gateway]
		add(ctx, t.ReceiverEnvoyAlsConflicts, s.Conflicts, l.gateway)
		add(ctx, t.ReceiverEnvoyAlsRepaired, s.Repaired, l.gateway)
		for reason, n := range s.Unparseable {
			add(ctx, t.ReceiverEnvoyAlsUnparseable, n, l.reasons[reason])
		}
	}
}

func (t *telemetry) dropped(ctx context.Context, n int, why lost) {
	add(ctx, t.ReceiverEnvoyAlsDropped, n, t.lost[why])
}

func (t *telemetry) refused(ctx context.Context, why refusal) {
	add(ctx, t.ReceiverEnvoyAlsRefusedStreams, 1, t.refusals[why])
}
