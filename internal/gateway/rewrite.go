package gateway

import (
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// rewrite lets one attribute do what its rule says.
func (w *work) rewrite(r *rule, i int32, key string, v pcommon.Value) {
	if r.with && !w.withChecked {
		w.msgs.later = append(w.msgs.later, laterRule{r, i, key, v})
		return
	}
	if r.dash && v.Type() == pcommon.ValueTypeStr && parse.Absent(v.Str()) {
		if r.op == OpStatus {
			w.ev.noResponse = true
		}
		w.drop(i)
		return
	}
	switch r.op {
	case OpRename:
		w.cleanPlain(v)
		w.move(r, i, v, r.to[0])
	case OpText:
		if v.Type() == pcommon.ValueTypeStr && v.Str() == "" {
			w.drop(i)
			return
		}
		w.cleanPlain(v)
		w.move(r, i, v, r.to[0])
	case OpKeep, OpDropAbsent:
	case OpDrop:
		w.consumed(r, i)
	case OpInt, OpIntNonzero, OpIntNotOne, OpTry, OpSize, OpPort:
		w.integer(r, i, v)
	case OpSeconds, OpMillis, OpMicros, OpNanos, OpDouble, OpDuration:
		w.double(r, i, v)
	case OpLower:
		if v.Type() != pcommon.ValueTypeStr {
			w.fail(ReasonType)
			return
		}
		w.derived(r, i, v, w.cleanText(strings.ToLower(v.Str()))) // REDACTED stays in capitals
	case OpString:
		// A list of one is the scalar in it.
		one := v
		if v.Type() == pcommon.ValueTypeSlice && v.Slice().Len() == 1 {
			one = v.Slice().At(0)
		}
		if s := one.AsString(); s != "" {
			w.derived(r, i, v, s)
		} else {
			w.consumed(r, i)
		}
	case OpBool, OpBoolTrue:
		w.boolean(r, i, v)
	case OpStrings:
		w.stringArray(r, i, v)
	case OpSplit:
		w.splitArray(r, i, v)
	case OpMap:
		w.mapped(r, i, v)
	case OpMethod:
		w.method(r, i, v)
	case OpStatus:
		w.status(r, i, v)
	case OpLastStatus:
		w.lastStatus(r, i, v)
	case OpFlavor:
		w.flavor(r, i, v)
	case OpURL:
		w.url(r, i, v)
	case OpTarget:
		w.target(r, i, v)
	case OpQuery:
		w.query(r, i, v)
	case OpHostPort, OpAddress, OpGRPCTarget, OpPeer:
		w.hostPort(r, i, v)
	case OpFirstIP:
		w.firstIP(r, i, v)
	case OpIPv4:
		w.ipv4(r, i, v)
	case OpHeader:
		w.header(r, i, key, v)
	case OpTemplate, OpTemplateStrings:
		w.template(r, i, key, v)
	case OpRPCService, OpRPCMethod, OpGRPCPath, OpGRPCCode, OpGRPCOther, OpGRPCMessage:
		w.rpc(r, i, v)
	case OpError, OpErrorText, OpErrorType, OpCanceled, OpStatusMessage, OpStatusCode:
		w.outcome(r, i, v)
	case OpPattern:
		w.patternRule(r, i, key, v)
	case OpDBName, OpDBInstance, OpDBInstanceID, OpConnString, OpCodeNamespace, OpCodeFunction:
		w.joined(r, i, v)
	case OpJSONRPCError:
		if w.ev.jsonRPC = v.AsString(); w.ev.jsonRPC == "" {
			w.consumed(r, i)
			return
		}
		w.derived(r, i, v, w.ev.jsonRPC)
	case OpMCPType:
		w.ev.mcpType, w.ev.genAI = v.Str(), true
	case OpModelName:
		w.ev.genAI, w.ev.modelName = true, v.Str()
		w.move(r, i, v, r.to[0])
	case OpContent, OpParams, OpUsage, OpMCPResource, OpTraceloopEntity, OpTimeToFirst, OpDropIfSum:
		w.model(r, i, key, v)
	default:
		w.context(r, i, v)
	}
}

// cleanPlain hides secrets in a text of a gateway's that is not read any further: a client chose it, as its user agent,
// or it says what failed, and may quote a URL. Other emitters' texts may be SQL, which stays as it is.
func (w *work) cleanPlain(v pcommon.Value) {
	if w.p.generic || v.Type() != pcommon.ValueTypeStr {
		return
	}
	if clean := w.cleanText(v.Str()); clean != v.Str() {
		v.SetStr(clean)
		w.changed = true
	}
}

// move hands the value over unchanged.
func (w *work) move(r *rule, i int32, v pcommon.Value, to slot) {
	if r.self {
		w.present(to, i, v)
		return
	}
	w.emitValue(to, i, v, prioOf(r))
	w.consumed(r, i)
}

// derived writes a string made from the value; one equal to the whole value is moved, which costs nothing.
func (w *work) derived(r *rule, i int32, v pcommon.Value, s string) {
	w.toSlot(r, i, v, r.to[0], s)
}

func (w *work) toSlot(r *rule, i int32, v pcommon.Value, to slot, s string) {
	if v.Type() == pcommon.ValueTypeStr && v.Str() == s {
		w.move(r, i, v, to)
		return
	}
	if r.self && to == r.to[0] {
		v.SetStr(s)
		w.changed = true
		w.present(to, i, v)
		return
	}
	w.emitStr(to, s, prioOf(r))
	w.consumed(r, i)
}

func prioOf(r *rule) priority {
	if r.yield {
		return prioYield
	}
	return prioDirect
}

// lastOf is the last element of nginx' lists of tries, "a, b" or "a : b": the one that counted.
func lastOf(s string) string {
	if strings.IndexByte(s, ' ') < 0 {
		return s
	}
	if i := strings.LastIndex(s, ", "); i >= 0 {
		s = s[i+2:]
	}
	if i := strings.LastIndex(s, " : "); i >= 0 {
		s = s[i+3:]
	}
	return s
}

// number reads an int of whatever spelling.
func number(v pcommon.Value) (int64, bool) {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return v.Int(), true
	case pcommon.ValueTypeDouble:
		return parse.IntFromFloat(v.Double())
	case pcommon.ValueTypeStr:
		return parse.Int(v.Str())
	}
	return 0, false
}

