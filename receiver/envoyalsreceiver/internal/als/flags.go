package als

import "strings"

// unauthorized is the field that is a message instead of a bool: the refusal's details. Envoy has one reason.
const unauthorized = 13

// responseFlags reads ResponseFlags and returns their short names as every other access log of Envoy has them,
// "UF,URX". "" means none. Flags that extensions register have no field in this message: they do not arrive.
func (d *Decoder) responseFlags(s string) string {
	var set [len(flags)]bool
	n := 0
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
	first := ""
	for i, on := range set {
		if on {
			if n++; n == 1 {
				first = flags[i]
			}
		}
	}
	if n < 2 {
		return first
	}
	names := make([]string, 0, n)
	for i, on := range set {
		if on {
			names = append(names, flags[i])
		}
	}
	return strings.Join(names, ",")
}

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
