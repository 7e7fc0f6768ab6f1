package logline

import (
	"hash/maphash"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata"
)

// KongOptions are choices about what is read.
type KongOptions struct {
	// DropConsumer leaves out who called: the consumer and the credential, and the headers by which Kong tells
	// them to the upstream.
	DropConsumer bool
}

// KongRecord is what the reader of Kong's log knows about a record beside its attributes.
type KongRecord struct {
	// UnixNano is the start of the request or session in nanoseconds since the epoch, 0 when it is not told.
	UnixNano int64
	// Summary is one line about the request, as the body of Kong's own OTLP access log has it, "GET /any 200 4ms",
	// without the query. Empty for stream sessions.
	Summary string
	// whole tells that the object has what no record of Kong's serializer lacks.
	whole bool
}

// Bounds of one record. Kong cuts headers off at 100 in each direction and its entities have about 20 fields.
const (
	maxKongFields  = 4096
	maxKongFlatten = 8 // levels that become dotted keys; what is deeper stays an object
	maxInterned    = 4096
	maxInternedKey = 256
)

// kongField is one attribute to be.
type kongField struct {
	key  string
	kind pcommon.ValueType // Empty: taken back
	one  bool              // with kind Slice: an array of the one string in str
	b    bool
	str  string
	int  int64
	f    float64
	val  pcommon.Value // for Slice and Map
}

// kongParser reads objects of Kong's log serializer (Kong 3.4.2 to 3.9.3, kong/pdk/log.lua). It is used for one
// record after the other and keeps its buffers and the keys it has made.
type kongParser struct {
	jsonParser
	opts    KongOptions
	out     []kongField
	noted   [noteCount]int32 // index in out plus one
	table   []uint16         // places in out by hash of the key, plus one
	keys    map[joint]string
	scratch []byte

	hasTries            bool
	tries               int
	lastIP, lastPort    int32 // index in out plus one
	lastState, lastCode int32
	paths               int // of the route
	path                string
	protocol            string // the route's first
	traces              [traceFormats]string
}

// joint is a key made of two parts.
type joint struct{ prefix, name string }

// kongSeed makes the hash of a key unknown to whoever writes keys.
var kongSeed = maphash.MakeSeed()

func newKongParser() *kongParser {
	return &kongParser{keys: make(map[joint]string)}
}

// record reads the object at the parser's position into attrs, which is empty, and stays behind it.
func (p *kongParser) record(attrs pcommon.Map) (KongRecord, error) {
	p.out = p.out[:0]
	p.noted = [noteCount]int32{}
	p.hasTries, p.tries = false, 0
	p.lastIP, p.lastPort, p.lastState, p.lastCode = 0, 0, 0, 0
	p.paths, p.path, p.protocol = 0, "", ""
	p.traces = [traceFormats]string{}
	if p.peek() != '{' {
		return KongRecord{}, p.fail("a JSON object")
	}
	if err := p.members(kongRoot, kongRoot.prefix, 1); err != nil {
		return KongRecord{}, err
	}
	rec := p.finish()
	p.write(attrs)
	return rec, nil
}

// forget lets go of the message: a pooled parser must not keep it alive.
func (p *kongParser) forget() {
	clear(p.out[:cap(p.out)])
	p.s, p.path, p.protocol, p.traces = "", "", "", [traceFormats]string{}
}

// members reads an object whose fields the node describes. depth counts the open brackets, this one included.
func (p *kongParser) members(n *kongNode, prefix string, depth int) error {
	if depth > maxJSONDepth {
		return p.fail("at most 64 levels of nesting")
	}
	p.i++ // '{'
	p.space()
	if p.peek() == '}' {
		p.i++
		return nil
	}
	for {
		if p.peek() != '"' {
			return p.fail("a quoted key")
		}
		name, err := p.string()
		if err != nil {
			return err
		}
		p.space()
		if p.peek() != ':' {
			return p.fail("':'")
		}
		p.i++
		p.space()
		if err = p.field(n, prefix, name, depth); err != nil {
			return err
		}
		p.space()
		switch p.peek() {
		case ',':
			p.i++
			p.space()
		case '}':
			p.i++
			return nil
		default:
			return p.fail("',' or '}'")
		}
	}
}

// field reads the value of one member.
func (p *kongParser) field(n *kongNode, prefix, name string, depth int) error {
	child := n.member(name)
	switch {
	case child != nil && child.role == roleSkip, p.opts.DropConsumer && p.identity(n, child, name):
		return p.skipValue(depth)
	case n.role == roleHeaders:
		return p.header(prefix, name, depth)
	case n.role == roleTraceID:
		if format, ok := traceFormat(name); ok && p.peek() == '"' {
			id, err := p.string()
			p.traces[format] = id
			return err
		}
	case n.role == roleGenAI && child == nil && rawText[name]:
		// Raw user text: one prefix for all of it, so that one rule can drop it.
		return p.any(genericNode, p.join(genAIContent+prefix[len(genAI):], name), depth)
	}
	if child == nil {
		return p.any(n.unlisted(), p.join(prefix, name), depth)
	}
	switch {
	case child.key != "":
		return p.any(child, child.key, depth)
	case child.prefix != "":
		return p.any(child, strings.TrimSuffix(child.prefix, "."), depth)
	}
	return p.any(child, p.join(prefix, name), depth)
}

