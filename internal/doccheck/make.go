package doccheck

import (
	"regexp"
	"strings"
)

// Target is one target of a Makefile.
type Target struct {
	Name string
	// Help is the text after "##" on the target's line, "" when there is none.
	Help string
}

// Call is one make target that a text tells its reader to run.
type Call struct {
	// Line is counted from 1; for a fenced block it is the line of the opening fence.
	Line int
	// Target is the name after "make".
	Target string
}

var (
	// rule matches a line that defines targets with plain names: no path, no pattern, no variable, no dot.
	rule = regexp.MustCompile(`^([a-z][a-z0-9_-]*):([^=]|$)`)
	// command splits a line of a shell script into commands, as far as finding "make" needs it.
	command = regexp.MustCompile(`&&|\|\|?|;`)
	// targetName is what a target looks like, so that options, variables, paths and punctuation are told apart.
	targetName = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
)

// Targets returns the targets of a Makefile that a person may type, in order.
func Targets(makefile string) []Target {
	var targets []Target
	for line := range strings.Lines(makefile) {
		line = strings.TrimRight(line, "\r\n")
		match := rule.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		_, help, _ := strings.Cut(line, "##")
		targets = append(targets, Target{Name: match[1], Help: strings.TrimSpace(help)})
	}
	return targets
}

// MakeCalls returns the targets that the document tells to run: "make x" as inline code, or as a command in a fenced
// block. Prose such as "make sure" is not a call.
func (d Document) MakeCalls() []Call {
	var calls []Call
	for _, line := range d.Prose {
		for _, match := range inlineCode.FindAllStringSubmatch(line.Text, -1) {
			for _, target := range makeTargets(match[1]) {
				calls = append(calls, Call{Line: line.Number, Target: target})
			}
		}
	}
	for _, block := range d.Blocks {
		for line := range strings.Lines(block.Text) {
			for _, target := range makeTargets(line) {
				calls = append(calls, Call{Line: block.Line, Target: target})
			}
		}
	}
	return calls
}

// ScriptMakeCalls returns the targets that a shell script runs, with the line's number.
func ScriptMakeCalls(script string) []Call {
	var calls []Call
	number := 0
	for line := range strings.Lines(script) {
		number++
		// A wrapper may stand before make, as in `step "unit tests" make test`.
		if _, rest, ok := strings.Cut(line, " make "); ok && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			line = "make " + rest
		}
		for _, target := range makeTargets(line) {
			calls = append(calls, Call{Line: number, Target: target})
		}
	}
	return calls
}

// makeTargets returns the targets of every make command on one line of shell.
func makeTargets(line string) []string {
	var targets []string
	line, _, _ = strings.Cut(line, " #")
	for _, piece := range command.Split(line, -1) {
		words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(piece), "$ "))
		for len(words) > 0 && isAssignment(words[0]) {
			words = words[1:]
		}
		if len(words) == 0 || words[0] != "make" {
			continue
		}
		for _, word := range words[1:] {
			if strings.HasPrefix(word, "-") || isAssignment(word) {
				continue
			}
			if !targetName.MatchString(word) {
				break
			}
			targets = append(targets, word)
		}
	}
	return targets
}

// isAssignment tells whether the word sets a variable: NAME=value.
func isAssignment(word string) bool {
	name, _, ok := strings.Cut(word, "=")
	return ok && name != "" && strings.IndexFunc(name, func(r rune) bool {
		return r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}) < 0
}
