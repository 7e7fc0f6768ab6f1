package parse

import "strings"

// HostPort cuts "host", "host:port", "[v6]:port", "[v6]" and bare IPv6 ("fe80::1") into host and port; port is 0 when
// none is written. Brackets are taken off an IPv6 address only. A unix socket ("/run/x.sock", "@abstract", "unix:/x",
// and nginx's "unix:" for a peer without a name) is returned whole, with port 0.
//
// ok is false, with zero results, for an empty host, a port that is not 1..65535, brackets or colons that do not fit
// together, and bytes no host has: spaces, control bytes and the delimiters of a URL, so that a list of addresses or a
// whole URL never passes for a host.
func HostPort(s string) (host string, port int, ok bool) {
	if isUnixPath(s) {
		return s, 0, true
	}
	colons, colon := 0, 0
	for i := range len(s) {
		if c := class[s[i]]; c&(classColon|classHostNever) != 0 {
			if c&classHostNever != 0 {
				return "", 0, false
			}
			colons++
			colon = i
		}
	}
	host, port, ok = cutPort(s, colons, colon, false)
	if !ok || host == "" {
		return "", 0, false
	}
	return host, port, true
}

// cutPort cuts an authority without userinfo. colons counts its ':', colon is the offset of the last one (any value if
// there is none). emptyPort says whether "host:" is allowed, as RFC 3986 section 3.2.3 does in a URL.
func cutPort(s string, colons, colon int, emptyPort bool) (host string, port int, ok bool) {
	var text string
	switch {
	case s != "" && s[0] == '[':
		end := strings.IndexByte(s, ']')
		if end < 2 {
			return "", 0, false
		}
		host = s[:end+1]
		if isIPv6(s[1:end]) {
			host = s[1:end]
		}
		if end+1 == len(s) {
			return host, 0, true
		}
		if s[end+1] != ':' {
			return "", 0, false
		}
		text = s[end+2:]
	case colons == 0:
		return s, 0, true
	case colons == 1:
		host, text = s[:colon], s[colon+1:]
	default:
		return s, 0, isIPv6(s)
	}
	if text == "" {
		return host, 0, emptyPort
	}
	port, ok = parsePort(text)
	return host, port, ok
}

// parsePort reads 1..65535 in decimal; leading zeros are allowed as in RFC 3986.
func parsePort(s string) (port int, ok bool) {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		port = port*10 + int(s[i]-'0')
		if port > 65535 {
			return 0, false
		}
	}
	return port, port > 0
}

func isUnixPath(s string) bool {
	if s == "" {
		return false
	}
	if s[0] == '/' || s[0] == '@' {
		return true
	}
	return strings.HasPrefix(s, "unix:") && (len(s) == 5 || s[5] == '/' || s[5] == '@')
}