// any reads a value that the node describes; key is what it becomes where it is no object.
func (p *kongParser) any(n *kongNode, key string, depth int) error {
	switch p.peek() {
	case '{':
		prefix := n.prefix
		if prefix == "" {
			if depth >= maxKongFlatten {
				return p.nested(key, depth)
			}
			prefix = p.join(key, ".")
		}
		return p.members(n, prefix, depth+1)
	case '[':
		switch n.role {
		case roleTries, roleRPC:
			return p.elements(n, key, depth)
		case roleNumbered, roleGenAI:
			return p.numbered(n, key, depth)
		}
		return p.nested(key, depth)
	case '"':
		s, err := p.string()
		if err != nil {
			return err
		}
		if n.role == roleGenAI && s == "UNSPECIFIED" {
			return nil // Kong's word for unknown
		}
		return p.add(n, kongField{key: key, kind: pcommon.ValueTypeStr, str: s})
	case 't', 'f':
		b, err := p.boolean()
		if err != nil {
			return err
		}
		return p.add(n, kongField{key: key, kind: pcommon.ValueTypeBool, b: b})
	case 'n':
		return p.literal("null") // Kong never writes one; unset fields are absent
	}
	num, err := p.number()
	if err != nil {
		return err
	}
	return p.add(n, kongField{key: key, kind: num.kind, int: num.int, f: num.double, str: num.text})
}

// nested keeps an object or array as it is. An empty one is nothing: an empty Lua table is "{}", whatever it held.
func (p *kongParser) nested(key string, depth int) error {
	v := pcommon.NewValueEmpty()
	if err := p.value(v, depth); err != nil {
		return err
	}
	if v.Type() == pcommon.ValueTypeMap && v.Map().Len() == 0 || v.Type() == pcommon.ValueTypeSlice && v.Slice().Len() == 0 {
		return nil
	}
	return p.add(genericNode, kongField{key: key, kind: v.Type(), val: v})
}

// list reads an array and calls element in front of every value in it, counted from 1.
func (p *kongParser) list(depth int, element func(i int) error) error {
	if depth >= maxJSONDepth {
		return p.fail("at most 64 levels of nesting")
	}
	p.i++ // '['
	p.space()
	if p.peek() == ']' {
		p.i++
		return nil
	}
	for i := 1; ; i++ {
		if err := element(i); err != nil {
			return err
		}
		p.space()
		switch p.peek() {
		case ',':
			p.i++
			p.space()
		case ']':
			p.i++
			return nil
		default:
			return p.fail("',' or ']'")
		}
	}
}

// numbered reads an array as Kong's OTLP access log writes it: "kong.route.paths.1".
func (p *kongParser) numbered(n *kongNode, key string, depth int) error {
	if depth >= maxKongFlatten {
		return p.nested(key, depth)
	}
	prefix := p.join(key, ".")
	return p.list(depth, func(i int) error {
		if n.note == noteProtocols && i == 1 && p.peek() == '"' {
			p.protocol = p.peekString()
		}
		if n.note == notePaths {
			if p.paths = i; i == 1 && p.peek() == '"' {
				p.path = p.peekString()
			}
		}
		return p.any(n.unlisted(), p.join(prefix, strconv.Itoa(i)), depth+1)
	})
}

// peekString reads the string at the position and stays in front of it; "" when it is broken, which the reading that
// follows reports.
func (p *kongParser) peekString() string {
	at := p.i
	s, _ := p.string()
	p.i = at
	return s
}

// elements reads the tries of a request, or the calls of an MCP or A2A request.
func (p *kongParser) elements(n *kongNode, key string, depth int) error {
	first := len(p.out)
	count := 0
	prefix := p.join(key, ".")
	err := p.list(depth, func(i int) error {
		count = i
		if n.role == roleTries {
			p.lastIP, p.lastPort, p.lastState, p.lastCode = 0, 0, 0, 0
		}
		number := p.join(prefix, strconv.Itoa(i))
		if p.peek() != '{' {
			return p.any(n.unlisted(), number, depth+1)
		}
		return p.members(n.element, p.join(number, "."), depth+2)
	})
	if n.role == roleTries {
		p.hasTries, p.tries = true, count
	} else if count == 1 {
		// One call is the usual case: it needs no number.
		for i := first; i < len(p.out); i++ {
			if rest, ok := strings.CutPrefix(p.out[i].key, prefix+"1."); ok {
				p.out[i].key = p.join(prefix, rest)
			} else if rest, ok := strings.CutPrefix(p.out[i].key, genAIContent+prefix[len(genAI):]+"1."); ok {
				p.out[i].key = p.join(genAIContent+prefix[len(genAI):], rest)
			}
		}
	}
	return err
}

