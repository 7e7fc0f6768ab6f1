package main

import (
	"cmp"
	"slices"
	"strings"
)

// change says how a fact came to be, or that it ceased to be.
type change int

const (
	changed change = iota // renamed, split off, or given another value or type
	derived               // read out of a fact that holds several
	merged                // the same was there under the new name already, or came from elsewhere
	added                 // nothing before shows where it is from
	dropped               // nothing after stands for it
)

// group is a few facts that belong beside each other: at most one from before, and what came of it.
type group struct {
	before attribute // zero if the facts after were added
	kept   bool      // before is there afterwards as it was, besides what came of it
	after  []outcome // empty if before was dropped
}

// outcome is a fact from after.
type outcome struct {
	attribute
	change change
}

// change is the group's as a whole.
func (g group) change() change {
	switch {
	case g.before == attribute{}:
		return added
	case g.kept:
		return derived
	case len(g.after) == 0:
		return dropped
	}
	return g.after[0].change
}

// comparison arranges what is known about one item before and after.
type comparison struct {
	groups []group
	// unchanged are the names of attributes that are the same on both sides. Fields are left out.
	unchanged []string
}

// compare pairs the facts of an item before with those after it went through the Collector. Equal facts are unchanged.
// The others are paired in this order, and none is used twice:
//
//  1. the same name with another value or type;
//  2. a new name that the table of renames knows, first where the values are equal, then where the old value holds or
//     reads as the new one;
//  3. any new name with the same, telling value;
//  4. a new name whose value occurs in an attribute that holds several facts (origins).
//
// What is left of the old names says that it is to be found under the new name, where that is so.
func compare(before, after []attribute) comparison {
	before, after = unique(before), unique(after)
	p := &pairing{before: index(before), after: index(after), same: map[string]bool{}, group: map[string]*group{}}
	for _, b := range before {
		if a, ok := p.after[b.name]; ok && a == b {
			p.same[b.name] = true
			delete(p.after, b.name)
		} else if ok {
			p.take(b, changed, a)
		}
	}
	for _, equal := range []bool{true, false} {
		for _, b := range before {
			for _, name := range renames[b.name] {
				if a, ok := p.after[name]; ok && (a.value == b.value || !equal) {
					p.take(b, p.fate(b), a)
				}
			}
		}
	}
	p.pairByValue(before, after)
	p.pairByOrigin(after)
	return p.result(before, after)
}

type pairing struct {
	before map[string]attribute
	after  map[string]attribute // not yet paired
	same   map[string]bool
	group  map[string]*group // by the name of its left side
}

// unique keeps the first fact of each name: on the wire a key can occur twice.
func unique(attrs []attribute) []attribute {
	seen := make(map[string]bool, len(attrs))
	return slices.DeleteFunc(slices.Clone(attrs), func(a attribute) bool {
		was := seen[a.name]
		seen[a.name] = true
		return was
	})
}

func index(attrs []attribute) map[string]attribute {
	m := make(map[string]attribute, len(attrs))
	for _, a := range attrs {
		m[a.name] = a
	}
	return m
}

// take puts an unpaired fact from after beside b.
func (p *pairing) take(b attribute, c change, a attribute) {
	g := p.group[b.name]
	if g == nil {
		g = &group{before: b, kept: p.same[b.name]}
		p.group[b.name] = g
	}
	g.after = append(g.after, outcome{a, c})
	delete(p.after, a.name)
}

// fate is derived for a fact that is still there unchanged.
func (p *pairing) fate(b attribute) change {
	if p.same[b.name] {
		return derived
	}
	return changed
}

func (p *pairing) pairByValue(before, after []attribute) {
	byValue := map[string]string{} // value -> name, of what is left on the right side
	for _, a := range slices.Backward(after) {
		if _, ok := p.after[a.name]; ok {
			byValue[a.value] = a.name
		}
	}
	for _, b := range before {
		if p.group[b.name] != nil || p.fate(b) == derived || !telling(b.value) {
			continue
		}
		if name, ok := byValue[b.value]; ok && isField(name) == isField(b.name) {
			if a, free := p.after[name]; free {
				p.take(b, changed, a)
			}
		}
	}
}

