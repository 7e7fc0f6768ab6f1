// Package tailstore keeps the spans and log records of traces that nobody has decided about yet, in as few bytes as
// they can be kept in without waiting for them, and hands the traces out when they are due. It knows nothing of rules,
// of sampling or of the Collector: the processor decides, this package remembers.
//
// # Layout
//
//	 index                traces (slab)                  records (slab)           segments
//	+---------------+    +--------------------------+   +-------------------+    +---------------------------+
//	| hash | number |--->| id, summary of the caller|   | segment, offset   |--->| item | item | item | ...  |
//	+---------------+    | first and last record    |-->| next record       |    | dictionary: key, key=value|
//	   64 parts          | since, prev, next        |   +-------------------+    +---------------------------+
//	                     +--------------------------+                                  | origin (interned)
//	                        queues: FIFO, one delay each                               v
//	                                                               signal, resource, scope, schema URLs
//
// None of these arrays holds a Go pointer. A store of a gigabyte is a few hundred objects to the garbage collector, and
// it looks into none of the large ones.
//
// # The walk of one span
//
// PutSpan has the encoder append the span to the open segment: times as distances, ids as they are, and for each
// attribute a token. An attribute that is the one expected after the last costs nothing, as only the number of those in
// a row is written; one that came before in this segment is the number of its dictionary entry; what is new is written
// in full. There is no second step: an item is compressed when it is put, and a segment is read from any item on, so
// nothing is ever decompressed as a whole.
//
// Attach finds the trace in the index, or makes one, at the end of queue 0, and appends the span to its list. Whoever has
// many spans puts all of them first: when one does not fit, Discard takes the others back.
//
// Next hands the trace out when its queue's delay is over. Read turns its items back into OTLP bytes in a Batch, which
// frames those of many traces by resource and scope and lets pdata unmarshal them. Drop gives the records back and
// counts the items off their segments. A segment without living items is free at once. One that is a quarter alive or
// less is compacted when the tide has passed it (see compactSparse): its stragglers are moved, once, to a segment of
// their kind.
//
// # What is kept
//
// All that pdata v1.64.0 lets its users see of a span or a log record, bit for bit; marshaled again, it is the same
// bytes. The two string table indexes of the profiles signal (AnyValue.string_value_strindex, KeyValue.key_strindex)
// are not among that, and the protocol does not allow them in traces and logs.
//
// # Why its own codec
//
// Measured on recorded kgateway 2.4.2 spans, 700 bytes of OTLP each, with ids, paths, request ids, times and sizes made
// unique; processor time per span on one core of a Xeon that others used as well:
//
//	                                              stored   write     read
//	this package, item with header                 93 B    1.1 us    1.1 us for each item that is kept
//	pdata marshal, raw bytes sliced out of it     697 B    0.6 us    -
//	  then s2 on segments of 1 MiB                104 B    +0.5 us   0.2 us for every item of the segment
//	  then zstd level 1                            76 B    +1.4 us   0.4 us for every item of the segment
//	  then zstd level 3                            76 B    +2.5 us   0.3 us for every item of the segment
//
// The figure of this package includes finding the trace and all other bookkeeping; the others do not, and their bytes
// come without headers and from texts that vary less (BenchmarkAdd, BenchmarkTake; the compressors were klauspost's of
// 1.19). A general compressor searches bytes for what is known here: attributes come again whole, and in the same order.
// It wants the request marshaled first, and a whole segment unpacked for one kept trace.
package tailstore
