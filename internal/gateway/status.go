package gateway

import (
	"cmp"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// outcome reads what an attribute says about how the request ended. status.go's finish puts it together.
func (w *work) outcome(r *rule, i int32, v pcommon.Value) {
	s := v.Str()
	switch r.op {
	case OpError:
		switch {
		case v.Type() == pcommon.ValueTypeBool:
			w.ev.flag = v.Bool()
		case v.Type() != pcommon.ValueTypeStr:
			w.fail(ReasonType)
			return
		case s == "" || strings.EqualFold(s, "false"):
		case strings.EqualFold(s, "true"):
			w.ev.flag = true
		default:
			w.ev.flag, w.ev.errorText = true, s
		}
		if w.signal == signalLog && w.p.generic {
			return
		}
		w.consumed(r, i)
	case OpErrorText:
		if v.Type() != pcommon.ValueTypeStr {
			w.fail(ReasonType)
			return
		}
		if s == "" {
			w.drop(i)
			return
		}
		w.ev.errorText = w.cleanText(s)
		w.toSlot(r, i, v, r.to[0], w.ev.errorText)
	case OpErrorType:
		if w.ev.errorReason == "" || !r.yield {
			w.ev.errorReason, _, _ = strings.Cut(s, ",")
		}
		if len(r.To) > 0 {
			w.move(r, i, v, r.to[0])
		}
	case OpCanceled:
		w.ev.canceled = s == "true" || v.Bool()
	case OpStatusMessage:
		if w.ev.statusMessage == "" {
			w.ev.statusMessage, w.ev.statusMessageAt = v.AsString(), i
		}
	case OpStatusCode:
		switch strings.ToUpper(s) {
		case "ERROR":
			w.ev.flag = true
		case "OK":
		default:
			w.fail(ReasonStatus)
			return
		}
		w.consumed(r, i)
	}
}

// statusTexts are the status codes as strings, so that error.type costs no allocation.
var statusTexts = func() (out [600]string) {
	for i := range out {
		out[i] = strconv.Itoa(i)
	}
	return out
}()

// verdict is how an item's request ended.
type verdict struct {
	failed    bool
	errorType string
}

// judge applies the HTTP and RPC rules to what is known (semantic conventions 1.45.0, http-spans "Status" and
// rpc-spans "Status").
func (w *work) judge() verdict {
	code, hasCode := w.statusCode()
	rpc := w.text(slotRPCStatus)
	client := w.kind == ptrace.SpanKindClient
	switch {
	case w.ev.jsonRPC != "" && w.signal == signalSpan: // MCP conventions: a JSON-RPC error is one of the call
		return verdict{true, w.ev.jsonRPC}
	case rpcFails(rpc, w.kind):
		return verdict{true, rpc}
	case hasCode && (code >= 500 || client && code >= 400):
		return verdict{true, statusTexts[min(code, 599)]}
	case hasCode || rpc != "":
		return verdict{}
	case w.gaveUp():
		return verdict{}
	case w.ev.noResponse && (client || w.kind == ptrace.SpanKindServer):
		return verdict{true, w.reason()}
	case w.kind == ptrace.SpanKindServer && w.p.Spans.NoStatusNoResponse && w.field(slotMethod) != nil:
		return verdict{true, w.reason()}
	case w.ev.flag && !w.ev.canceled:
		return verdict{true, w.ev.errorReason}
	}
	return verdict{}
}

// gaveUp tells an attempt that got no answer because the gateway itself gave it up: a hedge that lost, a client that
// left. That is no error (semantic conventions 1.41).
func (w *work) gaveUp() bool {
	_, hasCode := w.statusCode()
	return w.kind == ptrace.SpanKindClient && w.ev.canceled && w.ev.errorReason == "" && !hasCode && w.text(slotRPCStatus) == ""
}

// statusCode is the HTTP status code, if it is one.
func (w *work) statusCode() (int64, bool) {
	code, ok := w.int(slotStatus)
	return code, ok && code >= 100 && code <= 599
}

// reason is error.type where no code tells.
func (w *work) reason() string {
	if w.ev.errorReason != "" {
		return w.ev.errorReason
	}
	return otherMethod
}

// finishStatus fills an unset span status and error.type. What the emitter decided stays.
func (w *work) finishStatus(span ptrace.Span) {
	if w.p.generic {
		w.officialStatus(span)
		return
	}
	status := span.Status()
	if w.e.opts.SpanStatus == SpanStatusKeep {
		w.settleMessage(status, status.Code() == ptrace.StatusCodeError)
		return
	}
	if status.Code() == ptrace.StatusCodeOk && w.p.Spans.OKIsDefault {
		status.SetCode(ptrace.StatusCodeUnset)
		w.changed = true
	}
	v := w.judge()
	if w.p.Spans.CanceledIsUnset && w.gaveUp() && status.Code() == ptrace.StatusCodeError && status.Message() == "" &&
		w.field(slotErrorType) == nil {
		status.SetCode(ptrace.StatusCodeUnset)
		w.changed = true
	}
	if !v.failed && w.threw(span) {
		v = verdict{true, otherMethod}
	}
	if v.failed && status.Code() == ptrace.StatusCodeUnset {
		status.SetCode(ptrace.StatusCodeError)
		w.changed = true
	}
	failed := status.Code() == ptrace.StatusCodeError
	if failed {
		if v.errorType == "" || v.errorType == otherMethod {
			v.errorType = cmp.Or(w.exceptionType(span), v.errorType)
		}
		if v.errorType == "" { // the emitter knew more than the rules: its word, else the code
			v.errorType = w.ev.errorReason
			if code, ok := w.statusCode(); ok && v.errorType == "" && code >= 400 {
				v.errorType = statusTexts[min(code, 599)]
			}
		}
		if v.errorType != "" && w.field(slotErrorType) == nil {
			w.emitStr(slotErrorType, v.errorType, prioDerived)
		}
		w.settleErrorText(status)
	}
	w.settleMessage(status, failed)
	w.settleStatusMessage(status, failed)
}

// settleStatusMessage moves an error text into the status of a failed span. On any other span it stays an
// attribute: there is no place for it.
func (w *work) settleStatusMessage(status ptrace.Status, failed bool) {
	if w.ev.statusMessage == "" || !failed || status.Message() != "" && status.Message() != w.ev.statusMessage {
		return
	}
	if status.Message() == "" {
		status.SetMessage(w.ev.statusMessage)
		w.changed = true
	}
	if w.e.replace {
		w.drop(w.ev.statusMessageAt)
	}
}

// threw tells a client span whose request ended in an exception instead of a response.
func (w *work) threw(span ptrace.Span) bool {
	_, hasCode := w.int(slotStatus)
	return w.kind == ptrace.SpanKindClient && !hasCode && w.field(slotMethod) != nil && exception(span) != nil
}

// exception returns the attributes of the span's first exception event.
func exception(span ptrace.Span) *pcommon.Map {
	for _, event := range span.Events().All() {
		if event.Name() == "exception" {
			m := event.Attributes()
			return &m
		}
	}
	return nil
}

func (w *work) exceptionType(span ptrace.Span) string {
	if m := exception(span); m != nil {
		for _, key := range [...]string{"exception.type", "error.kind"} { // OpenTracing's name for it
			if v, ok := m.Get(key); ok {
				return w.valid(v.Str())
			}
		}
	}
	return ""
}

// settleErrorText makes a gateway's own words the status message of a failed span.
func (w *work) settleErrorText(status ptrace.Status) {
	switch status.Message() {
	case "":
		if w.ev.errorText == "" || w.dropsTexts() {
			return
		}
		status.SetMessage(w.ev.errorText)
		w.changed = true
	case w.ev.errorText:
	default:
		return
	}
	if f := w.field(slotErrorMessage); f != nil && f.state == fieldPending {
		f.state = fieldGone
	}
}

// officialStatus is the OpenTracing and non-OTLP part, for emitters no profile knows.
func (w *work) officialStatus(span ptrace.Span) {
	status := span.Status()
	if w.ev.flag && status.Code() == ptrace.StatusCodeUnset {
		status.SetCode(ptrace.StatusCodeError)
		w.changed = true
	}
	failed := status.Code() == ptrace.StatusCodeError
	if failed && w.ev.errorText != "" && status.Message() == "" {
		status.SetMessage(w.ev.errorText)
		w.changed = true
	}
	w.settleStatusMessage(status, failed)
	w.settleMessage(status, failed)
}
