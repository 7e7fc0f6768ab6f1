package gateway

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slots numbers names in the order they are asked for.
func slots() (func(string) slot, func(slot) string) {
	names := []string{""}
	return func(name string) slot {
			names = append(names, name)
			return slot(len(names) - 1)
		}, func(s slot) string {
			return names[s]
		}
}

func TestPatternMatch(t *testing.T) {
	t.Parallel()
	const (
		kube  = "kube_{ns}_{name}_{p.port}"
		node  = "{pod...}.{ns}"
		istio = "{}~{}~{pod...}.{ns}~{}"
		out   = "outbound|{p.port}|{subset?}|{host}"
	)
	for _, c := range []struct {
		pattern, text string
		want          string // name=part, joined; "no" when it must not match
	}{
		{kube, "kube_shop_cart_8080", "ns=shop name=cart p.port=8080"},
		{kube, "kube_shop_cart_http", "no"},
		{kube, "kube_shop_cart_0", "no"},
		{kube, "kube_shop_cart_70000", "no"},
		{kube, "kube__cart_80", "no"},
		{kube, "kube_shop_cart", "no"},
		{kube, "", "no"},
		{node, "http-c7f65bbb-8dh28.kgateway-system", "pod=http-c7f65bbb-8dh28 ns=kgateway-system"},
		{node, "pod.with.dots.ns", "pod=pod.with.dots ns=ns"},
		{node, "no-dot", "no"},
		{node, "trailing.", "no"},
		{istio, "router~10.0.0.9~gw-7c9d8f-abcde.istio-system~istio-system.svc.cluster.local", "pod=gw-7c9d8f-abcde ns=istio-system"},
		{istio, "router~10.0.0.9~gw", "no"},
		{out, "outbound|8080||cart.shop.svc.cluster.local", "p.port=8080 subset= host=cart.shop.svc.cluster.local"},
		{out, "outbound|8080|v2|cart", "p.port=8080 subset=v2 host=cart"},
		{out, "outbound|8080|v2|", "no"},
		{"{a}/x", "b/x", "a=b"},
		{"{a}/x", "b/y", "no"},
	} {
		slotOf, name := slots()
		p, err := compilePattern(&Pattern{Text: c.pattern}, slotOf)
		require.NoError(t, err, c.pattern)
		var parts [maxFields]string
		got := "no"
		if p.match(c.text, &parts) {
			var fields []string
			for i, f := range p.fields {
				if f.slot != noSlot {
					fields = append(fields, name(f.slot)+"="+parts[i])
				}
			}
			got = strings.Join(fields, " ")
		}
		assert.Equal(t, c.want, got, "%s on %q", c.pattern, c.text)
	}
}

func TestPatternErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a{b":                                 "has no '}'",
		"{a}{b}":                              "follows another one directly",
		"nothing":                             "has 0 fields",
		"{1}-{2}-{3}-{4}-{5}-{6}-{7}-{8}-{9}": "has 9 fields",
	} {
		slotOf, _ := slots()
		_, err := compilePattern(&Pattern{Text: text}, slotOf)
		require.ErrorContains(t, err, want, text)
	}
}

// FuzzPattern: whatever the pattern of a cluster name, a node id or a route takes out of a string, put
// together again it is that string.
func FuzzPattern(f *testing.F) {
	for _, text := range []string{
		"kube_shop_cart_8080", "backend_shop_cart-static_0", "httproute/shop/cart/rule/3/match/0/*",
		"outbound|8080|v2|cart.shop.svc.cluster.local", "router~10.0.0.9~gw.x.istio-system~istio-system.svc.cluster.local",
		"agentgateway~10.0.1.7~agw-1.ns~ns.svc.cluster.local", "a.b.c", "~~..||__//",
	} {
		f.Add(text)
	}
	var patterns []pattern
	for _, text := range []string{
		"kube_{ns}_{name}_{p.port}", "backend_{ns}_{name}_{}", "{kind}/{ns}/{name}/rule/{rule}/match/{match}/{}",
		"outbound|{p.port}|{subset?}|{host}", "{}~{}~{pod...}.{ns}~{}", "{pod...}.{ns}", "bind/{p.port}", "{a}/{b...}",
	} {
		slotOf, _ := slots()
		p, err := compilePattern(&Pattern{Text: text}, slotOf)
		if err != nil {
			f.Fatal(err)
		}
		patterns = append(patterns, p)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range patterns {
			var parts [maxFields]string
			if !p.match(text, &parts) {
				continue
			}
			var again strings.Builder
			again.WriteString(p.lits[0])
			for i := range p.fields {
				again.WriteString(parts[i] + p.lits[i+1])
			}
			require.Equal(t, text, again.String())
		}
	})
}

func TestVersionBelow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version, limit string
		want           bool
	}{
		{"0.9.0", "0.10.3", true},
		{"0.10.2", "0.10.3", true},
		{"0.10.3", "0.10.3", false},
		{"v1.4.1", "0.10.3", false},
		{"main-75b4e6ce6", "0.10.3", true},
		{"", "0.10.3", true},
		{"0.9.0", "", true},
		{"1", "0.10.3", false},
	} {
		assert.Equal(t, c.want, versionBelow(c.version, c.limit), "%q below %q", c.version, c.limit)
	}
}

func TestKeyIndexKnowsEveryKeyAndNoOther(t *testing.T) {
	t.Parallel()
	infos := map[string]*keyInfo{"": {}, "a": {}}
	for i, key := range fixedSlotKeys {
		infos[key] = &keyInfo{self: slot(i)}
	}
	ix := newKeyIndex(infos)
	for key, info := range infos {
		assert.Same(t, info, ix.get(key), key)
		if key != "" {
			assert.Nil(t, ix.get(key+"x"), key)
			assert.Nil(t, ix.get("x"+key), key)
		}
	}
}
