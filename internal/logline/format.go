package logline

import "strings"

// Format is one access-log line format.
type Format uint8

// The formats that [Parse] reads.
const (
	// FormatUnknown is no format; [Parse] refuses it.
	FormatUnknown Format = iota
	// FormatEnvoyText is Envoy's default text format.
	FormatEnvoyText
	// FormatIstioText is Istio's default text format: Envoy's with details of the response and the addresses added.
	FormatIstioText
	// FormatJSON is one JSON object per line, flat or nested, whoever wrote it.
	FormatJSON
	// FormatAgentgatewayText is agentgateway's tab-separated header with key=value pairs.
	FormatAgentgatewayText
	// FormatNginxCombined is nginx's combined format, optionally with Kong's request id at its end, and the
	// lines Kong writes into the same file for TCP and UDP sessions.
	FormatNginxCombined
	// FormatIngressNginx is ingress-nginx's upstreaminfo format.
	FormatIngressNginx
	// FormatTraefikCommon is Traefik's common format, and its shorter genericCLF.
	FormatTraefikCommon
	// FormatKong is an object of Kong's log serializer, as its file-log and tcp-log plugins write it.
	FormatKong
)

// String returns the format's name in lower snake case, for configuration, metrics and messages.
func (f Format) String() string {
	switch f {
	case FormatEnvoyText:
		return "envoy_text"
	case FormatIstioText:
		return "istio_text"
	case FormatJSON:
		return "json"
	case FormatAgentgatewayText:
		return "agentgateway_text"
	case FormatNginxCombined:
		return "nginx_combined"
	case FormatIngressNginx:
		return "ingress_nginx"
	case FormatTraefikCommon:
		return "traefik_common"
	case FormatKong:
		return "kong_json"
	case FormatUnknown:
	}
	return "unknown"
}

// sniffHead is how far [Sniff] looks for the date of a Common Log Format line: the client address and the
// user name stand before it, and an X-Forwarded-For list may be long.
const sniffHead = 1024

// Sniff tells the most likely format of a line from its outer shape, without parsing it; FormatUnknown when
// nothing fits. A line that is sniffed may still be refused by [Parse].
//
// Traefik's genericCLF is byte for byte nginx's combined format; Sniff answers FormatNginxCombined for both.
// Istio's own agent starts its log lines as agentgateway does; [Parse] then answers [ErrNotAccessLog].
func Sniff(line string) Format {
	line = trimNewline(line)
	if len(line) < 2 {
		return FormatUnknown
	}
	switch c := line[0]; {
	case c == '{', c == ' ', c == '\t':
		if strings.HasPrefix(strings.TrimLeft(line, " \t"), "{") {
			if isKongJSON(line) {
				return FormatKong
			}
			return FormatJSON
		}
		return FormatUnknown
	case c == '[':
		return sniffEnvoy(line)
	case isDate(line) && sniffAgentgateway(line):
		return FormatAgentgatewayText
	}
	return sniffCLF(line)
}

// sniffEnvoy tells Envoy's access log from Istio's, and both from Envoy's application log, whose lines
// start with "[2026-11-21 13:31:35.615][1][info]".
func sniffEnvoy(line string) Format {
	if !isDate(line[1:]) {
		return FormatUnknown
	}
	end := strings.Index(line, `] "`)
	if end < 0 || end > 40 {
		return FormatUnknown
	}
	if m, ok := findEnvoyMiddle(line, end+3); ok && m.istio {
		return FormatIstioText
	}
	return FormatEnvoyText
}

func sniffAgentgateway(line string) bool {
	tab := strings.IndexByte(line[:min(len(line), 40)], '\t')
	if tab < 20 || line[tab-1] != 'Z' {
		return false
	}
	rest := line[tab+1:]
	return strings.IndexByte(rest[:min(len(rest), 16)], '\t') > 0
}

// sniffCLF tells the formats that descend from the Common Log Format apart by what follows the date and by
// how the line ends.
func sniffCLF(line string) Format {
	open := 0
	head := line[:min(len(line), sniffHead)]
	for {
		i := strings.Index(head[open:], " [")
		if i < 0 {
			return FormatUnknown
		}
		open += i + 2
		if isCLFDate(line[open:]) {
			break
		}
	}
	rest := line[open+clfTimeLen:]
	if !strings.HasPrefix(rest, "] ") || len(rest) < 3 {
		return FormatUnknown
	}
	if rest[2] != '"' {
		if isUpper(rest[2]) {
			return FormatNginxCombined // a stream session: the protocol follows the date
		}
		return FormatUnknown
	}
	switch quote := strings.LastIndexByte(rest, '"'); {
	case quote == len(rest)-1:
		return FormatNginxCombined
	case strings.HasSuffix(rest, "ms"):
		return FormatTraefikCommon
	case strings.IndexByte(rest[quote:], '[') > 0:
		return FormatIngressNginx
	}
	return FormatUnknown
}

// isDate reports whether s starts with "YYYY-MM-DDT".
func isDate(s string) bool {
	if len(s) < 11 || s[4] != '-' || s[7] != '-' || s[10] != 'T' {
		return false
	}
	return allDigits(s[:4]) && allDigits(s[5:7]) && allDigits(s[8:10])
}

// clfTimeLen is the length of "21/Nov/2026:15:22:30 +0000".
const clfTimeLen = 26

// isCLFDate reports whether s starts with the shape of a Common Log Format time.
func isCLFDate(s string) bool {
	return len(s) >= clfTimeLen && s[2] == '/' && s[6] == '/' && s[11] == ':' && s[20] == ' ' &&
		isDigit(s[0]) && isDigit(s[1]) && isDigit(s[7])
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func isUpper(c byte) bool { return c-'A' <= 'Z'-'A' }

// allDigits reports whether s is one decimal digit or more.
func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// trimNewline removes one line ending.
func trimNewline(s string) string {
	s = strings.TrimSuffix(s, "\n")
	return strings.TrimSuffix(s, "\r")
}
