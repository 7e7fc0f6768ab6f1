package als

import (
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
)

// Resource reads a StreamAccessLogsMessage.Identifier into resource attributes, under the labels that Envoy's OTLP
// access log has. log_name and node_name are written even when they are empty or nothing was sent at all, as that
// access log does: it is by these two that the engine knows Envoy.
//
// Of the node's metadata go along the members that the options name. Extensions, client features and dynamic
// parameters, which tell a control plane what this Envoy can do, do not.
//
// The attributes go along with every later message of the stream, so they are bounded: a label to maxLabel bytes, the
// metadata to maxNodeMetadata bytes and maxValues values; a member beyond that is left out whole. Identifiers that were cut
// or could not be read in full are counted, once per reason. The attributes hold copies.
func (d *Decoder) Resource(identifier []byte, to pcommon.Map) (counts Counts) {
	d.e, d.values = entry{}, 0
	d.identifier(identifier, to)
	copyMap(to).MoveTo(to)
	for i, bad := range d.e.malformed {
		if bad {
			counts.Malformed[i]++
		}
	}
	d.e = entry{}
	return counts
}

const (
	maxLabel        = 4 << 10
	maxNodeMetadata = 64 << 10
)

// label returns what is kept of a label.
func (d *Decoder) label(s string) string {
	if len(s) <= maxLabel {
		return s
	}
	d.malformed(MalformedTooMany)
	return strings.ToValidUTF8(s[:maxLabel], "") // not half a character
}

func (d *Decoder) identifier(identifier []byte, to pcommon.Map) {
	var n node
	logNameOf := ""
	r := reader{s: string(identifier)}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | text:
			d.node(r.text(), &n, to)
		case 2<<3 | text:
			logNameOf = r.text()
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
	to.PutStr(logName, d.label(logNameOf))
	to.PutStr(nodeName, d.label(n.id))
	for _, m := range [...]member{
		{clusterName, n.cluster},
		{zoneName, n.zone},
		{attrs.GatewayLocalityRegion, n.region},
		{attrs.GatewayLocalitySubZone, n.subZone},
		{attrs.GatewayProxyName, n.agent},
		{attrs.GatewayProxyVersion, n.version},
	} {
		if m.value != "" {
			to.PutStr(m.key, d.label(m.value))
		}
	}
}

// node is what a node says of itself in strings.
type node struct {
	id, cluster, zone, region, subZone, agent, version string
}

// node reads envoy.config.core.v3.Node.
func (d *Decoder) node(s string, n *node, to pcommon.Map) {
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | text:
			n.id = r.text()
		case 2<<3 | text:
			n.cluster = r.text()
		case 3<<3 | text:
			d.nodeMetadata(r.text(), to)
		case 4<<3 | text:
			n.locality(r.text())
		case 6<<3 | text:
			n.agent = r.text()
		case 7<<3 | text:
			n.version = r.text()
		case 8<<3 | text:
			n.build(r.text())
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
}

// locality reads Locality.
func (n *node) locality(s string) {
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | text:
			n.region = r.text()
		case 2<<3 | text:
			n.zone = r.text()
		case 3<<3 | text:
			n.subZone = r.text()
		default:
			r.skip(tag)
		}
	}
}

// build reads BuildVersion, of which the version alone is of use: major, minor, patch.
func (n *node) build(s string) {
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		if tag != 1<<3|text {
			r.skip(tag)
			continue
		}
		var parts [3]uint64
		v := reader{s: r.text()}
		for tag, ok := v.tag(); ok; tag, ok = v.tag() {
			if number := tag >> 3; tag&7 == varint && number <= 3 {
				parts[number-1] = v.varint()
			} else {
				v.skip(tag)
			}
		}
		n.version = strconv.FormatUint(parts[0], 10) + "." + strconv.FormatUint(parts[1], 10) + "." +
			strconv.FormatUint(parts[2], 10)
	}
}

// nodeMetadata keeps the wanted members of the node's Struct.
func (d *Decoder) nodeMetadata(s string, to pcommon.Map) {
	left := maxNodeMetadata
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		if tag != 1<<3|text {
			r.skip(tag)
			continue
		}
		field := d.pair(r.text())
		if !slices.Contains(d.opts.NodeMetadata, field.key) {
			continue
		}
		value := pcommon.NewValueEmpty()
		d.value(field.value, value, 0)
		if left -= len(field.key) + weighValue(value); left < 0 {
			d.malformed(MalformedTooMany)
			break
		}
		value.MoveTo(to.PutEmpty(attrs.GatewayNodeMetadata + field.key))
	}
	d.done(&r)
}