// telling is false for values that say nothing about where they came from.
func telling(value string) bool { return len(value) > 2 && value != "true" && value != "false" }

func (p *pairing) pairByOrigin(after []attribute) {
	// In the order of importance, so that they stand like that beside their origin.
	after = slices.SortedStableFunc(slices.Values(after), func(a, b attribute) int { return cmp.Compare(rank(a.name), rank(b.name)) })
	final := index(after)
	for _, a := range after {
		if _, ok := p.after[a.name]; !ok {
			continue
		}
		part := a.value
		if a.typ == "list" {
			// A header with one value.
			part = strings.TrimSuffix(strings.TrimPrefix(part, `["`), `"]`)
		}
		for _, origin := range origins {
			b, ok := p.before[origin]
			// What was redacted on the way occurs in what became of the origin.
			if ok && (holds(b.value, part) || holds(final[origin].value, part)) {
				p.take(b, derived, a)
				break
			}
		}
	}
}

// holds tells whether part occurs in text as a word: not amid letters and digits.
func holds(text, part string) bool {
	if part == "" || part == `""` {
		return false
	}
	for from := 0; ; {
		i := strings.Index(text[from:], part)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(part)
		if (i == 0 || !alphanumeric(text[i-1])) && (end == len(text) || !alphanumeric(text[end])) {
			return true
		}
		from = i + 1
	}
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isField(name string) bool { return strings.HasPrefix(name, "(") }

// result orders the groups for a reader: fields, then attributes by importance, the resource last.
func (p *pairing) result(before, after []attribute) comparison {
	final := index(after)
	var c comparison
	for _, b := range before {
		if g := p.group[b.name]; g != nil {
			c.groups = append(c.groups, *g)
		} else if _, ok := p.after[b.name]; !ok && p.fate(b) != derived {
			c.groups = append(c.groups, group{before: b, after: elsewhere(b, final)})
		}
	}
	for _, a := range after {
		if _, ok := p.after[a.name]; ok {
			c.groups = append(c.groups, group{after: []outcome{{a, added}}})
		}
	}
	slices.SortStableFunc(c.groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(rank(a.sortName()), rank(b.sortName())), strings.Compare(a.sortName(), b.sortName()))
	})
	for name := range p.same {
		if p.group[name] == nil && !isField(name) {
			c.unchanged = append(c.unchanged, name)
		}
	}
	slices.Sort(c.unchanged)
	return c
}

// elsewhere finds the value of an old attribute under a new name that has it anyway.
func elsewhere(b attribute, final map[string]attribute) []outcome {
	for _, name := range renames[b.name] {
		if a, ok := final[name]; ok && (a.value == b.value || telling(a.value) && holds(b.value, a.value)) {
			return []outcome{{a, merged}}
		}
	}
	return nil
}

// importance orders attributes by how much a reader looks for them.
var importance = []string{
	"http.request.method", "http.response.status_code", "error.type", "rpc.", "gen_ai.", "mcp.", "url.", "server.", "client.",
	"network.", "user_agent", "http.", "db.", "gateway.",
}

func rank(name string) int {
	switch {
	case isField(name):
		return 0
	case strings.HasPrefix(name, resourceLabel):
		return len(importance) + 2
	}
	for i, prefix := range importance {
		if strings.HasPrefix(name, prefix) {
			return 1 + i
		}
	}
	return 1 + len(importance)
}

// sortName is the name that decides where the group stands: the first new one, or what it would have been.
func (g group) sortName() string {
	next := g.labels()
	if g.change() == dropped && len(renames[g.before.name]) > 0 {
		next = renames[g.before.name]
	}
	if isField(g.before.name) || isField(next[0]) && g.change() != added {
		return g.before.name
	}
	return next[0]
}

// labels are the names that stand for the group in a list.
func (g group) labels() []string {
	if len(g.after) == 0 {
		return []string{g.before.name}
	}
	names := make([]string, len(g.after))
	for i, a := range g.after {
		names[i] = a.name
	}
	return names
}
