package gateway

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
)

// RedactLogs hides the secrets of URLs in every text of log records and their resources, nested ones included. [Engine.Logs]
// leaves alone what it has no rule for: an emitter of OTLP chose those attributes. A receiver that writes a gateway's own
// messages down whole, with custom tags, metadata and fields that nobody chose to show, calls this behind it.
func (e *Engine) RedactLogs(ld plog.Logs) {
	w := e.begin()
	defer w.end()
	for _, rl := range ld.ResourceLogs().All() {
		w.cleanAttributes(rl.Resource().Attributes())
		for _, sl := range rl.ScopeLogs().All() {
			for _, rec := range sl.LogRecords().All() {
				w.cleanAttributes(rec.Attributes())
			}
		}
	}
}

func (w *work) cleanAttributes(m pcommon.Map) {
	for key, v := range m.All() {
		if m.Len() > maxAttributes/4 || !isHeader(key) { // every header was cleaned, but for those behind the last that is looked at
			w.cleanNested(v, 0)
		}
	}
}

func isHeader(key string) bool {
	return strings.HasPrefix(key, attrs.HTTPRequestHeader) || strings.HasPrefix(key, attrs.HTTPResponseHeader)
}

// cleanNested is for values whose depth their decoder bounds, below maxDepth.
func (w *work) cleanNested(v pcommon.Value, depth int) {
	if depth > maxDepth {
		return
	}
	switch v.Type() {
	case pcommon.ValueTypeStr:
		if clean := w.cleanText(v.Str()); clean != v.Str() {
			v.SetStr(clean)
		}
	case pcommon.ValueTypeMap:
		for _, e := range v.Map().All() {
			w.cleanNested(e, depth+1)
		}
	case pcommon.ValueTypeSlice:
		for _, e := range v.Slice().All() {
			w.cleanNested(e, depth+1)
		}
	}
}
