package konglogreceiver

import (
	"bytes"
	"errors"
	"io"
)

// firstBuffer is what a connection starts with, and goes back to after a long line: several records of a usual size.
const firstBuffer = 64 << 10

// lineReader cuts a stream into lines. A line that came in pieces is whole; one longer than max bytes is skipped and
// counted. It holds at most max bytes, and a block of whole lines while it is worked on.
type lineReader struct {
	r        io.Reader
	max      int
	buf      []byte
	n        int // bytes of a line whose end has not come
	skipping bool
	tooLong  int // lines skipped since the last call
	err      error

	// shared is what all connections' buffers may have above firstBuffer, nil: as much as they like. A line it has no room
	// for is skipped like one that is too long.
	shared *budget
	taken  int64 // of shared
	ends   int   // grows whenever a line ends
}

// close gives back what the buffer has of the shared budget. Nothing is read any more.
func (l *lineReader) close() {
	if l.shared != nil {
		l.shared.give(l.taken)
	}
	l.buf, l.taken = nil, 0
}

// between tells whether no line has begun whose end has not come.
func (l *lineReader) between() bool { return l.n == 0 && !l.skipping }

// next returns whole lines as they come: at least one, or none when a long line was skipped or at the end. The lines end in
// '\n', the last one of the stream may not. After an error of the reader, io.EOF included, everything that came before
// it has been returned. skipped is how many lines were too long.
func (l *lineReader) next() (block string, skipped int, err error) {
	for {
		if l.err != nil {
			if l.n > 0 {
				block, l.n = string(l.buf[:l.n]), 0
			}
			if l.skipping {
				l.skipping = false
				l.tooLong++
			}
			skipped, l.tooLong = l.tooLong, 0
			if block != "" || skipped > 0 {
				return block, skipped, nil
			}
			return "", 0, l.err
		}
		l.room()
		var n int
		n, l.err = l.r.Read(l.buf[l.n:])
		if n == 0 && l.err == nil {
			if l.n < len(l.buf) {
				continue
			}
			l.err = errors.New("reader returned nothing")
			continue
		}
		start := l.n
		l.n += n
		if l.skipping {
			end := bytes.IndexByte(l.buf[start:l.n], '\n')
			if end < 0 {
				l.n = 0
				continue
			}
			l.skipping = false
			l.tooLong++
			l.ends++
			l.n = copy(l.buf, l.buf[start+end+1:l.n])
			start = 0
		}
		last := bytes.LastIndexByte(l.buf[start:l.n], '\n')
		if last >= 0 {
			l.ends++
			end := start + last + 1
			block = string(l.buf[:end])
			l.n = copy(l.buf, l.buf[end:l.n])
		}
		if l.n > l.max {
			l.skipping, l.n = true, 0
		}
		if block != "" || l.tooLong > 0 {
			skipped, l.tooLong = l.tooLong, 0
			return block, skipped, nil
		}
	}
}

// room makes place for the next read.
func (l *lineReader) room() {
	size := min(firstBuffer, l.max+1)
	switch {
	case l.n == 0 && len(l.buf) > size:
		l.close()
		l.buf = make([]byte, size)
	case l.buf == nil:
		l.buf = make([]byte, size)
	case l.n == len(l.buf):
		want := min(2*len(l.buf), l.max+1)
		if more := int64(want - len(l.buf)); l.shared != nil {
			if !l.shared.take(more) {
				l.skipping, l.n = true, 0
				return
			}
			l.taken += more
		}
		grown := make([]byte, want)
		copy(grown, l.buf[:l.n])
		l.buf = grown
	}
}