func (w *work) integer(r *rule, i int32, v pcommon.Value) {
	n, ok := number(v)
	if !ok {
		w.fail(ReasonNumber)
		return
	}
	switch r.op {
	case OpTry:
		if n <= 1 {
			w.consumed(r, i)
			return
		}
		n--
	case OpIntNonzero:
		if n <= 0 {
			w.consumed(r, i)
			return
		}
	case OpIntNotOne:
		if n == 1 {
			w.consumed(r, i)
			return
		}
	case OpSize:
		if n < 0 {
			w.drop(i)
			return
		}
	case OpPort:
		if n == 0 {
			w.drop(i)
			return
		}
		if n < 0 || n > maxPort {
			w.fail(ReasonAddress)
			return
		}
		if len(r.To) > 1 {
			w.emitInt(r.to[1], n, prioDerived)
		}
	}
	w.intTo(r, i, v, n)
}

func (w *work) intTo(r *rule, i int32, v pcommon.Value, n int64) {
	isInt := v.Type() == pcommon.ValueTypeInt
	if r.self {
		if !isInt {
			v.SetInt(n)
			w.changed = true
		}
		w.present(r.to[0], i, v)
		return
	}
	if isInt && v.Int() == n {
		w.move(r, i, v, r.to[0])
		return
	}
	w.emit(&field{slot: r.to[0], prio: prioOf(r), kind: fieldInt, attr: -1, num: n})
	w.consumed(r, i)
}

