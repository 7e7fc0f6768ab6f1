package kubetest

// Refuse makes a right missing or grants it: verb is list or watch, resource as RBAC spells it without its group.
func (s *Server) Refuse(verb, resource string, refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[verb+" "+resource] = refuse
}

// Absent takes a kind out of the server or installs it.
func (s *Server) Absent(resource string, absent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.absent[resource] = absent
}

// Silence makes it accept requests for a kind and never answer them, or answer those that come from then on.
func (s *Server) Silence(resource string, silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent[resource] = silent
}

// CutWatches ends all watches, and those that begin from then on at once, or lets them be.
func (s *Server) CutWatches(cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = cut
	s.changed.Broadcast()
}

// Compact creates one object and deletes another and forgets all events, these and those before, so that whoever watches has
// to list anew.
func (s *Server) Compact(created, deleted Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(created)
	s.remove(deleted)
	clear(s.events)
	s.floor = s.version
	s.changed.Broadcast()
}

// Restore makes it begin anew with these objects only, with earlier resource versions than it had, as servers behind a load
// balancer do that come back with an old copy of their store. Running watches end in the ordinary way.
func (s *Server) Restore(objects ...Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.objects)
	clear(s.events)
	s.version, s.floor = 1, 0
	s.copies++
	for _, o := range objects {
		s.set(o)
	}
	s.changed.Broadcast()
}
