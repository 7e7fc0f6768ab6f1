package gateway

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// Official is the id of the profile whose rules apply after every other profile's, and alone to telemetry of
// an unknown gateway.
const Official ID = "otel"

// Engine rewrites telemetry by the profiles it was compiled from. It is safe for concurrent use: but for its spare
// work values it is immutable.
type Engine struct {
	opts     Options
	replace  bool // old attributes go
	redact   *parse.Redactor
	methods  map[string]string // exact and folded spelling of known methods -> canonical
	headers  map[string]string // last part of an old header key -> header name
	secrets  map[string]bool   // header names whose values are hidden
	slotKeys []string

	detector *detector
	unknown  *compiled
	byBody   map[Body]*compiled
	byID     map[ID]*compiled

	// works holds spare work values. One serves a batch from its first item to its last.
	works sync.Pool
}

// compiled is one profile with everything that applies after it merged in.
type compiled struct {
	Profile
	number    int // among the engine's profiles
	depth     int
	generic   bool // the unknown gateway: official migrations only
	items     keyIndex
	prefixes  prefixIndex
	resource  keyIndex
	resPrefix prefixIndex
	events    keyIndex
	rules     []rule
	names     []namePattern
	fill      []namePattern
	genAI     []string
}

// rule is a Rule with its targets resolved to slots.
type rule struct {
	*Rule
	op     Op
	self   bool // the key is its own target: types are mended in place
	keep   bool
	yield  bool
	dash   bool
	with   bool
	host   bool // the one source of server.address that beats all others: what the client asked for
	secret bool // a header's rule: its value is a credential
	to     [4]slot
	header string // a header's rule: its name, where the rule has a fixed target
	values map[string]mapped
	prefix string // for templates: the part of To[0] before "<key>"
	chop   int    // for templates: length of From before "<key>"
}

type mapped struct {
	to    slot
	value string
}

// keyInfo is what is known about one key: which target it is, and by which rule it is rewritten.
type keyInfo struct {
	self     slot
	number   uint16                         // among the keys of its index
	rules    [signalCount][kindCount]uint16 // index into compiled.rules plus one
	patterns []pattern
	template *keyInfo // what is known about the template the key falls under
	signs    []int    // in the indexes of a detector: the evidence this key may be
}

const (
	signalSpan = iota
	signalLog
	signalCount
)

// kindCount is how many span kinds there are, the unspecified one included.
const kindCount = 6

// maxRules bounds the rules of one profile and everything behind it.
const maxRules = 1 << 15

type prefixIndex [256][]prefixInfo

type prefixInfo struct {
	prefix string
	info   *keyInfo
}

func (p *prefixIndex) get(key string) *keyInfo {
	if key == "" {
		return nil
	}
	for i := range p[key[0]] {
		if pi := &p[key[0]][i]; len(key) > len(pi.prefix) && strings.HasPrefix(key, pi.prefix) {
			return pi.info
		}
	}
	return nil
}

// Compile checks and merges profiles into an engine. Every problem is reported at once, each naming the
// profile, the rule and the way out. One of the profiles must be Official.
func Compile(profiles []Profile, opts Options) (*Engine, error) {
	c := &compiler{
		engine: &Engine{
			opts:     opts,
			replace:  opts.Mode != ModeDuplicate,
			redact:   parse.NewRedactor(opts.SensitiveQuery, opts.SensitiveQueryFoldCase),
			methods:  make(map[string]string),
			headers:  make(map[string]string),
			secrets:  make(map[string]bool),
			slotKeys: slices.Clone(fixedSlotKeys[:]),
			byBody:   make(map[Body]*compiled),
			byID:     make(map[ID]*compiled),
		},
		slots:    make(map[string]slot),
		profiles: make(map[ID]*Profile),
		optional: make(map[string]bool),
		follow:   make(map[string]string),
	}
	for s, key := range fixedSlotKeys {
		c.slots[key] = slot(s)
	}
	for _, m := range opts.KnownMethods {
		c.engine.methods[m] = m
		if up := strings.ToUpper(m); c.engine.methods[up] == "" {
			c.engine.methods[up] = m
		}
	}
	for _, h := range opts.DashedHeaders {
		h = strings.ToLower(h)
		c.engine.headers[strings.ReplaceAll(h, "-", "_")] = h
	}
	for _, h := range opts.SensitiveHeaders {
		c.engine.secrets[strings.ToLower(h)] = true
	}
	for _, o := range opts.Optional {
		c.optional[o] = true
	}
	for i := range profiles {
		p := &profiles[i]
		if p.ID == "" || c.profiles[p.ID] != nil {
			c.fail("profile %q: id must be set and used once", p.ID)
			continue
		}
		c.profiles[p.ID] = p
	}
	if c.profiles[Official] == nil {
		c.fail("profile %q is missing: it holds the official migrations", Official)
		return nil, c.errs
	}
	for _, p := range c.profiles {
		for i := range p.Attributes {
			if r := &p.Attributes[i]; r.Option != "" && c.optional[r.Option] && r.Op == OpRename && r.To[0] != r.From {
				c.follow[r.From] = r.To[0]
			}
		}
	}
	for i := range profiles {
		c.compile(&profiles[i])
	}
	if c.errs != nil {
		return nil, c.errs
	}
	c.finish(profiles)
	e := c.engine
	e.works.New = func() any {
		return &work{e: e, fields: make([]field, 0, maxOutputs), trails: make([]*trails, len(e.byID))}
	}
	return e, c.errs
}

