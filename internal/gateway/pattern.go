package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// pattern is a compiled Pattern: literals and fields in turn, lit[0] field[0] lit[1] field[1] … lit[n].
type pattern struct {
	lits     []string
	fields   []patternField
	resource bool
	kinds    Kinds
}

type patternField struct {
	slot     slot // noSlot: skipped
	greedy   bool
	optional bool
	port     bool
}

// maxFields bounds a pattern, so that a match fits in a fixed array.
const maxFields = 8

func compilePattern(p *Pattern, slotOf func(string) slot) (pattern, error) {
	out := pattern{resource: p.Resource, kinds: p.Kinds}
	rest := p.Text
	var names []string
	for {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			if strings.IndexByte(rest, '}') >= 0 {
				return out, errors.New("a '}' has no '{': open the field")
			}
			out.lits = append(out.lits, rest)
			break
		}
		end := strings.IndexByte(rest[open:], '}')
		if end < 0 {
			return out, errors.New("a '{' has no '}': close the field")
		}
		name := rest[open+1 : open+end]
		out.lits = append(out.lits, rest[:open])
		if len(out.fields) > 0 && rest[:open] == "" {
			return out, fmt.Errorf("field %q follows another one directly: put a literal between them", name)
		}
		var f patternField
		name, f.greedy = strings.CutSuffix(name, "...")
		name, f.optional = strings.CutSuffix(name, "?")
		if name != "" {
			if strings.ContainsAny(name, "{}<> ?") || strings.HasSuffix(name, ".") {
				return out, fmt.Errorf("field %q is not an attribute's name: write {name}, {name...} or {name?}", name)
			}
			if slices.Contains(names, name) {
				return out, fmt.Errorf("field %q occurs twice: give each part a name of its own, or {} to skip it", name)
			}
			names = append(names, name)
			f.slot = slotOf(name)
			f.port = strings.HasSuffix(name, ".port")
		}
		out.fields = append(out.fields, f)
		rest = rest[open+end+1:]
	}
	if len(out.fields) == 0 || len(out.fields) > maxFields {
		return out, fmt.Errorf("has %d fields, want 1 to %d: put the name of an attribute in braces", len(out.fields), maxFields)
	}
	return out, nil
}

// CheckPattern tells what is wrong with the text of a pattern that is to write something.
func CheckPattern(text string) error {
	p, err := compilePattern(&Pattern{Text: text}, func(string) slot { return 1 })
	if err == nil && !slices.ContainsFunc(p.fields, func(f patternField) bool { return f.slot != noSlot }) {
		err = errors.New("has no named field, so it writes nothing: put the name of an attribute in braces")
	}
	return err
}

// match cuts s into the pattern's fields, slices of s, left in parts. It allocates nothing and reads s once per field.
func (p *pattern) match(s string, parts *[maxFields]string) bool {
	if !strings.HasPrefix(s, p.lits[0]) {
		return false
	}
	s = s[len(p.lits[0]):]
	for i, f := range p.fields {
		lit := p.lits[i+1]
		end := len(s)
		switch last := i == len(p.fields)-1; {
		case last && lit != "":
			if !strings.HasSuffix(s, lit) {
				return false
			}
			end = len(s) - len(lit)
		case last:
		case f.greedy:
			end = strings.LastIndex(p.reach(s, i), lit)
		default:
			end = strings.Index(s, lit)
		}
		if end < 0 || (end == 0 && !f.optional) {
			return false
		}
		parts[i] = s[:end]
		if f.port {
			if n, isInt := parse.Int(parts[i]); !isInt || n < 1 || n > maxPort {
				return false
			}
		}
		s = s[end+len(lit):]
	}
	return true
}

// reach is the part of s that a greedy field and the literal behind it may lie in: up to the literal behind
// the next field.
func (p *pattern) reach(s string, i int) string {
	if i+2 < len(p.lits) && p.lits[i+2] != "" {
		if end := strings.Index(s, p.lits[i+2]); end >= 0 {
			return s[:end]
		}
	}
	return s
}

// namePattern is a name with at most one '*', or a pattern with fields.
type namePattern struct {
	prefix, suffix string
	star           bool
	fields         *pattern
}

func (c *compiler) compileNames(owner *Profile, names []string) []namePattern {
	out := make([]namePattern, 0, len(names))
	for _, n := range names {
		if strings.IndexByte(n, '{') >= 0 {
			p, err := compilePattern(&Pattern{Text: n}, c.slot)
			if err != nil {
				c.fail("profile %q: span name %q: %w", owner.ID, n, err)
			}
			out = append(out, namePattern{fields: &p})
			continue
		}
		prefix, suffix, star := strings.Cut(n, "*")
		out = append(out, namePattern{prefix: prefix, suffix: suffix, star: star})
	}
	return out
}

func matchName(patterns []namePattern, name string) bool {
	for i := range patterns {
		p := &patterns[i]
		if p.fields != nil {
			var parts [maxFields]string
			if p.fields.match(name, &parts) {
				return true
			}
			continue
		}
		if !p.star {
			if name == p.prefix {
				return true
			}
			continue
		}
		if len(name) > len(p.prefix)+len(p.suffix) && strings.HasPrefix(name, p.prefix) && strings.HasSuffix(name, p.suffix) {
			return true
		}
	}
	return false
}
