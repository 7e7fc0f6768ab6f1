package gateway

import (
	"math"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata"
)

const (
	// maxAttributes bounds what is looked at per item: rewriting costs known attributes times all attributes.
	maxAttributes = 1024
	// maxFields bounds what one item can gain; no gateway comes near it.
	maxOutputs = 192
	maxPort    = 65535
)

// work is the rewriting of one item: reused, never shared.
//
// An item walks through it in three steps. scan looks at every attribute once: known ones are read into
// fields, and marked to go. The derive functions look at the fields together. apply removes what is marked
// and writes the fields that are new.
type work struct {
	e      *Engine
	p      *compiled
	stats  *Count
	trails []*trails // by compiled.number

	signal int
	kind   ptrace.SpanKind
	// The item itself: one of span and rec, and its scope.
	span       ptrace.Span
	rec        plog.LogRecord
	scope      pcommon.InstrumentationScope
	attributes pcommon.Map
	// at finds a field by its slot: its place in fields plus one.
	at      [maxSlots]uint8
	fields  []field
	dyn     []dynamic
	remove  [maxAttributes / 64]uint64
	scanned int
	removed int
	reserve int            // room to leave for attributes that come after apply
	arrived int32          // how many attributes the record came with; those behind were read from its body
	before  plog.LogRecord // a record whose body was read, as it was then
	mended  bool           // and whether it had been changed until then
	used    int            // how many fields the batch's largest item had
	build   xpdata.MapBuilder

	changed     bool
	full        bool // no room for more outputs
	copies      bool // a value goes to a new place while its old attribute stays
	leftover    bool // an old attribute stayed: not everything is at the target version
	failed      [ReasonCount]bool
	withChecked bool

	ev    evidence
	log   logContext
	hint  []hint
	old   []string // keys to be renamed
	seen  resourceSeen
	fills fills
	msgs  messages
	parts [maxFields]string
}

// field is one attribute as it will be.
type field struct {
	slot  slot
	state fieldState
	prio  priority
	kind  fieldKind
	attr  int32 // the attribute it came from, -1 for a derived one
	str   string
	num   int64         // an int, a bool as 0 or 1, a double as its bits
	val   pcommon.Value // for fieldValue: the value that moves; for present ones: the value as it is
}

func (f *field) double() float64 { return math.Float64frombits(uint64(f.num)) }

type fieldState uint8

const (
	fieldPending fieldState = iota // to be written
	fieldPresent                   // already there under its current name
	fieldGone                      // lost to another source
)

type fieldKind uint8

const (
	fieldValue   fieldKind = iota // an existing value, moved
	fieldStr                      // str
	fieldInt                      // num
	fieldDouble                   // num
	fieldBool                     // num != 0
	fieldStrings                  // str as the only element
)

// priority orders several sources of one target; the higher one wins.
type priority uint8

const (
	prioFallback priority = iota // guessed from another attribute that has its own name too
	prioYield                    // a rule marked Yield
	prioDerived                  // a part of something larger, such as a URL
	prioDirect                   // a plain rename
	prioHost                     // the Host header's own attribute
)

// dynamic is an attribute whose key is only known at run time.
type dynamic struct {
	key  string
	attr int32
	kind fieldKind // fieldValue or fieldStrings
	str  string
	val  pcommon.Value
}

// evidence is what an item says about its outcome, and attributes that wait for a second one. The numbers are
// places of attributes, -1 for none.
type evidence struct {
	noResponse  bool   // a status code attribute said so
	statusText  string // the status code as it came, when it came as text
	flag        bool   // error=true
	canceled    bool   // the gateway gave the attempt up itself
	errorText   string // the gateway's own words
	errorReason string // what error.type is when no code tells
	rawTarget   string // path and query as they came, for recognizing raw span names

	rpcService                                      string
	grpcMessage, statusMessage                      string
	namespace, function                             string // code.*
	dbInstance, dbName                              string
	rpcServiceAt, rpcMethodAt                       int32
	grpcMessageAt, statusMessageAt                  int32
	namespaceAt, functionAt, dbInstanceAt, dbNameAt int32

	jsonRPC string // a JSON-RPC error code

	parsed        bool // the body became attributes
	dropped       bool // prompt or completion text was removed
	genAI         bool // a model call
	params        bool // the requested model is known from the parameters
	modelName     string
	openInference string // openinference.span.kind
	mcpType       string // mcp.resource.type
	entityKind    string // traceloop.span.kind
	totalTokens   int64
	totalAt       [2]int32
}

var noEvidence = evidence{
	rpcServiceAt: -1, rpcMethodAt: -1, grpcMessageAt: -1, statusMessageAt: -1, namespaceAt: -1, functionAt: -1,
	dbInstanceAt: -1, dbNameAt: -1, totalAt: [2]int32{-1, -1},
}

