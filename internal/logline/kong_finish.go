package logline

import (
	"encoding/hex"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// finish settles what several fields decide together, once all of them have been read.
func (p *kongParser) finish() KongRecord {
	var rec KongRecord
	if f := p.get(noteStarted); f != nil {
		rec.UnixNano = unixNanoOfMillis(f)
		rec.whole = p.noted[noteLatency] != 0
	}
	p.settleTries()
	p.settleUpstream()
	p.settleTraceID()
	for _, n := range [...]kongNote{noteUpstreamReceived, noteUpstreamSent} {
		if f := p.get(n); f != nil {
			sumOfList(f)
		}
	}
	subsystem := "http"
	if p.noted[noteSession] != 0 {
		subsystem = "stream"
		switch p.protocol {
		case "udp":
			p.more("stream_protocol", "udp")
		case "tcp", "tls", "tls_passthrough":
			p.more("stream_protocol", "tcp")
		}
	} else if p.paths == 1 && p.path != "" {
		// With several paths the serializer does not tell which one matched.
		p.more("kong.route.path", p.path)
	}
	p.more("kong.subsystem", subsystem)
	p.more("log.type", "access")
	rec.Summary = p.summary()
	return rec
}

// get returns the field of a note, nil when it was not there.
func (p *kongParser) get(n kongNote) *kongField {
	if at := p.noted[n]; at != 0 {
		return &p.out[at-1]
	}
	return nil
}

// more appends a text that is not in the object. It has room whatever the object held.
func (p *kongParser) more(key, value string) {
	p.slot(key, pcommon.ValueTypeStr).str = value
}

// settleTries says how often and where the request was sent. The last try is the one that counted.
func (p *kongParser) settleTries() {
	if !p.hasTries {
		return
	}
	p.slot("kong.upstream.tries", pcommon.ValueTypeInt).num = int64(p.tries)
	for _, last := range [...]struct {
		at  int32
		key string
	}{{p.lastIP, "kong.upstream.ip"}, {p.lastPort, "kong.upstream.port"}} {
		if last.at != 0 {
			f := p.out[last.at-1]
			f.key = last.key
			p.out = append(p.out, f)
		}
	}
}

// settleUpstream takes back what the serializer says about an upstream that had no part in the answer
// (Kong 3.9.3, recorded):
//
//   - upstream_uri is there for requests that were never sent (401, 429), and so are times: 0 and 1 ms for an answer out
//     of the cache, the whole wait for an upload that broke off;
//   - upstream_status is nginx's own 502 or 504 for a failed try that got no answer, "" when nothing was sent, and "-"
//     when the client hung up first;
//   - source is "upstream" for a client that hung up and for an upload that broke off.
func (p *kongParser) settleUpstream() {
	status, source := p.get(noteUpstreamStatus), p.get(noteSource)
	if status == nil {
		return // not Kong's, or an operator took it out
	}
	answered := status.kind != pcommon.ValueTypeStr || status.str != "" && lastOfList(status.str) != "-"
	sent := (status.kind != pcommon.ValueTypeStr || status.str != "") && (!p.hasTries || p.tries > 0)
	if !sent {
		p.takeBack(noteUpstreamURI)
		p.takeBack(noteProxy)
		p.takeBack(noteReceive)
	}
	switch {
	case !answered:
		p.takeBack(noteUpstreamStatus)
		if source != nil && source.str == "upstream" {
			p.takeBack(noteSource)
		}
	case p.lastState == 0 || source != nil && source.str == "upstream":
		// A real answer of the upstream; it may be one that Kong counts as failed.
	case source != nil || p.nginxFailure():
		p.takeBack(noteUpstreamStatus)
	}
}

// nginxFailure tells the codes nginx gives a try that got no answer. Before 3.6 there is no source to tell them from
// the same codes of an upstream.
func (p *kongParser) nginxFailure() bool {
	if p.lastCode == 0 {
		return false
	}
	code := p.out[p.lastCode-1].num
	return code == 502 || code == 504
}

func (p *kongParser) takeBack(n kongNote) {
	if f := p.get(n); f != nil {
		f.kind = pcommon.ValueTypeEmpty
	}
}

// lastOfList is the last element of nginx' lists of tries, "502, 200", or "502 : 200" after an internal redirect.
func lastOfList(s string) string {
	if i := strings.LastIndexByte(s, ' '); i >= 0 {
		return s[i+1:]
	}
	return s
}

// sumOfList makes the bytes of all tries, "0, 512", one number. A single one is a number already.
func sumOfList(f *kongField) {
	if f.kind != pcommon.ValueTypeStr {
		return
	}
	var sum int64
	for part := range strings.FieldsFuncSeq(f.str, func(r rune) bool { return r == ',' || r == ' ' || r == ':' }) {
		n, ok := parse.Int(part)
		if !ok || n < 0 || sum+n < 0 {
			return
		}
		sum += n
	}
	f.kind, f.num = pcommon.ValueTypeInt, sum
}

// The formats of trace_id, in order of trust. Zipkin's and the OpenTelemetry plugin's propagation write one of them, or
// several spellings of one id.
const (
	traceW3C = iota
	traceB3
	traceJaeger
	traceOT
	traceAWS
	traceGCP
	traceInstana
	traceDatadog
	traceFormats
)

const traceIDKey = "kong.trace_id"

var traceNames = [traceFormats]string{"w3c", "b3", "jaeger", "ot", "aws", "gcp", "instana", "datadog"}

func traceFormat(name string) (int, bool) {
	for i, n := range traceNames {
		if n == name {
			return i, true
		}
	}
	return 0, false
}

// settleTraceID writes the first id that is one, as 32 hexadecimal digits. Other spellings of it are dropped; what
// contradicts it or cannot be read stays under its own key.
func (p *kongParser) settleTraceID() {
	var chosen [16]byte
	for format, s := range p.traces {
		if s == "" {
			continue
		}
		id, ok := traceOf(format, s)
		switch {
		case ok && chosen == [16]byte{}:
			chosen = id
			p.more(traceIDKey, traceText(format, s, id))
		case !ok || !sameTrace(chosen, id):
			p.more(p.join(traceIDKey+".", traceNames[format]), s)
		}
	}
}

// traceOf reads one id. Datadog's is the low half in decimal.
func traceOf(format int, s string) (id [16]byte, ok bool) {
	if format != traceDatadog {
		return parse.TraceID(s)
	}
	low, err := strconv.ParseUint(s, 10, 64)
	if err != nil || low == 0 {
		return id, false
	}
	for i := range 8 {
		id[15-i] = byte(low >> (8 * i))
	}
	return id, true
}

func traceText(format int, s string, id [16]byte) string {
	if format != traceDatadog && len(s) == 32 {
		return s
	}
	return hex.EncodeToString(id[:])
}

// sameTrace tells whether two spellings are one id: many formats have its low half only.
func sameTrace(a, b [16]byte) bool {
	half := [8]byte{}
	if [8]byte(a[:8]) == half || [8]byte(b[:8]) == half {
		return [8]byte(a[8:]) == [8]byte(b[8:])
	}
	return a == b
}

// unixNanoOfMillis reads milliseconds since the epoch, 0 when they are none.
func unixNanoOfMillis(f *kongField) int64 {
	const most = (1<<63 - 1) / 1_000_000
	switch f.kind {
	case pcommon.ValueTypeInt:
		if f.num > 0 && f.num <= most {
			return f.num * 1_000_000
		}
	case pcommon.ValueTypeDouble:
		if ms := f.double(); ms > 0 && ms < most {
			whole := int64(ms)
			return whole*1_000_000 + int64((ms-float64(whole))*1e6)
		}
	}
	return 0
}

// summary is "GET /any 200 4ms"; parts that are not there are left out.
func (p *kongParser) summary() string {
	method, uri, status, total := p.get(noteMethod), p.get(noteURI), p.get(noteStatus), p.get(noteTotal)
	if method == nil && uri == nil && status == nil {
		return ""
	}
	b := p.scratch[:0]
	for _, f := range [...]*kongField{method, uri, status} {
		if f == nil || f.kind == pcommon.ValueTypeStr && f.str == "" {
			continue
		}
		if len(b) > 0 {
			b = append(b, ' ')
		}
		if f == uri {
			path, _ := parse.SplitTarget(f.str)
			b = append(b, path...)
		} else {
			b = f.appendTo(b)
		}
	}
	if total != nil {
		b = append(b, ' ')
		b = append(total.appendTo(b), "ms"...)
	}
	p.scratch = b
	return string(b)
}

func (f *kongField) appendTo(b []byte) []byte {
	switch f.kind {
	case pcommon.ValueTypeInt:
		return strconv.AppendInt(b, f.num, 10)
	case pcommon.ValueTypeDouble:
		return strconv.AppendFloat(b, f.double(), 'g', -1, 64)
	}
	return append(b, f.str...)
}