func (w *work) double(r *rule, i int32, v pcommon.Value) {
	var f float64
	ok := true
	switch v.Type() {
	case pcommon.ValueTypeInt:
		f = float64(v.Int())
	case pcommon.ValueTypeDouble:
		f = v.Double()
	case pcommon.ValueTypeStr:
		f, ok = parse.Float(lastOf(v.Str()))
		if !ok || r.op == OpDuration {
			if d, isDuration := parse.Duration(v.Str()); isDuration {
				w.doubleTo(r, i, v, d)
				return
			}
		}
	default:
		ok = false
	}
	if !ok || (r.op == OpDuration && !r.self) {
		if r.op == OpDouble {
			w.fail(ReasonNumber)
		} else {
			w.fail(ReasonTime)
		}
		return
	}
	switch r.op {
	case OpMillis:
		f /= 1e3
	case OpMicros:
		f /= 1e6
	case OpNanos:
		f /= 1e9
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		w.fail(ReasonNumber)
		return
	}
	if f < 0 && r.op != OpDouble {
		w.drop(i)
		return
	}
	w.doubleTo(r, i, v, f)
}

func (w *work) doubleTo(r *rule, i int32, v pcommon.Value, f float64) {
	if r.self {
		if v.Type() != pcommon.ValueTypeDouble {
			v.SetDouble(f)
			w.changed = true
		}
		w.present(r.to[0], i, v)
		return
	}
	w.emit(&field{slot: r.to[0], prio: prioOf(r), kind: fieldDouble, attr: -1, num: int64(math.Float64bits(f))})
	w.consumed(r, i)
}

func (w *work) boolean(r *rule, i int32, v pcommon.Value) {
	var b bool
	switch {
	case v.Type() == pcommon.ValueTypeBool && (v.Bool() || r.op == OpBool):
		w.move(r, i, v, r.to[0])
		return
	case v.Type() == pcommon.ValueTypeStr && strings.EqualFold(v.Str(), "true"):
		b = true
	case v.Type() == pcommon.ValueTypeBool, v.Type() == pcommon.ValueTypeStr && strings.EqualFold(v.Str(), "false"):
		if r.op == OpBoolTrue {
			w.consumed(r, i)
			return
		}
	default:
		w.fail(ReasonType)
		return
	}
	if r.self {
		v.SetBool(b)
		w.changed = true
		w.present(r.to[0], i, v)
		return
	}
	f := &field{slot: r.to[0], prio: prioOf(r), kind: fieldBool, attr: -1}
	if b {
		f.num = 1
	}
	w.emit(f)
	w.consumed(r, i)
}

// stringArray wraps a scalar; an array stays as it is.
func (w *work) stringArray(r *rule, i int32, v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeSlice:
		w.move(r, i, v, r.to[0])
		return
	case pcommon.ValueTypeMap, pcommon.ValueTypeBytes, pcommon.ValueTypeEmpty:
		w.fail(ReasonType)
		return
	}
	s := v.AsString()
	if r.self {
		v.SetEmptySlice().AppendEmpty().SetStr(s)
		w.changed = true
		w.present(r.to[0], i, v)
		return
	}
	w.emit(&field{slot: r.to[0], prio: prioOf(r), kind: fieldStrings, attr: -1, str: s})
	w.consumed(r, i)
}

// splitArray makes an array in place, then moves it.
func (w *work) splitArray(r *rule, i int32, v pcommon.Value) {
	if v.Type() == pcommon.ValueTypeStr {
		if !w.e.replace {
			w.leftover = true
			return
		}
		s := v.Str()
		out := v.SetEmptySlice()
		for part := range strings.FieldsFuncSeq(s, func(c rune) bool { return c == ',' || c == ' ' }) {
			out.AppendEmpty().SetStr(part)
		}
	}
	w.move(r, i, v, r.to[0])
}