// reset prepares for the next item of the same profile. Strings of the last item stay until they are
// overwritten or the batch ends.
func (w *work) reset(kind ptrace.SpanKind, signal int) {
	for i := range w.fields {
		w.at[w.fields[i].slot] = 0
	}
	w.used = max(w.used, len(w.fields))
	w.fields = w.fields[:0]
	if len(w.dyn) > 0 {
		clear(w.dyn)
		w.dyn = w.dyn[:0]
	}
	for i := 0; i <= w.scanned/64 && i < len(w.remove); i++ {
		w.remove[i] = 0
	}
	w.scanned, w.removed = 0, 0
	w.kind, w.signal = kind, signal
	w.changed, w.leftover, w.full, w.copies, w.reserve = false, false, false, false, 0
	w.failed = [ReasonCount]bool{}
	w.ev = noEvidence
	if signal == signalLog {
		w.log = logContext{}
	}
	w.msgs.reset()
}

// scan looks at every attribute once.
func (w *work) scan(m pcommon.Map) {
	w.attributes = m
	kind := kindOf(w.kind)
	t := w.trail(kind)
	last := &t.start
	i := 0
	for key, v := range m.All() {
		if i == maxAttributes {
			w.fail(ReasonTooMany)
			break
		}
		switch v.Type() {
		case pcommon.ValueTypeStr:
			if s := v.Str(); !ascii(s) && !utf8.ValidString(s) {
				w.repair(v)
			}
		case pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
			w.repairNested(v, 0)
		}
		s := last.then
		if s == nil || s.key != key {
			if s = t.find(w, key, kind); s != nil {
				last.then = s
			}
		}
		if s != nil {
			last = s
			w.known(int32(i), key, v, s)
		} else if !ascii(key) && !utf8.ValidString(key) {
			w.repairKey(int32(i), key, v, kind)
		} else if info := w.p.prefixes.get(key); info != nil {
			s := w.step(info, kind)
			w.known(int32(i), key, v, &s)
		}
		i++
	}
	w.scanned = i
	if len(w.msgs.later) > 0 {
		w.withRules(m)
	}
}

// withRules applies the rules that wait for another attribute, where that one is there.
func (w *work) withRules(m pcommon.Map) {
	later := w.msgs.later
	w.msgs.later = nil
	w.withChecked = true
	for _, l := range later {
		if l.r.With == "" {
			w.msgs.later = append(w.msgs.later, l)
		} else if _, ok := m.Get(l.r.With); ok {
			w.rewrite(l.r, l.i, l.key, l.v)
		}
	}
	w.withChecked = false
}

// known treats an attribute that something is known about.
func (w *work) known(i int32, key string, v pcommon.Value, s *step) {
	if len(s.patterns) > 0 {
		w.patterns(s.patterns, v)
	}
	if s.rule != nil {
		w.rewrite(s.rule, i, key, v)
	}
	// Whatever stays under a name that is a target is there: nothing may be written beside it.
	if s.self != noSlot && !w.removes(i) {
		if at := w.at[s.self]; at == 0 || w.fields[at-1].attr != i {
			w.present(s.self, i, v)
		}
	}
}

// drop marks an attribute to be removed.
func (w *work) drop(i int32) {
	if i < 0 {
		return
	}
	if w.remove[i/64]&(1<<(i%64)) == 0 {
		w.remove[i/64] |= 1 << (i % 64)
		w.removed++
	}
}

// keep takes a drop back.
func (w *work) keep(i int32) {
	if i >= 0 && w.remove[i/64]&(1<<(i%64)) != 0 {
		w.remove[i/64] &^= 1 << (i % 64)
		w.removed--
	}
}

// consumed marks an attribute whose successor is written: it goes, unless old names are to stay.
func (w *work) consumed(r *rule, i int32) {
	if w.full { // its successor found no room
		return
	}
	if (w.e.replace || w.ev.parsed && i >= w.arrived) && !r.keep {
		w.drop(i)
	} else {
		w.copies = true
	}
}

// fail counts an unreadable value once per item and reason.
func (w *work) fail(r Reason) {
	w.leftover = true
	if !w.failed[r] {
		w.failed[r] = true
		w.stats.Unparseable[r]++
	}
}

// conflict counts an old and a new name with different values.
func (w *work) conflict() { w.stats.Conflicts++ }

