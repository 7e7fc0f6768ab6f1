package traffic

import (
	"encoding/binary"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Trace is what the generator says about a trace. It travels in the upper half of the trace id, so that whoever
// receives a span knows what it belongs to without a table of all traces. The lower half is random: samplers take their
// randomness from its last 56 bits.
type Trace struct {
	Seq    uint64 // counted from 0; below 1<<60
	Failed bool   // the gateway answered 5xx
	Slow   bool   // the gateway's span takes longer than SlowAfter
	Remote bool   // the gateway's span has a remote parent
	Late   bool   // all but its first item come Shape.LateBy later
}

const (
	failedBit = 1 << 63
	slowBit   = 1 << 62
	remoteBit = 1 << 61
	lateBit   = 1 << 60
)

// ID makes a trace id of a trace and 64 random bits.
func (t Trace) ID(random uint64) pcommon.TraceID {
	v := t.Seq
	if t.Failed {
		v |= failedBit
	}
	if t.Slow {
		v |= slowBit
	}
	if t.Remote {
		v |= remoteBit
	}
	if t.Late {
		v |= lateBit
	}
	var id pcommon.TraceID
	binary.BigEndian.PutUint64(id[:8], scramble(v))
	binary.BigEndian.PutUint64(id[8:], random)
	return id
}

// TraceOf reads what ID wrote. Of an id from elsewhere it returns nonsense.
func TraceOf(id pcommon.TraceID) Trace {
	v := unscramble(binary.BigEndian.Uint64(id[:8]))
	return Trace{
		Seq:    v &^ (failedBit | slowBit | remoteBit | lateBit),
		Failed: v&failedBit != 0,
		Slow:   v&slowBit != 0,
		Remote: v&remoteBit != 0,
		Late:   v&lateBit != 0,
	}
}

// rounds are the keys of a Feistel network: numbers that count up come out looking random, as trace ids do, and every
// one can be had back. Ids that count up would be kinder to tables and compressors than those of a gateway.
var rounds = [...]uint32{0x9e3779b9, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f}

func scramble(v uint64) uint64 {
	left, right := uint32(v>>32), uint32(v)
	for _, key := range rounds {
		left, right = right, left^round(right, key)
	}
	return uint64(left)<<32 | uint64(right)
}

func unscramble(v uint64) uint64 {
	left, right := uint32(v>>32), uint32(v)
	for i := len(rounds) - 1; i >= 0; i-- {
		left, right = right^round(left, rounds[i]), left
	}
	return uint64(left)<<32 | uint64(right)
}

func round(half, key uint32) uint32 {
	half = (half ^ key) * 0x2c1b3c6d
	half = (half ^ half>>15) * 0x297a2d39
	return half ^ half>>16
}
