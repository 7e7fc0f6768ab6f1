package als

import "strings"

// unauthorized is the field that is a message instead of a bool: the refusal's details. Envoy has one reason.
const unauthorized = 13

// responseFlags reads ResponseFlags and returns their short names as every other access log of Envoy has them,
// "URX,UF". "" means none. Flags that extensions register have no field in this message: they do not arrive.
func (d *Decoder) responseFlags(s string) string {
	var set [len(flags)]bool
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		number := tag >> 3
		switch {
		case tag == unauthorized<<3|text:
			d.unauthorized(r.text())
			set[unauthorized] = true
		case tag&7 == varint && number != unauthorized && number < uint64(len(flags)):
			set[number] = r.varint() != 0
		default:
			if number >= uint64(len(flags)) {
				d.malformed(MalformedEnum) // a flag of a later version
			}
			r.skip(tag)
		}
	}
	d.done(&r)
	names := make([]string, 0, 4)
	for _, i := range early { // those before the others
		if set[i] {
			names = append(names, flags[i])
			set[i] = false
		}
	}
	for i, on := range set {
		if on {
			names = append(names, flags[i])
		}
	}
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names, ",")
}

// early are the flags that Envoy sets, and therefore writes, before any other: a fault is injected before anything goes
// upstream, and that there are no more retries is noted before the failure itself (Envoy 1.40.0,
// source/common/router/router.cc; recorded as "URX,UF"). The message has flags without an order.
var early = [...]int{10, 11, 16}

// unauthorized checks the reason of a refusal: the flag says all of the one there is.
func (d *Decoder) unauthorized(s string) {
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		if tag == 1<<3|varint {
			if r.varint() > 1 {
				d.malformed(MalformedEnum)
			}
			continue
		}
		r.skip(tag)
	}
	d.done(&r)
}
