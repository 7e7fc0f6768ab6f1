package logline

import "strings"

// splitRequest cuts "METHOD target PROTOCOL". The method ends at the first space and the protocol starts after
// the last one, so a target with spaces stays whole. ok is false without two spaces.
func splitRequest(s string) (method, target, protocol string, ok bool) {
	first := strings.IndexByte(s, ' ')
	last := strings.LastIndexByte(s, ' ')
	if first < 0 || last == first {
		return "", "", "", false
	}
	return s[:first], s[first+1 : last], s[last+1:], true
}
