package testbed

import (
	"bytes"
	"strings"
	"sync"
)

const (
	// tailBytes is how much of a program's output is kept: the end of it.
	tailBytes = 1 << 20
	// tailSlack is how far the buffer may grow past tailBytes before its beginning is cut off.
	tailSlack = tailBytes / 4
)

// tail is a writer that keeps the end of what is written to it. Its methods may be called by several goroutines.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if len(t.buf) > tailBytes+tailSlack {
		cut := t.buf[len(t.buf)-tailBytes:]
		if _, rest, whole := bytes.Cut(cut, []byte("\n")); whole {
			cut = rest
		}
		t.buf = append(t.buf[:0], cut...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}

// last returns at most that many lines from the end, each indented.
func (t *tail) last(lines int) string {
	all := strings.Split(strings.TrimRight(t.String(), "\n"), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return "    " + strings.Join(all, "\n    ")
}