type compiler struct {
	engine   *Engine
	slots    map[string]slot
	profiles map[ID]*Profile
	optional map[string]bool
	// follow leads from a target to what an optional rule makes of it, so that one pass goes all the way.
	follow map[string]string
	// mended are the rules by which current names mend their own values, for the profile being compiled.
	mended  map[string]*Rule
	tooMany bool
	errs    error
}

func (c *compiler) fail(format string, args ...any) {
	c.errs = errors.Join(c.errs, fmt.Errorf(format, args...))
}

// chain returns the profile, its bases, the conventions and the official migrations, in order of precedence.
func (c *compiler) chain(p *Profile) []*Profile {
	out := []*Profile{p}
	for q := p; q.Base != ""; {
		next := c.profiles[q.Base]
		if next == nil {
			c.fail("profile %q: base %q is not a profile, want one of %s", q.ID, q.Base, c.ids())
			break
		}
		if slices.Contains(out, next) {
			c.fail("profile %q: base %q leads back to it", p.ID, q.Base)
			break
		}
		out = append(out, next)
		q = next
	}
	out = append(out, &conventions)
	if p.ID != Official {
		out = append(out, c.profiles[Official])
	}
	return out
}

func (c *compiler) ids() string {
	ids := make([]string, 0, len(c.profiles))
	for id := range c.profiles {
		ids = append(ids, string(id))
	}
	slices.Sort(ids)
	return strings.Join(ids, ", ")
}

func (c *compiler) compile(p *Profile) {
	chain := c.chain(p)
	out := &compiled{Profile: *p, number: len(c.engine.byID), depth: len(chain)}
	if p.ID == Official {
		out.generic = true
		out.ID = Unknown
	}
	items, resource, events := newTable(), newTable(), newTable()
	c.mended = c.mends(chain)
	for _, q := range chain {
		if q == &conventions { // a switch the user turned on beats the mending of what it renames
			c.addOptional(out, items)
		}
		for i := range q.Attributes {
			c.add(out, items, q, &q.Attributes[i])
		}
		for i := range q.Resource {
			c.add(out, resource, q, &q.Resource[i])
		}
		for i := range q.Events {
			c.add(out, events, q, &q.Events[i])
		}
		inherit(&out.Spans, &q.Spans)
		if len(out.Logs.Bodies) == 0 {
			out.Logs.Bodies = q.Logs.Bodies
		}
	}
	// A base that is detected alone does not know which of its children it is: it reads all their patterns.
	for _, q := range c.family(p, chain) {
		for i := range q.Patterns {
			if !slices.Contains(chain, q) && (q.Patterns[i].Resource || strings.HasPrefix(q.Patterns[i].Key, "resource:")) {
				continue // who the proxy is must not be guessed
			}
			c.addPattern(items, resource, q, &q.Patterns[i])
		}
	}
	c.addTargets(items)
	c.addTargets(resource)
	c.addTargets(events)
	out.items, out.prefixes = items.index()
	out.resource, out.resPrefix = resource.index()
	out.events, _ = events.index()
	out.names = c.compileNames(p, out.Spans.Names)
	out.fill = c.compileNames(p, out.Spans.FillClients)
	out.genAI = out.Spans.GenAINames
	c.engine.byID[p.ID] = out
}

// mends collects the rules by which current names mend their own values.
func (c *compiler) mends(chain []*Profile) map[string]*Rule {
	out := make(map[string]*Rule)
	for _, q := range chain {
		for i := range q.Attributes {
			r := &q.Attributes[i]
			if len(r.To) > 0 && r.To[0] == r.From && onValues[r.Op] && out[r.From] == nil && (r.Option == "" || c.optional[r.Option]) {
				out[r.From] = r
			}
		}
	}
	return out
}

// onValues are the operations that a plain rename to a name with such a rule takes over, so that one pass does
// what two would.
var onValues = [opCount]bool{
	OpText: true, OpLower: true, OpInt: true, OpIntNonzero: true, OpSize: true, OpPort: true, OpDouble: true,
	OpString: true, OpBool: true, OpStrings: true, OpAddress: true, OpMap: true,
}