// present notes an attribute that is already there under its current name.
func (w *work) present(s slot, i int32, v pcommon.Value) {
	f := field{slot: s, state: fieldPresent, prio: prioHost, attr: i, kind: fieldValue, val: v}
	switch v.Type() {
	case pcommon.ValueTypeStr:
		f.kind, f.str = fieldStr, v.Str()
	case pcommon.ValueTypeInt:
		f.kind, f.num = fieldInt, v.Int()
	case pcommon.ValueTypeDouble:
		f.kind, f.num = fieldDouble, int64(math.Float64bits(v.Double()))
	case pcommon.ValueTypeBool:
		f.kind = fieldBool
		if v.Bool() {
			f.num = 1
		}
	}
	if at := w.at[s]; at != 0 {
		old := &w.fields[at-1]
		if old.state == fieldPresent {
			if old.attr == i {
				*old = f
			}
			return
		}
		if old.state == fieldPending && old.prio >= prioDirect && !same(old, &f) {
			w.conflict()
		}
		*old = f
		return
	}
	w.push(&f)
}

// push enters a field whose slot is free.
func (w *work) push(f *field) {
	if len(w.fields) == maxOutputs {
		w.fail(ReasonTooMany)
		w.full, w.copies = true, true
		return
	}
	w.fields = append(w.fields, *f)
	w.at[f.slot] = uint8(len(w.fields))
}

// emit enters a new value for a target. The value of higher priority wins; of two equal ones, the first.
func (w *work) emit(f *field) {
	if f.slot == noSlot {
		return
	}
	at := w.at[f.slot]
	if at == 0 {
		w.push(f)
		return
	}
	old := &w.fields[at-1]
	switch {
	case old.state == fieldPresent:
		if f.prio >= prioDirect && !same(old, f) {
			w.conflict()
		}
	case old.state == fieldGone, f.prio > old.prio:
		*old = *f
	case f.prio == old.prio && f.prio >= prioDirect && !same(old, f):
		w.conflict()
	}
}

func (w *work) emitStr(s slot, str string, p priority) {
	if w.at[s] == 0 && s != noSlot && len(w.fields) < maxOutputs {
		f := w.next(s, p, fieldStr, -1)
		f.str = str
		return
	}
	w.emit(&field{slot: s, prio: p, kind: fieldStr, attr: -1, str: str})
}

func (w *work) emitInt(s slot, n int64, p priority) {
	if w.at[s] == 0 && s != noSlot && len(w.fields) < maxOutputs {
		f := w.next(s, p, fieldInt, -1)
		f.num = n
		return
	}
	w.emit(&field{slot: s, prio: p, kind: fieldInt, attr: -1, num: n})
}

// emitValue hands over the value of attribute i.
func (w *work) emitValue(s slot, i int32, v pcommon.Value, p priority) {
	if w.at[s] == 0 && s != noSlot && len(w.fields) < maxOutputs {
		f := w.next(s, p, fieldValue, i)
		f.val = v
		return
	}
	w.emit(&field{slot: s, prio: p, kind: fieldValue, attr: i, val: v})
}

// next is the place of the next field, for a slot that is free.
func (w *work) next(s slot, p priority, kind fieldKind, attr int32) *field {
	n := len(w.fields)
	w.fields = w.fields[:n+1]
	f := &w.fields[n]
	f.slot, f.state, f.prio, f.kind, f.attr = s, fieldPending, p, kind, attr
	f.str, f.num, f.val = "", 0, pcommon.Value{}
	w.at[s] = uint8(n + 1)
	return f
}

// same compares two fields by what would be seen.
func same(a, b *field) bool {
	if a.kind == b.kind && a.kind != fieldValue {
		return a.str == b.str && a.num == b.num
	}
	switch {
	case a.kind == fieldValue && b.kind == fieldValue:
		return a.val.Equal(b.val)
	case a.kind == fieldStr && b.kind == fieldValue:
		return b.val.Type() == pcommon.ValueTypeStr && b.val.Str() == a.str
	case a.kind == fieldValue && b.kind == fieldStr:
		return same(b, a)
	case a.kind == fieldInt && b.kind == fieldDouble:
		return float64(a.num) == b.double()
	case a.kind == fieldDouble && b.kind == fieldInt:
		return same(b, a)
	case a.kind == fieldInt && b.kind == fieldValue:
		return b.val.Type() == pcommon.ValueTypeInt && b.val.Int() == a.num
	case a.kind == fieldDouble && b.kind == fieldValue:
		return b.val.Type() == pcommon.ValueTypeDouble && b.val.Double() == a.double()
	case a.kind == fieldBool && b.kind == fieldValue:
		return b.val.Type() == pcommon.ValueTypeBool && b.val.Bool() == (a.num != 0)
	case a.kind == fieldStrings && b.kind == fieldValue:
		return b.val.Type() == pcommon.ValueTypeSlice && b.val.Slice().Len() == 1 &&
			b.val.Slice().At(0).Type() == pcommon.ValueTypeStr && b.val.Slice().At(0).Str() == a.str
	case a.kind == fieldValue:
		return same(b, a)
	}
	return false
}

