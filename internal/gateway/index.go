package gateway

// keyIndex finds what is known about an attribute key. It is built once and only read afterwards.
//
// A Go map would do; this is about three times as fast on the short, similar keys of telemetry, because the
// hash reads at most eight bytes and almost every look-up of an unknown key ends at an empty place.
type keyIndex struct {
	shift  uint8
	known  int // how many keys
	places []place
}

type place struct {
	key  string
	info *keyInfo
}

// newKeyIndex builds an index at most a quarter full.
func newKeyIndex(infos map[string]*keyInfo) keyIndex {
	bits := uint8(4)
	for 1<<bits < 4*len(infos) {
		bits++
	}
	ix := keyIndex{shift: 64 - bits, known: len(infos), places: make([]place, 1<<bits)}
	number := uint16(0)
	for key, info := range infos {
		at := hashKey(key) >> ix.shift
		for ix.places[at].info != nil {
			at = (at + 1) & uint64(len(ix.places)-1)
		}
		ix.places[at] = place{key, info}
		info.number = number
		number++
	}
	return ix
}

// get returns nil for an unknown key.
func (ix *keyIndex) get(key string) *keyInfo {
	if p := ix.at(key); p != nil {
		return p.info
	}
	return nil
}

// at is where a key is; nil for an unknown one.
func (ix *keyIndex) at(key string) *place {
	at := hashKey(key) >> ix.shift
	for {
		p := &ix.places[at&uint64(len(ix.places)-1)]
		if p.info == nil {
			return nil
		}
		if p.key == key {
			return p
		}
		at++
	}
}

// hashKey mixes the length with the last eight bytes: telemetry keys that share both are rare, and the index
// tolerates those.
func hashKey(s string) uint64 {
	n := len(s)
	h := uint64(n) * 0x9E3779B97F4A7C15
	switch {
	case n >= 8:
		h ^= load64(s[n-8:]) * 0x165667B19E3779F9
	default:
		for i := range n {
			h = (h ^ uint64(s[i])) * 0x100000001B3
		}
	}
	h ^= h >> 29
	return h * 0xBF58476D1CE4E5B9
}

func load64(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
