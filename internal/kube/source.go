package kube

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const (
	verbList  = "list"
	verbWatch = "watch"
	// pageSize is how many objects are in memory as the API sends them, at a time.
	pageSize = 500
)

// kind is one kind of object: how it is read, and what becomes of it. V is what the view keeps.
type kind[V any] struct {
	resource string // as RBAC spells it, with its group
	plural   string
	client   rest.Interface
	object   runtime.Object        // an empty one of the API's type
	list     func() runtime.Object // an empty list of the API's type
	each     func(list runtime.Object, use func(runtime.Object))
	convert  func(runtime.Object) V
	replace  func([]V)
	set      func(V)
	remove   func(runtime.Object)
}

// source reads one kind of object for as long as it runs.
type source interface {
	name() string
	run(ctx context.Context, m *monitor, wake *bell, pause pauses)
}

func (k *kind[V]) name() string { return k.resource }

// pauses are the waits between attempts.
type pauses struct {
	first, longest time.Duration
	// refused is the wait when the API server has said no, or does not have the kind.
	refused time.Duration
	// starting is how long after it was away a no is doubted.
	starting time.Duration
	// page is how long the API server may take for a page of a list.
	page time.Duration
}

// run lists and watches until the context ends. A reflector would do that by itself; this way the waits are bounded by
// pauses, every kind comes back as soon as one of them does, and nothing is written to klog.
func (k *kind[V]) run(ctx context.Context, m *monitor, wake *bell, pause pauses) {
	lw := &watchedLister[V]{kind: k, monitor: m, wake: wake, page: pause.page}
	reflector := cache.NewReflectorWithOptions(lw, k.object, &sink[V]{k, m}, cache.ReflectorOptions{Name: k.resource})
	wait := pause.first
	for {
		rung, began := wake.wait(), time.Now()
		err := reflector.ListAndWatchWithContext(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > pause.longest {
			wait = pause.first
		}
		longest := wait
		switch {
		case err == nil:
			// The watch was accepted and then failed. The others' watches say nothing about this one, and when all of
			// them are cut at once, they must not wake each other.
			rung = nil
		case lw.doubted:
			longest = pause.first
		case lw.refused:
			longest, rung = pause.refused, nil
		}
		// Jitter, so that many Collectors do not come back to the API server at the same moment.
		timer := time.NewTimer(longest/2 + rand.N(longest/2+1))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-rung:
		}
		timer.Stop()
		wait = min(2*wait, pause.longest)
	}
}

// watchedLister lists and watches one kind, and tells the monitor how it went.
type watchedLister[V any] struct {
	*kind[V]
	monitor *monitor
	wake    *bell
	page    time.Duration // how long a page of a list may take
	refused bool          // the last error was a no, and not a silence
	doubted bool          // that no
	fresh   bool          // nothing was watched since the last list
}

// IsWatchListSemanticsUnSupported keeps the reflector from asking for the list as a stream. Converting page by page keeps
// memory as low, works with every server, and needs the same two rights everywhere.
func (*watchedLister[V]) IsWatchListSemanticsUnSupported() bool { return true }

func (l *watchedLister[V]) List(opts metav1.ListOptions) (runtime.Object, error) {
	return l.ListWithContext(context.Background(), opts)
}

// ListWithContext reads all pages and returns what the view keeps of them.
func (l *watchedLister[V]) ListWithContext(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
	all := &internalversion.List{}
	// Resource version "0" would be answered from the server's cache in one piece, whatever the limit.
	opts.ResourceVersion, opts.ResourceVersionMatch, opts.Limit = "", "", pageSize
	for {
		page := l.list()
		if err := l.get(ctx, opts).Into(page); err != nil {
			l.fail(verbList, err)
			return nil, err
		}
		l.each(page, func(o runtime.Object) { all.Items = append(all.Items, &kept[V]{l.convert(o)}) })
		meta, ok := page.(metav1.ListInterface)
		if !ok {
			return nil, fmt.Errorf("list of %s has no metadata", l.resource)
		}
		all.ResourceVersion = meta.GetResourceVersion()
		if opts.Continue = meta.GetContinue(); opts.Continue == "" {
			break
		}
	}
	l.fresh = true
	return all, nil
}

