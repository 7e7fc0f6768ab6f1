package tailstore

import (
	"encoding/binary"
)

// Turning stored items back into OTLP bytes: the content of one Span or LogRecord message, the same bytes that pdata
// marshals it to.

// Fields of trace/v1 and logs/v1.
const (
	spanTraceID, spanID, spanTraceState, spanParent, spanName     = 1, 2, 3, 4, 5
	spanKind, spanStart, spanEnd, spanAttributes, spanDropped     = 6, 7, 8, 9, 10
	spanEvents, spanDroppedEvents, spanLinks, spanDroppedLinks    = 11, 12, 13, 14
	spanStatus, spanFlags                                         = 15, 16
	statusMessage, statusCode                                     = 2, 3
	eventTime, eventName, eventAttributes, eventDropped           = 1, 2, 3, 4
	linkTraceID, linkSpanID, linkState, linkAttributes            = 1, 2, 3, 4
	linkDropped, linkFlags                                        = 5, 6
	logTime, logSeverity, logSeverityText, logBody, logAttributes = 1, 2, 3, 5, 6
	logDropped, logFlags, logTraceID, logSpanID, logObserved      = 7, 8, 9, 10, 11
	logEventName                                                  = 12
)

// expander turns items into OTLP bytes. It keeps its buffers between items.
type expander struct {
	r       reader
	attrs   []byte // attributes of the item, which are read before what stands in front of them is written
	nested  []byte // one event or link
	aside   []byte // events and links
	texts   [3]span
	textual []byte
	limit   int // of the item's size; the reader fails beyond it
}

// shrink gives up buffers that an unusual item made large.
func (x *expander) shrink() {
	for _, b := range []*[]byte{&x.attrs, &x.nested, &x.aside, &x.textual, &x.r.joined} {
		if cap(*b) > scratchKept {
			*b = nil
		}
	}
}

// span is a stretch of a buffer.
type span struct{ from, to int }

// span appends the content of a Span message.
func (x *expander) span(dst []byte, trace TraceID) ([]byte, error) {
	r := &x.r
	parts := r.uvarint()
	var start uint64
	if parts&hasTime != 0 {
		start = r.time()
	}
	end := start + unzigzag(r.uvarint())
	var kind, code uint64
	if parts&hasOdd == 0 {
		b := r.byte()
		kind, code = uint64(b>>4), uint64(b&15)
	} else {
		kind, code = r.uvarint(), r.uvarint()
	}
	id := r.uint64()
	var parent, flags, dropped, droppedEvents, droppedLinks uint64
	if parts&hasID != 0 {
		parent = r.uint64()
	}
	if parts&hasFlags != 0 {
		flags = r.uvarint()
	}
	if parts&hasDrops != 0 {
		dropped, droppedEvents, droppedLinks = r.uvarint(), r.uvarint(), r.uvarint()
	}
	attributes := r.more(r.uvarint())
	x.readTexts(parts)
	x.attrs = x.pairs(x.attrs[:0], spanAttributes, attributes)
	x.aside = x.aside[:0]
	if parts&hasEvents != 0 {
		x.events(start)
	}
	events := len(x.aside)
	if parts&hasLinks != 0 {
		x.links()
	}
	if r.failed || r.at != r.end || r.run != 0 {
		return dst, errCorrupt
	}

	dst = appendTraceID(dst, spanTraceID, trace)
	dst = appendSpanID(dst, spanID, id)
	dst = appendOptionalText(dst, spanTraceState, x.text(1))
	dst = appendSpanID(dst, spanParent, parent)
	if flags != 0 {
		// The one field beyond 15: its tag takes two bytes.
		dst = append(dst, tag(0, wireI32)|0x80, spanFlags>>4)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(flags))
	}
	dst = appendOptionalText(dst, spanName, x.text(0))
	dst = appendOptionalVarint(dst, spanKind, kind)
	dst = appendOptionalFixed64(dst, spanStart, start)
	dst = appendOptionalFixed64(dst, spanEnd, end)
	dst = append(dst, x.attrs...)
	dst = appendOptionalVarint(dst, spanDropped, dropped)
	dst = append(dst, x.aside[:events]...)
	dst = appendOptionalVarint(dst, spanDroppedEvents, droppedEvents)
	dst = append(dst, x.aside[events:]...)
	dst = appendOptionalVarint(dst, spanDroppedLinks, droppedLinks)
	status := 0
	if n := len(x.text(2)); n > 0 {
		status = sizeField(n)
	}
	if code != 0 {
		status += 1 + sizeUvarint(code)
	}
	dst = appendLen(dst, spanStatus, status)
	dst = appendOptionalText(dst, statusMessage, x.text(2))
	return appendOptionalVarint(dst, statusCode, code), nil
}

