package gateway

import (
	"errors"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/logline"
)

// scopeLogs rewrites the records of one scope.
func (w *work) scopeLogs(sl plog.ScopeLogs, stats *Stats) {
	of := w.p
	for _, rec := range sl.LogRecords().All() {
		w.rewriteRecord(rec, stats)
		if w.p != of { // a line told more about this record than its scope did
			w.p, w.stats = of, stats.of(of.ID)
		}
	}
}

// rewriteRecord is the path of one log record. A record of a gateway tells of a request that the gateway
// served, so its attributes are read as a server span's.
func (w *work) rewriteRecord(rec plog.LogRecord, stats *Stats) {
	w.reset(ptrace.SpanKindUnspecified, signalLog)
	w.rec = rec
	if s := rec.SeverityText(); !utf8.ValidString(s) {
		rec.SetSeverityText(w.valid(s))
	}
	if s := rec.EventName(); !utf8.ValidString(s) {
		rec.SetEventName(w.valid(s))
	}
	w.body(rec, stats)
	if !w.p.generic {
		w.kind = ptrace.SpanKindServer
	}
	w.scan(rec.Attributes())
	w.derive()
	w.settleMessage(ptrace.Status{}, false)
	w.fillIDs()
	w.fillEventName()
	if !w.p.generic {
		w.finishRecord(rec)
	}
	if w.writes() {
		w.changed = true
		w.apply(rec.Attributes())
	}
	if w.ev.dropped && w.ev.parsed && rec.Body().Type() != pcommon.ValueTypeEmpty {
		pcommon.NewValueEmpty().CopyTo(rec.Body()) // the line repeats what had to go
		w.changed = true
	}
	if w.ev.parsed {
		w.changed = w.mended || !sameRecord(w.before, rec)
	}
	w.close()
}

// sameRecord tells whether a record is what it was before. A line is read again as long as nothing on its record
// proves that it was read, so what was done to its fields on the way proves nothing either: only the end counts.
func sameRecord(a, b plog.LogRecord) bool {
	return a.Timestamp() == b.Timestamp() && a.TraceID() == b.TraceID() && a.SpanID() == b.SpanID() &&
		a.SeverityNumber() == b.SeverityNumber() && a.SeverityText() == b.SeverityText() &&
		a.EventName() == b.EventName() && a.Attributes().Equal(b.Attributes()) && a.Body().Equal(b.Body())
}

// body turns an access log line into attributes, named as the gateway names them; scan then treats them like
// attributes that were sent. The body itself stays, with secrets hidden.
func (w *work) body(rec plog.LogRecord, stats *Stats) {
	body := rec.Body()
	switch body.Type() {
	case pcommon.ValueTypeStr:
		if s := body.Str(); !utf8.ValidString(s) {
			body.SetStr(w.valid(s))
		}
		if w.e.opts.LogBodies == LogBodiesParse && !w.hasRequest(rec.Attributes()) {
			w.line(rec, body.Str(), stats)
			if w.ev.parsed {
				w.hideInLine(body)
			}
		}
		if !w.p.generic {
			if clean, changed := w.e.redact.Text(body.Str()); changed {
				body.SetStr(clean)
				w.changed = true
			}
		}
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
		w.repairNested(body, 0)
		if body.Type() == pcommon.ValueTypeMap && w.e.opts.LogBodies == LogBodiesParse && !w.hasRequest(rec.Attributes()) {
			fields := pcommon.NewMap()
			body.Map().CopyTo(fields)
			w.adopt(rec, fields, logline.FormatJSON, stats)
		}
		if !w.p.generic {
			w.hideNested(body, 0)
		}
	}
}

// hideNested hides secrets in the strings of a structured value, and the values of members named like a
// header that holds a credential.
func (w *work) hideNested(v pcommon.Value, depth int) {
	if depth == maxDepth {
		return
	}
	switch v.Type() {
	case pcommon.ValueTypeStr:
		if clean, changed := w.e.redact.Text(v.Str()); changed {
			v.SetStr(clean)
			w.changed = true
		}
	case pcommon.ValueTypeMap:
		for key, e := range v.Map().All() {
			if len(key) <= 64 && w.e.secrets[strings.ToLower(key)] {
				if e.Str() != redacted {
					e.SetStr(redacted)
					w.changed = true
				}
				continue
			}
			w.hideNested(e, depth+1)
		}
	case pcommon.ValueTypeSlice:
		for _, e := range v.Slice().All() {
			w.hideNested(e, depth+1)
		}
	}
}

// hasRequest tells whether the attributes already tell of a request: then the body only repeats them.
func (w *work) hasRequest(m pcommon.Map) bool {
	for key := range m.All() {
		if strings.HasPrefix(key, "gateway.") {
			return true // we have been here
		}
		if info := w.p.items.get(key); info != nil {
			if r := info.rules[signalLog][ptrace.SpanKindServer]; r != 0 {
				switch w.p.rules[r-1].op {
				case OpMethod, OpStatus, OpURL, OpTarget, OpFlavor:
					return true
				}
			}
		}
	}
	return false
}

