package logline

import (
	"errors"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// ErrNotAccessLog says that a line is a well-formed log line of the gateway but not an access log: agentgateway
// writes everything it logs to one stream. Such lines pass through; they are not failures.
var ErrNotAccessLog = errors.New("not an access log line")

// errUnknownFormat is returned for FormatUnknown and for numbers that are no format.
var errUnknownFormat = errors.New("unknown access log format, want one of envoy_text, istio_text, json, " +
	"agentgateway_text, nginx_combined, ingress_nginx, traefik_common, kong_json")

// Parse reads one line of the given format into attrs, an empty map. A line ending is allowed.
//
// Keys are the gateway's own: those of the format's JSON variant where it has one. Text is Str, numbers that
// the format defines as numbers are Int or Double (Str when they do not parse as such), and a field whose
// value is the format's mark for "absent" gets no attribute.
//
// unixNano is the time the line states, in nanoseconds since the epoch: the start of the request for Envoy, Istio,
// Traefik and Kong's JSON, the end for the others. It is always 0 for FormatJSON, where the meaning and the notation of a time
// depend on who wrote it; its text stays an attribute.
//
// On error attrs is empty. The error tells the format, what was expected and at which byte, and never quotes
// the line, which may hold secrets. It is [ErrNotAccessLog] for a line of another kind.
func Parse(f Format, line string, attrs pcommon.Map) (unixNano int64, err error) {
	line = trimNewline(line)
	switch f {
	case FormatEnvoyText, FormatIstioText:
		unixNano, err = parseEnvoy(f, line, attrs)
	case FormatJSON:
		err = parseJSON(line, attrs)
	case FormatAgentgatewayText:
		unixNano, err = parseAgentgateway(line, attrs)
	case FormatNginxCombined:
		unixNano, err = parseNginx(line, attrs)
	case FormatIngressNginx:
		unixNano, err = parseIngressNginx(line, attrs)
	case FormatTraefikCommon:
		unixNano, err = parseTraefik(line, attrs)
	case FormatKong:
		unixNano, err = parseKong(line, attrs)
	case FormatUnknown:
		err = errUnknownFormat
	default:
		err = errUnknownFormat
	}
	if err != nil {
		attrs.Clear()
		return 0, err
	}
	return unixNano, nil
}

// syntaxError is a line that does not have the shape of its format.
type syntaxError struct {
	format Format
	offset int    // bytes from the start of the line
	want   string // what should stand there
}

func (e *syntaxError) Error() string {
	return e.format.String() + " line: want " + e.want + " at byte " + strconv.Itoa(e.offset)
}
