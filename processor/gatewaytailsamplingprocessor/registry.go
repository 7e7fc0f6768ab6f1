package gatewaytailsamplingprocessor

import (
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/processor"
)

// samplers are those in use, by their configuration. A Collector hands the same *Config to every pipeline that names a
// component id, which is what makes the traces and the logs pipeline of one id meet here.
var samplers = struct {
	sync.Mutex
	of map[*Config]*sampler
}{of: make(map[*Config]*sampler)}

// acquire returns the sampler of a configuration for one more pipeline.
func acquire(set processor.Settings, cfg *Config, sig signal) (*sampler, error) {
	samplers.Lock()
	defer samplers.Unlock()
	s, ok := samplers.of[cfg]
	if !ok {
		var err error
		if s, err = newSampler(set, cfg); err != nil {
			return nil, err
		}
		samplers.of[cfg] = s
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[sig] {
		return nil, fmt.Errorf("%v is in two %s pipelines, but what it keeps can leave by one only: give each pipeline its own, like %s/two, or join the pipelines in front of it", set.ID, signalNames[sig], set.ID.Type())
	}
	s.open[sig] = true
	return s, nil
}

// release forgets the sampler of a configuration.
func release(cfg *Config, s *sampler) {
	samplers.Lock()
	defer samplers.Unlock()
	if samplers.of[cfg] == s {
		delete(samplers.of, cfg)
	}
}
