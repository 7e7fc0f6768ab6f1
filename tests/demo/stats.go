package main

import (
	"fmt"
	"strconv"
	"strings"
)

// stats counts what happened to the items of one gateway, or of all.
type stats struct {
	spansIn, spansOut     int
	recordsIn, recordsOut int
	renamed               int // attributes with a new name
	types                 int // values whose type is another, on old or new names
	secrets               int // values that were hidden
	names                 int // spans with another name
	statuses              int // spans with another status
	derived               int // attributes read out of others
}

// count adds what one comparison shows.
func (s *stats) count(c comparison) {
	for _, g := range c.groups {
		s.secrets += len(secrets(g.before.value, g.after))
		switch {
		case g.before.name == fieldName && g.change == changed:
			s.names++
		case g.before.name == fieldStatus && g.change == changed:
			s.statuses++
		case isField(g.before.name):
			if g.change == derived || g.change == changed {
				s.derived += len(g.after)
			}
		case g.change == derived:
			s.derived += len(g.after)
		case g.change == changed:
			if g.after[0].name != g.before.name {
				s.renamed++
			}
			if mended(g) {
				s.types++
			}
		}
	}
}

// mended tells whether the first thing that became of an attribute has another type.
func mended(g group) bool {
	return g.change == changed && g.before.typ != "" && g.after[0].typ != "" && g.after[0].typ != g.before.typ
}

func (s *stats) add(o stats) {
	s.spansIn += o.spansIn
	s.spansOut += o.spansOut
	s.recordsIn += o.recordsIn
	s.recordsOut += o.recordsOut
	s.renamed += o.renamed
	s.types += o.types
	s.secrets += o.secrets
	s.names += o.names
	s.statuses += o.statuses
	s.derived += o.derived
}

// String is one line; counts of zero are left out, except what went in and came out.
func (s stats) String() string {
	var parts []string
	if s.spansIn+s.spansOut > 0 || s.recordsIn+s.recordsOut == 0 {
		parts = append(parts, fmt.Sprintf("spans %s in, %s out", thousands(s.spansIn), thousands(s.spansOut)))
	}
	if s.recordsIn+s.recordsOut > 0 {
		parts = append(parts, fmt.Sprintf("log records %s in, %s out", thousands(s.recordsIn), thousands(s.recordsOut)))
	}
	for _, c := range []struct {
		count     int
		one, many string
	}{
		{s.renamed, "attribute renamed", "attributes renamed"},
		{s.types, "type mended", "types mended"},
		{s.derived, "read out of others", "read out of others"},
		{s.names, "span name set", "span names set"},
		{s.statuses, "status set", "statuses set"},
		{s.secrets, "secret hidden", "secrets hidden"},
	} {
		switch {
		case c.count == 1:
			parts = append(parts, "1 "+c.one)
		case c.count > 1:
			parts = append(parts, thousands(c.count)+" "+c.many)
		}
	}
	return strings.Join(parts, " · ")
}

// thousands writes 12345 as 12,345.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
