package gateway

import (
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/logline"
	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// model reads attributes about a model call.
func (w *work) model(r *rule, i int32, key string, v pcommon.Value) {
	w.ev.genAI = true
	switch r.op {
	case OpContent:
		w.content(r, i, key, v)
	case OpParams:
		w.params(r, i, v)
	case OpUsage:
		w.usage(r, i, v)
	case OpDropIfSum:
		n, ok := number(v)
		if !ok {
			w.fail(ReasonNumber)
			return
		}
		w.ev.totalTokens = n
		for j := range w.ev.totalAt {
			if w.ev.totalAt[j] < 0 {
				w.ev.totalAt[j] = i
				break
			}
		}
	case OpMCPResource, OpTraceloopEntity:
		w.msgs.later = append(w.msgs.later, laterRule{r, i, key, v})
	case OpTimeToFirst:
		if nanos, ok := parse.Timestamp(strings.Trim(v.Str(), `"`)); ok && w.signal == signalSpan {
			start := int64(w.span.StartTimestamp())
			if d := nanos - start; start > 0 && d >= 0 {
				w.emit(&field{slot: r.to[0], prio: prioOf(r), kind: fieldDouble, attr: -1, num: int64(math.Float64bits(float64(d) / 1e9))})
				w.consumed(r, i)
				return
			}
		}
		w.fail(ReasonTime)
	}
}

// noteModelKey remembers values whose rule says one thing and that decide another.
func (w *work) noteModelKey(from, value string) {
	switch from {
	case "openinference.span.kind":
		w.ev.openInference = value
	case "traceloop.span.kind":
		w.ev.entityKind = value
	}
}

// laterRule is a rule that needs an attribute which may come after it.
type laterRule struct {
	r   *rule
	i   int32
	key string
	v   pcommon.Value
}

// paramTargets are the model parameters with a place in the conventions, by the names model APIs use.
var paramTargets = map[string]struct {
	key string
	op  Op
}{
	"model":                 {attrs.GenAIRequestModel, OpRename},
	"temperature":           {"gen_ai.request.temperature", OpDouble},
	"top_p":                 {"gen_ai.request.top_p", OpDouble},
	"top_k":                 {"gen_ai.request.top_k", OpDouble},
	"max_tokens":            {"gen_ai.request.max_tokens", OpInt},
	"max_completion_tokens": {"gen_ai.request.max_tokens", OpInt},
	"frequency_penalty":     {"gen_ai.request.frequency_penalty", OpDouble},
	"presence_penalty":      {"gen_ai.request.presence_penalty", OpDouble},
	"seed":                  {"gen_ai.request.seed", OpInt},
	"stop":                  {"gen_ai.request.stop_sequences", OpStrings},
	"n":                     {"gen_ai.request.choice.count", OpIntNotOne},
	"stream":                {"gen_ai.request.stream", OpBool},
	"dimensions":            {"gen_ai.embeddings.dimension.count", OpInt},
	"encoding_format":       {"gen_ai.request.encoding_formats", OpStrings},
}

// params takes the known parameters out of a JSON object. The attribute goes when nothing in it was unknown.
func (w *work) params(r *rule, i int32, v pcommon.Value) {
	obj, ok := w.object(v)
	if !ok {
		w.fail(ReasonJSON)
		return
	}
	whole := true
	for name, p := range obj.All() {
		target, known := paramTargets[name]
		if !known {
			whole = false
			continue
		}
		w.ev.params = w.ev.params || target.key == attrs.GenAIRequestModel
		w.param(target.key, target.op, p)
	}
	if whole {
		w.consumed(r, i)
	} else {
		w.leftover = true
	}
}

func (w *work) param(key string, op Op, v pcommon.Value) {
	d := dynamic{key: key, attr: -1, kind: fieldValue, val: pcommon.NewValueEmpty()}
	switch op {
	case OpInt, OpIntNotOne:
		n, ok := number(v)
		if !ok || op == OpIntNotOne && n == 1 {
			return
		}
		d.val.SetInt(n)
	case OpDouble:
		switch v.Type() {
		case pcommon.ValueTypeInt:
			d.val.SetDouble(float64(v.Int()))
		case pcommon.ValueTypeDouble:
			d.val.SetDouble(v.Double())
		default:
			return
		}
	case OpBool:
		if v.Type() != pcommon.ValueTypeBool || !v.Bool() { // the convention: only if true
			return
		}
		d.val.SetBool(true)
	case OpStrings:
		if v.Type() == pcommon.ValueTypeSlice {
			v.CopyTo(d.val)
		} else {
			d.val.SetEmptySlice().AppendEmpty().SetStr(v.AsString())
		}
	default:
		if v.Str() == "" {
			return
		}
		if key == attrs.GenAIRequestModel {
			w.emitStr(slotRequestModel, v.Str(), prioDirect)
			return
		}
		d.val.SetStr(v.Str())
	}
	w.addDynamic(d)
}

// usage takes token counts out of a JSON object such as {"input":12,"output":3}.
func (w *work) usage(r *rule, i int32, v pcommon.Value) {
	obj, ok := w.object(v)
	if !ok {
		w.fail(ReasonJSON)
		return
	}
	whole := true
	for name, p := range obj.All() {
		n, isInt := number(p)
		switch {
		case isInt && (name == "input" || name == "input_tokens" || name == "prompt_tokens"):
			w.emitInt(slotInputTokens, n, prioOf(r))
		case isInt && (name == "output" || name == "output_tokens" || name == "completion_tokens"):
			w.emitInt(slotOutputTokens, n, prioOf(r))
		case name == "total" || name == "total_tokens":
		default:
			whole = false
		}
	}
	if whole {
		w.consumed(r, i)
	} else {
		w.leftover = true
	}
}

// object reads a value that is a JSON object, or is one already.
func (w *work) object(v pcommon.Value) (pcommon.Map, bool) {
	switch v.Type() {
	case pcommon.ValueTypeMap:
		return v.Map(), true
	case pcommon.ValueTypeStr:
		m := pcommon.NewMap()
		_, err := logline.Parse(logline.FormatJSON, v.Str(), m)
		return m, err == nil
	}
	return pcommon.Map{}, false
}

// finishModel settles what needs several attributes of a model call.
func (w *work) finishModel() {
	if !w.ev.genAI && w.ev.openInference == "" && w.ev.entityKind == "" {
		return
	}
	for _, l := range w.msgs.later {
		w.placeLater(l)
	}
	if w.ev.totalAt[0] >= 0 {
		in, _ := w.int(slotInputTokens)
		out, _ := w.int(slotOutputTokens)
		for _, i := range w.ev.totalAt {
			if i >= 0 && w.ev.totalTokens == in+out && w.e.replace {
				w.drop(i)
			} else if i >= 0 {
				w.leftover = true
			}
		}
	}
	// Envoy AI Gateway 1.2.0 writes the model that answered as llm.model_name; the one that was asked for is
	// only in the parameters.
	if w.p.Spans.RequestedModelInParams && w.ev.params && w.ev.modelName != "" && w.ev.modelName != w.text(slotRequestModel) {
		w.emitStr(slotResponseModel, w.ev.modelName, prioYield)
	}
	w.msgs.write(w)
}

func (w *work) placeLater(l laterRule) {
	to := noSlot
	switch l.r.op {
	case OpMCPResource:
		switch w.ev.mcpType {
		case "tool":
			to = slotToolName
		case "prompt":
			to = slotPromptName
		case "resource":
			to = slotResourceURI
		}
	case OpTraceloopEntity:
		switch w.ev.entityKind {
		case "agent":
			to = slotAgentName
		case "tool":
			to = slotToolName
		}
	}
	if to == noSlot {
		return
	}
	if l.v.Type() != pcommon.ValueTypeStr {
		w.fail(ReasonType)
		return
	}
	w.emitStr(to, l.v.Str(), prioDirect)
	w.consumed(l.r, l.i)
}