// mapped replaces a value by the rule's table.
func (w *work) mapped(r *rule, i int32, v pcommon.Value) {
	s := v.Str()
	switch v.Type() {
	case pcommon.ValueTypeStr:
	case pcommon.ValueTypeInt, pcommon.ValueTypeDouble, pcommon.ValueTypeBool:
		s = v.AsString()
	default:
		w.move(r, i, v, r.to[0])
		return
	}
	if s == "" {
		w.consumed(r, i)
		return
	}
	m, ok := r.values[s]
	if !ok {
		m, ok = r.values[strings.ToLower(s)]
	}
	w.noteModelKey(r.From, s)
	switch {
	case !ok:
		w.toSlot(r, i, v, r.to[0], s)
	case m.value == "":
		w.consumed(r, i)
	case m.to != r.to[0]:
		w.emitStr(m.to, m.value, prioOf(r))
		w.consumed(r, i)
	default:
		w.toSlot(r, i, v, m.to, m.value)
	}
}

// template renames "prefix.<key>"; the rest of the key stays.
func (w *work) template(r *rule, i int32, key string, v pcommon.Value) {
	d := dynamic{key: r.prefix + key[r.chop:], attr: i, val: v}
	if r.op == OpTemplateStrings && v.Type() != pcommon.ValueTypeSlice {
		d.kind, d.str = fieldStrings, v.AsString()
	}
	w.emitDynamic(r, i, d)
}

// maxDynamic bounds the attributes with run-time keys per item: each costs a pass over the attributes.
const maxDynamic = 128

func (w *work) emitDynamic(r *rule, i int32, d dynamic) {
	if !w.addDynamic(d) {
		return
	}
	w.consumed(r, i)
}

// addDynamic enters an attribute with a run-time key, unless the key is there already; false when there was
// no room.
func (w *work) addDynamic(d dynamic) bool {
	if len(w.dyn) == maxDynamic {
		w.fail(ReasonTooMany)
		return false
	}
	if now, exists := w.find(d.key); exists {
		if !same(&field{kind: d.kind, str: d.str, val: d.val}, &field{kind: fieldValue, val: now}) {
			w.conflict()
		}
		return true
	}
	for i := range w.dyn {
		if old := &w.dyn[i]; old.key == d.key {
			if old.kind != d.kind || old.str != d.str {
				w.conflict()
			}
			return true
		}
	}
	w.dyn = append(w.dyn, d)
	return true
}

// find is Get among the attributes that are looked at.
func (w *work) find(key string) (pcommon.Value, bool) {
	if w.attributes.Len() <= maxAttributes {
		return w.attributes.Get(key)
	}
	looked := 0
	for k, v := range w.attributes.All() {
		if k == key {
			return v, true
		}
		if looked++; looked == maxAttributes {
			break
		}
	}
	return pcommon.Value{}, false
}

// patterns lets the first pattern that matches write its parts.
func (w *work) patterns(patterns []pattern, v pcommon.Value) bool {
	for i := range patterns {
		if w.pattern(&patterns[i], v) {
			return true
		}
	}
	return false
}

// pattern writes the parts of a value.
func (w *work) pattern(p *pattern, v pcommon.Value) bool {
	if v.Type() != pcommon.ValueTypeStr || parse.Absent(v.Str()) || (p.kinds != 0 && p.kinds&(1<<kindOf(w.kind)) == 0) {
		return false
	}
	parts := &w.parts
	if !p.match(v.Str(), parts) {
		return false
	}
	for i, f := range p.fields {
		switch {
		case f.slot == noSlot || parts[i] == "":
		case p.resource:
			w.addHint(f.slot, parts[i])
		case f.port:
			n, _ := parse.Int(parts[i])
			w.emitInt(f.slot, n, prioDerived)
		default:
			w.emitStr(f.slot, parts[i], prioDerived)
		}
	}
	return true
}

// patternRule is a rule whose value only a pattern explains.
func (w *work) patternRule(r *rule, i int32, key string, v pcommon.Value) {
	if info := w.p.items.get(key); info != nil && w.patterns(info.patterns, v) {
		w.consumed(r, i)
		return
	}
	if len(r.To) > 0 {
		w.move(r, i, v, r.to[0])
	}
}
