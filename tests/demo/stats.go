package main

import (
	"fmt"
	"strconv"
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
	derived               int // attributes and fields read out of others
}

// count adds what one comparison shows.
func (s *stats) count(c comparison) {
	for _, g := range c.groups {
		s.secrets += len(secrets(g.before.value, g.after))
		for _, a := range g.after {
			if a.change == derived {
				s.derived++
			}
		}
		if g.change() != changed {
			continue
		}
		switch {
		case g.before.name == fieldName:
			s.names++
		case g.before.name == fieldStatus:
			s.statuses++
		case !isField(g.before.name):
			if g.after[0].name != g.before.name {
				s.renamed++
			}
			if g.before.typ != g.after[0].typ {
				s.types++
			}
		}
	}
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

// parts are short phrases. Counts of zero are left out, except what went in and came out.
func (s stats) parts() []string {
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
		{s.derived, "fact derived", "facts derived"},
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
	return parts
}

// thousands writes 12345 as 12,345.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