// addOptional enters the official rules that are on only because the user asked for them.
func (c *compiler) addOptional(out *compiled, items *table) {
	official := c.profiles[Official]
	for i := range official.Attributes {
		if official.Attributes[i].Option != "" {
			c.add(out, items, official, &official.Attributes[i])
		}
	}
}

// family returns the chain of p and, behind it, the profiles that build on p.
func (c *compiler) family(p *Profile, chain []*Profile) []*Profile {
	out := slices.Clone(chain)
	for _, id := range slices.Sorted(maps.Keys(c.profiles)) {
		q := c.profiles[id]
		steps := 0
		for b := q; b != nil && b.Base != "" && b != p && steps <= len(c.profiles); b = c.profiles[b.Base] {
			steps++ // a loop of bases is reported by chain
			if b.Base == p.ID && !slices.Contains(out, q) {
				out = append(out, q)
			}
		}
	}
	return out
}

func inherit(s, base *SpanFacts) {
	s.Names = append(slices.Clip(s.Names), base.Names...)
	s.FillClients = append(slices.Clip(s.FillClients), base.FillClients...)
	s.GenAINames = append(slices.Clip(s.GenAINames), base.GenAINames...)
	s.OKIsDefault = s.OKIsDefault || base.OKIsDefault
	s.NoStatusNoResponse = s.NoStatusNoResponse || base.NoStatusNoResponse
	s.CanceledIsUnset = s.CanceledIsUnset || base.CanceledIsUnset
	s.HostNames = s.HostNames || base.HostNames
	s.RequestedModelInParams = s.RequestedModelInParams || base.RequestedModelInParams
	if base.RawPathNames && !s.RawPathNames {
		s.RawPathNames, s.RawPathBefore = true, base.RawPathBefore
	}
}

// table collects what is known about keys while a profile is compiled.
type table struct {
	keys     map[string]*keyInfo
	prefixes map[string]*keyInfo
}

func newTable() *table {
	return &table{keys: make(map[string]*keyInfo), prefixes: make(map[string]*keyInfo)}
}

func (t *table) info(from string) *keyInfo {
	m, key := t.keys, from
	if prefix, ok := strings.CutSuffix(from, "<key>"); ok {
		m, key = t.prefixes, prefix
	}
	if m[key] == nil {
		m[key] = &keyInfo{}
	}
	return m[key]
}

func (t *table) index() (keyIndex, prefixIndex) {
	var px prefixIndex
	for _, prefix := range slices.Backward(slices.Sorted(maps.Keys(t.prefixes))) { // longer ones first
		px[prefix[0]] = append(px[prefix[0]], prefixInfo{prefix, t.prefixes[prefix]})
	}
	for key, info := range t.keys {
		info.template = px.get(key)
	}
	return newKeyIndex(t.keys), px
}

func (c *compiler) slot(key string) slot {
	if s, ok := c.slots[key]; ok {
		return s
	}
	if len(c.engine.slotKeys) == maxSlots {
		if !c.tooMany {
			c.tooMany = true
			c.fail("gateways: more than %d distinct target attributes, built-in ones included: use fewer", maxSlots)
		}
		return noSlot
	}
	s := slot(len(c.engine.slotKeys))
	c.slots[key] = s
	c.engine.slotKeys = append(c.engine.slotKeys, key)
	return s
}

