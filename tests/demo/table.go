package main

import (
	"cmp"
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
	minWidth   = 80
	indent     = "  "
	gaps       = 7  // columns between the six cells of a line
	maxType    = 6  // columns of a type: "double"
	namesLeft  = 27 // percent of a line without its types that the names before may take
	namesRight = 37 // the same for the names after, which are longer in the conventions
	minValue   = 10 // columns of a value
	leftLines  = 3  // lines that a value before may take beside fewer lines after
	rightLines = 2  // lines that a value after may take
)

// columns are the widths of a table. Left is before, right is after.
type columns struct{ nameL, typeL, valueL, nameR, typeR, valueR int }

func (l layout) columns(groups []group) columns {
	c := columns{nameL: len("attribute"), typeL: len("type"), nameR: len("attribute"), typeR: len("type")}
	valueL, valueR := len("before"), len("after")
	room := l.width - len(indent) - gaps
	longest := func(width *int, s string, limit int) { *width = min(max(*width, utf8.RuneCountInString(s)), limit) }
	for _, g := range groups {
		longest(&c.typeL, g.before.typ, maxType)
		longest(&c.nameL, g.before.name, (room-2*maxType)*namesLeft/100)
		longest(&valueL, g.before.value, l.width)
		for _, a := range g.after {
			longest(&c.typeR, a.typ, maxType)
			longest(&c.nameR, a.name, (room-2*maxType)*namesRight/100)
			longest(&valueR, a.value, l.width)
		}
	}
	// The values share what is left: half each, or more for the one that the other does not need.
	room -= c.nameL + c.typeL + c.nameR + c.typeR
	c.valueR = max(min(valueR, room/2), minValue)
	c.valueL = max(min(valueL, room-c.valueR), minValue)
	c.valueR = max(min(valueR, room-c.valueL), c.valueR)
	return c
}

// table writes a comparison as lines: a heading, a line or more per group, and what did not change.
func (l layout) table(c comparison) []string {
	col := l.columns(c.groups)
	lines := []string{l.line(col,
		half{name: "attribute", typ: "type", value: plain("before"), style: styleDim},
		half{name: "attribute", typ: "type", value: plain("after"), style: styleDim})}
	var left []string // what found no room
	for _, g := range c.groups {
		rows, cut := l.fit(col, g, l.rows-len(lines))
		if len(left) > 0 {
			rows, cut = nil, g.labels()
		}
		lines, left = append(lines, rows...), append(left, cut...)
	}
	if len(left) > 0 {
		lines = append(lines, l.list(fmt.Sprintf("and %d more: ", len(left)), left))
	}
	if len(c.unchanged) > 0 {
		lines = append(lines, l.list(fmt.Sprintf("unchanged (%d): ", len(c.unchanged)), c.unchanged))
	}
	return lines
}

// fit writes as much of a group as room has lines for, and returns the names of what it left out. A group with many
// parts is begun if there is room for some.
func (l layout) fit(col columns, g group, room int) (rows, left []string) {
	if rows = l.group(col, g); l.rows == 0 || len(rows) <= room {
		return rows, nil
	}
	for parts := min(len(g.after), room); parts > 1; parts-- {
		begun := g
		begun.after = g.after[:parts]
		if rows = l.group(col, begun); len(rows) <= room {
			return rows, g.labels()[parts:]
		}
	}
	return nil, g.labels()
}

// half is one side of a line.
type half struct {
	name, typ string
	value     text
	style     string // of the whole side, unless a column has its own
	typStyle  string
	mark      string // on the right side, what stands before it
}

// group writes the facts of one group beside each other. A long value before runs on beside the values after.
func (l layout) group(col columns, g group) []string {
	var right []half
	for _, a := range g.after {
		style, typStyle := "", ""
		switch {
		case a.change == merged:
			style = styleDim
		case a.change != changed:
			style = styleNew
		case g.before.typ != "" && a.typ != g.before.typ:
			typStyle = styleMended
		}
		for i, value := range plain(a.value).wrap(col.valueR, rightLines) {
			h := half{value: value, style: style}
			if i == 0 {
				h.name, h.typ, h.typStyle, h.mark = a.name, a.typ, typStyle, marks[a.change]
			}
			right = append(right, h)
		}
	}
	if g.change() == dropped {
		right = append(right, half{name: "(dropped)", style: styleDim, mark: marks[dropped]})
	}

	var left []half
	if g.change() != added {
		value := l.strike(g.before.value, secrets(g.before.value, g.after))
		for i, value := range value.wrap(col.valueL, max(leftLines, len(right))) {
			h := half{value: value}
			if i == 0 {
				h.name, h.typ = g.before.name, g.before.typ
			}
			if g.kept || g.change() == dropped || g.change() == merged {
				h.style = styleDim
			}
			left = append(left, h)
		}
	}

	lines := make([]string, 0, max(len(left), len(right)))
	for i := range max(len(left), len(right)) {
		var a, b half
		if i < len(left) {
			a = left[i]
		}
		if i < len(right) {
			b = right[i]
		}
		lines = append(lines, l.line(col, a, b))
	}
	return lines
}

// marks stand between the halves.
var marks = map[change]string{changed: "→", derived: "»", merged: "=", added: "+", dropped: "×"}

// line writes both halves with the mark of the right one between them.
func (l layout) line(col columns, a, b half) string {
	mark := cmp.Or(b.mark, "│")
	var s strings.Builder
	s.WriteString(indent)
	l.half(&s, a, col.nameL, col.typeL, col.valueL)
	s.WriteString(" " + l.paint(styleDim, mark) + " ")
	l.half(&s, b, col.nameR, col.typeR, col.valueR)
	return strings.TrimRight(s.String(), " ")
}

func (l layout) half(s *strings.Builder, h half, name, typ, value int) {
	s.WriteString(l.paintText(plain(shorten(h.name, name)), name, h.style))
	s.WriteByte(' ')
	s.WriteString(l.paintText(plain(h.typ), typ, cmp.Or(h.typStyle, h.style)))
	s.WriteByte(' ')
	s.WriteString(l.paintText(h.value, value, h.style))
}

// list writes names after a label in one line, cut to the width.
func (l layout) list(label string, names []string) string {
	line := plain(label+strings.Join(names, ", ")).wrap(l.width-len(indent), 1)[0]
	return indent + l.paint(styleDim, string(line.runes))
}

// phrases writes parts in as many lines as their width takes.
func (l layout) phrases(parts []string) []string {
	const between = " · "
	var lines []string
	line := ""
	for _, part := range parts {
		if line != "" && utf8.RuneCountInString(indent+line+between+part) > l.width {
			lines = append(lines, indent+l.paint(styleBold, line))
			line = ""
		}
		if line != "" {
			line += between
		}
		line += part
	}
	return append(lines, indent+l.paint(styleBold, line))
}

// title writes a heading with a rule up to the width.
func (l layout) title(s string) string {
	rule := max(l.width-utf8.RuneCountInString(s)-4, 0)
	return l.paint(styleTitle, "━━ "+s+" "+strings.Repeat("━", rule))
}
