package logline

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// parseAgentgateway reads a line of agentgateway's text log, v0.9 to main:
//
//	timestamp TAB level TAB request key=value key=value ...
//
// Built-in text is written bare: a model name may hold spaces, '=' and whole imitations of other pairs, while
// fields the operator added in CEL are written in Rust's Debug notation and can be cut exactly. The line is cut by
// what such text cannot change: the built-in keys come in a fixed order, each at most once, and `duration` is the
// last of them, so
//
//  1. the true duration is the one behind which everything reads as CEL fields, none of them another duration;
//  2. in front of it, a built-in pair that breaks the order, or a piece that is no pair, shows that text an
//     outsider chose has imitated pairs. All of it then belongs to the value of the nearest key in front whose text
//     outsiders choose.
//
// So no text can replace a field that stands in front of it in the line, but for the case in repeats. Fields behind
// it are found again, unless the text imitates the next key with outsiders' text as well; and it can add a field the
// line does not have. No reader could tell those from true ones.
//
// Lines of other targets answer ErrNotAccessLog.
func parseAgentgateway(line string, attrs pcommon.Map) (int64, error) {
	const f = FormatAgentgatewayText
	tab := strings.IndexByte(line[:min(len(line), 40)], '\t')
	if tab < 0 {
		return 0, &syntaxError{f, 0, "a timestamp and a tab"}
	}
	unixNano, ok := parse.TimestampMicros(line[:tab])
	if !ok {
		return 0, &syntaxError{f, 0, "a timestamp in UTC with a fraction"}
	}
	level := strings.IndexByte(line[tab+1:], '\t')
	if level < 0 {
		return 0, &syntaxError{f, tab + 1, "a level and a tab"}
	}
	target := tab + 1 + level + 1
	if !isRequestTarget(line[target:]) {
		return 0, ErrNotAccessLog
	}

	var pairs, tailPairs [32]agwPair // on the stack; longer lines grow them
	p := agwParser{s: line, pairs: pairs[:0]}
	from := target + len("request")
	end, tail := p.findDuration(from, tailPairs[:0])
	front, bad := p.builtins(from, end)
	if bad >= 0 {
		return 0, &syntaxError{f, bad, "a space and key=value"}
	}

	attrs.EnsureCapacity(min(len(front)+len(tail), maxScanned))
	out := fields{m: attrs}
	var seen [len(agwKeys)]bool
	for _, pair := range front {
		pair.put(&out, line)
		if pair.rank >= 0 {
			seen[pair.rank] = true
		}
	}
	for _, pair := range tail {
		// A built-in that an operator replaced in CEL is gone from its place; one that is still there is the true one.
		if pair.rank < 0 || !seen[pair.rank] {
			pair.put(&out, line)
		}
	}
	out.done()
	return unixNano, nil
}

// isRequestTarget reports whether s starts with the access log's target. Other modules write a tab behind theirs.
func isRequestTarget(s string) bool {
	rest, ok := strings.CutPrefix(s, "request")
	return ok && (rest == "" || rest[0] == ' ')
}

// agwPair is one key=value pair. It holds no pointers, so that slices of it can stay on the stack.
type agwPair struct {
	key        int   // index of the key in the line; '=' stands before start
	start, end int   // of the value
	rank       int16 // in agwKeys, -1 for any other key
	cel        bool  // the value is in Debug notation
}

type agwParser struct {
	s     string
	pairs []agwPair // built-ins in the order of the line
}

// findDuration returns where the pair of the true duration starts, and the pairs from there to the end of the line.
// Without one (a line that was cut, or an operator who removed it) it returns the end of the line and nothing.
//
// Candidates are tried from the right. Each try reads on only while what it reads makes sense, and all of them
// together stop after a few lengths of the line. buf is empty and takes the pairs as far as they fit.
func (p *agwParser) findDuration(from int, buf []agwPair) (start int, tail []agwPair) {
	const pair = " " + agwDuration + "="
	budget := 4*len(p.s) + 1024
	for limit := len(p.s); budget > 0; {
		at := strings.LastIndex(p.s[from:limit], pair)
		if at < 0 {
			break
		}
		at += from
		if tail = p.celTail(at, buf); tail != nil {
			return at, tail
		}
		limit = at + len(pair) - 1
		budget -= len(p.s) - at + 64 // a bracket that nothing closes is read to the end
	}
	return len(p.s), nil
}

