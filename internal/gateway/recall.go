package gateway

// step is all that is known about one attribute key on items of one signal and span kind: what would otherwise be found
// through keyInfo, compiled.rules and the key's template for every attribute anew.
//
// A gateway sends the same keys in the same order, so a step also remembers the one that came behind it last time.
// Looking a key up is then one comparison, and the processor need not wait for a hash before it can go on. Steps hold
// nothing of the telemetry: their keys are the engine's own.
type step struct {
	key      string
	then     *step
	rule     *rule     // nil: there is none
	patterns []pattern // to be read besides
	self     slot      // which target the key is
}

// trail holds the steps of one profile, signal and span kind, as far as they were needed.
type trail struct {
	start step    // stands before the first attribute
	steps []*step // by keyInfo.number
}

// trails are those of one profile.
type trails [signalCount][kindCount]trail

// trail returns the one for the item at hand.
func (w *work) trail(kind int) *trail {
	all := w.trails[w.p.number]
	if all == nil {
		all = new(trails)
		w.trails[w.p.number] = all
	}
	t := &all[w.signal][kind]
	if t.steps == nil {
		t.steps = make([]*step, w.p.items.known)
	}
	return t
}

// find is the way for a key that is not where it was last time; nil when nothing is known about it.
func (t *trail) find(w *work, key string, kind int) *step {
	p := w.p.items.at(key)
	if p == nil {
		return nil
	}
	s := t.steps[p.info.number]
	if s == nil {
		s = new(step)
		*s = w.step(p.info, kind)
		s.key = p.key
		t.steps[p.info.number] = s
	}
	return s
}

// step puts together what is known about a key.
func (w *work) step(info *keyInfo, kind int) step {
	s := step{patterns: info.patterns, self: info.self}
	index := info.rules[w.signal][kind]
	if index == 0 && info.template != nil {
		// A target's own key may still fall under a template: a scalar http.request.header.x becomes an array.
		index = info.template.rules[w.signal][kind]
	} else if index != 0 && w.p.rules[index-1].op == OpPattern {
		s.patterns = nil // the rule reads them
	}
	if index != 0 {
		s.rule = &w.p.rules[index-1]
	}
	return s
}
