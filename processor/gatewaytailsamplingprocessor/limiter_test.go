package gatewaytailsamplingprocessor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// load of a gateway, in which each key has its own rate, and the rates change.
type traffic struct {
	rng  *rand.Rand
	keys []float64 // traces a second
}

// arrivals calls for each trace in the order of time.
func (tr *traffic) arrivals(seconds int, each func(key int, at float64)) int {
	n := 0
	for s := range seconds {
		burst := 1.0
		if s%60 >= 50 { // ten seconds of each minute at five times the rate
			burst = 5
		}
		type arrival struct {
			key int
			at  float64
		}
		var list []arrival
		for key, rate := range tr.keys {
			count := int(rate*burst) + b2i(tr.rng.Float64() < math.Mod(rate*burst, 1))
			for range count {
				list = append(list, arrival{key, float64(s) + tr.rng.Float64()})
			}
		}
		tr.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		for _, a := range list {
			each(a.key, a.at)
			n++
		}
	}
	return n
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestWeightedCounts: of a million traces, those that are kept, each counted as many times as its threshold says,
// are as many as there were, in all and of each large key. That is what makes counts of a backend true.
func TestWeightedCounts(t *testing.T) {
	t.Parallel()
	for _, cfg := range []RuleConfig{
		{Action: ActionRatio, Ratio: 0.05},
		{Action: ActionRatio, Ratio: 0.01, Floor: 5, Key: []KeyPart{"route"}},
		{Action: ActionRate, PerSecond: 20, Key: []KeyPart{"route"}},
		{Action: ActionRate, PerSecond: 100},
		{Action: ActionAdaptive, PerSecond: 100, Key: []KeyPart{"route"}},
		{Action: ActionAdaptive, PerSecond: 50, Floor: 2, Key: []KeyPart{"route"}},
	} {
		t.Run(fmt.Sprintf("%s %v %v %v", cfg.Action, cfg.Ratio, cfg.PerSecond, cfg.Floor), func(t *testing.T) {
			t.Parallel()
			l := newLimiter(&cfg)
			tr := traffic{rng: rand.New(rand.NewPCG(1, 2)), keys: []float64{1000, 400, 150, 40, 10, 2, 0.5, 0.05}}
			truth, weighted, kept := make([]float64, len(tr.keys)), make([]float64, len(tr.keys)), 0
			var variance float64
			n := tr.arrivals(400, func(key int, at float64) {
				name := []byte("all")
				if len(cfg.Key) > 0 {
					name = fmt.Append(nil, key)
				}
				truth[key]++
				threshold := l.threshold(name, at)
				th, err := sampling.UnsignedToThreshold(threshold)
				require.NoError(t, err)
				variance += th.AdjustedCount() - 1
				if tr.rng.Uint64N(sampling.MaxAdjustedCount) >= threshold {
					weighted[key] += th.AdjustedCount()
					kept++
				}
			})
			require.Greater(t, n, 1_000_000)
			var all, sum float64
			for key := range truth {
				all += truth[key]
				sum += weighted[key]
			}
			t.Logf("%d traces, %d kept, estimated %.0f, which is %+.2f %%; one standard deviation is %.2f %%",
				n, kept, sum, (sum/all-1)*100, math.Sqrt(variance)/all*100)
			assert.InEpsilon(t, all, sum, 0.02)
			if cfg.Action == ActionAdaptive {
				// Each key alone: a few hundred of each were kept, so five deviations of that.
				assert.InEpsilon(t, truth[0], weighted[0], 0.1)
				assert.InEpsilon(t, truth[3], weighted[3], 0.1)
			}
		})
	}
}

// keptAt runs a steady load and returns how many traces of each key are kept a second once the limiter knows it.
func keptAt(cfg *RuleConfig, rates []float64) []float64 {
	l := newLimiter(cfg)
	rng := rand.New(rand.NewPCG(3, 4))
	kept := make([]float64, len(rates))
	const from, to = 100, 1100
	for s := range to {
		for key, rate := range rates {
			for range int(rate) + b2i(rng.Float64() < math.Mod(rate, 1)) {
				th := l.threshold(fmt.Append(nil, key), float64(s))
				if rng.Uint64N(sampling.MaxAdjustedCount) >= th && s >= from {
					kept[key] += 1.0 / (to - from)
				}
			}
		}
	}
	return kept
}

// TestRates: what is kept is what was asked for.
func TestRates(t *testing.T) {
	t.Parallel()
	rates := []float64{500, 100, 3, 0.2}
	within := func(want, got []float64) {
		t.Helper()
		for i := range want {
			assert.InEpsilon(t, want[i], got[i], 0.25, "key %d of %v", i, got)
		}
	}
	within([]float64{10, 10, 3, 0.2}, keptAt(&RuleConfig{Action: ActionRate, PerSecond: 10}, rates))
	// 20 a second: the two small keys need 3.2 of it, the large ones share the rest.
	within([]float64{8.4, 8.4, 3, 0.2}, keptAt(&RuleConfig{Action: ActionAdaptive, PerSecond: 20}, rates))
	// 2 a second is 0.6 for each large key; the floor lifts all to 1.
	within([]float64{1, 1, 1, 0.2}, keptAt(&RuleConfig{Action: ActionAdaptive, PerSecond: 2, Floor: 1}, rates))
	within([]float64{5, 1, 0.5, 0.2}, keptAt(&RuleConfig{Action: ActionRatio, Ratio: 0.01, Floor: 0.5}, rates))
}

// TestFirstOfItsKey: the first trace of a key is kept even where a key may only have one in ten seconds.
func TestFirstOfItsKey(t *testing.T) {
	t.Parallel()
	l := newLimiter(&RuleConfig{Action: ActionAdaptive, PerSecond: 10, Floor: 0.1})
	for i := range 100 {
		assert.Zero(t, l.threshold(fmt.Append(nil, i), float64(i)))
	}
}

// TestKeysAreBounded: more keys than the limiter tells apart share a rate, and keys that stay away are forgotten.
func TestKeysAreBounded(t *testing.T) {
	t.Parallel()
	l := newLimiter(&RuleConfig{Action: ActionRate, PerSecond: 1})
	for i := range maxKeys * 2 {
		l.threshold(fmt.Append(nil, i), 0)
	}
	assert.Len(t, l.keys, maxKeys)
	assert.InDelta(t, maxKeys, l.other.count, 0)
	l.threshold([]byte("new"), 100)
	assert.LessOrEqual(t, len(l.keys), 1)
}
