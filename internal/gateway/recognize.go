package gateway

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Recognizer tells a gateway's own telemetry from that of applications, by the evidence of the profiles, before and
// behind an Engine. It is safe for concurrent use.
type Recognizer struct {
	detector *detector
	nothing  items
}

// NewRecognizer returns a recognizer of the gateways that the profiles describe; the conventions' own profile is not a
// gateway. It fails when the profiles have more evidence than an Engine takes.
func NewRecognizer(profiles []Profile) (*Recognizer, error) {
	var gateways []*compiled
	for i := range profiles {
		if profiles[i].ID != Official {
			// Which of two related gateways it is does not matter: without bases the first evidence settles it.
			gateways = append(gateways, &compiled{Profile: Profile{ID: profiles[i].ID, Detect: profiles[i].Detect}})
		}
	}
	d, err := newDetector(gateways)
	if err != nil {
		return nil, err
	}
	return &Recognizer{detector: d, nothing: items{spans: ptrace.NewSpanSlice()}}, nil
}

// Spans tells whether the spans of one scope are a gateway's own.
func (r *Recognizer) Spans(resource pcommon.Map, scope string, spans ptrace.SpanSlice) bool {
	it := items{spans: spans}
	return r.detector.detect(resource, scope, it) != nil || rewritten(it)
}

// Logs tells whether the log records of one scope are a gateway's own.
func (r *Recognizer) Logs(resource pcommon.Map, scope string, records plog.LogRecordSlice) bool {
	it := items{logs: records, isLog: true}
	return r.detector.detect(resource, scope, it) != nil || rewritten(it)
}

// Scope tells the same of a scope whose items say nothing about their gateway: metrics.
func (r *Recognizer) Scope(resource pcommon.Map, scope string) bool {
	return r.detector.detect(resource, scope, r.nothing) != nil
}

// rewritten tells whether an Engine, one that knows more gateways perhaps, found a gateway behind the items: it writes
// attributes of this project, and often takes away those that were the evidence.
func rewritten(it items) bool {
	for i := range min(it.len(), sampled) {
		var m pcommon.Map
		if it.isLog {
			m = it.logs.At(i).Attributes()
		} else {
			m = it.spans.At(i).Attributes()
		}
		for key := range m.All() {
			if strings.HasPrefix(key, "gateway.") {
				return true
			}
		}
	}
	return false
}
