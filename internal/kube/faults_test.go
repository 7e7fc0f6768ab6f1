package kube

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
	"github.com/gatehouse-otel/gatehouse/internal/kube/kubetest"
)

// newClient is a client that reads pods and Gateways with these pauses. failed gets what fails.
func newClient(t *testing.T, server *kubetest.Server, pause pauses) (c *Client, view *cluster.View, failed chan string) {
	t.Helper()
	view, failed = cluster.NewView(time.Minute), make(chan string, 1)
	c, err := NewClient(Settings{
		REST: server.Config(), View: view, Logger: zap.NewNop(), pauses: pause,
		Count: func(resource string, reason Reason) {
			select {
			case failed <- resource + " " + string(reason):
			default:
			}
		},
	})
	require.NoError(t, err)
	c.Start()
	t.Cleanup(c.Stop)
	return c, view, failed
}

// Something in between that ends every watch at once must not make the client list without a pause.
func TestWatchesThatEndAtOnce(t *testing.T) {
	t.Parallel()
	const pause, lists = 40 * time.Millisecond, 10
	server := kubetest.New(t)
	server.CutWatches(true)
	server.Set(kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"))
	began := time.Now()
	_, view, _ := newClient(t, server, pauses{first: pause, longest: pause, refused: pause, page: patience})
	require.Eventually(t, func() bool { return server.Lists() >= 2*lists }, patience, time.Millisecond, "both kinds are listed again and again")
	assert.GreaterOrEqual(t, time.Since(began), (lists-1)*pause/2, "with a pause in between, which jitter may halve")
	server.Set(kubetest.Pod("shop", "cart", "bbbbb", "10.244.0.6"))
	require.Eventually(t, func() bool { return view.Counts().Pods == 2 }, patience, time.Millisecond, "lists alone follow, too")
	server.CutWatches(false)
	server.Set(kubetest.Pod("shop", "cart", "ccccc", "10.244.0.7"))
	require.Eventually(t, func() bool { return view.Counts().Pods == 3 }, patience, time.Millisecond, "and watches, when they last")
}

// A server that takes requests and never answers is as good as one that is away.
func TestServerThatNeverAnswers(t *testing.T) {
	t.Parallel()
	server := kubetest.New(t)
	server.Set(kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"))
	server.Silence("pods", true)
	pause := quick
	pause.page = 50 * time.Millisecond
	_, view, failed := newClient(t, server, pause)
	select {
	case what := <-failed:
		assert.Contains(t, what, ReasonUnreachable)
	case <-time.After(patience):
		require.FailNow(t, "the client waits for an answer")
	}
	server.Silence("pods", false)
	require.Eventually(t, func() bool { return view.Counts().Pods == 1 }, patience, 2*time.Millisecond, "it is asked again")
}

// TestStopWhileWaitingForAnAnswer hangs if Stop waits for the server; goleak sees what stays behind.
func TestStopWhileWaitingForAnAnswer(t *testing.T) {
	t.Parallel()
	server := kubetest.New(t)
	server.Silence("pods", true)
	c, _, _ := newClient(t, server, pauses{first: time.Hour, longest: time.Hour, refused: time.Hour, page: time.Hour})
	require.Eventually(t, func() bool { return server.Lists() == 1 }, patience, time.Millisecond, "Gateways are listed, pods are waited for")
	stopped := make(chan struct{})
	go func() { c.Stop(); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(patience):
		require.FailNow(t, "Stop waits for the server")
	}
}

// When events are lost, everything is listed anew; that is ordinary, and nobody is told.
func TestEventsThatWereLost(t *testing.T) {
	t.Parallel()
	old, other := kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"), kubetest.Pod("shop", "cart", "bbbbb", "10.244.0.6")
	b := newBed(t, func(s *kubetest.Server) { s.Set(old) })
	b.synced(t)
	b.server.Compact(other, old)
	b.eventually(t, "the pod whose event was lost", func() bool { return b.view.PodByUID(string(other.UID)) != nil })
	assert.Equal(t, 1, b.view.Counts().Pods, "the other one is gone")
	b.server.Set(old)
	b.eventually(t, "what comes after", func() bool { return b.view.Counts().Pods == 2 })
	assert.Zero(t, b.logs.Len(), "%v", b.logs.All())
	b.mu.Lock()
	defer b.mu.Unlock()
	assert.Empty(t, b.counts)
}

// A server that comes back with an old copy of its store counts versions from an earlier one.
func TestServerComesBackWithEarlierVersions(t *testing.T) {
	t.Parallel()
	old, other := kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"), kubetest.Pod("shop", "cart", "bbbbb", "10.244.0.6")
	b := newBed(t, func(s *kubetest.Server) {
		for range 100 {
			s.Set(old)
		}
	})
	b.synced(t)
	b.server.Set(kubetest.Pod("shop", "cart", "ddddd", "10.244.0.8"))
	b.eventually(t, "that pods are watched", func() bool { return b.view.Counts().Pods == 2 })
	b.server.Restore(other)
	b.eventually(t, "the old copy", func() bool { return b.view.PodByUID(string(other.UID)) != nil })
	assert.Equal(t, 1, b.view.Counts().Pods)
	b.server.Set(kubetest.Pod("shop", "cart", "ccccc", "10.244.0.7"))
	b.eventually(t, "and what is new there", func() bool { return b.view.Counts().Pods == 2 })
}

// Rights that are taken away while the client runs cost nothing that is known, and come back by themselves.
func TestRightIsTakenAwayAndGivenBack(t *testing.T) {
	t.Parallel()
	first, second := kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5"), kubetest.Pod("shop", "cart", "bbbbb", "10.244.0.6")
	b := newBed(t, func(s *kubetest.Server) { s.Set(first) })
	b.synced(t)
	for _, verb := range []string{"list", "watch"} {
		b.server.Refuse(verb, "pods", true)
	}
	b.server.Down() // the server asks for rights only when a watch begins
	b.server.Up()
	b.eventually(t, "the line that names the right", func() bool { return b.lines("right is missing") == 1 })
	b.server.Set(second)
	b.server.Set(kubetest.Gateway("edge", "web", "kgateway", 80))
	b.eventually(t, "the kinds that may be read", func() bool { return b.view.Counts().Gateways == 1 })
	assert.Equal(t, 1, b.view.Counts().Pods, "what is known is served, and nothing else")
	for _, verb := range []string{"list", "watch"} {
		b.server.Refuse(verb, "pods", false)
	}
	b.eventually(t, "the new pod", func() bool { return b.view.PodByUID(string(second.UID)) != nil })
	b.eventually(t, "the line that it is read", func() bool { return b.lines("objects are read now") == 1 })
}

// A server that has just started does not know all kinds and rights yet. That is still the outage, and no news.
func TestServerSaysNoWhileItStarts(t *testing.T) {
	t.Parallel()
	pause := quick
	pause.starting = time.Hour
	old := kubetest.Pod("shop", "cart", "aaaaa", "10.244.0.5")
	b := newBedWith(t, pause, func(s *kubetest.Server) { s.Set(old) })
	b.synced(t)
	b.server.Down()
	b.eventually(t, "the line that it is away", func() bool { return b.lines("does not answer") == 1 })
	b.server.Absent("gateways", true)
	b.server.Refuse("list", "pods", true)
	b.server.Up()
	b.eventually(t, "several attempts", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.counts["pods forbidden"] > 2 && b.counts["gateways.gateway.networking.k8s.io absent"] > 2
	})
	b.server.Set(kubetest.Gateway("edge", "web", "kgateway", 80))
	b.server.Absent("gateways", false)
	b.server.Refuse("list", "pods", false)
	b.eventually(t, "the line that it is back", func() bool { return b.lines("answers again") == 1 })
	b.eventually(t, "what it has", func() bool { return b.view.Counts() == cluster.Counts{Pods: 1, Gateways: 1} })
	assert.Equal(t, 2, b.logs.Len(), "%v", b.logs.All())
}

// A kind that is never answered must not keep a missing right of another from being named.
func TestMissingRightBesideSilence(t *testing.T) {
	t.Parallel()
	pause := quick
	pause.starting, pause.page = 100*time.Millisecond, 20*time.Millisecond
	b := newBedWith(t, pause, func(s *kubetest.Server) { s.Silence("services", true) })
	b.eventually(t, "the line that something is not answered", func() bool { return b.lines("does not answer") == 1 })
	b.server.Refuse("list", "pods", true)
	b.server.CutWatches(true) // they are listed anew
	b.eventually(t, "the line that names the right", func() bool { return b.lines("right is missing") == 1 })
	assert.Equal(t, 1, b.lines("does not answer"))
}
