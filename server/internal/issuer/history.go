package issuer

import (
	"slices"
	"time"
)

// A record is one document, which is written anew at each change. These bound it.
const (
	mostAPIKeys     = 100    // that are not deleted
	mostPastAPIKeys = 100    // that are, and are kept for the history
	mostDeadKeys    = 1000   // that are kept whole; of older ones the ID stays
	mostKeys        = 10_000 // altogether
)

// tidy drops from a record what no longer counts. It is called before each put.
func (r *Record) tidy(now time.Time) {
	for i := range r.Keys {
		k := &r.Keys[i]
		if k.public(now).State != Dead {
			continue
		}
		// A SECRETKEY was needed to verify until it retired. From now on it could only
		// leak. That it is dead has to be said: for a node whose clock is behind, it is
		// not yet, and it would look for what is sealed.
		k.State, k.Sealed = Dead, nil
	}
	r.forgetKeys()
	r.forgetAPIKeys()
}

// forgetKeys keeps of the oldest dead keys nothing but the ID, by which they are known
// should they be imported again: a dead key never comes back.
func (r *Record) forgetKeys() {
	dead := 0
	for _, k := range r.Keys {
		if k.State == Dead {
			dead++
		}
	}
	r.Keys = slices.DeleteFunc(r.Keys, func(k Key) bool {
		if k.State != Dead || dead <= mostDeadKeys {
			return false
		}
		dead--
		r.Past = append(r.Past, k.ID)
		return true
	})
}

// forgetAPIKeys drops the API keys that were deleted first.
func (r *Record) forgetAPIKeys() {
	var deleted []time.Time
	for _, k := range r.APIKeys {
		if k.DeletedAt != nil {
			deleted = append(deleted, *k.DeletedAt)
		}
	}
	surplus := len(deleted) - mostPastAPIKeys
	if surplus <= 0 {
		return
	}
	slices.SortFunc(deleted, time.Time.Compare)
	last := deleted[surplus-1] // to go; of several at one instant the first
	r.APIKeys = slices.DeleteFunc(r.APIKeys, func(k APIKey) bool {
		if surplus == 0 || k.DeletedAt == nil || k.DeletedAt.After(last) {
			return false
		}
		surplus--
		return true
	})
}
