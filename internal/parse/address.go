package parse

import "strings"

// FirstAddress is the left-most element of a comma separated X-Forwarded-For list: the client as the first proxy saw
// it. Empty elements are passed over. Spaces, double quotes, a port and brackets are removed (Azure's gateways and
// RFC 7239 node names carry ports: "192.0.2.1:4711", `"[2001:db8::1]:4711"`); identifiers that are not addresses
// ("unknown", "_hidden", RFC 7239 section 6) come back as they are. "" if the list holds nothing.
//
// The result need not be an address: the header is the client's to invent. Ask [IsIP] where it matters.
func FirstAddress(list string) string {
	for list != "" {
		element := list
		if i := strings.IndexByte(list, ','); i >= 0 {
			element, list = list[:i], list[i+1:]
		} else {
			list = ""
		}
		element = trimSpace(element)
		if element != "" && element[0] == '"' {
			element = element[1:]
		}
		if element != "" && element[len(element)-1] == '"' {
			element = element[:len(element)-1]
		}
		if element = trimSpace(element); element != "" {
			if node := cutNodePort(element); node != "" {
				return node
			}
		}
	}
	return ""
}

// cutNodePort takes port and brackets off one element. What does not have the form of a node is returned unchanged.
func cutNodePort(s string) string {
	if s[0] == '[' {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return s
		}
		if tail := s[end+1:]; tail == "" || tail[0] == ':' && isNodePort(tail[1:]) {
			return s[1:end]
		}
		return s
	}
	colon := strings.IndexByte(s, ':')
	if colon <= 0 || !isNodePort(s[colon+1:]) {
		return s // no port, or an IPv6 address: its tail holds more colons or its head is not all of it
	}
	return s[:colon]
}

// isNodePort reports whether s is a port of RFC 7239 section 6, up to five digits or an obfuscated "_name"; none at
// all, as in "192.0.2.1:", counts as one.
func isNodePort(s string) bool {
	if s != "" && s[0] == '_' {
		return strings.IndexByte(s, ':') < 0
	}
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return len(s) <= 5
}

// trimSpace cuts spaces and control bytes off both ends. strings.TrimSpace knows Unicode spaces, which headers do not
// have, and is slower for it.
func trimSpace(s string) string {
	for s != "" && s[0] <= ' ' {
		s = s[1:]
	}
	for s != "" && s[len(s)-1] <= ' ' {
		s = s[:len(s)-1]
	}
	return s
}
