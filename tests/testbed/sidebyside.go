package testbed

import (
	"fmt"
	"slices"
	"strings"
)

// cellWidth is how much of a value is shown, in characters; fieldWidth how much of a field's name.
const (
	cellWidth  = 60
	fieldWidth = 56
)

// sideBySide writes the fields of one item before and after the processor as a table, lines that differ marked. Lines are
// "field = value"; either side may be missing.
func sideBySide(before, after []string) string {
	values := map[string][2]string{}
	var fields []string
	for side, lines := range [][]string{before, after} {
		for _, line := range lines {
			field, value, _ := strings.Cut(line, " = ")
			cells, known := values[field]
			if !known {
				fields = append(fields, field)
			}
			cells[side] = value
			values[field] = cells
		}
	}
	slices.Sort(fields)
	var b strings.Builder
	row := func(mark, field, before, after string) {
		fmt.Fprintf(&b, "%s %-*s  %-*s  %s\n", mark, fieldWidth, cut(field, fieldWidth), cellWidth, cut(before, cellWidth),
			cut(after, cellWidth))
	}
	row(" ", "field", "before", "after")
	for _, field := range fields {
		cells := values[field]
		mark := " "
		if cells[0] != cells[1] {
			mark = "*"
		}
		row(mark, field, cells[0], cells[1])
	}
	return b.String()
}

func cut(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return string(runes[:width-1]) + "…"
}
