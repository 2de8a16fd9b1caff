package event

import "slices"

// keys are the keys of the objects around a place, by hashes that are equal for
// equal keys. Where two different ones look alike, or there are too many, the
// keys count as not unique, which is the safe side.
type keys struct {
	hashes [128]uint32
	n      int
}

// add adds a key of an object whose keys begin at first, and says whether it is
// one that was not there before and has neither an escape nor a dot. Seen is a
// filter over the object's keys, at first zero.
func (k *keys) add(first int, seen *uint64, name []byte) bool {
	if k.n == len(k.hashes) {
		return false
	}
	h := uint32(2166136261)
	for _, c := range name {
		if c == '.' || c == '\\' {
			return false
		}
		h = (h ^ uint32(c)) * 16777619
	}
	bit := uint64(1) << (h >> 26)
	if *seen&bit != 0 && slices.Contains(k.hashes[first:k.n], h) {
		return false
	}
	*seen |= bit
	k.hashes[k.n] = h
	k.n++
	return true
}
