package tailstore

import (
	"encoding/binary"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Parts of an item, said in the number it starts with. Times, texts and the order of what
// follows are the same for spans and log records.
const (
	hasTime   = 1 << 0 // start of the span, time of the record
	hasTextA  = 1 << 1 // span: name. Log record: severity text
	hasTextB  = 1 << 2 // span: trace state. Log record: body
	hasTextC  = 1 << 3 // span: status message. Log record: event name
	hasEvents = 1 << 4
	hasLinks  = 1 << 5
	hasID     = 1 << 6 // span: id of the parent. Log record: span id
	hasFlags  = 1 << 7 // W3C trace flags
	hasDrops  = 1 << 8 // numbers of what the emitter dropped
	hasOdd    = 1 << 9 // span: kind or status outside four bits. Log record: no observed time
)

// fixedExpanded is more than a span, an event, a link or a log record takes as OTLP bytes without texts and attributes.
const fixedExpanded = 160

// bit returns b when is is true.
func bit(is bool, b uint64) uint64 {
	if is {
		return b
	}
	return 0
}

// span writes a span without its trace id.
func (e *encoder) span(s ptrace.Span) {
	kind, code := uint64(int64(s.Kind())), uint64(int64(s.Status().Code()))
	start, end := uint64(s.StartTimestamp()), uint64(s.EndTimestamp())
	e.expanded += fixedExpanded
	parts := bit(start != 0, hasTime) |
		bit(s.Name() != "", hasTextA) |
		bit(s.TraceState().AsRaw() != "", hasTextB) |
		bit(s.Status().Message() != "", hasTextC) |
		bit(s.Events().Len() > 0, hasEvents) |
		bit(s.Links().Len() > 0, hasLinks) |
		bit(!s.ParentSpanID().IsEmpty(), hasID) |
		bit(s.Flags() != 0, hasFlags) |
		bit(s.DroppedAttributesCount()|s.DroppedEventsCount()|s.DroppedLinksCount() != 0, hasDrops) |
		bit(kind > 15 || code > 15, hasOdd)
	e.uvarint(parts)
	if parts&hasTime != 0 {
		e.time(start)
	}
	e.uvarint(zigzag(end - start))
	if parts&hasOdd == 0 {
		e.data = append(e.data, byte(kind<<4|code))
	} else {
		e.uvarint(kind)
		e.uvarint(code)
	}
	id := s.SpanID()
	e.data = append(e.data, id[:]...)
	if parts&hasID != 0 {
		id = s.ParentSpanID()
		e.data = append(e.data, id[:]...)
	}
	if parts&hasFlags != 0 {
		e.uvarint(uint64(s.Flags()))
	}
	if parts&hasDrops != 0 {
		e.uvarint(uint64(s.DroppedAttributesCount()))
		e.uvarint(uint64(s.DroppedEventsCount()))
		e.uvarint(uint64(s.DroppedLinksCount()))
	}
	e.uvarint(uint64(s.Attributes().Len()))
	e.text(pseudoName, s.Name())
	e.text(pseudoTraceState, s.TraceState().AsRaw())
	e.text(pseudoStatusMessage, s.Status().Message())
	e.attributes(s.Attributes())
	e.flush()
	if parts&hasEvents != 0 {
		e.uvarint(uint64(s.Events().Len()))
		for _, event := range s.Events().All() {
			e.spanEvent(event, start)
		}
	}
	if parts&hasLinks != 0 {
		e.uvarint(uint64(s.Links().Len()))
		for _, link := range s.Links().All() {
			e.spanLink(link)
		}
	}
}

// What an event and a link begin with: one bit that says whether a text follows, the rest is the number of attributes.
func count(text string, m pcommon.Map) uint64 { return uint64(m.Len())<<1 | bit(text != "", 1) }

func (e *encoder) spanEvent(event ptrace.SpanEvent, start uint64) {
	e.expanded += fixedExpanded
	e.uvarint(count(event.Name(), event.Attributes()))
	e.uvarint(zigzag(uint64(event.Timestamp()) - start))
	e.uvarint(uint64(event.DroppedAttributesCount()))
	e.text(pseudoSpanEventName, event.Name())
	e.attributes(event.Attributes())
	e.flush()
}

func (e *encoder) spanLink(link ptrace.SpanLink) {
	trace, span := link.TraceID(), link.SpanID()
	e.expanded += fixedExpanded
	e.uvarint(count(link.TraceState().AsRaw(), link.Attributes()))
	e.data = append(append(e.data, trace[:]...), span[:]...)
	e.uvarint(uint64(link.Flags()))
	e.uvarint(uint64(link.DroppedAttributesCount()))
	e.text(pseudoLinkState, link.TraceState().AsRaw())
	e.attributes(link.Attributes())
	e.flush()
}

// logRecord writes a log record without its trace id.
func (e *encoder) logRecord(lr plog.LogRecord) {
	at, observed := uint64(lr.Timestamp()), uint64(lr.ObservedTimestamp())
	e.expanded += fixedExpanded
	parts := bit(at != 0, hasTime) |
		bit(lr.SeverityText() != "", hasTextA) |
		bit(lr.Body().Type() != pcommon.ValueTypeEmpty, hasTextB) |
		bit(lr.EventName() != "", hasTextC) |
		bit(!lr.SpanID().IsEmpty(), hasID) |
		bit(lr.Flags() != 0, hasFlags) |
		bit(lr.DroppedAttributesCount() != 0, hasDrops) |
		bit(observed == 0, hasOdd)
	e.uvarint(parts)
	if parts&hasTime != 0 {
		e.time(at)
	}
	e.uvarint(uint64(int64(lr.SeverityNumber())))
	if parts&hasOdd == 0 {
		e.uvarint(zigzag(observed - at))
	}
	if parts&hasID != 0 {
		id := lr.SpanID()
		e.data = append(e.data, id[:]...)
	}
	if parts&hasFlags != 0 {
		e.data = binary.LittleEndian.AppendUint32(e.data, uint32(lr.Flags()))
	}
	if parts&hasDrops != 0 {
		e.uvarint(uint64(lr.DroppedAttributesCount()))
	}
	e.uvarint(uint64(lr.Attributes().Len()))
	e.text(pseudoSeverityText, lr.SeverityText())
	if parts&hasTextB != 0 {
		body := e.values.value(lr.Body())
		e.expanded += len(body.text) + fieldOverhead
		e.pair("", pseudoBody, body)
	}
	e.text(pseudoEventName, lr.EventName())
	e.attributes(lr.Attributes())
	e.flush()
}
