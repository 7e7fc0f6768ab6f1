package logline

import (
	"math"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// KongOptions are choices about what is read.
type KongOptions struct {
	// DropConsumer leaves out who called: the consumer and the credential, and the headers by which Kong tells
	// them to the upstream.
	DropConsumer bool
	// Copy makes records that keep nothing of the message alive but what they hold. Without it their strings are
	// slices of the message.
	Copy bool
}

// KongRecord is what the reader of Kong's log knows about a record beside its attributes.
type KongRecord struct {
	// UnixNano is the start of the request or session in nanoseconds since the epoch, 0 when it is not told.
	UnixNano int64
	// Summary is one line about the request, as the body of Kong's own OTLP access log has it, "GET /any 200 4ms",
	// without the query. Empty for stream sessions.
	Summary string
	// Unnamed is how many fields and headers without a name were left out: the key of an attribute must not be empty
	// (OpenTelemetry specification, common concepts, Attribute), and "http.request.header." names nothing. Keys inside of a
	// value may be.
	Unnamed int
	// whole tells that the object has what no record of Kong's serializer lacks.
	whole bool
}

// Bounds of one record. Kong cuts headers off at 100 in each direction and its entities have about 20 fields.
const (
	maxKongFields  = 4096
	maxKongFlatten = 8 // levels that become dotted keys; what is deeper stays an object
	internedKeys   = 1024
	maxInternedKey = 256
)

// kongParser reads objects of Kong's log serializer (Kong 3.4.2 to 3.9.3, kong/pdk/log.lua). It is used for one
// record after the other and keeps its buffers and the keys it has made.
type kongParser struct {
	jsonParser
	opts    KongOptions
	out     []kongField
	noted   [noteCount]int32 // index in out plus one
	table   []uint16         // places in out by hash of the key, plus one
	keys    [internedKeys / 2][2]joint
	scratch []byte

	hasTries            bool
	tries               int
	lastIP, lastPort    int32 // index in out plus one
	lastState, lastCode int32
	paths               int // of the route
	path                string
	protocol            string // the route's first
	traces              [traceFormats]string
	unnamed             int
}

func newKongParser() *kongParser {
	return &kongParser{}
}

// wantField is what an object without any field lacks: Kong's serializer writes none such, and a record of it would say
// nothing.
const wantField = "an object with at least one field"

// record reads the object at the parser's position into attrs, which is empty, and stays behind it.
func (p *kongParser) record(attrs pcommon.Map) (KongRecord, error) {
	p.out = p.out[:0]
	p.noted = [noteCount]int32{}
	p.hasTries, p.tries = false, 0
	p.lastIP, p.lastPort, p.lastState, p.lastCode = 0, 0, 0, 0
	p.paths, p.path, p.protocol = 0, "", ""
	p.traces, p.unnamed = [traceFormats]string{}, 0
	if p.peek() != '{' {
		return KongRecord{}, p.fail("a JSON object")
	}
	if err := p.described(kongRoot, kongRoot.prefix, 1); err != nil {
		return KongRecord{}, err
	}
	if len(p.out) == 0 && !p.hasTries && p.traces == [traceFormats]string{} {
		return KongRecord{}, p.fail(wantField)
	}
	rec := p.finish()
	rec.Unnamed = p.unnamed
	if p.opts.Copy {
		p.own()
	}
	p.write(attrs)
	return rec, nil
}

// forget lets go of the message: a pooled parser must not keep it alive.
func (p *kongParser) forget() {
	clear(p.out[:cap(p.out)])
	p.s, p.path, p.protocol, p.traces = "", "", "", [traceFormats]string{}
}

// described reads an object whose fields the node describes. depth counts the open brackets, this one included.
func (p *kongParser) described(n *kongNode, prefix string, depth int) error {
	return p.members(depth, func(name string) error { return p.field(n, prefix, name, depth) })
}

// field reads the value of one member.
func (p *kongParser) field(n *kongNode, prefix, name string, depth int) error {
	if name == "" && (n == kongRoot || n.role == roleHeaders) {
		p.unnamed++
		return p.skipValue(depth)
	}
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
		return p.described(n, prefix, depth+1)
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
		return p.addStr(n, key, s)
	case 't', 'f':
		b, err := p.boolean()
		if err != nil {
			return err
		}
		f, err := p.add(n, key, pcommon.ValueTypeBool)
		if err == nil && b {
			f.num = 1
		}
		return err
	case 'n':
		return p.literal("null") // Kong never writes one; unset fields are absent
	}
	num, err := p.number()
	if err != nil {
		return err
	}
	f, err := p.add(n, key, num.kind)
	if err != nil {
		return err
	}
	switch num.kind {
	case pcommon.ValueTypeInt:
		f.num = num.int
	case pcommon.ValueTypeDouble:
		f.num = int64(math.Float64bits(num.double))
	default:
		f.str = num.text
	}
	return nil
}

