package als

import (
	"crypto/tls"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
)

// tls reads TLSProperties, which are about the client's connection: "local" is the gateway, "peer" is the client.
func (d *Decoder) tls(s string) {
	d.str(tlsProtocolName, "tls")
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | varint:
			if n := r.varint(); n < uint64(len(tlsVersions)) {
				d.str(tlsVersion, tlsVersions[n])
			} else {
				d.malformed(MalformedEnum)
			}
		case 2<<3 | text:
			if n := d.wrapped(r.text()); n > 1<<16-1 {
				d.malformed(MalformedEnum)
			} else if n > 0 { // 0 is a suite no connection has
				d.str(tlsCipher, tls.CipherSuiteName(uint16(n)))
			}
		case 3<<3 | text:
			name := r.text()
			d.str(attrs.GatewayTLSServerName, name)
			d.str(requestedServerName, name)
		case 4<<3 | text:
			d.certificate(r.text(), tlsServerSubject, tlsServerIssuer, attrs.GatewayTLSServerNames)
		case 5<<3 | text:
			d.certificate(r.text(), tlsClientSubject, tlsClientIssuer, attrs.GatewayTLSClientNames)
		case 6<<3 | text:
			d.str(attrs.GatewayTLSSessionID, r.text())
		case 7<<3 | text:
			d.str(tlsJA3, r.text())
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
}

// certificate reads CertificateProperties.
func (d *Decoder) certificate(s, subject, issuer, names string) {
	var san []string
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | text:
			r.repeated()
			name := d.pair(r.text()) // SubjectAltName: uri is field 1, dns field 2
			switch {
			case len(san) == maxMembers:
				d.malformed(MalformedTooMany)
			case name.key != "":
				san = append(san, name.key)
			case name.value != "":
				san = append(san, name.value)
			}
		case 2<<3 | text:
			d.str(subject, r.text())
		case 3<<3 | text:
			d.str(issuer, r.text())
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
	if len(san) > 0 {
		list := d.put(names).SetEmptySlice()
		list.EnsureCapacity(len(san))
		for _, name := range san {
			list.AppendEmpty().SetStr(name)
		}
	}
}
