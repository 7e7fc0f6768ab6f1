package main

import "strings"

// palette colors text with ANSI escape sequences, or leaves it alone when it is off.
type palette struct{ on bool }

// The styles of the report.
const (
	styleBold   = "1"
	styleDim    = "2"
	styleSecret = "9;31" // struck out, red
	styleNew    = "32"   // green
	styleMended = "33"   // yellow
	styleTitle  = "1;36" // bold cyan
	styleFailed = "1;31" // bold red
)

func (p palette) paint(style, s string) string {
	if !p.on || style == "" || s == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

// text is a string of which some runes have a style of their own. Its length is what it takes up on a screen, taking
// every rune for one column; recorded data with wider ones only bends the table.
type text struct {
	runes []rune
	style []string // per rune, "" for the style of the cell
}

func plain(s string) text {
	runes := []rune(s)
	return text{runes: runes, style: make([]string, len(runes))}
}

// strike marks the byte ranges of s that must not have been there. Without colors they stand between tildes.
func (p palette) strike(s string, ranges [][2]int) text {
	var t text
	add := func(s, style string) {
		for _, r := range s {
			t.runes, t.style = append(t.runes, r), append(t.style, style)
		}
	}
	from := 0
	for _, r := range ranges {
		add(s[from:r[0]], "")
		if p.on {
			add(s[r[0]:r[1]], styleSecret)
		} else {
			add("~~"+s[r[0]:r[1]]+"~~", "")
		}
		from = r[1]
	}
	add(s[from:], "")
	return t
}

func (t text) cut(from, to int) text { return text{t.runes[from:to], t.style[from:to]} }

// wrap cuts t into at most limit lines of at most width runes; what does not fit ends in "…".
func (t text) wrap(width, limit int) []text {
	var lines []text
	for len(t.runes) > width && len(lines) < limit-1 {
		lines = append(lines, t.cut(0, width))
		t = t.cut(width, len(t.runes))
	}
	if len(t.runes) > width {
		t = text{append(t.runes[:width-1:width-1], '…'), append(t.style[:width-1:width-1], "")}
	}
	return append(lines, t)
}

// paint returns t padded with spaces to width, in the style of the cell where a rune has none of its own.
func (p palette) paintText(t text, width int, style string) string {
	var b strings.Builder
	for from := 0; from < len(t.runes); {
		to := from + 1
		for to < len(t.runes) && t.style[to] == t.style[from] {
			to++
		}
		own := t.style[from]
		if own == "" {
			own = style
		}
		b.WriteString(p.paint(own, string(t.runes[from:to])))
		from = to
	}
	if pad := width - len(t.runes); pad > 0 {
		b.WriteString(strings.Repeat(" ", pad))
	}
	return b.String()
}

// shorten cuts s in the middle to width runes, for names whose end says as much as their beginning.
func shorten(s string, width int) string {
	runes := []rune(s)
	if len(runes) <= width {
		return s
	}
	head := (width - 1) / 2
	tail := width - 1 - head
	return string(runes[:head]) + "…" + string(runes[len(runes)-tail:])
}
