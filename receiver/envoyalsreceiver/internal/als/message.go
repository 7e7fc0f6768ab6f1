package als

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// Kind is the kind of an entry.
type Kind uint8

// Kinds of entries.
const (
	HTTP Kind = iota
	TCP
	Kinds
)

// String returns the kind as metrics show it.
func (k Kind) String() string { return [...]string{"http", "tcp"}[k] }

// Field numbers of StreamAccessLogsMessage and of the lists in it (envoy/service/accesslog/v3/als.proto).
const (
	messageIdentifier = 1
	messageHTTPLogs   = 2
	messageTCPLogs    = 3
	logsEntry         = 1
)

// Identifier returns the bytes of the message's identifier; false when it has none, as every message of a stream but
// the first. Of several the last one counts.
func Identifier(message []byte) (identifier []byte, ok bool) {
	for len(message) > 0 {
		number, kind, value, rest, readable := field(message)
		if !readable {
			break
		}
		if number == messageIdentifier && kind == protowire.BytesType {
			identifier, ok = value, true
		}
		message = rest
	}
	return identifier, ok
}

// Count returns the number of entries in a message.
func Count(message []byte) (n int) {
	for c := Open(message); ; n++ {
		if _, _, ok := c.next(); !ok {
			return n
		}
	}
}

// Cursor is a place among the entries of a message. A copy of it is a second, independent one.
type Cursor struct {
	message []byte // what is left of the message
	entries []byte // what is left of the list of entries the cursor is in
	kind    Kind
	broken  bool
}

// Open returns a cursor before the first entry. The message must stay as it is while the cursor is in use.
func Open(message []byte) Cursor { return Cursor{message: message} }

// Broken tells whether the walk ended at bytes that are no protobuf. The entries before them were delivered.
func (c *Cursor) Broken() bool { return c.broken }

// next returns the bytes of the next entry; false at the end.
func (c *Cursor) next() (kind Kind, entry []byte, ok bool) {
	for {
		list := len(c.entries) > 0
		from := &c.message
		if list {
			from = &c.entries
		}
		if len(*from) == 0 {
			return 0, nil, false
		}
		number, wire, value, rest, ok := field(*from)
		if !ok {
			c.broken = true
			*from = nil
			continue
		}
		*from = rest
		switch {
		case wire != protowire.BytesType:
		case list && number == logsEntry:
			return c.kind, value, true
		case !list && number == messageHTTPLogs:
			c.kind, c.entries = HTTP, value
		case !list && number == messageTCPLogs:
			c.kind, c.entries = TCP, value
		}
	}
}

// field cuts the first field off a message; value is the content of a length-delimited one.
func field(b []byte) (number protowire.Number, kind protowire.Type, value, rest []byte, ok bool) {
	number, kind, n := protowire.ConsumeTag(b)
	if n < 0 {
		return 0, 0, nil, nil, false
	}
	b = b[n:]
	if kind == protowire.BytesType {
		value, n = protowire.ConsumeBytes(b)
	} else {
		n = protowire.ConsumeFieldValue(number, kind, b)
	}
	if n < 0 {
		return 0, 0, nil, nil, false
	}
	return number, kind, value, b[n:], true
}
