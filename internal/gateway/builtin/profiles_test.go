package builtin

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/apisix"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/caddy"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/krakend"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/nginx"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/traefik"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/tyk"
)

// standalone are the profiles that build on no other gateway's and have no rule behind an option: every rule is alone
// for its key and leads to its end in one step. Chains of the official migrations are tested in package otel.
func standalone() []gateway.Profile {
	return []gateway.Profile{
		apisix.Profile, caddy.Profile, krakend.Profile, nginx.Profile, traefik.Profile, tyk.Profile,
	}
}

func TestProfileCompiles(t *testing.T) {
	t.Parallel()
	for _, p := range standalone() {
		t.Run(string(p.ID), func(t *testing.T) {
			t.Parallel()
			_, err := gateway.Compile([]gateway.Profile{p, {ID: gateway.Official}}, gateway.DefaultOptions())
			require.NoError(t, err)
		})
	}
}

// A fact without a source is a rumor.
func TestEveryFactHasASource(t *testing.T) {
	t.Parallel()
	for _, p := range standalone() {
		t.Run(string(p.ID), func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, p.Detect)
			for _, e := range p.Detect {
				assert.NotEmpty(t, e.Source, "evidence %q %q", e.Key, e.Equal)
			}
			for _, r := range slices.Concat(p.Attributes, p.Resource) {
				assert.NotEmpty(t, r.Source, "rule for %q", r.From)
			}
			for _, p := range p.Patterns {
				assert.NotEmpty(t, p.Source, "pattern %q", p.Text)
			}
		})
	}
}

// The engine takes the first rule for a key, signal and kind: a second one would be dead.
func TestNoRuleIsShadowed(t *testing.T) {
	t.Parallel()
	for _, p := range standalone() {
		t.Run(string(p.ID), func(t *testing.T) {
			t.Parallel()
			type place struct {
				from   string
				signal gateway.Signal
				kind   gateway.Kinds
			}
			for name, rules := range map[string][]gateway.Rule{"attributes": p.Attributes, "resource": p.Resource} {
				seen := make(map[place]bool)
				for _, r := range rules {
					for _, signal := range []gateway.Signal{gateway.OnSpans, gateway.OnLogs} {
						for kind := gateway.KindUnspecified; kind <= gateway.KindConsumer; kind <<= 1 {
							if r.Signals != 0 && r.Signals&signal == 0 || r.Kinds != 0 && r.Kinds&kind == 0 {
								continue
							}
							at := place{r.From, signal, kind}
							assert.False(t, seen[at], "%s: two rules for %q", name, r.From)
							seen[at] = true
						}
					}
				}
			}
		})
	}
}

// One pass must reach the end: no target is a key that another rule would move on.
func TestNoChains(t *testing.T) {
	t.Parallel()
	for _, p := range standalone() {
		t.Run(string(p.ID), func(t *testing.T) {
			t.Parallel()
			moved := make(map[string]bool)
			for _, r := range p.Attributes {
				moved[r.From] = true
			}
			for _, r := range p.Attributes {
				for _, to := range r.To {
					if to != r.From {
						assert.False(t, moved[to], "%q becomes %q, which another rule moves on", r.From, to)
					}
					assert.Equal(t, strings.HasSuffix(r.From, "<key>"), strings.HasSuffix(to, "<key>"), "rule for %q", r.From)
				}
			}
		})
	}
}
