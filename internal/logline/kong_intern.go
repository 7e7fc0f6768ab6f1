package logline

import "strings"

// joint is a key and the two parts it was made of.
type joint struct{ prefix, name, key string }

// join returns prefix+name, the same string every time where it can: a record has about 60 such keys, and they are
// those of the record before. Keys with one hash share two places, so there are never more of them than places. The name
// is part of a message that must not be kept alive by a key.
func (p *kongParser) join(prefix, name string) string {
	pair := &p.keys[joinHash(prefix, name)%uint64(len(p.keys))]
	for i := range pair {
		if of := &pair[i]; of.name == name && of.prefix == prefix {
			return of.key
		}
	}
	key := prefix + name
	if prefix == "" {
		key = strings.Clone(name) // "" + name is name itself
	}
	if len(key) <= maxInternedKey {
		pair[1] = pair[0]
		pair[0] = joint{key[:len(prefix)], key[len(prefix):], key}
	}
	return key
}

// joinHash mixes the lengths and ends of both parts. Whoever writes names that it does not tell apart gains nothing: they
// are joined anew each time.
func joinHash(prefix, name string) uint64 {
	h := uint64(len(prefix))<<32 ^ uint64(len(name)) ^ tail8(name)*0x9E3779B97F4A7C15 ^ tail8(prefix)*0x165667B19E3779F9
	h ^= h >> 29
	h *= 0xBF58476D1CE4E5B9
	return h ^ h>>32
}

// tail8 is the last eight bytes of a string, as a number.
func tail8(s string) (n uint64) {
	if len(s) >= 8 {
		return load64(s[len(s)-8:])
	}
	for i := range len(s) {
		n = n<<8 | uint64(s[i])
	}
	return n
}