// add enters a rule where no earlier one has the key for that signal and kind.
func (c *compiler) add(out *compiled, t *table, p *Profile, r *Rule) {
	if r.Option != "" && !c.optional[r.Option] {
		return
	}
	if r.From == "" || r.From == "<key>" {
		c.fail("profile %q: a rule has no from: name the attribute it is for", p.ID)
		return
	}
	if len(out.rules) == maxRules {
		c.fail("profile %q: more than %d rules: use fewer", p.ID, maxRules)
		return
	}
	if len(r.To) > 4 {
		c.fail("profile %q: rule for %q: to has %d keys, at most 4 are possible", p.ID, r.From, len(r.To))
		return
	}
	if n := opTargets[r.Op]; len(r.To) < n {
		c.fail("profile %q: rule for %q: to has %d keys, this operation needs %d", p.ID, r.From, len(r.To), n)
		return
	}
	if r.Op == OpRename && len(r.To) == 1 {
		if m := c.mended[r.To[0]]; m != nil && r.From != r.To[0] {
			take := *r
			take.Op, take.To, take.Values, take.Dash = m.Op, m.To, m.Values, r.Dash || m.Dash
			r = &take
		}
	}
	cr := rule{Rule: r}
	if prefix, ok := strings.CutSuffix(r.From, "<key>"); ok {
		cr.chop = len(prefix)
		if len(r.To) > 0 {
			cr.prefix = strings.TrimSuffix(r.To[0], "<key>")
		}
	} else if r.Op == OpHeader {
		cr.chop, cr.prefix = len(r.From), r.To[0]
	}
	for i, key := range r.To {
		if strings.HasSuffix(key, "<key>") || key == "" || r.Op == OpHeader || r.Op == OpTraceparent {
			continue // a run-time key, or one that a template's rule must still see
		}
		if next := c.follow[key]; next != "" && key != r.From {
			key = next
		}
		cr.to[i] = c.slot(key)
	}
	cr.self = len(r.To) > 0 && r.To[0] == r.From
	if c.engine.opts.BodySizeAs == BodySizeHeader && contentLengthHeader[r.From] != "" {
		header := *r
		header.Op, header.To = OpHeader, []string{contentLengthHeader[r.From]}
		cr = rule{Rule: &header, prefix: contentLengthHeader[r.From], chop: len(r.From)}
	}
	if r.Values != nil {
		cr.values = make(map[string]mapped, len(r.Values))
		for from, to := range r.Values {
			if key, value, ok := strings.Cut(to, "="); ok {
				cr.values[strings.ToLower(from)] = mapped{c.slot(key), value}
				continue
			}
			cr.values[strings.ToLower(from)] = mapped{cr.to[0], to}
		}
	}
	cr.op, cr.keep, cr.yield, cr.with = cr.Op, r.Keep, r.Yield, r.With != ""
	cr.dash = r.Dash || cr.Op == OpDropAbsent
	cr.host = r.From == httpHost
	if cr.op == OpHeader && !strings.HasSuffix(cr.To[0], "<key>") {
		cr.header = cr.prefix[strings.LastIndexByte(cr.prefix, '.')+1:]
		cr.secret = c.engine.secrets[cr.header]
	}
	out.rules = append(out.rules, cr)
	index := uint16(len(out.rules))
	info := t.info(r.From)
	signals, kinds := r.Signals, r.Kinds
	if signals == 0 {
		signals = OnSpans | OnLogs
	}
	if kinds == 0 {
		kinds = 1<<6 - 1
	}
	for s := range info.rules {
		for k := range info.rules[s] {
			if signals&(1<<s) != 0 && kinds&(1<<k) != 0 && info.rules[s][k] == 0 {
				info.rules[s][k] = index
			}
		}
	}
}

// contentLengthHeader is what BodySizeHeader makes of the old content length attributes.
var contentLengthHeader = map[string]string{
	"http.request_content_length":  "http.request.header.content-length",
	"http.response_content_length": "http.response.header.content-length",
}

func (c *compiler) addPattern(items, resource *table, owner *Profile, p *Pattern) {
	pat, err := compilePattern(p, c.slot)
	if err != nil {
		c.fail("profile %q: pattern %q for %q: %w", owner.ID, p.Text, p.Key, err)
		return
	}
	if p.Key == "" || strings.HasSuffix(p.Key, "<key>") {
		c.fail("profile %q: pattern %q has no key: name the attribute it reads", owner.ID, p.Text)
		return
	}
	t := items
	if resourceKey, ok := strings.CutPrefix(p.Key, "resource:"); ok {
		t, p = resource, &Pattern{Key: resourceKey}
	}
	info := t.info(p.Key)
	info.patterns = append(info.patterns, pat)
}

// addTargets makes every target key known, so that one that is already there is seen.
func (c *compiler) addTargets(t *table) {
	for key, s := range c.slots {
		if s != noSlot {
			t.info(key).self = s
		}
	}
}

// finish orders the detectors and settles what text formats stand for.
func (c *compiler) finish(profiles []Profile) {
	e := c.engine
	// Profiles compiled early did not know the targets of later ones: those keys cannot reach their slots
	// from their rules, so nothing is missed.
	e.unknown = e.byID[Official]
	var detected []*compiled
	for i := range profiles {
		p := e.byID[profiles[i].ID]
		for _, b := range profiles[i].Logs.Bodies { // of two with the same format, the less specific one
			if old := e.byBody[b]; old == nil || p.depth <= old.depth {
				e.byBody[b] = p
			}
		}
		if len(p.Detect) > 0 {
			detected = append(detected, p)
		}
	}
	slices.SortStableFunc(detected, func(a, b *compiled) int { return b.depth - a.depth })
	var err error
	if e.detector, err = newDetector(detected); err != nil {
		c.fail("%w", err)
	}
}

// Gateways lists every id that Stats can hold.
func (e *Engine) Gateways() []ID {
	ids := make([]ID, 0, len(e.byID))
	for _, p := range e.byID {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	return ids
}

// kindOf maps a span kind to the position in keyInfo.rules.
func kindOf(k ptrace.SpanKind) int {
	if k < 0 || k > ptrace.SpanKindConsumer {
		return 0
	}
	return int(k)
}
