package als

import "github.com/gatehouse-otel/gatehouse/internal/attrs"

const (
	maxPort     = 65535
	protocolUDP = 1 // envoy.config.core.v3.SocketAddress.Protocol
)

// address reads envoy.config.core.v3.Address. A pipe's path is an address too, and so is a listener inside of Envoy,
// which Envoy prints as envoy://listener/endpoint. What the message has beyond that, such as resolver names, is for
// configured addresses, not for those of a connection.
func (d *Decoder) address(s, addressKey, portKey string) {
	var address string
	var port uint64
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | text:
			upstream := portKey == attrs.GatewayUpstreamPort || portKey == attrs.GatewayUpstreamLocalPort
			address, port = d.socket(r.text(), !upstream)
		case 2<<3 | text:
			address = d.pair(r.text()).key // Pipe: path is field 1
		case 3<<3 | text:
			internal := d.pair(r.text()) // EnvoyInternalAddress: server_listener_name, endpoint_id
			address = "envoy://" + internal.key + "/" + internal.value
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
	if address == "" {
		return
	}
	d.put(addressKey).SetStr(address)
	if port > maxPort {
		d.malformed(MalformedPort)
	} else if port > 0 {
		d.put(portKey).SetInt(int64(port))
	}
}

// socket reads SocketAddress.
func (d *Decoder) socket(s string, downstream bool) (address string, port uint64) {
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | varint:
			if r.varint() == protocolUDP && downstream {
				d.e.udp = true
			}
		case 2<<3 | text:
			address = r.text()
		case 3<<3 | varint:
			port = r.varint()
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
	return address, port
}