// field returns what is known of a target, present or pending; nil when nothing is.
func (w *work) field(s slot) *field {
	if at := w.at[s]; at != 0 && w.fields[at-1].state != fieldGone {
		return &w.fields[at-1]
	}
	return nil
}

// writes tells whether apply has anything to do.
func (w *work) writes() bool {
	return w.removed > 0 || len(w.dyn) > 0 || w.pending() > 0
}

// text returns a string target, "" when there is none.
func (w *work) text(s slot) string {
	f := w.field(s)
	switch {
	case f == nil:
		return ""
	case f.kind == fieldStr:
		return f.str
	case f.kind == fieldValue && f.val.Type() == pcommon.ValueTypeStr:
		return f.val.Str()
	}
	return ""
}

// int returns an int target.
func (w *work) int(s slot) (int64, bool) {
	f := w.field(s)
	switch {
	case f == nil:
		return 0, false
	case f.kind == fieldInt:
		return f.num, true
	case f.kind == fieldValue && f.val.Type() == pcommon.ValueTypeInt:
		return f.val.Int(), true
	}
	return 0, false
}

// apply puts the attributes together anew: what is new, and what stays. Building a map costs one slice; the
// map's own methods would look through all of it for every attribute.
func (w *work) apply(m pcommon.Map) {
	w.build.EnsureCapacity(m.Len() - w.removed + w.pending() + len(w.dyn) + w.reserve)
	crowded := m.Len() > maxAttributes
	late := !w.e.replace || w.copies // values are copied from attributes that stay: those move last
	if !late {
		w.applyKept(m)
	}
	for i := range w.fields {
		f := &w.fields[i]
		if f.state != fieldPending {
			continue
		}
		key := w.e.slotKeys[f.slot]
		if crowded && w.beyond(m, key) {
			continue
		}
		v := w.build.AppendEmpty(key)
		switch f.kind {
		case fieldValue:
			w.settle(f.val, f.attr, v)
		case fieldStr:
			v.SetStr(f.str)
		case fieldInt:
			v.SetInt(f.num)
		case fieldDouble:
			v.SetDouble(f.double())
		case fieldBool:
			v.SetBool(f.num != 0)
		case fieldStrings:
			v.SetEmptySlice().AppendEmpty().SetStr(f.str)
		}
	}
	for i := range w.dyn {
		d := &w.dyn[i]
		if crowded && w.beyond(m, d.key) || w.clashes(d) {
			continue
		}
		v := w.build.AppendEmpty(d.key)
		if d.kind == fieldStrings {
			w.array(d, v.SetEmptySlice().AppendEmpty())
		} else {
			w.settle(d.val, d.attr, v)
		}
	}
	if late {
		w.applyKept(m)
	}
	w.build.UnsafeIntoMap(m)
}

// applyKept moves over what stays.
func (w *work) applyKept(m pcommon.Map) {
	i := 0
	for key, v := range m.All() {
		if i >= w.scanned || w.remove[i/64]&(1<<(i%64)) == 0 {
			v.MoveTo(w.build.AppendEmpty(key))
		}
		i++
	}
}

// pending counts the fields to be written.
func (w *work) pending() int {
	n := 0
	for i := range w.fields {
		if w.fields[i].state == fieldPending {
			n++
		}
	}
	return n
}

// array puts the one element into a new array: the old value itself, where it is that string.
func (w *work) array(d *dynamic, to pcommon.Value) {
	if w.removes(d.attr) && d.val != (pcommon.Value{}) && d.val.Type() == pcommon.ValueTypeStr && d.val.Str() == d.str {
		d.val.MoveTo(to)
		return
	}
	to.SetStr(d.str)
}

// beyond tells whether a key is among the attributes that scan did not reach.
func (w *work) beyond(m pcommon.Map, key string) bool {
	_, exists := m.Get(key)
	return exists
}

// clashes tells whether a run-time key is also the target of a rule that has written it.
func (w *work) clashes(d *dynamic) bool {
	info := w.p.items.get(d.key)
	if info == nil || info.self == noSlot {
		return false
	}
	f := w.field(info.self)
	if f == nil {
		return false
	}
	if !same(f, &field{kind: d.kind, str: d.str, val: d.val}) {
		w.conflict()
	}
	return true
}

// settle puts a value in its new place. One whose old attribute stays is copied.
func (w *work) settle(val pcommon.Value, attr int32, to pcommon.Value) {
	if attr < 0 || w.removes(attr) {
		val.MoveTo(to)
	} else {
		val.CopyTo(to)
	}
}

func (w *work) removes(i int32) bool { return i >= 0 && w.remove[i/64]&(1<<(i%64)) != 0 }
