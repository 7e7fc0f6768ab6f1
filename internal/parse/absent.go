package parse

import "strings"

// Absent tells whether a text stands where a value would and says that there is none: empty, a dash alone, or a
// variable that nobody expanded.
func Absent(s string) bool {
	return s == "" || s == "-" || Unexpanded(s)
}

// Unexpanded tells whether the whole of a text is a variable as its author wrote it: "$(NAME)", which Kubernetes leaves
// when there is no such variable; "${NAME}" of shells, Helm and envsubst; and "%COMMAND%" or "%COMMAND(argument):9%",
// which Envoy expands in formats only and not in the resource attributes of its OTLP access log (Envoy 1.40.0,
// source/common/formatter/substitution_formatter.cc).
func Unexpanded(s string) bool {
	if len(s) < 3 {
		return false
	}
	switch inner := s[1 : len(s)-1]; s[0] {
	case '$':
		return inner[0] == '(' && s[len(s)-1] == ')' || inner[0] == '{' && s[len(s)-1] == '}'
	case '%':
		return s[len(s)-1] == '%' && isCommand(inner)
	}
	return false
}

// isCommand reads an Envoy command without its percent signs: NAME, then "(argument)" and ":length" where it has them.
// A percent-encoded text such as "%2F%" is none: commands begin with a letter and hold no small ones.
func isCommand(s string) bool {
	if s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	n := 1
	for n < len(s) && (s[n] >= 'A' && s[n] <= 'Z' || s[n] >= '0' && s[n] <= '9' || s[n] == '_') {
		n++
	}
	s = s[n:]
	if strings.HasPrefix(s, "(") {
		end := strings.LastIndexByte(s, ')')
		if end < 0 {
			return false
		}
		s = s[end+1:]
	}
	if s == "" {
		return true
	}
	if s[0] != ':' || len(s) == 1 {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// UnknownService tells whether a service.name is what an SDK writes when nobody named the service: "unknown_service",
// or that and the name of the program (OpenTelemetry resource semantic conventions 1.45.0, "Service").
func UnknownService(name string) bool {
	rest, ok := strings.CutPrefix(name, "unknown_service")
	return ok && (rest == "" || rest[0] == ':')
}
