package cluster

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Whoever may run pods anywhere may label them; that does not give them another's Gateway.
func TestGatewayThatSeveralClaim(t *testing.T) {
	t.Parallel()
	gw := Ref{"a", "gw"}
	claim := func(namespace, name string) *Pod {
		p := pod(namespace, name, "")
		p.Proxy = &Proxy{Gateway: gw, Known: true}
		return p
	}
	beside, stranger, own := claim("system", "proxy-1"), claim("evil", "proxy-1"), claim("a", "proxy-1")
	c := newClock(time.Minute)
	check := func(what string, rolled bool, want ...*Pod) {
		t.Helper()
		pods, was := c.GatewayPods(gw)
		assert.ElementsMatch(t, want, pods, what)
		assert.Equal(t, rolled, was, what)
	}
	c.SetPod(beside)
	check("a proxy beside its control plane", false, beside)
	c.SetPod(stranger)
	check("two say so, neither in the Gateway's namespace", false)
	assert.Empty(t, c.LatestGatewayPods(gw))
	c.SetPod(own)
	check("the one in its own namespace is believed", false, own)
	c.DeletePod(own.UID)
	check("and was a moment ago", true)
	assert.Equal(t, []*Pod{own}, c.LatestGatewayPods(gw))
	c.DeletePod(stranger.UID)
	check("a stranger's deletion is no roll", true)
	c.at = c.at.Add(time.Minute)
	c.Sweep()
	check("all others are gone", false, beside)
	second := claim("system", "proxy-2")
	c.SetPod(second)
	c.DeletePod(beside.UID)
	check("a roll beside the control plane", true, second)
	assert.Equal(t, []*Pod{second, beside}, c.LatestGatewayPods(gw))
}

// An evicted pod may lie about for hours. When its object is removed at last, nothing was rolled.
func TestFinishedPodIsNoProxyOfAMomentAgo(t *testing.T) {
	t.Parallel()
	gw := Ref{"a", "gw"}
	c := newClock(time.Minute)
	evicted, running := proxy("web-1", "10.0.0.1"), proxy("web-2", "10.0.0.2")
	c.ReplacePods([]*Pod{evicted, running})
	finished := *evicted
	finished.Finished = true
	c.SetPod(&finished)
	c.DeletePod(finished.UID)
	pods, rolled := c.GatewayPods(gw)
	assert.Equal(t, []*Pod{running}, pods)
	assert.False(t, rolled)
	assert.Equal(t, []*Pod{running}, c.LatestGatewayPods(gw))
	c.at = c.at.Add(time.Minute)
	c.grace = 0
	c.ReplacePods(nil)
	assertEmpty(t, c.View)
}