// header reads one header: an array of its values, as the conventions have it.
func (p *kongParser) header(prefix, name string, depth int) error {
	key := p.join(prefix, name)
	if p.peek() != '"' {
		return p.any(genericNode, key, depth)
	}
	s, err := p.string()
	if err != nil {
		return err
	}
	if name == "user-agent" && prefix == requestHeader {
		if err = p.add(genericNode, kongField{key: "user_agent.original", kind: pcommon.ValueTypeStr, str: s}); err != nil {
			return err
		}
	}
	return p.add(genericNode, kongField{key: key, kind: pcommon.ValueTypeSlice, one: true, str: s})
}

// identity tells the members that say who called.
func (p *kongParser) identity(n, child *kongNode, name string) bool {
	switch {
	case child != nil && child.role == roleIdentity:
		return true
	case n.role == roleHeaders:
		return strings.HasPrefix(name, "x-consumer-") || strings.HasPrefix(name, "x-credential-") ||
			strings.HasPrefix(name, "x-authenticated-") || name == "x-anonymous-consumer"
	case n.role == roleGenAI:
		return name == "consumer" || strings.HasSuffix(name, "_consumer_id")
	}
	return false
}

func (p *kongParser) add(n *kongNode, f kongField) error {
	if len(p.out) == maxKongFields {
		return p.fail("at most 4096 fields")
	}
	p.out = append(p.out, f)
	if n.note != noteNone {
		at := int32(len(p.out))
		switch n.note {
		case noteTryIP:
			p.lastIP = at
		case noteTryPort:
			p.lastPort = at
		case noteTryState:
			p.lastState = at
		case noteTryCode:
			p.lastCode = at
		default:
			p.noted[n.note] = at
		}
	}
	return nil
}

// join returns prefix+name, the same string every time where it can. The name is part of a body that must not be kept
// alive by a key.
func (p *kongParser) join(prefix, name string) string {
	if key, ok := p.keys[joint{prefix, name}]; ok {
		return key
	}
	key := prefix + name
	if len(key) <= maxInternedKey {
		if len(p.keys) >= maxInterned {
			clear(p.keys) // names nobody repeats
		}
		p.keys[joint{strings.Clone(prefix), key[len(prefix):]}] = key
	}
	return key
}

// skipValue passes over a value that is not kept.
func (p *kongParser) skipValue(depth int) error {
	switch p.peek() {
	case '{', '[':
		at := p.i
		if !p.skipNested() {
			p.i = at
			return p.fail("a closing bracket for the value that starts")
		}
		return nil
	}
	return p.value(pcommon.NewValueEmpty(), depth)
}

// skipNested goes behind the object or array that starts at the position, by its brackets alone; false when it never
// closes.
func (p *kongParser) skipNested() bool {
	open := 0
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '{', '[':
			open++
		case '}', ']':
			if open--; open == 0 {
				p.i++
				return true
			}
		case '"':
			if !p.skipString() {
				return false
			}
			continue
		}
		p.i++
	}
	return false
}

// skipString goes behind the string that starts at the position.
func (p *kongParser) skipString() bool {
	for i := p.i + 1; i < len(p.s); i++ {
		switch p.s[i] {
		case '\\':
			i++
		case '"':
			p.i = i + 1
			return true
		}
	}
	p.i = len(p.s)
	return false
}

// write puts the fields into attrs. Of a key that comes twice the last one counts.
func (p *kongParser) write(attrs pcommon.Map) {
	places := 64
	for places < 2*len(p.out) {
		places *= 2
	}
	if cap(p.table) < places {
		p.table = make([]uint16, places)
	}
	p.table = p.table[:places]
	clear(p.table)
	kept := 0
	for i := range p.out {
		f := &p.out[i]
		if f.kind == pcommon.ValueTypeEmpty {
			continue
		}
		at := int(maphash.String(kongSeed, f.key)) & (places - 1)
		for {
			other := p.table[at]
			if other == 0 {
				kept++
				break
			}
			if old := &p.out[other-1]; old.key == f.key {
				old.kind = pcommon.ValueTypeEmpty
				break
			}
			at = (at + 1) & (places - 1)
		}
		p.table[at] = uint16(i + 1)
	}
	var b xpdata.MapBuilder
	b.EnsureCapacity(kept)
	for i := range p.out {
		p.out[i].write(&b)
	}
	b.UnsafeIntoMap(attrs)
	clear(p.out) // they hold the body
}

func (f *kongField) write(b *xpdata.MapBuilder) {
	switch f.kind {
	case pcommon.ValueTypeStr:
		b.AppendEmpty(f.key).SetStr(f.str)
	case pcommon.ValueTypeInt:
		b.AppendEmpty(f.key).SetInt(f.int)
	case pcommon.ValueTypeDouble:
		b.AppendEmpty(f.key).SetDouble(f.f)
	case pcommon.ValueTypeBool:
		b.AppendEmpty(f.key).SetBool(f.b)
	case pcommon.ValueTypeSlice, pcommon.ValueTypeMap:
		v := b.AppendEmpty(f.key)
		if f.one {
			v.SetEmptySlice().AppendEmpty().SetStr(f.str)
			return
		}
		f.val.MoveTo(v)
	case pcommon.ValueTypeEmpty, pcommon.ValueTypeBytes:
	}
}
