package httpapi

import (
	"sync"
	"time"
)

// outagePause is how often an application's provider is said to be out of reach: whoever
// has no credential could fill the log with it.
const outagePause = time.Minute

// outages says when to log that the identity provider of an application is out of reach.
type outages struct {
	mu  sync.Mutex
	all map[uint32]*silence // by application, of which strangers make none; guarded by mu
}

type silence struct {
	told time.Time
	left int // how many have not been told of since
}

// tell reports whether to log it, and how often it was not.
func (o *outages) tell(app uint32, now time.Time) (left int, tell bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all == nil {
		o.all = make(map[uint32]*silence)
	}
	got := o.all[app]
	switch {
	case got == nil:
		o.all[app] = &silence{told: now}
	case now.Sub(got.told) < outagePause:
		got.left++
		return 0, false
	default:
		left = got.left
		*got = silence{told: now}
	}
	return left, true
}
