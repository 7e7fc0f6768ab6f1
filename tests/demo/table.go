package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// layout says how wide and how long a report may be.
type layout struct {
	palette
	width int // columns of a line
	rows  int // lines of a table, 0 for no limit
}

const (
	minWidth     = 80
	indent       = "  "
	separator    = 3  // columns between the halves
	maxNameLeft  = 30 // columns of the names before
	maxNameRight = 36 // columns of the names after
	minValue     = 12 // columns of a value
	leftLines    = 3  // lines that a value before may take beside fewer lines after
	rightLines   = 2  // lines that a value after may take
)

// columns are the widths of a table. Left is before, right is after.
type columns struct{ nameL, typeL, valueL, nameR, typeR, valueR int }

func (l layout) columns(groups []group) columns {
	c := columns{nameL: len("attribute"), typeL: len("type"), nameR: len("attribute"), typeR: len("type")}
	longest := func(width *int, s string, limit int) { *width = min(max(*width, utf8.RuneCountInString(s)), limit) }
	var valueL, valueR int
	for _, g := range groups {
		longest(&c.nameL, g.before.name, maxNameLeft)
		longest(&c.typeL, g.before.typ, 6)
		longest(&valueL, g.before.value, l.width)
		for _, a := range g.after {
			longest(&c.nameR, a.name, maxNameRight)
			longest(&c.typeR, a.typ, 6)
			longest(&valueR, a.value, l.width)
		}
	}
	room := l.width - len(indent) - separator - c.nameL - c.typeL - c.nameR - c.typeR - 4
	c.valueR = max(min(valueR, room/2), minValue)
	c.valueL = max(min(max(valueL, len("before")), room-c.valueR), minValue)
	c.valueR = max(min(valueR, room-c.valueL), c.valueR)
	return c
}

// table writes a comparison as lines: a heading, a line or more per group, and what did not change.
func (l layout) table(c comparison) []string {
	col := l.columns(c.groups)
	lines := []string{l.line(col, "│",
		half{name: "attribute", typ: "type", value: plain("before"), style: styleDim},
		half{name: "attribute", typ: "type", value: plain("after"), style: styleDim})}
	var left []string // names of groups that found no room
	for i, g := range c.groups {
		rows := l.group(col, g)
		if l.rows > 0 && len(lines)+len(rows) > l.rows && len(lines) > 1 {
			for _, g := range c.groups[i:] {
				left = append(left, g.sortName())
			}
			break
		}
		lines = append(lines, rows...)
	}
	if len(left) > 0 {
		lines = append(lines, l.list(fmt.Sprintf("and %d more: ", len(left)), left))
	}
	if len(c.unchanged) > 0 {
		lines = append(lines, l.list(fmt.Sprintf("unchanged (%d): ", len(c.unchanged)), c.unchanged))
	}
	return lines
}

// half is one side of a line.
type half struct {
	name, typ string
	value     text
	style     string // of the whole side, unless a column has its own
	typStyle  string
}

// group writes the facts of one group beside each other. A long value before runs on beside the values after.
func (l layout) group(col columns, g group) []string {
	var right []half
	for _, a := range g.after {
		style, typStyle := "", ""
		switch {
		case g.change != changed:
			style = styleNew
		case g.before.typ != "" && a.typ != g.before.typ:
			typStyle = styleMended
		}
		for i, value := range plain(a.value).wrap(col.valueR, rightLines) {
			h := half{value: value, style: style}
			if i == 0 {
				h.name, h.typ, h.typStyle = a.name, a.typ, typStyle
			}
			right = append(right, h)
		}
	}
	if g.change == dropped {
		right = append(right, half{name: "(dropped)", style: styleDim})
	}

	var left []half
	if g.change != added {
		value := l.strike(g.before.value, secrets(g.before.value, g.after))
		for i, value := range value.wrap(col.valueL, max(leftLines, len(right))) {
			h := half{value: value}
			if i == 0 {
				h.name, h.typ = g.before.name, g.before.typ
			}
			if g.change == derived || g.change == dropped {
				h.style = styleDim
			}
			left = append(left, h)
		}
	}

	marks := map[change]string{changed: "→", derived: "»", added: "+", dropped: "×"}
	lines := make([]string, 0, max(len(left), len(right)))
	for i := range max(len(left), len(right)) {
		mark := "│"
		var a, b half
		if i < len(left) {
			a = left[i]
		}
		if i < len(right) {
			b = right[i]
			if b.name != "" {
				mark = marks[g.change]
			}
		}
		lines = append(lines, l.line(col, mark, a, b))
	}
	return lines
}

// line writes both halves with a mark between them.
func (l layout) line(col columns, mark string, a, b half) string {
	var s strings.Builder
	s.WriteString(indent)
	l.half(&s, a, col.nameL, col.typeL, col.valueL)
	s.WriteString(" " + l.paint(styleDim, mark) + " ")
	l.half(&s, b, col.nameR, col.typeR, col.valueR)
	return strings.TrimRight(s.String(), " ")
}

func (l layout) half(s *strings.Builder, h half, name, typ, value int) {
	typStyle := h.typStyle
	if typStyle == "" {
		typStyle = h.style
	}
	s.WriteString(l.paintText(plain(shorten(h.name, name)), name, h.style))
	s.WriteByte(' ')
	s.WriteString(l.paintText(plain(h.typ), typ, typStyle))
	s.WriteByte(' ')
	s.WriteString(l.paintText(h.value, value, h.style))
}

// list writes names after a label in one line, cut to the width.
func (l layout) list(label string, names []string) string {
	line := plain(label+strings.Join(names, ", ")).wrap(l.width-len(indent), 1)[0]
	return indent + l.paint(styleDim, string(line.runes))
}

// title writes a heading with a rule up to the width.
func (l layout) title(s string) string {
	rule := max(l.width-utf8.RuneCountInString(s)-4, 0)
	return l.paint(styleTitle, "━━ "+s+" "+strings.Repeat("━", rule))
}
