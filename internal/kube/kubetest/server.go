// Package kubetest is a Kubernetes API server for tests, as small as lists and watches allow. It knows the kinds that
// package kube reads, and what a server does that is not well (faults.go). It is no judge of the real one: what
// matters there is tested against a real kube-apiserver.
package kubetest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Object is an object of the Kubernetes API.
type Object interface {
	metav1.Object
	GetObjectKind() schema.ObjectKind
}

// Server is the API server. All methods are safe for concurrent use.
type Server struct {
	tb      testing.TB
	address string

	mu      sync.Mutex
	changed *sync.Cond
	version int
	objects map[string]map[string]stored // by resource and namespace/name
	events  map[string][]event
	refused map[string]bool // "verb resource"
	absent  map[string]bool
	silent  map[string]bool
	cut     bool
	floor   int // versions before it cannot be watched any more
	copies  int // of its store that were restored
	server  *http.Server
	stopped bool
	lists   int
}

// stored is an object as it is sent.
type stored struct {
	json   json.RawMessage
	labels labels.Set
}

type event struct {
	version int
	kind    string
	object  stored
}

// New starts a server that ends with the test.
func New(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{
		tb:      tb,
		objects: make(map[string]map[string]stored),
		events:  make(map[string][]event),
		refused: make(map[string]bool),
		absent:  make(map[string]bool),
		silent:  make(map[string]bool),
		version: 1,
	}
	s.changed = sync.NewCond(&s.mu)
	s.Up()
	tb.Cleanup(s.Down)
	return s
}

// Config is how to reach it.
func (s *Server) Config() *rest.Config { return &rest.Config{Host: "http://" + s.address} }

