package gatewaytailsamplingprocessor

import (
	"math"
	"slices"
	"sync"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
)

// limiter chooses the threshold of traces by how often their key comes.
//
// The threshold of a trace follows from what came before it and never from its own randomness. So whatever the limiter
// chooses, and however wrong its idea of the rate is, each trace is kept with exactly the probability that is published,
// and counts weighted by it estimate the truth without bias. A hard limit, which would refuse what comes when it is used
// up, would not have that property: a burst may go over the limit for one window.
type limiter struct {
	action    Action
	ratio     float64
	perSecond float64
	floor     float64
	window    float64 // s

	mu    sync.Mutex
	start float64 // of the window, s
	share float64 // of each key, a second, with action adaptive; 0 until the first window is over
	keys  map[string]*keyRate
	other keyRate // keys over maxKeys together
	rates []float64
}

// keyRate is how often a key comes.
type keyRate struct {
	rate  float64 // traces a second, a mean of past windows in which each counts half of the next
	known bool    // rate has been measured
	count float64 // traces in this window

	// What the threshold was made of last time, since it is often the same.
	probability float64
	threshold   uint64
}

const (
	// maxKeys are told apart by a limiter. Above, new ones share one rate.
	maxKeys = 10_000
	// forgetBelow is the number of traces a window below which a key is forgotten.
	forgetBelow = 1.0 / 64
	// precision is the number of hexadecimal digits of thresholds, as OTEP 235 recommends.
	precision = 4
	// minRatio is the smallest probability, one in a billion.
	minRatio = 1e-9
)

func newLimiter(cfg *RuleConfig) *limiter {
	l := &limiter{
		action: cfg.Action, ratio: cfg.Ratio, perSecond: cfg.PerSecond, floor: cfg.Floor,
		keys: make(map[string]*keyRate), window: 1,
	}
	// A window in which less than one trace may be kept would say nothing about its rate.
	for _, r := range []float64{cfg.PerSecond, cfg.Floor} {
		if r > 0 {
			l.window = max(l.window, min(1/r, 60))
		}
	}
	return l
}

// threshold counts a trace of a key that arrived at a time, s, and returns its threshold. Times may be a little out of
// order, as several shards ask.
func (l *limiter) threshold(key []byte, at float64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at >= l.start+l.window {
		l.roll(at)
	}
	k := l.keys[string(key)]
	switch {
	case k != nil:
	case len(l.keys) < maxKeys:
		k = &keyRate{}
		l.keys[string(key)] = k
	default:
		k = &l.other
	}
	k.count++
	rate := max(k.rate, k.count/l.window)
	var p float64
	switch l.action {
	case ActionRatio:
		p = max(l.ratio, l.floor/rate)
	case ActionRate:
		p = l.perSecond / rate
	default:
		share := l.share
		if share == 0 {
			share = l.perSecond / float64(len(l.keys))
		}
		p = max(share, l.floor) / rate
	}
	if p != k.probability {
		k.probability, k.threshold = p, probabilityThreshold(p)
	}
	return k.threshold
}

// probabilityThreshold is the threshold that a trace passes with a probability. What is published must be what was
// compared with, so it is rounded here and not later.
func probabilityThreshold(p float64) uint64 {
	if p >= 1 {
		return 0
	}
	th, err := sampling.ProbabilityToThresholdWithPrecision(max(p, minRatio), precision)
	if err != nil {
		return 0 // not possible for a probability in range; keeping is what does no harm
	}
	return th.Unsigned()
}

// roll ends the window and begins the one that a time is in.
func (l *limiter) roll(at float64) {
	windows := math.Floor((at - l.start) / l.window)
	l.start += windows * l.window
	fade := math.Pow(0.5, windows-1) // for windows in which nothing came at all
	for key, k := range l.keys {
		k.roll(l.window, fade)
		if k.rate*l.window < forgetBelow {
			delete(l.keys, key)
		}
	}
	l.other.roll(l.window, fade)
	if l.action == ActionAdaptive {
		l.divide()
	}
}

func (k *keyRate) roll(window, fade float64) {
	observed := k.count / window
	if k.known {
		observed = (observed + k.rate) / 2
	}
	k.rate, k.known, k.count = observed*fade, true, 0
}

// divide sets the share such that keys which come less often than that are kept whole, all others have the same, and
// together it is what may be kept.
func (l *limiter) divide() {
	l.rates = l.rates[:0]
	for _, k := range l.keys {
		l.rates = append(l.rates, k.rate)
	}
	if l.other.rate > 0 {
		l.rates = append(l.rates, l.other.rate)
	}
	slices.Sort(l.rates)
	left := l.perSecond
	l.share = left
	for i, r := range l.rates {
		l.share = left / float64(len(l.rates)-i)
		if r >= l.share {
			return
		}
		left -= r
	}
	// Everything fits. What is left over is for whoever comes more often than before.
	l.share = max(l.share, left)
}
