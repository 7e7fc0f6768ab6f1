package als

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/xpdata"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
)

// Options are the user's choices.
type Options struct {
	// Intermediate: entries that do not end a request or connection become records too.
	Intermediate bool
	// DynamicMetadata and FilterState: those maps are kept.
	DynamicMetadata, FilterState bool
	// NodeMetadata lists the members of the node's metadata that go to the resource.
	NodeMetadata []string
	// Secrets are names, in lower case, of headers, trailers, custom tags and members of dynamic metadata and filter
	// state whose values are hidden.
	Secrets map[string]bool
}

// Malformed says what was wrong with an entry. It is a closed set: it becomes a metric attribute.
type Malformed uint8

// Ways to be malformed.
const (
	MalformedMessage  Malformed = iota // bytes between entries that are no protobuf
	MalformedEntry                     // bytes in an entry that are no protobuf: the fields before them stand
	MalformedEnum                      // a number that no enumeration of this version has
	MalformedTime                      // a start time before 1970, after 2262, or with impossible nanoseconds
	MalformedDuration                  // a negative duration, one above 292 years, or with impossible nanoseconds
	MalformedPort                      // a port above 65535
	MalformedDepth                     // metadata nested too deep
	MalformedTooMany                   // more headers, trailers, tags or metadata than are looked at
	MalformedName                      // a header, trailer, tag, filter or object without a name: it would be an attribute without one
	MalformedCount
)

var malformedNames = [MalformedCount]string{"message", "entry", "enum", "time", "duration", "port", "depth", "too_many", "name"}

// String returns the reason as metrics show it.
func (m Malformed) String() string { return malformedNames[m] }

// Counts is what became of the entries of a message.
type Counts struct {
	// Records and Skipped count entries. One that is malformed is a record all the same.
	Records, Skipped [Kinds]int
	// Malformed counts entries, or the one identifier, each once per reason.
	Malformed [MalformedCount]int
}

const (
	// maxMembers bounds the headers, trailers, tags and metadata members of an entry, each by itself: what follows is
	// work for every one of them. Envoy allows 100 headers unless it is configured otherwise.
	maxMembers = 256
	// maxKeys bounds the remembered names of header attributes, and maxKey the length of each: they live as long as the
	// stream does.
	maxKeys = 512
	maxKey  = 128
)

// Decoder makes log records of entries. It is for one stream: not safe for concurrent use.
type Decoder struct {
	opts  Options
	build xpdata.MapBuilder
	// size is how many attributes the largest entries lately had: the next one of a stream is much alike, and a list that
	// has to grow is made twice.
	size int
	// keys remembers the names of header attributes, so that a logged header costs no string for its name.
	keys map[headerKey]*headerName
	// entries counts the entries so far, so that a name that comes twice in one is told.
	entries uint64
	// again: this entry may have given an attribute twice.
	again bool
	// values counts the values in this entry's metadata.
	values int
	// n is how many attributes this entry has so far.
	n     int
	tags  []member
	trail []member
	e     entry
	maps  memberMaps
}

// headerKey is a header under the prefix of its attribute's name.
type headerKey struct{ prefix, name string }

// headerName is what is remembered of a header's name.
type headerName struct {
	attribute string // the attribute's
	secret    bool   // its values are hidden
	seen      uint64 // the number of the last entry that had it
}

type member struct{ key, value string }

// entry is what one entry says that is not an attribute by itself.
type entry struct {
	kind         Kind
	start        pcommon.Timestamp
	logType      uint64
	intermediate bool // by the deprecated field
	streamID     string
	requestID    string
	received     int64 // when the client's last byte came, in nanoseconds since the start; negative: never
	answered     int64 // the upstream's first byte
	hasCommon    bool
	hasRequest   bool
	hasResponse  bool
	attempts     uint64
	requestBody  uint64 // bytes, as the entry has them
	responseBody uint64
	hasCode      bool
	http3, udp   bool
	grpc         bool   // by its content type, or a gRPC status
	target       string // the path that was sent upstream, for gRPC its method
	trace        traceHeaders
	malformed    [MalformedCount]bool
}

// NewDecoder returns a decoder for one stream.
func NewDecoder(opts Options) *Decoder {
	return &Decoder{opts: opts, keys: make(map[headerKey]*headerName)}
}