// KubeConfig is the same as a kubeconfig file's text.
func (s *Server) KubeConfig() string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"test",
"clusters":[{"name":"test","cluster":{"server":"http://%s"}}],
"contexts":[{"name":"test","context":{"cluster":"test","user":"test"}}],
"users":[{"name":"test","user":{}}]}`, s.address)
}

// Up makes it answer, on the same address as before.
func (s *Server) Up() {
	address := s.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	require.NoError(s.tb, err)
	s.address = listener.Addr().String()
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	s.mu.Lock()
	s.server, s.stopped = server, false
	s.mu.Unlock()
	go func() { _ = server.Serve(listener) }()
}

// Down cuts every connection and answers no more.
func (s *Server) Down() {
	s.mu.Lock()
	server := s.server
	s.stopped = true
	s.changed.Broadcast()
	s.mu.Unlock()
	_ = server.Close()
}

// Lists is how many lists were asked for.
func (s *Server) Lists() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lists
}

// Set creates objects or changes them.
func (s *Server) Set(objects ...Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range objects {
		s.set(o)
	}
	s.changed.Broadcast()
}

func (s *Server) set(o Object) {
	resource := s.resource(o)
	s.version++
	o.SetResourceVersion(strconv.Itoa(s.version))
	raw, err := json.Marshal(o)
	require.NoError(s.tb, err)
	kind := "MODIFIED"
	if s.objects[resource] == nil {
		s.objects[resource] = make(map[string]stored)
	}
	key := o.GetNamespace() + "/" + o.GetName()
	if _, known := s.objects[resource][key]; !known {
		kind = "ADDED"
	}
	s.objects[resource][key] = stored{raw, o.GetLabels()}
	s.events[resource] = append(s.events[resource], event{s.version, kind, s.objects[resource][key]})
}

// Delete deletes objects.
func (s *Server) Delete(objects ...Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range objects {
		s.remove(o)
	}
	s.changed.Broadcast()
}

func (s *Server) remove(o Object) {
	resource := s.resource(o)
	s.version++
	key := o.GetNamespace() + "/" + o.GetName()
	s.events[resource] = append(s.events[resource], event{s.version, "DELETED", s.objects[resource][key]})
	delete(s.objects[resource], key)
}

func (s *Server) resource(o Object) string {
	set := func(group schema.GroupVersion, kind, resource string) string {
		o.GetObjectKind().SetGroupVersionKind(group.WithKind(kind))
		return resource
	}
	switch o.(type) {
	case *corev1.Pod:
		return set(corev1.SchemeGroupVersion, "Pod", "pods")
	case *corev1.Service:
		return set(corev1.SchemeGroupVersion, "Service", "services")
	case *discoveryv1.EndpointSlice:
		return set(discoveryv1.SchemeGroupVersion, "EndpointSlice", "endpointslices")
	case *gatewayv1.Gateway:
		return set(schema.GroupVersion(gatewayv1.GroupVersion), "Gateway", "gateways")
	case *gatewayv1.HTTPRoute:
		return set(schema.GroupVersion(gatewayv1.GroupVersion), "HTTPRoute", "httproutes")
	case *gatewayv1.GRPCRoute:
		return set(schema.GroupVersion(gatewayv1.GroupVersion), "GRPCRoute", "grpcroutes")
	}
	require.FailNow(s.tb, "unknown kind", "%T", o)
	return ""
}

// ServeHTTP answers one list or watch.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	path := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	resource := path[len(path)-1]
	verb := "list"
	if watching := req.URL.Query().Get("watch"); watching == "true" || watching == "1" {
		verb = "watch"
	}
	s.mu.Lock()
	refused, absent, silent := s.refused[verb+" "+resource], s.absent[resource], s.silent[resource]
	s.mu.Unlock()
	switch {
	case silent:
		<-req.Context().Done()
	case absent:
		status(w, http.StatusNotFound, metav1.StatusReasonNotFound, "the server could not find the requested resource")
	case refused:
		status(w, http.StatusForbidden, metav1.StatusReasonForbidden,
			fmt.Sprintf("%s is forbidden: User \"test\" cannot %s resource %q at the cluster scope", resource, verb, resource))
	case req.URL.Query().Get("sendInitialEvents") != "":
		// Lists as streams are not known here; a client has to fall back to an ordinary list, as with older servers.
		status(w, http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, "sendInitialEvents is forbidden for watch")
	case verb == "watch":
		s.watch(w, req, resource)
	default:
		s.list(w, req, resource, strings.Join(path[1:len(path)-1], "/"))
	}
}

func status(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(failure(code, reason, message))
}

func failure(code int, reason metav1.StatusReason, message string) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Reason: reason, Message: message, Code: int32(code),
	}
}

var listKinds = map[string]string{
	"pods": "PodList", "services": "ServiceList", "endpointslices": "EndpointSliceList", "gateways": "GatewayList",
	"httproutes": "HTTPRouteList", "grpcroutes": "GRPCRouteList",
}

func (s *Server) list(w http.ResponseWriter, req *http.Request, resource, group string) {
	s.mu.Lock()
	s.lists++
	version := s.version
	all := s.objects[resource]
	keys := make([]string, 0, len(all))
	selector := selectorOf(req)
	for key, o := range all {
		if selector.Matches(o.labels) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	from, _ := strconv.Atoi(req.URL.Query().Get("continue"))
	limit, _ := strconv.Atoi(req.URL.Query().Get("limit"))
	next := ""
	if limit > 0 && from+limit < len(keys) {
		next = strconv.Itoa(from + limit)
		keys = keys[:from+limit]
	}
	items := make([]json.RawMessage, 0, len(keys))
	for _, key := range keys[from:] {
		items = append(items, all[key].json)
	}
	s.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]any{
		"apiVersion": group, "kind": listKinds[resource],
		"metadata": map[string]string{"resourceVersion": strconv.Itoa(version), "continue": next},
		"items":    items,
	})
}

// selectorOf reads the label selector; one that cannot be read selects everything.
func selectorOf(req *http.Request) labels.Selector {
	selector, err := labels.Parse(req.URL.Query().Get("labelSelector"))
	if err != nil {
		return labels.Everything()
	}
	return selector
}

func (s *Server) watch(w http.ResponseWriter, req *http.Request, resource string) {
	from, _ := strconv.Atoi(req.URL.Query().Get("resourceVersion"))
	selector := selectorOf(req)
	w.WriteHeader(http.StatusOK)
	flush := w.(http.Flusher)
	flush.Flush()
	done := make(chan struct{})
	defer close(done)
	go func() { // a client that goes away wakes the loop below
		select {
		case <-req.Context().Done():
		case <-done:
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	}()
	s.mu.Lock()
	copies := s.copies
	s.mu.Unlock()
	for {
		s.mu.Lock()
		var fresh []event
		for {
			events := s.events[resource]
			at, _ := slices.BinarySearchFunc(events, from+1, func(e event, v int) int { return e.version - v })
			fresh = slices.Clone(events[at:])
			if len(fresh) > 0 || s.stopped || s.cut || s.copies != copies || from < s.floor || req.Context().Err() != nil {
				break
			}
			s.changed.Wait()
		}
		stopped, expired := s.stopped || s.cut || s.copies != copies, from < s.floor
		floor := s.floor
		s.mu.Unlock()
		if stopped || req.Context().Err() != nil {
			return
		}
		if expired {
			_ = json.NewEncoder(w).Encode(map[string]any{"type": "ERROR", "object": failure(
				http.StatusGone, metav1.StatusReasonExpired, fmt.Sprintf("too old resource version: %d (%d)", from, floor),
			)})
			return
		}
		for _, e := range fresh {
			from = e.version
			if !selector.Matches(e.object.labels) {
				continue
			}
			if _, err := fmt.Fprintf(w, `{"type":%q,"object":%s}`+"\n", e.kind, e.object.json); err != nil {
				return
			}
		}
		flush.Flush()
	}
}
