package logline

import (
	"errors"
	"io"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// KongReader reads the records of one message of Kong's log plugins: an object, an array of objects (http-log with a
// batch size above one), or several of either behind each other.
//
// What cannot be read costs only itself: the reader goes on behind it, found by its brackets, and [KongReader.Next]
// returns the next record afterwards. It runs in time linear in the message.
type KongReader struct {
	p       *kongParser
	inArray bool
	first   bool // no comma yet in this array
}

// KongFault is why a part of a message could not be read.
type KongFault uint8

// Faults.
const (
	KongFaultSyntax    KongFault = iota // no JSON
	KongFaultTruncated                  // the message ends in the middle
	KongFaultType                       // JSON, but no object, or one without fields
	KongFaultLimit                      // nested too deeply, or more than 4096 fields
	KongFaults
)

// String returns the fault's name, for metrics.
func (f KongFault) String() string {
	switch f {
	case KongFaultTruncated:
		return "truncated"
	case KongFaultType:
		return "not_an_object"
	case KongFaultLimit:
		return "limit"
	case KongFaultSyntax, KongFaults:
	}
	return "syntax"
}

// KongError is a part of a message that could not be read. Its text never quotes the message.
type KongError struct {
	Fault KongFault
	// Offset is where in the message reading ended, in bytes from its start.
	Offset int
	err    error
}

func (e *KongError) Error() string { return e.err.Error() }

func (e *KongError) Unwrap() error { return e.err }

var kongParsers = sync.Pool{New: func() any { return newKongParser() }}

// ReadKong begins with a message. Close must be called at the end.
//
// A frame of syslog in front of an object, as Kong's loggly plugin writes it, is passed over.
func ReadKong(message string, opts KongOptions) *KongReader {
	p := kongParsers.Get().(*kongParser)
	p.s, p.i, p.opts = message, 0, opts
	if strings.HasPrefix(message, "<") {
		if object := strings.Index(message, " {"); object >= 0 {
			p.i = object
		}
	}
	return &KongReader{p: p}
}

// KongMark is a place between two records of a message. The zero mark is the beginning.
type KongMark struct {
	offset         int
	inArray, first bool
}

// Offset is how many bytes of the message are before the mark.
func (m KongMark) Offset() int { return m.offset }

// Mark returns where the reader stands.
func (r *KongReader) Mark() KongMark { return KongMark{r.p.i, r.inArray, r.first} }

// Resume goes on at a mark of a reader of the same message.
func (r *KongReader) Resume(m KongMark) {
	if m != (KongMark{}) {
		r.p.i, r.inArray, r.first = m.offset, m.inArray, m.first
	}
}

// Close gives the reader's buffers back.
func (r *KongReader) Close() {
	if r.p != nil {
		r.p.forget()
		kongParsers.Put(r.p)
		r.p = nil
	}
}

// Next reads the next record into attrs, an empty map. The error is [io.EOF] at the end of the message, else a
// [*KongError] about one part of it; attrs is empty then and Next can be called again.
func (r *KongReader) Next(attrs pcommon.Map) (KongRecord, error) {
	p := r.p
	for {
		p.space()
		if !r.inArray {
			if p.i == len(p.s) {
				return KongRecord{}, io.EOF
			}
			if p.s[p.i] != '[' {
				return r.element(attrs)
			}
			p.i++
			r.inArray, r.first = true, true
			continue
		}
		switch c := p.peek(); {
		case p.i == len(p.s):
			r.inArray = false
			return KongRecord{}, &KongError{KongFaultTruncated, p.i, p.fail("',' or ']'")}
		case c == ']':
			p.i++
			r.inArray = false
			continue
		case r.first:
			r.first = false
		case c == ',':
			p.i++
			p.space()
			if p.peek() == ']' {
				r.inArray = false
				err := &KongError{KongFaultSyntax, p.i, p.fail("a JSON value")}
				p.i++
				return KongRecord{}, err
			}
			if p.i == len(p.s) {
				continue
			}
		default:
			// Something stands between two elements: it is the first part of what comes next.
		}
		return r.element(attrs)
	}
}

// element reads one value, and goes behind it when it is no record.
func (r *KongReader) element(attrs pcommon.Map) (KongRecord, error) {
	p := r.p
	start := p.i
	rec, err := p.record(attrs)
	if err == nil {
		return rec, nil
	}
	e := &KongError{Fault: KongFaultSyntax, Offset: p.i, err: err}
	if syntax, ok := errors.AsType[*syntaxError](err); ok {
		switch {
		case strings.HasPrefix(syntax.want, "at most"):
			e.Fault = KongFaultLimit
		case syntax.want == wantField:
			e.Fault = KongFaultType
		}
	}
	p.i = start
	whole := r.behind()
	switch {
	case !whole: // and with it the array around it
		e.Fault, r.inArray = KongFaultTruncated, false
	case p.s[start] != '{' && e.Fault == KongFaultSyntax:
		e.Fault = KongFaultType
		if v := (jsonParser{s: p.s[:p.i], i: start}); v.value(pcommon.NewValueEmpty(), 1) != nil || v.i < p.i {
			e.Fault = KongFaultSyntax
		}
	}
	return KongRecord{}, e
}

// behind goes behind the value at the position; false when the message ends before it does. It always moves on.
func (r *KongReader) behind() bool {
	p := r.p
	switch p.s[p.i] {
	case '{', '[':
		return p.skipNested()
	}
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '"':
			if !p.skipString() {
				return false
			}
			continue
		case '{', '[':
			return true // the next value
		case ',', ']':
			if r.inArray {
				return true
			}
		case '\n':
			if !r.inArray {
				return true
			}
		}
		p.i++
	}
	return true
}

// parseKong reads one line, an object of Kong's serializer as its tcp-log and file-log plugins write it.
func parseKong(line string, attrs pcommon.Map) (int64, error) {
	r := ReadKong(line, KongOptions{})
	defer r.Close()
	rec, err := r.Next(attrs)
	if err != nil {
		if cause := errors.Unwrap(err); cause != nil {
			err = cause
		} else if errors.Is(err, io.EOF) {
			err = r.p.fail("a JSON object")
		}
		return 0, err
	}
	if r.p.space(); r.p.i < len(line) {
		return 0, r.p.fail("the end of the line after the object")
	}
	if !rec.whole {
		return 0, ErrNotAccessLog
	}
	return rec.UnixNano, nil
}

// isKongJSON tells the serializer's lines from other JSON by three keys that all of them have. Inside of a string the
// quotes would be escaped.
func isKongJSON(line string) bool {
	return strings.Contains(line, `"latencies":{`) && strings.Contains(line, `"started_at":`) && strings.Contains(line, `"client_ip":`)
}