// nested keeps an object or array as it is. An empty one is nothing: an empty Lua table is "{}", whatever it held.
func (p *kongParser) nested(key string, depth int) error {
	v, start := pcommon.NewValueEmpty(), p.i
	if err := p.value(v, depth); err != nil {
		return err
	}
	if p.opts.Copy {
		// Keys cannot be replaced, so the value is read again, from a text of its own.
		own := jsonParser{s: strings.Clone(p.s[start:p.i])}
		v = pcommon.NewValueEmpty()
		if err := own.value(v, depth); err != nil {
			return err
		}
	}
	if v.Type() == pcommon.ValueTypeMap && v.Map().Len() == 0 || v.Type() == pcommon.ValueTypeSlice && v.Slice().Len() == 0 {
		return nil
	}
	f, err := p.add(genericNode, key, v.Type())
	if err == nil {
		f.val = v
	}
	return err
}

// numbered reads an array as Kong's OTLP access log writes it: "kong.route.paths.1".
func (p *kongParser) numbered(n *kongNode, key string, depth int) error {
	if depth >= maxKongFlatten {
		return p.nested(key, depth)
	}
	prefix := p.join(key, ".")
	return p.list(depth+1, func(i int) error {
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
	err := p.list(depth+1, func(i int) error {
		count = i
		if n.role == roleTries {
			p.lastIP, p.lastPort, p.lastState, p.lastCode = 0, 0, 0, 0
		}
		number := p.join(prefix, strconv.Itoa(i))
		if p.peek() != '{' {
			return p.any(n.unlisted(), number, depth+1)
		}
		return p.described(n.element, p.join(number, "."), depth+2)
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
	switch p.peek() {
	case '"':
	case '{', '[':
		return p.nested(key, depth) // under the header's own name, by which it may have to be hidden
	default:
		return p.any(genericNode, key, depth)
	}
	s, err := p.string()
	if err != nil {
		return err
	}
	if name == "user-agent" && prefix == requestHeader {
		if err = p.addStr(genericNode, "user_agent.original", s); err != nil {
			return err
		}
	}
	f, err := p.add(genericNode, key, pcommon.ValueTypeSlice)
	if err == nil {
		f.one, f.str = true, s
	}
	return err
}

// identity tells the members that say who called.
func (p *kongParser) identity(n, child *kongNode, name string) bool {
	switch {
	case child != nil && child.role == roleIdentity:
		return true
	case n == kongRoot:
		// Groups, as plugins and operators add them to the record.
		return name == "consumer_groups" || name == "consumer_group" || name == "authenticated_groups"
	case n.role == roleHeaders:
		name = strings.ToLower(name) // Kong writes lower case, an operator's custom fields may not
		return strings.HasPrefix(name, "x-consumer-") || strings.HasPrefix(name, "x-credential-") ||
			strings.HasPrefix(name, "x-authenticated-") || name == "x-anonymous-consumer"
	case n.role == roleGenAI:
		return name == "consumer" || strings.HasPrefix(name, "consumer_") || strings.HasSuffix(name, "_consumer_id")
	}
	return false
}

// addStr appends a text.
func (p *kongParser) addStr(n *kongNode, key, value string) error {
	f, err := p.add(n, key, pcommon.ValueTypeStr)
	if err == nil {
		f.str = value
	}
	return err
}

// add appends a field, whose value is the caller's to set.
func (p *kongParser) add(n *kongNode, key string, kind pcommon.ValueType) (*kongField, error) {
	if len(p.out) >= maxKongFields {
		return nil, p.fail("at most 4096 fields")
	}
	f := p.slot(key, kind)
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
	return f, nil
}

// slot is the next field. It is filled in place: what an earlier record left there does not matter, and copying a
// whole field costs the garbage collector more than its parts.
func (p *kongParser) slot(key string, kind pcommon.ValueType) *kongField {
	if len(p.out) == cap(p.out) {
		p.out = append(p.out, kongField{})
	} else {
		p.out = p.out[:len(p.out)+1]
	}
	f := &p.out[len(p.out)-1]
	f.key, f.kind, f.one, f.num = key, kind, false, 0
	return f
}
