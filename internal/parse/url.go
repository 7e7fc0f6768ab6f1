package parse

import "strings"

// URL is an absolute URL cut into slices of the input. Nothing is decoded or changed in case.
type URL struct {
	Scheme   string // as written, never empty after a successful SplitURL
	Userinfo string // without the '@'; "" if there is none or an empty one
	Host     string // IPv6 without brackets, other names as written; "" possible ("file:///x")
	Port     int    // 1..65535; 0: none written
	Path     string // with the leading '/'; "" possible
	Query    string // without '?'
	HasQuery bool   // tells "/p?" from "/p"
	Fragment string // without '#'
}

// SplitURL cuts an absolute URL, "scheme://authority/path?query#fragment", by the component rules of RFC 3986
// section 3 and validates no more than it must, because the writers do not: Envoy joins scheme, "://", authority and
// path as the client sent them (Envoy 1.40.0, source/common/http/utility.cc, buildOriginalUri), Kong does the same with
// the raw request URI.
//
// ok is false, and u zero, when there is no scheme followed by "://", when the authority holds a space or control
// byte, when the port is not empty and not 1..65535, and when brackets or colons of the host do not fit together. The
// authority ends at the first '/', '?' or '#', the userinfo at its last '@'. Brackets are taken off an IPv6 address
// only; a zone stays percent-encoded as written.
func SplitURL(s string) (u URL, ok bool) {
	i := 0
	for i < len(s) && class[s[i]]&classScheme != 0 {
		i++
	}
	if i == 0 || len(s)-i < 3 || s[i] != ':' || s[i+1] != '/' || s[i+2] != '/' || s[0]|0x20 < 'a' || s[0]|0x20 > 'z' {
		return URL{}, false
	}
	start := i + 3

	host, end := start, len(s)
	colons, colon := 0, 0
	for j := start; j < len(s); j++ {
		c := class[s[j]]
		if c&(classAuthEnd|classUnsafe|classColon|classAt) == 0 {
			continue
		}
		if c&classAuthEnd != 0 {
			end = j
			break
		}
		switch {
		case c&classColon != 0:
			colons++
			colon = j
		case c&classAt != 0:
			host, colons = j+1, 0
		default:
			return URL{}, false
		}
	}

	u.Host, u.Port, ok = cutPort(s[host:end], colons, colon-host, true)
	if !ok {
		return URL{}, false
	}
	u.Scheme = s[:i]
	if host > start {
		u.Userinfo = s[start : host-1]
	}
	tail := s[end:]
	if tail == "" {
		return u, true
	}
	if h := strings.IndexByte(tail, '#'); h >= 0 {
		tail, u.Fragment = tail[:h], tail[h+1:]
	}
	u.Path = tail
	if q := strings.IndexByte(tail, '?'); q >= 0 {
		u.Path, u.Query, u.HasQuery = tail[:q], tail[q+1:], true
	}
	return u, true
}

// SplitTarget cuts a request target into path and query, without the '?' between them. A fragment, which no client
// should send and some do, is removed; a '?' behind the '#' belongs to it. Any text is accepted.
func SplitTarget(s string) (path, query string) {
	if h := strings.IndexByte(s, '#'); h >= 0 {
		s = s[:h]
	}
	if q := strings.IndexByte(s, '?'); q >= 0 {
		return s[:q], s[q+1:]
	}
	return s, ""
}
