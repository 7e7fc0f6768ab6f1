package main

import "strings"

// redacted stands where the Collector hid a value.
const redacted = "REDACTED"

// secrets returns the byte ranges of a value from before that the values after it show as REDACTED: values of query
// parameters, and user and password of a URL. The ranges are in order and do not overlap.
func secrets(before string, after []outcome) [][2]int {
	var ranges [][2]int
	hidden := map[string]bool{} // query parameters
	userinfo := false
	for _, a := range after {
		for rest := a.value; ; {
			i := strings.Index(rest, redacted)
			if i < 0 {
				break
			}
			if name, ok := strings.CutSuffix(rest[:i], "="); ok {
				hidden[name[strings.LastIndexAny(name, "?& \"")+1:]] = true
			}
			rest = rest[i+len(redacted):]
			userinfo = userinfo || strings.HasPrefix(rest, "@")
		}
	}
	if userinfo {
		if i := strings.Index(before, "://"); i >= 0 {
			authority := before[i+3:]
			if end := strings.IndexAny(authority, "/?# \""); end >= 0 {
				authority = authority[:end]
			}
			if at := strings.LastIndexByte(authority, '@'); at > 0 && !strings.HasPrefix(authority, redacted) {
				ranges = append(ranges, [2]int{i + 3, i + 3 + at})
			}
		}
	}
	for from := 0; len(hidden) > 0 && from < len(before); {
		// One parameter: from a separator or the start to the next separator.
		end := from + strings.IndexAny(before[from:]+"&", "?&# \"")
		if name, value, ok := strings.Cut(before[from:end], "="); ok && hidden[name] && value != "" && value != redacted {
			ranges = append(ranges, [2]int{end - len(value), end})
		}
		from = end + 1
	}
	return ranges
}
