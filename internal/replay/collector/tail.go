package collector

import (
	"bytes"
	"strings"
	"sync"
)

const (
	tailLines    = 100      // how many lines of the log are kept
	tailLineSize = 16 << 10 // longer lines are cut, in bytes
)

// tail is a writer that keeps the last lines written to it.
type tail struct {
	mu      sync.Mutex
	lines   []string // complete lines, oldest first
	partial []byte   // the line being written
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for line := range bytes.Lines(p) {
		text, complete := bytes.CutSuffix(line, []byte("\n"))
		room := max(tailLineSize-len(t.partial), 0)
		t.partial = append(t.partial, text[:min(len(text), room)]...)
		if complete {
			if len(t.lines) == tailLines {
				t.lines = append(t.lines[:0], t.lines[1:]...)
			}
			t.lines = append(t.lines, string(t.partial))
			t.partial = t.partial[:0]
		}
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.Join(t.lines, "\n")
	if len(t.partial) > 0 {
		text += "\n" + string(t.partial)
	}
	return text
}