// celTail appends the duration at i and the CEL fields up to the end of the line to tail; nil when there is
// anything else.
func (p *agwParser) celTail(i int, tail []agwPair) []agwPair {
	for i < len(p.s) {
		next, ok := p.celPair(i, len(p.s))
		if !ok || (next.rank == agwDurationRank) != (len(tail) == 0) {
			return nil
		}
		if len(tail) == 0 && !isMillis(p.s[next.start:next.end]) {
			return nil
		}
		tail = append(tail, next)
		i = next.end
	}
	return tail
}

func isMillis(s string) bool {
	digits, ok := strings.CutSuffix(s, "ms")
	return ok && allDigits(digits)
}

// maxAgwConflicts bounds how often a line may break the order before the rest is taken as text.
const maxAgwConflicts = 16

// builtins reads the built-in pairs of s[from:end]. bad is -1, or the index at which a pair should start and none
// does. The parser is passed by value, which keeps its pairs on the caller's stack.
func (p agwParser) builtins(from, end int) (pairs []agwPair, bad int) {
	if from == end && end == len(p.s) {
		return nil, from // a line without any pair
	}
	// With a duration found behind the region, one inside it is an imitation.
	limit := int16(len(agwKeys))
	if end < len(p.s) {
		limit = agwDurationRank
	}
	conflicts, retried := 0, -1
	for i := from; i < end; {
		next, ok := p.builtin(i, end, limit)
		if ok {
			p.pairs = append(p.pairs, next)
			i = next.end
			continue
		}
		holder := p.holder(next.rank)
		if holder < 0 {
			return nil, i
		}
		p.pairs = p.pairs[:holder+1]
		if conflicts++; conflicts > maxAgwConflicts {
			p.pairs[holder].end = end
			return p.pairs, -1
		}
		if rank := next.rank; rank >= 0 && rank < limit && retried != i {
			if p.repeats(rank) {
				p.pairs = p.pairs[:holder]
				holder--
			}
			if rank > p.pairs[holder].rank {
				p.pairs[holder].end = i
				retried = i
				continue
			}
		}
		above := p.lastRank()
		if above >= 0 && p.repeats(above) {
			above--
		}
		i = p.nextBuiltin(i+1, end, above, limit)
		p.pairs[holder].end = i
	}
	return p.pairs, -1
}

// builtin reads the pair at i, which must stand where the order allows it. On failure it still returns the rank of
// the key, -1 for none.
func (p *agwParser) builtin(i, end int, limit int16) (pair agwPair, ok bool) {
	name, start := p.key(i, end)
	if name == "" {
		return agwPair{rank: -1}, false
	}
	rank, known := agwRanks[name]
	if !known {
		// A key of a release this table does not know yet, or of CEL where no duration marks the border.
		return p.celPair(i, end)
	}
	pair = agwPair{key: i + 1, rank: rank, start: start}
	if rank >= limit || rank <= p.lastRank() {
		return pair, false
	}
	switch class := agwKeys[rank].class; class {
	case agwFree, agwReply:
		above := rank
		if class == agwReply && p.afterFree(len(p.pairs)) {
			above-- // a repetition has to be seen
		}
		pair.end = p.nextBuiltin(start, end, above, limit)
		return pair, true
	case agwQuoted, agwNested:
		if start < end && strings.IndexByte(`"[{(`, p.s[start]) >= 0 {
			pair.end, ok = debugEnd(p.s[:end], start)
			if !ok && end == len(p.s) {
				pair.end, ok = end, true // the line was cut
			}
			return pair, ok
		}
		pair.end = p.nextBuiltin(start, end, rank, limit)
		return pair, true
	case agwInt, agwDouble:
		pair.end = p.tokenEnd(start, end)
		value := p.s[start:pair.end]
		_, ok = parse.Float(value)
		return pair, ok || value == ""
	default:
		if rank == agwDurationRank {
			return p.celPair(i, end) // not the gateway's own, or findDuration had found it
		}
		pair.end = p.tokenEnd(start, end)
		return pair, true
	}
}

