package als

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
)

// timings are the attributes of the durations since the start, by field number of AccessLogCommon less 6.
var timings = [...]string{
	attrs.GatewayTimingRequestReceived,
	attrs.GatewayTimingUpstreamRequestStarted,
	attrs.GatewayTimingUpstreamRequestSent,
	attrs.GatewayTimingUpstreamResponseStarted,
	attrs.GatewayTimingUpstreamResponseReceived,
	attrs.GatewayTimingResponseStarted,
	attrs.GatewayTimingResponseSent,
}

// common reads AccessLogCommon, field by field of envoy/data/accesslog/v3/accesslog.proto.
func (d *Decoder) common(s string) {
	e := &d.e
	e.hasCommon = true
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | fixed64:
			if rate := r.double(); rate != 0 {
				d.put(attrs.GatewayAccessLogSampleRate).SetDouble(rate)
			}
		case 2<<3 | text:
			d.address(r.text(), attrs.ClientAddress, attrs.ClientPort)
		case 3<<3 | text:
			d.address(r.text(), attrs.NetworkLocalAddress, attrs.NetworkLocalPort)
		case 4<<3 | text:
			d.tls(r.text())
		case 5<<3 | text:
			e.start = d.timestamp(r.text())
		case 6<<3 | text:
			e.received = d.duration(timings[0], r.text())
		case 9<<3 | text:
			e.answered = d.duration(timings[3], r.text())
		case 7<<3 | text, 8<<3 | text, 10<<3 | text, 11<<3 | text, 12<<3 | text:
			d.duration(timings[tag>>3-6], r.text())
		case 13<<3 | text:
			d.address(r.text(), attrs.GatewayUpstreamAddress, attrs.GatewayUpstreamPort)
		case 14<<3 | text:
			d.address(r.text(), attrs.GatewayUpstreamLocalAddress, attrs.GatewayUpstreamLocalPort)
		case 15<<3 | text:
			d.str(upstreamCluster, r.text())
		case 16<<3 | text:
			d.str(responseFlags, d.responseFlags(r.text()))
		case 17<<3 | text:
			d.metadata(r.text())
		case 18<<3 | text:
			d.str(attrs.GatewayUpstreamFailureReason, words(r.text()))
		case 19<<3 | text:
			d.str(routeName, r.text())
		case 20<<3 | text:
			d.address(r.text(), attrs.NetworkPeerAddress, attrs.NetworkPeerPort)
		case 21<<3 | text:
			r.repeated()
			d.filterState(r.text())
		case 22<<3 | text:
			r.repeated()
			d.tags = d.add(d.tags, r.text())
		case 23<<3 | text:
			key := attrs.GatewayRequestDuration
			if e.kind == TCP {
				key = attrs.GatewayConnectionDuration
			}
			d.duration(key, r.text())
		case 24<<3 | varint:
			e.attempts = r.varint()
		case 25<<3 | text:
			d.str(attrs.GatewayConnectionDetails, r.text())
		case 26<<3 | text:
			e.streamID = r.text()
		case 27<<3 | varint:
			e.intermediate = r.varint() != 0
		case 28<<3 | text:
			d.str(attrs.GatewayDownstreamFailureReason, words(r.text()))
		case 29<<3 | varint:
			d.count(choose(e.kind, attrs.HTTPResponseSize, attrs.GatewayConnectionWireBytesSent), r.varint())
		case 30<<3 | varint:
			d.count(choose(e.kind, attrs.HTTPRequestSize, attrs.GatewayConnectionWireBytesReceived), r.varint())
		case 31<<3 | varint:
			d.count(attrs.GatewayUpstreamBytesSent, r.varint())
		case 32<<3 | varint:
			d.count(attrs.GatewayUpstreamBytesReceived, r.varint())
		case 33<<3 | varint:
			if e.logType = r.varint(); e.logType >= uint64(len(logTypes)) {
				d.malformed(MalformedEnum)
			}
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
}

// words writes a transport's reason as Envoy's formatter does for all its other access logs, with '_' for ' ' (recorded
// from Envoy 1.40.0; source/common/formatter/stream_info_formatter.cc): one reason must not have two spellings.
func words(s string) string { return strings.ReplaceAll(s, " ", "_") }

// choose returns the name for the kind of entry.
func choose(kind Kind, http, tcp string) string {
	if kind == TCP {
		return tcp
	}
	return http
}

const (
	nanosPerSecond = 1_000_000_000
	// maxSeconds is the last whole second whose nanoseconds an int64 holds: in 2262, or 292 years.
	maxSeconds = (1<<63 - 1) / nanosPerSecond
)

// seconds reads a Timestamp or Duration: seconds and nanoseconds.
func (d *Decoder) seconds(s string) (seconds int64, nanos int32) {
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | varint:
			seconds = int64(r.varint())
		case 2<<3 | varint:
			nanos = int32(r.varint())
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
	return seconds, nanos
}

// timestamp returns nanoseconds since the epoch; 0 for a time that cannot be.
func (d *Decoder) timestamp(s string) pcommon.Timestamp {
	seconds, nanos := d.seconds(s)
	if seconds < 0 || seconds >= maxSeconds || nanos < 0 || nanos >= nanosPerSecond {
		d.malformed(MalformedTime)
		return 0
	}
	return pcommon.Timestamp(seconds*nanosPerSecond + int64(nanos))
}

// duration appends a duration in seconds and returns its nanoseconds; -1 for one that cannot be.
func (d *Decoder) duration(key, s string) int64 {
	seconds, nanos := d.seconds(s)
	if seconds < 0 || seconds >= maxSeconds || nanos < 0 || nanos >= nanosPerSecond {
		d.malformed(MalformedDuration)
		return -1
	}
	total := seconds*nanosPerSecond + int64(nanos)
	d.put(key).SetDouble(float64(total) / nanosPerSecond) // one division: the nearest double there is
	return total
}
