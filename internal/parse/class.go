package parse

// Classes of bytes that end or disqualify a piece of a URL. One table look-up per byte replaces a chain of comparisons
// in the loops that see every request.
const (
	classScheme    = 1 << iota // may stand in a scheme (RFC 3986 section 3.1)
	classAuthEnd               // ends an authority in a URL: '/', '?', '#'
	classUnsafe                // space and control bytes
	classColon                 // ':'
	classAt                    // '@'
	classTextEnd               // ends an authority or parameter name inside running text: '"', '<', '>', '\'
	classValueEnd              // ends a parameter value inside running text
	classNameEnd               // ends a parameter name inside running text
	classHostNever             // never stands in "host:port"
)

var class = buildClasses()

func buildClasses() (t [256]uint16) {
	set := func(bit uint16, bytes string) {
		for i := range len(bytes) {
			t[bytes[i]] |= bit
		}
	}
	for c := range 256 {
		if c <= ' ' || c == 0x7f {
			t[c] |= classUnsafe | classNameEnd | classHostNever
		}
		if '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' && c < 0x80 {
			t[c] |= classScheme
		}
	}
	set(classScheme, "+-.")
	set(classAuthEnd, "/?#")
	set(classColon, ":")
	set(classAt, "@")
	set(classTextEnd, `"<>\`)
	set(classValueEnd, "&# \t\n\v\f\r\"'<>\\")
	set(classNameEnd, `&?#="'<>\`)
	set(classHostNever, `/?#@\"<>`)
	return t
}

// isDigit reports whether c is an ASCII digit.
func isDigit(c byte) bool { return c-'0' <= 9 }

// unhex is the value of one hexadecimal digit of either case, or 0xff.
func unhex(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 0xff
}
