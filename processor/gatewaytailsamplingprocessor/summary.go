package gatewaytailsamplingprocessor

import (
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// summary is all that is known about a trace without reading its items again. It holds no pointers, because the store
// keeps it where the garbage collector does not look.
type summary struct {
	random  uint64 // 56 bits of randomness, and a flag, see below
	request uint64 // conditions that the item of the highest rank met
	any     uint64 // conditions that some item met
	at      uint64 // start of the item of the highest rank, ns; once decided, the threshold
	keys    [maxKeyParts]uint16
	arrived uint32 // of the first item, ticks since the sampler was made
	logs    uint32 // how many of the items are log records
	size    uint32 // of all items as OTLP, in sizeUnit, rounded up
	rank    rank
	state   state
	rule    uint8
	trigger trigger
}

// What is in summary.random.
const (
	randomMask     = sampling.MaxAdjustedCount - 1
	randomExplicit = 1 << 63 // the emitter wrote it, it is not from the trace id
)

// state is where a trace is on its way.
type state uint8

const (
	stateNew       state = iota // no item has been merged
	stateUndecided              //
	stateKept                   // on its way out
	stateMarked                 // on its way out because of dry_run: it would have been dropped
)

// ticksPerSecond is the resolution of summary.arrived, which overflows after eight years.
const ticksPerSecond = 16

// sizeUnit is the resolution of summary.size, bytes.
const sizeUnit = 64

// decided reports whether the trace is on its way out.
func (s *summary) decided() bool { return s.state >= stateKept }

// merge adds what an item says. It reports whether the gateway's entry span has come, or a better one than before.
func (s *summary) merge(f *facts, rs *ruleSet, texts *interner) (entered bool) {
	s.any |= eval(rs.conditions.any, f)
	if len(rs.spanPolicies) > 0 {
		s.any = rs.evalPolicies(s.any, f)
	}
	if f.log {
		s.logs++
	}
	better := f.rank > s.rank || f.rank == s.rank && f.start < s.at
	for i, part := range rs.keyParts {
		value := part.of(f)
		if value == "" || s.keys[i] != 0 && !better {
			continue
		}
		texts.release(s.keys[i])
		s.keys[i] = texts.intern(value)
	}
	if !better {
		return false
	}
	entered = f.rank >= rankEntry && f.rank > s.rank
	s.rank, s.at = f.rank, f.start
	s.request = eval(rs.conditions.request, f)
	return entered
}

// irregularity is what is wrong with an item's trace state.
type irregularity uint8

const (
	regular irregularity = iota
	irregularState
	irregularThreshold
)

// stateReader reads trace states, and remembers the last one: many spans in a row have the same.
type stateReader struct {
	raw                     string
	invalid                 bool
	random                  sampling.Randomness
	threshold               uint64
	hasRandom, hasThreshold bool
}

// read leaves what the trace state says in the reader.
func (r *stateReader) read(raw string) {
	if raw == r.raw {
		return
	}
	w3c, err := sampling.NewW3CTraceState(raw)
	if err != nil { // it may be of any length, and is not kept
		*r = stateReader{invalid: true}
		return
	}
	*r = stateReader{raw: strings.Clone(raw)} // it is a view into somebody's span
	ot := w3c.OTelValue()
	r.random, r.hasRandom = ot.RValueRandomness()
	var th sampling.Threshold
	th, r.hasThreshold = ot.TValueThreshold()
	r.threshold = th.Unsigned()
}

// mergeRandomness takes the randomness of a span's trace state: an explicit value goes before what the trace id says,
// and the first one before others.
func (s *summary) mergeRandomness(traceState string, reader *stateReader) irregularity {
	if traceState == "" {
		return regular
	}
	reader.read(traceState)
	if reader.invalid {
		return irregularState
	}
	if reader.hasRandom {
		s.setRandomness(reader.random)
	}
	if reader.hasThreshold && reader.threshold > s.random&randomMask {
		return irregularThreshold
	}
	return regular
}

// mergeLogRandomness is mergeRandomness for a log record, which has attributes in place of the trace state.
func (s *summary) mergeLogRandomness(f *facts) irregularity {
	if f.randomness != "" {
		r, err := sampling.RValueToRandomness(f.randomness)
		if err != nil {
			return irregularState
		}
		s.setRandomness(r)
	}
	if f.threshold != "" {
		if th, err := sampling.TValueToThreshold(f.threshold); err != nil {
			return irregularState
		} else if th.Unsigned() > s.random&randomMask {
			return irregularThreshold
		}
	}
	return regular
}

func (s *summary) setRandomness(r sampling.Randomness) {
	if s.random&randomExplicit == 0 {
		s.random = s.random&^randomMask | r.Unsigned() | randomExplicit
	}
}

// begin sets up the summary of a new trace.
func (s *summary) begin(id pcommon.TraceID, now uint32) {
	s.state = stateUndecided
	s.random = sampling.TraceIDToRandomness(id).Unsigned()
	s.arrived = now
}

// keyParts are the properties that keys are made of.
var keyParts = []struct {
	name KeyPart
	of   func(*facts) string
}{
	{"route", func(f *facts) string { return f.texts[textRoute] }},
	{"gateway", func(f *facts) string { return f.texts[textGateway] }},
	{"gateway_namespace", func(f *facts) string { return f.texts[textGatewayNamespace] }},
	{"listener", func(f *facts) string { return f.texts[textListener] }},
	{"upstream", func(f *facts) string { return f.texts[textUpstream] }},
	{"host", func(f *facts) string { return f.texts[textHost] }},
	{"method", func(f *facts) string { return f.texts[textMethod] }},
	{"status_class", (*facts).statusClass},
	{"grpc_status", func(f *facts) string { return f.texts[textGRPCStatus] }},
	{"model", func(f *facts) string { return f.texts[textModel] }},
}

func keyPartNames() []string {
	names := make([]string, len(keyParts))
	for i := range keyParts {
		names[i] = string(keyParts[i].name)
	}
	return names
}

// of returns the property of an item.
func (k KeyPart) of(f *facts) string {
	for i := range keyParts {
		if keyParts[i].name == k {
			return keyParts[i].of(f)
		}
	}
	return ""
}

// interner gives texts numbers, so that a summary can hold them. A text is forgotten when no trace holds it.
type interner struct {
	numbers map[string]uint16
	texts   []interned
	free    []uint16
	length  int // of all texts, bytes
	limit   int // of bytes()
}

type interned struct {
	text  string
	holds int
}

const (
	// maxInterned texts have numbers of their own, what comes above them is one: otherText.
	maxInterned = 60_000
	// maxTextBytes of a text count.
	maxTextBytes = 256
	otherText    = 1
	// textOverhead is what a text takes beside its length, in the list, the map and the memory's size classes.
	textOverhead = 128
)

// newInterner makes one for as many texts as take so many bytes.
func newInterner(limit int) interner {
	// 0 is no text, and otherText is never freed.
	return interner{numbers: make(map[string]uint16), texts: make([]interned, 2), limit: limit}
}

// bytes is what the texts take. The place of a text that was forgotten is kept for another.
func (in *interner) bytes() int { return in.length + (len(in.texts)-2)*textOverhead }

// intern returns the number of a text, held until release.
func (in *interner) intern(s string) uint16 {
	if len(s) > maxTextBytes {
		s = s[:maxTextBytes]
	}
	if n, ok := in.numbers[s]; ok {
		in.texts[n].holds++
		return n
	}
	var n uint16
	switch {
	case in.bytes()+len(s)+textOverhead > in.limit:
		return otherText
	case len(in.free) > 0:
		n = in.free[len(in.free)-1]
		in.free = in.free[:len(in.free)-1]
	case len(in.texts) < maxInterned:
		n = uint16(len(in.texts))
		in.texts = append(in.texts, interned{})
	default:
		return otherText
	}
	s = strings.Clone(s) // it is a view into somebody's span
	in.texts[n] = interned{text: s, holds: 1}
	in.numbers[s] = n
	in.length += len(s)
	return n
}

// release ends a hold.
func (in *interner) release(n uint16) {
	if n <= otherText {
		return
	}
	t := &in.texts[n]
	if t.holds--; t.holds > 0 {
		return
	}
	delete(in.numbers, t.text)
	in.length -= len(t.text)
	*t = interned{}
	in.free = append(in.free, n)
}

// text returns the text of a number.
func (in *interner) text(n uint16) string { return in.texts[n].text }
