package identity

import "sync"

// maxRemembered bounds one remembered question or decision, in bytes: what a sender makes longer is decided every time,
// so that the memory is bounded in bytes and not only in answers.
const maxRemembered = 4 << 10

// memory remembers up to twice its size of answers, and forgets those that were not asked for longest: when the young
// half is full it becomes the old half, and the old half is gone. An answer found in the old half moves to the young one.
type memory[K comparable, V any] struct {
	mu         sync.RWMutex
	young, old map[K]V
	size       int
}

func newMemory[K comparable, V any](size int) *memory[K, V] {
	return &memory[K, V]{young: make(map[K]V), size: max(size, 1)}
}

func (m *memory[K, V]) get(key K) (V, bool) {
	m.mu.RLock()
	v, ok := m.young[key]
	old := false
	if !ok {
		v, old = m.old[key]
	}
	m.mu.RUnlock()
	if old {
		m.put(key, v)
	}
	return v, ok || old
}

func (m *memory[K, V]) put(key K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.young[key]; !known && len(m.young) >= m.size {
		m.old, m.young = m.young, make(map[K]V)
	}
	m.young[key] = v
}

// len is how many answers are remembered.
func (m *memory[K, V]) len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.young) + len(m.old)
}