// Records decodes entries from the cursor on and appends a record for each, until there are limit records or no more
// entries. The records hold copies: the message may go afterwards. observed is the time they came.
//
// Headers, addresses and such are as Envoy wrote them, under the keys that the envoy profile of internal/gateway reads.
// Without the engine the records are not in the conventions, and secrets of URLs are not hidden.
func (d *Decoder) Records(c *Cursor, limit int, observed pcommon.Timestamp, to plog.LogRecordSlice) Counts {
	var counts Counts
	for n := 0; n < limit; {
		kind, b, ok := c.next()
		if !ok {
			if c.broken {
				counts.Malformed[MalformedMessage]++
				c.broken = false
			}
			break
		}
		// One copy of the entry is the memory of all its strings: no record keeps another entry's bytes alive.
		d.decode(kind, string(b))
		for i, bad := range d.e.malformed {
			if bad {
				counts.Malformed[i]++
			}
		}
		if !d.opts.Intermediate && !d.ends() {
			d.build.UnsafeIntoMap(pcommon.NewMap())
			counts.Skipped[kind]++
			continue
		}
		rec := to.AppendEmpty()
		rec.SetTimestamp(d.e.start)
		rec.SetObservedTimestamp(observed)
		d.build.UnsafeIntoMap(rec.Attributes())
		if d.again {
			unique(rec.Attributes())
		}
		d.customTags(rec.Attributes())
		d.e.trace.set(rec)
		if len(b) > compactAbove {
			compact(rec.Attributes(), len(b))
		}
		counts.Records[kind]++
		n++
	}
	clear(d.tags[:cap(d.tags)])
	clear(d.trail[:cap(d.trail)])
	d.e = entry{}
	return counts
}

// decode reads one entry into the builder and d.e.
func (d *Decoder) decode(kind Kind, s string) {
	d.e = entry{kind: kind, received: -1, answered: -1}
	d.entries++
	d.again, d.values = false, 0
	d.n, d.tags, d.trail = 0, d.tags[:0], d.trail[:0]
	d.build.EnsureCapacity(d.size)
	if kind == TCP {
		d.tcp(s)
	} else {
		d.http(s)
	}
	d.finish()
	d.size = max(d.n+len(d.tags), d.size-d.size/16)
}

// finish writes what needs several fields.
func (d *Decoder) finish() {
	e := &d.e
	d.closeMaps()
	if e.logType != 0 {
		d.str(attrs.GatewayAccessLogType, logTypeName(e.logType))
	} else if e.intermediate {
		d.str(attrs.GatewayAccessLogType, "Intermediate")
	}
	d.sizes()
	if e.streamID != e.requestID {
		d.str(attrs.GatewayStreamID, e.streamID)
	}
	// As the router measures x-envoy-upstream-service-time: from the whole request to the response's first byte (Envoy
	// 1.40.0, source/common/router/router.cc, onUpstreamHeaders).
	if e.received >= 0 && e.answered >= e.received {
		d.put(attrs.GatewayUpstreamDuration).SetDouble(float64(e.answered-e.received) / nanosPerSecond)
	}
	if e.udp {
		if e.http3 {
			d.str(attrs.NetworkTransport, "quic")
		} else {
			d.str(attrs.NetworkTransport, "udp")
		}
	}
	if e.grpc {
		method, _, _ := strings.Cut(e.target, "?") // a query is no part of it, and may hold secrets
		d.str(grpcPath, method)
	}
	if e.kind == HTTP && !e.hasCode && (e.hasRequest || e.hasResponse) && d.ends() {
		d.put(responseCode).SetInt(0) // Envoy's own way to say so, elsewhere: the engine tells a failure by it
	}
}

// sizes writes how large the bodies were and how often the upstream was tried; 0 is an answer of its own, that the request
// was never sent. The entry of one attempt is written of a stream whose other end is the upstream: what was received there
// is the response, under request_body_bytes, and attempts are not counted (Envoy 1.36.2 and 1.40.0, observed;
// source/common/router/upstream_request.cc).
func (d *Decoder) sizes() {
	e := &d.e
	attempt := e.logType < uint64(len(logTypes)) && strings.HasPrefix(logTypes[e.logType], "Upstream")
	if attempt {
		e.requestBody, e.responseBody = e.responseBody, e.requestBody
	}
	if e.hasCommon && (!attempt || e.attempts > 0) {
		d.put(attrs.GatewayUpstreamAttempts).SetInt(int64(min(e.attempts, 1<<32-1)))
	}
	if e.hasRequest {
		d.put(attrs.HTTPRequestBodySize).SetInt(int64(min(e.requestBody, 1<<63-1)))
	}
	if e.hasResponse {
		d.put(attrs.HTTPResponseBodySize).SetInt(int64(min(e.responseBody, 1<<63-1)))
	}
}