// get asks for a page of a list.
func (l *watchedLister[V]) get(ctx context.Context, opts metav1.ListOptions) rest.Result {
	return l.client.Get().Resource(l.plural).VersionedParams(&opts, metav1.ParameterCodec).Timeout(l.page).Do(ctx)
}

func (l *watchedLister[V]) Watch(opts metav1.ListOptions) (watch.Interface, error) {
	return l.WatchWithContext(context.Background(), opts)
}

// WatchWithContext watches one kind.
func (l *watchedLister[V]) WatchWithContext(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
	opts.Watch = true
	w, err := l.client.Get().Resource(l.plural).VersionedParams(&opts, metav1.ParameterCodec).Watch(ctx)
	if err != nil {
		l.fail(verbWatch, err)
		if reasonOf(err) == ReasonUnreachable {
			// Without the original error the reflector does not try again by itself, by a backoff of its own.
			return nil, errors.New(err.Error())
		}
		return nil, err
	}
	// Asked only now: when a server is restored later, this watch ends.
	if !l.fresh && l.rewound(ctx, opts.ResourceVersion) {
		w.Stop()
		return nil, fmt.Errorf("version of %s went back from %s", l.resource, opts.ResourceVersion) // so it is listed anew
	}
	l.refused, l.fresh = false, false
	l.monitor.watching(l.resource)
	l.wake.ring()
	return w, nil
}

// rewound tells whether the API server counts versions from an earlier one than that, as it does when its store was restored
// from a copy: it accepts a watch and is silent until it has counted that far. When it does not say, it has not.
func (l *watchedLister[V]) rewound(ctx context.Context, version string) bool {
	page := l.list()
	if l.get(ctx, metav1.ListOptions{Limit: 1}).Into(page) != nil {
		return false
	}
	meta, ok := page.(metav1.ListInterface)
	if !ok {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(meta.GetResourceVersion(), version)
	return err == nil && order < 0
}

func (l *watchedLister[V]) fail(verb string, err error) {
	l.refused = reasonOf(err) != ReasonUnreachable
	l.doubted = l.monitor.failed(l.resource, verb, err)
}

// kept carries what the view keeps of one object through the reflector's list.
type kept[V any] struct{ value V }

// GetObjectKind returns nothing: a kept value is never encoded.
func (*kept[V]) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// DeepCopyObject returns the value itself, which is immutable.
func (k *kept[V]) DeepCopyObject() runtime.Object { return k }

// sink is where the reflector puts what it reads.
type sink[V any] struct {
	*kind[V]
	monitor *monitor
}

// Replace takes a complete list.
func (s *sink[V]) Replace(items []any, _ string) error {
	values := make([]V, 0, len(items))
	for _, item := range items {
		k, ok := item.(*kept[V])
		if !ok {
			return fmt.Errorf("list of %s holds a %T", s.resource, item)
		}
		values = append(values, k.value)
	}
	s.replace(values)
	s.monitor.read(s.resource) // only now: who waits for the list must find it in the view
	return nil
}

// Add takes an object that is new.
func (s *sink[V]) Add(item any) error { return s.Update(item) }

// Update takes an object that changed.
func (s *sink[V]) Update(item any) error {
	o, ok := item.(runtime.Object)
	if !ok {
		return fmt.Errorf("watch of %s sent a %T", s.resource, item)
	}
	s.set(s.convert(o))
	return nil
}

// Delete takes an object that is gone.
func (s *sink[V]) Delete(item any) error {
	o, ok := item.(runtime.Object)
	if !ok {
		return fmt.Errorf("watch of %s sent a %T", s.resource, item)
	}
	s.remove(o)
	return nil
}

// Resync has nothing to do: there is no second store to compare with.
func (*sink[V]) Resync() error { return nil }

// bell wakes every kind that waits for the API server, when one of them reaches it.
type bell struct {
	mu sync.Mutex
	ch chan struct{}
}

func newBell() *bell { return &bell{ch: make(chan struct{})} }

func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ch
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.ch)
	b.ch = make(chan struct{})
}
