package als

import "github.com/gatehouse-otel/gatehouse/internal/attrs"

// tcp reads TCPAccessLogEntry.
func (d *Decoder) tcp(s string) {
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | text:
			d.common(r.text())
		case 2<<3 | text:
			d.connection(r.text())
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
}

// connection reads ConnectionProperties. 0 bytes are an answer of their own.
func (d *Decoder) connection(s string) {
	var received, sent uint64
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | varint:
			received = r.varint()
		case 2<<3 | varint:
			sent = r.varint()
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
	d.put(attrs.GatewayConnectionBytesReceived).SetInt(int64(min(received, 1<<63-1)))
	d.put(attrs.GatewayConnectionBytesSent).SetInt(int64(min(sent, 1<<63-1)))
}