// customTags adds what users named. They do not know the other names, so one of them may be taken.
func (d *Decoder) customTags(to pcommon.Map) {
	for i, t := range d.tags {
		later := func(o member) bool { return o.key == t.key }
		if t.value == "" || slices.ContainsFunc(d.tags[i+1:], later) {
			continue
		}
		key := t.key
		if _, taken := to.Get(key); taken {
			key = attrs.GatewayCustomTag + key
		}
		// A tag that copies a header may have its name alone or at the end: http.request.header.authorization.
		if d.secret(t.key) || d.secret(t.key[strings.LastIndexByte(t.key, '.')+1:]) {
			t.value = redacted
		}
		to.PutStr(key, t.value)
		d.e.trace.tag(t.key, t.value)
	}
}

// ends tells whether the entry is the last one about its request, connection, session or attempt. One of a type that
// is not known counts as such: it must not be lost.
func (d *Decoder) ends() bool {
	if d.e.logType == 0 {
		return !d.e.intermediate
	}
	return d.e.logType >= uint64(len(logTypes)) || strings.HasSuffix(logTypes[d.e.logType], "End")
}

// put appends an attribute without a value.
func (d *Decoder) put(key string) pcommon.Value {
	d.n++
	return d.build.AppendEmpty(key)
}

// str appends a string; an empty one is a field that was not set.
func (d *Decoder) str(key, s string) {
	if s != "" {
		d.put(key).SetStr(s)
	}
}

// count appends a number of bytes; 0 is a field that was not set.
func (d *Decoder) count(key string, n uint64) {
	if n != 0 {
		d.put(key).SetInt(int64(min(n, 1<<63-1)))
	}
}

// header appends a header as an array of its one value: Envoy has joined several.
func (d *Decoder) header(prefix string, h member) {
	if h.value == "" || !d.named(h.key) {
		return
	}
	name := d.keys[headerKey{prefix, h.key}]
	switch {
	case name != nil:
		d.again = d.again || name.seen == d.entries
	default:
		name = &headerName{attribute: prefix + h.key, secret: d.secret(h.key)}
		if len(d.keys) < maxKeys && len(h.key) <= maxKey {
			d.keys[headerKey{prefix, name.attribute[len(prefix):]}] = name
		} else {
			d.again = true // nobody remembers whether it is
		}
	}
	name.seen = d.entries
	if name.secret {
		h.value = redacted
	}
	d.put(name.attribute).SetEmptySlice().AppendEmpty().SetStr(h.value)
}

// secret tells whether a name is one of those whose values are hidden.
func (d *Decoder) secret(name string) bool { return d.opts.Secrets[strings.ToLower(name)] }

func (d *Decoder) malformed(m Malformed) { d.e.malformed[m] = true }

// done notes a message whose walk ended early.
func (d *Decoder) done(r *reader) {
	if r.broken {
		d.malformed(MalformedEntry)
	}
	d.again = d.again || r.again
}

// unique leaves of attributes with one name the last: of a field or a key that is there twice, the last one counts
// (protobuf, Encoding: Last One Wins).
func unique(m pcommon.Map) {
	last := make(map[string]int, m.Len())
	n := 0
	for key := range m.All() {
		last[key] = n
		n++
	}
	n = 0
	m.RemoveIf(func(key string, _ pcommon.Value) bool {
		n++
		return last[key] != n-1
	})
}

// grpcType tells the content types of gRPC as Envoy does (Envoy 1.40.0, source/common/grpc/common.cc,
// hasGrpcContentType).
func grpcType(contentType string) bool {
	rest, ok := strings.CutPrefix(contentType, "application/grpc")
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// pair reads an entry of a map of strings.
func (d *Decoder) pair(s string) member {
	var m member
	r := reader{s: s}
	for tag, ok := r.tag(); ok; tag, ok = r.tag() {
		switch tag {
		case 1<<3 | text:
			m.key = r.text()
		case 2<<3 | text:
			m.value = r.text()
		default:
			r.skip(tag)
		}
	}
	d.done(&r)
	return m
}

// add remembers a member of a map of strings, as long as there is room.
func (d *Decoder) add(to []member, s string) []member {
	if len(to) == maxMembers {
		d.malformed(MalformedTooMany)
		return to
	}
	if m := d.pair(s); d.named(m.key) {
		to = append(to, m)
	}
	return to
}

// named notes what has no name: the key of an attribute must not be empty (OpenTelemetry specification, common
// concepts, Attribute), and "http.request.header." names nothing. Keys inside of a value may be.
func (d *Decoder) named(key string) bool {
	if key == "" {
		d.malformed(MalformedName)
	}
	return key != ""
}
