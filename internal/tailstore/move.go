package tailstore

// transcode reads an item of one segment and writes it into another, whose dictionary is a different one. The encoder
// has begun the item; what it wrote is worthless when an error is returned.
func transcode(r *reader, e *encoder, signal Signal) error {
	parts := r.uvarint()
	e.uvarint(parts)
	if parts&hasTime != 0 {
		e.time(r.time())
	}
	if signal == SignalTraces {
		transcodeSpan(r, e, parts)
	} else {
		transcodeLogRecord(r, e, parts)
	}
	if r.failed || r.at != r.end || r.run != 0 {
		return errCorrupt
	}
	return nil
}

func transcodeSpan(r *reader, e *encoder, parts uint64) {
	e.uvarint(r.uvarint()) // end
	if parts&hasOdd == 0 {
		e.data = append(e.data, r.byte()) // kind and status code
	} else {
		e.uvarint(r.uvarint())
		e.uvarint(r.uvarint())
	}
	e.data = append(e.data, r.take(8)...) // id
	if parts&hasID != 0 {
		e.data = append(e.data, r.take(8)...)
	}
	if parts&hasFlags != 0 {
		e.uvarint(r.uvarint())
	}
	if parts&hasDrops != 0 {
		for range 3 {
			e.uvarint(r.uvarint())
		}
	}
	transcodePairs(r, e, parts, pseudoName, pseudoTraceState, pseudoStatusMessage)
	if parts&hasEvents != 0 {
		transcodeNested(r, e, 0, pseudoSpanEventName)
	}
	if parts&hasLinks != 0 {
		transcodeNested(r, e, linkIDBytes, pseudoLinkState)
	}
}

func transcodeLogRecord(r *reader, e *encoder, parts uint64) {
	e.uvarint(r.uvarint()) // severity
	if parts&hasOdd == 0 {
		e.uvarint(r.uvarint())
	}
	if parts&hasID != 0 {
		e.data = append(e.data, r.take(8)...)
	}
	if parts&hasFlags != 0 {
		e.data = append(e.data, r.take(4)...)
	}
	if parts&hasDrops != 0 {
		e.uvarint(r.uvarint())
	}
	transcodePairs(r, e, parts, pseudoSeverityText, pseudoBody, pseudoEventName)
}

// transcodePairs moves an item's texts and attributes.
func transcodePairs(r *reader, e *encoder, parts uint64, texts ...uint16) {
	n := r.uvarint()
	e.uvarint(n)
	for i, pseudo := range texts {
		if parts&(hasTextA<<i) != 0 {
			_, v := r.pair()
			e.pair("", pseudo, v)
		}
	}
	transcodeAttributes(r, e, n)
}

// linkIDBytes is how long the ids of a link are together.
const linkIDBytes = 16 + 8

// transcodeNested moves the events or the links of a span.
func transcodeNested(r *reader, e *encoder, ids uint64, text uint16) {
	items := r.uvarint()
	e.uvarint(items)
	for range r.more(items) {
		n := r.uvarint()
		e.uvarint(n)
		e.data = append(e.data, r.take(ids)...)
		e.uvarint(r.uvarint()) // event: time. Link: flags
		e.uvarint(r.uvarint()) // dropped attributes
		if n&1 != 0 {
			_, v := r.pair()
			e.pair("", text, v)
		}
		transcodeAttributes(r, e, n>>1)
		if r.failed {
			return
		}
	}
}

func transcodeAttributes(r *reader, e *encoder, n uint64) {
	for range r.more(n) {
		key, v := r.pair()
		if e.expanded += len(key) + len(v.text) + fieldOverhead; e.expanded > longestItem {
			r.fail()
		}
		if r.failed {
			break
		}
		e.pair(textOf(key), 0, v)
	}
	e.flush()
}
