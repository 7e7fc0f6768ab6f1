package parse

// Flavor brings a protocol as gateways write it to network.protocol.name and network.protocol.version of the
// conventions, whatever its case: "HTTP/1.1" (Envoy, agentgateway), "1.1" and "2.0" (Kong, the old http.flavor), "h2",
// "h2c" and "h3" (ALPN). The minor digit of HTTP/2 and HTTP/3 is dropped. "SPDY" has no version; "QUIC" is how the old
// conventions named HTTP/3. ok is false for anything else, Envoy's "-" included.
func Flavor(s string) (name, version string, ok bool) {
	if len(s) > 5 && s[4] == '/' && foldEqual(s[:4], "http") {
		version = httpVersion(s[5:])
	} else {
		switch {
		case httpVersion(s) != "":
			version = httpVersion(s)
		case foldEqual(s, "h2"), foldEqual(s, "h2c"):
			version = "2"
		case foldEqual(s, "h3"), foldEqual(s, "quic"):
			version = "3"
		case foldEqual(s, "spdy"):
			return "spdy", "", true
		}
	}
	if version == "" {
		return "", "", false
	}
	return "http", version, true
}

// httpVersion is the convention's text of an HTTP version, "" if there is no such version.
func httpVersion(s string) string {
	switch s {
	case "0.9", "1.0", "1.1", "2", "3":
		return s
	case "2.0", "3.0":
		return s[:1]
	}
	return ""
}

// foldEqual compares s with lower, which is lower-case ASCII, ignoring ASCII case.
func foldEqual(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(s) {
		if lowerByte(s[i]) != lower[i] {
			return false
		}
	}
	return true
}

func lowerByte(c byte) byte {
	if c-'A' <= 'Z'-'A' {
		c |= 0x20
	}
	return c
}
