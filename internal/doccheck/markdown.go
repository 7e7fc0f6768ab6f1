package doccheck

import (
	"regexp"
	"strings"
)

// Document is a Markdown text cut into what is code and what is not. It is as much of CommonMark as the documents of
// this repository use: fenced blocks, also inside lists, and no indented code blocks.
type Document struct {
	// Blocks are the fenced code blocks, in order.
	Blocks []Block
	// Prose has every line outside of fenced blocks, in order.
	Prose []Line
}

// Block is one fenced code block.
type Block struct {
	// Info has the words after the opening fence: the language, then whatever the author adds. May be empty.
	Info []string
	// Text is the content without the fences and without the indentation of the opening fence. Every line ends with
	// a newline.
	Text string
	// Line is the number of the opening fence, counted from 1.
	Line int
}

// Line is one line of a document.
type Line struct {
	// Number is counted from 1.
	Number int
	Text   string
}

// Is tells whether the words of the block's info string are exactly these.
func (b Block) Is(info ...string) bool {
	return strings.Join(b.Info, " ") == strings.Join(info, " ")
}

// fence matches an opening or closing fence: indentation, marks, info string.
var fence = regexp.MustCompile("^([ \t]*)(`{3,}|~{3,})(.*)$")

// Parse cuts a Markdown text. A block whose closing fence is missing reaches to the end of the text, as it does on a
// rendered page.
func Parse(text string) Document {
	var doc Document
	var open *Block
	var indent, marks string
	var content strings.Builder
	finish := func() {
		open.Text = content.String()
		doc.Blocks = append(doc.Blocks, *open)
		open = nil
		content.Reset()
	}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		match := fence.FindStringSubmatch(line)
		switch {
		case open != nil && match != nil && strings.HasPrefix(match[2], marks) && strings.TrimSpace(match[3]) == "":
			finish()
		case open != nil:
			content.WriteString(strings.TrimPrefix(line, indent))
			content.WriteByte('\n')
		// Backticks in the info string make the line inline code, not a fence.
		case match != nil && !strings.Contains(match[3], "`"):
			indent, marks = match[1], match[2]
			open = &Block{Info: strings.Fields(match[3]), Line: number}
		default:
			doc.Prose = append(doc.Prose, Line{Number: number, Text: line})
		}
	}
	if open != nil {
		finish()
	}
	return doc
}

// inlineCode matches a code span; its content is the first group.
var inlineCode = regexp.MustCompile("`+([^`]+)`+")
