package logline

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// maxJSONDepth is how deep objects and arrays may nest, the line's own object included. Kong's serializer
// needs about six levels.
const maxJSONDepth = 64

// parseJSON reads one JSON object in a single pass.
//
// Strings become Str, null no attribute (Empty inside an array), objects Map, arrays Slice. A number without
// fraction and exponent is Int within int64; one with an exponent is Int when its value is integral, because Envoy
// before 1.40 wrote 100000 as 1e+05 and Kong writes large integers that way (lua-cjson's %.14g). All others
// are Double, except those no double can hold, which stay text. Of duplicate keys the last wins.
//
// Gateways write what clients sent, so raw control characters and broken escapes are tolerated in strings;
// a broken escape becomes U+FFFD. Structure and numbers are held to RFC 8259.
func parseJSON(line string, attrs pcommon.Map) error {
	p := jsonParser{s: line}
	p.space()
	if p.peek() != '{' {
		return p.fail("a JSON object")
	}
	// One attribute takes about 30 bytes of line; a wrong guess costs one growth of the map.
	attrs.EnsureCapacity(min(max(len(line)/32, 4), 32))
	if err := p.object(attrs, 1); err != nil {
		return err
	}
	p.space()
	if p.i < len(p.s) {
		return p.fail("the end of the line after the object")
	}
	return nil
}

type jsonParser struct {
	s string
	i int
}

func (p *jsonParser) fail(want string) error {
	return &syntaxError{FormatJSON, p.i, want}
}

// peek returns the next byte, or 0 at the end; a 0 in the line is no syntax either.
func (p *jsonParser) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *jsonParser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

// object reads an object into m. depth counts the open brackets, this one included.
func (p *jsonParser) object(m pcommon.Map, depth int) error {
	out := fields{m: m}
	err := p.members(depth, func(key string) error { return p.member(&out, key, depth) })
	if err == nil {
		out.done()
	}
	return err
}

// members walks over an object: it reads a key and its colon, and leaves the value to member. depth counts the open
// brackets, this one included.
func (p *jsonParser) members(depth int, member func(key string) error) error {
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
		key, err := p.string()
		if err != nil {
			return err
		}
		p.space()
		if p.peek() != ':' {
			return p.fail("':'")
		}
		p.i++
		p.space()
		if err = member(key); err != nil {
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

// member reads the value of key. Plain values take the short way, without an empty value first.
func (p *jsonParser) member(out *fields, key string, depth int) error {
	switch p.peek() {
	case '"':
		s, err := p.string()
		if err != nil {
			return err
		}
		out.str(key, s)
		return nil
	case '{', '[':
		return p.value(out.slot(key), depth)
	case 't', 'f':
		b, err := p.boolean()
		if err != nil {
			return err
		}
		out.bool(key, b)
		return nil
	case 'n':
		if err := p.literal("null"); err != nil {
			return err
		}
		out.drop(key)
		return nil
	}
	n, err := p.number()
	if err != nil {
		return err
	}
	switch n.kind {
	case pcommon.ValueTypeInt:
		out.int(key, n.int)
	case pcommon.ValueTypeDouble:
		out.double(key, n.double)
	default:
		out.str(key, n.text)
	}
	return nil
}

// value reads any value into v, which is empty. depth counts the brackets open around it.
func (p *jsonParser) value(v pcommon.Value, depth int) error {
	switch p.peek() {
	case '"':
		s, err := p.string()
		if err != nil {
			return err
		}
		v.SetStr(s)
		return nil
	case '{':
		return p.object(v.SetEmptyMap(), depth+1)
	case '[':
		return p.array(v.SetEmptySlice(), depth+1)
	case 't', 'f':
		b, err := p.boolean()
		if err != nil {
			return err
		}
		v.SetBool(b)
		return nil
	case 'n':
		return p.literal("null")
	}
	n, err := p.number()
	if err != nil {
		return err
	}
	switch n.kind {
	case pcommon.ValueTypeInt:
		v.SetInt(n.int)
	case pcommon.ValueTypeDouble:
		v.SetDouble(n.double)
	default:
		v.SetStr(n.text)
	}
	return nil
}

// array reads an array into s. depth counts the open brackets, this one included.
func (p *jsonParser) array(s pcommon.Slice, depth int) error {
	return p.list(depth, func(int) error { return p.value(s.AppendEmpty(), depth) })
}

// list walks over an array: it calls element in front of every value in it, counted from 1. depth counts the open
// brackets, this one included.
func (p *jsonParser) list(depth int, element func(i int) error) error {
	if depth > maxJSONDepth {
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

func (p *jsonParser) boolean() (bool, error) {
	if p.s[p.i] == 't' {
		return true, p.literal("true")
	}
	return false, p.literal("false")
}

func (p *jsonParser) literal(word string) error {
	if len(p.s)-p.i < len(word) || p.s[p.i:p.i+len(word)] != word {
		return p.fail("a JSON value")
	}
	p.i += len(word)
	return nil
}

// jsonNumber holds an Int, a Double, or as Str the text of a number too large for either.
type jsonNumber struct {
	kind   pcommon.ValueType
	int    int64
	double float64
	text   string
}

func (p *jsonParser) number() (jsonNumber, error) {
	start := p.i
	if p.peek() == '-' {
		p.i++
	}
	switch c := p.peek(); {
	case c == '0':
		p.i++
	case isDigit(c):
		p.digits()
	default:
		p.i = start
		return jsonNumber{}, p.fail("a JSON value")
	}
	integer := true
	exponent := false
	if p.peek() == '.' {
		integer = false
		p.i++
		if !p.digits() {
			return jsonNumber{}, p.fail("a digit")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		integer, exponent = false, true
		p.i++
		if c := p.peek(); c == '+' || c == '-' {
			p.i++
		}
		if !p.digits() {
			return jsonNumber{}, p.fail("a digit")
		}
	}
	text := p.s[start:p.i]
	if integer || exponent {
		if n, ok := parse.Int(text); ok {
			return jsonNumber{kind: pcommon.ValueTypeInt, int: n}, nil
		}
	}
	if d, ok := parse.Float(text); ok {
		return jsonNumber{kind: pcommon.ValueTypeDouble, double: d}, nil
	}
	return jsonNumber{kind: pcommon.ValueTypeStr, text: text}, nil
}

// digits skips decimal digits and reports whether there was one.
func (p *jsonParser) digits() bool {
	start := p.i
	for p.i < len(p.s) && isDigit(p.s[p.i]) {
		p.i++
	}
	return p.i > start
}