// line parses one access log line.
func (w *work) line(rec plog.LogRecord, line string, stats *Stats) {
	format := logline.Sniff(line)
	if format == logline.FormatUnknown {
		return
	}
	fields := pcommon.NewMap()
	nanos, err := logline.Parse(format, line, fields)
	if err != nil {
		// Other programs' lines may look alike: a broken one counts where a gateway is known to write it.
		if !errors.Is(err, logline.ErrNotAccessLog) && (!w.p.generic || format != logline.FormatJSON) {
			w.fail(ReasonLine)
		}
		return
	}
	if !w.adopt(rec, fields, format, stats) {
		return
	}
	if nanos > 0 && rec.Timestamp() == 0 {
		rec.SetTimestamp(pcommon.Timestamp(nanos))
		w.changed = true
	}
}

// bodies names the parsers' formats as profiles do.
var bodies = map[logline.Format]Body{
	logline.FormatEnvoyText:        BodyEnvoyText,
	logline.FormatIstioText:        BodyIstioText,
	logline.FormatJSON:             BodyJSON,
	logline.FormatAgentgatewayText: BodyAgentgatewayText,
	logline.FormatNginxCombined:    BodyNginx,
	logline.FormatIngressNginx:     BodyIngressNginx,
	logline.FormatTraefikCommon:    BodyTraefik,
}

// adopt makes the fields of a line attributes of the record, if they are a gateway's.
func (w *work) adopt(rec plog.LogRecord, fields pcommon.Map, format logline.Format, stats *Stats) bool {
	if w.p.generic {
		p := w.e.detector.fields(fields)
		if p == nil && format != logline.FormatJSON {
			p = w.e.byBody[bodies[format]]
		}
		if p == nil {
			return false
		}
		w.p, w.stats = p, stats.of(p.ID)
	} else if format == logline.FormatJSON && !w.hasRequest(fields) {
		return false // the gateway's own log, not its access log
	}
	w.mended, w.before = w.changed, plog.NewLogRecord()
	rec.CopyTo(w.before)
	to := rec.Attributes()
	had := to.Len()
	w.arrived = int32(min(had, maxAttributes))
	to.EnsureCapacity(had + fields.Len())
	w.adoptInto(to, fields, "", had > 0, 0)
	w.ev.parsed = true
	return true
}

// adoptInto moves fields over; what the record already has stays. Nested objects are flattened where the
// gateway's rules name them so.
func (w *work) adoptInto(to, fields pcommon.Map, prefix string, check bool, depth int) {
	for key, v := range fields.All() {
		if to.Len() >= maxAttributes {
			w.fail(ReasonTooMany)
			return
		}
		if v.Type() == pcommon.ValueTypeMap && w.p.Logs.Flatten && depth < 4 {
			w.adoptInto(to, v.Map(), prefix+key+".", check, depth+1)
			continue
		}
		if _, exists := to.Get(prefix + key); check && exists {
			continue
		}
		v.MoveTo(to.PutEmpty(prefix + key))
	}
}

// finishRecord derives what an access log record says as a whole.
func (w *work) finishRecord(rec plog.LogRecord) {
	if w.p.Logs.TimeObserved && len(w.fields) > 0 && rec.Timestamp() == 0 && rec.ObservedTimestamp() != 0 {
		rec.SetTimestamp(rec.ObservedTimestamp())
		w.changed = true
	}
	code, hasCode := w.statusCode()
	if !hasCode && !w.ev.noResponse && w.field(slotMethod) == nil {
		w.connection()
		return // nothing says how a request ended
	}
	v := w.judge()
	if v.failed && v.errorType != "" && w.field(slotErrorType) == nil {
		w.emitStr(slotErrorType, v.errorType, prioDerived)
	}
	severity, text := plog.SeverityNumberInfo, "INFO"
	switch {
	case v.failed:
		severity, text = plog.SeverityNumberError, "ERROR"
	case code >= 400:
		severity, text = plog.SeverityNumberWarn, "WARN"
	}
	if now := rec.SeverityNumber(); now == plog.SeverityNumberUnspecified || w.p.Logs.SeverityFixed && now < severity {
		rec.SetSeverityNumber(severity)
		rec.SetSeverityText(text)
		w.changed = true
	}
}

// connection gives the sizes and the duration of a record that tells of no HTTP request their own names: a
// TCP proxy logs the same operators.
func (w *work) connection() {
	if w.field(slotPath) != nil || w.field(slotRPCStatus) != nil {
		return
	}
	for _, s := range [...][2]slot{
		{slotRequestBody, slotConnectionReceived},
		{slotResponseBody, slotConnectionSent},
		{slotRequestDuration, slotConnectionDuration},
	} {
		if f := w.field(s[0]); f != nil && f.state == fieldPending {
			moved := *f
			f.state = fieldGone
			moved.slot = s[1]
			w.emit(&moved)
		}
	}
}