// lastRank is the rank of the last built-in read, -1 before the first.
func (p *agwParser) lastRank() int16 {
	for _, pair := range slices.Backward(p.pairs) {
		if pair.rank >= 0 {
			return pair.rank
		}
	}
	return -1
}

// holder returns the index of the pair to which text belongs that breaks the order: the last whose text outsiders
// choose; else the last text with a lower rank than the key that does not fit; else the last text. Text that is no
// pair, rank -1, continues a pair this table does not know, if that is the last. -1: there is none.
func (p *agwParser) holder(rank int16) int {
	if n := len(p.pairs); rank < 0 && n > 0 && p.pairs[n-1].rank < 0 {
		return n - 1
	}
	last, lower := -1, -1
	for i, pair := range slices.Backward(p.pairs) {
		r := pair.rank
		if r < 0 {
			continue
		}
		switch class := agwKeys[r].class; {
		case class.outsiders():
			return i
		case class == agwToken:
			if last < 0 {
				last = i
			}
			if lower < 0 && r < rank {
				lower = i
			}
		}
	}
	if lower >= 0 {
		return lower
	}
	return last
}

// repeats reports whether a pair of the given rank would repeat the last one, and that is an upstream's reply
// behind a client's text. Then the client's text held the first of the two, and the second is the true one: whoever
// asks for a model could add the name of the model that answers.
func (p *agwParser) repeats(rank int16) bool {
	n := len(p.pairs) - 1
	return p.pairs[n].rank == rank && agwKeys[rank].class == agwReply && p.afterFree(n)
}

// afterFree reports whether the pair in front of the nth is text that outsiders chose.
func (p *agwParser) afterFree(n int) bool {
	return n > 0 && p.pairs[n-1].rank >= 0 && agwKeys[p.pairs[n-1].rank].class == agwFree
}

// nextBuiltin returns where the next pair of s[i:end] with a built-in key of a rank above the given one starts, or
// end.
func (p *agwParser) nextBuiltin(i, end int, above, limit int16) int {
	first := i
	for {
		eq := strings.IndexByte(p.s[i:end], '=')
		if eq < 0 {
			return end
		}
		eq += i
		low := max(first, eq-agwMaxKey-1)
		if space := strings.LastIndexByte(p.s[low:eq], ' '); space >= 0 {
			rank, known := agwRanks[p.s[low+space+1:eq]]
			if known && rank > above && rank < limit {
				return low + space
			}
		}
		i = eq + 1
	}
}

// key reads ` name=` at i. name is "" when there is none; start is the index behind '='.
func (p *agwParser) key(i, end int) (name string, start int) {
	if p.s[i] != ' ' {
		return "", i
	}
	for j := i + 1; j < end; j++ {
		switch p.s[j] {
		case '=':
			return p.s[i+1 : j], j + 1
		case ' ', '"', '\t', '\n':
			return "", i
		}
	}
	return "", i
}

// celPair reads ` name=value` at i with a value in Debug notation, or a bare word.
func (p *agwParser) celPair(i, end int) (pair agwPair, ok bool) {
	name, start := p.key(i, end)
	if name == "" {
		return agwPair{rank: -1}, false
	}
	pair = agwPair{key: i + 1, rank: -1, start: start, cel: true}
	if rank, known := agwRanks[name]; known {
		pair.rank = rank
	}
	pair.end, ok = debugEnd(p.s[:end], start)
	return pair, ok
}

func (p *agwParser) tokenEnd(start, end int) int {
	if space := strings.IndexByte(p.s[start:end], ' '); space >= 0 {
		return start + space
	}
	return end
}

// put adds the attribute of a pair with the type the gateway gives it on OTLP.
func (pair agwPair) put(out *fields, line string) {
	name, value := line[pair.key:pair.start-1], line[pair.start:pair.end]
	if pair.cel {
		putDebug(out, name, value)
		return
	}
	switch agwKeys[pair.rank].class {
	case agwInt:
		out.number(name, value)
	case agwDouble:
		out.seconds(name, value)
	case agwQuoted:
		out.str(name, unquoteDebug(value))
	default:
		out.str(name, value)
	}
}
