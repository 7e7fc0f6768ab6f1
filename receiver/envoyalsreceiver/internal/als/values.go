package als

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
)

// maxDepth bounds nested metadata: a Struct may hold itself as deep as its bytes reach.
const maxDepth = 32

// maxValues bounds the values in all the metadata of an entry or node, nested ones included: one of two bytes in the
// message is some sixty in a record.
const maxValues = 4096

const redacted = "REDACTED"

// memberMaps are the two maps of an entry that come member by member.
type memberMaps struct {
	metadata, state pcommon.Map
	members         int
}

// metadata reads envoy.config.core.v3.Metadata: what filters noted, as a Struct or as a message of their own.
func (d *Decoder) metadata(s string) {
	if !d.opts.DynamicMetadata {
		return
	}
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | text:
			r.repeated()
			d.member(&d.maps.metadata, r.text(), (*Decoder).structure)
		case 2<<3 | text:
			r.repeated()
			d.member(&d.maps.metadata, r.text(), (*Decoder).any)
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
}

// filterState reads one object of filter_state_objects.
func (d *Decoder) filterState(s string) {
	if d.opts.FilterState {
		d.member(&d.maps.state, s, (*Decoder).any)
	}
}

// member reads an entry of a map whose values are messages.
func (d *Decoder) member(to *pcommon.Map, s string, read func(d *Decoder, s string, to pcommon.Value, depth int)) {
	if d.maps.members++; d.maps.members > maxMembers {
		d.malformed(MalformedTooMany)
		return
	}
	if *to == (pcommon.Map{}) {
		*to = pcommon.NewMap()
	}
	m := d.pair(s)
	if !d.named(m.key) {
		return
	}
	if d.secret(m.key) {
		to.PutStr(m.key, redacted)
		return
	}
	read(d, m.value, to.PutEmpty(m.key), 0)
}

// closeMaps appends the maps as attributes.
func (d *Decoder) closeMaps() {
	if d.maps.members == 0 {
		return
	}
	if d.maps.metadata != (pcommon.Map{}) && d.maps.metadata.Len() > 0 {
		d.maps.metadata.MoveTo(d.put(attrs.GatewayDynamicMetadata).SetEmptyMap())
	}
	if d.maps.state != (pcommon.Map{}) && d.maps.state.Len() > 0 {
		d.maps.state.MoveTo(d.put(attrs.GatewayFilterState).SetEmptyMap())
	}
	d.maps = memberMaps{}
}

// structure reads google.protobuf.Struct.
func (d *Decoder) structure(s string, to pcommon.Value, depth int) {
	m := to.SetEmptyMap()
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		r.repeated()
		if tag != 1<<3|text {
			r.skip(tag)
			continue
		}
		field := d.pair(r.text())
		if m.Len() == maxMembers {
			d.malformed(MalformedTooMany)
			break
		}
		if d.secret(field.key) {
			m.PutStr(field.key, redacted)
			continue
		}
		d.value(field.value, m.PutEmpty(field.key), depth+1)
	}
	d.done(&r)
}

// value reads google.protobuf.Value. Its numbers are doubles, and stay so.
func (d *Decoder) value(s string, to pcommon.Value, depth int) {
	if depth > maxDepth {
		d.malformed(MalformedDepth)
		return
	}
	if d.values++; d.values > maxValues {
		d.malformed(MalformedTooMany)
		return
	}
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 2<<3 | fixed64:
			to.SetDouble(r.double())
		case 3<<3 | text:
			to.SetStr(r.text())
		case 4<<3 | varint:
			to.SetBool(r.varint() != 0)
		case 5<<3 | text:
			d.structure(r.text(), to, depth)
		case 6<<3 | text:
			d.list(r.text(), to, depth)
		default:
			r.skip(tag) // null_value among them: an empty value
		}
	}
	d.done(&r)
}

// list reads google.protobuf.ListValue.
func (d *Decoder) list(s string, to pcommon.Value, depth int) {
	list := to.SetEmptySlice()
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		r.repeated()
		if tag != 1<<3|text {
			r.skip(tag)
			continue
		}
		if list.Len() == maxMembers {
			d.malformed(MalformedTooMany)
			break
		}
		d.value(r.text(), list.AppendEmpty(), depth+1)
	}
	d.done(&r)
}

// any reads google.protobuf.Any. Types of protobuf itself are read; any other message is kept as it is, with its type.
func (d *Decoder) any(s string, to pcommon.Value, depth int) {
	m := d.pair(s) // type_url, value
	name := m.key[strings.LastIndexByte(m.key, '/')+1:]
	switch name {
	case "google.protobuf.Struct":
		d.structure(m.value, to, depth)
	case "google.protobuf.Value":
		d.value(m.value, to, depth)
	case "google.protobuf.ListValue":
		d.list(m.value, to, depth)
	default:
		if !d.scalar(name, m.value, to) {
			unknown := to.SetEmptyMap()
			unknown.PutStr("@type", m.key)
			unknown.PutEmptyBytes("value").FromRaw([]byte(m.value))
		}
	}
}

// scalar reads the wrappers of google/protobuf/wrappers.proto, all of which have one field, and durations in seconds.
// It tells whether the type is one of them.
func (d *Decoder) scalar(name, s string, to pcommon.Value) bool {
	name, ok := strings.CutPrefix(name, "google.protobuf.")
	if !ok {
		return false
	}
	r := reader{s: s}
	tag, there := r.tag()
	is := func(want uint64) bool { return there && tag == want }
	switch name {
	case "StringValue":
		to.SetStr("")
		if is(1<<3 | text) {
			to.SetStr(r.text())
		}
	case "BytesValue":
		b := to.SetEmptyBytes()
		if is(1<<3 | text) {
			b.FromRaw([]byte(r.text()))
		}
	case "BoolValue":
		to.SetBool(is(1<<3|varint) && r.varint() != 0)
	case "Int32Value", "Int64Value", "UInt32Value", "UInt64Value":
		to.SetInt(0)
		if is(1<<3 | varint) {
			to.SetInt(int64(r.varint()))
		}
	case "DoubleValue":
		to.SetDouble(0)
		if is(1<<3 | fixed64) {
			to.SetDouble(r.double())
		}
	case "FloatValue":
		to.SetDouble(0)
		if is(1<<3 | fixed32) {
			to.SetDouble(float64(r.float()))
		}
	case "Duration":
		seconds, nanos := d.seconds(s)
		to.SetDouble(float64(seconds) + float64(nanos)/nanosPerSecond)
	default:
		return false
	}
	d.done(&r)
	return true
}
