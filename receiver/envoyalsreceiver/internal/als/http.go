package als

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
)

// http reads HTTPAccessLogEntry.
func (d *Decoder) http(s string) {
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | text:
			d.common(r.text())
		case 2<<3 | varint:
			n := r.varint()
			if n >= uint64(len(httpVersions)) {
				d.malformed(MalformedEnum)
				continue
			}
			d.e.http3 = n == 4
			d.str(attrs.NetworkProtocolVersion, httpVersions[n])
		case 3<<3 | text:
			d.request(r.text())
		case 4<<3 | text:
			d.response(r.text())
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
}

// request reads HTTPRequestProperties.
func (d *Decoder) request(s string) {
	d.e.hasRequest = true
	var method uint64
	var target, original, host string
	headers := 0
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | varint:
			method = r.varint()
		case 2<<3 | text:
			d.str(scheme, r.text())
		case 3<<3 | text:
			host = r.text()
		case 4<<3 | text:
			if port := d.wrapped(r.text()); port > maxPort {
				d.malformed(MalformedPort)
			} else if port > 0 {
				d.put(attrs.ServerPort).SetInt(int64(port))
			}
		case 5<<3 | text:
			target = r.text()
			d.e.target = target
		case 6<<3 | text:
			d.str(attrs.UserAgentOriginal, r.text())
		case 7<<3 | text:
			d.str(referer, r.text())
		case 8<<3 | text:
			d.str(forwardedFor, r.text())
		case 9<<3 | text:
			d.e.requestID = r.text()
			d.str(requestID, d.e.requestID)
		case 10<<3 | text:
			original = r.text()
		case 11<<3 | varint:
			d.count(attrs.GatewayRequestHeaderBytes, r.varint())
		case 12<<3 | varint:
			d.e.requestBody = r.varint()
		case 13<<3 | text:
			r.repeated()
			if headers++; headers > maxMembers {
				d.malformed(MalformedTooMany)
				r.text()
				continue
			}
			h := d.pair(r.text())
			d.header(attrs.HTTPRequestHeader, h)
			d.e.trace.header(h.key, h.value)
			if h.key == "content-type" {
				d.e.grpc = d.e.grpc || grpcType(h.value)
			}
		case 14<<3 | varint:
			d.count(attrs.GatewayUpstreamHeaderBytesSent, r.varint())
		case 15<<3 | varint:
			d.count(attrs.GatewayRequestHeaderWireBytes, r.varint())
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
	d.str(authority, host)
	if original == "" {
		d.str(path, target)
	} else { // what the client asked for, as in all other access logs and on spans
		d.str(path, original)
		d.str(attrs.GatewayUpstreamURI, target)
	}
	switch {
	case method > 0 && method < uint64(len(methods)):
		d.str(attrs.HTTPRequestMethod, methods[method])
	case method > 0:
		d.malformed(MalformedEnum)
		d.str(attrs.HTTPRequestMethod, otherMethod)
	case target != "" || host != "": // there was a request, by a method that has no number
		d.str(attrs.HTTPRequestMethod, otherMethod)
	}
}

// otherMethod stands for every method that is not a known one (semantic conventions, http.request.method).
const otherMethod = "_OTHER"

// response reads HTTPResponseProperties.
func (d *Decoder) response(s string) {
	d.e.hasResponse = true
	headers := 0
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | text:
			if code := d.wrapped(r.text()); code > 0 {
				d.e.hasCode = true
				d.put(responseCode).SetInt(int64(min(code, 1<<32-1)))
			}
		case 2<<3 | varint:
			d.count(attrs.GatewayResponseHeaderBytes, r.varint())
		case 3<<3 | varint:
			d.e.responseBody = r.varint()
		case 4<<3 | text:
			r.repeated()
			if headers++; headers > maxMembers {
				d.malformed(MalformedTooMany)
				r.text()
				continue
			}
			h := d.pair(r.text())
			if h.key == "grpc-status" || h.key == "grpc-message" {
				// An answer of trailers only, which is how calls fail: Envoy has them as headers.
				d.trail = append(d.trail, h)
				continue
			}
			d.header(attrs.HTTPResponseHeader, h)
			if h.key == "content-type" {
				d.e.grpc = d.e.grpc || grpcType(h.value)
			}
		case 5<<3 | text:
			r.repeated()
			d.trail = d.add(d.trail, r.text())
		case 6<<3 | text:
			d.str(attrs.GatewayResponseDetails, r.text())
		case 7<<3 | varint:
			d.count(attrs.GatewayUpstreamHeaderBytesReceived, r.varint())
		case 8<<3 | varint:
			d.count(attrs.GatewayResponseHeaderWireBytes, r.varint())
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
	d.trailers()
}

// trailers places the trailers. Those of a gRPC call have a name in the conventions, and its status is in them.
func (d *Decoder) trailers() {
	var status, message string
	for _, t := range d.trail {
		switch t.key {
		case "grpc-status":
			status = t.value
		case "grpc-message":
			message = t.value
		}
	}
	prefix := attrs.GatewayResponseTrailer
	if status != "" {
		prefix = attrs.RPCResponseTrailer
		d.e.grpc = true
		d.str(grpcStatus, status)
		d.str(grpcMessage, message)
	}
	for _, t := range d.trail {
		if status == "" || t.key != "grpc-status" && t.key != "grpc-message" {
			d.header(prefix, t)
		}
	}
}

// wrapped reads a UInt32Value.
func (d *Decoder) wrapped(s string) (n uint64) {
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		if tag == 1<<3|varint {
			n = r.varint()
			continue
		}
		r.skip(tag)
	}
	d.done(&r)
	return n
}
