package otel

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// A mapping must end where it leads: what one rule writes, no other rule may move or change, or the second pass
// would undo the first. TestChainsEnd follows every target, without options and with all of them.
func TestChainsEnd(t *testing.T) {
	t.Parallel()
	for place, rules := range lists() {
		for name, options := range map[string]bool{"plain": false, "all options": true} {
			t.Run(place+", "+name, func(t *testing.T) {
				t.Parallel()
				for _, r := range rules {
					for _, kind := range kindsOf(r) {
						for _, signal := range signalsOf(r) {
							if applies(rules, r, kind, signal, options) {
								assert.Empty(t, problem(rules, r, kind, signal, options))
							}
						}
					}
				}
			})
		}
	}
}

// applies tells whether r is the rule that counts for its key, kind and signal.
func applies(rules []gateway.Rule, r gateway.Rule, kind gateway.Kinds, signal gateway.Signal, options bool) bool {
	got := lookup(rules, r.From, kind, signal, options)
	return got != nil && got.From == r.From && got.Option == r.Option
}

// lookup finds the rule for a key as the engine does: the first exact one, else the one with the longest prefix.
func lookup(rules []gateway.Rule, key string, kind gateway.Kinds, signal gateway.Signal, options bool) *gateway.Rule {
	var best *gateway.Rule
	for i := range rules {
		r := &rules[i]
		if r.Option != "" && !options || !slices.Contains(kindsOf(*r), kind) || !slices.Contains(signalsOf(*r), signal) {
			continue
		}
		if r.From == key {
			return r
		}
		if prefix, ok := strings.CutSuffix(r.From, rest); ok && strings.HasPrefix(key, prefix) &&
			(best == nil || len(r.From) > len(best.From)) {
			best = r
		}
	}
	return best
}

// problem says which target of r is not the end, "" when all are.
func problem(rules []gateway.Rule, r gateway.Rule, kind gateway.Kinds, signal gateway.Signal, options bool) string {
	targets := slices.Clone(r.To)
	for _, v := range r.Values {
		if key, _, other := strings.Cut(v, "="); other {
			targets = append(targets, key)
		}
	}
	for _, target := range targets {
		next := lookup(rules, target, kind, signal, options)
		switch {
		case next == nil, next.Op == gateway.OpKeep:
		case len(next.To) == 0 || next.To[0] != next.From:
			return fmt.Sprintf("%s -> %s goes on to %q", r.From, target, next.To)
		case !leaves(next, r):
			return fmt.Sprintf("%s -> %s: the rule for values of %s changes what this one writes", r.From, target, next.From)
		}
	}
	return ""
}

// settled are pairs of operations of which the second leaves the first one's result alone.
var settled = [][2]gateway.Op{
	{gateway.OpRPCService, gateway.OpRPCMethod}, // joined by then, it has its slash
	{gateway.OpGRPCOther, gateway.OpRPCMethod},  // gRPC sends full method names
}

// leaves tells whether a rule for a current name leaves alone what another rule writes there.
func leaves(self *gateway.Rule, r gateway.Rule) bool {
	if self.Op == r.Op {
		return maps.Equal(self.Values, r.Values)
	}
	return slices.Contains(settled, [2]gateway.Op{r.Op, self.Op})
}

// TestChainCheckFinds makes sure that the check above can fail.
func TestChainCheckFinds(t *testing.T) {
	t.Parallel()
	f := func(name string, rules []gateway.Rule, want bool) {
		t.Helper()
		got := problem(rules, rules[0], gateway.KindServer, gateway.OnSpans, false)
		assert.Equal(t, want, got != "", "%s: %s", name, got)
	}
	hop := gateway.Rule{From: "a", To: []string{"b"}}
	f("ends", []gateway.Rule{hop}, false)
	f("goes on", []gateway.Rule{hop, {From: "b", To: []string{"c"}}}, true)
	f("goes on by template", []gateway.Rule{{From: "a", To: []string{"b.c"}}, {From: "b.<key>", To: []string{"d.<key>"}, Op: gateway.OpTemplate}}, true)
	f("other kind", []gateway.Rule{hop, {From: "b", To: []string{"c"}, Kinds: gateway.KindClient}}, false)
	f("guarded", []gateway.Rule{hop, {From: "b", Op: gateway.OpKeep}}, false)
	f("dropped at the end", []gateway.Rule{hop, {From: "b", Op: gateway.OpDrop}}, true)
	f("values differ", []gateway.Rule{
		{From: "a", To: []string{"b"}},
		{From: "b", To: []string{"b"}, Op: gateway.OpMap, Values: map[string]string{"x": "y"}},
	}, true)
}
