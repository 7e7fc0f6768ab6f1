package builtin

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/gatewaytest"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/otel"
)

// stays are the operations after which the old attribute may stand where it stood: because it has no successor, or
// because the successor needs what this item does not have. The comment of each operation says which.
var stays = []gateway.Op{
	gateway.OpKeep, gateway.OpDropAbsent, gateway.OpContent, gateway.OpDropIfSum, gateway.OpParams, gateway.OpUsage,
	gateway.OpStatusMessage, gateway.OpCanceled, gateway.OpMCPType, gateway.OpMCPResource, gateway.OpTraceloopEntity,
	gateway.OpEventDomain, gateway.OpCodeNamespace, gateway.OpRPCService, gateway.OpDBInstanceID,
}

// consumed tells whether a rule's attribute must be gone from an item it applies to.
func consumed(r *gateway.Rule, item pcommon.Map, signal gateway.Signal, kind ptrace.SpanKind) bool {
	switch {
	case r.Option != "" || r.Keep || slices.Contains(stays, r.Op):
		return false
	case len(r.To) > 0 && r.To[0] == r.From: // a current name
		return false
	case len(r.To) == 0 && (r.Op == gateway.OpErrorType || r.Op == gateway.OpPattern || r.Op == gateway.OpTraceparent):
		return false
	case r.Signals != 0 && r.Signals&signal == 0:
		return false
	case r.Kinds != 0 && r.Kinds&(1<<kind) == 0:
		return false
	}
	if r.With != "" {
		if _, ok := item.Get(r.With); !ok {
			return false
		}
	}
	return true
}

// chainOf is a gateway's rules in order of precedence, the official ones last.
func chainOf(id gateway.ID) []gateway.Rule {
	byID := make(map[gateway.ID]gateway.Profile)
	for _, p := range Profiles() {
		byID[p.ID] = p
	}
	var rules []gateway.Rule
	for p, ok := byID[id]; ok; p, ok = byID[p.Base] {
		rules = append(rules, p.Attributes...)
	}
	return append(rules, otel.Profile.Attributes...)
}

// leftovers are old attributes an item still has, by the first of the rules for each key.
func leftovers(rules []gateway.Rule, item pcommon.Map, signal gateway.Signal, kind ptrace.SpanKind) (keys []string) {
	for key := range item.All() {
		for i := range rules {
			r := &rules[i]
			if r.From != key || r.Option != "" ||
				r.Signals != 0 && r.Signals&signal == 0 || r.Kinds != 0 && r.Kinds&(1<<kind) == 0 {
				continue
			}
			if consumed(r, item, signal, kind) {
				keys = append(keys, key)
			}
			break // the first rule of a key decides
		}
	}
	return keys
}

// TestNoOldNameIsLeft: in replace mode every attribute that a rule moves is gone, on every item of every capture.
func TestNoOldNameIsLeft(t *testing.T) {
	t.Parallel()
	e := engine(t)
	for _, c := range gatewaytest.Captures(t) {
		rules := chainOf(gateway.ID(c.Gateway))
		for _, b := range c.Clone() {
			pass(e, b)
			if b.IsLogs {
				for _, r := range gatewaytest.Records(b.Logs) {
					for _, key := range leftovers(rules, r.Attributes(), gateway.OnLogs, server) {
						v, _ := r.Attributes().Get(key)
						t.Errorf("%s: %s = %s", c, key, v.AsString())
					}
				}
				continue
			}
			for _, s := range gatewaytest.Spans(b.Traces) {
				for _, key := range leftovers(rules, s.Attributes(), gateway.OnSpans, s.Kind()) {
					v, _ := s.Attributes().Get(key)
					t.Errorf("%s: %s span %q: %s = %s", c, s.Kind(), s.Name(), key, v.AsString())
				}
			}
		}
	}
}

// assertNothingOld checks an item against the official names only.
func assertNothingOld(t *testing.T, where string, item pcommon.Map) {
	t.Helper()
	for key := range item.All() {
		for i := range otel.Profile.Attributes {
			r := &otel.Profile.Attributes[i]
			if r.From == key && r.Official && r.Option == "" && !r.Keep && r.Op != gateway.OpKeep && (len(r.To) == 0 || r.To[0] != key) {
				t.Errorf("%s: %s is an old name", where, key)
			}
		}
	}
}

// TestDuplicateModeKeepsOldNames: what was sent is still there, beside what it became.
func TestDuplicateModeKeepsOldNames(t *testing.T) {
	t.Parallel()
	e := compile(t, func(o *gateway.Options) { o.Mode = gateway.ModeDuplicate })
	absent := func(v pcommon.Value) bool {
		s := v.AsString()
		return s == "" || s == "-" || s == "0" || strings.HasPrefix(s, "$(")
	}
	for _, c := range gatewaytest.Captures(t) {
		for i, b := range c.Clone() {
			pass(e, b)
			if b.IsLogs {
				continue
			}
			was := gatewaytest.Spans(c.Batches[i].Traces)
			for j, s := range gatewaytest.Spans(b.Traces) {
				require.Equal(t, was[j].SpanID(), s.SpanID())
				for key, v := range was[j].Attributes().All() {
					if _, ok := s.Attributes().Get(key); !ok && !absent(v) && key != "http.request.body.size" {
						t.Errorf("%s: %s = %q is gone", c, key, v.AsString())
					}
				}
			}
		}
	}
}