// logRecord appends the content of a LogRecord message.
func (x *expander) logRecord(dst []byte, trace TraceID) ([]byte, error) {
	r := &x.r
	parts := r.uvarint()
	var at, observed, id, dropped uint64
	var flags uint32
	if parts&hasTime != 0 {
		at = r.time()
	}
	severity := r.uvarint()
	if parts&hasOdd == 0 {
		observed = at + unzigzag(r.uvarint())
	}
	if parts&hasID != 0 {
		id = r.uint64()
	}
	if parts&hasFlags != 0 {
		flags = r.uint32()
	}
	if parts&hasDrops != 0 {
		dropped = r.uvarint()
	}
	attributes := r.more(r.uvarint())
	x.textual = x.textual[:0]
	x.texts = [3]span{}
	if parts&hasTextA != 0 {
		x.readText(0)
	}
	if parts&hasTextB != 0 {
		_, body := r.pair()
		x.textual = appendStored(x.textual, body)
		x.texts[1] = span{x.texts[0].to, len(x.textual)}
	}
	if parts&hasTextC != 0 {
		x.readText(2)
	}
	x.attrs = x.pairs(x.attrs[:0], logAttributes, attributes)
	if r.failed || r.at != r.end || r.run != 0 {
		return dst, errCorrupt
	}

	dst = appendOptionalFixed64(dst, logTime, at)
	dst = appendOptionalFixed64(dst, logObserved, observed)
	dst = appendOptionalVarint(dst, logSeverity, severity)
	dst = appendOptionalText(dst, logSeverityText, x.text(0))
	dst = appendText(dst, logBody, x.text(1))
	dst = append(dst, x.attrs...)
	dst = appendOptionalVarint(dst, logDropped, dropped)
	if flags != 0 {
		dst = binary.LittleEndian.AppendUint32(append(dst, tag(logFlags, wireI32)), flags)
	}
	dst = appendTraceID(dst, logTraceID, trace)
	dst = appendSpanID(dst, logSpanID, id)
	return appendOptionalText(dst, logEventName, x.text(2)), nil
}

// readTexts reads the texts of a span. They are written to the item's bytes in another order than they are stored in,
// and a stored text holds only until the next one is read, so they are put aside.
func (x *expander) readTexts(parts uint64) {
	x.textual = x.textual[:0]
	x.texts = [3]span{}
	for i := range x.texts {
		if parts&(hasTextA<<i) != 0 {
			x.readText(i)
		}
	}
}

func (x *expander) readText(i int) {
	_, v := x.r.pair()
	if v.kind != kindText {
		x.r.fail()
	}
	from := len(x.textual)
	x.textual = append(x.textual, v.text...)
	x.texts[i] = span{from, len(x.textual)}
}

func (x *expander) text(i int) []byte { return x.textual[x.texts[i].from:x.texts[i].to] }

// pairs appends n attributes, each as one field.
func (x *expander) pairs(dst []byte, field byte, n int) []byte {
	for range n {
		key, v := x.r.pair()
		if len(dst) > x.limit {
			x.r.fail()
		}
		if x.r.failed {
			break
		}
		size := sizeStored(v)
		dst = appendLen(dst, field, sizeKeyValue(len(key), size))
		dst = appendOptionalText(dst, keyValueKey, key)
		dst = appendLen(dst, keyValueValue, size)
		dst = appendStored(dst, v)
	}
	return dst
}

func (x *expander) events(start uint64) {
	for range x.r.more(x.r.uvarint()) {
		n := x.r.uvarint()
		at, dropped := start+unzigzag(x.r.uvarint()), x.r.uvarint()
		x.nested = appendOptionalFixed64(x.nested[:0], eventTime, at)
		if n&1 != 0 {
			_, name := x.r.pair()
			x.nested = appendText(x.nested, eventName, name.text)
		}
		x.nested = x.pairs(x.nested, eventAttributes, x.r.more(n>>1))
		x.nested = appendOptionalVarint(x.nested, eventDropped, dropped)
		if len(x.aside) > x.limit {
			x.r.fail()
		}
		if x.r.failed {
			return
		}
		x.aside = appendText(x.aside, spanEvents, x.nested)
	}
}

func (x *expander) links() {
	for range x.r.more(x.r.uvarint()) {
		n := x.r.uvarint()
		var trace TraceID
		copy(trace[:], x.r.take(uint64(len(trace))))
		id := x.r.uint64()
		flags, dropped := x.r.uvarint(), x.r.uvarint()
		x.nested = appendTraceID(x.nested[:0], linkTraceID, trace)
		x.nested = appendSpanID(x.nested, linkSpanID, id)
		if n&1 != 0 {
			_, state := x.r.pair()
			x.nested = appendText(x.nested, linkState, state.text)
		}
		x.nested = x.pairs(x.nested, linkAttributes, x.r.more(n>>1))
		x.nested = appendOptionalVarint(x.nested, linkDropped, dropped)
		if flags != 0 {
			x.nested = binary.LittleEndian.AppendUint32(append(x.nested, tag(linkFlags, wireI32)), uint32(flags))
		}
		if len(x.aside) > x.limit {
			x.r.fail()
		}
		if x.r.failed {
			return
		}
		x.aside = appendText(x.aside, spanLinks, x.nested)
	}
}

// appendTraceID writes an id. One of zeros is written as an empty one, as pdata does.
func appendTraceID(dst []byte, field byte, id TraceID) []byte {
	if id == (TraceID{}) {
		return appendLen(dst, field, 0)
	}
	return appendText(dst, field, id[:])
}

func appendSpanID(dst []byte, field byte, id uint64) []byte {
	if id == 0 {
		return appendLen(dst, field, 0)
	}
	return binary.LittleEndian.AppendUint64(appendLen(dst, field, 8), id)
}

// sizeStored is the size of the AnyValue message that appendStored writes.
func sizeStored(v value) int {
	switch v.kind {
	case kindText:
		return sizeField(len(v.text))
	case kindInt:
		return 1 + sizeUvarint(unzigzag(v.bits))
	case kindDouble:
		return 9
	case kindRaw:
		return len(v.text)
	}
	if v.bits == constEmpty {
		return 0
	}
	return 2
}

func appendStored(dst []byte, v value) []byte {
	switch v.kind {
	case kindText:
		return appendText(dst, anyString, v.text)
	case kindInt:
		return appendInt(dst, int64(unzigzag(v.bits)))
	case kindDouble:
		return appendDouble(dst, v.bits)
	case kindRaw:
		return append(dst, v.text...)
	}
	if v.bits == constEmpty {
		return dst
	}
	return appendBool(dst, v.bits == constTrue)
}
